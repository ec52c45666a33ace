"""Moving the times inside events: each in its own format, all by one constant."""

from __future__ import annotations

import re
from collections.abc import Container
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

_WRITTEN = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})(?P<gap>[T ]?)(?P<time>\d{2}:\d{2}:\d{2})(?P<fraction>\.\d{1,9})?"
    r"(?P<zone>Z|[+-]\d{2}:?\d{2})?"
)
# Epoch seconds of the years 2001 to 2286; a thousand times that is milliseconds.
_SECONDS = range(1_000_000_000, 10_000_000_000)


def epoch_of(text: str) -> float | None:
    """Seconds since 1970 of an ISO 8601 time, with or without colon in its zone; None if it is none."""
    found = _WRITTEN.fullmatch(text)
    if found is None:
        return None
    try:
        moment = _moment(found)
    except ValueError:
        return None
    return moment.timestamp() + float(found["fraction"] or 0)


def shift(value: Any, seconds: float) -> Any:
    """A time moved by that much, in the format it had; what is no time stays as it is."""
    if isinstance(value, str):
        return _shift_text(value, seconds)
    if isinstance(value, int) and not isinstance(value, bool):
        if value in _SECONDS:
            return value + round(seconds)
        if value // 1000 in _SECONDS:
            return value + round(seconds * 1000)
    return value


def _shift_text(text: str, seconds: float) -> str:
    found = _WRITTEN.fullmatch(text)
    if found is None:
        return text
    fraction = found["fraction"] or ""
    digits = max(len(fraction) - 1, 0)
    try:
        moment = _moment(found)
        # The fraction is moved in whole units of its last digit, so that no digit is invented or lost.
        unit = 10**digits
        ticks = round(seconds * unit) + int(fraction[1:] or 0)
        moved = moment + timedelta(seconds=ticks // unit)
    except (ValueError, OverflowError):
        return text
    rest = f".{ticks % unit:0{digits}d}" if digits else ""
    return f"{moved:%Y-%m-%d}{found['gap']}{moved:%H:%M:%S}{rest}{found['zone'] or ''}"


def _moment(found: re.Match[str]) -> datetime:
    """The written time to the second, in its zone."""
    return datetime.fromisoformat(f"{found['date']}T{found['time']}").replace(tzinfo=_zone(found["zone"]))


def _zone(text: str | None) -> timezone:
    if text is None or text == "Z":
        return UTC
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))


def shift_fields(value: Any, fields: Container[str], seconds: float) -> Any:
    """The value with the times in these fields moved, at whatever depth."""
    if isinstance(value, dict):
        return {
            key: shift(item, seconds) if key in fields else shift_fields(item, fields, seconds)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [shift_fields(item, fields, seconds) for item in value]
    return value
