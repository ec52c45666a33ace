"""The commands that a page prints, run as they stand there, with what it says they print.

A block of a page:

    ```console
    $ replay check chat.yaml              a command; the lines below it are what it prints
    chat.yaml: chat, 4 steps
    …                                     any number of lines
    ^C                                    Ctrl-C to the command that still runs, then what it prints
    ```

Only what cannot be as printed is exchanged: ports, since others may have them, and durations that a reader
has and a test has not. In what is printed numbers and ids may be others.
"""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

PATIENCE = 60.0
"""Seconds for a line of output."""
BACKGROUND = re.compile(r"replay (?:--with \S+ )*(serve|record)\b(?!.*--(?:list|help)\b)")
"""What runs until Ctrl-C."""

_BLOCK = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)
_ID = re.compile(r"\b0000[0-9A-Za-z]{9,}\b|\b00[0-9A-F]{14}\b")
_NUMBER = re.compile(r"[-+]?\d[\d,]*(\.\d+)?")


class Command(NamedTuple):
    """One command of a page, with the lines that stand below it."""

    text: str
    """Empty where it is Ctrl-C."""
    output: list[str]
    place: str


def commands_of(page: Path) -> list[Command]:
    """All of a page, in order."""
    found: list[Command] = []
    text = page.read_text(encoding="utf-8")
    for block in _BLOCK.finditer(text):
        line = text.count("\n", 0, block.start(1)) + 1
        for number, said in enumerate(block[1].splitlines(), line):
            if said.startswith("$ "):
                # What stands behind two spaces and '#' is for the reader.
                found.append(Command(re.sub(r"\s{2,}#.*", "", said[2:]), [], f"{page.name}:{number}"))
            elif said == "^C":
                found.append(Command("", [], f"{page.name}:{number}"))
            else:
                found[-1].output.append(said)
    return found


class Shell:
    """A folder in which commands are run one after the other, some beside others."""

    def __init__(self, folder: Path, exchanged: Mapping[str, str]) -> None:
        """Nothing runs yet.

        Args:
            exchanged: What is written instead of what a page prints, in commands and in what is expected.
        """
        self._folder = folder
        self._exchanged = exchanged
        self._running: list[_Running] = []

    def run(self, command: Command) -> None:
        """One command to its end, or until it has printed what the page says.

        Raises:
            AssertionError: it prints something else, or ends otherwise.
        """
        output = [self._exchange(line) for line in command.output]
        if command.text:
            self._running.append(_Running(self._exchange(command.text), self._folder))
        else:
            self._running[-1].interrupt()
        self._running[-1].expect(output, command.place)
        if not BACKGROUND.search(command.text):
            self._running[-1].end(command.place)
            self._running.pop().release()

    def __enter__(self) -> Shell:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """What still runs ends, the latest first, each well unless something was wrong before."""
        while self._running:
            running = self._running.pop()
            try:
                if kind is None:
                    running.interrupt()
                    running.end("the end")
            finally:
                running.release()

    def _exchange(self, text: str) -> str:
        for printed, used in self._exchanged.items():
            text = text.replace(printed, used)
        return text


class _Running:
    """One command."""

    def __init__(self, text: str, folder: Path) -> None:
        self._text = text
        binaries = str(Path(sys.executable).parent)
        environment = os.environ | {
            "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
            "NO_COLOR": "1",
            "COLUMNS": "120",
            "PYTHONUNBUFFERED": "1",
            # A newcomer's pytest has ours, and none of all that is installed here.
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTEST_PLUGINS": "replay.pytest_plugin",
        }
        self._process = subprocess.Popen(
            ["bash", "-c", f"exec {text}" if BACKGROUND.search(text) else text],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._seen: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def expect(self, output: list[str], place: str) -> None:
        """Reads on until all these lines have come: one after the other, but where `…` stands."""
        anything = False
        for wanted in output:
            if wanted.strip() == "…":
                anything = True
                continue
            for line in self._until_now(place, wanted):
                if alike(wanted, line):
                    break
                assert anything or not line.strip(), self._complaint(place, wanted)
            anything = False

    def _until_now(self, place: str, wanted: str) -> Iterator[str]:
        while True:
            try:
                line = self._lines.get(timeout=PATIENCE)
            except queue.Empty:
                raise AssertionError(self._complaint(place, wanted)) from None
            assert line is not None, self._complaint(place, wanted)
            self._seen.append(line)
            yield line

    def _complaint(self, place: str, wanted: str) -> str:
        said = "\n".join(self._seen[-40:])
        return f"{place}: `{self._text}` is to print\n    {wanted}\nand prints\n{said}"

    def release(self) -> None:
        """Nothing of it is left."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def interrupt(self) -> None:
        """Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    def end(self, place: str) -> None:
        """It ends by itself, and well: one that a page shows to fail says so by `|| true`."""
        code = self._process.wait(PATIENCE)
        self._reader.join()
        while (line := self._lines.get()) is not None:
            self._seen.append(line)
        said = "\n".join(self._seen[-40:])
        assert code == 0, f"{place}: `{self._text}` ended with {code}:\n{said}"


def alike(printed: str, line: str) -> bool:
    """Whether a line is what a page prints, whatever its numbers, its ids, and how wide its columns are."""
    return _plain(printed) == _plain(line)


def _plain(line: str) -> str:
    return " ".join(_NUMBER.sub("N", _ID.sub("ID", line)).split())
