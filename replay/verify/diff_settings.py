"""What holds for the whole of a scenario, as values that can be held against those of another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from replay.scenario.model import Cometd, Fault, Scenario, fields_of
from replay.scenario.triggers import Moment, format_trigger, parse_trigger


def settings_of(scenario: Scenario, there: Mapping[str, str]) -> dict[str, Any]:
    """All that a server's doings depend on beside variables and steps, by the names of the file.

    Args:
        there: What steps are called on the other side, where that is not as here.
    """
    cometd = {field.name: getattr(scenario.cometd, field.name) for field in fields_of(Cometd)}
    return {
        "profile": scenario.profile,
        "profile_settings": scenario.profile_settings,
        "pace": scenario.pace,
        "offered": scenario.offered,
        "again": sorted(_trigger(text, there) for text in scenario.again),
        "shift_times": sorted(scenario.shift_times),
        "cometd": cometd | {"extensions": sorted(scenario.cometd.extensions)},
        "demands": demands_of(scenario),
        "faults": dict(_faults(scenario.faults, there)),
    }


def demands_of(scenario: Scenario) -> dict[str, Any]:
    """What requests have to come with, by the header, whose letters may be of either case."""
    demands = (replace(each, header=each.header.lower()) for each in scenario.demands)
    return {each.header: msgspec.to_builtins(each) for each in demands}


def _trigger(text: str, there: Mapping[str, str]) -> str:
    trigger = parse_trigger(text)
    moments = (Moment(there.get(each.step, each.step), each.response) for each in trigger.moments)
    return format_trigger(replace(trigger, moments=tuple(sorted(moments, key=lambda each: each.step))))


def _faults(faults: Iterable[Fault], there: Mapping[str, str]) -> Iterable[tuple[str, Any]]:
    for fault in faults:
        where = replace(fault.where, step=there.get(fault.where.step, fault.where.step))
        yield fault.name, msgspec.to_builtins(replace(fault, where=where))
