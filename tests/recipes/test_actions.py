"""The workflow for GitHub Actions: read by GitHub's own parser, and carried out step by step."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.docs import DOCS
from tests.printed.pages import listings_of
from tests.road.software import ROOT, UPSTREAM, node, replayer

from .actions import RUNNABLE, Job, versions
from .recipe import EXAMPLES, change, copied, outside

pytestmark = pytest.mark.live

FOLDER = EXAMPLES / "ci"
WORKFLOW = FOLDER / "github-actions.yml"


@pytest.fixture
def desktop(tmp_path: Path) -> Path:
    """The repository of a desktop: the recipe for Node, and a test in Python."""
    folder = copied("node", tmp_path)
    shutil.copy(FOLDER / "test_chat.py", folder)
    return folder


def installed(tmp_path: Path, program: str, text: str) -> dict[str, str]:
    """An environment in which `replay` is there, and a program of that name is this script."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / program).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    (folder / program).chmod(0o755)
    return outside() | {"PATH": f"{folder}:{Path(sys.executable).parent}:{os.environ['PATH']}"}


@pytest.fixture(params=["recipe", "how-to"])
def workflow(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Each that people may copy: of the recipe, and of the page about CI."""
    if request.param == "recipe":
        return WORKFLOW
    (listing,) = listings_of(DOCS / "howto-ci.md")
    file = tmp_path / "chat.yml"
    file.write_text(listing.text, encoding="utf-8")
    return file


def test_githubs_own_parser_has_nothing_to_say_of_it(workflow: Path) -> None:
    parser = [node(), str(UPSTREAM / "workflow.mjs"), str(workflow)]
    done = subprocess.run(parser, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_all_that_it_uses_is_run_by_a_node_that_githubs_machines_have(workflow: Path) -> None:
    text = workflow.read_text(encoding="utf-8")
    used = versions(text)

    assert len(used) == text.count("uses:")
    assert [(name, number) for name, number in used if number < RUNNABLE[name]] == []


@pytest.mark.full
def test_all_steps_of_the_tests_are_good_from_a_bare_python(desktop: Path, tmp_path: Path) -> None:
    bare, wheels = tmp_path / "bare", tmp_path / "wheels"
    subprocess.run([sys.executable, "-m", "venv", bare], check=True)
    build = [bare / "bin" / "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", wheels, ROOT]
    subprocess.run(build, check=True)
    environment = outside() | {"PATH": f"{bare / 'bin'}:{os.environ['PATH']}"}
    del environment["PYTHONPATH"]
    found = f"{os.environ.get('PIP_FIND_LINKS', '')} {wheels}".strip()
    (desktop / "node_modules").unlink()
    job = Job(WORKFLOW, "test", desktop, environment | {"PIP_FIND_LINKS": found})

    job.run()

    assert job.failed == "", job.said[job.failed]
    assert "pass 3" in job.said["Tests in Node"]
    assert "1 passed" in job.said["Tests in Python"]
    assert '"status":"ok"' in job.said["Such a test"]
    assert "0 requests answered, 0 events sent, 0 misses" in job.said["End it"]
    assert {each.name for each in (desktop / "reports").iterdir()} == {
        "pytest.xml", "journal.jsonl", "serve.log",
    }  # fmt: skip


def test_staging_is_held_against_the_scenario_with_credentials_that_are_nowhere_else(
    desktop: Path, tmp_path: Path
) -> None:
    job = Job(WORKFLOW, "staging", desktop, installed(tmp_path, "pip", "exit 0"))
    with replayer(desktop / "chat.yaml", "--speed", "max") as url:
        job.names = {"vars.STAGING_URL": url, "secrets.GWS_USER": "ann", "secrets.GWS_PASSWORD": "Tr0ub4dor"}
        job.run()

    assert job.failed == "", job.said[job.failed]
    report = desktop / "reports" / "verify.xml"
    assert ET.parse(report).getroot().find(".//testcase") is not None
    assert "Tr0ub4dor" not in report.read_text(encoding="utf-8") + "".join(job.said.values())


@pytest.mark.full
def test_a_staging_that_does_something_else_fails_the_job_and_keeps_the_report(
    desktop: Path, tmp_path: Path
) -> None:
    staging = tmp_path / "staging.yaml"
    shutil.copy(desktop / "chat.yaml", staging)
    change(staging, "text: Hello World", "text: Hello")
    job = Job(WORKFLOW, "staging", desktop, installed(tmp_path, "pip", "exit 0"))
    with replayer(staging, "--speed", "max") as url:
        job.names = {"vars.STAGING_URL": url, "secrets.GWS_USER": "ann", "secrets.GWS_PASSWORD": "Tr0ub4dor"}
        job.run()

    assert job.failed == "Hold the scenario against staging"
    assert "history" in job.said[job.failed]
    assert (desktop / "reports" / "verify.xml").exists()
