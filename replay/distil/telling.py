"""One agent's part of a recording on its way to a scenario.

ids --session.split--> session | story --causes--> pushes with triggers --variables--> Scenario
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from replay.distil import notes, session
from replay.distil.causes import READING, Causes
from replay.distil.notes import Notes
from replay.distil.people import Person
from replay.distil.setting import began, cometd_of, shift_times
from replay.distil.sightings import Call, Event, Stream, origin_of
from replay.distil.steps import Names, SetOff, delay_text, name_of_call, push_step, request_step, target_of
from replay.distil.variables import Variables
from replay.profiles.profile import Profile
from replay.scenario.model import PushStep, RequestStep, Scenario, Source, Step
from replay.scenario.triggers import START

_PUSHABLE = re.compile(r"(/[^/\s*]+)+")


class Telling:
    """Tells one person's part of a recording."""

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
        self._story, self._session = session.split(person.calls, self._events, self._variables.ids)
        channels = {event.channel for event in self._events}
        self._began = began(person.subscriptions, person.clients, channels)

    def scenario(self, name: str, recording: str) -> Scenario:
        """The whole of it."""
        requests = self._requests(self._story)
        asked = [step for _, step in self._requests(self._session)]
        pushes = self._pushes()
        session.let_wait(requests, pushes, self._variables.ids)
        client = self._person.clients[0]
        told = [event.data for event in self._events] + [call.answer for call in self._person.calls]
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
            cometd=cometd_of(client, self._dialects.get(client.origin, "")),
            variables=self._variables.found,
            shift_times=shift_times(told, self._profile.time_fields),
            session=list[Step](asked),
            steps=_in_order(requests, pushes),
        )

    def _about(self, recording: str) -> str:
        requests, events = len(self._story), len(self._events)
        return (
            f"{requests} request{'s' * (requests != 1)} and {events} event{'s' * (events != 1)} of one agent,"
            f" distilled from {recording or 'a recording'}."
        )

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
        began, ready = self._began, session.readying(self._session, self._profile)
        steps = []
        for event in self._events:
            name = self._names.take(self._profile.push_name(event.channel, event.data))
            by = self._set_off(event, began, ready)
            steps.append((event, push_step(name, event, by, self._variables)))
        return steps

    def _set_off(self, event: Event, began: float, ready: Call | None) -> SetOff:
        cause = self._causes.of(event)
        if cause.call is not None:
            moments, at = self._ids[cause.call.exchange.number], cause.call.at
        elif ready is None or ready.at > event.at:
            moments, at = START, began
        else:
            moments, at = f"{START} and {self._ids[ready.exchange.number]}", max(began, ready.at)
        return SetOff(delay_text(moments, event.at - at), cause.because, event.at - max(cause.since, at))


def _is_pushable(channel: str) -> bool:
    return bool(_PUSHABLE.fullmatch(channel)) and channel.split("/")[1] != "meta"


def _in_order(
    requests: Iterable[tuple[Call, RequestStep]], pushes: Iterable[tuple[Event, PushStep]]
) -> list[Step]:
    timed: list[tuple[float, Step]] = [(call.at, step) for call, step in requests]
    timed += [(event.at, step) for event, step in pushes]
    return [step for _, step in sorted(timed, key=lambda each: each[0])]
