"""A recording somebody made, read whatever program wrote it."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from replay.capture.clocks import Moved
from replay.capture.losses import Losses
from replay.errors import RecordingError
from replay.exchange import Exchange
from replay.registry import SOURCES, resolve

Progress = Callable[[int, int], None]
"""Called with how many bytes were gone through, and how many there are to go through."""

_EVERY = 1 << 20


class Piece(NamedTuple):
    """A flow or entry as it stands in the file."""

    place: int
    """Which of the file, from 1: how a message to the user names it."""
    content: bytes
    times: Moved | None = None
    """How its times are put right; None leaves them."""


class Source(NamedTuple):
    """A kind of file that recordings come in."""

    takes: Callable[[bytes], bool]
    """Whether a file is of this kind, by how it begins: its first bytes, without the blanks before them."""
    read: Callable[[Path, Progress | None], Recording]
    """Finds its exchanges; raises `RecordingError` when there is none."""


Read = Callable[[Iterator[Piece], Losses], Exchange | None]
"""Makes an exchange of its pieces, or says what is wrong with them and makes none."""


class Index:
    """Where each piece of a file stands and when its exchange began: some 50 bytes a piece."""

    def __init__(self, size: int) -> None:
        self.size = size
        """Bytes of the file."""
        self._began = array("d")
        self._place = array("L")
        self._offset = array("Q")
        self._length = array("Q")
        self._shift = array("d")
        self.joined: dict[int, list[int]] = {}
        """Rows whose exchange has more pieces, each with the rows of all of them."""

    def add(self, times: Moved, place: int, offset: int, length: int) -> int:
        """The row of one more piece."""
        self._began.append(times.began)
        self._shift.append(times.shift)
        self._place.append(place)
        self._offset.append(offset)
        self._length.append(length)
        return len(self._began) - 1

    def revise(self, row: int, times: Moved) -> None:
        """Put the times of a row right, later findings having told more."""
        self._began[row], self._shift[row] = times

    def began(self, row: int) -> float:
        """When the exchange of a row began."""
        return self._began[row]

    def order(self) -> array[int]:
        """A row of each exchange, by the time it began."""
        inner = {row for rows in self.joined.values() for row in rows} - self.joined.keys()
        rows = (row for row in range(len(self._began)) if row not in inner)
        return array("L", sorted(rows, key=self._began.__getitem__))

    def stands(self, row: int) -> tuple[int, int, int]:
        """Place, offset and length of a piece."""
        return self._place[row], self._offset[row], self._length[row]

    def times(self, row: int) -> Moved:
        """When the exchange of a row began, and how its other times are put right."""
        return Moved(self._began[row], self._shift[row])

    def __len__(self) -> int:
        return len(self._began)


class Exchanges(Collection[Exchange]):
    """The exchanges of a file in the order in which they began, read from it each time they are gone through.

    Only where they stand is kept. `len` counts what looks like an exchange; one that turns out to be none
    when it is read is left out, said in the recording's notes, and counted no longer.
    """

    def __init__(self, path: Path, index: Index, read: Read, progress: Progress | None = None) -> None:
        self._path = path
        self._index = index
        self._order = index.order()
        self._read = read
        self._progress = progress
        self._useless: set[int] = set()
        self._losses: Losses | None = None

    def __len__(self) -> int:
        return len(self._order) - len(self._useless)

    def __contains__(self, other: object) -> bool:
        return any(each == other for each in self)

    def __iter__(self) -> Iterator[Exchange]:
        losses = Losses()
        number = 0
        advance = Advance(self._progress, self._index.size, begin=self._index.size)
        try:
            with self._path.open("rb") as file:

                def pieces(rows: list[int]) -> Iterator[Piece]:
                    for row in rows:
                        place, offset, length = self._index.stands(row)
                        file.seek(offset)
                        advance.by(length)
                        yield Piece(place, file.read(length), self._index.times(row))

                for row in self._order:
                    exchange = self._read(pieces(self._index.joined.get(row, [row])), losses)
                    if exchange is None:
                        self._useless.add(row)
                        continue
                    number += 1
                    yield msgspec.structs.replace(exchange, number=number)
        except OSError as error:
            raise unreadable(self._path, error) from error
        advance.done()
        self._losses = losses

    @property
    def losses(self) -> Losses:
        """What was lost in reading them; reads them, if nobody has yet."""
        if self._losses is None:
            for _ in self:
                pass
        assert self._losses is not None
        return self._losses


class Recording:
    """What a file says, in the order in which it happened."""

    def __init__(self, path: Path, exchanges: Exchanges, losses: Losses, notes: tuple[str, ...] = ()) -> None:
        self.path = path
        self.exchanges = exchanges
        self._losses = losses
        self._notes = notes

    @property
    def notes(self) -> tuple[str, ...]:
        """What is missing or was left out: sentences that name the file."""
        found = (self._losses, self.exchanges.losses)
        return self._notes + tuple(note for losses in found for note in losses.sentences(self.path))


class Advance:
    """Passes on how far reading has come, a few hundred times at most.

    A file is gone through twice, to find where things stand and to read them: each way is one half.
    """

    def __init__(self, progress: Progress | None, size: int, *, begin: int = 0) -> None:
        self._progress = progress
        self._total = max(2 * size, 1)
        self._end = begin + size
        self._done = begin
        self._told = begin
        self._every = max(_EVERY, size // 256)

    def by(self, length: int) -> None:
        """So many bytes more."""
        self._done += length
        if self._done - self._told >= self._every:
            self._tell(self._done)

    def done(self) -> None:
        """This way is done."""
        self._tell(self._end)

    def _tell(self, done: int) -> None:
        self._told = done
        if self._progress is not None:
            self._progress(min(done, self._total), self._total)


def open_recording(path: Path, progress: Progress | None = None) -> Recording:
    """Find what a mitmproxy flow file, a HAR or what else the content is has to tell.

    Bodies are read when the exchanges are gone through, and not kept. Raises `RecordingError`, in one
    sentence, when there is nothing in it to use.
    """
    first = first_bytes(path)
    for name in reversed(SOURCES):
        source: Source = resolve(SOURCES, name)
        if source.takes(first):
            return source.read(path, progress)
    raise RecordingError(f"{path} is neither a mitmproxy flow file nor a HAR.")


def unreadable(path: Path, error: OSError) -> RecordingError:
    """The sentence for a file that the operating system refuses to hand out."""
    return RecordingError(f"{path} cannot be read: {error.strerror or error}.")


def first_bytes(path: Path) -> bytes:
    """How a file begins, without the blanks before it."""
    try:
        with path.open("rb") as file:
            first = file.read(64).lstrip()
    except FileNotFoundError:
        raise RecordingError(f"{path} does not exist.") from None
    except IsADirectoryError:
        raise RecordingError(f"{path} is a directory, not a recording.") from None
    except OSError as error:
        raise unreadable(path, error) from error
    if not first:
        raise RecordingError(f"{path} is empty: nothing was recorded.")
    return first
