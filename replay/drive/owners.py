"""Whose an event is, of all chats that one agent has had: told by ids that only one chat's messages have."""

from __future__ import annotations

from typing import Any

from replay.drive.chats import Playing

REMEMBERED = 4
"""Chats that are over and still known, beyond as many as there are: what comes again can be told."""


class Owners:
    """Chats under way, and the latest of those that are over."""

    def __init__(self, *, all_marked: bool) -> None:
        """Nobody owns anything.

        Args:
            all_marked: Every event says which chat it belongs to.
        """
        self.under_way: list[Playing] = []
        self._all_marked = all_marked
        self._past: list[Playing] = []
        self._by_id: dict[str, Playing] = {}

    def learn(self, playing: Playing) -> None:
        """A chat may have become known by more ids."""
        for text in playing.learn_ids():
            self._by_id[text] = playing

    def end(self, playing: Playing) -> None:
        """A chat is over."""
        playing.ended = True
        self.under_way.remove(playing)
        self._past.append(playing)
        while len(self._past) > REMEMBERED + len(self.under_way):
            old = self._past.pop(0)
            for text in old.ids:
                if self._by_id.get(text) is old:
                    del self._by_id[text]

    @property
    def known(self) -> list[Playing]:
        """All of which something is known, those that are over last."""
        return [*self.under_way, *self._past]

    def of(self, data: Any) -> list[Playing]:
        """The chats an event may belong to: by its ids; else in the order they began, those over last."""
        known = [self._by_id[text] for text in _words(data) if text in self._by_id]
        if known:
            return [max(set(known), key=known.count)]
        fresh = [each for each in self.under_way if not each.ids]
        if self._all_marked:
            # A chat whose id is known is not meant by an event with another one.
            return [*fresh, *(each for each in self._past if not each.ids)]
        return [*fresh, *(each for each in (*self.under_way, *self._past) if each.ids or each.ended)]


def _words(data: Any) -> list[str]:
    """All that may be an id in a value: its texts, and the parts of those that are paths."""
    if isinstance(data, str):
        return [data, *data.split("/")] if "/" in data else [data]
    if isinstance(data, dict):
        return [word for value in data.values() for word in _words(value)]
    if isinstance(data, list):
        return [word for value in data for word in _words(value)]
    return []
