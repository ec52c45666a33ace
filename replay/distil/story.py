"""A recording told as a scenario: who, what they asked, what followed.

    exchanges --unwrap--> calls and events --people--> one person's calls and events
              --ids--> session | story --causes--> pushes with triggers --variables--> Scenario

A call belongs to the story when it names an id that an event brought; everything else an agent asks (log in,
ready, who am I) is its session. What is read belongs to the story as well once its answer tells of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from replay.bayeux.channels import covers
from replay.distil import notes
from replay.distil.causes import READING, Causes
from replay.distil.notes import Notes
from replay.distil.people import Person, people
from replay.distil.sightings import Call, Event, Stream, origin_of
from replay.distil.steps import (
    Names,
    delay_text,
    name_of_call,
    operation_of,
    push_step,
    request_step,
    target_of,
)
from replay.distil.streams import unwrap
from replay.distil.values import field_of, known_in_call, known_in_value, leaves
from replay.distil.variables import Variables
from replay.errors import RecordingError
from replay.exchange import Exchange
from replay.plan.times import shift
from replay.profiles.profile import Profile
from replay.registry import PROFILES, resolve
from replay.scenario.durations import format_duration
from replay.scenario.model import Cometd, PushStep, RequestStep, Scenario, Source, Step
from replay.scenario.triggers import START

_PUSHABLE = re.compile(r"(/[^/\s*]+)+")
_PAGE_TYPES = ("text/html", "text/css", "javascript", "image/", "font/", "audio/", "video/")
_PAGE_NAMES = (
    *(".css", ".gif", ".htm", ".html", ".ico", ".jpeg", ".jpg", ".js", ".map", ".mp3", ".png", ".svg"),
    *(".ttf", ".wav", ".webp", ".woff", ".woff2"),
)
_LONGEST_ADVICE = 86_400_000
"""Milliseconds; a server that advises longer waits than a day means none."""


class Distilled(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario, and sentences about what of the recording is not in it."""

    scenario: Scenario
    notes: tuple[str, ...]


def distil(
    exchanges: Sequence[Exchange],
    *,
    name: str,
    recording: str = "",
    profile: str = "genesys",
    person: int = 1,
) -> Distilled:
    """Tells what one agent of a recording went through.

    Args:
        name: The scenario's name.
        recording: File name of the recording, for `source`.
        person: Which agent, from 1, in the order they came.

    Raises:
        RecordingError: there is no CometD traffic in it, or no such agent.
    """
    known: Profile = resolve(PROFILES, profile)
    aside = Notes()
    stream = unwrap(exchanges, known.session_cookie, aside)
    what = recording or "the recording"
    if not stream.clients and not stream.events:
        raise RecordingError(f"{what} holds no CometD traffic: no handshake and no event was seen")
    stream = _own(stream, known, aside)
    found = people(stream, known.session_cookie, aside)
    if not 1 <= person <= len(found):
        holds = "1 agent" if len(found) == 1 else f"{len(found)} agents"
        raise RecordingError(f"{what} holds {holds}; there is no number {person}")
    told = _Telling(found[person - 1], known, stream, aside).scenario(name, recording)
    sentences = aside.sentences
    if len(found) > 1:
        sentences += (
            f"{len(found)} agents were recorded; this is number {person} (--agent N tells of another)",
        )
    if not found[person - 1].events:
        sentences += ("no event came for this agent: there is no story",)
    return Distilled(scenario=told, notes=sentences)


def _own(stream: Stream, profile: Profile, aside: Notes) -> Stream:
    """The stream without requests that have nothing to do with the API: pages, and other people's servers."""
    calls = [call for call in stream.calls if not _is_page(call, profile)]
    aside.count(notes.PAGES, len(stream.calls) - len(calls))
    origins = {client.origin for client in stream.clients}
    own = [call for call in calls if origin_of(call.exchange) in origins or _is_api(call, profile)]
    # REST may live on another port than CometD; where nothing is at home, everything is.
    own = own or calls
    aside.count(notes.ELSEWHERE, len(calls) - len(own))
    aside.count(
        notes.BODIES, sum(call.body is msgspec.UNSET and bool(call.exchange.request_body) for call in own)
    )
    return msgspec.structs.replace(stream, calls=tuple(own))


