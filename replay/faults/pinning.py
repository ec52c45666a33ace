"""A run's strikes as rules of a scenario: the same faults at the same times, and nothing left to chance.

A strike at a step, or at a Bayeux message that is counted, is repeated by its count; at a connect by the time
since the agent's `start`, as no two clients poll equally often; on the whole server by the time since all
began. What holds for all that an agent gets is a rule as it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from replay.entries import Entry, Kept, scenario_of
from replay.errors import UsageError, nearest
from replay.faults.fault import Fault as Kind
from replay.registry import FAULTS, resolve
from replay.scenario.durations import format_duration
from replay.scenario.model import Fault, Scenario, Where


class Pinned(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a run's faults."""

    faults: list[Fault]
    strikes: int
    """How often they struck."""
    notes: list[str]
    """What is left out, in sentences without the full stop."""


def pinned(kept: Kept, scenario: Scenario, *, agent: str = "") -> Pinned:
    """The faults of a run as rules of this scenario, in the order in which they struck.

    Args:
        agent: Only what struck this agent, as rules for whoever plays; of all agents when empty.

    Raises:
        UsageError: the journal is not of this scenario, or of an older form of it; it has no such agent.
    """
    if kept.scenarios and scenario.name not in kept.scenarios:
        played = " and ".join(f"'{name}'" for name in kept.scenarios)
        raise UsageError(f"the journal is of {played}, and this scenario is '{scenario.name}'")
    struck = _strikes(kept, agent)
    own = [each for each in struck if scenario_of(each[1]) in {"", scenario.name}]
    notes = [_of_others(struck, scenario.name)] if len(own) < len(struck) else []
    own = [each for each in own if not str(each[1].detail.get("changed", "")).startswith("nothing:")]
    by_hand = sum("by" in entry.detail for _, entry in own)
    if by_hand:
        notes.append(f"{by_hand} strike{'s' * (by_hand != 1)} at events that somebody typed left out")
        own = [each for each in own if "by" not in each[1].detail]
    entries = [entry for _, entry in own]
    _check(entries, scenario)
    several = len(kept.agents) > 1 and not agent
    written = {fault.name: fault for fault in scenario.faults}
    found: list[tuple[str, Fault]] = []
    for name, group in _alike(own):
        rule = group[0].detail["rule"]
        found += ((rule, fault) for fault in _rules(group, name if several else "", written.get(rule)))
    places = {rule: place for place, rule in enumerate(_order(entries))}
    found.sort(key=lambda each: places[each[0]])
    return Pinned(faults=list(_named(found)), strikes=len(entries), notes=notes)


def _strikes(kept: Kept, agent: str) -> list[tuple[str, Entry]]:
    """Strikes, each with the first name of whom it struck; of one agent, also those on the whole server."""
    first = kept.first_names
    struck = [(first.get(entry.agent, entry.agent), entry) for entry in kept.entries if entry.kind == "fault"]
    if not agent:
        return struck
    name, known = first.get(agent, agent), kept.agents
    if name not in known:
        what = f"no agent of the journal is called '{agent}'; agents: {', '.join(known) or 'none'}"
        raise UsageError(f"{what}. {nearest(agent, known)}".rstrip(" ."))
    return [each for each in struck if each[0] in {name, ""}]


def _alike(struck: Iterable[tuple[str, Entry]]) -> Iterator[tuple[str, list[Entry]]]:
    """Strikes of one rule on one agent at one thing, all with the same settings."""
    groups: dict[tuple[str, str, bytes], list[Entry]] = {}
    for name, entry in struck:
        told = [entry.detail.get(field) for field in ("rule", "fault", "meta", "settings", "ttl")]
        groups.setdefault((name, entry.step, msgspec.json.encode(told)), []).append(entry)
    return ((name, entries) for (name, _, _), entries in groups.items())


def _of_others(struck: Iterable[tuple[str, Entry]], name: str) -> str:
    foreign = [entry for _, entry in struck if scenario_of(entry) not in {"", name}]
    where = " and ".join(f"'{each}'" for each in dict.fromkeys(map(scenario_of, foreign)))
    times = f"{len(foreign)} strike{'s' * (len(foreign) != 1)}"
    return f"{times} at steps of {where} left out: pin them into that scenario"


