"""`faults`: which rules there are, how often they struck; put up, changed, taken down."""

from __future__ import annotations

from typing import Any

from replay.faults.rules import Rule
from replay.server.control.call import Call, Routes
from replay.simulator.switching import Standing, Switching


async def _all(call: Call) -> Any:
    call.query()
    return {"faults": call.stage.steer(lambda switching, now: switching.standing(now))}


async def _one(call: Call) -> Any:
    call.query()
    return {"faults": call.stage.steer(lambda rules, now: _shown(rules, rules.named(call.name), now))}


async def _put_up(call: Call) -> Any:
    call.query()
    value = await call.json()
    put_up = call.stage.steer(lambda rules, now: _shown(rules, rules.put_up(value, now), now))
    call.status = 201
    return {"faults": put_up}


async def _change(call: Call) -> Any:
    call.query()
    value = await call.json()
    changed = call.stage.steer(lambda rules, now: _shown(rules, rules.change(call.name, value, now), now))
    return {"faults": changed}


async def _take_down(call: Call) -> Any:
    call.query()
    return {"deleted": _names(call.stage.steer(lambda rules, now: rules.take_down(call.name, now)))}


async def _clear(call: Call) -> Any:
    call.query()
    return {"deleted": _names(call.stage.steer(lambda rules, now: rules.clear(now)))}


def _shown(switching: Switching, rules: list[Rule], now: float) -> list[Standing]:
    return [switching.stands(rule, now) for rule in rules]


def _names(rules: list[Rule]) -> list[str]:
    return [rule.name for rule in rules]


ROUTES: Routes = {
    "faults": {"GET": _all, "POST": _put_up, "DELETE": _clear},
    "faults/{name}": {"GET": _one, "PATCH": _change, "DELETE": _take_down},
}
