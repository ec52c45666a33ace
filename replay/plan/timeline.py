"""A scenario made ready to be played: nothing of it is parsed again once agents come.

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

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec

from replay.errors import UsageError
from replay.plan.adapting import NO_SETTINGS, as_wanted
from replay.plan.beside import Beside
from replay.plan.demanded import Demanded, demanded, names_of_demands
from replay.plan.header_lines import on_a_line
from replay.plan.making import NOTHING as NO_MAKING
from replay.plan.making import Made, Making, making_of, said_in
from replay.plan.pace import Pace, parse_pace
from replay.plan.prepared import Prepared, head_of
from replay.plan.values import Text, compile_value, names_in
from replay.registry import PROFILES, resolve
from replay.scenario.delays import Delay, Distribution, median, parse_delay
from replay.scenario.durations import parse_duration
from replay.scenario.model import PushStep, RequestStep, Respond, Scenario, Step, is_set, repeat_of, roles_of
from replay.scenario.times import epoch_of
from replay.scenario.triggers import START, Moment, Trigger, parse_trigger

AGAIN = "(again)"
"""What cues that bring another play are called, with their trigger: no step can be called so."""


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


def plan(scenario: Scenario, settings: Mapping[str, Any] = NO_SETTINGS) -> Timeline:
    """Compiles a scenario that was loaded, and so checked.

    Args:
        settings: Of profiles, which override the scenario's own.
    """
    scenario = as_wanted(scenario, settings)
    roles = roles_of(scenario)
    sessions = [[s for s in scenario.session if (s.agent or roles[0]) == role] for role in roles]
    # What a demand mentions is each agent's own as long as it is there.
    always = names_of_demands(scenario.demands)
    lasting = [(_names_of(steps) | always) & scenario.variables.keys() for steps in sessions]
    story_names = scenario.variables.keys() - set[str]().union(*lasting)
    everything = (*scenario.session, *scenario.steps)
    making = making_of(scenario)
    answers = [
        answer.after for step in everything if isinstance(step, RequestStep) for answer in step.respond
    ]
    events = [parse_trigger(step.after).delay for step in everything if isinstance(step, PushStep)]
    again = tuple(map(_again, scenario.again))
    story = _part(scenario.steps, story_names, scenario, roles, making, again=again)
    return Timeline(
        scenario=scenario,
        profile=resolve(PROFILES, scenario.profile),
        roles=roles,
        sessions=tuple(
            msgspec.structs.replace(_part(steps, names, scenario, roles, making), watched=story.cues_on)
            for steps, names in zip(sessions, lasting, strict=True)
        ),
        story=story,
        shift_fields=frozenset(scenario.shift_times),
        ignored=frozenset(scenario.ignore),
        demands=tuple(demanded(each, _refusal(each.refused)) for each in scenario.demands),
        pace=parse_pace(scenario.pace) if scenario.pace else Pace(),
        answer_delays=tuple(_each(map(parse_delay, answers))),
        event_delays=tuple(_each(events)),
        recorded=epoch_of(scenario.source.recorded),
        timeout=parse_duration(scenario.cometd.timeout),
        interval=parse_duration(scenario.cometd.interval),
        max_interval=parse_duration(scenario.cometd.max_interval),
        joined=frozenset(
            each.told.field for each in making.anew.values() if each.told is not None and each.told.all
        ),
        again=again,
    )


def _part(
    steps: list[Step],
    variables: Set[str],
    scenario: Scenario,
    roles: tuple[str, ...],
    making: Making,
    *,
    again: tuple[Cue, ...] = (),
) -> Part:
    time_fields = frozenset(scenario.shift_times)
    starts = (Moment(START), *(Moment(f"{START} of {role}") for role in roles[1:]))

    def role_of(step: Step) -> int:
        return roles.index(step.agent) if step.agent is not None else 0

    pushes = [(step, role_of(step)) for step in steps if isinstance(step, PushStep)]
    cues = tuple(_cue(step, role, starts[role], time_fields, making) for step, role in pushes)
    cues_on: defaultdict[Moment, list[Cue]] = defaultdict(list)
    all_set_off = (*cues, *again)
    for cue in all_set_off:
        for moment in cue.trigger.moments:
            cues_on[moment].append(cue)
    asks = tuple(
        _ask(step, role_of(step), time_fields, making) for step in steps if isinstance(step, RequestStep)
    )
    return Part(
        asks=asks,
        asks_of=tuple(tuple(ask for ask in asks if ask.role == role) for role in range(len(roles))),
        cues=cues,
        cues_on={moment: tuple(cues) for moment, cues in cues_on.items()},
        until={step.id: tuple(step.until) for step in steps if step.until},
        variables=frozenset(variables),
        starts=starts,
        telling=tuple(_first_on_channels(cues, role) for role in range(len(roles))),
        beside=_beside(all_set_off, asks),
    )


def _first_on_channels(cues: Iterable[Cue], role: int) -> tuple[Cue, ...]:
    first: dict[str, Cue] = {}
    for cue in cues:
        if cue.role == role:
            first.setdefault(cue.said[0], cue)
    return tuple(first.values())


def _beside(cues: Iterable[Cue], asks: Iterable[Ask]) -> dict[tuple[Moment, ...], Beside]:
    """An answer counts only where it is the one that a request always gets."""
    found: dict[tuple[Moment, ...], list[float]] = defaultdict(list)
    for cue in cues:
        found[cue.trigger.moments].append(median(cue.trigger.delay))
    for ask in asks:
        only = [median(reply.after) for reply in ask.replies] if len(ask.replies) == 1 else []
        found[Moment(ask.id),] += only
    return {moments: Beside(delays) for moments, delays in found.items()}


def _each(delays: Iterable[Delay]) -> Iterator[Delay]:
    """Delays of which those that were seen for one step stand by themselves."""
    for delay in delays:
        if isinstance(delay, Distribution) and delay.kind == "recorded":
            yield from delay.numbers
        else:
            yield delay


def _ask(
    step: RequestStep, role: int, time_fields: frozenset[str] = frozenset(), making: Making = NO_MAKING
) -> Ask:
    method, _, target = step.request.partition(" ")
    path, _, written = target.partition("?")
    path_text = Text(unquote(path))
    query = tuple((key, compile_value(value)) for key, value in parse_qsl(written, keep_blank_values=True))
    body = msgspec.UNSET if step.match == "ignore" else compile_value(step.body)
    mentioned = [path_text, *(value for _, value in query), None if body is msgspec.UNSET else body]
    return Ask(
        id=step.id,
        method=method,
        path=path_text,
        query=query,
        body=body,
        exact=step.match == "exact",
        needs=tuple(step.needs),
        until=tuple(step.until),
        repeat=repeat_of(step),
        replies=tuple(
            _reply(respond, step.id, time_fields, making) for respond in step.respond or [Respond()]
        ),
        names=frozenset(names_in(mentioned)),
        captured_as={name: f"{step.id}.{name}" for name in names_in(mentioned)},
        asked=Moment(step.id),
        replied=Moment(step.id, response=True),
        think=parse_delay(step.think),
        role=role,
        said=0 if body is msgspec.UNSET else _said(body),
    )


def _said(body: Any) -> int:
    if isinstance(body, dict):
        return sum(map(_said, body.values()))
    if isinstance(body, list):
        return sum(map(_said, body))
    return 1 if isinstance(body, Text) and body.whole is not None else 2


def _reply(respond: Respond, step: str, time_fields: frozenset[str], making: Making) -> Reply:
    raw: Any = b""
    content_type = None
    if is_set(respond.body):
        content_type = "application/json;charset=UTF-8"
    elif respond.text is not None:
        raw = compile_value(making.own(respond.text, step))
        content_type = "text/plain;charset=UTF-8"
    elif respond.base64 is not None:
        raw = msgspec.convert(respond.base64, bytes)
        content_type = "application/octet-stream"
    named = {key.lower() for key in respond.headers}
    typed = () if content_type is None or "content-type" in named else (("Content-Type", content_type),)
    headers = tuple((key, compile_value(making.own(value, step))) for key, value in respond.headers.items())
    body = compile_value(making.own(respond.body, step))
    return Reply(
        after=parse_delay(respond.after),
        status=respond.status,
        headers=(*typed, *((k, v if isinstance(v, Text) else on_a_line(v)) for k, v in headers)),
        are_ready=not any(isinstance(value, Text) for _, value in headers),
        body=body,
        prepared=Prepared(body, time_fields, making.final(names_in(body))),
        raw=raw,
        makes=making.made_in(said_in(respond), step),
    )


def _cue(step: PushStep, role: int, start: Moment, time_fields: frozenset[str], making: Making) -> Cue:
    trigger = parse_trigger(step.after)
    moments = tuple(start if moment.step == START else moment for moment in trigger.moments)
    channel = compile_value(step.push)
    data = compile_value(making.own(step.data, step.id))
    return Cue(
        id=step.id,
        channel=channel,
        trigger=Trigger(moments, trigger.delay),
        data=Prepared(data, time_fields, making.final(names_in(data))),
        said=(step.push, step.data),
        moment=Moment(step.id),
        until=tuple(step.until),
        wait=trigger.delay if len(moments) == 1 and not isinstance(trigger.delay, Distribution) else None,
        head=head_of(channel) if isinstance(channel, str) else b"",
        role=role,
        makes=making.made_in([step.data], step.id, also_others=True),
    )


def _again(trigger: str) -> Cue:
    """What brings another play, as if it were an event on no channel."""
    step = PushStep(id=f"{AGAIN} {trigger}", push="", after=trigger, data=None)
    return _cue(step, 0, Moment(START), frozenset(), NO_MAKING)


def _names_of(steps: list[Step]) -> set[str]:
    """Variables that a session's requests, answers and pushes mention."""
    asks = [_ask(step, 0) for step in steps if isinstance(step, RequestStep)]
    values: list[Any] = []
    for step in steps:
        if isinstance(step, PushStep):
            values += [compile_value(step.push), compile_value(step.data)]
            continue
        for respond in step.respond:
            values += [compile_value(value) for value in said_in(respond)]
    return set(names_in(values)).union(*(ask.names for ask in asks))


def _refusal(respond: Respond) -> Reply:
    """The answer to a request that lacks what is demanded, made as those of steps are."""
    return _ask(RequestStep(id="refused", request="GET /", respond=[respond]), 0).replies[0]


def plan_all(scenarios: list[Scenario], settings: Mapping[str, Any] = NO_SETTINGS) -> list[Timeline]:
    """Timelines of several scenarios served together.

    Args:
        settings: Of profiles, which override the scenarios' own.

    Raises:
        UsageError: two have the same name.
    """
    names = [scenario.name for scenario in scenarios]
    for name, count in Counter(names).items():
        if count > 1:
            raise UsageError(f"two scenarios are named '{name}': give one another name")
    return [plan(scenario, settings) for scenario in scenarios]


__all__ = ["START", "Ask", "Cue", "Moment", "Part", "Reply", "Timeline", "plan", "plan_all"]
