"""Stories about things whose ids have no shape that the profile knows: a voice call, a room."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import combinations
from typing import Any, Protocol

from replay.distil.joining import Joining
from replay.distil.packed import PackedEvent

_MOST_IN_ONE = 12
"""Ids of one message that are held against each other; a message with more is a list of some kind."""


class _Item(Protocol):
    what: Any
    others: tuple[str, ...]
    brought: tuple[str, ...]
    stories: tuple[str, ...]

    def join(self, stories: tuple[str, ...]) -> None: ...


def connect_things(every: Sequence[_Item], names: dict[str, list[str]]) -> None:
    """Gives items without a story to those of the things they name, and notes the names of each story.

    A thing is an id that an event brought first and that the client used afterwards. One that never comes
    without another (a participant, of a call) is part of that; one that comes with several others which do
    not come together without it connects nothing.
    """
    loose = [item for item in every if not item.stories]
    things = _things(every, loose)
    if not things:
        return
    alone: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for item in loose:
        own = [word for word in item.others if word in things][:_MOST_IN_ONE]
        alone.update(own)
        pairs.update(combinations(sorted(own), 2))
    sets = _sets(list(things), alone, pairs)
    for item in loose:
        roots = dict.fromkeys(root for word in item.others if (root := sets.get(word)) is not None)
        item.join(tuple(roots))
        for word in item.others:
            if word in sets and word not in names.setdefault(sets[word], []):
                names[sets[word]].append(word)


def _things(every: Sequence[_Item], loose: Sequence[_Item]) -> dict[str, None]:
    known = {word for item in every if item.stories for word in (*item.others, *item.brought)}
    from_events: set[str] = set()
    found: dict[str, None] = {}
    for item in loose:
        if isinstance(item.what, PackedEvent):
            from_events |= set(item.others) - known
        else:
            found |= dict.fromkeys(word for word in item.others if word in from_events)
            known |= {word for word in (*item.others, *item.brought) if word not in from_events}
    return found


def _sets(things: list[str], alone: Counter[str], pairs: Counter[tuple[str, str]]) -> dict[str, str]:
    """For each thing that connects, the one that stands for its story."""
    near: dict[str, set[str]] = defaultdict(set)
    masters: dict[str, list[str]] = defaultdict(list)
    for (one, other), times in pairs.items():
        near[one].add(other)
        near[other].add(one)
        if times == alone[one] and times < alone[other]:
            masters[one].append(other)
        elif times == alone[other]:
            masters[other].append(one)
    free = [word for word in things if word not in masters]
    shared = {word for word in free if _is_shared(word, near, masters)}
    sets = Joining()
    for word in free:
        if word not in shared:
            sets.join([word, *sorted(n for n in near[word] if n not in shared and n not in masters)])
    for word, owners in masters.items():
        own = [owner for owner in sorted(owners) if owner not in shared]
        if own:
            sets.join([own[0], word])
    return {word: sets.find(word) for word in things if word not in shared}


def _is_shared(word: str, near: dict[str, set[str]], masters: dict[str, list[str]]) -> bool:
    others = {each for each in near[word] if each not in masters}
    return len(others) > 1 and all(near[each].isdisjoint(others) for each in others)
