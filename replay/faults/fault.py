"""What a fault is: one struct, whose fields are its settings, in one file, with one line in the registry.

Theory of operation
-------------------
Something happens to an agent: a *request* comes that is a step of its, an *event* is due to it, it sends a
Bayeux message (*meta*). Each is an occasion. Rules that match it strike, and each strike asks its fault what
becomes of what would have happened:

    request --> take the step? --> Answer --> [answer] --> effects
    event   --> Telling(s)                --> [event]  --> Tellings (later, none, twice, broken, ...)
    meta    --> reply                     --> [meta]   --> a Verdict; its carrier: [answer] or [frame]
    any     --> [acts]   what is done beside: clients forgotten, connections cut, logins ended
    traffic --> [traffic] what leaves for an agent as long as the rule holds

A fault says all it wants as values; nothing outside `faults/` knows one from another. Its times are real
time, whatever the pace: a client's own timeouts are what they are held against.
"""

from __future__ import annotations

import random  # noqa: TID251  only for the type of the source that faults draw from
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import msgspec

from replay.bayeux.verdict import NOTHING, Verdict
from replay.faults.settings import read_delay
from replay.scenario.delays import Distribution, format_delay, sample
from replay.scenario.model import Where
from replay.wire import Answer, Begin, Cut, Effect, Piece, Send

Seam = Literal["request", "event", "meta", "traffic"]
"""What a fault can strike at."""

STORY = ("step", "path", "operation", "channel", "message_type", "notification_type")
"""What `where` may say of the story, by the names of its fields."""

METAS = ("handshake", "connect", "subscribe", "unsubscribe", "disconnect")


class Strike(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that applies, this time."""

    rule: str
    now: float
    seam: Seam
    source: random.Random
    """Chance of its own, keyed by seed, rule, agent, step and occurrence."""
    profile: Any
    """Of the API: its error bodies."""
    agent: str | int
    """Whose; what state of a fault is kept by."""
    link: dict[str | int, float]
    """Kept for the rule between its strikes, by agent: until when its line is taken, its batch is open."""
    ttl: float | None = None
    """Seconds that what it does lasts, where the rule says so."""
    drawn: dict[str, str] = {}
    """Settings that chance decided, as a file would write them; filled in as they are drawn."""

    def seconds(self, name: str, text: str) -> float:
        """The length of a delay as the file writes it, drawn if it is a distribution.

        Args:
            name: The setting's.
        """
        delay = read_delay(text)
        if isinstance(delay, Distribution):
            # Once for a strike, also where it meets several tellings: as it will be pinned.
            if name not in self.drawn:
                self.drawn[name] = format_delay(sample(delay, self.source))
            delay = read_delay(self.drawn[name])
            assert not isinstance(delay, Distribution)
        return delay


class Telling(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One sending of an event."""

    at: float
    broken: bool = False
    """Its JSON is cut in half."""
    alone: bool = False
    """Nothing goes out in the same answer."""
    together: bool = False
    """On a socket too it shares a frame with others of its moment."""
    overtaken_by: int = 0
    """Events that are due later but told first; at the latest it goes out at `at`."""


class Forget(msgspec.Struct, frozen=True):
    """Bayeux clients are forgotten: the agent's, or everybody's."""

    everybody: bool = False


class Sever(msgspec.Struct, frozen=True, kw_only=True):
    """Connections on which something could be said to the agent (or everybody) come to an end."""

    how: Literal["reset", "close", "deafen", "code"]
    everybody: bool = False
    code: int = 1000
    reason: str = ""


class LogOut(msgspec.Struct, frozen=True, kw_only=True):
    """The agent's login is void: requests with its old cookie are refused with this status."""

    status: int


class LoseCookies(msgspec.Struct, frozen=True):
    """The agent's cookies are unknown from now on; it gets new ones."""


class Outage(msgspec.Struct, frozen=True, kw_only=True):
    """The whole server cannot be reached until then."""

    kind: Literal["refuse", "partition"]
    until: float | None
    """None: until the rule goes."""
    cut: bool = False
    """Connections that stand are reset too."""


class Swap(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a request and the events it sets off change places."""

    first: Literal["answer", "events", ""]
    """Which comes first from now on; the other way round than recorded where nothing is said."""
    gap: float


Carried = Answer | Begin | Piece | Cut | Send
"""What takes the line of an agent."""

Act = Forget | Sever | LogOut | LoseCookies | Outage | Swap


class Fault(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Does nothing; each fault overrides what it needs. Its docstring is its entry in the reference."""

    seams: ClassVar[frozenset[Seam]] = frozenset()
    """What it can strike at."""
    metas: ClassVar[tuple[str, ...]] = METAS
    """The Bayeux messages it can strike at; the first when a rule names none and it takes nothing else."""
    is_at_home_in_meta: ClassVar[bool] = False
    """A rule that names nothing of the story strikes at Bayeux messages, though it could elsewhere."""
    http: ClassVar[bool] = False
    """It is about HTTP answers: on a socket it cannot be."""
    decides: ClassVar[str] = ""
    """What it decides alone: two such rules that always strike together contradict each other."""
    whole_server: ClassVar[bool] = False
    """It reaches everybody, also who controls the simulator: a rule has to say when it ends."""
    transports: ClassVar[tuple[str, ...]] = ()
    """The connection types that it can be on; all when empty."""
    extension: ClassVar[str] = ""
    """The extension that it is about."""
    follows: ClassVar[bool] = False
    """It is about the events that a request sets off: one that sets off none it leaves as it is."""
    example: ClassVar[Mapping[str, Any]] = {}
    """Settings of its example in the reference, where the defaults alone say too little."""
    everybody: ClassVar[bool] = False
    """It reaches all agents, whoever's request it struck at: none may bring it for itself."""
    observed: ClassVar[str] = ""
    """What a client observes, for the reference: a sentence that a test with a real client holds."""

    @classmethod
    def taken(cls, where: Where) -> tuple[frozenset[Seam], tuple[str, ...]]:
        """The seams at which a rule of this fault strikes, and which Bayeux messages."""
        meta = where.meta.removeprefix("/meta/")
        if meta:
            return cls.seams & {"meta"}, (meta,)
        of_story = any(getattr(where, name) for name in STORY)
        if cls.seams == {"meta"} or (cls.is_at_home_in_meta and not of_story):
            return frozenset({"meta"}), cls.metas[:1]
        return cls.seams - {"meta"}, ()

    @property
    def refuses(self) -> bool:
        """Whether the server does not even do what it was asked."""
        return False

    def answer(self, answer: Answer, strike: Strike) -> Sequence[Effect]:  # noqa: ARG002
        """What leaves instead of an answer."""
        return [answer]

    def frame(self, send: Send, strike: Strike) -> Sequence[Effect]:  # noqa: ARG002
        """What leaves instead of a frame with replies."""
        return [send]

    def event(self, telling: Telling, strike: Strike) -> Sequence[Telling]:  # noqa: ARG002
        """How often an event is told, when, and how."""
        return [telling]

    def meta(self, strike: Strike) -> Verdict:  # noqa: ARG002
        """What the engine is to do about a Bayeux message."""
        return NOTHING

    def acts(self, strike: Strike) -> Sequence[Act]:  # noqa: ARG002
        """What is done beside."""
        return ()

    def traffic(self, effect: Carried, strike: Strike) -> Sequence[Effect]:  # noqa: ARG002
        """What leaves instead of anything for an agent."""
        return [effect]
