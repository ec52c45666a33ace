"""Lines of a log: what each says, and how that is written."""

from __future__ import annotations

import logging
import traceback
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from replay.entries import Entry, Kind
from replay.server.logs.masks import clean, clean_text, masked, printable

Level = Literal["error", "warning", "info", "debug"]
Form = Literal["text", "json"]

LEVELS: dict[str, int] = {
    "error": logging.ERROR,
    "warning": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
}
OFTEN: frozenset[Kind] = frozenset({"request", "retry", "answer", "event", "held"})
"""What happens again and again to everybody."""
TRACE = 4_000
"""Characters of where an error came from."""


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that a log says."""

    ts: str
    """When, by the clock on the wall, as ISO 8601 in UTC."""
    level: str
    event: str
    """The journal's kind of what happened; `log` for Python's log records; else what the command says."""
    agent: str = ""
    play: str = ""
    step: str = ""
    number: int = 0
    """Of the journal's entry."""
    at: float | None = None
    """Seconds since the simulator began."""
    late: float | None = None
    detail: dict[str, Any] = {}
    logger: str = ""
    message: str = ""
    trace: str = ""


def level_of(entry: Entry) -> Level:
    """How much what happened matters."""
    # A scenario that is refused is said by whoever watches it, with all its places; who is turned away first,
    # by the server.
    if entry.kind == "miss":
        return "warning"
    return "debug" if entry.kind in OFTEN else "info"


def of_entry(entry: Entry, wall: float) -> Line:
    """What the journal has, of which the detail is plain JSON."""
    return Line(
        ts=_stamp(wall),
        level=level_of(entry),
        event=entry.kind,
        agent=_agent(entry.agent),
        # Words of the scenario, which has no secrets.
        play=printable(entry.play),
        step=printable(entry.step),
        number=entry.number,
        at=entry.at,
        late=entry.late or None,
        detail=clean(entry.detail),
    )


def of_record(record: logging.LogRecord, message: str) -> Line:
    """What a part of the program has to say."""
    trace = "".join(traceback.format_exception(record.exc_info[1])) if record.exc_info else ""
    return Line(
        ts=_stamp(record.created),
        level=next((name for name, number in LEVELS.items() if record.levelno >= number), "debug"),
        event="log",
        logger=record.name,
        message=clean_text(message),
        trace=clean_text(trace, TRACE),
    )


def of_said(event: str, message: str, wall: float) -> Line:
    """What a command says to whoever started it."""
    # The name of a file may be no text.
    sayable = message.encode("utf-8", "backslashreplace").decode()
    return Line(ts=_stamp(wall), level="info", event=event, message=sayable)


def as_json(line: Line) -> bytes:
    """For programs."""
    return msgspec.json.encode(line) + b"\n"


def as_text(line: Line) -> bytes:
    """For people: when, how much it matters, what, and the rest as `name=value`."""
    if not line.number and line.event != "log":
        return f"{line.message}\n".encode()
    rest: dict[str, Any] = {"agent": line.agent, "play": line.play, "step": line.step}
    rest |= {"late": line.late, **line.detail, "trace": line.trace}
    number = f" #{line.number}" if line.number else ""
    words = [line.ts, f"{line.level:7}", line.event + number, *([line.message] if line.message else [])]
    words += (f"{name}={_word(value)}" for name, value in rest.items() if value not in ("", None))
    return (" ".join(words) + "\n").encode()


def _agent(label: str) -> str:
    """Where it has a space, the agent was named by credentials as a whole: `Bearer …`."""
    scheme, space, credentials = label.partition(" ")
    return clean_text(scheme) + (space + masked(credentials) if credentials else "")


def _word(value: Any) -> str:
    if not isinstance(value, str):
        return msgspec.json.encode(value).decode()
    # What is not printable has been escaped before.
    return value if value and not set(value) & set(' "=') else '"{}"'.format(value.replace('"', '\\"'))


def _stamp(wall: float) -> str:
    when = datetime.fromtimestamp(wall, UTC)
    return f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03}Z"
