from __future__ import annotations

import json
import os
import re
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

    lines = result.stdout.splitlines()
    assert result.exit_code == 1
    assert not any(line.endswith(" ") for line in lines)
    assert lines[0].endswith(
        "7 steps and 6 steps, 6 in both; different: 3 steps (invited, chatting, new-messages)"
    )
    assert "  get-me: GET /api/v2/me" in lines
    assert not any("ready:" in line for line in lines)
    assert "    data.chat.state  Invited  →  Offered" in lines
    assert "    delay after  accept + 47ms  →  accept + 147ms  100 ms later" in lines
    assert f"- new-messages: push /v2/me/chats, accept + 306ms   only in {story}" in lines
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("name: story", "name: story\ncometd: {timeout: 10s}", "1 setting"),
        ("name: story", "name: story\nvariables: {nobody: {recorded: x}}", "1 variable"),
        ("id: joined", "id: participants", "1 id"),
    ],
)
def test_the_first_line_says_what_is_different_also_where_no_step_is(
    old: str, new: str, said: str, story: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(STORY.replace(old, new), encoding="utf-8")

    first = run(story, other).stdout.splitlines()[0]

    assert first == f"{story} and {other}: 7 steps, 7 in both; different: {said}"


def test_steps_that_only_one_has_stand_together_behind_the_step_they_follow(
    story: Path, tmp_path: Path
) -> None:
    longer = tmp_path / "longer.yaml"
    more = "".join(
        f"  - {{id: more-{n}, push: /v2/me/calls, after: accept + {n}s, data: {n}}}\n" for n in (1, 2)
    )
    longer.write_text(STORY.replace("  - {id: chatting", f"{more}  - {{id: chatting"), encoding="utf-8")
    accept = "  accept: POST /api/v2/me/chats/1"
    here, there = f"only in {longer}", ["more-1: push /v2/me/calls, accept + 1s"]
    there.append("more-2: push /v2/me/calls, accept + 2s")

    assert run(story, longer).stdout.splitlines()[1:] == [
        accept,
        "",
        *(f"+ {title}   {here}" for title in there),
    ]
    assert run(longer, story).stdout.splitlines()[1:] == [
        "  …",
        accept,
        "",
        *(f"- {title}   {here}" for title in there),
        "  chatting: push /v2/me/chats, accept + 47ms",
    ]


def test_a_step_that_differs_is_called_by_both_its_names(story: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    text = STORY.replace("id: joined", "id: participants").replace("106ms", "306ms")
    other.write_text(text, encoding="utf-8")

    assert (
        f"~ joined: push /v2/me/chats, accept + 106ms   participants in {other}" in run(story, other).stdout
    )


def test_scenarios_of_the_library_are_called_by_their_names() -> None:
    assert (
        run("accept-chat", "accept-chat").stdout == "accept-chat and accept-chat: 8 steps, the same story\n"
    )


def test_long_values_are_shown_where_they_differ(story: Path, tmp_path: Path) -> None:
    one, other = tmp_path / "one.yaml", tmp_path / "other.yaml"
    for path, end in ((one, "good"), (other, "worse")):
        path.write_text(STORY.replace("subject: Hello", f"note: {'long ' * 1000}{end}"), encoding="utf-8")

    tail = "…long long long long"
    assert (
        f"    data.note  {tail} good (5,004 characters)  →  {tail} worse (5,005 characters)\n"
        in run(one, other).stdout
    )


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


def test_a_pipe_is_refused_in_words_since_it_can_be_read_only_once(story: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    assert f"{pipe} is a pipe" in str(run(pipe, story).exception)


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
    assert "it is a folder" in str(run(story, story, "--junit", "").exception)


def test_what_the_page_prints_is_what_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "verify.md").read_text(encoding="utf-8")
    [printed] = re.findall(r"```text\n(accept-chat.yaml and .*?)```", page, re.DOTALL)
    text = (ROOT / "scenarios" / "accept-chat.yaml").read_text(encoding="utf-8")
    changed = text.replace("timeout: 30s", "timeout: 10s").replace("state: Chatting", "state: Busy", 1)
    monkeypatch.chdir(tmp_path)
    Path("accept-chat.yaml").write_text(text, encoding="utf-8")
    Path("changed.yaml").write_text(changed, encoding="utf-8")

    assert run("accept-chat.yaml", "changed.yaml").stdout == printed
