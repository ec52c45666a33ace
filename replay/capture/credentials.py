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
"""How many secrets are remembered."""

_KINDS = ("secret", "keep")


class Credentials(Pseudonyms):
    """Pseudonyms for cookies, clientIds, tokens and passwords; names of users stay, as those of agents."""

    def __init__(self) -> None:
        super().__init__(limit=REMEMBERED, rules=_rules())

    def user(self, user: bytes) -> bytes:
        """A user's name, as it is."""
        return user

    def learn_from(self, exchange: Exchange) -> None:
        """Learns what is secret in an exchange: what it tells late may stand in one before."""
        self.target(_target(exchange.url)[1])
        self.headers(_fields(exchange.request_headers))
        self.headers(_fields(exchange.response_headers))
        self.body(exchange.request_body, _kind(exchange))
        for frame in exchange.frames or ():
            self._learn_clients(frame.content)
            if frame.from_client:
                self.body(frame.content)
        self._learn_clients(exchange.response_body or b"")

    def _learn_clients(self, said: bytes) -> None:
        for client in clients_in(said):
            self.learn(client)

    def without(self, exchange: Exchange) -> Exchange:
        """The exchange with pseudonyms in place of what is secret."""
        base, target = _target(exchange.url)
        body, answer = self.body(exchange.request_body, _kind(exchange)), exchange.response_body
        return msgspec.structs.replace(
            exchange,
            url=base + octets.decoded(self.literally(self.target(target))),
            request_headers=self._fields_of(exchange.request_headers),
            request_body=self.literally(body or b""),
            response_headers=self._fields_of(exchange.response_headers),
            response_body=None if answer is None else self.literally(answer),
            frames=None if exchange.frames is None else tuple(map(self._frame, exchange.frames)),
        )

    def _fields_of(self, headers: Headers) -> Headers:
        return tuple(
            (octets.decoded(name), octets.decoded(self.literally(value)))
            for name, value in self.headers(_fields(headers))
        )

    def _frame(self, frame: Frame) -> Frame:
        content = self.body(frame.content) if frame.from_client else frame.content
        return msgspec.structs.replace(frame, content=self.literally(content or b""))


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
