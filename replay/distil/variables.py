"""Values that differ from play to play, and recorded values written with them.

Ids are made anew for each play, numbers counted; what the client makes up (a nickname) is captured when the
scenario is played, by each request for itself. A text in a field that the profile does not name is captured
by the first request that holds it, since it may stand for the same thing in the next.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote, unquote_plus

from replay.distil.ids import find_ids, identifier
from replay.distil.inventions import Inventions
from replay.distil.sightings import Call, Event, plain_origin
from replay.distil.values import field_of, find, leaves
from replay.profiles.profile import COUNTER, Profile
from replay.scenario.model import Variable
from replay.scenario.templates import BASE_URL, Part, Reference, before_reference, unparse

_URL = re.compile(
    r"(?<![A-Za-z0-9+.-])(?P<origin>https?://[^/\s\"'<>?#]+)(?P<rest>[/?#][^\s\"'<>]*)?", re.IGNORECASE
)
_SOCKET = re.compile(r"(?<![A-Za-z0-9+.-])ws(s?)://([^/\s\"'<>?#]+)", re.IGNORECASE)
_URI_FIELD = re.compile(r"(^|[a-z])uri$|Uri$")
_BRACE = re.compile(r"(?:\$|%24)(?:\{|%7[Bb])")
_DOLLARS = re.compile(r"(?:%24|\$)+\Z")
_NOT_IN_TARGETS = re.compile(r"[\s\x00-\x20\x7f#]")


class Variables:
    """The variables of one story, and how recorded values are written with them."""

    def __init__(self, profile: Profile, origins: Container[str]) -> None:
        self._profile = profile
        self._origins = origins
        self._numbers: dict[int, str] = {}
        self._client: dict[tuple[str, str], list[tuple[float, str]]] = {}
        self._own: dict[tuple[int, str, str], str] = {}
        self._order = {field: place for place, field in enumerate(profile.field_order)}
        self._last: dict[str, int] = {}
        self.ids: dict[str, str] = {}
        """Each recorded id with its variable's name."""
        self.found: dict[str, Variable] = {}
        self.sockets: set[str] = set()
        """Addresses of the server's WebSockets, which stay as recorded: `${base_url}` begins with http."""

    def know(self, ids: Mapping[str, str], numbers: Mapping[int, str]) -> None:
        """Ids and numbers whose variables are known beforehand."""
        self.ids |= ids
        self._numbers |= numbers

    def learn(self, events: Iterable[Event], calls: Iterable[Call]) -> None:
        """Finds the variables of these events and calls, each in order of time."""
        events, calls = list(events), list(calls)
        for each in find_ids(events, calls, self._profile):
            if each.word in self.ids:
                continue
            self.ids[each.word] = self._add(each.name, Variable(recorded=each.word, make=each.make))
        inventions = Inventions(events, calls, self._profile, self.ids)
        for call in calls:
            self._learn_client(call, inventions)
        if not self._profile.reference_field:
            return
        said = [(event.at, event.data) for event in events] + [(c.answered_at, c.answer) for c in calls]
        for _, message in sorted(said, key=lambda each: each[0]):
            for path, leaf in leaves(message):
                if field_of(path) == self._profile.reference_field and _is_whole(leaf):
                    self._learn_number(leaf)

    def _learn_number(self, number: int) -> None:
        if number not in self._numbers:
            self._numbers[number] = self._add("reference", Variable(recorded=number, make=COUNTER))

    def _learn_client(self, call: Call, inventions: Inventions) -> None:
        for path, leaf in leaves(call.body):
            field = field_of(path)
            own = (call.exchange.number, field, leaf)
            if not isinstance(leaf, str) or not leaf or own in self._own:
                continue
            named = field in self._profile.client_fields
            if named or inventions.includes(call, field, leaf):
                self._own[own] = name = self._add(identifier(field), Variable(recorded=leaf))
                # Where the profile does not name the field, the text alone tells what comes back.
                self._client.setdefault((field if named else "", leaf), []).append((call.at, name))

    def _add(self, name: str, variable: Variable) -> str:
        free, number = name, self._last.get(name, 1)
        while free in self.found or free == BASE_URL:
            number += 1
            free = f"{name}{number}"
        self._last[name] = number
        self.found[free] = variable
        return free

    # Writing

    def lift(self, value: Any, at: float) -> Any:
        """A JSON value of the server's with its variables in place; `at` is when it was said."""
        return self._lift(value, "", at, None)

    def lift_body(self, call: Call) -> Any:
        """The JSON body of a request with its variables in place."""
        return self._lift(call.body, "", call.at, call.exchange.number)

    def lift_text(self, text: str, field: str = "") -> str:
        """A text that is no JSON, a header or a channel, with ids and the server's address in place."""
        for found in _SOCKET.finditer(text):
            if plain_origin(f"http{found[1]}://{found[2]}") in self._origins:
                self.sockets.add(found[0])
        return unparse(self._pieces(text, field))

    def lift_path(self, path: str) -> str:
        """A request path with its variables in place."""
        return _target(self._split_ids(path))

    def lift_query(self, query: str) -> str:
        """A query with its variables in place; what they do not touch stays as the client wrote it."""
        return "&".join(self._lift_pair(pair) for pair in query.split("&") if pair)

    def _lift_pair(self, pair: str) -> str:
        key, equals, raw = pair.partition("=")
        parts = list(self._pieces(unquote_plus(raw), unquote_plus(key)))
        if any(isinstance(part, Reference) for part in parts):
            parts = [quote(part, safe="/:@,") if isinstance(part, str) else part for part in parts]
        else:
            parts = [raw]
        return _target([f"{key}{equals}", *parts])

    def _lift(self, value: Any, field: str, at: float, call: int | None) -> Any:
        if isinstance(value, dict):
            # Fields a reader looks for come first; a server writes them in any order.
            keys = sorted(value, key=lambda key: self._order.get(key, len(self._order)))
            return {self._lift_key(key): self._lift(value[key], key, at, call) for key in keys}
        if isinstance(value, list):
            return [self._lift(item, field, at, call) for item in value]
        if isinstance(value, str):
            name = self._client_name(field, value, at, call)
            return f"${{{name}}}" if name else self.lift_text(value, field)
        if field == self._profile.reference_field and _is_whole(value) and value in self._numbers:
            return f"${{{self._numbers[value]}}}"
        return value

    def _lift_key(self, key: str) -> str:
        return unparse(self._split_ids(key))

    def _client_name(self, field: str, text: str, at: float, call: int | None) -> str | None:
        """The variable for what a client made up: in a request its own, elsewhere the latest sent by then."""
        if call is not None and (call, field, text) in self._own:
            return self._own[call, field, text]
        for known in [("", text)] if call is not None else [(field, text), ("", text)]:
            sent = self._client.get(known, [])
            place = bisect_right(sent, at, key=lambda each: each[0])
            if place:
                return sent[place - 1][1]
        return None

    def _pieces(self, text: str, field: str) -> Iterator[Part]:
        at = 0
        for url in _URL.finditer(text):
            yield from self._split_ids(text[at : url.start()])
            if self._is_own(url["origin"], url["rest"] or "", field):
                yield Reference(BASE_URL)
            else:
                yield from self._split_ids(url["origin"])
            yield from self._split_ids(url["rest"] or "")
            at = url.end()
        yield from self._split_ids(text[at:])

    def _is_own(self, origin: str, rest: str, field: str) -> bool:
        """Whether a URL names the recorded server, whatever it calls itself there."""
        prefix = self._profile.api_prefix
        under_api = len(prefix) > 1 and prefix in re.split(r"[?#]", rest, maxsplit=1)[0]
        return plain_origin(origin) in self._origins or bool(_URI_FIELD.search(field)) or under_api

    def _split_ids(self, text: str) -> Iterator[Part]:
        at = 0
        for start, end in find(text, self.ids) if self.ids else ():
            if start > at:
                yield text[at:start]
            yield Reference(self.ids[text[start:end]])
            at = end
        if at < len(text):
            yield text[at:]


def _target(parts: Iterable[Part]) -> str:
    """Parts as part of a request line, which is percent-decoded before `${` is looked for."""
    text = ""
    for part in parts:
        if isinstance(part, Reference):
            text = before_reference(_DOLLARS.sub(lambda found: unquote(found[0]), text)) + unparse([part])
        else:
            text += _in_target(part)
    return text


def _in_target(literal: str) -> str:
    return _NOT_IN_TARGETS.sub(lambda found: quote(found[0]), _BRACE.sub("$${", literal))


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
