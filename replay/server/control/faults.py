"""`faults`: which rules there are, how often they struck; put up, changed, taken down."""

from __future__ import annotations

from typing import Any

from replay.faults.rules import Rule
from replay.server.control import fault_bodies
from replay.server.control.call import Call
from replay.server.control.route import Route, Routes
from replay.server.control.values import Deleted, Rules
from replay.simulator.switching import Standing, Switching


async def _all(call: Call) -> Rules:
    return Rules(faults=call.stage.steer(lambda switching, now: switching.standing(now)))


async def _one(call: Call) -> Rules:
    return Rules(faults=call.stage.steer(lambda rules, now: _shown(rules, rules.named(call.name), now)))


async def _put_up(call: Call) -> Rules:
    value = await call.json()
    put_up = call.stage.steer(lambda rules, now: _shown(rules, rules.put_up(value, now), now))
    if isinstance(value, dict) and "fault" in value:
        # On every replica it has one name: draws are keyed by it.
        call.said = {**value, "name": put_up[0].name}
    return Rules(faults=put_up)


async def _change(call: Call) -> Rules:
    value = await call.json()
    changed = call.stage.steer(lambda rules, now: _shown(rules, rules.change(call.name, value, now), now))
    return Rules(faults=changed)


async def _take_down(call: Call) -> Deleted:
    return _names(call.stage.steer(lambda rules, now: rules.take_down(call.name, now)))


async def _clear(call: Call) -> Deleted:
    return _names(call.stage.steer(lambda rules, now: rules.clear(now)))


def _shown(switching: Switching, rules: list[Rule], now: float) -> list[Standing]:
    return [switching.stands(rule, now) for rule in rules]


def _names(rules: list[Rule]) -> Deleted:
    return Deleted(deleted=[rule.name for rule in rules])


ROUTES: Routes = (
    Route(
        method="GET", path="faults", handler=_all, about="All rules, and how often they struck.", answer=Rules
    ),
    Route(
        method="POST",
        path="faults",
        handler=_put_up,
        about="Puts up a fault, a list of them, or a preset, before all other rules.",
        body=Any,
        schema=fault_bodies.wanted,
        answer=Rules,
        status=201,
        reach="everywhere",
        refuses=(502,),
    ),
    Route(
        method="DELETE",
        path="faults",
        handler=_clear,
        about="Takes down all that was put up here.",
        answer=Deleted,
        reach="everywhere",
        refuses=(502,),
    ),
    Route(
        method="GET",
        path="faults/{name}",
        handler=_one,
        about="The rules of a name: several scenarios may each have one.",
        answer=Rules,
    ),
    Route(
        method="PATCH",
        path="faults/{name}",
        handler=_change,
        about="Changes a rule while it is up: whether it is on, its chance, single settings, its time.",
        body=Any,
        schema=fault_bodies.changes,
        answer=Rules,
        reach="everywhere",
        refuses=(502,),
    ),
    Route(
        method="DELETE",
        path="faults/{name}",
        handler=_take_down,
        about="Takes down a rule that was put up here.",
        answer=Deleted,
        reach="everywhere",
        refuses=(502,),
    ),
)
