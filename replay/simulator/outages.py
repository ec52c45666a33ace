"""When the whole server cannot be reached: new connections refused, or a network in two parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from replay.faults.fault import Outage
from replay.faults.rules import Rule
from replay.wire import Effect, Gate, Input, Wake, Woken

if TYPE_CHECKING:
    from replay.simulator.simulator import Simulator

KEPT = 100_000
"""Inputs that are kept while the network is in two parts; what comes beyond is lost."""


class Lift(msgspec.Struct, frozen=True):
    """The end of what a rule began."""

    rule: Rule


class Outages:
    """The part of a simulator that knows whether it can be reached."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._refusing: list[Rule] = []
        self._parting: list[Rule] = []
        self._inputs: list[Input] = []
        self._effects: list[Effect] = []

    @property
    def is_parted(self) -> bool:
        """Whether nothing passes between clients and the server."""
        return bool(self._parting)

    def begin(self, outage: Outage, rule: Rule, now: float) -> None:
        """The server cannot be reached any more."""
        rules = self._refusing if outage.kind == "refuse" else self._parting
        if rule in rules:
            return
        rules.append(rule)
        if outage.kind == "refuse":
            self._simulator.bayeux.add(Gate(at=now, opens=False, cut=outage.cut))
        if outage.until is not None:
            self._simulator.put(outage.until, Lift(rule))

    def end(self, rule: Rule, now: float) -> list[Effect]:
        """What a rule began is over; what was sent meanwhile arrives."""
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
        arrived = [each if each.at > now else msgspec.structs.replace(each, at=now) for each in effects]
        for happening in inputs:
            arrived += self._simulator.react(happening, now)
        return arrived

    def incoming(self, happening: Input) -> Input:
        """What arrives of an input."""
        if not self._parting or isinstance(happening, Woken):
            return happening
        if len(self._inputs) < KEPT:
            self._inputs.append(happening)
        return Woken()

    def outgoing(self, effects: list[Effect]) -> list[Effect]:
        """What leaves of these effects."""
        if not self._parting:
            return effects
        self._effects += (each for each in effects if not isinstance(each, Gate | Wake))
        return [each for each in effects if isinstance(each, Gate | Wake)]
