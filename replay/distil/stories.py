"""Which calls and events are one story: those that share ids, over all agents who take part.

    Person --mentions--> items with the ids they speak of --connected--> stories --around--> parts of agents

What an agent asks without naming a story (log in, ready, `GET /me`), and events that belong to none (the
state of a device, queues), are around the stories: those from before the agent's first story go with each of
its stories, the others with those under way at the time, or else with the one that ended last. So nothing is
lost, and each story can be played by itself. Of an agent with a single story they are steps like any other;
of an agent with several, its session, which happens once whatever story comes.

A read that tells of several stories (`GET /me/chats`) goes with each, and tells there of that one alone.

Stories that overlap keep their distance; a wait in which none was under way is left out, so that a later
story begins as soon after `start` as the first did.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from replay.distil.around import spread
from replay.distil.connected import Connected, Item
from replay.distil.packed import PackedCall, PackedEvent
from replay.distil.people import Person
from replay.distil.setting import began
from replay.profiles.profile import Profile


class Part(msgspec.Struct, kw_only=True, eq=False):
    """What one agent did in a story."""

    person: Person
    number: int
    """Of the person, from 1 in the order in which they came."""
    items: list[Item] = []
    """Calls and events of the story, in order of time."""
    around: list[Item] = []
    """Of no story, in order of time."""
    whole: bool = False
    """Whether all that the agent did is of this story."""
    alone: bool = True
    """Whether it is the agent's only story."""
    start: float = 0.0
    """When `start` was: of a later story as long before it as of the first."""
    session_start: float = 0.0
    """When the `start` of its session was: the first subscription to what is around the stories."""
    moved: float = 0.0
    """Seconds between the agent's real beginning and `start`."""

    @property
    def began(self) -> float:
        """When the first of it happened; what an agent asks beforehand is no story yet."""
        items = [item for item in self.items if isinstance(item.what, PackedEvent)] if self.whole else []
        first = next(iter(items or self.items), None)
        return first.at if first is not None else self.start

    @property
    def ended(self) -> float:
        """When the last of it happened."""
        return self.items[-1].at if self.items else self.start


class Story(msgspec.Struct, kw_only=True, eq=False):
    """What shares ids."""

    number: int = 0
    """From 1, in the order in which they began."""
    home: str = ""
    """Names it among those of its recording."""
    connected: Connected
    ids: tuple[str, ...] = ()
    """The chats it is about, in the order in which they came up; empty for one that is about none."""
    parts: list[Part] = []
    """Of each agent that takes part, in the order in which they came in."""

    @property
    def began(self) -> float:
        """When the first of it happened."""
        return min(part.began for part in self.parts)

    @property
    def events(self) -> int:
        """How many events it has."""
        return sum(isinstance(item.what, PackedEvent) for part in self.parts for item in part.items)

    @property
    def requests(self) -> int:
        """How many requests of it name it or are answered with it."""
        return sum(isinstance(item.what, PackedCall) for part in self.parts for item in part.items)


def find_stories(persons: list[Person], profile: Profile, *, together: bool = False) -> list[Story]:
    """The stories of a recording, in the order in which they began.

    Args:
        together: All is one story, whatever it is about.
    """
    connected = Connected(persons, profile)
    nobody = not any(person.events for person in persons)
    stories: dict[str, Story] = {}
    for number, (person, items) in enumerate(zip(persons, connected.items, strict=True), 1):
        parts = _parts(person, number, items, only=nobody, together=together)
        _set(parts, [item for item in items if parts.keys().isdisjoint(item.stories) or _is_list(item)])
        for home, part in parts.items():
            if home not in stories:
                stories[home] = Story(home=home, ids=connected.names(home), connected=connected)
            stories[home].parts.append(part)
    return _in_order(stories.values())


def _parts(person: Person, number: int, items: list[Item], *, only: bool, together: bool) -> dict[str, Part]:
    """What a person did, by story; `only` when nobody has any."""
    if together:
        return {"": Part(person=person, number=number, items=items, whole=True)}
    parts: dict[str, Part] = {}
    for item in items:
        for home in item.stories:
            if home not in parts:
                parts[home] = Part(person=person, number=number)
            parts[home].items.append(item)
    parts = {home: part for home, part in parts.items() if any(home in item.acts for item in part.items)}
    if not parts and (person.events or only):
        return {f"of agent {number}": Part(person=person, number=number, items=items, whole=True)}
    return parts


def _is_list(item: Item) -> bool:
    """A read that tells of stories without being about one goes, without them, with others too."""
    return isinstance(item.what, PackedCall) and not item.bound


def _in_order(stories: Iterable[Story]) -> list[Story]:
    ordered = sorted(stories, key=lambda story: (story.began, story.parts[0].number))
    for number, story in enumerate(ordered, 1):
        story.number = number
        story.parts.sort(key=lambda part: (part.began, part.number))
    return ordered


def _set(parts: dict[str, Part], loose: list[Item]) -> None:
    """Gives the parts of one agent what was around them, and their `start`."""
    if not parts:
        return
    ordered = sorted(parts.items(), key=lambda each: each[1].began)
    spans = [(part.began, part.ended) for _, part in ordered]
    for (home, part), around in zip(ordered, spread(loose, spans), strict=True):
        part.around = [] if part.whole else [item for item in around if home not in item.stories]
        part.alone = len(parts) == 1
    earliest = ordered[0][1]
    person = earliest.person
    first = began(person.subscriptions, person.clients, _channels(parts.values()))
    around = [item for part in parts.values() for item in part.around]
    session = began(person.subscriptions, person.clients, _channels_of(around))
    lead = max(0.0, earliest.began - first)
    start, busy_until = first, earliest.ended
    for _, part in ordered:
        if part.began > busy_until:
            start = part.began - lead
        part.start, part.session_start, part.moved = start, session, start - first
        busy_until = max(busy_until, part.ended)


def _channels(parts: Iterable[Part]) -> set[str]:
    return _channels_of(
        item for part in parts for item in (*part.items, *(part.around if part.alone else ()))
    )


def _channels_of(items: Iterable[Item]) -> set[str]:
    events = (item.what for item in items)
    return {event.channel for event in events if isinstance(event, PackedEvent)}
