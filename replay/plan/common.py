"""Sessions that several scenarios have alike: told once, as a login that many stories include.

An agent then goes by one session for all of them. What a request of it costs does not grow with the scenarios
that are served, and what is made for it is the same in all their stories.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

import msgspec

from replay.plan.timeline import Cue, Moment, Part, Timeline
from replay.scenario.model import Cometd, Source


def with_common_sessions(timelines: Iterable[Timeline]) -> list[Timeline]:
    """The same timelines; those whose sessions are alike have one part for them."""
    found = list(timelines)
    alike: defaultdict[bytes, list[int]] = defaultdict(list)
    for place, timeline in enumerate(found):
        if len(timeline.roles) == 1 and timeline.scenario.session:
            alike[_said(timeline)].append(place)
    for places in alike.values():
        if len(places) > 1:
            parts = [found[place].session for place in places]
            common = watched_by(parts[0], (part.watched for part in parts[1:]))
            for place in places:
                found[place] = msgspec.structs.replace(found[place], sessions=(common,))
    return found


def watched_by(session: Part, others: Iterable[Mapping[Moment, tuple[Cue, ...]]]) -> Part:
    """A session whose moments more stories wait for."""
    watched = dict(session.watched)
    for each in others:
        for moment, cues in each.items():
            watched[moment] = (*watched.get(moment, ()), *cues)
    return msgspec.structs.replace(session, watched=watched)


def _said(timeline: Timeline) -> bytes:
    """All that a session goes by."""
    scenario = timeline.scenario
    names = {name: scenario.variables[name] for name in sorted(timeline.session.variables)}
    steps = msgspec.json.encode(scenario.session)
    shifted = [name for name in scenario.shift_times if _names(steps, name)]
    is_dated = bool(shifted) or any(variable.make == "time" for variable in names.values())
    own = msgspec.structs.replace(
        scenario,
        name="",
        about="",
        source=Source(recorded=scenario.source.recorded) if is_dated else Source(),
        cometd=Cometd(),
        offered="at-start",
        again=[],
        variables=names,
        shift_times=sorted(shifted),
        ignore=sorted(name for name in scenario.ignore if name in _OF_A_REQUEST or _names(steps, name)),
        faults=[],
        expect=[],
        steps=[],
    )
    return msgspec.json.encode((own, sorted(_kept(timeline.session))))


def _kept(session: Part) -> Iterator[str]:
    """What stories speak of that its steps have made."""
    makes = [reply.makes for ask in session.asks for reply in ask.replies]
    for made in chain(*makes, *(cue.makes for cue in session.cues)):
        if made.is_kept:
            yield made.known_as


_OF_A_REQUEST = frozenset({"method", "path", "query", "body"})
"""What may be ignored beside the fields that steps name."""


def _names(steps: bytes, field: str) -> bool:
    """Whether there is a field called so, or a parameter of a query; too often does no harm."""
    return field.encode() in steps
