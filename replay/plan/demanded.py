"""What requests have to come with, compiled."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from replay.plan.values import compile_value, names_in
from replay.scenario.model import Demand, is_set

if TYPE_CHECKING:
    from replay.plan.timeline import Reply


class Demanded(msgspec.Struct, frozen=True, kw_only=True):
    """One header that is demanded."""

    name: str
    """As it is written."""
    header: str
    """The same in lower case, as requests have it."""
    value: Any
    """Compiled text that it has to be; unset where any will do."""
    methods: frozenset[str]
    """Of which it is demanded; empty for all."""
    unless_cookie: bool
    given: tuple[tuple[str, Any], ...]
    """Headers of answers to the other methods, their values compiled."""
    refused: Any
    """The `Reply` to requests without it."""

    def concerns(self, method: str) -> bool:
        """Whether it is demanded of such requests."""
        return method != "OPTIONS" and (not self.methods or method in self.methods)

    def gives(self, method: str) -> bool:
        """Whether the answers to such requests say what to send."""
        return bool(self.given) and method != "OPTIONS" and method not in self.methods


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
