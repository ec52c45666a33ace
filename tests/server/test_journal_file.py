"""`replay serve --journal`: what happened is in the file before long, whatever becomes of the server."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from replay.clock import SystemClock
from replay.entries import Kept, read
from tests.road.software import ROOT, Process

SCENARIO = ROOT / "scenarios" / "accept-chat.yaml"


def serve(journal: Path) -> list[str]:
    flags = ["--port", "0", "--print-url", "--seed", "7", "--speed", "max", "--journal", str(journal)]
    return [sys.executable, "-m", "replay", "serve", str(SCENARIO), *flags]


@contextmanager
def serving(*command: str) -> Iterator[tuple[Process, str]]:
    """A server that may be ended before its time; yields it, and its URL."""
    process = Process(*command)
    try:
        yield process, process.word("http://")
    finally:
        process.stop(signal.SIGKILL)


def misses(url: str, times: int) -> None:
    """Asks for what is not there: each time is an entry."""
    for number in range(times):
        request = urllib.request.Request(
            f"{url}/nothing/{number}", headers={"Authorization": "Basic YW5uOg=="}
        )
        with pytest.raises(urllib.error.HTTPError) as failed:
            urllib.request.urlopen(request)
        failed.value.close()


def journal_of(path: Path) -> Kept:
    return read(path.read_bytes(), str(path))


def within(seconds: float, path: Path, count: int) -> bool:
    """Whether the file has that many entries before long."""
    clock = SystemClock()
    end = clock.now() + seconds
    while clock.now() < end:
        if len(journal_of(path).entries) >= count:
            return True
    return False


@pytest.mark.live
def test_what_happened_is_in_the_file_although_the_server_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with serving(*serve(path)) as (process, url):
        misses(url, 3)
        assert within(5, path, 5)
        process.stop(signal.SIGKILL)

    kept = journal_of(path)
    assert kept.head is not None
    assert (kept.head.scenarios, kept.head.seed, kept.head.speed) == (["accept-chat"], 7, "max")
    assert [entry.kind for entry in kept.entries] == ["agent", "play", "miss", "miss", "miss"]


@pytest.mark.live
def test_what_has_not_been_written_is_at_the_end_and_what_was_there_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text("before")
    with serving(*serve(path)) as (process, url):
        misses(url, 1)
        assert process.stop() == 0

    assert len(journal_of(path).entries) == 3
    assert path.with_name("run.jsonl~").read_text() == "before"
    assert f"note: what {path} held before is kept as {path}~" in process.output


@pytest.mark.live
def test_a_full_disk_ends_the_journal_and_not_the_server(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    limited = ["bash", "-c", 'ulimit -f 1; exec "$@"', "bash", *serve(path)]
    with serving(*limited) as (process, url):
        misses(url, 20)
        process.word("ends")
        misses(url, 1)
        assert process.stop() == 0

    assert process.output.count("the journal ends here") == 1
    kept = journal_of(path)
    assert kept.is_cut
    assert 2 < len(kept.entries) < 20


@pytest.mark.parametrize(("name", "why"), [("none/run.jsonl", "No such file"), ("", "Is a directory")])
def test_a_file_that_cannot_be_written_is_named(tmp_path: Path, name: str, why: str) -> None:
    done = subprocess.run(serve(tmp_path / name), capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (3, "")
    assert f"{tmp_path / name} cannot be written: {why}" in done.stderr


def test_a_scenario_is_never_taken_for_the_journal(tmp_path: Path) -> None:
    scenario = tmp_path / "chat.yaml"
    scenario.write_bytes(SCENARIO.read_bytes())
    command = [sys.executable, "-m", "replay", "serve", str(scenario), "--journal", str(scenario)]
    done = subprocess.run([*command, "--port", "0"], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (2, "")
    assert f"{scenario} is what is to be read: name another file with --journal" in done.stderr
    assert list(tmp_path.iterdir()) == [scenario]
    assert scenario.read_bytes() == SCENARIO.read_bytes()


def test_a_server_that_cannot_listen_leaves_the_journal_of_the_one_that_does(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text("of another")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = [*serve(path), "--port", str(taken.getsockname()[1])]
        done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (3, "")
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("run.jsonl", "of another")]
