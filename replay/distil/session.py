"""What an agent asks whatever story comes, and what of it waits for the story.

A call belongs to the story when it names an id that an event brought, or that an answer of the story told
first; everything else an agent asks (log in, ready, who am I) is its session. What is read belongs to the
story as well once its answer tells of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from replay.distil.causes import READING
from replay.distil.sightings import Call, Event
from replay.distil.steps import operation_of
from replay.distil.values import known_in_call, known_in_value
from replay.profiles.profile import Profile
from replay.scenario.model import PushStep, RequestStep


def split(
    calls: Iterable[Call], events: Iterable[Event], ids: Collection[str]
) -> tuple[list[Call], list[Call]]:
    """The calls of the story and those of the session."""
    calls = list(calls)
    brought: dict[str, float] = {}
    for event in events:
        for word in known_in_value(event.data, ids):
            brought.setdefault(word, event.at)
    told: dict[str, float] = {}
    for call in calls:
        for word in known_in_value(call.answer, ids):
            told[word] = min(told.get(word, call.answered_at), call.answered_at)
    events_own = {word for word, at in brought.items() if at < told.get(word, float("inf"))}
    is_story = [
        bool(
            known_in_call(call, ids) & brought.keys()
            or (call.exchange.method in READING and known_in_value(call.answer, ids) & events_own)
        )
        for call in calls
    ]
    while theirs := _told_by_story(calls, is_story, ids):
        grown = [
            own or bool(known_in_call(call, ids) & theirs) for call, own in zip(calls, is_story, strict=True)
        ]
        if grown == is_story:
            break
        is_story = grown
    story = [call for call, own in zip(calls, is_story, strict=True) if own]
    return story, [call for call, own in zip(calls, is_story, strict=True) if not own]


def _told_by_story(calls: list[Call], is_story: list[bool], ids: Collection[str]) -> set[str]:
    """Ids that answers of the story told before those of the session."""
    first: dict[str, tuple[float, bool]] = {}
    for call, own in zip(calls, is_story, strict=True):
        for word in known_in_value(call.answer, ids):
            first[word] = min(first.get(word, (float("inf"), False)), (call.answered_at, own))
    return {word for word, (_, own) in first.items() if own}


def let_wait(
    requests: Iterable[tuple[Call, RequestStep]],
    pushes: Iterable[tuple[Event, PushStep]],
    ids: Collection[str],
) -> None:
    """What is read of the story without naming it `needs` the event it tells of.

    Without that the same request, made before the story began, would get this answer.
    """
    bringer: dict[tuple[str, str], tuple[float, str]] = {}
    for event, push in pushes:
        for word in known_in_value(event.data, ids):
            bringer.setdefault((event.agent, word), (event.at, push.id))
    for call, step in requests:
        if any((call.agent, word) in bringer for word in known_in_call(call, ids)):
            continue
        words = known_in_value(call.answer, ids)
        told = [bringer[call.agent, word] for word in words if (call.agent, word) in bringer]
        if told:
            # An event that came later may tell of the same; it had not come yet.
            before = [each for each in told if each[0] <= call.answered_at]
            step.needs = [max(before or told)[1]]


def readying(session: Iterable[Call], profile: Profile) -> Call | None:
    """The operation that made the agent ready."""
    for call in session:
        if operation_of(call, profile) in profile.readying and call.status < 400:
            return call
    return None
