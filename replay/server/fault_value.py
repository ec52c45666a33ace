"""What a program says of a fault it puts up, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from replay.errors import UsageError, nearest
from replay.registry import FAULTS, PRESETS


def value_of(what: str | Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """The value that says what a fault is, as control takes it.

    Raises:
        UsageError: nothing is called that, or it has no such settings.
    """
    given = {key: value for key, value in said.items() if value}
    if not isinstance(what, str):
        if given:
            raise UsageError(f"say '{next(iter(given))}' within the fault")
        return dict(what)
    if what in PRESETS:
        if given:
            raise UsageError(f"'{what}' is a preset, and has no '{next(iter(given))}' of its own")
        return {"preset": what}
    if what not in FAULTS:
        known = [*FAULTS, *PRESETS]
        advice = nearest(what, known) or f"Known: {', '.join(known)}."
        raise UsageError(f"there is no fault or preset '{what}'", help=advice)
    return {"fault": what, **given}
