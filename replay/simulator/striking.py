"""Which rules strike when something happens to an agent.

Chance is keyed by seed, rule, agent, step and the how-manieth time it is for that agent, so that it falls
alike however many agents are there and in whatever order their packets arrive.
"""

from __future__ import annotations

import math
import random  # noqa: TID251  only for the type of the source that strikes draw from
from bisect import insort
from collections.abc import Iterator
from typing import Any

import msgspec

from replay.errors import UsageError
from replay.faults.fault import Strike
from replay.faults.rules import SOURCES, Occasion, Rule, Source
from replay.simulator.agents import Agent
from replay.simulator.draws import draw
from replay.simulator.plays import Play
from replay.simulator.tallies import count


class Whom(msgspec.Struct, frozen=True, kw_only=True):
    """Whom something happens to."""

    key: str | int
    """What draws are keyed by."""
    label: str
    names: frozenset[str]
    """Its user, its number, its roles: what `where: {agent: …}` may say."""
    elapsed: float | None
    """Seconds since its `start`, in the scenario's time; None before. Of nobody: since all began."""
    agent: Agent | None = None
    """None for somebody who has not been let in yet."""


class Struck(msgspec.Struct, kw_only=True):
    """A rule that strikes, and what the journal is to say of it."""

    rule: Rule
    strike: Strike
    whom: Whom
    occasion: Occasion
    occurrence: int
    """The how-manieth time this happens to this agent; 0 where that is not counted."""
    number: float | None = None
    """What was drawn against the chance, from 0 to 1."""
    play: Play | None = None
    """Where it was a step of one."""
    is_noted: bool = False

    @property
    def detail(self) -> dict[str, Any]:
        """What the journal says of it beside when and where."""
        said: dict[str, Any] = {"rule": self.rule.name, "fault": self.rule.written.fault}
        settings = self.rule.written.settings | self.strike.drawn
        said |= {"settings": settings} if settings else {}
        if self.rule.fault.whole_server and self.rule.written.ttl:
            said["ttl"] = self.rule.written.ttl
        if self.occasion.seam == "event" and not self.occasion.subject:
            # An event that is no step's: no rule of a scenario can strike it again.
            said["by"] = "control"
        if self.occurrence:
            said["occurrence"] = self.occurrence
        elif self.whom.elapsed is not None:
            # Never later than it was: a rule that begins then strikes at the same.
            said["since"] = math.floor(round(self.whom.elapsed * 10_000, 3)) / 10_000
        return said | ({"draw": round(self.number, 6)} if self.number is not None else {})


class Striking:
    """All rules of a simulator, foremost first."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.rules: list[Rule] = []
        """In the order in which they are asked."""
        self._known: set[tuple[str, str, str]] = set()

    def add(self, rule: Rule) -> None:
        """One more rule; a rule of its name in a source behind it is passed over from now on.

        Raises:
            UsageError: its own source has a rule of its name.
        """
        if _known(rule) in self._known:
            raise UsageError(f"there is a fault called '{rule.name}' already: give this one another name")
        self._known.add(_known(rule))
        insort(self.rules, rule, key=lambda each: SOURCES.index(each.source))

    def remove(self, rule: Rule) -> None:
        """It strikes no more."""
        rule.is_on = False
        self.rules.remove(rule)
        self._known.discard(_known(rule))

    def rename(self, rule: Rule, scenario: str) -> None:
        """The scenario that it comes from is called so from now on."""
        self._known.discard(_known(rule))
        rule.scenario = scenario
        self._known.add(_known(rule))

    def strikes(
        self, occasion: Occasion, whom: Whom, occurrence: int, *, now: float, own: tuple[Rule, ...] = ()
    ) -> list[Struck]:
        """The rules that strike: of several sources' only the foremost's.

        Args:
            own: Rules that the request itself brings.
        """
        found: list[Struck] = []
        for rule, source, number in self._meant(occasion, whom, occurrence, now, own):
            if found and found[0].rule.source != rule.source:
                continue
            rule.struck[whom.key] += 1
            if whom.agent is not None:
                count(whom.agent.struck, rule.name)
            struck = self.struck(rule, occasion, whom, now=now, occurrence=occurrence, source=source)
            struck.number = number
            found.append(struck)
        return found

    def struck(
        self,
        rule: Rule,
        occasion: Occasion,
        whom: Whom,
        *,
        now: float,
        occurrence: int = 0,
        source: random.Random | None = None,
    ) -> Struck:
        """A rule that strikes."""
        strike = Strike(
            rule=rule.name,
            now=now,
            seam=occasion.seam,
            source=source or self._source(rule, occasion, whom, occurrence),
            profile=None,
            agent=whom.key,
            link=rule.link,
            ttl=rule.ttl,
            drawn={},
        )
        return Struck(rule=rule, strike=strike, whom=whom, occasion=occasion, occurrence=occurrence)

    def _source(self, rule: Rule, occasion: Occasion, whom: Whom, occurrence: int) -> random.Random:
        # Connects are not counted for an agent: the rule's own count keeps two of them apart.
        where = (occasion.scenario, occasion.subject, occurrence or rule.seen[whom.key])
        return draw(self._seed, "fault", rule.name, whom.key, *where)

    def _meant(
        self, occasion: Occasion, whom: Whom, occurrence: int, now: float, own: tuple[Rule, ...]
    ) -> Iterator[tuple[Rule, random.Random, float | None]]:
        """Rules whose turn it is, with the chance they draw from and what they have drawn."""
        names: dict[str, Source] = {}
        for rule in (*own, *self.rules):
            if names.setdefault(rule.name, rule.source) != rule.source:
                continue
            if not rule.holds(now) or not rule.fits(occasion) or not rule.meant(whom.key, whom.elapsed):
                continue
            source = self._source(rule, occasion, whom, occurrence)
            if rule.chance == 1.0:
                yield rule, source, None
                continue
            number = source.random()
            if number < rule.chance:
                yield rule, source, number


def _known(rule: Rule) -> tuple[str, str, str]:
    """By what there is only one of it."""
    return rule.name, rule.source, rule.scenario
