"""Times as they stand in messages: which moment they are, and how they are written."""

from __future__ import annotations

import re
from typing import Any

from replay.plan.times import shift
from replay.scenario.times import epoch_of


def moment(value: Any) -> float | None:
    """Seconds since 1970 of a time in any form that `replay.plan.times` moves."""
    if isinstance(value, str):
        return epoch_of(value)
    if isinstance(value, bool) or not isinstance(value, int) or shift(value, 86_400) == value:
        return None
    return value / 1000 if shift(value, 1) - value == 1000 else float(value)


def time_shape(value: Any) -> str:
    """How a time is written: two of one shape have the same digits in the same places."""
    return re.sub(r"\d", "0", str(value))
