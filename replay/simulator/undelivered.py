"""Events that nobody has been given, and why: who would have to subscribe, poll, ask or come."""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Literal

import msgspec

from replay.bayeux.client_state import Client
from replay.plan.timeline import Cue
from replay.simulator.agents import Agent
from replay.simulator.pending import may_come
from replay.simulator.plays import Play

if TYPE_CHECKING:
    from replay.simulator.simulator import Simulator

SHOWN = 200
"""Events that are told of; the rest is counted."""

LOOKED_AT = 100_000
"""Events of scenarios that are looked at, so that whoever asks does not hold up the others."""

Cause = Literal["unsubscribed", "unpolled", "unasked", "role", "lost"]


class Undelivered(msgspec.Struct, frozen=True, kw_only=True):
    """An event that nobody has been given."""

    agent: str
    """As the journal names it; empty where nobody has its role."""
    play: str = ""
    step: str = ""
    """Both empty of what is queued already: there it is an event like any other."""
    channel: str
    cause: Cause
    """Nobody subscribed to its channel, nobody polls, nobody has made the request that brings it or taken its
    role; or it was lost: with a client that went, or because too many waited."""
    why: str
    """The same in a sentence, with names."""
    since: float | None = None
    """Since when, in seconds since the simulator began: of what is queued, since its client was heard last.
    None where it is not due yet."""
    events: int = 1
    """How many there are, of those that are told together."""


class Losses:
    """What was queued for clients that have gone, or waited too long for a subscription."""

    def __init__(self) -> None:
        self.total = 0
        """Events that were lost so."""
        self.latest: deque[Undelivered] = deque(maxlen=SHOWN)

    def note(self, agent: str, client: int, why: str, lost: int, at: float) -> None:
        """A client has gone with so many events."""
        self.total += lost
        said = f"client {client} went ({why}) before it was given {_events(lost)}"
        self.latest.append(
            Undelivered(agent=agent, channel="", cause="lost", why=said, since=round(at, 6), events=lost)
        )

    def unheard(self, agent: str, lost: int, at: float) -> None:
        """So many events have waited for a subscription while very many more came."""
        self.total += lost
        said = f"nobody subscribed to the channels of {_events(lost)}, and too many more came"
        self.latest.append(
            Undelivered(agent=agent, channel="", cause="lost", why=said, since=round(at, 6), events=lost)
        )


def undelivered(simulator: Simulator, agent: str = "", most: int = SHOWN) -> tuple[list[Undelivered], int]:
    """Events that nobody has been given, by agent in order of appearance; what was lost comes last.

    Args:
        agent: Only this agent's, by the name the journal has for it.

    Returns:
        The first of them, and how many there are: at least so many, where more than `LOOKED_AT` could be.
    """
    agents = [each for each in simulator.agents.all if agent in {"", each.label}]
    lost = [each for each in simulator.misses.losses.latest if agent in {"", each.agent}]
    look = _Look(simulator)
    found = (each for one in agents for each in look.at(one))
    shown = list(islice(found, most))
    total = len(shown) + sum(1 for _ in found)
    shown += lost[: max(0, most - len(shown))]
    gone = sum(each.events for each in lost) if agent else simulator.misses.losses.total
    queued = sum(each.events - 1 for each in shown if each.cause == "unpolled")
    return shown, total + queued + gone


class _Look:
    """What agents have not been given, as long as anybody has the patience."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._left = LOOKED_AT

    def at(self, agent: Agent) -> Iterator[Undelivered]:
        """What one agent has not been given."""
        yield from _held(self._simulator, agent)
        for client in agent.clients.values():
            if client.queue and client.hold is None:
                yield _queued(self._simulator, agent, client)
        telling = (session for session in agent.sessions if not session.is_silent)
        for play in (*telling, *agent.plays):
            yield from self._waiting(agent, play)
            # Once, though several may sit in it.
            if play.waiting and agent is next(seat for seat in play.seats if seat is not None):
                yield from _of_free_roles(self._simulator, play)

    def _waiting(self, agent: Agent, play: Play) -> Iterator[Undelivered]:
        if self._left <= 0:
            return
        role = play.role_of(agent)
        asks = frozenset(ask.id for each in (play, *play.sessions) for ask in each.part.asks)
        for cue in play.part.cues:
            if self._left <= 0:
                return
            self._left -= 1
            if (cue.role == role or not play.shared) and may_come(play, cue):
                found = _waiting(agent, play, cue, asks)
                if found is not None:
                    yield found


def _held(simulator: Simulator, agent: Agent) -> Iterator[Undelivered]:
    for told in agent.held:
        due = told.due
        channel = simulator.events.channel(due)
        name = f"'{due.cue.id}'" if due.cue.id else "an event"
        yield Undelivered(
            agent=agent.label,
            play=due.play.label,
            step=due.cue.id,
            channel=channel,
            cause="unsubscribed",
            why=f"{name} waits until somebody subscribes to {channel}",
            since=round(simulator.since_start(due.mark.at), 6),
        )


def _queued(simulator: Simulator, agent: Agent, client: Client) -> Undelivered:
    number, count = client.number, len(client.queue)
    heard = client.silent_until - client.settings.interval - client.settings.max_interval
    return Undelivered(
        agent=agent.label,
        channel=_channel(client.queue[0]),
        cause="unpolled",
        why=f"{_events(count)} wait until client {number} polls" if count > 1 else _polls(number),
        since=round(simulator.since_start(heard), 6) if client.silent_until else None,
        events=count,
    )


def _polls(number: int) -> str:
    return f"an event waits until client {number} polls"


def _channel(event: bytes) -> str:
    try:
        found = msgspec.json.decode(event, type=_Channel)
    except (msgspec.DecodeError, UnicodeDecodeError):
        # A fault has broken it.
        return ""
    return found.channel


class _Channel(msgspec.Struct):
    channel: str = ""


def _waiting(agent: Agent, play: Play, cue: Cue, asks: Container[str]) -> Undelivered | None:
    """An event that waits for a request, or for the subscription with which its play starts."""
    for moment in cue.trigger.moments:
        if play.has_come(moment):
            continue
        channel = play.channel_of(cue)
        if moment in play.part.starts:
            cause: Cause = "unsubscribed"
            why = f"'{cue.id}' waits until somebody subscribes to {channel}"
        elif moment.step in asks and not play.has_happened(moment.step):
            if play.timeline.scenario.again and play.harm_to(moment.step) is None:
                # Where chats come one after another, nobody does in each all that can be done.
                continue
            cause, why = "unasked", f"'{cue.id}' waits for {_unasked(play, moment.step)}"
        else:
            continue
        return Undelivered(
            agent=agent.label, play=play.label, step=cue.id, channel=channel, cause=cause, why=why
        )
    return None


def _unasked(play: Play, step: str) -> str:
    harm = play.harm_to(step)
    return f"'{step}' ({harm.words()})" if harm is not None else f"'{step}', which nobody has asked"


def _of_free_roles(simulator: Simulator, play: Play) -> Iterator[Undelivered]:
    for due in play.waiting:
        role = play.timeline.roles[due.cue.role]
        yield Undelivered(
            agent="",
            play=play.label,
            step=due.cue.id,
            channel=simulator.events.channel(due),
            cause="role",
            why=f"'{due.cue.id}' waits until somebody comes as '{role}'",
            since=round(simulator.since_start(due.mark.at), 6),
        )


def _events(count: int) -> str:
    return "an event" if count == 1 else f"{count:,} events"
