"""Replaces credentials, cookies, clientIds and personal data by pseudonyms, before anything touches the disk.

The key is made for the recording and never written, so a pseudonym tells that two values were the same and
nothing else but their shape. What is replaced is said by rules (`rules.py`).

It and its siblings are loaded where our package is not: they need the standard library and, to read rules, a
reader of YAML, for which mitmproxy's will do.
"""

from __future__ import annotations

import base64
import binascii
import collections
import hashlib
import hmac
import os
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

from . import bodies, learned, octets, rules, shapes

LEARNED = 4096
"""How many secrets are remembered, the latest used of them."""

_PLAIN_WORDS = re.compile(rb"[A-Z]?[a-z]+([-_ ./][A-Z]?[a-z]+)*")
_NAMES_ANOTHER = (b"x-csrf-header", b"x-xsrf-header", b"x-csrf-param")
_SCHEME = re.compile(rb"(basic|bearer|digest|negotiate) +\S", re.IGNORECASE)
_DOMAIN = re.compile(r"@\S*")
_LONGEST_LEARNED = 1000
_MOST_MOUNTS = 1000
# What says nothing of a person, whatever it is called: ids of the API, moments, words of JSON, hosts' ports.
_IMPERSONAL = re.compile(
    r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|0000(?=\w*[A-Za-z])[A-Za-z0-9]{11,12}|00[0-9A-F]{14}|"
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*|true|false|null|none|yes|no",
    re.IGNORECASE,
)

Fields = tuple[tuple[bytes, bytes], ...]
load_rules = rules.load_rules


