"""What it costs that a request asks otherwise than a step, or does something else."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from replay.simulator.likeness import is_slip

METHOD, KINDRED, DELETE = 3.0, 1.5, 7.0
OPERATION, OPERATION_PART, NO_OPERATION, OPERATION_SLIP = 8.0, 4.0, 4.0, 1.0
RANKS = (0.0, 0.3, 0.6)
"""What it costs that a play is not the one that a request names, or nobody's who asks."""
_WORD = 4
"""Letters that a beginning needs more than to say anything."""
_KINDRED_METHODS = frozenset({"POST", "PUT", "PATCH"})


def of_methods(got: str, expected: str) -> float:
    """What it costs that a request has another method."""
    methods = {got, expected}
    if len(methods) == 1:
        return 0.0
    if "DELETE" in methods:
        return DELETE
    return KINDRED if methods <= _KINDRED_METHODS else METHOD


def of_operations(expected: str, got: Any, known: Container[str]) -> float:
    """What it costs that a request says that it does something else.

    Args:
        known: Operations that there are, of which none is meant for another.
    """
    if not isinstance(got, str):
        return OPERATION
    if got not in known and is_slip(got, expected):
        return OPERATION_SLIP
    shorter, longer = sorted((got, expected), key=len)
    return OPERATION_PART if len(shorter) > _WORD and longer.startswith(shorter) else OPERATION
