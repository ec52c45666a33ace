"""What is expected to happen, by scenarios and by tests, and which entries of a journal mean that it did.

A step is counted in each play by itself, since one who expects `accept` once means once in each: every play
that somebody has got must have it, and there must be one. A request has taken place when it was answered, an
event when it was told to a client. All is counted from the plays, whatever the journal has forgotten.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from replay.errors import ExpectationError, UsageError, check_known
from replay.scenario.expectations import contradiction
from replay.scenario.model import Expected
from replay.simulator.following import Following
from replay.simulator.judging import Expectation, Judged, Judging

if TYPE_CHECKING:
    from replay.entries import Entry
    from replay.simulator.simulator import Simulator

MANY = 50
"""Things that are missing which an error names."""


def expected(
    step: str,
    *,
    times: int | None = None,
    at_least: int | None = None,
    at_most: int | None = None,
    agent: str = "",
) -> Expected:
    """What is expected of a step; at least once where nothing says how often.

    Raises:
        UsageError: the counts contradict each other, or are none.
    """
    given = {"times": times, "at_least": at_least, "at_most": at_most}
    for name, number in given.items():
        if number is not None and (type(number) is not int or number < 0):
            raise UsageError(f"'{name}' must be a whole number from 0, not {number!r}")
    wanted = Expected(step=step, times=times, at_least=at_least, at_most=at_most, agent=agent)
    found = contradiction(wanted)
    if found is not None:
        raise UsageError(found[0])
    return wanted


def listed(missing: Iterable[str]) -> str:
    """What is missing, a line each: each once, and no more than one can read."""
    said = list(dict.fromkeys(missing))
    if len(said) > MANY:
        said[MANY:] = [f"and {len(said) - MANY:,} more"]
    return "\n".join(said)


class Expecting:
    """The part of a simulator that knows what is expected of it."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._own: list[Expectation] = []
        self.following = Following(simulator)

    def declare(self, wanted: Expected) -> None:
        """One more expectation, beside those of the scenarios.

        Raises:
            UsageError: no scenario has such a step.
        """
        self.check_step(wanted.step)
        self._own.append(Expectation(wanted=wanted))

    def forget(self) -> None:
        """Nothing has happened yet, and only what the scenarios expect is left."""
        self._own.clear()
        self.following.forget()

    def check_step(self, step: str) -> None:
        """Holds the name of a step against those there are.

        Raises:
            UsageError: no scenario has such a step.
        """
        check_known("step", step, list(self._steps()))

    def all(self) -> list[Expectation]:
        """The scenarios' own, in the order of the files, then those that were declared.

        Of what is offered on request nothing is expected before somebody plays it.
        """
        played = self._simulator.casting.played
        written = [
            Expectation(wanted=each, scenario=timeline.name)
            for timeline in self._simulator.timelines
            for each in timeline.scenario.expect
            if not timeline.is_on_request or timeline.place in played
        ]
        return [*written, *self._own]

    def judged(self, now: float, wanted: Iterable[Expectation] | None = None) -> list[Judged]:
        """Each of these, or of all, as it is now."""
        chosen = self.all() if wanted is None else list(wanted)
        if not chosen:
            return []
        judging = Judging(self._simulator, now)
        return [judging.judge(each) for each in chosen]

    def unmet(self, now: float) -> list[str]:
        """What is not met, a sentence each; what keeps several from being met is said once."""
        return list(dict.fromkeys(each.why for each in self.judged(now) if not each.met))

    def settle(self, now: float) -> list[str]:
        """What was declared and is not met, a sentence each; only the scenarios' own are left."""
        unmet = [each.why for each in self.judged(now, self._own) if not each.met]
        self.forget()
        return unmet

    def why_not(self, step: str, agent: str, now: float) -> str:
        """Why a step does not come, in the newest play that has it; empty where nothing is known."""
        return Judging(self._simulator, now).why_not(Expectation(wanted=Expected(step=step, agent=agent)))

    def lost(self, step: str, agent: str, kept: int, now: float) -> int:
        """How often a step has taken place beside those times of which the journal's window has entries.

        Args:
            kept: How many those are.
        """
        journal = self._simulator.journal
        if journal.counts.total() == len(journal):
            return 0
        one = Expectation(wanted=Expected(step=step, agent=agent))
        judging = Judging(self._simulator, now)
        counted = sum(count for _, _, count in judging.counted(one))
        counted += sum(times.count * plays for times, plays in judging.forgotten(one))
        return max(0, counted - kept)

    def check_done(self, now: float, agent: str = "") -> None:
        """Holds that every play is over and every expectation met.

        Args:
            agent: Only the plays of this one have to be over.

        Raises:
            ExpectationError: it is not so; says what is missing, a line each.
        """
        missing = [*self.unmet(now), *Judging(self._simulator, now).not_over(agent)]
        if missing:
            raise ExpectationError(listed(missing))

    def _steps(self) -> Iterator[str]:
        for timeline in self._simulator.timelines:
            yield from (step.id for step in (*timeline.scenario.session, *timeline.scenario.steps))


class Occurrences:
    """Entries of a journal with which a step takes place: an event was told, a request was answered."""

    def __init__(self, simulator: Simulator, step: str, agent: str = "") -> None:
        self._simulator = simulator
        self._step = step
        self._agent = agent
        self._asked: Counter[tuple[str, str]] = Counter()

    def take(self, entry: Entry) -> bool:
        """Whether this entry, which follows those before, is one."""
        if entry.step != self._step or not self._is_meant(entry.agent):
            return False
        whose = entry.agent, entry.play
        match entry.kind:
            case "event":
                return True
            case "request":
                self._asked[whose] += 1
            case "answer" if self._asked[whose] and not self._is_refused(entry):
                self._asked[whose] -= 1
                return True
            case _:
                pass
        return False

    def _is_refused(self, entry: Entry) -> bool:
        """Whether a rule has refused the request, which so has not been taken as the step."""
        struck = entry.detail.get("faults", ())
        rules = self._simulator.faulting.striking.rules if struck else ()
        return any(rule.name in struck and rule.fault.refuses for rule in rules)

    def _is_meant(self, label: str) -> bool:
        if self._agent in {"", label}:
            return True
        numbered = self._simulator.agents.numbered(self._agent)
        return numbered is not None and numbered.label == label
