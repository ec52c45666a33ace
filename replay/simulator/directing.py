"""What somebody who looks on may have happen: another play, an event by hand, a step now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from replay.bayeux import channels
from replay.bayeux.messages import MalformedError, decode
from replay.errors import NoSuchError, NotNowError, UsageError, nearest
from replay.plan.prepared import Prepared
from replay.plan.timeline import Cue, Moment, Timeline, plan
from replay.scenario.model import RequestStep, Scenario
from replay.scenario.triggers import START, Trigger
from replay.simulator.agents import NOBODY, Agent
from replay.simulator.events import MOST_HELD
from replay.simulator.happenings import Due, Mark
from replay.simulator.offering import MOST_PLAYS, is_busy
from replay.simulator.plays import Play

if TYPE_CHECKING:
    from replay.simulator.simulator import Simulator

EITHER = "Say a channel and its data, or a step."
BY = "control"
"""Who wanted it, in the journal."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """An event, as it went out to an agent."""

    agent: str
    """As the journal names it; empty while nobody has its role."""
    play: str
    """Empty of an event that is no step's."""
    step: str
    channel: str
    clients: int
    """How many of the agent's clients listened to the channel."""
    held: bool
    """Whether it waits until somebody listens to its channel, or takes its role."""


def agent_meant(simulator: Simulator, name: str) -> Agent:
    """The agent of this name or ordinal; when empty, the only one.

    Raises:
        NoSuchError: nobody is called that.
        NotNowError: nobody has come yet.
        UsageError: there are several, and none is named.
    """
    everybody = simulator.agents.all
    if name:
        return simulator.agents.named(name)
    if not everybody:
        raise NotNowError("there is no agent", help=NOBODY)
    if len(everybody) > 1:
        what = f"there are {len(everybody)} agents: say which is meant"
        raise UsageError(what, help="Name it as the journal does, or by its number: #1.")
    return everybody[0]


def offer(simulator: Simulator, scenario: str, name: str, now: float) -> tuple[Play, Agent]:
    """One more play of a scenario for an agent, begun or joined as if it had just come.

    Args:
        scenario: Its name; may be left empty where only one is played.
        name: The agent's, or its ordinal; may be left empty where there is only one.

    Raises:
        NoSuchError: no scenario, or nobody, is called that.
        NotNowError: nobody is there, or the agent has too many plays that are not over.
        UsageError: it is not said which scenario or agent is meant.
    """
    timeline = _timeline(simulator, scenario)
    agent = agent_meant(simulator, name)
    if is_busy(simulator, agent):
        what = f"'{agent.label}' has {MOST_PLAYS} plays that are not over"
        raise NotNowError(what, help="Let it finish some, or reset the agents.")
    return simulator.casting.offer(agent, timeline, now), agent


def wanted(
    simulator: Simulator, now: float, *, agent: str, play: str, step: str, channel: str, data: Any
) -> list[Delivery]:
    """An event by hand, or a step once more: whichever is said.

    Args:
        agent: A name or an ordinal; everybody when empty.
        data: Any JSON value; unset when a step is meant.

    Raises:
        UsageError: it is neither, or both; or it cannot be done, as `tell` and `push` have it.
    """
    has_data = data is not msgspec.UNSET
    if step and (channel or has_data):
        raise UsageError(f"a step has its own '{'channel' if channel else 'data'}'", help=EITHER)
    if step:
        return push(simulator, agent, play, step, now)
    if play:
        raise UsageError(f"it is not said which step of '{play}'", help=EITHER)
    if channel and has_data:
        return tell(simulator, agent, channel, data, now)
    missing = "'data'" if channel else "'channel'" if has_data else "'step', and no 'channel'"
    raise UsageError(f"there is no {missing}", help=EITHER)


def tell(simulator: Simulator, name: str, channel: str, data: Any, now: float) -> list[Delivery]:
    """An event that is no step's, told to an agent, or to everybody when none is named.

    It goes the way of all events: rules strike at it, and it waits for a subscription if nobody listens.

    Raises:
        NoSuchError: nobody is called that.
        NotNowError: nobody is there, or too many events wait already.
        UsageError: that is no channel for events.
    """
    _check_channel(channel)
    value = _json_of(data)
    agents = _meant(simulator, name)
    first = simulator.timelines[0]
    # References are for scenarios: what is typed by hand is meant as it stands.
    cue = Cue(
        id="",
        channel=channel,
        trigger=Trigger((Moment(START),)),
        data=Prepared(value, frozenset()),
        said=(channel, value),
        moment=Moment(""),
    )
    nowhere = msgspec.structs.replace(plan(Scenario(version=1, name="", steps=[])), profile=first.profile)
    told = []
    for agent in agents:
        play = Play(nowhere, nowhere.story, ordinal=0, key=(agent.key, ""))
        # Its events are no step's: the journal names no play.
        play.label = ""
        play.seats[0] = agent
        told.append(_bring(simulator, Due(play, cue, Mark(now, now), by=BY), now))
    return told


