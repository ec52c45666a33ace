"""The log of a server: the journal, Python's own log records, and what its command says."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from types import TracebackType

import msgspec

from replay.clock import wall_time
from replay.entries import KINDS, Entry
from replay.journal import Journal
from replay.server.logs import lines
from replay.server.logs.lines import LEVELS, OFTEN, Form, Level, Line
from replay.server.logs.writer import Writer


class Logs:
    """A context manager: while it is open, Python's log records go there as well, and nowhere else."""

    def __init__(self, descriptor: int, *, level: Level = "warning", form: Form = "text") -> None:
        """Args:
        descriptor: Where lines are written; nobody waits for it.
        """
        self._descriptor = descriptor
        self._level = LEVELS[level]
        self._write = lines.as_json if form == "json" else lines.as_text
        self._handler = _Handler(self)
        self._before: tuple[list[logging.Handler], int] = ([], logging.WARNING)
        self._writer: Writer

    def __enter__(self) -> Logs:
        self._writer = Writer(self._descriptor, self._lost)
        root = logging.getLogger()
        self._before = root.handlers[:], root.level
        root.handlers[:] = [self._handler]
        root.setLevel(self._level)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        root = logging.getLogger()
        root.handlers[:], level = self._before
        root.setLevel(level)
        self._writer.close()

    def say(self, event: str, message: str) -> None:
        """A word to whoever started the server, whatever the level.

        Args:
            event: What programs know it by.
        """
        self.put(partial(lines.of_said, event, message, wall_time()))

    def hear(self, journal: Journal) -> None:
        """Tells what happens and has happened, as far as it matters enough."""
        for entry in journal:
            self._heard(entry, b"")
        if self._level <= logging.WARNING:
            # Of what is never told it does not even hear: that happens thousands of times a second.
            often = KINDS if self._level <= logging.DEBUG else ()
            journal.report(self._heard, [kind for kind in KINDS if kind not in OFTEN or kind in often])

    def put(self, line: Callable[[], Line]) -> None:
        """One more line, made when it is written."""
        self._writer.put(lambda: self._write(line()))

    def _heard(self, entry: Entry, _: bytes) -> None:
        if LEVELS[lines.level_of(entry)] >= self._level:
            # A copy: the line is made in another thread.
            detail = msgspec.to_builtins(entry.detail, str_keys=True)
            entry = msgspec.structs.replace(entry, detail=detail)
            self.put(partial(lines.of_entry, entry, wall_time()))

    def _lost(self, count: int) -> bytes:
        said = "1 line was" if count == 1 else f"{count:,} lines were"
        return self._write(lines.of_said("lost", f"{said} lost here: nobody read them in time", wall_time()))


class _Handler(logging.Handler):
    """Takes Python's log records."""

    def __init__(self, logs: Logs) -> None:
        super().__init__()
        self._logs = logs

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            # Its arguments do not fit.
            message = str(record.msg)
        self._logs.put(partial(lines.of_record, record, message))
