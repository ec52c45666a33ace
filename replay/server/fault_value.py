"""What a program says of a fault it puts up, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from replay.errors import UsageError, nearest
from replay.registry import FAULTS, PRESETS
from replay.server.kinds import check_kind


def value_of(what: str | Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """The value that says what a fault is, as control takes it.

    Raises:
        UsageError: nothing is called that, or it has no such settings.
    """
    check_kind("what", what, str, Mapping, words="the name of a fault, or a fault as a mapping")
    given = {key: value for key, value in said.items() if value}
    try:
        msgspec.json.encode([what, given])
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"the fault is no JSON value: {error}") from None
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