def push(simulator: Simulator, name: str, wanted: str, step: str, now: float) -> list[Delivery]:
    """A push of the scenario told once more, in an agent's newest play that has it, and what follows with it.

    Args:
        name: The agent's, or its ordinal; everybody who has such a play when empty.
        wanted: The play, as the journal names it; the newest when empty.

    Raises:
        NoSuchError: no step or play, or nobody, is called that.
        NotNowError: nobody is there, or too many events wait already.
        UsageError: the step is a request.
    """
    _check_step(simulator, step)
    found: dict[Play, Cue] = {}
    agents = _meant(simulator, name)
    for agent in agents:
        for play, cue in _places(agent, wanted, step):
            found.setdefault(play, cue)
            break
    if not found:
        raise _nowhere(agents, wanted, step)
    told = []
    for play, cue in found.items():
        due = Due(play, cue, Mark(now, now), by=BY)
        mark = due.mark
        if cue.makes:
            due, mark = simulator.anew.at_event(due)
        told.append(_bring(simulator, due, now))
        play.steered[step] += 1
        simulator.happened(play, Moment(step), mark)
    return told


def _bring(simulator: Simulator, due: Due, now: float) -> Delivery:
    play, cue = due.play, due.cue
    channel, agent = simulator.events.channel(due), play.seats[cue.role]
    clients = list(agent.clients.values()) if agent is not None else []
    listening = sum(client.hears(channel) for client in clients)
    simulator.events.bring(due, now)
    waits = play.waiting if agent is None else (told.due for told in agent.held)
    return Delivery(
        agent=play.label_of(cue.role),
        play=play.label,
        step=cue.id,
        channel=channel,
        clients=listening,
        held=any(each is due for each in waits),
    )


def _meant(simulator: Simulator, name: str) -> list[Agent]:
    agents = [simulator.agents.named(name)] if name else simulator.agents.all
    if not agents:
        raise NotNowError("there is no agent", help=NOBODY)
    full = next((agent for agent in agents if len(agent.held) >= MOST_HELD), None)
    if full is not None:
        what = f"{len(full.held)} events wait until '{full.label}' subscribes to their channels"
        raise NotNowError(what, help="Let it subscribe, or reset the agents.")
    return agents


def _timeline(simulator: Simulator, name: str) -> Timeline:
    timelines = simulator.timelines
    names = [timeline.name for timeline in timelines]
    if name in names:
        return timelines[names.index(name)]
    if name:
        what = f"no scenario is called '{name}'"
        raise NoSuchError(what, help=nearest(name, names) or f"There is {', '.join(names)}.")
    if len(timelines) > 1:
        raise UsageError("several scenarios are played: say which", help=f"There is {', '.join(names)}.")
    return timelines[0]


def _check_channel(channel: str) -> None:
    if not channels.is_channel(channel):
        what = f"'{channel}' is no channel" if len(channel) <= channels.MAX_LENGTH else "this is no channel"
        raise UsageError(what, help="It begins with /, as /v2/me/chats does.")
    if f"{channel}/".startswith(channels.META):
        raise UsageError(f"'{channel}' is the protocol's own", help="Clients subscribe to others.")
    if "*" in channel:
        raise UsageError(f"'{channel}' is a pattern of channels", help="An event is told on one.")


def _json_of(data: Any) -> Any:
    """The JSON value that a value is: programs in Python may hand in others."""
    try:
        return decode(msgspec.json.encode(data))
    except (TypeError, ValueError, RecursionError, MalformedError):
        raise UsageError("the data is no JSON value", help="Or it is nested too deeply.") from None


def _check_step(simulator: Simulator, step: str) -> None:
    everything = [
        each
        for timeline in simulator.timelines
        for each in (*timeline.scenario.session, *timeline.scenario.steps)
    ]
    if all(each.id != step or isinstance(each, RequestStep) for each in everything):
        request = next((each for each in everything if each.id == step), None)
        if isinstance(request, RequestStep):
            raise UsageError(f"'{step}' is a request", help=f"A client asks it: {request.request}.")
        pushes = [each.id for each in everything if not isinstance(each, RequestStep)]
        advice = nearest(step, pushes) or (f"There is {', '.join(pushes[:20])}." if pushes else "")
        raise NoSuchError(f"no push is called '{step}'", help=advice)


def _places(agent: Agent, wanted: str, step: str) -> Iterator[tuple[Play, Cue]]:
    """Where an agent has this step, newest first."""
    for play in reversed(agent.plays):
        if wanted in {"", play.label}:
            for part in (play, *play.sessions):
                yield from ((part, cue) for cue in part.part.cues if cue.id == step)


def _nowhere(agents: list[Agent], wanted: str, step: str) -> UsageError:
    labels = list(dict.fromkeys(play.label for agent in agents for play in agent.plays))
    if wanted and wanted not in labels:
        there = f"There is {', '.join(labels[-20:])}." if labels else "There is none."
        return NoSuchError(f"no play is called '{wanted}'", help=nearest(wanted, labels[-1000:]) or there)
    if wanted:
        return NoSuchError(f"'{wanted}' has no push '{step}'")
    return NoSuchError(
        f"nobody has a play with '{step}'" if len(agents) > 1 else f"none of its plays has '{step}'"
    )
