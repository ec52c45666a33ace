"""The steps that an event may be, so that not each event of a long story is held against each step.

Of a channel with few steps all are likely. Of one with many: those that come next, those that came last, and
those that say something which hardly any other says.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from replay.plan.timeline import Cue
from replay.plan.values import Text

FEW = 64
"""Steps of a channel up to which all are likely."""

NEAR = 24
"""Steps before and after the present one that are likely, where there are more."""

RARE = 8
"""Steps that say the same in the same place, up to which that tells which they are."""

_DEPENDS = "(depends on the play)"


class Likely:
    """The events of a story by where they come and what they say."""

    def __init__(self, cues: Iterable[Cue]) -> None:
        """None has come yet.

        Args:
            cues: In the order of the file.
        """
        self._place: dict[str, int] = {}
        by_channel: dict[str, list[Cue]] = defaultdict(list)
        for cue in cues:
            self._place[cue.id] = len(self._place)
            by_channel[_channel_of(cue)].append(cue)
        self._channels = {channel: _Channel(found) for channel, found in by_channel.items()}

    def steps(self, channel: str, data: Any, done: Collection[str]) -> list[Cue]:
        """Those that have not come yet, in the order of the file; then those that have."""
        groups = (self._channels.get(channel), self._channels.get(_DEPENDS))
        found = {cue.id: cue for group in groups if group is not None for cue in group.steps(data, done)}
        return sorted(found.values(), key=lambda cue: (cue.id in done, self._place[cue.id]))

    def came(self, cue: Cue) -> None:
        """An event was this step."""
        self._channels[_channel_of(cue)].last.append(cue)


class _Channel:
    """The events of one channel."""

    def __init__(self, cues: list[Cue]) -> None:
        self.last: deque[Cue] = deque(maxlen=NEAR)
        """Those that came last."""
        self._cues = cues
        self._first = 0
        """All before this one have come."""
        self._saying: dict[tuple[Any, ...], list[Cue]] = defaultdict(list)
        if len(cues) > FEW:
            for cue in cues:
                for said in _said(cue.data.compiled):
                    self._saying[said].append(cue)

    def steps(self, data: Any, done: Collection[str]) -> Iterator[Cue]:
        """In no particular order, some of them twice."""
        if len(self._cues) <= FEW:
            yield from self._cues
            return
        while self._first < len(self._cues) and self._cues[self._first].id in done:
            self._first += 1
        yield from self._cues[self._first : self._first + NEAR]
        yield from self.last
        for said in _said(data):
            cues = self._saying.get(said, ())
            if len(cues) <= RARE:
                yield from cues


def leaves(value: Any) -> int:
    """How many values there are in one."""
    if isinstance(value, dict):
        return sum(map(leaves, value.values()))
    return sum(map(leaves, value)) if isinstance(value, list) else 1


def _channel_of(cue: Cue) -> str:
    return _DEPENDS if isinstance(cue.channel, Text) else f"{cue.channel}"


def _said(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Each value with the way to it; where it stands in a list does not matter."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _said(item, (*path, f"{key}"))
    elif isinstance(value, list):
        for item in value:
            yield from _said(item, path)
    elif not isinstance(value, Text):
        yield *path, value
