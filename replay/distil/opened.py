"""The items of a story unpacked: what is told of it, without what its lists say of others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from replay.distil import notes
from replay.distil.connected import Item
from replay.distil.notes import Notes
from replay.distil.packed import PackedCall
from replay.distil.sightings import Call, Event
from replay.distil.stories import Part, Story

_PUSHABLE = re.compile(r"(/[^/\s*]+)+")


class Opened(msgspec.Struct, kw_only=True):
    """Calls and events of all roles, each in order of time."""

    calls: list[Call] = []
    events: list[Event] = []
    around: list[Event] = []
    """Events that belong to the session."""


def open_parts(story: Story, parts: Mapping[str, Part], aside: Notes) -> Opened:
    """Unpacks what the roles did; counts what cannot be told."""
    opened = Opened()
    for role, part in parts.items():
        opener = _Opener(story, role, part, aside)
        around = opened.events if part.alone else opened.around
        told = [(item.place, item, opened.events) for item in part.items]
        told += [(item.place, item, around) for item in part.around]
        for _, item, events in sorted(told, key=lambda each: each[0]):
            opener.put(item, opened.calls, events)
    opened.calls.sort(key=lambda call: (call.at, call.exchange.number))
    opened.events.sort(key=lambda event: event.at)
    opened.around.sort(key=lambda event: event.at)
    return opened


class _Opener:
    def __init__(self, story: Story, role: str, part: Part, aside: Notes) -> None:
        self._story = story
        self._role = role
        self._whole = part.whole
        self._notes = aside

    def put(self, item: Item, calls: list[Call], events: list[Event]) -> None:
        what = item.what
        shared = not self._whole and any(each != self._story.home for each in item.stories)
        if isinstance(what, PackedCall):
            call = what.unpack(self._notes, self._role)
            if shared and call.answer is not msgspec.UNSET:
                call = msgspec.structs.replace(call, answer=self._pruned(call.answer))
            calls.append(call)
        elif not _is_pushable(what.channel):
            self._notes.count(notes.UNPUSHABLE)
        else:
            event = what.unpack(self._role)
            if shared:
                event = msgspec.structs.replace(event, data=self._pruned(event.data))
            events.append(event)

    def _pruned(self, value: Any) -> Any:
        pruned = self._without_others(value)
        self._notes.count(notes.OTHERS, pruned != value)
        return pruned

    def _without_others(self, value: Any) -> Any:
        """A JSON value without the items of its lists that speak of other stories alone."""
        if isinstance(value, dict):
            return {key: self._without_others(item) for key, item in value.items()}
        if isinstance(value, list):
            is_of_others = self._story.connected.is_of_others
            own = (item for item in value if not is_of_others(item, self._story.home))
            return [self._without_others(item) for item in own]
        return value


def _is_pushable(channel: str) -> bool:
    return bool(_PUSHABLE.fullmatch(channel)) and channel.split("/")[1] != "meta"
