"""docs/recipes.md: what it prints is what happens, and it leaves out no recipe."""

from __future__ import annotations

import re
import shlex
import signal
from pathlib import Path

import pytest

from tests.road.software import ROOT, Process

from .recipe import EXAMPLES, REPLAY, run

PAGE = ROOT / "docs" / "recipes.md"
FOLDERS = ("node", "playwright", "ci", "container")


@pytest.mark.live
def test_the_commands_of_the_page_do_what_it_says(tmp_path: Path) -> None:
    blocks = re.findall(r"```console\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    serve, url, *calls = lines
    _, _, _, file, *flags = shlex.split(serve)
    server = Process(str(REPLAY), "serve", str(EXAMPLES / "node" / file), *flags)
    dialled = server.word("http://")

    assert re.sub(r"\d+$", "", dialled) == re.sub(r"\d+$", "", url)
    for call, answer in zip(calls[::2], calls[1::2], strict=True):
        asked = call.removeprefix("$ ").replace("localhost:8090", dialled).replace("curl", "curl --silent")
        assert run(asked, tmp_path).said.strip() == answer
    assert server.stop(signal.SIGTERM) == 0


def test_every_recipe_is_named_on_the_page_and_says_in_few_lines_what_it_is() -> None:
    page = PAGE.read_text(encoding="utf-8")

    for name in FOLDERS:
        readme = (EXAMPLES / name / "README.md").read_text(encoding="utf-8")
        assert f"(../examples/{name}/README.md)" in page
        assert len(readme.splitlines()) <= 20
        for link in re.findall(r"\]\(([^)#:]+)\)", readme):
            assert (EXAMPLES / name / link).exists(), f"{name} links to {link}"


def test_the_container_is_built_and_run_with_files_that_are_there() -> None:
    readme = (EXAMPLES / "container" / "README.md").read_text(encoding="utf-8")

    (file,) = re.findall(r"docker build -f (\S+)", readme)
    folder, scenario = re.search(r'"\$PWD/(\S+):/scenarios:ro" replay serve (\S+)', readme).groups()  # type: ignore[union-attr]
    assert (ROOT / file).exists()
    assert (ROOT / folder / scenario).exists()
