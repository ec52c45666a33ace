"""Commands that are given a scenario made of others, and what the page about such files says of them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

import replay
from replay.cli.check import check
from replay.cli.diff import command as diff
from replay.cli.drive import drive
from replay.cli.show import show
from replay.cli.verify import verify
from replay.distil.forwarded import ABOUT
from replay.errors import ScenarioError
from replay.fixtures.adding import add
from replay.scenario.dump import dumps
from replay.scenario.load import files_of, load
from replay.scenario.model import RequestStep
from replay.server.control.terms import Terms
from replay.server.simulated import Simulated
from tests.docs import DOCS

PAGE = (DOCS / "composition.md").read_text(encoding="utf-8")
BASE = """\
version: 1
name: base
profile: plain
steps:
- {id: ask, request: GET /ask, respond: {body: {token: %s}}}
"""
VARIANT = "version: 1\nname: variant\nextends: parts/base\nsteps: [{id: more, request: GET /more}]\n"


@pytest.fixture(autouse=True)
def _collector(monkeypatch: pytest.MonkeyPatch) -> None:
    """`drive` sets it up for a process of its own, which this is not."""
    monkeypatch.setattr("replay.cli.drive.settle", lambda: None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files of the page."""
    for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL):
        file = tmp_path / block.partition("\n")[0].removeprefix("# ")
        file.parent.mkdir(exist_ok=True)
        file.write_text(block, encoding="utf-8")
    return tmp_path


def of(folder: Path, token: str = "x") -> Path:
    """A variant, and what it extends in a folder below."""
    (folder / "parts").mkdir()
    (folder / "parts" / "base.yaml").write_text(BASE % token)
    path = folder / "variant.yaml"
    path.write_text(VARIANT)
    return path


def run(command: Any, *arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(command, [str(each) for each in arguments], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


@pytest.mark.parametrize("name", ["too-late.yaml", "one-chat.yaml"])
def test_the_scenarios_of_the_page_are_played_verified_and_driven(name: str, folder: Path) -> None:
    file = folder / name
    assert "good" in run(check, file, *files_of(file), "--secrets")
    with Simulated(replay.serve(file, speed="max")) as simulator:
        run(verify, file, "--target", simulator.url)
        run(drive, file, "--target", simulator.url, "--agents", 2, "--think", "0s")
        assert [entry for entry in simulator.journal if entry.kind == "miss"] == []


def test_what_the_page_shows_of_a_problem_is_what_is_told(folder: Path) -> None:
    file = folder / "too-late.yaml"
    lines = file.read_text("utf-8").replace("[participants", "[accept, participants").splitlines()
    file.write_text("\n".join([*lines[:6], "steps: []"]))
    (shown,) = re.findall(r"```\n(too-late\.yaml:.*)```", PAGE, re.DOTALL)
    assert shown == run(check, file, code=2).replace(f"{folder}/", "").replace(f"{DOCS.parent}/", "")


def test_the_whole_is_shown_and_differs_in_nothing_from_what_is_dumped(folder: Path) -> None:
    file, whole = folder / "too-late.yaml", folder / "whole.yaml"
    whole.write_text(dumps(load(file)), encoding="utf-8")
    told = run(show, file)
    order = re.findall(r"  (invited|ask-again|accept|chatting) ", told)
    assert order == ["invited", "ask-again", "accept", "chatting"]
    assert run(show, whole) == told
    run(diff, file, whole)


def test_a_program_is_told_which_file_a_problem_is_in(tmp_path: Path) -> None:
    file = of(tmp_path, token="x}}, ned: ask}  #")
    (row,) = json.loads(run(check, file, "--json", code=2))
    assert row["file"] == str(file)
    (problem,) = row["problems"]
    base = tmp_path / "parts" / "base.yaml"
    assert (problem["file"], problem["line"], problem["column"]) == (str(base), 5, 61)


def test_secrets_are_looked_for_in_all_files(tmp_path: Path) -> None:
    file = of(tmp_path, token="Zk3-9fQxHunter22")
    assert f"{tmp_path / 'parts' / 'base.yaml'}:5:56: this looks like" in run(
        check, file, "--secrets", code=1
    )


@pytest.mark.parametrize(("form", "is_whole"), [("steps:\n  - {}\n", False), ("steps: [{}]\n", True)])
def test_what_a_real_server_answered_is_taken_over_into_a_variant(
    form: str, is_whole: bool, tmp_path: Path
) -> None:
    file, learned = of(tmp_path), tmp_path / "learned.yaml"
    file.write_text(VARIANT.partition("steps")[0] + form.replace("{}", "{id: more, request: GET /more}"))
    before = load(file)
    new = RequestStep(id="new", request="GET /new", about=ABOUT)
    learned.write_text(dumps(msgspec.structs.replace(before, steps=[*before.steps, new])))
    assert "has 1 new step (new)" in add(learned, file, to=file)
    assert load(file).steps == [*before.steps, new]
    assert ("extends: parts/base" not in file.read_text("utf-8")) is is_whole


def test_a_step_that_lies_on_a_path_of_control_is_told_in_the_file_that_says_it(tmp_path: Path) -> None:
    file = of(tmp_path)
    terms = Terms(prefix="/ask", files={"variant": file})
    with pytest.raises(ScenarioError, match=rf"{tmp_path}/parts/base.yaml:5:22: 'ask' asks for '/ask'"):
        terms.check_apart(load(file))
