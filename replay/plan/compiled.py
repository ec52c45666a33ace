"""What a scenario is compiled to: values, of which nothing is parsed again once agents come.

    Scenario            Timeline
    --------            --------
    request steps  -->  asks: method, path and body as patterns, answers ready to be rendered
    push steps     -->  cues: channel and data ready to be rendered, and what sets them off
    after: A + d   -->  cues_on[A]: when A happens in a play, which cues may be due

A cue is set off once for every occurrence of its trigger. A trigger of several moments is complete for the
n-th time when each of them has happened n times, and counts from the last.

Where steps name agents, each role has asks and cues, a `start` and a session of its own; the story is one for
all of them.
"""

from __future__ import annotations

from typing import Any

import msgspec

from replay.plan.beside import Beside
from replay.plan.making import Change, Made
from replay.plan.pace import Pace
from replay.plan.prepared import Prepared
from replay.plan.values import Text
from replay.scenario.delays import Delay
from replay.scenario.model import Scenario
from replay.scenario.triggers import Moment, Trigger


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """One answer of an ask."""

    after: Delay
    status: int
    headers: tuple[tuple[str, Any], ...]
    """Values are compiled text; those without a reference are as they are sent."""
    are_ready: bool
    """Whether no header has a reference."""
    body: Any = msgspec.UNSET
    """Compiled JSON value; unset when `raw` is the body."""
    prepared: Prepared
    """The same, to be sent."""
    raw: Any = b""
    """Bytes, or compiled text."""
    makes: tuple[Made, ...] = ()
    """What is made each time that it is given."""


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A request the client makes."""

    id: str
    method: str
    path: Text
    query: tuple[tuple[str, Any], ...]
    body: Any
    """Compiled JSON value, or unset when any body will do."""
    exact: bool
    needs: tuple[str, ...]
    until: tuple[str, ...]
    repeat: str
    replies: tuple[Reply, ...]
    names: frozenset[str]
    """The variables it mentions, which it may capture."""
    captured_as: dict[str, str]
    """`STEP.name` of each."""
    asked: Moment
    """When such a request comes."""
    replied: Moment
    """When it is answered."""
    think: Delay = 0.0
    """How long a person takes to ask, once all above it has been seen."""
    role: int = 0
    """Whose request it is: an index into the timeline's roles."""
    said: int = 0
    """How much it says of a body; what is literal says more than a name, which fits whatever is there."""
    changes: tuple[Change, ...] = ()
    """What it adds to variables that are merged, and removes, each time."""


class Cue(msgspec.Struct, frozen=True, kw_only=True):
    """An event the server sends."""

    id: str
    channel: Any
    trigger: Trigger
    data: Prepared
    said: Any
    """Channel and data as they stand in the scenario."""
    moment: Moment
    """When it is due."""
    wait: float | None = None
    """The delay where it is always the same and counts from one moment, as most do."""
    head: bytes = b""
    """How its message begins; empty where that differs from play to play."""
    until: tuple[str, ...] = ()
    role: int = 0
    """Whose event it is."""
    makes: tuple[Made, ...] = ()
    """What is made each time that it is due."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """The story, or one role's session."""

    asks: tuple[Ask, ...]
    asks_of: tuple[tuple[Ask, ...], ...]
    """The same, by role."""
    cues: tuple[Cue, ...]
    cues_on: dict[Moment, tuple[Cue, ...]]
    until: dict[str, tuple[str, ...]]
    """By step, what ends it."""
    variables: frozenset[str]
    """Those that live as long as this part does."""
    starts: tuple[Moment, ...]
    """When each role begins to listen."""
    telling: tuple[tuple[Cue, ...], ...]
    """By role, the first event on each channel: who listens to one of those listens."""
    beside: dict[tuple[Moment, ...], Beside]
    """Delays of all that counts from the same moments."""
    watched: dict[Moment, tuple[Cue, ...]] = {}
    """Of a session: what stories have waiting for its moments, beside their own."""

    def cues_for(self, role: int) -> list[Cue]:
        """The events that this role gets."""
        return [cue for cue in self.cues if cue.role == role]


class Demanded(msgspec.Struct, frozen=True, kw_only=True):
    """One header that is demanded."""

    name: str
    """As it is written."""
    header: str
    """The same in lower case, as requests have it."""
    value: Any
    """Compiled text that it has to be; unset where any will do."""
    methods: frozenset[str]
    """Of which it is demanded; empty for all."""
    unless_cookie: bool
    given: tuple[tuple[str, Any], ...]
    """Headers of answers to the other methods, their values compiled."""
    refused: Reply
    """To requests without it."""

    def concerns(self, method: str) -> bool:
        """Whether it is demanded of such requests."""
        return method != "OPTIONS" and (not self.methods or method in self.methods)

    def gives(self, method: str) -> bool:
        """Whether the answers to such requests say what to send."""
        return bool(self.given) and method != "OPTIONS" and method not in self.methods


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """All that a simulator needs to play one scenario."""

    scenario: Scenario
    profile: Any
    roles: tuple[str, ...]
    """Names of its roles; one that is empty where nobody is named."""
    sessions: tuple[Part, ...]
    """What each role does once."""
    story: Part
    shift_fields: frozenset[str]
    ignored: frozenset[str]
    """Fields that are not compared."""
    demands: tuple[Demanded, ...]
    """What requests have to come with."""
    pace: Pace
    """The scenario's own; in a simulator, the one at which it is played."""
    answer_delays: tuple[Delay, ...]
    event_delays: tuple[Delay, ...]
    """All there are in the scenario, each that was seen by itself."""
    recorded: float | None
    """Time zero of the story, in seconds since 1970."""
    timeout: float
    interval: float
    max_interval: float
    joined: frozenset[str] = frozenset()
    """Fields of events of which all that a play has told is asked for, not the latest alone."""
    merged: dict[str, Any] = {}
    """What each variable that is merged is first: a compiled JSON object."""
    again: tuple[Cue, ...] = ()
    """What brings another play: no events, though they are set off as such."""
    place: int = 0
    """Which of those served together it is; one that takes the place of another has the same."""

    @property
    def name(self) -> str:
        """The scenario's name."""
        return self.scenario.name

    @property
    def is_on_request(self) -> bool:
        """Whether nobody gets a play before it is offered one."""
        return self.scenario.offered == "on-request"

    def paced(self, pace: Pace, place: int = 0) -> Timeline:
        """The same at this pace, or at its speed, if that is all it says, and in this place."""
        return msgspec.structs.replace(self, pace=pace.or_as(self.pace), place=place)

    @property
    def session(self) -> Part:
        """The first role's session: the only one where nobody is named."""
        return self.sessions[0]
