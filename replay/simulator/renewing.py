"""Scenarios that change while they are played.

What begins from then on, the plays of agents who come and plays that are offered, goes by the new scenario; a
play that has begun goes by the old one to its end, also where it waits for somebody to take a role. What an
agent has done in its session stays done: its first play of the new scenario brings the new text of the
session, which answers before the old one. Rules of the scenario are exchanged at once, for all plays: one
that has its name and its fault still goes on counting. Clients keep the settings of their handshake and,
while the server runs, the CometD path of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from replay.errors import UsageError
from replay.faults.rules import SOURCES, Rule
from replay.plan.common import watched_by
from replay.plan.timeline import Timeline
from replay.scenario.model import Fault
from replay.simulator.mounts import mounts_of

if TYPE_CHECKING:
    from replay.simulator.simulator import Simulator


class Renewing:
    """The part of a simulator that exchanges its scenarios."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self.refused: dict[str, tuple[str, ...]] = {}
        """What is wrong with files that have changed, by file: what they held before is played."""

    def renew(self, place: int, timeline: Timeline, now: float, *, file: str = "") -> None:
        """A scenario takes the place of one that is served, whatever it was called.

        Args:
            place: Which of those served, in the order in which they were given.
            file: What holds it, for the journal.

        Raises:
            UsageError: another that is served has its name.
        """
        simulator = self._simulator
        before = simulator.timelines[place]
        if any(each.name == timeline.name for each in simulator.timelines if each is not before):
            raise UsageError(f"two scenarios are named '{timeline.name}': give one another name")
        after = simulator.timelines[place] = self._beside_others(
            timeline.paced(simulator.options.pace, place), before
        )
        simulator.mounts |= mounts_of(simulator.timelines, queue=simulator.options.limits.queue)
        simulator.agents.know_cookie_name(after.profile.session_cookie)
        simulator.brought.forget_meanings()
        simulator.offering.learn(after)
        simulator.finding.renewed()
        simulator.demanding.learn()
        simulator.anew.collecting.learn(after)
        self.refused.pop(file, None)
        was = {"was": before.name} if before.name != after.name else {}
        self._note(after.name, file, now, changed="new plays go by it", **was)
        self._exchange_rules(before, after, now)

    def _beside_others(self, timeline: Timeline, before: Timeline) -> Timeline:
        """A changed scenario; what its session goes on from, other stories may go by."""
        others = [each.story.cues_on for each in self._simulator.timelines if each is not before]
        sessions = tuple(watched_by(each, others) for each in timeline.sessions)
        return msgspec.structs.replace(timeline, sessions=sessions)

    def refuse(self, place: int, problems: Sequence[str], now: float, *, file: str = "") -> None:
        """What a file holds now cannot be played: the scenario stays as it is.

        Args:
            problems: What is wrong with it, as the reader is told.
        """
        self.refused[file] = tuple(problems)
        self._note(self._simulator.timelines[place].name, file, now, problems=list(problems))

    def good_again(self, place: int, now: float, *, file: str = "") -> None:
        """A file that was refused holds again what is played."""
        self.refused.pop(file, None)
        self._note(
            self._simulator.timelines[place].name, file, now, changed="good again, and as it is played"
        )

    def _exchange_rules(self, before: Timeline, after: Timeline, now: float) -> None:
        simulator, rules = self._simulator, self._simulator.faulting.striking
        standing = {
            rule.name: rule
            for rule in rules.rules
            if (rule.source, rule.scenario) == ("scenario", before.name)
        }
        is_played = simulator.faulting.is_played(after)
        written = {fault.name: fault for fault in after.scenario.faults if is_played}
        for name, rule in standing.items():
            if name in written and _goes_on(rule, written[name]):
                rules.rename(rule, after.name)
                simulator.switching.rewrite(rule, written.pop(name), now)
            else:
                simulator.switching.remove(rule, now, "deleted")
        for fault in written.values():
            rule = Rule(fault, "scenario", scenario=after.name)
            rules.add(rule)
            simulator.faulting.begin(rule, now)
        places = {timeline.name: timeline.place for timeline in simulator.timelines}
        order = [fault.name for fault in after.scenario.faults]

        def rank(rule: Rule) -> tuple[int, int, int]:
            source = SOURCES.index(rule.source)
            own = order.index(rule.name) if rule.scenario == after.name and rule.name in order else 0
            return source, places.get(rule.scenario, 0), own

        rules.rules.sort(key=rank)
        simulator.carriers.learn()

    def _note(self, name: str, file: str, now: float, **detail: Any) -> None:
        said = {"name": name, **({"file": file} if file else {}), **detail}
        self._simulator.journal.note("scenario", self._simulator.since_start(now), "", **said)


def _goes_on(rule: Rule, fault: Fault) -> bool:
    """Whether a rule as it is written now is the same still: what begins by the clock begins anew."""
    return rule.written == fault or (rule.written.fault == fault.fault and not rule.is_by_the_clock)
