"""Appends finished flows to a file so that whatever ends the process, what was written stays readable.

mitmproxy's own writer keeps flows in a buffer and ends the program when the disk is full; this does neither.
"""

from __future__ import annotations

import collections
import contextlib
import errno
import io
import logging
import os
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows has none
    fcntl = None  # type: ignore[assignment]

logger = logging.getLogger("replay.capture")

BACKLOG_BYTES = 16 * 1024 * 1024
"""How much is kept in memory while the file takes nothing."""
_TAKEN = "another recording is being written to it"


class Writer:
    """One recording on disk.

    Trouble with the disk never reaches the caller: it is logged when it begins and when it ends, and what
    could not be written waits in a bounded backlog.
    """

    def __init__(self, path: Path, *, size: int | None = None) -> None:
        """Say the `size` so far to go on with a file; what stands behind it is cut off."""
        self.path = path
        self.size = size or 0
        """Bytes that are safely in the file."""
        self.lost = 0
        """Flows given up because the backlog was full."""
        self.trouble = ""
        """Why the file takes nothing at the moment; empty while it does."""
        self._goes_on = size is not None
        self._file: io.FileIO | None = None
        self._backlog: collections.deque[bytes] = collections.deque()
        self._waiting = 0
        self._closed = False

    def __repr__(self) -> str:
        return f"<Writer {self.path} {self.size} bytes{', ' + self.trouble if self.trouble else ''}>"

    @property
    def unwritten(self) -> int:
        """Flows that are not in the file, waiting or lost."""
        return len(self._backlog) + self.lost

    def open(self) -> bool:
        """Make the file, moving an older one out of the way; False when that fails, which is logged."""
        try:
            if self._file is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                if not self._goes_on:
                    _keep_older(self.path)
                self._file = _locked(io.FileIO(self.path, "ab", opener=_private))
                if not self._goes_on:
                    self.size = self._file.seek(0, os.SEEK_END)
        except OSError as error:
            self._fail(error)
            return False
        return True

    def write(self, flow: bytes) -> None:
        """Append one serialised flow and hand it to the operating system at once."""
        if self._closed:
            return
        self._backlog.append(flow)
        self._waiting += len(flow)
        self._flush()
        # The newest is kept however big it is: giving up the older ones makes the room.
        while self._waiting > BACKLOG_BYTES and len(self._backlog) > 1:
            self._waiting -= len(self._backlog.popleft())
            self.lost += 1

    def close(self) -> None:
        """Write what waits, and leave no empty file behind."""
        if self._closed:
            return
        if self._backlog:
            self._flush()
        self._closed = True
        if self._file is not None:
            self._file.close()
            self._file = None
            if self.size == 0:
                with contextlib.suppress(OSError):
                    self.path.unlink()
        if self.unwritten:
            logger.error(
                "%s lacks %s: %s.", self.path, _count(self.unwritten), self.trouble or "they were given up"
            )

    def _flush(self) -> None:
        if not self.open():
            return
        try:
            while self._backlog:
                self._append(self._backlog[0])
                self._waiting -= len(self._backlog.popleft())
        except OSError as error:
            self._fail(error)
            return
        if self.trouble:
            self.trouble = ""
            missing = f"; {_count(self.lost)} given up meanwhile" if self.lost else "; nothing was lost"
            logger.warning("%s is being written again%s.", self.path, missing)

    def _append(self, flow: bytes) -> None:
        assert self._file is not None
        # What an earlier failure left behind the last whole flow would make the file unreadable from there.
        if os.fstat(self._file.fileno()).st_size > self.size:
            self._file.truncate(self.size)
        rest = memoryview(flow)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError:
            with contextlib.suppress(OSError):
                self._file.truncate(self.size)
            raise
        self.size += len(flow)

    def _fail(self, error: OSError) -> None:
        reason = error.strerror or str(error)
        if reason != self.trouble:
            self.trouble = reason
            logger.error(
                "%s cannot be written: %s; the traffic goes on, and each exchange tries again.",
                self.path,
                reason,
            )


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _locked(file: io.FileIO) -> io.FileIO:
    """Keep the file for this recording: each cuts off what it finds behind its own last flow."""
    try:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # Some network file systems have no locks; there it has to do without.
        if error.errno in (errno.EAGAIN, errno.EACCES):
            file.close()
            raise OSError(error.errno, _TAKEN) from None
    return file


def _keep_older(path: Path) -> None:
    if path.is_file():
        with io.FileIO(path, "ab") as file:
            _locked(file)
    if not path.exists() or (path.is_file() and path.stat().st_size == 0):
        with contextlib.suppress(FileNotFoundError):
            path.chmod(0o600)
        return
    if not path.is_file():
        raise IsADirectoryError(None, "it is not a file")
    number = 1
    while (older := path.with_name(f"{path.stem}.{number}{path.suffix}")).exists():
        number += 1
    path.rename(older)
    logger.warning("%s was there already; it is now %s.", path, older.name)


def _count(flows: int) -> str:
    return "1 exchange" if flows == 1 else f"{flows} exchanges"
