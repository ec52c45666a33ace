"""Values that differ from play to play, found and lifted out of what was recorded.

An id is what has one of the profile's shapes and occurs at least twice, or what the server said and the
client used. What the client makes up (a nickname) is captured when the scenario is played.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import msgspec

from replay.distil.sightings import Call, Event
from replay.distil.values import Path, field_of, leaves, words, words_in_call
from replay.profiles.profile import COUNTER, LOOKALIKE, Profile
from replay.scenario.model import Variable
from replay.scenario.templates import escape

_URL = re.compile(
    r"(?P<origin>[a-z][a-z0-9+.-]*://[^/\s\"'<>?#]+)(?P<rest>[/?#][^\s\"'<>]*|$)", re.IGNORECASE
)
_URI_FIELD = re.compile(r"(^|[a-z])uri$|Uri$")


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A variable of the scenario."""

    name: str
    variable: Variable


class Variables:
    """The variables of one story, and how recorded values are written with them."""

    def __init__(self, profile: Profile, origin: str) -> None:
        self._profile = profile
        self._origin = origin
        self._ids: dict[str, str] = {}
        self._numbers: dict[Any, str] = {}
        self._client: dict[tuple[str, str], str] = {}
        self._pattern: re.Pattern[str] | None = None
        self.found: dict[str, Variable] = {}

    @property
    def ids(self) -> dict[str, str]:
        """Each recorded id with its variable's name."""
        return self._ids

    def learn(self, events: Iterable[Event], calls: Iterable[Call]) -> None:
        """Finds the variables of these events and calls."""
        events, calls = list(events), list(calls)
        used = set[str]().union(*(words_in_call(call) for call in calls))
        said: list[tuple[Path, Any, Any]] = []
        for event in events:
            said += [(path, leaf, event.data) for path, leaf in leaves(event.data)]
        for call in calls:
            said += [(path, leaf, call.answer) for path, leaf in leaves(call.answer)]
        times = _occurrences(said)
        for path, leaf, whole in said:
            if isinstance(leaf, str):
                self._learn_id(path, leaf, whole, used, times)
            elif field_of(path) == self._profile.reference_field and isinstance(leaf, int):
                self._learn_number(leaf)
        self._learn_client(calls)
        longest_first = sorted(self._ids, key=len, reverse=True)
        if longest_first:
            joined = "|".join(map(re.escape, longest_first))
            self._pattern = re.compile(rf"(?<![A-Za-z0-9])(?:{joined})(?![A-Za-z0-9])")

    def _learn_id(self, path: Path, leaf: str, whole: Any, used: set[str], times: dict[str, int]) -> None:
        for word in words(leaf):
            if word in self._ids:
                continue
            shape = next((each for each in self._profile.ids if each.pattern.fullmatch(word)), None)
            field = field_of(path)
            is_id = field in self._profile.id_fields and word == leaf
            if shape is not None and (is_id or word in used or times[word] > 1):
                self._add_id(word, shape.make, path, whole)
            elif word in used and (is_id or _is_last_segment(leaf, word)):
                self._add_id(word, LOOKALIKE.make, path, whole)

    def _add_id(self, word: str, make: str, path: Path, whole: Any) -> None:
        name = self._fresh(_id_name(path, whole, word, make))
        self._ids[word] = name
        self.found[name] = Variable(recorded=word, make=make)

    def _learn_number(self, number: int) -> None:
        if number not in self._numbers:
            name = self._fresh("reference")
            self._numbers[number] = name
            self.found[name] = Variable(recorded=number, make=COUNTER)

    def _learn_client(self, calls: list[Call]) -> None:
        for call in calls:
            for path, leaf in leaves(call.body):
                field = field_of(path)
                if field in self._profile.client_fields and isinstance(leaf, str) and leaf:
                    key = (field, leaf)
                    if key not in self._client:
                        name = self._fresh(field)
                        self._client[key] = name
                        self.found[name] = Variable(recorded=leaf)

    def _fresh(self, name: str) -> str:
        if name not in self.found:
            return name
        number = 2
        while f"{name}{number}" in self.found:
            number += 1
        return f"{name}{number}"

    # Writing

    def lift(self, value: Any, path: Path = ()) -> Any:
        """A recorded JSON value with its variables in place."""
        if isinstance(value, dict):
            return {escape(key): self.lift(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self.lift(item, (*path, index)) for index, item in enumerate(value)]
        if isinstance(value, str):
            return self._lift_text(value, field_of(path))
        is_number = isinstance(value, int) and not isinstance(value, bool)
        if is_number and field_of(path) == self._profile.reference_field and value in self._numbers:
            return f"${{{self._numbers[value]}}}"
        return value

    def lift_path(self, path: str) -> str:
        """A request path with its variables in place."""
        return self._put_ids(path)

    def _lift_text(self, text: str, field: str) -> str:
        name = self._client.get((field, text))
        if name is not None:
            return f"${{{name}}}"
        pieces = []
        at = 0
        for url in _URL.finditer(text):
            pieces.append(self._put_ids(text[at : url.start()]))
            own = self._is_own(url["origin"], url["rest"], field)
            pieces.append("${base_url}" if own else self._put_ids(url["origin"]))
            pieces.append(self._put_ids(url["rest"]))
            at = url.end()
        pieces.append(self._put_ids(text[at:]))
        return "".join(pieces)

    def _is_own(self, origin: str, rest: str, field: str) -> bool:
        """Whether a URL names the recorded server, whatever it calls itself there."""
        prefix = self._profile.api_prefix
        named = bool(_URI_FIELD.search(field))
        under_api = len(prefix) > 1 and urlsplit(rest).path.startswith(prefix)
        return _is_web(origin) and (origin.lower() == self._origin or named or under_api)

    def _put_ids(self, text: str) -> str:
        text = escape(text)
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda match: f"${{{self._ids[match[0]]}}}", text)


def _is_web(origin: str) -> bool:
    return origin.lower().startswith(("http://", "https://", "ws://", "wss://"))


def _occurrences(said: list[tuple[Path, Any, Any]]) -> dict[str, int]:
    times: dict[str, int] = {}
    for _, leaf, _whole in said:
        if isinstance(leaf, str):
            for word in words(leaf):
                times[word] = times.get(word, 0) + 1
    return times


def _is_last_segment(text: str, word: str) -> bool:
    return "/" in text and urlsplit(text).path.rstrip("/").rpartition("/")[2] == word


def _id_name(path: Path, whole: Any, word: str, make: str) -> str:
    """What a reader would call an id: the thing it is the id of."""
    field = field_of(path)
    keys = [key for key in path if isinstance(key, str)]
    if field == "id" and len(keys) > 1:
        return _identifier(keys[-2])
    kind = _sibling(path, whole, "type")
    if field == "participantId" and isinstance(kind, str):
        return _identifier(kind.lower())
    if field.lower().endswith("id") and len(field) > 2:
        return _identifier(field[:-2])
    if field.lower().endswith("uri") and len(field) > 3:
        return _identifier(field[:-3])
    return _identifier(make.removesuffix("-id") if make != LOOKALIKE.make else (field or word))


def _sibling(path: Path, whole: Any, key: str) -> Any:
    """The value beside a leaf, under another key."""
    for step in path[:-1]:
        whole = whole[step]
    return whole.get(key) if isinstance(whole, dict) else None


def _identifier(text: str) -> str:
    name = re.sub(r"[^A-Za-z0-9_]+", "_", text).strip("_").lower()
    return name if name[:1].isalpha() else f"id_{name}"
