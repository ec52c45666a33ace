"""What is said and taken under `/__replay/`, as types; the client of these calls reads by the same ones."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from replay.simulator.directing import Delivery
from replay.simulator.judging import Judged
from replay.simulator.misses import Miss
from replay.simulator.resetting import WHATS, What
from replay.simulator.switching import Standing
from replay.simulator.undelivered import Undelivered
from replay.simulator.waiting import AgentRow

Limit = Annotated[int, msgspec.Meta(ge=0, le=100_000)]
"""How many are wanted at most."""


class ProblemSaid(msgspec.Struct, frozen=True, kw_only=True):
    """One of several things that are wrong with a call."""

    at: str
    what: str
    help: str


class ErrorSaid(msgspec.Struct, frozen=True, kw_only=True):
    """Why a call was refused."""

    what: str
    help: str
    problems: list[ProblemSaid]


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to every call that is refused."""

    error: ErrorSaid


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """That it serves, and what."""

    status: Literal["ok"] = "ok"
    version: str
    playing: list[str]
    """Names of the scenarios."""
    on_request: list[str] = []
    """Those of which nobody gets a play before it is offered one."""
    speed: float | Literal["max"] = 1.0
    """At which they are played."""


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """That clients may come."""

    status: Literal["ready"] = "ready"


class StepRead(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A step of a scenario, in words."""

    id: str
    kind: Literal["request", "push"]
    what: str
    """`POST /api/v2/me/chats/${chat} Accept`, or the channel and what the event says it is."""
    after: str
    """What sets it off; `when asked` of a request."""
    channel: str = ""
    """Of a push."""
    agent: str = ""
    """Its role, where steps have several."""


class ScenarioRead(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A scenario that is played."""

    name: str
    about: str
    roles: list[str]
    steps: list[StepRead]
    """Those of its session first."""
    file: str = ""
    """Where it was read from, if that is known."""
    offered: Literal["at-start", "on-request"] = "at-start"
    """When an agent gets a play: as soon as it comes, or once it is offered one."""


class Scenarios(msgspec.Struct, frozen=True, kw_only=True):
    """What is played, in order."""

    scenarios: list[ScenarioRead]


class AgentsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which agents are wanted."""

    after: int = 0
    """Only those after the one of this ordinal."""
    limit: Limit = 1000
    """So many at most."""
    find: str = ""
    """Only those whose name has this in it."""


class Agents(msgspec.Struct, frozen=True, kw_only=True):
    """Agents in order of appearance."""

    agents: list[AgentRow]
    total: int
    """How many there are, also beyond the limit."""


class Offer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A play that is wanted."""

    scenario: str = ""
    """Its name; may be left out where only one is played."""
    agent: str = ""
    """By the name that the journal has for it, or its ordinal; may be left out where there is only one."""


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """A play that has begun."""

    play: str
    """As the journal names it: `accept-chat#2`."""
    agent: str


class PushWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An event that is wanted now: a step of a play, or a channel and its data."""

    agent: str = ""
    """By the name that the journal has for it, or its ordinal; everybody's when left out."""
    play: str = ""
    """Whose step it is, as the journal names it; the agent's newest that has such a step when empty."""
    step: str = ""
    """The push to be made."""
    channel: str = ""
    """Where `data` is pushed, if no step is named."""
    data: Any = msgspec.UNSET
    """Any JSON value."""


class Pushed(msgspec.Struct, frozen=True, kw_only=True):
    """What a push has led to."""

    told: list[Delivery]


class ResetWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be as it was when the server began."""

    what: tuple[What, ...] = WHATS


class ResetDone(msgspec.Struct, frozen=True, kw_only=True):
    """What is as it was when the server began."""

    reset: list[What]


class MissesQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which misses are wanted."""

    agent: str = ""
    """Only this agent's, by the name the journal has for it."""
    since: int = 0
    """Only those after the journal's entry of this number."""
    limit: Limit = 1000
    """So many at most."""


class Misses(msgspec.Struct, frozen=True, kw_only=True):
    """What did not fit: requests that matched no step, and events that nobody was given."""

    misses: list[Miss]
    """The latest, oldest first."""
    total: int
    """How many requests matched no step, whosever, also of those that are not kept any more."""
    undelivered: list[Undelivered]
    """The first of them, as they are now."""
    undelivered_total: int
    """How many there are."""


class ExpectationsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One expectation to be judged instead of those there are."""

    step: str = ""
    """The step that must have taken place, in each play."""
    times: int | None = None
    """So many times."""
    at_least: int | None = None
    """So many times or more."""
    at_most: int | None = None
    """So many times or less."""
    agent: str = ""
    """Role, name or number of whose step it is; everybody's when left out."""


class Expectations(msgspec.Struct, frozen=True, kw_only=True):
    """What must have happened, as it is now."""

    met: bool
    """Whether all of it has."""
    expectations: list[Judged]


class ClockRead(msgspec.Struct, frozen=True, kw_only=True):
    """What the plays go by."""

    clock: Literal["real", "manual"]
    now: float
    """Seconds since the simulator began."""


class Advance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far a clock is moved."""

    advance: str | int | float
    """A duration: `30s`, or seconds."""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """Rules, foremost first."""

    faults: list[Standing]


class Deleted(msgspec.Struct, frozen=True, kw_only=True):
    """Names of what was taken down."""

    deleted: list[str]


class SinceQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which entries of the journal are wanted."""

    agent: str = ""
    """Only this agent's, by the name the journal has for it."""
    kind: str = ""
    """Only of this kind."""
    since: int = 0
    """Only those after the entry of this number."""
