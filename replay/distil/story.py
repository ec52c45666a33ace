"""A recording told as a scenario: who, what they asked, what followed.

    exchanges --unwrap--> calls and events --people--> one person's calls and events
              --ids--> session | story --causes--> pushes with triggers --variables--> Scenario

A call belongs to the story when it names an id that an event brought; everything else an agent asks (log in,
ready, who am I) is its session.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from replay.bayeux.channels import covers
from replay.distil.causes import READING, cause_of
from replay.distil.people import Person, people
from replay.distil.sightings import Call, Event, Stream
from replay.distil.steps import Names, delay_text, name_of_call, push_step, request_step, target_of
from replay.distil.streams import unwrap
from replay.distil.values import field_of, leaves, words_in_call, words_in_event
from replay.distil.variables import Variables
from replay.errors import RecordingError
from replay.exchange import Exchange
from replay.plan.times import shift
from replay.profiles.profile import Profile
from replay.registry import PROFILES, resolve
from replay.scenario.durations import format_duration
from replay.scenario.model import Cometd, PushStep, RequestStep, Scenario, Source, Step
from replay.scenario.triggers import START


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
    stream = unwrap(exchanges, known.session_cookie)
    if not stream.handshakes and not stream.events:
        raise RecordingError(
            f"{recording or 'the recording'} holds no CometD traffic: no handshake and no event was seen"
        )
    found, strays = people(stream, known.session_cookie)
    if not 1 <= person <= len(found):
        raise RecordingError(
            f"{recording or 'the recording'} holds {len(found)} agents; there is no number {person}"
        )
    notes = list(stream.notes)
    if strays:
        notes.append(f"{strays} requests name no agent and no id; they are left out")
    if len(found) > 1:
        notes.append(
            f"{len(found)} agents were recorded; this is number {person} (--agent N tells of another)"
        )
    telling = _Telling(found[person - 1], known, stream)
    scenario = telling.scenario(name, recording)
    return Distilled(scenario=scenario, notes=(*notes, *telling.notes))


class _Telling:
    """One person's part of a recording on its way to a scenario."""

    def __init__(self, person: Person, profile: Profile, stream: Stream) -> None:
        self._person = person
        self._profile = profile
        self.notes: list[str] = []
        self._calls = [call for call in person.calls if self._is_api(call)]
        left_out = len(person.calls) - len(self._calls)
        if left_out:
            self.notes.append(f"{left_out} requests for pages, scripts or pictures are left out")
        self._variables = Variables(profile, _origin(stream))
        brought = set[str]().union(*(words_in_event(event) for event in person.events))
        self._variables.learn(person.events, self._calls)
        self._story = [call for call in self._calls if self._names(call, brought)]
        self._session = [call for call in self._calls if call not in self._story]
        self._names_taken = Names()
        self._ids: dict[int, str] = {}

    def scenario(self, name: str, recording: str) -> Scenario:
        """The whole of it."""
        handshake = self._person.handshakes[0] if self._person.handshakes else None
        session = self._requests(self._session)
        steps = self._ordered(self._requests(self._story), self._pushes())
        advice = handshake.advice if handshake is not None else {}
        began = self._began()
        return Scenario(
            version=1,
            name=name,
            about=self._about(recording),
            profile=self._profile.name,
            source=Source(
                recording=recording,
                recorded=datetime.fromtimestamp(began, UTC).isoformat(timespec="milliseconds"),
                transports=list(dict.fromkeys(each.transport for each in self._person.handshakes)),
            ),
            cometd=Cometd(
                path=handshake.mount if handshake is not None else Cometd().path,
                timeout=_advised(advice, "timeout", 30.0),
                interval=_advised(advice, "interval", 0.0),
            ),
            variables=self._variables.found,
            shift_times=self._shift_times(),
            session=[step for _, step in session],
            steps=steps,
        )

    def _about(self, recording: str) -> str:
        calls, events = len(self._story), len(self._person.events)
        return (
            f"Distilled from {recording or 'a recording'}: {calls} requests and {events} events of one agent."
        )

    def _is_api(self, call: Call) -> bool:
        answer = call.exchange.response_header("Content-Type")
        page = any(kind in answer for kind in ("text/html", "text/css", "javascript", "image/", "font/"))
        return not (page and call.exchange.method in READING)

    def _names(self, call: Call, brought: set[str]) -> bool:
        return bool(words_in_call(call) & brought & self._variables.ids.keys())

    # When it began

    def _began(self) -> float:
        """`start`: the agent's first subscription to a channel on which an event came."""
        channels = {event.channel for event in self._person.events}
        for subscription in self._person.subscriptions:
            if any(covers(pattern, channel) for pattern in subscription.patterns for channel in channels):
                return subscription.at
        if self._person.subscriptions:
            return self._person.subscriptions[0].at
        if self._person.handshakes:
            return self._person.handshakes[0].at
        return self._person.events[0].at

    # Steps

    def _requests(self, calls: list[Call]) -> list[tuple[float, RequestStep]]:
        """Requests as steps; the same request again is one more answer of its step."""
        groups: dict[str, list[Call]] = {}
        for call in calls:
            body = (
                b"" if call.body is msgspec.UNSET else msgspec.json.encode(call.body, order="deterministic")
            )
            groups.setdefault(f"{target_of(call, self._variables)} {body!r}", []).append(call)
        steps = []
        for group in groups.values():
            name = self._names_taken.take(name_of_call(group[0], self._profile))
            for call in group:
                self._ids[call.exchange.number] = name
            steps.append((group[0].at, request_step(name, group, self._variables)))
        return steps

    def _pushes(self) -> list[tuple[float, PushStep]]:
        steps = []
        for event in self._person.events:
            name = self._names_taken.take(self._profile.push_name(event.channel, event.data))
            after, because = self._trigger(event)
            steps.append((event.at, push_step(name, event, after, because, self._variables.lift)))
        return steps

    def _trigger(self, event: Event) -> tuple[str, str]:
        cause = cause_of(event, self._calls, self._profile, self._variables.ids)
        if cause.call is not None:
            return delay_text(self._ids[cause.call.exchange.number], event.at - cause.call.at), cause.because
        base, moments = self._began(), START
        ready = self._readying(event.at)
        if ready is not None:
            base = max(base, ready.at)
            moments = f"{START} and {self._ids[ready.exchange.number]}"
        return delay_text(moments, event.at - base), cause.because

    def _readying(self, before: float) -> Call | None:
        """The operation that made the agent ready, if it went first."""
        field, names = self._profile.operation_field, self._profile.readying
        for call in self._session:
            if call.at <= before and isinstance(call.body, dict) and call.body.get(field) in names:
                return call
        return None

    def _ordered(
        self, requests: list[tuple[float, RequestStep]], pushes: list[tuple[float, PushStep]]
    ) -> list[Step]:
        timed: list[tuple[float, Step]] = [*requests, *pushes]
        return [step for _, step in sorted(timed, key=lambda each: each[0])]

    def _shift_times(self) -> list[str]:
        """The profile's time fields that hold a time somewhere in this story."""
        values = [event.data for event in self._person.events] + [call.answer for call in self._calls]
        seen = {
            field_of(path)
            for value in values
            for path, leaf in leaves(value)
            if field_of(path) in self._profile.time_fields and shift(leaf, 86400.0) != leaf
        }
        return sorted(seen)


def _advised(advice: dict[str, object], name: str, default: float) -> str:
    value = advice.get(name)
    # CometD ref., "advice": times are in milliseconds.
    seconds = value / 1000 if isinstance(value, int | float) and value >= 0 else default
    return format_duration(seconds)


def _origin(stream: Stream) -> str:
    """The recorded server's own origin, as most calls name it."""
    for call in stream.calls:
        split = call.exchange.split
        return f"{split.scheme}://{split.netloc}".lower()
    return ""
