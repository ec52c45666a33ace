"""Several recordings of one story told as one scenario.

scenarios --aligned--> rows of steps --renaming--> one name for one thing --differing--> values, delays

What is the same stays as it is. Delays become `recorded(…)`, windows reach as far back as the longest.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Protocol

import msgspec

from replay.distil.aligned import Row, aligned, refuse_strangers
from replay.distil.delaying import delays, set_off
from replay.distil.differing import Differing, Place
from replay.distil.renaming import Unified, step_with
from replay.distil.steps import Names
from replay.distil.story import Distilled
from replay.profiles.profile import Profile
from replay.registry import PROFILES, resolve
from replay.scenario.model import Fault, PushStep, RequestStep, Scenario, Step, is_set
from replay.verify.diff import nothing_personal
from replay.verify.diff_values import Personal


class _Pick(Protocol):
    """Chooses what to write for the scalars at one place."""

    def __call__(self, place: Place, values: list[Any], /, *, whole: bool) -> Any: ...


def merged(
    scenarios: Sequence[Scenario], *, name: str = "", personal: Personal = nothing_personal
) -> Distilled:
    """The scenario that several recordings of one story have in common.

    Args:
        scenarios: One for each recording; the first gives names, order, and what the others disagree on.
        name: The new scenario's name; the first one's when left out.
        personal: Whether a field is redacted, by the names on the way to it: pseudonyms may differ there.

    Raises:
        RecordingError: they do not tell the same story; says where they part.
    """
    return _Merging(list(scenarios), personal).result(name)


class _Merging:
    def __init__(self, scenarios: list[Scenario], personal: Personal) -> None:
        self._scenarios = scenarios
        self._profile: Profile = resolve(PROFILES, scenarios[0].profile)
        self._steps = aligned([each.steps for each in scenarios], self._profile)
        self._session = aligned([each.session for each in scenarios], self._profile)
        refuse_strangers(scenarios, self._steps)
        self._rows = [*self._session, *self._steps]
        self._unified = Unified(scenarios, self._rows)
        self._ids = self._step_ids()
        self._differing = Differing(self._profile, self._unified.variables, self._unified.free, personal)
        self._parted = 0

    def result(self, name: str) -> Distilled:
        first = self._scenarios[0]
        for row in self._rows:
            self._merge(row, self._differing.collect)
        self._differing.decide()
        session, steps = ([self._written(row) for row in rows] for rows in (self._session, self._steps))
        names = [each.source.recording or each.name for each in self._scenarios]
        transports = [kind for each in self._scenarios for kind in each.source.transports]
        source = msgspec.structs.replace(
            first.source,
            recording=", ".join(dict.fromkeys(names)),
            transports=list(dict.fromkeys(transports)),
        )
        scenario = msgspec.structs.replace(
            first,
            name=name or first.name,
            about=f"Distilled from {len(names)} recordings of one story: {_listed(names)}.",
            source=source,
            variables=self._unified.variables,
            shift_times=sorted(
                self._differing.shifted.union(*(each.shift_times for each in self._scenarios))
            ),
            ignore=sorted(self._differing.ignored.union(*(each.ignore for each in self._scenarios))),
            faults=self._faults(),
            session=session,
            steps=steps,
        )
        return Distilled(scenario=scenario, notes=tuple(self._notes(names)))

    def _faults(self) -> list[Fault]:
        """What went wrong in any of the recordings."""
        names, faults = Names(), []
        for place, scenario in enumerate(self._scenarios):
            for fault in scenario.faults:
                step = self._ids[place].get(fault.where.step, fault.where.step)
                where = msgspec.structs.replace(fault.where, step=step)
                faults.append(msgspec.structs.replace(fault, name=names.take(fault.name), where=where))
        return faults

    def _step_ids(self) -> list[dict[str, str]]:
        """For each recording, what its steps are called here."""
        taken: set[str] = set()
        ids: list[dict[str, str]] = [{} for _ in self._scenarios]
        for row in self._rows:
            own = row[min(row)].id
            free, number = own, 1
            while free in taken:
                number += 1
                free = f"{own.rstrip('0123456789').rstrip('-')}-{number}"
            taken.add(free)
            for place, step in row.items():
                ids[place][step.id] = free
        return ids

    # One step

    def _written(self, row: Row) -> Step:
        step = self._merge(row, self._differing.written)
        told = {place: each for place, each in row.items() if isinstance(each, PushStep)}
        if isinstance(step, PushStep):
            found = set_off(told, self._ids)
            self._parted += found.parted
            return msgspec.structs.replace(
                step, after=found.after, window=found.window, because=found.because
            )
        asked = [each for each in row.values() if isinstance(each, RequestStep)]
        answers = [
            msgspec.structs.replace(
                answer, after=delays([each.respond[at].after for each in asked if at < len(each.respond)])
            )
            for at, answer in enumerate(step.respond)
        ]
        needs = [self._ids[min(row)].get(each, each) for each in step.needs]
        thought = delays([each.think for each in asked])
        return msgspec.structs.replace(step, respond=answers, needs=needs, think=thought)

    def _merge(self, row: Row, pick: _Pick) -> Step:
        base = min(row)
        told = {
            place: step_with(step, partial(self._unified.told, place=place)) for place, step in row.items()
        }
        step, others = told[base], list(told.values())
        name, whole = self._ids[base][step.id], len(row) == len(self._scenarios)

        def value(values: list[Any], *, asked: bool = False) -> Any:
            return self._value(values, Place(name, asked), pick, whole=whole)

        if isinstance(step, PushStep):
            data = value([each.data for each in others if isinstance(each, PushStep)])
            return msgspec.structs.replace(step, id=name, data=data)
        asked = [each for each in others if isinstance(each, RequestStep)]
        step = msgspec.structs.replace(
            step,
            id=name,
            request=_request([each.request for each in asked]),
            body=value([each.body for each in asked], asked=True),
        )
        for at, answer in enumerate(step.respond):
            said = [each.respond[at] for each in asked if at < len(each.respond)]
            step.respond[at] = msgspec.structs.replace(
                answer,
                headers=value([each.headers for each in said]),
                body=value([each.body for each in said]),
            )
        return step

    def _value(self, values: list[Any], place: Place, pick: _Pick, *, whole: bool) -> Any:
        first = values[0]
        if len(values) == 1 or not all(map(is_set, values)):
            return first
        if all(isinstance(each, dict) for each in values):
            # What only some clients send cannot be asked of all.
            keys = [key for key in first if not place.asked or all(key in each for each in values)]
            return {
                key: self._value(
                    [each[key] for each in values if key in each],
                    place._replace(path=(*place.path, key)),
                    pick,
                    whole=whole and all(key in each for each in values),
                )
                for key in keys
            }
        if all(isinstance(each, list) for each in values):
            if len({len(each) for each in values}) > 1:
                self._differing.uneven(place)
                return first
            return [self._value(list(each), place, pick, whole=whole) for each in zip(*values, strict=True)]
        if any(isinstance(each, dict | list) for each in values):
            self._differing.uneven(place)
            return first
        return pick(place, values, whole=whole)

    # What to say about it

    def _notes(self, names: list[str]) -> list[str]:
        notes = []
        for place, name in enumerate(names):
            alone = [self._ids[place][row[place].id] for row in self._rows if list(row) == [place]]
            if alone:
                notes.append(f"only {name} has {_listed(alone)}; kept")
            missing = [self._ids[min(row)][row[min(row)].id] for row in self._rows if place not in row]
            if missing and len(names) > 2:
                notes.append(f"{name} has no {_listed(missing)}")
        if self._parted:
            events = "1 event follows" if self._parted == 1 else f"{self._parted} events follow"
            notes.append(f"{events} something else in each recording; the first with evidence is believed")
        for step, field in self._differing.disputed:
            if field not in self._differing.ignored:
                what = f"'{field}' of {step}" if field else f"the data of {step}"
                notes.append(f"{what} differs; it is as {names[0]} has it")
        return notes


def _request(requests: list[str]) -> str:
    """`METHOD /path?query` with those parts of the query that all recordings have alike."""
    target, mark, query = requests[0].partition("?")
    pairs = [set(each.partition("?")[2].split("&")) for each in requests]
    kept = [pair for pair in query.split("&") if all(pair in each for each in pairs)]
    return f"{target}{mark}{'&'.join(kept)}".rstrip("?") if mark else target


def _listed(names: Sequence[str]) -> str:
    names = list(dict.fromkeys(names))
    if len(names) > 6:
        return f"{', '.join(names[:5])} and {len(names) - 5} more"
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)
