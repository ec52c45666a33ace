"""A journal written to a file as it goes."""

from __future__ import annotations

import asyncio
import io
import logging
from pathlib import Path
from types import TracebackType

from replay.entries import Head
from replay.errors import SurroundingsError

FLUSH_AFTER = 0.5
"""Seconds after which what was noted is in the file: no more is lost with the process."""

BUFFER = 1 << 18
"""Bytes that wait for that at most."""

log = logging.getLogger(__name__)


class JournalFile:
    """Takes the lines of a journal. A context manager, used within an event loop.

    A file that cannot be written any more, as on a full disk, ends there, with one warning.
    """

    def __init__(self, path: Path, head: Head) -> None:
        """Writes the head; a file that is there is kept beside it as `NAME~`.

        Raises:
            SurroundingsError: the file cannot be written.
        """
        self._path = path
        self._lines: list[bytes] = []
        self._size = 0
        self._alarm: asyncio.TimerHandle | None = None
        self.kept: Path | None = None
        """Where the file is that was there before."""
        try:
            if path.is_file() and path.stat().st_size:
                self.kept = path.replace(path.with_name(f"{path.name}~"))
            self._file: io.FileIO | None = io.FileIO(path, "w")
            self._write(head.line())
        except OSError as error:
            raise SurroundingsError(f"{path} cannot be written: {error.strerror or error}") from None

    def __enter__(self) -> JournalFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.flush()
        if self._file is not None:
            self._file.close()

    def take(self, line: bytes) -> None:
        """One more line, in the file before long."""
        if self._file is None:
            return
        self._lines.append(line)
        self._size += len(line)
        if self._size > BUFFER:
            self.flush()
        elif self._alarm is None:
            self._alarm = asyncio.get_running_loop().call_later(FLUSH_AFTER, self.flush)

    def flush(self) -> None:
        """Writes what waits."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        data = b"".join(self._lines)
        self._lines.clear()
        self._size = 0
        try:
            self._write(data)
        except OSError as error:
            log.warning("the journal ends here, %s: %s", self._path, error.strerror or error)
            assert self._file is not None
            self._file.close()
            self._file = None

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest and self._file is not None:
            rest = rest[self._file.write(rest) :]
