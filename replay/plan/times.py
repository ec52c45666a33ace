"""Moving the times inside events: each in its own format, all by one constant."""

from __future__ import annotations

from collections.abc import Container
from datetime import timedelta
from typing import Any

from replay.scenario.times import SECONDS, WRITTEN, moment_of


def shift(value: Any, seconds: float) -> Any:
    """A time moved by that much, in the format it had; what is no time stays as it is."""
    if isinstance(value, str):
        return _shift_text(value, seconds)
    if isinstance(value, int) and not isinstance(value, bool):
        if value in SECONDS:
            return value + round(seconds)
        if value // 1000 in SECONDS:
            return value + round(seconds * 1000)
    return value


def _shift_text(text: str, seconds: float) -> str:
    found = WRITTEN.fullmatch(text)
    if found is None:
        return text
    fraction = found["fraction"] or ""
    digits = max(len(fraction) - 1, 0)
    try:
        moment = moment_of(found)
        # The fraction is moved in whole units of its last digit, so that no digit is invented or lost.
        unit = 10**digits
        ticks = round(seconds * unit) + int(fraction[1:] or 0)
        moved = moment + timedelta(seconds=ticks // unit)
    except (ValueError, OverflowError):
        return text
    rest = f".{ticks % unit:0{digits}d}" if digits else ""
    return f"{moved:%Y-%m-%d}{found['gap']}{moved:%H:%M:%S}{rest}{found['zone'] or ''}"


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
