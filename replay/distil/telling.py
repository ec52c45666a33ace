"""One story on its way to a scenario.

    items --opened--> ids --session.split--> session | story --causes--> pushes with triggers --> Scenario

A story of one agent names no roles; of several, each is a role of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from math import inf
from typing import Any

from replay.distil import notes, session
from replay.distil.causes import READING, Cause, Causes
from replay.distil.faults import Whose, faults_found
from replay.distil.folding import folded
from replay.distil.mishaps import Mishap
from replay.distil.notes import Notes
from replay.distil.opened import open_parts
from replay.distil.packed import Stream
from replay.distil.retries import without_retries
from replay.distil.setting import cometd_of, shift_times
from replay.distil.sightings import Call, Event
from replay.distil.steps import Names, SetOff, delay_text, name_of_call, push_step, request_step, target_of
from replay.distil.stories import Part, Story
from replay.distil.thinking import think
from replay.distil.variables import Variables
from replay.profiles.profile import Profile
from replay.scenario.model import Fault, PushStep, RequestStep, Scenario, Source, Step
from replay.scenario.triggers import START

_Caused = tuple[Event, Cause]


class Telling:
    """Tells a story, or one agent's side of it."""

    def __init__(
        self, story: Story, parts: Sequence[Part], profile: Profile, stream: Stream, aside: Notes
    ) -> None:
        self._parts = dict(zip(roles(len(parts)), parts, strict=True))
        self._profile = profile
        self._notes = aside
        self._dialects = stream.dialects
        opened = open_parts(story, self._parts, aside)
        self._events, self._around = opened.events, opened.around
        self._retried = without_retries(opened.calls)
        self._calls = list(self._retried.calls)
        clients = {each.name: role for role, part in self._parts.items() for each in part.person.clients}
        self._whose = Whose(clients, {role: part.start for role, part in self._parts.items()})
        self._mishaps = [each for each in _mishaps(stream, parts) if self._whose.role_of(each) is not None]
        self._variables = Variables(profile, stream.origins)
        self._variables.learn([*self._around, *self._events], self._calls)
        ids = self._variables.ids
        self._story, self._session = session.split(self._calls, self._events, ids)
        whose = {call.exchange.number: call.agent for call in self._calls}
        self._causes = Causes(self._calls, profile, ids, whose)
        self._session_causes = Causes(self._session, profile, ids, whose)
        self._names = Names()
        self._ids: dict[int, str] = {}
        """The step of each call, by the number of its exchange."""
        self._folded: Mapping[int, int] = {}
        """For the exchange of each repeated operation, that of the first."""
        self._ready = {
            role: session.readying((each for each in self._session if each.agent == role), profile)
            for role in self._parts
        }

    def scenario(self, name: str, recording: str) -> Scenario:
        """The whole of it."""
        pushed, put_around = self._caused()
        requests = self._requests(self._story)
        asked = self._requests(self._session)
        pushes = self._pushes(pushed, self._causes)
        around = self._pushes(put_around, self._session_causes)
        think(requests, pushes)
        session.let_wait(requests, pushes, self._variables.ids)
        self._notes.count(notes.SOCKETS, len(self._variables.sockets))
        parts = list(self._parts.values())
        clients = [client for part in parts for client in part.person.clients]
        told = [event.data for event in (*self._events, *self._around)]
        return Scenario(
            version=1,
            name=name,
            about=self._about(recording),
            profile=self._profile.name,
            source=Source(
                recording=recording,
                recorded=datetime.fromtimestamp(parts[0].start, UTC).isoformat(timespec="milliseconds"),
                transports=list(dict.fromkeys(client.transport for client in clients)),
            ),
            cometd=cometd_of(clients[0], self._dialects.get(clients[0].origin, "")),
            variables=self._variables.found,
            shift_times=shift_times(told + [call.answer for call in self._calls], self._profile.time_fields),
            session=[step for role in self._parts for step in _in_order(asked, around, role)],
            steps=_in_order(requests, pushes),
        )

    def faults(self) -> list[Fault]:
        """What went wrong in the recording, by the steps of the scenario; to be asked after it."""
        return faults_found(self._mishaps, self._retried, self._ids, self._whose)

    def count_left_out(self) -> None:
        """Takes note of what went wrong and is no part of the scenario."""
        forgotten = {each.client for each in self._mishaps if each.fault == "unknown-client"}
        self._notes.count(notes.RETRIED, len(self._retried.failed))
        self._notes.count(notes.FORGOTTEN, len(forgotten))

    def _about(self, recording: str) -> str:
        requests, events, agents = len(self._story), len(self._events), len(self._parts)
        return (
            f"{requests} request{'s' * (requests != 1)} and {events} event{'s' * (events != 1)} of"
            f" {'one agent' if agents == 1 else f'{agents} agents'}, distilled from"
            f" {recording or 'a recording'}."
        )

    def _caused(self) -> tuple[list[_Caused], list[_Caused]]:
        """Events of the story and of the session, but those that come again with a repeated operation."""
        found = [(event, self._causes.of(event, event.agent)) for event in self._events]
        own = len(found)
        found += [(event, self._session_causes.of(event, event.agent)) for event in self._around]
        calls = {id(event): cause.call for event, cause in found}
        repeated = folded(
            [self._session, self._story],
            (event for event, _ in found),
            lambda event: calls[id(event)],
            self._variables,
        )
        self._folded = repeated.calls
        kept = [(place, each) for place, each in enumerate(found) if place not in repeated.events]
        return (
            [each for place, each in kept if place < own],
            [each for place, each in kept if place >= own],
        )

    def _requests(self, calls: list[Call]) -> list[tuple[Call, RequestStep]]:
        """Requests as steps; what is read again is one more answer of its step, an operation a step anew."""
        groups: dict[Any, list[Call]] = {}
        for call in calls:
            reads = call.exchange.method in READING
            number = call.exchange.number
            key = target_of(call, self._variables) if reads else self._folded.get(number, number)
            groups.setdefault((call.agent, key), []).append(call)
        steps = []
        for group in groups.values():
            name = self._names.take(name_of_call(group[0], self._profile, self._variables.ids))
            for call in group:
                self._ids[call.exchange.number] = name
            step = request_step(name, group, self._variables, self._notes)
            step.repeat = "last" if group[-1].exchange.number in self._folded else None
            step.agent = group[0].agent or None
            steps.append((group[0], step))
        return steps

    def _pushes(self, events: Iterable[_Caused], causes: Causes) -> list[tuple[Event, PushStep]]:
        steps = []
        for event, cause in events:
            name = self._names.take(self._profile.push_name(event.channel, event.data))
            step = push_step(name, event, self._set_off(event, cause, causes), self._variables)
            step.agent = event.agent or None
            steps.append((event, step))
        return steps

    def _set_off(self, event: Event, cause: Cause, causes: Causes) -> SetOff:
        # Nothing of one agent's session waits for another's.
        ours = causes is self._causes or (cause.call is not None and cause.call.agent == event.agent)
        if cause.call is not None and ours:
            moments, at = self._ids[cause.call.exchange.number], cause.call.at
        else:
            moments, at = self._beginning(event, of_session=causes is self._session_causes)
        return SetOff(delay_text(moments, event.at - at), cause.because, event.at - max(cause.since, at))

    def _beginning(self, event: Event, *, of_session: bool) -> tuple[str, float]:
        """What an event without a cause counts from: `start`, and that the agent was ready."""
        part, ready = self._parts[event.agent], self._ready[event.agent]
        start = part.session_start if of_session else part.start - part.moved
        # What happened before a later story began counts from the agent's real beginning.
        moved = part.moved if event.at >= part.start else 0.0
        began = start + moved
        if ready is None or ready.at > event.at:
            return START, began
        readied = ready.at + moved if ready.at + moved <= event.at else ready.at
        return f"{START} and {self._ids[ready.exchange.number]}", max(began, readied)


def _mishaps(stream: Stream, parts: Sequence[Part]) -> list[Mishap]:
    """What went wrong with the agents of a story while it lasted; all, with those who have no other."""
    clients = [client.name for part in parts for client in part.person.clients]
    if all(part.alone for part in parts):
        return stream.mishaps_of(["", *clients], -inf, inf)
    return stream.mishaps_of(
        ["", *clients], min(part.start for part in parts), max(part.ended for part in parts)
    )


def roles(number: int) -> list[str]:
    """Names for so many agents of a scenario; a single one needs none."""
    if number == 1:
        return [""]
    return ["agent", *(f"agent{place}" for place in range(2, number + 1))]


def _in_order(
    requests: Iterable[tuple[Call, RequestStep]],
    pushes: Iterable[tuple[Event, PushStep]],
    role: str | None = None,
) -> list[Step]:
    """Steps by the time they happened; of one role, where one is given."""
    timed: list[tuple[float, str, Step]] = [(call.at, call.agent, step) for call, step in requests]
    timed += [(event.at, event.agent, step) for event, step in pushes]
    timed = [each for each in timed if role is None or each[1] == role]
    return [step for _, _, step in sorted(timed, key=lambda each: each[0])]
