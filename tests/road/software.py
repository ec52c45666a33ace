"""The real software of the road: chat backends, recorders, replayers and agents, each its own process."""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parents[2]
UPSTREAM = ROOT / "tests" / "upstream"
PATIENCE = 60.0
"""Seconds for a process to say that it is ready, or to end: generous, since CI machines stall."""


def node() -> str:
    """The Node.js to run; without it and the npm packages these tests cannot tell anything."""
    found = shutil.which("node")
    installed = (UPSTREAM / "node_modules" / "cometd-3.1").is_dir()
    assert found, "node is not on PATH: these tests run real CometD clients (make test installs them)"
    assert installed, "tests/upstream/node_modules is missing: `make test` installs it"
    return found


class Process:
    """A process whose output lines can be waited for."""

    def __init__(self, *command: str) -> None:
        environment = {name: value for name, value in os.environ.items() if name != "FORCE_COLOR"}
        # Other people's Python programs keep what they say into a pipe back.
        environment["PYTHONUNBUFFERED"] = "1"
        self._popen = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            env=environment,
        )
        self.lines: list[str] = []
        self._unread: queue.Queue[str | None] = queue.Queue()
        # The reader knows nothing of the process, which ends when a test that failed lets go of it.
        assert self._popen.stdout is not None
        reading = (self._popen.stdout, self.lines, self._unread)
        self._reader = threading.Thread(target=_read, args=reading, daemon=True)
        self._reader.start()
        weakref.finalize(self, _end, self._popen)

    def word(self, beginning: str) -> str:
        """Waits for a word of the output that begins so."""
        while True:
            try:
                line = self._unread.get(timeout=PATIENCE)
            except queue.Empty:
                raise AssertionError(f"did not say {beginning}… in time: {self.output}") from None
            assert line is not None, f"ended before it said {beginning}…: {self.output}"
            for word in line.replace('"', " ").split():
                if word.startswith(beginning):
                    return word.rstrip(",;")

    @property
    def number(self) -> int:
        """Its process id."""
        return self._popen.pid

    def stop(self, number: int = signal.SIGINT) -> int:
        """Asks it to end; its exit code."""
        if self._popen.poll() is None:
            self._popen.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Its exit code, once it has ended."""
        code = self._popen.wait(PATIENCE)
        self._reader.join(PATIENCE)
        assert self._popen.stdin is not None
        self._popen.stdin.close()
        return code

    @property
    def output(self) -> str:
        """All it has said so far."""
        return "".join(self.lines)


def _read(output: IO[str], lines: list[str], unread: queue.Queue[str | None]) -> None:
    with output:
        for line in output:
            lines.append(line)
            unread.put(line)
    unread.put(None)


def _end(popen: subprocess.Popen[str]) -> None:
    """Ends a process that nobody waited for, so that no other test is told of it."""
    if popen.returncode is None:
        popen.kill()
        popen.wait(PATIENCE)
    assert popen.stdin is not None
    popen.stdin.close()


@contextmanager
def backend(kind: str, *flags: str) -> Iterator[str]:
    """A chat backend on npm's `cometd` (cometd-nodejs-server) or `faye`; yields its URL."""
    process = Process(node(), str(UPSTREAM / f"{kind}-server.js"), *flags)
    try:
        yield process.word("http://")
    finally:
        process.stop(signal.SIGTERM)


@contextmanager
def replayer(scenario: Path | list[Path] | list[str], *flags: str) -> Iterator[str]:
    """`replay serve` on a free port; yields its URL."""
    files = scenario if isinstance(scenario, list) else [scenario]
    command = [sys.executable, "-m", "replay", "serve", *map(str, files), "--port", "0", "--print-url"]
    process = Process(*command, *flags)
    try:
        yield process.word("https://" if "--tls" in flags else "http://")
    finally:
        assert process.stop() == 0, process.output


@contextmanager
def recorder(
    upstream: str, recording: Path, scenario: Path | None, *, fails: str = "", redact: bool = False
) -> Iterator[str]:
    """`replay record` before a server; yields the proxy's URL; at the end a scenario is distilled, if asked.

    With `fails` the distilling is expected to end with exit code 2 and these words.
    """
    command = [sys.executable, "-m", "replay", "record", "--upstream", upstream, "--listen", "127.0.0.1:0"]
    # Most compare what clients see with what they saw before: names and texts have to stay.
    flags = [] if redact else ["--no-redact"]
    flags += [] if scenario is None else ["--distil", str(scenario)]
    process = Process(*command, *flags, "--to", str(recording))
    try:
        yield process.word("http://")
    finally:
        assert process.stop() == (2 if fails else 0), process.output
        assert fails in process.output


Seen = dict[str, Any]


def start_agent(
    url: str, *, cometd: str = "3.1", transport: str = "long-polling", flags: tuple[str, ...] = ()
) -> Process:
    """An agent desktop on npm's cometd, under way."""
    arguments = ["--url", url, "--cometd", cometd, "--transport", transport, *flags]
    return Process(node(), str(UPSTREAM / "agent.js"), *arguments)


def agent(
    url: str, *, cometd: str = "3.1", transport: str = "long-polling", flags: tuple[str, ...] = ()
) -> list[Seen]:
    """What an agent desktop sees from its handshake to its goodbye."""
    return finish(start_agent(url, cometd=cometd, transport=transport, flags=flags))


def finish(process: Process) -> list[Seen]:
    """What an agent under way saw; it must have seen all that it expected."""
    code = process.wait()
    assert code == 0, process.output
    return [json.loads(line) for line in process.lines]


def events(seen: list[Seen]) -> list[Seen]:
    """The events among it."""
    return [each for each in seen if each["kind"] == "event"]


def story(seen: list[Seen]) -> list[tuple[str, Any]]:
    """What happened in order, without times and without what differs by client."""
    kept = []
    for each in seen:
        match each["kind"]:
            case "event":
                kept.append((f"event {each['channel']}", each["data"]))
            case "request":
                kept.append((f"request {each['method']} {each['path']}", each.get("body")))
            case "answer":
                kept.append((f"answer {each['status']}", each["body"]))
    return kept


def gaps(seen: list[Seen]) -> dict[str, float]:
    """Milliseconds between Accept and what followed it, and between the subscription and the invite."""
    times: dict[str, float] = {}
    accepted = next(each["t"] for each in seen if each["kind"] == "request" and "chats" in each["path"])
    subscribed = next(each["t"] for each in seen if each["kind"] == "subscribed")
    names = iter(("invited", "chatting", "participants", "history"))
    for each in events(seen):
        name = next(names)
        times[name] = each["t"] - (subscribed if name == "invited" else accepted)
    return times