def _is_page(call: Call, profile: Profile) -> bool:
    if call.exchange.method not in READING or _is_api(call, profile):
        return False
    kind = call.exchange.response_header("Content-Type").lower()
    path = call.exchange.split.path.lower()
    return any(each in kind for each in _PAGE_TYPES) or path.endswith(_PAGE_NAMES)


def _is_api(call: Call, profile: Profile) -> bool:
    return len(profile.api_prefix) > 1 and profile.api_prefix in call.exchange.split.path


class _Telling:
    """One person's part of a recording on its way to a scenario."""

    def __init__(self, person: Person, profile: Profile, stream: Stream, aside: Notes) -> None:
        self._person = person
        self._profile = profile
        self._notes = aside
        self._dialects = stream.dialects
        self._events = [event for event in person.events if _is_pushable(event.channel)]
        aside.count(notes.UNPUSHABLE, len(person.events) - len(self._events))
        origins = {client.origin for client in stream.clients}
        self._variables = Variables(profile, origins | {origin_of(call.exchange) for call in stream.calls})
        self._variables.learn(self._events, person.calls)
        self._causes = Causes(person.calls, profile, self._variables.ids)
        self._names = Names()
        self._ids: dict[int, str] = {}
        """The step of each call, by the number of its exchange."""
        self._story, self._session = self._split()

    def scenario(self, name: str, recording: str) -> Scenario:
        """The whole of it."""
        requests = self._requests(self._story)
        session = [step for _, step in self._requests(self._session)]
        pushes = self._pushes()
        self._need(requests, pushes)
        return Scenario(
            version=1,
            name=name,
            about=self._about(recording),
            profile=self._profile.name,
            source=Source(
                recording=recording,
                recorded=datetime.fromtimestamp(self._began, UTC).isoformat(timespec="milliseconds"),
                transports=list(dict.fromkeys(client.transport for client in self._person.clients)),
            ),
            cometd=self._cometd(),
            variables=self._variables.found,
            shift_times=self._shift_times(),
            session=list[Step](session),
            steps=_in_order(requests, pushes),
        )

    def _about(self, recording: str) -> str:
        requests, events = len(self._story), len(self._events)
        return (
            f"{requests} request{'s' * (requests != 1)} and {events} event{'s' * (events != 1)} of one agent,"
            f" distilled from {recording or 'a recording'}."
        )

    def _cometd(self) -> Cometd:
        client = self._person.clients[0]
        plain = Cometd()
        return Cometd(
            path=client.mount,
            timeout=_advised(client.advice, "timeout", plain.timeout),
            interval=_advised(client.advice, "interval", plain.interval),
            max_interval=_advised(client.advice, "maxInterval", plain.max_interval),
            dialect=self._dialects.get(client.origin, plain.dialect),
        )

    # What is story, what is session

    def _split(self) -> tuple[list[Call], list[Call]]:
        ids = self._variables.ids
        brought: dict[str, float] = {}
        for event in self._events:
            for word in known_in_value(event.data, ids):
                brought.setdefault(word, event.at)
        told: dict[str, float] = {}
        for call in self._person.calls:
            for word in known_in_value(call.answer, ids):
                told[word] = min(told.get(word, call.answered_at), call.answered_at)
        events_own = {word for word, at in brought.items() if at < told.get(word, float("inf"))}
        story: list[Call] = []
        session: list[Call] = []
        for call in self._person.calls:
            named = known_in_call(call, ids) & brought.keys()
            tells = call.exchange.method in READING and known_in_value(call.answer, ids) & events_own
            (story if named or tells else session).append(call)
        return story, session

    def _need(
        self,
        requests: list[tuple[Call, RequestStep]],
        pushes: list[tuple[Event, PushStep]],
    ) -> None:
        """What is read of the story without naming it waits for the event it tells of.

        Without that the same request, made before the story began, would get this answer.
        """
        ids = self._variables.ids
        bringer: dict[str, tuple[float, str]] = {}
        for event, push in pushes:
            for word in known_in_value(event.data, ids):
                bringer.setdefault(word, (event.at, push.id))
        for call, step in requests:
            if known_in_call(call, ids) & bringer.keys():
                continue
            told = [bringer[word] for word in known_in_value(call.answer, ids) if word in bringer]
            if told:
                step.needs = [max(told)[1]]

    # When it began

    @property
    def _began(self) -> float:
        """`start`: the agent's first subscription to a channel on which an event came."""
        channels = {event.channel for event in self._events}
        subscriptions = self._person.subscriptions
        for subscription in subscriptions:
            if any(covers(pattern, channel) for pattern in subscription.patterns for channel in channels):
                return subscription.at
        return min([s.at for s in subscriptions] or [client.at for client in self._person.clients])

    # Steps

    def _requests(self, calls: list[Call]) -> list[tuple[Call, RequestStep]]:
        """Requests as steps; what is read again is one more answer of its step, an operation a step anew."""
        groups: dict[Any, list[Call]] = {}
        for call in calls:
            reads = call.exchange.method in READING
            key = target_of(call, self._variables) if reads else call.exchange.number
            groups.setdefault(key, []).append(call)
        steps = []
        for group in groups.values():
            name = self._names.take(name_of_call(group[0], self._profile, self._variables.ids))
            for call in group:
                self._ids[call.exchange.number] = name
            steps.append((group[0], request_step(name, group, self._variables, self._notes)))
        return steps

    def _pushes(self) -> list[tuple[Event, PushStep]]:
        began, ready = self._began, self._readying()
        steps = []
        for event in self._events:
            name = self._names.take(self._profile.push_name(event.channel, event.data))
            after, because = self._trigger(event, began, ready)
            steps.append((event, push_step(name, event, after, because, self._variables)))
        return steps

    def _trigger(self, event: Event, began: float, ready: Call | None) -> tuple[str, str]:
        cause = self._causes.of(event)
        if cause.call is not None:
            return delay_text(self._ids[cause.call.exchange.number], event.at - cause.call.at), cause.because
        if ready is None or ready.at > event.at:
            return delay_text(START, event.at - began), cause.because
        moments = f"{START} and {self._ids[ready.exchange.number]}"
        return delay_text(moments, event.at - max(began, ready.at)), cause.because

    def _readying(self) -> Call | None:
        """The operation that made the agent ready."""
        for call in self._session:
            if operation_of(call, self._profile) in self._profile.readying and call.status < 400:
                return call
        return None

    def _shift_times(self) -> list[str]:
        """The profile's time fields that hold a time somewhere in this story."""
        values = [event.data for event in self._events] + [call.answer for call in self._person.calls]
        seen = {
            field_of(path)
            for value in values
            for path, leaf in leaves(value)
            if field_of(path) in self._profile.time_fields and shift(leaf, 86400.0) != leaf
        }
        return sorted(seen)


def _is_pushable(channel: str) -> bool:
    return bool(_PUSHABLE.fullmatch(channel)) and channel.split("/")[1] != "meta"


def _in_order(
    requests: Iterable[tuple[Call, RequestStep]], pushes: Iterable[tuple[Event, PushStep]]
) -> list[Step]:
    timed: list[tuple[float, Step]] = [(call.at, step) for call, step in requests]
    timed += [(event.at, step) for event, step in pushes]
    return [step for _, step in sorted(timed, key=lambda each: each[0])]


def _advised(advice: dict[str, Any], name: str, default: str) -> str:
    value = advice.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LONGEST_ADVICE:
        return default
    # CometD ref., "advice": times are in milliseconds.
    return format_duration(value / 1000)