class Pseudonyms:
    """The pseudonyms of one recording, and what it has met that is secret or personal."""

    def __init__(
        self, key: bytes | None = None, *, limit: int = LEARNED, rules: rules.Rules | None = None
    ) -> None:
        self._key = key or os.urandom(32)
        self.rules = rules or load_rules()
        self._values = learned.Learned(limit)
        self._names = learned.Names(limit)
        self._shapes = shapes.Shapes(self._key)
        self._bodies = bodies.Bodies(self.rules, self)
        self._csrf_headers: set[bytes] = set()
        self._mounts: set[str] = set()
        self._met = 0
        self._news: collections.deque[tuple[str, bytes]] = collections.deque(maxlen=limit)

    def __repr__(self) -> str:
        return f"<Pseudonyms {len(self._values)} secrets learned>"

    def of(self, secret: bytes) -> bytes:
        """The pseudonym of a secret: hex, or digits for digits; as long as it, but 8 to 64 characters."""
        digest = hmac.new(self._key, secret, hashlib.sha256).hexdigest()
        # A number in JSON has to stay a number.
        length = max(learned.SHORTEST, min(64, len(secret)))
        if secret.isdigit():
            return shapes.checked(str(int(digest, 16))[: length - 2]).encode()
        return shapes.checked_hex(digest[: length - 2]).encode()

    def news(self) -> list[tuple[str, bytes]]:
        """What has been learned since this was asked last: what another of the same key has to `recall`."""
        news = list(self._news)
        self._news.clear()
        return news

    def _note(self, kind: str, value: bytes) -> None:
        self._met += 1
        self._news.append((kind, value))

    def recall(self, news: Iterable[tuple[str, bytes]]) -> None:
        """Learn what another has learned."""
        for kind, value in news:
            if kind == "secret":
                self.learn(value)
            else:
                self._learn_person(kind, octets.decoded(value))

    def learn(self, secret: bytes, *, doubtful: bool = False) -> None:
        """Replace this value from now on wherever it occurs, if it is long enough not to do so by chance.

        Doubtful values (a cookie may hold `long-polling`, or a time) are learned only if they look made.
        """
        if len(secret) < learned.SHORTEST or secret.lower().decode("utf-8", "replace") in self.rules.words:
            return
        if doubtful and (secret.isdigit() or (len(secret) < 16 and _PLAIN_WORDS.fullmatch(secret))):
            return
        if secret not in self._values:
            self._values.add(secret, self.of(secret), spelled=False)
            self._note("secret", secret)

    def clean(self, state: dict[str, Any]) -> dict[str, Any]:
        """The state of a flow, bodies decoded, with every secret and everything personal in it replaced.

        An answer may tell that what was asked for is somebody's name: once something new has been learned, it
        is looked for from the beginning.
        """
        known = self._met
        cleaned = self._cleaned(state)
        return cleaned if known == self._met else self._cleaned(state)

    def _cleaned(self, state: dict[str, Any]) -> dict[str, Any]:
        state = {**state, "request": {**state["request"], "path": self.target(state["request"]["path"])}}
        for side in ("request", "response"):
            if message := state.get(side):
                state[side] = {
                    **message,
                    "headers": self.headers(message["headers"]),
                    "trailers": self.headers(message["trailers"]) if message["trailers"] else None,
                    "content": self.body(message["content"], _content_type(message["headers"])),
                }
        if socket := state.get("websocket"):
            frames = [(kind, who, self.body(text), *rest) for kind, who, text, *rest in socket["messages"]]
            state["websocket"] = {**socket, "messages": frames}
        cleaned: dict[str, Any] = _everywhere(state, self)
        return cleaned

    def target(self, target: bytes) -> bytes:
        """Clean a request's path and query."""
        path, mark, query = target.partition(b"?")
        # Where the API is mounted is no person, whoever has that name: clients would ask in vain.
        mount = path.split(b"/", 2)[1:2]
        if mount and len(self._mounts) < _MOST_MOUNTS:
            self._mounts.update(learned.RUN.findall(octets.decoded(mount[0]).lower()))
        return self._bodies.text(path) + mark + self._bodies.form(query)

    def plain(self, text: bytes) -> bytes:
        """Clean a text that is no body: a title, a comment."""
        return self._bodies.text(text)

    def parameter(self, name: bytes, value: bytes) -> bytes:
        """Clean a parameter's value that stands by itself, not encoded."""
        kind = self.rules.parameter(name.decode("utf-8", "replace"))
        return (
            self._bodies.text(value)
            if kind is None
            else octets.encoded(self.hide(kind, octets.decoded(value)))
        )

    def headers(self, fields: Fields) -> Fields:
        """Clean headers; names and order stay, and all that no rule drops."""
        for name, value in fields:
            if name.lower() in _NAMES_ANOTHER[:2]:
                self._csrf_headers.add(value.strip().lower())
        cleaned = ((name, self._header(name.lower(), value)) for name, value in fields)
        return tuple((name, value) for name, value in cleaned if value is not None)

    def body(self, body: bytes | None, content_type: bytes = b"") -> bytes | None:
        """Clean a body or a frame; what is neither secret nor personal keeps its bytes."""
        return self._bodies.body(body, content_type) if body else body

    def known(self, value: Any) -> Any:
        """Plain data, with what has been learned so far replaced wherever it stands."""
        return _everywhere(value, self)

    def literally(self, text: bytes) -> bytes:
        """Replace what has been learned so far, wherever it stands."""
        return self._values.replace(text)

    def hide(self, kind: str, plain: str) -> str:
        """What stands for a value of this kind; it is learned, so that it is found elsewhere too."""
        match kind:
            case "keep":
                return plain
            case "drop":
                return ""
            case "secret":
                return self.credential(octets.encoded(plain)).decode()
        if not plain.strip() or (kind == "value" and self.is_impersonal(plain)):
            return plain
        self._learn_person(kind, plain)
        return self._shapes.text(plain)

    def hide_number(self, kind: str, numeral: str) -> str:
        """What stands for a number of JSON: a number."""
        if kind == "keep":
            return numeral
        if kind == "drop":
            return "0"
        if kind == "secret":
            if numeral.isdigit():
                self.learn(numeral.encode())
                return self.of(numeral.encode()).decode()
            return self.of(re.sub(r"[-+.eE]", "", numeral).encode()).decode()
        if numeral.isdigit():
            self._learn_person("number", numeral)
        return self._shapes.numeral(numeral)

    def names_in(self, text: str) -> str:
        """Replace the names and numbers of persons met before, where they stand as words of their own."""
        found = [word for word in self._names.found(text) if word.lower() not in self._mounts]
        if not found:
            return text
        words = "|".join(map(re.escape, sorted(found)))
        return re.sub(rf"(?<![^\W_])(?:{words})(?![^\W_])", lambda word: self._shapes.word(word[0]), text)

    def is_known(self, word: str) -> bool:
        """Whether a word is part of a person's name, or a number of theirs."""
        return word in self._names

    def may_name(self, text: bytes) -> bool:
        """Whether such names may be in a text; quickly told."""
        return self._names.may_be_in(text)

    def credential(self, value: bytes) -> bytes:
        """The pseudonym of a secret; a scheme before it (`Bearer`) stays."""
        return self._authorization(value) if _SCHEME.match(value) else self.hide_secret(value)

    def hide_secret(self, secret: bytes, *, doubtful: bool = False) -> bytes:
        """The pseudonym of a secret, which is learned."""
        if not secret:
            return secret
        self.learn(secret, doubtful=doubtful)
        return self.of(secret)

    @staticmethod
    def is_impersonal(plain: str) -> bool:
        """Whether a value is an id of the API, a moment, or a word that says nothing."""
        return _IMPERSONAL.fullmatch(plain) is not None

    def _learn_person(self, kind: str, plain: str) -> None:
        if len(plain) > _LONGEST_LEARNED:
            return
        news = False
        for word in self._personal_words(kind, plain):
            news = news or word not in self._names
            self._names.add(word)
        runs = learned.RUN.findall(plain)
        shortest = 12 if kind in ("text", "name") else learned.SHORTEST
        # A word alone may be one of the protocol's.
        if len(plain) >= shortest and [plain] != runs and plain.lower() not in self.rules.words:
            raw = octets.encoded(plain)
            if raw not in self._values:
                # Names, addresses and numbers stand in queries too.
                encoded = kind not in ("text", "value")
                self._values.add(raw, octets.encoded(self._shapes.text(plain)), spelled=True, encoded=encoded)
                news = True
        if news:
            self._note(kind, octets.encoded(plain))

    def _personal_words(self, kind: str, plain: str) -> Iterator[str]:
        """The words of a value, or the digits of a number, that may tell of a person elsewhere too."""
        if kind == "name":
            # The domain of an address is no name.
            runs = learned.RUN.findall(_DOMAIN.sub("", plain))
            yield from (
                run
                for run in runs
                if len(run) >= 3 and not run.isdigit() and run.lower() not in self.rules.words
            )
        if kind in ("phone", "number"):
            digits = "".join(character for character in plain if character.isdigit())
            if len(digits) >= 7:
                yield digits
        if kind in ("number", "value"):
            runs = learned.RUN.findall(plain)
            yield from (run for run in runs if len(run) >= 6 and any(map(str.isdigit, run)))

    def _header(self, name: bytes, value: bytes) -> bytes | None:
        if not value.strip():
            return value
        if name in (b"authorization", b"proxy-authorization"):
            return self._authorization(value)
        if name == b"cookie":
            return b";".join(self._cookie(pair) for pair in value.split(b";"))
        if name in (b"set-cookie", b"set-cookie2"):
            cookie, mark, attributes = value.partition(b";")
            return self._cookie(cookie) + mark + attributes
        kind = self.rules.header(name.decode("latin-1"))
        if name in self._csrf_headers or kind == "secret":
            bare = value.strip()
            return self.credential(bare) if _SCHEME.match(bare) else self.hide_secret(bare, doubtful=True)
        if kind is None:
            return self._bodies.text(value)
        return None if kind == "drop" else octets.encoded(self.hide(kind, octets.decoded(value)))

    def _authorization(self, value: bytes) -> bytes:
        scheme, _, credentials = value.strip().partition(b" ")
        credentials = credentials.strip()
        if not credentials:
            return self.hide_secret(scheme)
        if scheme.lower() != b"basic":
            return scheme + b" " + self.hide_secret(credentials)
        try:
            user, _, password = base64.b64decode(credentials, validate=True).partition(b":")
        except (binascii.Error, ValueError):
            return scheme + b" " + self.hide_secret(credentials)
        self.learn(credentials)
        self.learn(password)
        return scheme + b" " + base64.b64encode(self.user(user) + b":redacted")

    def user(self, user: bytes) -> bytes:
        """The pseudonym of a user's name; undecodable bytes are read as Latin-1, as old clients send them."""
        try:
            plain = user.decode()
        except UnicodeDecodeError:
            plain = user.decode("latin-1")
        return octets.encoded(self.hide("name", plain))

    def _cookie(self, pair: bytes) -> bytes:
        name, mark, value = pair.partition(b"=")
        if not mark:
            name, value = pair[: len(pair) - len(pair.lstrip())], pair.lstrip()
        bare = value.strip().strip(b'"')
        kind = self.rules.cookie(name.strip().decode("latin-1")) or "secret"
        if not bare or kind == "keep" or bare.lower() in (b"deleted", b"deleteme"):
            return pair
        # A token that is also sent in a header stands there without the percent signs.
        plain = unquote_to_bytes(bare)
        if kind == "secret":
            hidden = self.hide_secret(plain, doubtful=True)
        else:
            hidden = bodies.quoted(self.hide(kind, octets.decoded(plain)))
        return name + mark + value.replace(bare, hidden, 1)


def _content_type(fields: Fields) -> bytes:
    return next((value for name, value in fields if name.lower() == b"content-type"), b"")


def _everywhere(value: Any, pseudonyms: Pseudonyms) -> Any:
    match value:
        case bytes():
            return pseudonyms.literally(value)
        case str():
            # As mitmproxy writes text: undecodable bytes come back as they were.
            return octets.decoded(pseudonyms.literally(octets.encoded(value)))
        case dict():
            return {key: _everywhere(item, pseudonyms) for key, item in value.items()}
        case list() | tuple():
            return [_everywhere(item, pseudonyms) for item in value]
        case _:
            return value
