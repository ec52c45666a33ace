"""When the whole server cannot be reached: new connections refused, or a network in two parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from replay.faults.fault import Outage
from replay.faults.rules import Rule
from replay.simulator.happenings import Lift
from replay.wire import Effect, ExchangeLost, Gate, Input, SocketLost, Wake, Woken

if TYPE_CHECKING:
    from replay.simulator.simulator import Simulator

KEPT = 100_000
"""Inputs that are kept while the network is in two parts; beyond them only who leaves is noted."""


class Outages:
    """The part of a simulator that knows whether it can be reached."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._refusing: list[Rule] = []
        self._parting: list[Rule] = []
        self._until: dict[Rule, float | None] = {}
        self._inputs: list[Input] = []
        self._effects: list[Effect] = []

    @property
    def is_parted(self) -> bool:
        """Whether nothing passes between clients and the server."""
        return bool(self._parting)

    @property
    def parting(self) -> Rule | None:
        """A rule that lets nothing pass; None where all passes."""
        return self._parting[0] if self._parting else None

    @property
    def refusing(self) -> Rule | None:
        """A rule that refuses new connections; None where they are taken."""
        return self._refusing[0] if self._refusing else None

    def is_out(self, rule: Rule) -> bool:
        """Whether what a rule began goes on."""
        return rule in self._until

    def until(self, rule: Rule) -> float | None:
        """When what a rule began is over, if it is known."""
        return self._until.get(rule)

    def begin(self, outage: Outage, rule: Rule, now: float) -> None:
        """The server cannot be reached any more."""
        rules = self._refusing if outage.kind == "refuse" else self._parting
        if rule in rules:
            return
        rules.append(rule)
        if outage.kind == "refuse":
            self._simulator.bayeux.add(Gate(at=now, opens=False, cut=outage.cut))
        self.last(rule, outage.until)

    def last(self, rule: Rule, until: float | None) -> None:
        """What a rule began goes on until then; None: until the rule goes."""
        self._until[rule] = until
        if until is not None:
            self._simulator.put(until, Lift(rule, until))

    def lift(self, lift: Lift, now: float) -> list[Effect]:
        """What a rule began is over, unless something else has been said since."""
        return self.end(lift.rule, now) if self.until(lift.rule) == lift.at else []

    def end(self, rule: Rule, now: float) -> list[Effect]:
        """What a rule began is over; what was sent meanwhile arrives."""
        self._until.pop(rule, None)
        if rule in self._refusing:
            self._refusing.remove(rule)
            if not self._refusing:
                self._simulator.bayeux.add(Gate(at=now, opens=True))
        if rule not in self._parting:
            return []
        self._parting.remove(rule)
        if self._parting:
            return []
        effects, self._effects = self._effects, []
        inputs, self._inputs = self._inputs, []
        self._simulator.carriers.arrive(msgspec.structs.replace(each, at=now) for each in effects)
        arrived: list[Effect] = []
        for happening in inputs:
            arrived += self._simulator.react(happening, now)
        return arrived

    def incoming(self, happening: Input) -> Input:
        """What arrives of an input."""
        if not self._parting or isinstance(happening, Woken):
            return happening
        if len(self._inputs) < KEPT or isinstance(happening, SocketLost | ExchangeLost):
            self._inputs.append(happening)
        return Woken()

    def outgoing(self, effects: list[Effect]) -> list[Effect]:
        """What leaves of these effects."""
        if not self._parting:
            return effects
        self._effects += (each for each in effects if not isinstance(each, Gate | Wake))
        return [each for each in effects if isinstance(each, Gate | Wake)]
