"""docs/recipes.md: what it prints is what happens, and it leaves out no recipe."""

from __future__ import annotations

import re
import shlex
import signal
from urllib.request import Request, urlopen

import pytest

from tests.road.software import PATIENCE, ROOT, Process

from .recipe import EXAMPLES, REPLAY

PAGE = ROOT / "docs" / "recipes.md"
FOLDERS = ("node", "playwright", "ci", "container")


@pytest.mark.live
def test_the_commands_of_the_page_do_what_it_says() -> None:
    blocks = re.findall(r"```console\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    serve, url, *calls = lines
    _, _, _, file, *flags = shlex.split(serve)
    server = Process(str(REPLAY), "serve", str(EXAMPLES / "node" / file), *flags)
    dialled = server.word("http://")

    assert re.sub(r"\d+$", "", dialled) == re.sub(r"\d+$", "", url)
    for call, answer in zip(calls[::2], calls[1::2], strict=True):
        method = "POST" if call.startswith("$ curl -X POST ") else "GET"
        asked = Request(call.split()[-1].replace("localhost:8090", dialled), method=method)
        with urlopen(asked, timeout=PATIENCE) as response:
            assert response.read().decode().strip() == answer
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
