"""Makes a scenario ready to be played: all that there is to parse is parsed here, once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec

from replay.errors import UsageError
from replay.plan.adapting import NO_SETTINGS, as_wanted
from replay.plan.beside import Beside
from replay.plan.compiled import Ask, Cue, Part, Reply, Timeline
from replay.plan.demanded import demanded, names_of_demands
from replay.plan.header_lines import on_a_line
from replay.plan.making import NOTHING as NO_MAKING
from replay.plan.making import Making, making_of, said_in
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
        merged={
            name: compile_value(each.merged.first)
            for name, each in making.anew.items()
            if each.merged is not None
        },
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
        changes=making.changes.get(step.id, ()),
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
