"""What of a recording is connected by ids, and what by the numbers that answers give.

1. Ids of the shape that the profile says stories are about (a chat's) connect all that speaks of them, and
   each other where they stand side by side: a consult chat beside its parent. One that is only ever mentioned
   beside others (the customer's chat of last week) connects nothing.
2. Where a message speaks of none of these, other ids do that were seen in one story alone (a participant's),
   unless the session brought them (who I am, my place), and the number of the answer it belongs to.
3. Things with ids of other shapes (a voice call's), which an event brought and the client used, are stories
   of their own; an id seen beside several that are not connected without it (a queue's) connects nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from replay.distil.evidence import number_of
from replay.distil.joining import Joining
from replay.distil.mentions import Mentions, Reader
from replay.distil.notes import Notes
from replay.distil.packed import PackedCall, PackedEvent
from replay.distil.people import Person
from replay.distil.things import connect_things
from replay.profiles.profile import Profile


class Item(msgspec.Struct, kw_only=True, eq=False):
    """A call or an event, with the ids that it speaks of."""

    what: PackedCall | PackedEvent
    named: tuple[str, ...] = ()
    """Chats that a request names or an event is about."""
    told: tuple[str, ...] = ()
    """Chats that its answer is about, or that stand in its lists."""
    bound: bool = False
    """Whether it is about a chat, rather than listing some or none."""
    others: tuple[str, ...] = ()
    """Other ids of a request or an event."""
    brought: tuple[str, ...] = ()
    """Other ids of an answer, and those in an event's lists."""
    number: int | None = None
    """By which an answer or an event says what request it belongs to."""
    place: int = 0
    """Among all of its agent, in order of time."""
    stories: tuple[str, ...] = ()
    """The stories it belongs to."""
    acts: tuple[str, ...] = ()
    """Those of them in which it makes its agent take part; to be told of one in an answer is not enough."""

    def join(self, stories: tuple[str, ...]) -> None:
        """It belongs to these stories, as something that happened in them."""
        self.stories = self.acts = stories

    @property
    def at(self) -> float:
        """When it happened."""
        return self.what.at


class Connected:
    """All items of a recording, each with its stories."""

    def __init__(self, persons: Iterable[Person], profile: Profile) -> None:
        self._reader = Reader(profile)
        self._profile = profile
        self._kept: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._pairs: dict[tuple[str, str], None] = {}
        self._subjects: dict[str, None] = {}
        """Chats that something is about, and nothing beside them."""
        self._sets = Joining()
        self._homes: dict[str, str] = {}
        self._names: dict[str, list[str]] = {}
        self.items = [self._read(person) for person in persons]
        """Those of each person, in order of time."""
        self._connect()

    def names(self, story: str) -> tuple[str, ...]:
        """The ids that a story is about, in the order in which they came up."""
        return tuple(self._names.get(story, ()))

    def is_of_others(self, value: Any, story: str) -> bool:
        """Whether a JSON value speaks of other stories, and not of this one."""
        homes = {self._homes[chat] for chat in self._reader.ids_in(value) if chat in self._homes}
        return bool(homes) and story not in homes

    # Reading, one thing at a time

    def _read(self, person: Person) -> list[Item]:
        aside = Notes()
        items = [self._event(event) for event in person.events]
        items += [self._call(call, aside) for call in person.calls]
        items.sort(key=lambda item: item.at)
        for place, item in enumerate(items):
            item.place = place
        return items

    def _event(self, event: PackedEvent) -> Item:
        opened = event.unpack()
        found = self._noted(self._reader.event(opened))
        return Item(
            what=event,
            named=self._once(found.chats),
            bound=bool(found.lone),
            others=self._once(found.others),
            brought=self._once(found.listed),
            number=number_of(opened.data, self._profile),
        )

    def _call(self, call: PackedCall, aside: Notes) -> Item:
        opened = call.unpack(aside)
        asked = self._noted(self._reader.asked(opened))
        answered = self._noted(self._reader.answered(opened))
        return Item(
            what=call,
            named=self._once(asked.chats),
            told=self._once(answered.chats),
            bound=bool(asked.chats or answered.lone),
            others=self._once(asked.others),
            brought=self._once([*answered.others, *answered.listed]),
            number=number_of(opened.answer, self._profile),
        )

    def _noted(self, found: Mentions) -> Mentions:
        self._pairs |= dict.fromkeys(found.joined)
        if len(found.chats) == 1:
            self._subjects[found.chats[0]] = None
        return found

    def _once(self, words: list[str]) -> tuple[str, ...]:
        return self._kept.setdefault(tuple(words), tuple(words))

    # Connecting

    def _connect(self) -> None:
        for one, other in self._pairs:
            if one in self._subjects and other in self._subjects:
                self._sets.join((one, other))
        every = sorted((item for items in self.items for item in items), key=lambda item: item.at)
        for item in every:
            item.join(self._roots(item.named))
            if isinstance(item.what, PackedEvent) and not item.bound and len(item.stories) > 1:
                # A list of what is going on makes nobody take part in it.
                item.acts = ()
            item.stories += tuple(root for root in self._roots(item.told) if root not in item.acts)
        self._by_other_ids(every)
        for items in self.items:
            _by_number(items)
        connect_things(every, self._names)
        # What no event ever spoke of is no story.
        happened = {story for item in every if isinstance(item.what, PackedEvent) for story in item.acts}
        for item in every:
            item.stories = tuple(story for story in item.stories if story in happened)
            item.acts = tuple(story for story in item.acts if story in happened)
        named = (each for each in self._names.items() if each[0] in happened)
        self._homes = {chat: story for story, chats in named for chat in chats}

    def _roots(self, chats: tuple[str, ...]) -> tuple[str, ...]:
        about = [chat for chat in chats if chat in self._subjects] or chats[:1]
        roots: dict[str, None] = {}
        for chat in about:
            root = self._sets.find(chat)
            names = self._names.setdefault(root, [])
            if chat not in names:
                names.append(chat)
            roots[root] = None
        return tuple(roots)

    def _by_other_ids(self, every: list[Item]) -> None:
        """Gives what speaks of no chat to the one story whose other ids it names."""
        owner: dict[str, str] = {}
        of_session: set[str] = set()
        for item in every:
            if len(item.stories) == 1:
                story = item.stories[0]
                for word in (*item.others, *item.brought):
                    # Words of several stories are nobody's.
                    owner[word] = story if owner.get(word, story) == story else ""
            elif not item.stories:
                of_session |= {word for word in item.brought if word not in owner}
        for item in every:
            if not item.stories:
                owners = {owner.get(word, "") for word in item.others if word not in of_session} - {""}
                item.join(tuple(owners) if len(owners) == 1 else ())


def _by_number(items: Iterable[Item]) -> None:
    """Gives an event that names no story to that of the call whose answer gave its number."""
    given: dict[int, tuple[str, ...]] = {}
    for item in items:
        if item.number is None:
            continue
        if isinstance(item.what, PackedCall):
            given[item.number] = item.stories
        elif not item.stories:
            item.join(given.get(item.number, ()))
