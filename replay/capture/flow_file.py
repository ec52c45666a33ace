"""Finds the flows of a flow file, also past what is broken, and where each stands."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from replay.capture.clocks import MOST_STEPS, Clock, Moved
from replay.capture.losses import Loss, Losses, count
from replay.capture.recording import Advance, Index, Progress, unreadable
from replay.capture.tnetstrings import (
    LONGEST_LENGTH,
    BrokenError,
    Fields,
    Span,
    fields,
    is_null,
    value,
    whole,
)
from replay.errors import RecordingError

OLDEST = 18
"""The flow format of mitmproxy 9."""

LARGEST = 256 * 1024 * 1024
"""Bytes of a flow that is read; a larger one is left out, so that memory stays bounded."""

NO_HTTP = Loss("flow", "flows", "left out, being no HTTP")
BROKEN = Loss("flow", "flows", "left out, being broken")
TOO_LARGE = Loss("flow", "flows", f"left out, being larger than {LARGEST >> 20} MB")
OLD = Loss("flow", "flows", "left out, being in the format of a mitmproxy older than 9")
JUNK = Loss("stretch of bytes", "stretches of bytes", "left out, being no flow")

_CUT = "ends in the middle of a flow"
_FOREIGN = "goes on with something that is no flow"
_NOT_ONE = {
    _CUT: "ends in the middle of its first flow",
    _FOREIGN: "is neither a mitmproxy flow file nor a HAR",
}

_ENDS = ((b"websocket", b"timestamp_end"), (b"error", b"timestamp"), (b"response", b"timestamp_end"))
_CHUNK = 1 << 20
_OVERLAP = 64
_LIKE_A_FLOW = re.compile(rb"(\d{1,12}):\d{1,2}:[a-z_]{2,24}[;,]")


class Flow(NamedTuple):
    """A whole flow, looked into."""

    offset: int
    length: int
    data: bytes
    top: Fields


class Gap(NamedTuple):
    """Where there is no whole flow."""

    offset: int
    end: int
    what: Loss | str
    """A flow that is left out, or in what way the rest of the file is none."""


def index(path: Path, progress: Progress | None) -> tuple[Index, Losses, tuple[str, ...]]:
    """Where the HTTP flows stand, what was left out, and how the file ends, if not well.

    Raises `RecordingError` when there is not one flow, or only such as no mitmproxy since 9 writes.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            clock = Clock()
            found = _Indexing(path, size, progress, clock).run(file)
            if len(clock.steps) > MOST_STEPS:
                # It is no clock that orders the flows so.
                return _Indexing(path, size, progress, None).run(file)
            return found
    except OSError as error:
        raise unreadable(path, error) from error


class _Indexing:
    def __init__(self, path: Path, size: int, progress: Progress | None, clock: Clock | None) -> None:
        self._path = path
        self._size = size
        self._clock = clock
        self._advance = Advance(progress, size)
        self._index = Index(size)
        self._losses = Losses()
        self._whole = 0
        self._place = 0
        self._sockets: dict[bytes, list[tuple[int, int]]] = {}
        """Rows of the segments of each WebSocket, by its id, each after its part's number."""
        self._oldest: Any = None

    def run(self, file: BinaryIO) -> tuple[Index, Losses, tuple[str, ...]]:
        end = ""
        for found in flows(file, self._size):
            if isinstance(found, Flow):
                self._place += 1
                self._whole += self._take(found)
                self._advance.by(found.length)
            elif isinstance(found.what, str):
                end = found.what
            else:
                self._place += found.what is not JUNK
                place = f"at byte {found.offset}" if found.what is JUNK else f"flow {self._place}"
                self._losses.add(found.what, place)
        if not self._whole:
            self._refuse(end)
        if self._losses[OLD] == self._whole:
            self._refuse_old()
        self._advance.done()
        for rows in self._sockets.values():
            ordered = [row for _, row in sorted(rows)]
            self._index.joined[min(ordered, key=self._index.began)] = ordered
        return self._index, self._losses, self._ending(end)

    def _refuse(self, end: str) -> None:
        if not end and self._losses[BROKEN]:
            raise RecordingError(f"{self._path} holds no flow that can be read: all are broken.")
        raise RecordingError(f"{self._path} {_NOT_ONE.get(end, _NOT_ONE[_FOREIGN])}.")

    def _refuse_old(self) -> None:
        shown = ".".join(map(str, self._oldest)) if isinstance(self._oldest, list) else str(self._oldest)
        raise RecordingError(
            f"{self._path} was written by a mitmproxy older than 9 (flow format {shown});"
            " open it with a newer one and save it again."
        )

    def _ending(self, end: str) -> tuple[str, ...]:
        notes = [
            f"{self._path}: the recorder's clock was set back by {seconds:.3g} s or more before flow {place};"
            " the times that follow are put right."
            for place, seconds in (self._clock.steps if self._clock else ())
        ]
        if end:
            were = "was" if self._whole == 1 else "were"
            notes.append(f"{self._path} {end}; {count(self._whole, 'flow')} before it {were} read.")
        return tuple(notes)

    def _take(self, flow: Flow) -> bool:
        """Whether it is one at all."""
        data, top = flow.data, flow.top
        try:
            version = value(data, top[b"version"])
            if not isinstance(version, int) or version < OLDEST:
                self._oldest = version
                self._losses.add(OLD, f"flow {self._place}")
                return True
            if value(data, top[b"type"]) != "http":
                self._losses.add(NO_HTTP)
                return True
            began = float(value(data, fields(data, top[b"request"])[b"timestamp_start"]))
            if not math.isfinite(began):
                raise BrokenError("no time")
            socket, part = _segment(data, top.get(b"metadata"))
        except (KeyError, TypeError, ValueError):
            self._losses.add(BROKEN, f"flow {self._place}")
            return False
        row = self._index.add(Moved(began), self._place, flow.offset, flow.length)
        if self._clock:
            self._index.revise(row, self._clock.put_right(row, self._place, began, _over(flow)))
            for earlier, times in self._clock.revised:
                self._index.revise(earlier, times)
        if socket:
            self._sockets.setdefault(socket, []).append((part, row))
        return True


