"""What requests have to come with, compiled."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from replay.plan.compiled import Demanded, Reply
from replay.plan.values import compile_value, names_in
from replay.scenario.model import Demand, is_set


def demanded(demand: Demand, refused: Reply) -> Demanded:
    """One demand, with its refusal as it is sent."""
    return Demanded(
        name=demand.header,
        header=demand.header.lower(),
        value=compile_value(demand.value) if demand.value else msgspec.UNSET,
        methods=frozenset(demand.methods),
        unless_cookie=demand.unless_cookie,
        given=tuple((name, compile_value(value)) for name, value in demand.given.items()),
        refused=refused,
    )


def names_of_demands(demands: Iterable[Demand]) -> set[str]:
    """All that they mention."""
    values: list[Any] = []
    for demand in demands:
        refused = demand.refused
        said = (demand.value, *demand.given.values(), *refused.headers.values(), refused.body, refused.text)
        values += [compile_value(each) for each in said if is_set(each)]
    return set(names_in(values))
