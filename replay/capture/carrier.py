"""Carries what the addon sees to a worker: in a process beside the proxy, or if there can be none, inside.

mitmproxy does everything on one event loop: what takes time there delays every client. Cleaning and writing a
flow takes as long as mitmproxy itself needs for it, so it is done elsewhere.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import itertools
import logging
import os
import select
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # Windows has none
    fcntl = None  # type: ignore[assignment]

from . import interpreters
from .child import CHECKPOINT, Frames, frame, thawed
from .worker import Worker

logger = logging.getLogger("replay.capture")

MOST = 64 * 1024 * 1024
"""Bytes that may be on their way to the file; beyond, the proxy waits for the disk."""
LEARNED = 10_000
"""How many secrets and names are remembered for a worker that takes over: more than one remembers itself."""
GATHER = 0.01
"""Seconds that messages wait for others to be sent with: waking another process takes longer than sending."""
STARTS = 3
"""How often a process that dies is started again."""

_TOLD = ("size", "exchanges", "events", "agents", "left_out", "failed")
_PATIENCE = 20.0
STUCK = 60.0
"""Seconds without a sign of life after which the process is ended: the proxy, or its end, waits for it."""
_PIPE = 1 << 20
_READ = 1 << 16
_VECTOR = 64
_BOOT = (
    "import sys, types; room = types.ModuleType('_gws_replay'); room.__path__ = sys.argv[1:];"
    " sys.modules['_gws_replay'] = room; from _gws_replay import child; child.main()"
)


class Carrier:
    """One recording, as the proxy's side sees it.

    Everything sent is kept until the worker reports that it is in the file, so a worker that dies loses
    nothing: another one cuts the file at the last report, and is sent the rest again.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        """Take what a `Worker` takes, and begin."""
        self.path = Path(settings["path"])
        self.report: dict[str, Any] = {"size": 0, "unwritten": 0, "trouble": "", "exchanges": 0}
        self.report |= {"events": 0, "agents": 0, "left_out": 0, "failed": 0}
        self._settings = settings
        self._learned: collections.deque[tuple[str, bytes]] = collections.deque(maxlen=LEARNED)
        # Kept as bytes: what Python's collector has to look at would slow down the proxy.
        self._open: dict[str, list[bytes]] = {}
        self._parts: dict[str, int] = {}
        self._sent: collections.deque[tuple[str, str, bytes]] = collections.deque()
        self._bytes = 0
        self._handled = 0
        self._starts = 0
        self._slow = self._due = False
        try:
            self._loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None
        self._child: _Child | None = None
        self._worker: Worker | None = None
        self._start()

    @property
    def process(self) -> int | None:
        """The id of the process that writes; None when this one does."""
        return self._child.pid if self._child is not None else None

    def send(self, *message: Any) -> None:
        """Pass a message on (see `worker.py`)."""
        if self._worker is None:
            self._carry(message[0], message[1], frame(message))
        else:
            self._worker.handle(message)
            self._soon(self._worker)

    def _carry(self, kind: str, key: str, data: bytes) -> None:
        assert self._child is not None
        self._sent.append((kind, key, data))
        self._bytes += len(data)
        self._child.write(data)
        if self._bytes > MOST:
            self._wait_for_room()

    def close(self) -> None:
        """Wait until everything is written."""
        while (child := self._child) is not None:
            child.end()
            while not child.gone:
                child.wait()
        if self._worker is not None:
            self._worker.finish()
            self._count(self._worker)

    def _start(self) -> None:
        self._starts += 1
        python = interpreters.plain() if os.name == "posix" and self._starts <= STARTS else None
        if python is not None and self._loop is not None:
            with contextlib.suppress(OSError, RuntimeError, NotImplementedError):
                known = [each for flow in self._open.values() for each in flow]
                begin = frame(self._settings | {"open": len(known)}) + b"".join(known)
                self._child = _Child(self._loop, python, begin, self._reported, self._ended)
        if self._child is None:
            self._worker = Worker(self._settings)
            self._worker.writer.open()
            for flow in self._open.values():
                for data in flow:
                    self._worker.handle(thawed(data))
            self._count(self._worker)

    def _soon(self, worker: Worker) -> None:
        """Have the worker inside this process report, and write what is under way."""
        if self._loop is None:
            self._checkpoint(worker)
        elif not self._due:
            self._due = True
            self._loop.call_later(CHECKPOINT, self._checkpoint, worker)

    def _checkpoint(self, worker: Worker) -> None:
        self._due = False
        worker.checkpoint()
        self._count(worker)

    def _count(self, worker: Worker) -> None:
        self.report |= {key: value for key, value in worker.report().items() if key in self.report}

    def _reported(self, report: dict[str, Any]) -> None:
        handled = report.pop("handled")
        self._learned += report.pop("learned")
        said = report.pop("said")
        self._parts |= report.pop("parts")
        self.report |= report
        while self._handled < handled:
            self._handled += 1
            kind, key, data = self._sent.popleft()
            self._bytes -= len(data)
            if kind == "end":
                self._open.pop(key, None)
                self._parts.pop(key, None)
            elif kind in ("begin", "head"):
                self._open.setdefault(key, []).append(data)
        for level, line in said:
            logger.log(level, "%s", line)

    def _ended(self, why: str, *, finished: bool) -> None:
        """The process is gone; unless it had finished, go on without it."""
        self._child = None
        if finished:
            return
        sent, self._sent = self._sent, collections.deque()
        self._bytes = self._handled = 0
        lost = self.report["unwritten"]
        self._settings |= {key: self.report[key] for key in _TOLD}
        self._settings |= {"lost": lost, "parts": self._parts, "learned": list(self._learned)}
        self._start()
        goes_on = "another one goes on" if self.process is not None else "the proxy goes on by itself"
        kept = f"{lost} exchanges that the disk had not taken are lost" if lost else "nothing is lost"
        logger.error("The process that writes %s %s; %s, and %s.", self.path, why, goes_on, kept)
        for kind, key, data in sent:
            if self._worker is None:
                self._carry(kind, key, data)
            else:
                self.send(*thawed(data))

    def _wait_for_room(self) -> None:
        if not self._slow:
            self._slow = True
            logger.warning("%s is written more slowly than traffic comes: it has to wait.", self.path)
        while self._bytes > MOST // 2 and self._child is not None:
            self._child.wait()