def _check(entries: Iterable[Entry], scenario: Scenario) -> None:
    """Whether the scenario has the steps that were struck, and this version the faults."""
    steps = [step.id for step in (*scenario.session, *scenario.steps)]
    for entry in entries:
        kind, step = str(entry.detail.get("fault")), entry.step
        if kind not in FAULTS or not isinstance(entry.detail.get("rule"), str):
            raise UsageError(f"entry {entry.number} of the journal: this version knows no fault '{kind}'")
        if step and step not in steps:
            what = f"a fault struck '{step}', and the scenario has no such step"
            raise UsageError(f"{what}. {nearest(step, steps)}".rstrip(" ."))


def _rules(entries: list[Entry], agent: str, written: Fault | None) -> Iterator[Fault]:
    """The rules that repeat strikes of one kind at one thing.

    Args:
        written: The scenario's rule of that name.
    """
    first, detail = entries[0], entries[0].detail
    kind: type[Kind] = resolve(FAULTS, detail["fault"])
    same = Fault(
        name=detail["rule"],
        fault=detail["fault"],
        where=Where(step=first.step, meta=detail.get("meta", ""), agent=agent),
        settings=detail.get("settings", {}),
        ttl=detail.get("ttl", ""),
    )
    if kind.seams == {"traffic"}:
        yield _traffic(same, first, agent, written)
        return
    counted = [entry.detail["occurrence"] for entry in entries if "occurrence" in entry.detail]
    if counted:
        yield msgspec.structs.replace(same, nth=sorted(set(counted)))
    early = 0
    for entry in entries:
        if "occurrence" in entry.detail:
            continue
        since = _since(entry)
        if not first.step and not same.where.meta:
            yield msgspec.structs.replace(same, from_=since)
        elif since:
            yield msgspec.structs.replace(same, from_=since, limit=1)
        else:
            early += 1
    if early:
        yield msgspec.structs.replace(same, limit=early)


def _traffic(same: Fault, first: Entry, agent: str, written: Fault | None) -> Fault:
    if written is None or written.fault != same.fault:
        return msgspec.structs.replace(same, from_=_since(first))
    where = msgspec.structs.replace(written.where, agent=agent or written.where.agent)
    return msgspec.structs.replace(written, where=where, settings=same.settings, chance="")


def _since(entry: Entry) -> str:
    since = entry.detail.get("since", 0.0)
    return format_duration(since) if since > 0 else ""


def _order(entries: list[Entry]) -> list[str]:
    """The rules, such that those which struck together do so in the same order again."""
    rules: dict[str, dict[str, None]] = {}
    before: dict[Any, list[str]] = {}
    for entry in entries:
        rule, occurrence = entry.detail["rule"], entry.detail.get("occurrence")
        rules.setdefault(rule, {})
        if occurrence is not None:
            what = entry.agent, scenario_of(entry), entry.step, entry.detail.get("meta"), occurrence
            together = before.setdefault(what, [])
            rules[rule] |= dict.fromkeys(each for each in together if each != rule)
            together.append(rule)
    ordered: list[str] = []
    while rules:
        # Put up at different times, two may have struck now in this order, now in that: then the first was.
        free = next(
            (rule for rule, earlier in rules.items() if not earlier.keys() & rules), next(iter(rules))
        )
        ordered.append(free)
        del rules[free]
    return ordered


def _named(found: Iterable[tuple[str, Fault]]) -> Iterator[Fault]:
    """With names of their own: RULE, RULE-2, …"""
    pairs = list(found)
    taken: Mapping[str, None] = dict.fromkeys(rule for rule, _ in pairs)
    used: set[str] = set()
    counts: Counter[str] = Counter()
    for rule, fault in pairs:
        name = rule
        while name in used or (name != rule and name in taken):
            counts[rule] += 1
            name = f"{rule}-{counts[rule] + 1}"
        used.add(name)
        yield msgspec.structs.replace(fault, name=name)
