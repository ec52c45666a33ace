"""A recording somebody made, read whatever program wrote it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from replay.errors import RecordingError
from replay.exchange import Exchange


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """What a file says, in the order in which it happened."""

    path: Path
    exchanges: tuple[Exchange, ...]
    """By the time their requests began, numbered from 1."""
    notes: tuple[str, ...] = ()
    """What is missing or was left out: sentences that name the file."""


def open_recording(path: Path) -> Recording:
    """Read a mitmproxy flow file or a HAR, whichever the content is.

    Raises `RecordingError`, in one sentence, when there is nothing in it to use.
    """
    # The readers need the struct above.
    from replay.capture import flows, har  # noqa: PLC0415

    first = _first_byte(path)
    if first in b"{\xef":
        return har.read(path)
    if first.isdigit():
        return flows.read(path)
    raise RecordingError(f"{path} is neither a mitmproxy flow file nor a HAR.")


def in_order(path: Path, exchanges: list[Exchange], notes: list[str]) -> Recording:
    """Sort what was read by the time it began, and number it."""
    ordered = sorted(exchanges, key=lambda exchange: exchange.began)
    numbered = (msgspec.structs.replace(each, number=number) for number, each in enumerate(ordered, 1))
    return Recording(path=path, exchanges=tuple(numbered), notes=tuple(notes))


def unreadable(path: Path, error: OSError) -> RecordingError:
    """The sentence for a file that the operating system refuses to hand out."""
    return RecordingError(f"{path} cannot be read: {error.strerror or error}.")


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 flow`, `2 flows`."""
    return f"{number} {noun}" if number == 1 else f"{number} {plural or noun + 's'}"


def _first_byte(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            first = file.read(64).lstrip()[:1]
    except FileNotFoundError:
        raise RecordingError(f"{path} does not exist.") from None
    except IsADirectoryError:
        raise RecordingError(f"{path} is a directory, not a recording.") from None
    except OSError as error:
        raise unreadable(path, error) from error
    if not first:
        raise RecordingError(f"{path} is empty: nothing was recorded.")
    return first
