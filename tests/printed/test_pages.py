"""The how-to pages: what they print is run, in an empty folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from tests.docs import DOCS
from tests.replicas.balancers import free_ports

from .pages import EXAMPLES, follow, listings_of
from .shell import Command, Shell

pytestmark = pytest.mark.live

HARS = DOCS.parent / "tests" / "data" / "har"
PORTS = ("8090", "8091", "8092", "3128", "8443")


@pytest.mark.parametrize("page", sorted(DOCS.glob("howto-*.md")), ids=lambda page: page.stem)
def test_who_does_what_a_page_says_sees_what_it_says(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    shutil.copy(EXAMPLES / "desktop.py", folder)
    for browser in ("chromium", "firefox"):
        shutil.copy(HARS / f"{browser}-long-polling.har", folder / f"{browser}.har")

    ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
    # Where they listen if nobody says where.
    monkeypatch.setenv("REPLAY_SERVE_PORT", ports["8090"])
    monkeypatch.setenv("REPLAY_RECORD_LISTEN", f"127.0.0.1:{ports['8091']}")

    follow(page, folder, ports)


def test_each_command_of_the_workflow_does_its_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (workflow,) = listings_of(DOCS / "howto-ci.md")
    (job,) = yaml.safe_load(workflow.text)["jobs"].values()
    commands = [step["run"] for step in job["steps"] if "run" in step]
    (port,) = free_ports(1)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.setenv("STAGING_URL", f"http://127.0.0.1:{port}")

    with Shell(tmp_path, {}) as shell:
        shell.run(Command("replay init", ["…"], "before"))
        serving = f"replay serve scenarios/first-chat.yaml --port {port}"
        playing = f"playing first-chat on http://127.0.0.1:{port}/api/v2/notifications; Ctrl-C ends"
        shell.run(Command(serving, [playing], "before"))
        assert commands[0] == "pip install gws-replay pytest"
        for command in commands[1:]:
            shell.run(Command(command, [], workflow.name))

    assert {file.name for file in tmp_path.glob("*.xml")} == {"pytest.xml", "verify.xml"}