class _Child:
    """The process, and the pipes to and from it. `ended` is called once, when it is gone."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        python: str,
        begin: bytes,
        reported: Callable[[dict[str, Any]], None],
        ended: Callable[..., None],
    ) -> None:
        self._loop = loop
        self._reported = reported
        self._ended = ended
        self._frames = Frames()
        self._unsent: collections.deque[memoryview] = collections.deque()
        self._finishing = self._due = False
        self.gone = False
        self._process = subprocess.Popen(  # noqa: S603  a Python, and our own file
            # A session of its own: Ctrl-C is for the proxy. -I and -S: nothing but the standard library.
            [python, "-I", "-S", "-c", _BOOT, str(Path(__file__).parent)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out = self._process.stdin.fileno(), self._process.stdout.fileno()
        _widen(self._in)
        os.set_blocking(self._in, False)
        self._watched = False
        self._begin(begin)

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def write(self, data: bytes) -> None:
        """Send this, with what else comes within `GATHER`, as soon as the pipe takes it."""
        self._unsent.append(memoryview(data))
        if not self._due:
            self._due = True
            self._loop.call_later(GATHER, self._flush_now)

    def wait(self) -> None:
        """Wait until something has been sent or read; what is stuck is ended, and another takes over."""
        if not self.pump(STUCK):
            self._process.kill()

    def pump(self, seconds: float) -> bool:
        """Wait until something can be sent or read, and do it; False when nothing could in time."""
        writing = [self._in] if self._unsent else []
        readable, writable, _ = select.select([self._out], writing, [], seconds)
        if writable:
            self._flush()
        if readable and not self.gone:
            self._read()
        return bool(readable or writable)

    def end(self) -> None:
        """Say that nothing follows, once all is sent."""
        while self._unsent and not self.gone:
            self.wait()
        if not self.gone:
            self._finishing = True
            self._watch(writing=False)
            assert self._process.stdin is not None
            self._process.stdin.close()

    def _begin(self, settings: bytes) -> None:
        """Wait until the file is open, or cannot be opened. Raises `RuntimeError` if that is not to be."""
        heard: list[Any] = []
        reported, self._reported = self._reported, heard.append
        ended, self._ended = self._ended, _nothing
        self.write(settings)
        while not heard and not self.gone:
            if not self.pump(_PATIENCE):
                self._process.kill()
        if self.gone:
            raise RuntimeError("no process can be started")
        self._reported, self._ended = reported, ended
        self._loop.add_reader(self._out, self._read)
        for report in heard:
            reported(report)

    def _flush_now(self) -> None:
        self._due = False
        # By then the pipe may be closed, and its number another file's.
        if not self.gone and not self._finishing:
            self._flush()

    def _flush(self) -> None:
        try:
            while self._unsent:
                sent = os.writev(self._in, list(itertools.islice(self._unsent, _VECTOR)))
                while self._unsent and sent >= len(self._unsent[0]):
                    sent -= len(self._unsent.popleft())
                if sent:
                    self._unsent[0] = self._unsent[0][sent:]
        except BlockingIOError:
            self._watch(writing=True)
        except OSError:
            self._lost()
        else:
            self._watch(writing=False)

    def _watch(self, *, writing: bool) -> None:
        if writing != self._watched:
            self._watched = writing
            if writing:
                self._loop.add_writer(self._in, self._flush)
            else:
                self._loop.remove_writer(self._in)

    def _read(self) -> None:
        data = os.read(self._out, _READ)
        if not data:
            self._lost()
            return
        self._frames.feed(data)
        while (report := self._frames.next()) is not None:
            self._reported(report)

    def _lost(self) -> None:
        if self.gone:
            return
        self.gone = True
        self._unsent.clear()
        # What it reported before it went says how far the file is good.
        while data := os.read(self._out, _READ):
            self._frames.feed(data)
        while (report := self._frames.next()) is not None:
            self._reported(report)
        self._watch(writing=False)
        self._loop.remove_reader(self._out)
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                assert pipe is not None
                pipe.close()
        code = self._process.wait()
        finished = self._finishing and code == 0
        self._ended(f"was killed by signal {-code}" if code < 0 else f"ended ({code})", finished=finished)


def _widen(pipe: int) -> None:
    """Let more wait in a pipe, where that can be said: it outlives the proxy."""
    # Linux alone, and no more than the system allows.
    with contextlib.suppress(OSError, AttributeError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE)


def _nothing(*_: object, **__: object) -> None:
    return
