from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from replay.cli.diff import command
from replay.errors import RecordingError, ScenarioError, UsageError

ROOT = Path(__file__).parents[2]
RECORDING = ROOT / "recordings" / "accept-chat.mitm"
DATA = ROOT / "tests" / "data"
TOLD = ROOT / "recordings" / "accept-chat.yaml"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(each) for each in arguments])


STORY = """
version: 1
name: story
session:
  - {id: ready, request: POST /api/v2/me, body: {operationName: Ready}, respond: {body: {statusCode: 0}}}
  - {id: get-me, request: GET /api/v2/me, respond: {body: {statusCode: 0}}}
steps:
  - {id: invited, push: /v2/me/chats, after: start + 1s, data: {chat: {state: Invited}, subject: Hello}}
  - {id: accept, request: POST /api/v2/me/chats/1, body: {operationName: Accept}}
  - {id: chatting, push: /v2/me/chats, after: accept + 47ms, data: {chat: {state: Chatting}}}
  - {id: joined, push: /v2/me/chats, after: accept + 106ms, data: {nickname: PersonP}}
  - {id: new-messages, push: /v2/me/chats, after: accept + 306ms, data: {text: Hello PersonP}}
"""


@pytest.fixture
def story(tmp_path: Path) -> Path:
    """A story of seven steps."""
    path = tmp_path / "story.yaml"
    path.write_text(STORY, encoding="utf-8")
    return path


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """The same with an event and a delay that differ, and without its last step."""
    text = STORY[: STORY.index("  - {id: new-messages")]
    path = tmp_path / "changed.yaml"
    text = text.replace("accept + 47ms", "accept + 147ms").replace("Invited", "Offered")
    path.write_text(text, encoding="utf-8")
    return path


def test_a_recording_and_its_own_scenario_are_the_same_story() -> None:
    result = run(RECORDING, TOLD)

    assert result.exit_code == 0
    assert "the same story" in result.stdout
    assert "~" not in result.stdout


@pytest.mark.parametrize("other", ["ws_cometdjs9_java.mitm", "lp_cometdjs9_java.har"])
def test_one_story_recorded_over_polls_and_over_a_websocket_by_proxy_and_by_browser_is_the_same(
    other: str,
) -> None:
    result = run(DATA / "lp_cometdjs9_java.mitm", DATA / other)

    assert result.exit_code == 0, result.stdout
    assert "5 steps, the same story" in result.stdout


def test_of_one_story_told_by_two_servers_only_what_the_servers_differ_in_is_said() -> None:
    result = run(DATA / "lp_cometdjs9_java.mitm", DATA / "lp_fayejs_faye.mitm", "--json")

    said = [(each["kind"], each["field"], each["b"]) for each in json.loads(result.stdout)["differences"]]
    assert said == [("setting", "cometd.dialect", "faye"), ("answer", "answer.headers.Pragma", "no-cache")]


def test_what_differs_is_said_in_steps_with_their_neighbours(story: Path, changed: Path) -> None:
    result = run(story, changed)

    lines = [line.rstrip() for line in result.stdout.splitlines()]
    assert result.exit_code == 1
    assert lines[0].endswith("7 steps and 6 steps, 6 in both; 3 steps with differences")
    assert "  get-me: GET /api/v2/me" in lines
    assert not any("ready:" in line for line in lines)
    assert "    data.chat.state  Invited  →  Offered" in lines
    assert "    delay after  accept + 47ms  →  accept + 147ms  100 ms later" in lines
    assert f"- new-messages: push /v2/me/chats, accept + 306ms   only in {story}" in lines
    assert "\x1b" not in result.stdout


def test_a_wider_tolerance_lets_the_delay_pass(story: Path, changed: Path) -> None:
    assert "delay" not in run(story, changed, "--timing", "100ms").stdout
    assert "delay" in run(story, changed, "--timing", "50%").stdout
    assert "delay" not in run(story, changed, "--timing", "70%").stdout


