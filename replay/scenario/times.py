"""Times as they stand in messages: which moment each is, and how it is written."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

WRITTEN = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})(?P<gap>[T ]?)(?P<time>\d{2}:\d{2}:\d{2})(?P<fraction>\.\d{1,9})?"
    r"(?P<zone>Z|[+-]\d{2}:?\d{2})?"
)
SECONDS = range(1_000_000_000, 10_000_000_000)
"""Seconds since 1970 of the years 2001 to 2286; a thousand times that is milliseconds."""

_BEGAN = datetime(1970, 1, 1, tzinfo=UTC)


def epoch_of(text: str) -> float | None:
    """Seconds since 1970 of an ISO 8601 time, with or without colon in its zone; None if it is none."""
    found = WRITTEN.fullmatch(text)
    if found is None:
        return None
    try:
        moment = moment_of(found)
    except ValueError:
        return None
    return moment.timestamp() + float(found["fraction"] or 0)


def is_time(value: Any) -> bool:
    """Whether it is a time in one of the forms that are known: text, or whole seconds or milliseconds."""
    if isinstance(value, str):
        return epoch_of(value) is not None
    if isinstance(value, bool) or not isinstance(value, int):
        return False
    return value in SECONDS or value // 1000 in SECONDS


def written_like(form: Any, seconds: float) -> Any:
    """A moment, in seconds since 1970, as another time is written: no digit more, none fewer.

    Args:
        form: A time by `is_time`.
    """
    # In whole units, since a sum of decimals may lie a little below the decimal that is meant.
    micro = round(seconds * 1_000_000)
    if not isinstance(form, str):
        return micro // (1_000_000 if form in SECONDS else 1000)
    found = WRITTEN.fullmatch(form)
    assert found is not None
    try:
        moment = (_BEGAN + timedelta(microseconds=micro)).astimezone(zone_of(found["zone"]))
    except (ValueError, OverflowError):
        # A date that no calendar has, which somebody pretends it is.
        return form
    digits = max(len(found["fraction"] or "") - 1, 0)
    fraction = f".{f'{moment.microsecond:06d}000'[:digits]}" if digits else ""
    return f"{moment:%Y-%m-%d}{found['gap']}{moment:%H:%M:%S}{fraction}{found['zone'] or ''}"


def moment_of(found: re.Match[str]) -> datetime:
    """The written time to the second, in its zone."""
    return datetime.fromisoformat(f"{found['date']}T{found['time']}").replace(tzinfo=zone_of(found["zone"]))


def zone_of(text: str | None) -> timezone:
    """The zone as it is written; UTC where none is."""
    if text is None or text == "Z":
        return UTC
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))
