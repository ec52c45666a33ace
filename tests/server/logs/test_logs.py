"""The log of `replay serve`: what is told at which level, in which form, and that nobody waits for it."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from replay.clock import SystemClock
from replay.entries import KINDS, Entry
from replay.journal import Journal
from replay.server.logs.lines import as_json, as_text, level_of, of_entry, of_record, of_said
from replay.server.logs.logs import Logs
from tests.road.software import ROOT

SCENARIO = ROOT / "scenarios" / "accept-chat.yaml"
NOON = 1_400_000_000.25
MISS = Entry(
    number=7,
    at=1.5,
    kind="miss",
    agent="Bearer abcdefgh",
    detail={"request": "POST /x\ny", "why": 'no step is "it"', "body": "hello"},
)


def test_an_entry_as_json_has_what_programs_sort_by() -> None:
    said = json.loads(as_json(of_entry(MISS, NOON)))

    assert re.fullmatch(r"Bearer \*\*\*[0-9a-f]{6}", said.pop("agent"))
    assert said == {
        "ts": "2014-05-13T16:53:20.250Z",
        "level": "warning",
        "event": "miss",
        "number": 7,
        "at": 1.5,
        "detail": {"request": "POST /x\\ny", "why": 'no step is "it"'},
    }


def test_an_entry_as_text_is_one_line_of_words() -> None:
    said = as_text(of_entry(MISS, NOON)).decode()

    assert re.fullmatch(
        r'2014-05-13T16:53:20\.250Z warning miss #7 agent="Bearer \*\*\*[0-9a-f]{6}" '
        r'request="POST /x\\ny" why="no step is \\"it\\""\n',
        said,
    )


@pytest.mark.parametrize(
    "label", ["Bearer abc", "ApiKey hunter2 x", "Anything hunter2", "abcdefghij0123456789x"]
)
def test_an_agent_that_is_known_by_its_credentials_is_told_apart_and_not_named(label: str) -> None:
    said = of_entry(Entry(number=1, at=0, kind="agent", agent=label), NOON).agent

    assert "***" in said
    assert not any(secret in said for secret in ("abc", "hunter2"))


def test_steps_and_plays_are_named_whatever_they_are_called_like() -> None:
    line = of_entry(
        Entry(number=1, at=0, kind="event", agent="", play="recorded20140102T142320#1", step="token=1"), NOON
    )

    assert (line.play, line.step) == ("recorded20140102T142320#1", "token=1")


def test_what_is_no_text_is_written_all_the_same() -> None:
    entry = Entry(number=1, at=0, kind="miss", agent="\udc80", detail={"a\ud800": ["\udfff", float("nan")]})
    for line in (of_entry(entry, NOON), of_said("kept", "caf\udce9.jsonl", NOON)):
        assert as_text(line).decode().isascii()
        assert json.loads(as_json(line))["level"]


def test_what_changes_after_it_has_happened_is_told_as_it_was() -> None:
    reading, writing = os.pipe()
    detail = {1: {"a"}, "list": [1]}
    journal = Journal()
    with Logs(writing, form="json", level="info") as logs:
        logs.hear(journal)
        journal.note("play", 0, "ann", values=detail)
        detail.clear()
    os.close(writing)
    with os.fdopen(reading, "rb") as end:
        assert json.loads(end.read())["detail"] == {"values": {"1": ["a"], "list": [1]}}


def test_misses_are_warnings_and_what_happens_all_the_time_is_for_debugging() -> None:
    levels = {kind: level_of(Entry(number=1, at=0, kind=kind, agent="")) for kind in KINDS}

    assert {kind for kind in KINDS if levels[kind] == "warning"} == {"miss"}
    assert {kind for kind in KINDS if levels[kind] == "debug"} == {
        "request",
        "retry",
        "answer",
        "event",
        "held",
    }


@pytest.mark.interpreted
def test_what_is_below_the_level_is_not_even_heard_of() -> None:
    class Heard(Journal):
        def report(self, listener: Any, kinds: Any = KINDS) -> None:
            heard.append(set(kinds))

    heard: list[set[str]] = []
    for level in ("error", "warning", "info", "debug"):
        Logs(2, level=level).hear(Heard())  # type: ignore[arg-type]

    assert [("event" in kinds, "miss" in kinds) for kinds in heard] == [
        (False, True),
        (False, True),
        (True, True),
    ]


def test_the_log_records_of_the_program_stand_there_in_the_same_form_and_on_one_line() -> None:
    try:
        raise ValueError("token=abcdef\nsecond line")
    except ValueError:
        record = logging.getLogger("some.part").makeRecord(
            "some.part", logging.ERROR, "file", 1, "it failed: %s", ("\x1b[1m",), sys.exc_info()
        )
    line = of_record(record, record.getMessage())

    said = json.loads(as_json(line))
    assert (said["level"], said["event"], said["logger"]) == ("error", "log", "some.part")
    assert said["message"] == "it failed: \\x1b[1m"
    assert "ValueError: token=***" in said["trace"]
    assert as_text(line).count(b"\n") == 1


def test_while_a_log_is_open_log_records_go_there_alone_and_afterwards_where_they_went_before() -> None:
    before = logging.getLogger().handlers[:]
    reading, writing = os.pipe()
    with Logs(writing, form="json") as logs:
        logging.getLogger("x").warning("told %d", 1)
        logging.getLogger("x").info("not told")
        logging.getLogger("x").warning("does not fit %d", "one")
        logs.say("playing", "playing a")
    os.close(writing)
    with os.fdopen(reading, "rb") as end:
        said = [json.loads(line)["message"] for line in end]

    assert said == ["told 1", "does not fit %d", "playing a"]
    assert logging.getLogger().handlers == before


@pytest.mark.live
def test_a_server_without_standard_error_serves() -> None:
    command = f"exec {sys.executable} -m replay serve {SCENARIO} --port 0 --print-url 2>&-"
    with subprocess.Popen(command, shell=True, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert ask(process.stdout.readline().decode().strip() + "/nowhere") == 404
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


@contextmanager
def serving(*flags: str, **environment: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A server whose standard error nobody reads yet; yields it and its URL."""
    command = [sys.executable, "-m", "replay", "serve", str(SCENARIO), "--port", "0", "--print-url", *flags]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | environment
    )
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline().decode().strip()
    finally:
        process.kill()
        process.communicate()


def ask(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.live
def test_all_that_a_server_says_is_json_if_that_is_wanted_and_nothing_of_a_body() -> None:
    flags = ("--log-format", "json", "--preset", "lossy-stream")
    with serving(*flags, REPLAY_LOG_LEVEL="debug", NO_COLOR="1") as (process, url):
        assert ask(f"{url}/api/v2/me?access_token=hush-hush-hush") == 200
        assert ask(f"{url}/nowhere") == 404
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=20)

    lines = [json.loads(line) for line in said.splitlines()]
    events = [line["event"] for line in lines]
    assert events[0] == "faults"
    assert {"playing", "agent", "play", "request", "miss", "ended"} <= set(events)
    assert [line["level"] for line in lines if line["event"] == "miss"] == ["warning"]
    assert b"hush-hush" not in said


@pytest.mark.live
def test_a_server_whose_standard_error_nobody_reads_answers_and_ends_all_the_same() -> None:
    clock = SystemClock()
    with serving() as (process, url):
        long = "x" * 270
        assert {ask(f"{url}/{long}/{number}") for number in range(250)} == {404}
        began = clock.now()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert clock.now() - began < 10
        assert process.stderr is not None
        said = process.stderr.read()
    # What went into the pipe before it was full; no more could be said.
    assert 20 < said.count(b" miss #") < 250