def test_json_has_everything_that_differs(story: Path, changed: Path) -> None:
    result = run(story, changed, "--json")

    told = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (told["same"], told["steps"], told["matched"]) == (False, [7, 6], 6)
    assert told["differences"] == [
        {"kind": "event", "step": "invited", "field": "data.chat.state", "a": "Invited", "b": "Offered"},
        {"kind": "delay", "step": "chatting", "field": "after", "a": "accept + 47ms", "b": "accept + 147ms"}
        | {"apart": 0.1},
        {"kind": "only in a", "step": "new-messages", "a": "push /v2/me/chats"},
    ]


def test_of_thousands_of_differences_the_text_counts_what_it_does_not_show(tmp_path: Path) -> None:
    paths = []
    for word in ("one", "two"):
        data = ", ".join(f"f{number}: {word}" for number in range(20))
        steps = "".join(f"  - {{id: s{n}, push: /a, data: {{{data}}}}}\n" for n in range(100))
        paths.append(tmp_path / f"{word}.yaml")
        paths[-1].write_text(f"version: 1\nname: a\nsteps:\n{steps}", encoding="utf-8")

    told, everything = run(*paths), json.loads(run(*paths, "--json").stdout)

    assert "… and 40 more steps; --json has them all" in told.stdout
    assert told.stdout.count("… and 8 more differences; --json has them all") == 60
    assert len(everything["differences"]) == 2000


def test_bad_files_are_refused_as_everywhere(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("version: 1\nname: a\nsteps: [", encoding="utf-8")
    other = tmp_path / "notes.txt"
    other.write_text("hello", encoding="utf-8")

    assert isinstance(run(TOLD, broken).exception, ScenarioError)
    assert "neither a mitmproxy flow file nor a HAR" in str(run(TOLD, other).exception)
    assert isinstance(run(tmp_path / "none.mitm", TOLD).exception, RecordingError)
    assert isinstance(run(TOLD, TOLD, "--timing", "soon").exception, UsageError)


def test_a_scenario_may_have_any_name(story: Path, tmp_path: Path) -> None:
    copy = tmp_path / "scenario"
    copy.write_bytes(story.read_bytes())

    assert run(copy, story).exit_code == 0


def test_pseudonyms_of_another_recording_are_no_difference_unless_every_word_counts(
    story: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.yaml"
    copy.write_text(STORY.replace("PersonP", "BodumaS"), encoding="utf-8")

    assert run(story, copy).exit_code == 0
    assert "personp → bodumas" in run(story, copy).stdout
    assert run(story, copy, "--literal").exit_code == 1
    copy.write_text(STORY.replace("nickname: PersonP", "nickname: BodumaS"), encoding="utf-8")
    assert run(story, copy).exit_code == 1


def test_what_a_recording_lacks_is_said_with_its_name_once() -> None:
    recording = DATA / "har" / "firefox-websocket.har"
    notes = run(recording, recording).stderr.splitlines()

    assert notes
    assert {note.count(str(recording)) for note in notes} == {1}


def test_junit_has_a_case_for_each_step_that_fails_where_it_differs(
    story: Path, changed: Path, tmp_path: Path
) -> None:
    out = tmp_path / "report.xml"

    assert run(story, changed, "--junit", str(out)).exit_code == 1
    cases = [
        (case.get("name"), [each.get("message") for each in case]) for case in ET.parse(out).iter("testcase")
    ]
    assert cases == [
        ("settings and variables", []),
        ("ready", []),
        ("get-me", []),
        ("invited", ["data.chat.state: Invited → Offered"]),
        ("accept", []),
        ("chatting", ["delay after: accept + 47ms → accept + 147ms (100 ms later)"]),
        ("joined", []),
        ("new-messages", ["only in a: push /v2/me/chats"]),
    ]


def test_junit_never_goes_over_what_is_compared(story: Path) -> None:
    assert "is what is to be read" in str(run(story, story, "--junit", str(story)).exception)
    assert isinstance(run(story, story, "--junit", "-").exception, UsageError)
