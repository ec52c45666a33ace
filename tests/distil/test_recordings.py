"""Recordings made with the servers and clients of others."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from replay.cli import group, main
from replay.cli.distil import distil
from replay.scenario.load import load, loads
from replay.scenario.model import Scenario

from .recorded import ids, pushes, triggers

DATA = Path(__file__).parents[1] / "data"
WHOLE = [
    "lp_cometdjs9_java.mitm",
    "lp_cometdjs9_java.har",
    "lp_fayejs_faye.mitm",
    "ws_cometdjs9_java.mitm",
    "fault_lp_402_rehandshake.mitm",
]
STORY = ["invited", "accept", "chatting", "participants-updated", "new-messages"]
VARIABLES = ["chat", "agent", "customer", "agent2", "nickname", "reference", "reference2"]


def run(*arguments: object) -> Result:
    # Names and texts as they were recorded: they are compared.
    return CliRunner().invoke(distil, ["--no-redact", *(str(each) for each in arguments)])


SAID = {
    "fault_lp_402_rehandshake.mitm": (
        "note: 1 client was forgotten by the server and shook hands again; that is left out\n"
    )
}


def told(name: str) -> Scenario:
    result = run(DATA / name)
    assert (result.exit_code, result.stderr) == (0, SAID.get(name, ""))
    return loads(result.stdout)


@pytest.mark.parametrize("name", WHOLE)
def test_the_accept_story_is_told_whoever_recorded_it(name: str) -> None:
    scenario = told(name)

    assert ids(scenario) == STORY
    assert list(scenario.variables) == VARIABLES
    assert (scenario.session, scenario.shift_times) == ([], ["timestamp"])
    assert scenario.cometd.path == "/genesys/cometd"
    assert [(step, after.partition(" + ")[0], because) for step, after, because in triggers(scenario)] == [
        ("invited", "start", "of the server's own accord; the agent had done nothing yet"),
        ("chatting", "accept", "same chat id; it carries a referenceId"),
        ("participants-updated", "accept", "same chat id; the request's own nickname"),
        ("new-messages", "accept", "same chat id; the request's own nickname"),
    ]


@pytest.mark.parametrize(
    ("name", "dialect"),
    [
        ("lp_cometdjs9_java.mitm", "cometd3"),
        ("ws_cometdjs9_java.mitm", "cometd3"),
        ("fault_lp_402_rehandshake.mitm", "cometd5"),
        ("lp_fayejs_faye.mitm", "faye"),
    ],
)
def test_the_dialect_is_that_of_the_recorded_server_where_it_shows(name: str, dialect: str) -> None:
    assert told(name).cometd.dialect == dialect


def test_the_accept_story_is_the_same_over_polls_and_over_frames() -> None:
    polls, frames = told("lp_cometdjs9_java.mitm"), told("ws_cometdjs9_java.mitm")

    assert (polls.source.transports, frames.source.transports) == (["long-polling"], ["websocket"])
    assert polls.variables == frames.variables
    assert [getattr(step, "data", None) for step in polls.steps] == [
        getattr(step, "data", None) for step in frames.steps
    ]


def test_what_two_servers_said_alike_is_written_alike() -> None:
    cometd, faye = told("lp_cometdjs9_java.mitm"), told("lp_fayejs_faye.mitm")

    assert cometd.variables == faye.variables
    assert [getattr(step, "data", None) for step in cometd.steps] == [
        getattr(step, "data", None) for step in faye.steps
    ]


def test_two_clients_that_recorded_one_story_differ_in_delays_alone() -> None:
    polls, frames = DATA / "lp_cometdjs9_java.mitm", DATA / "ws_cometdjs9_java.mitm"
    result = run(polls, frames)

    scenario = loads(result.stdout)
    assert (result.exit_code, result.stderr) == (0, "")
    assert (ids(scenario), list(scenario.variables), scenario.ignore) == (STORY, VARIABLES, [])
    assert scenario.source.transports == ["long-polling", "websocket"]
    assert [step.after for step in pushes(scenario)] == [
        "start + recorded(2.007s, 2.009s)",
        "accept + 45ms",
        "accept + recorded(154ms, 156ms)",
        "accept + recorded(305ms, 306ms)",
    ]
    alone = told(polls.name)
    assert [step.data for step in pushes(scenario)] == [step.data for step in pushes(alone)]


def test_what_went_wrong_is_told_as_faults_if_it_is_asked_for() -> None:
    result = run(DATA / "fault_lp_402_rehandshake.mitm", "--faults-too")

    scenario = loads(result.stdout)
    assert (result.exit_code, result.stderr, ids(scenario)) == (0, "", STORY)
    assert [(each.name, each.fault, each.where.meta, each.limit) for each in scenario.faults] == [
        ("connect-unknown-client", "unknown-client", "connect", 1)
    ]


def test_a_recording_that_breaks_off_is_told_as_far_as_it_goes() -> None:
    result = run(DATA / "broken_truncated.mitm")

    assert result.exit_code == 0
    assert ids(loads(result.stdout)) == STORY[:-1]
    assert result.stderr == (
        f"note: {DATA / 'broken_truncated.mitm'} ends in the middle of a flow; 7 flows before it were read\n"
    )


def test_the_same_recording_gives_the_same_bytes() -> None:
    name = DATA / "lp_cometdjs9_java.mitm"

    assert run(name).stdout_bytes == run(name).stdout_bytes


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("missing.mitm", None, "{} does not exist."),
        ("empty.mitm", b"", "{} is empty: nothing was recorded."),
        ("text.mitm", b"hello", "{} is neither a mitmproxy flow file nor a HAR."),
        ("scenario.yaml", b"version: 1\n", "{} is neither a mitmproxy flow file nor a HAR."),
        ("har.har", b'{"log": {"version": "1.2", "entries": []}}', None),
        ("json.har", b'{"a": 1}', None),
        ("half.har", b'{"log": {"entr', None),
        ("flow.mitm", b"12:abc", None),
    ],
)
def test_a_recording_of_no_use_is_one_sentence(
    name: str,
    content: bytes | None,
    sentence: str | None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path, to = tmp_path / name, tmp_path / "out.yaml"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setattr(sys, "argv", ["replay", "distil", str(path), "--to", str(to)])

    with pytest.raises(SystemExit) as ended:
        main()

    said = capsys.readouterr()
    assert (ended.value.code, said.out, len(said.err.splitlines())) == (2, "", 1)
    assert sentence is None or said.err == f"replay: {sentence.format(path)}\n"
    assert not to.exists()


def test_a_scenario_is_written_where_it_is_asked_for(tmp_path: Path) -> None:
    to = tmp_path / "deep" / "1st chat.yaml"

    result = run(DATA / "lp_cometdjs9_java.mitm", "--to", to)

    assert (result.exit_code, result.stdout, result.stderr) == (0, "", f"{to}: 5 steps\n")
    assert load(to).name == "scenario-1st-chat"
    assert [each.name for each in to.parent.iterdir()] == ["1st chat.yaml"]


def test_what_a_file_held_before_is_kept(tmp_path: Path) -> None:
    to = tmp_path / "chat.yaml"
    to.write_text("mine\n")

    result = run(DATA / "lp_cometdjs9_java.mitm", "--to", to)

    assert result.stderr.splitlines()[0] == f"note: what {to} held before is kept as {to}~"
    assert Path(f"{to}~").read_text() == "mine\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["{recording}", "--to", "{recording}"],
            "{recording} is the recording itself: name another file with --to",
        ),
        (
            ["{recording}", "--to", "{recording}/x.yaml"],
            "{recording}/x.yaml cannot be written: {recording} is no folder",
        ),
        (["{recording}", "--agent", "2"], "r.mitm holds 1 agent; there is no number 2"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_touched(
    arguments: list[str], sentence: str, tmp_path: Path
) -> None:
    recording, folder = tmp_path / "r.mitm", tmp_path / "folder"
    shutil.copy(DATA / "lp_cometdjs9_java.mitm", recording)
    folder.mkdir()
    before = recording.read_bytes()

    result = CliRunner().invoke(
        group, ["distil", *(a.format(recording=recording, folder=folder) for a in arguments)]
    )

    assert str(result.exception) == sentence.format(recording=recording, folder=folder)
    assert recording.read_bytes() == before
    assert sorted(each.name for each in tmp_path.iterdir()) == ["folder", "r.mitm"]


@pytest.mark.parametrize("together", [True, False], ids=["one story", "a story for each chat"])
def test_the_work_grows_with_the_recording_and_no_faster(together: bool) -> None:
    from .made import calls_for  # noqa: PLC0415  only here

    few, many = (calls_for(number, together=together) for number in (150, 1200))

    assert many < 9 * few