def _over(flow: Flow) -> float | None:
    """When it was over, where that is easily told."""
    data, top = flow.data, flow.top
    try:
        for name, when in _ENDS:
            if name in top and not is_null(top[name]):
                return _time(value(data, fields(data, top[name])[when]))
    except (KeyError, TypeError, ValueError):
        pass
    return None


def _time(value: object) -> float | None:
    return value if isinstance(value, float) and math.isfinite(value) else None


def _segment(data: bytes, metadata: Span | None) -> tuple[bytes, int]:
    """Of which WebSocket or stream a flow is a segment, and which part; no name for a flow of its own."""
    if metadata is None or metadata[1] == metadata[2]:
        return b"", 0
    known = fields(data, metadata)
    socket = known.get(b"replay.socket") or known.get(b"replay.stream")
    part = known.get(b"replay.part")
    if socket is None or part is None:
        return b"", 0
    return data[slice(*socket[1:])], int(data[slice(*part[1:])])


def flows(file: BinaryIO, size: int) -> Iterator[Flow | Gap]:
    """Each flow of a file, and each gap between them; the last gap says how the file ends, if not well."""
    at = 0
    while at < size:
        found, follows = _at(file, at, size)
        if isinstance(found, Flow):
            yield found
            at = follows
            continue
        # What follows a flow of the right length is the next; a wrong length says nothing of where that is.
        after = _next(file, at + 1, follows or size, size)
        if follows and after is None:
            yield Gap(at, follows, found)
            at = follows
        elif after is None:
            yield Gap(at, size, _CUT if _is_cut(file, at, size) else _FOREIGN)
            return
        else:
            yield Gap(at, after, JUNK)
            at = after


def _at(file: BinaryIO, at: int, size: int) -> tuple[Flow | Loss, int]:
    """The flow that begins there, or what is left out; and where the next follows, or 0 if unknown."""
    head = _read(file, at, LONGEST_LENGTH + 1)
    digits, colon, _ = head.partition(b":")
    if not colon or not digits.isdigit():
        return JUNK, 0
    start = at + len(digits) + 1
    stop = start + int(digits)
    if stop >= size or _read(file, stop, 1) != b"}":
        return JUNK, 0
    if stop - start > LARGEST:
        return TOO_LARGE, stop + 1
    data = _read(file, start, stop - start)
    top = _looked_into(data)
    if top is None:
        return BROKEN, (stop + 1) * (_read(file, stop + 1, 1) or b"0").isdigit()
    return Flow(start, stop - start, data, top), stop + 1


def _looked_into(data: bytes) -> Fields | None:
    try:
        top = fields(data, whole(data))
    except BrokenError:
        return None
    return top if b"version" in top else None


def _next(file: BinaryIO, begin: int, end: int, size: int) -> int | None:
    """Where the next whole flow begins, if one does before the end."""
    at = begin
    while at < end:
        chunk = _read(file, at, min(_CHUNK, end - at) + _OVERLAP)
        for match in _LIKE_A_FLOW.finditer(chunk):
            # The digits of what was cut off may stand right before those of a flow's length.
            for start in range(match.start(1), match.end(1)):
                if at + start < end and isinstance(_at(file, at + start, size)[0], Flow):
                    return at + start
        at += _CHUNK
    return None


def _is_cut(file: BinaryIO, at: int, size: int) -> bool:
    head = _read(file, at, LONGEST_LENGTH + 1)
    digits, colon, _ = head.partition(b":")
    if not digits.isdigit():
        return False
    return int(digits) + len(digits) + 2 > size - at if colon else at + len(digits) == size


def _read(file: BinaryIO, at: int, length: int) -> bytes:
    file.seek(at)
    return file.read(length)
