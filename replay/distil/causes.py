"""Which event follows which request, with the evidence.

1. The event carries the number (`referenceId`) that the answer of a request gave: that request.
2. The event shares an id with requests made before it: the latest of those. (Requests that only read
   cause nothing. An event may precede the answer of its request, never the request itself.)
3. Neither: it came of the server's own accord, and is timed from the moment the agent was ready for it.
"""

from __future__ import annotations

import msgspec

from replay.distil.sightings import Call, Event
from replay.distil.values import words_in_call, words_in_event
from replay.profiles.profile import Profile

READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """What an event follows from."""

    call: Call | None
    """None when nothing the agent did brought it about."""
    because: str


def cause_of(event: Event, calls: list[Call], profile: Profile, ids: dict[str, str]) -> Cause:
    """The cause of an event among an agent's calls, in order of time.

    Args:
        ids: The ids of the story, each with what the reader calls it.
    """
    earlier = [call for call in calls if call.at <= event.at and call.exchange.method not in READING]
    number = _number(event.data, profile)
    for call in reversed(earlier):
        if number is not None and _number(call.answer, profile) == number:
            return Cause(call=call, because=f"the answer gave the same {profile.reference_field}, {number}")
    event_words = words_in_event(event) & ids.keys()
    for call in reversed(earlier):
        shared = sorted(event_words & words_in_call(call), key=lambda word: ids[word])
        if shared:
            because = _because([ids[word] for word in shared], event, call)
            if number is not None:
                because += f"; it carries {profile.reference_field} {number}"
            return Cause(call=call, because=because)
    if number is not None:
        return Cause(call=None, because=f"no request before it shares an id or its {profile.reference_field}")
    return Cause(call=None, because="no request before it shares an id")


def _because(shared: list[str], event: Event, call: Call) -> str:
    text = "same " + " and ".join(dict.fromkeys(shared)) + " id"
    answered = call.answered_at
    return text + ("; it came before the answer" if answered is not None and event.at < answered else "")


def _number(value: object, profile: Profile) -> object:
    if not profile.reference_field or not isinstance(value, dict):
        return None
    return value.get(profile.reference_field)
