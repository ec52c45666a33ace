"""What requests have to come with, compiled."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from replay.plan.compiled import Demanded, Reply
from replay.plan.making import said_in
from replay.plan.values import compile_value, names_in
from replay.scenario.model import Demand


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
    said = (
        value
        for demand in demands
        for value in (demand.value, list(demand.given.values()), *said_in(demand.refused))
    )
    return set(names_in([compile_value(each) for each in said]))
