"""Takes credentials out of what a simulator heard and said, and leaves all else.

Its answers are texts of a scenario, which was cleaned when it was recorded: they stay, but for what the
client proves itself with.
"""

from __future__ import annotations

import msgspec

from replay.bayeux.messages import clients_in
from replay.capture import octets
from replay.capture.pseudonyms import Fields, Pseudonyms
from replay.capture.rules import Rules, load_rules
from replay.exchange import Exchange, Frame
from replay.wire import Headers

NAME = "credentials"
"""How an entry is marked that was cleaned by these rules."""
REMEMBERED = 100_000
"""How many secrets are remembered, and how many headers."""
LARGEST = 64 << 10
"""Bytes of what a client sends that are gone through; nobody else has a turn meanwhile."""

_KINDS = ("secret", "keep")


class Credentials(Pseudonyms):
    """Pseudonyms for cookies, clientIds, tokens and passwords; names of users stay, as those of agents."""

    def __init__(self, rules: Rules | None = None) -> None:
        super().__init__(limit=REMEMBERED, rules=rules or _rules())
        # Clients send the same headers again and again.
        self._learned: set[tuple[str, str]] = set()
        self._cleaned_headers: dict[tuple[str, str], str] = {}

    def user(self, user: bytes) -> bytes:
        """A user's name, as it is."""
        return user

    def learn_from(self, exchange: Exchange) -> None:
        """Learns what is secret in an exchange, before any is cleaned: it may stand in one before."""
        self.target(_target(exchange.url)[1])
        for headers in (exchange.request_headers, exchange.response_headers):
            news = tuple(field for field in headers if field not in self._learned)
            self.headers(_fields(news))
            if len(self._learned) < REMEMBERED:
                self._learned.update(news)
        self._said(exchange.request_body, _kind(exchange))
        self._answered(exchange)
        self._learn_clients(exchange.response_body or b"")

    def learn_from_frame(self, frame: Frame) -> None:
        """Learns what is secret in a message of a WebSocket."""
        self._learn_clients(frame.content)
        if frame.from_client:
            self._said(frame.content)

    def _learn_clients(self, said: bytes) -> None:
        for client in clients_in(said):
            self.learn(client)

    def without(self, exchange: Exchange) -> Exchange:
        """An exchange with pseudonyms in place of what is secret; frames are left to `without_in_frame`."""
        base, target = _target(exchange.url)
        body, answer = self._said(exchange.request_body, _kind(exchange)), self._answered(exchange)
        return msgspec.structs.replace(
            exchange,
            url=base + octets.decoded(self.literally(self.target(target))),
            request_headers=self._fields_of(exchange.request_headers),
            request_body=self.literally(body),
            response_headers=self._fields_of(exchange.response_headers),
            response_body=None if answer is None else self.literally(answer),
        )

    def _fields_of(self, headers: Headers) -> Headers:
        return tuple((name, self._field(name, value)) for name, value in headers)

    def _field(self, name: str, value: str) -> str:
        if (name, value) in self._cleaned_headers:
            return self._cleaned_headers[name, value]
        ((_, clean),) = self.headers(_fields(((name, value),)))
        if len(self._cleaned_headers) >= REMEMBERED:
            self._cleaned_headers.clear()
        said = self._cleaned_headers[name, value] = octets.decoded(self.literally(clean))
        return said

    def _said(self, body: bytes, kind: bytes = b"") -> bytes:
        """What a client sent, clean."""
        if len(body) > LARGEST:
            return b"(%d bytes, left out)" % len(body)
        return self.body(body, kind) or b""

    def _answered(self, exchange: Exchange) -> bytes | None:
        """What a client was answered: as it is."""
        return exchange.response_body

    def without_in_frame(self, frame: Frame) -> Frame:
        """A message of a WebSocket, in the same way."""
        content = self._said(frame.content) if frame.from_client else frame.content
        return msgspec.structs.replace(frame, content=self.literally(content))


class Everything(Credentials):
    """Pseudonyms for all that is secret or personal, in answers too: a real server's are not clean."""

    def __init__(self) -> None:
        super().__init__(load_rules())

    def user(self, user: bytes) -> bytes:
        """A user's name, replaced."""
        return Pseudonyms.user(self, user)

    def _answered(self, exchange: Exchange) -> bytes | None:
        body = exchange.response_body
        return body and self._said(body, octets.encoded(exchange.response_header("content-type")))


def _rules() -> Rules:
    """Those of a recording's rules that are about credentials."""
    rules = load_rules()
    return Rules(
        name=NAME,
        places={
            place: [(find, kind) for find, kind in lines if kind in _KINDS]
            for place, lines in rules.places.items()
        },
        patterns=[each for each in rules.patterns if each.kind == "secret"],
        words=rules.words,
    )


def _target(url: str) -> tuple[str, bytes]:
    """Scheme and host, and what comes after them."""
    scheme, mark, rest = url.partition("://")
    host, slash, target = rest.partition("/")
    return scheme + mark + host, octets.encoded(slash + target)


def _kind(exchange: Exchange) -> bytes:
    return octets.encoded(exchange.request_header("content-type"))


def _fields(headers: Headers) -> Fields:
    return tuple((octets.encoded(name), octets.encoded(value)) for name, value in headers)
