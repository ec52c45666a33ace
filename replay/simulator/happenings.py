"""What happens to plays, and is kept of it: values only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from replay.plan.timeline import Cue, Moment
from replay.wire import Answer, Effect

if TYPE_CHECKING:
    from replay.faults.rules import Rule
    from replay.simulator.agents import Agent
    from replay.simulator.plays import Play
    from replay.simulator.striking import Struck

Fingerprint = tuple[str, str, tuple[tuple[str, str], ...], bytes]
"""Method, path, query and body of a request."""


class Mark(msgspec.Struct, frozen=True, gc=False):
    """When a moment happened."""

    at: float
    recorded: float
    """Where it would stand had every delay been kept: orders what falls together when waits are dropped."""
    captured: Mapping[str, Any] = {}
    """`STEP.name`: what the requests that led here captured."""
    answered_in: float | None = None
    """Of a request: the delay of its answer."""


class Due(msgspec.Struct, frozen=True):
    """A cue that has been set off."""

    play: Play
    cue: Cue
    mark: Mark
    tell_at: float = 0.0
    """It is not told before this, though it is due."""
    by: str = ""
    """Who wanted it, if not the story."""


class Order(msgspec.Struct, frozen=True):
    """An answer comes after the events of its request."""

    dues: tuple[Due, ...]
    """Those that the request itself has set off."""
    gap: float


class Reached(msgspec.Struct, frozen=True):
    """A moment that comes at a time known already: the answer to a request, in this play or another's."""

    play: Play
    moment: Moment
    mark: Mark
    answer: Answer | None = None
    """Given then; None where another play's answer stands for this one's."""
    label: str = ""
    """Whose request it was, as the journal names it."""
    struck: tuple[Struck, ...] = ()
    """Rules that change the answer."""
    order: Order | None = None
    """Set where the events of the request come first."""


class Again(msgspec.Struct, frozen=True):
    """An agent is to get another play of the scenario of this one."""

    play: Play


class Answered(msgspec.Struct, frozen=True, gc=False):
    """The latest answer an ask got, kept for a client that tries again."""

    at: float
    fingerprint: Fingerprint
    answer: Answer


class Harm(msgspec.Struct, frozen=True):
    """What a rule did to a step."""

    at: float
    rule: str
    changed: str
    """In a few words, as the journal has it; empty where it has none."""

    def words(self, step: str = "it") -> str:
        """The same to be read: `'late' struck it: 3s later`."""
        return f"'{self.rule}' struck {step}{f': {self.changed}' if self.changed else ''}"


class Refusal(msgspec.Struct, frozen=True):
    """What somebody is told whose login has expired, and by which rule."""

    rule: str
    status: int


class Leaving(msgspec.Struct, frozen=True):
    """What leaves at its time."""

    effect: Effect
    agent: Agent | None
    """Whose line it takes; None once it has been there, or where no rule asks."""


class Lift(msgspec.Struct, frozen=True):
    """The end of what a rule began."""

    rule: Rule
    at: float
