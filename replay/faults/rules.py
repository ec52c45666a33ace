"""Rules: which fault, where, and which of the times.

A rule looks at every occasion that its `where` fits. Of these, in this order: those between `from` and
`until` count; `nth`, `every` or `first` say which of the counted are meant; `chance` draws for each that is
meant; and after `limit` strikes there are no more. All counts are one agent's own.

Rules come from four sources. Of those that strike at one moment only the foremost source's do: the request's
own header, then what was switched on at run time, then `--faults`, then the scenario. A rule takes the place
of one of its name in a source behind it.

Occasions that a rule does not name it does not take: without `where: {meta: …}` polls, handshakes and
subscriptions pass, unless its fault strikes at nothing else.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Container, Mapping
from functools import partial
from typing import Any, Literal, get_args

import msgspec

from replay.bayeux.channels import covers
from replay.faults.fault import Fault, Seam
from replay.registry import FAULTS, resolve
from replay.scenario import model
from replay.scenario.durations import parse_duration

Source = Literal["header", "run time", "file", "scenario"]
"""Foremost first."""

SOURCES: tuple[Source, ...] = get_args(Source)


GONE = 0
"""Stands in a rule's counts for all agents that have been forgotten; no agent has this ordinal."""


class Occasion(msgspec.Struct, frozen=True, kw_only=True):
    """Something happens to an agent, at which a fault may strike."""

    seam: Seam
    subject: str
    """What it is about, as draws are keyed: the id of a step, or `/meta/connect`."""
    scenario: str = ""
    """Whose step it is; empty for a Bayeux message."""
    facts: Mapping[str, str]
    """What there is to be said of it, by the names that `where` has."""
    names: Container[str] = ()
    """What the agent is called: its user, its number, its roles."""


class Rule:
    """One rule and its counts."""

    def __init__(self, written: model.Fault, source: Source, *, scenario: str = "") -> None:
        """Switched on, and nothing counted yet.

        Args:
            scenario: Whose steps it is about; all there are when empty.

        Raises:
            KeyError: there is no such fault.
            msgspec.ValidationError: its settings are wrong.
        """
        self.source = source
        self.scenario = scenario
        self.is_on = True
        self.since: float | None = None
        """When it was put up; known once the simulator has begun."""
        self.seen: Counter[str | int] = Counter()
        self.struck: Counter[str | int] = Counter()
        self.link: dict[str | int, float] = {}
        self.change(written)

    def forget_agents(self) -> None:
        """Nobody in particular was seen and struck; how often anybody was is still counted."""
        for counts in (self.seen, self.struck):
            total = counts.total()
            counts.clear()
            counts[GONE] = total
        self.link.clear()

    def forget(self, agent: str | int) -> None:
        """The same for one of them."""
        for counts in (self.seen, self.struck):
            if agent in counts:
                counts[GONE] += counts.pop(agent)
        self.link.pop(agent, None)

    def change(self, written: model.Fault) -> None:
        """It is another from now on; what it has counted stays.

        Raises:
            KeyError: there is no such fault.
            msgspec.ValidationError: its settings are wrong.
        """
        kind: type[Fault] = resolve(FAULTS, written.fault)
        self.fault = msgspec.convert(written.settings, kind, strict=True)
        self.written = written
        self.ttl = parse_duration(written.ttl) if written.ttl else None
        self.chance = float(written.chance.rstrip("% ")) / 100 if written.chance else 1.0
        self._from = parse_duration(written.from_) if written.from_ else None
        self._until = parse_duration(written.until) if written.until else None
        self._fits = _matchers(written.where)
        self._seams, self._metas = kind.taken(written.where)

    @property
    def name(self) -> str:
        """How the journal and the control routes know it."""
        return self.written.name

    def __repr__(self) -> str:
        return f"<Rule {self.name}: {self.written.fault}, struck {self.struck.total()} times>"

    @property
    def is_by_the_clock(self) -> bool:
        """Whether it reaches the whole server and says of nothing when: its `from` alone does."""
        return self.fault.whole_server and self.written.where == model.Where()

    @property
    def begins(self) -> float:
        """Seconds after the beginning, in the scenario's time."""
        return self._from or 0.0

    @property
    def ends(self) -> float | None:
        """When its time runs out; None where it has none, or says by it how long an outage lasts."""
        if self.ttl is None or self.since is None or self.fault.whole_server:
            return None
        return self.since + self.ttl

    def is_over(self, now: float) -> bool:
        """Whether its time has run out."""
        ends = self.ends
        return ends is not None and now >= ends

    def holds(self, now: float) -> bool:
        """Whether it is on, and its time has not run out."""
        return self.is_on and not self.is_over(now)

    def fits(self, occasion: Occasion) -> bool:
        """Whether this is one of the occasions it looks at."""
        if occasion.seam not in self._seams or (
            self.scenario and occasion.scenario not in {"", self.scenario}
        ):
            return False
        if occasion.seam == "meta" and occasion.facts["meta"] not in self._metas:
            return False
        where = self.written.where
        if where.agent and where.agent not in occasion.names:
            return False
        facts = occasion.facts
        return all(name in facts and fit(facts[name]) for name, fit in self._fits)

    def meant(self, agent: str | int, elapsed: float | None) -> bool:
        """Counts one more occasion of this agent, and says whether it is one of those that are meant.

        Args:
            elapsed: Seconds since its `start`, in the scenario's time; None before.
        """
        if self._from is not None and (elapsed is None or elapsed < self._from):
            return False
        if self._until is not None and elapsed is not None and elapsed > self._until:
            return False
        self.seen[agent] += 1
        count, written = self.seen[agent], self.written
        if written.limit is not None and self.struck[agent] >= written.limit:
            return False
        if written.nth:
            return count in written.nth
        if written.every is not None:
            return count % written.every == 0
        return written.first is None or count <= written.first


def _matchers(where: model.Where) -> list[tuple[str, Callable[[str], bool]]]:
    """How each fact has to be."""
    told: dict[str, Any] = msgspec.to_builtins(where)
    found: list[tuple[str, Callable[[str], bool]]] = []
    for name, wanted in told.items():
        if name == "path":
            found.append((name, partial(_matches, path_pattern(wanted))))
        elif name == "channel":
            found.append((name, partial(covers, wanted)))
        elif name == "meta":
            found.append((name, wanted.removeprefix("/meta/").__eq__))
        elif name != "agent":
            found.append((name, wanted.__eq__))
    return found


def _matches(pattern: re.Pattern[str], text: str) -> bool:
    return pattern.fullmatch(text) is not None


def path_pattern(path: str) -> re.Pattern[str]:
    """What a path of `where` matches: `*` is one segment, `**` at the end all that follow."""
    open_end = path.endswith("/**")
    parts = (path[:-3] if open_end else path).split("*")
    text = "[^/]+".join(re.escape(part) for part in parts)
    return re.compile(text + ("/.+" if open_end else ""))
