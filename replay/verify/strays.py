"""Steps that came in another guise: on another channel, or as a value of another kind."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable

from replay.plan.timeline import Cue
from replay.plan.values import readable
from replay.profiles.profile import Profile
from replay.verify.observed import json_type
from replay.verify.report import Difference
from replay.verify.role import Seen


def channel_of(event: Seen) -> str:
    """The channel that an event came on."""
    return event.what.partition(" ")[0]


def strays(seen: Iterable[Seen], missing: Iterable[Cue], profile: Profile) -> dict[str, Seen]:
    """For steps that did not come, the events that are no steps but are called so, or came in their place.

    Args:
        seen: In the order in which it was seen.
        missing: In the order of the file.
    """
    called: dict[str, deque[Seen]] = defaultdict(deque)
    formless: dict[str, deque[Seen]] = defaultdict(deque)
    for each in seen:
        if each.kind == "event" and not each.step and not each.again:
            channel = channel_of(each)
            if json_type(each.value) == "object":
                called[profile.push_name(channel, each.value)].append(each)
            else:
                formless[channel].append(each)
    found = {}
    for cue in missing:
        channel, data = f"{readable(cue.channel)}", cue.said[1]
        if json_type(data) != "object":
            continue
        candidates = called[profile.push_name(channel, data)] or formless[channel]
        if candidates:
            found[cue.id] = candidates.popleft()
    return found


def difference(cue: Cue, came: Seen) -> Difference:
    """In what guise a step came."""
    channel = f"{readable(cue.channel)}"
    if channel_of(came) == channel:
        return Difference(kind="event", step=cue.id, field="data", a=cue.said[1], b=came.value)
    return Difference(kind="channel", step=cue.id, field="channel", a=channel, b=channel_of(came))
