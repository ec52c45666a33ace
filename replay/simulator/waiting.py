"""Who waits for what: agents, their clients and their plays, as they are when somebody asks."""

from __future__ import annotations

from typing import Literal

import msgspec


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """A step that has taken place."""

    step: str
    times: int
    at: float
    """When it did last, in seconds since the simulator began."""
    struck: str = ""
    """What a rule did to it then: an event may never have been told. Empty where none struck it."""


class Next(msgspec.Struct, frozen=True, kw_only=True):
    """A step that may come, or is on its way."""

    step: str
    kind: Literal["request", "push"]
    what: str
    """`POST /api/v2/me/chats/0001 Accept`, or the channel and what the event says it is."""
    why: str
    """What it waits for, in a sentence."""
    needs: list[str] = []
    """Steps that have to take place before."""
    due_in: float | None = None
    """Seconds until it comes by itself; None when somebody has to do something first."""
    agent: str = ""
    """Whose step it is, in a play of several."""


class PlayState(msgspec.Struct, frozen=True, kw_only=True):
    """A play, or the session of an agent."""

    play: str
    """As the journal names it."""
    scenario: str
    session: bool = False
    role: str = ""
    """Of the agent that was asked about, in a play of several."""
    since: float
    """When it began, in seconds since the simulator began."""
    done: list[Done]
    next: list[Next]
    over: bool
    """Nothing more can come in it but what may be asked again."""
    values: dict[str, str]
    """Its variables, as text."""


class ClientState(msgspec.Struct, frozen=True, kw_only=True):
    """A Bayeux client of an agent."""

    number: int
    """As the journal names it."""
    transport: str
    state: str
    subscriptions: list[str]
    held_for: float | None = None
    """Seconds until its held connect is answered empty; None while it holds none."""
    queued: int
    """Events that it has not been given, or not said to have received."""


class AgentRow(msgspec.Struct, frozen=True, kw_only=True):
    """An agent among others."""

    agent: str
    """As the journal names it."""
    ordinal: int
    """From 1, in order of appearance."""
    clients: int
    held_polls: int
    queued: int
    undelivered: int
    """Events that wait until somebody listens to their channel."""
    plays: int
    over: int
    """Of its plays, how many are."""
    forgotten: int
    """Plays that it had before: of those that are over only the newest are kept."""
    misses: int
    struck: int
    """How often faults struck it."""
    waits_for: str
    """What its newest play waits for, in a sentence."""


class AgentState(AgentRow, frozen=True, kw_only=True):
    """All that is known of one agent."""

    connections: list[ClientState]
    stories: list[PlayState]
    """Its session, and the newest 200 of its plays, newest first."""
    held: list[Next]
    """Events that wait until somebody listens."""
    rules: dict[str, int]
    """How often each rule struck it."""
