"""Where the things go that happened around an agent's stories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar


class _Timed(Protocol):
    @property
    def at(self) -> float: ...


_T = TypeVar("_T", bound=_Timed)


def spread(items: Sequence[_T], spans: Sequence[tuple[float, float]]) -> list[list[_T]]:
    """Which of the items go with each story.

    Those from before the first story go with each, the others with those under way, or else with the one
    that ended last. A single story takes them all.

    Args:
        items: In order of time.
        spans: Beginning and end of each story, in order of their beginnings; at least one.
    """
    if len(spans) == 1:
        return [list(items)]
    opening = [item for item in items if item.at < spans[0][0]]
    found = [list(opening) for _ in spans]
    coming = 0
    running: list[int] = []
    latest = 0
    for item in items[len(opening) :]:
        while coming < len(spans) and spans[coming][0] <= item.at:
            running.append(coming)
            coming += 1
        for number in running:
            if spans[number][1] < item.at and spans[number][1] >= spans[latest][1]:
                latest = number
        running = [number for number in running if spans[number][1] >= item.at]
        for number in running or [latest]:
            found[number].append(item)
    return found
