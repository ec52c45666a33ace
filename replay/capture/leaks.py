"""Looks for what should not be in a file that others will see: credentials, and marks of persons.

It tells our pseudonyms from secrets by the check digits in them (`shapes.is_ours`). Names and texts cannot be
told from pseudonyms, and are not looked for.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from replay.capture.rules import Rules, load_rules
from replay.capture.shapes import EXAMPLE, NUMBER, is_ours, luhn
from replay.exchange import Exchange

_KEY = re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----")
_JWT = re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?")
_SCHEME = re.compile(
    r"\b(Bearer|Basic|Digest|Negotiate) +((?=[A-Za-z]*[0-9=._+/-])[A-Za-z0-9._~+/=-]{12,})", re.IGNORECASE
)
_BEFORE = re.compile(r"^(?:Bearer|Basic|Digest|Negotiate) +", re.IGNORECASE)
_USERINFO = re.compile(r"(?:https?|wss?)://[^/\s\"'@:]*:([^/\s\"'@]+)@", re.IGNORECASE)
_EMAIL = re.compile(
    r"(?<![\w.%+-])[A-Za-z0-9][\w.%+-]{0,63}@((?:[A-Za-z0-9-]{1,63}\.)+(?!png|jpe?g|gif|svg|css|js|webp)[A-Za-z]{2,24})\b"
)
_PHONE = re.compile(r"(?<![\w+])\+[1-9](?:[ ()./-]{0,2}\d){7,14}(?!\d)")
_CARD = re.compile(
    r"(?<![\w.-])(?:(?:4\d{3}|5[1-5]\d{2}|2[2-7]\d{2}|6(?:011|5\d{2}))([ -]?)\d{4}\1\d{4}\1\d{4}|"
    r"3[47]\d{2}([ -]?)\d{6}\2\d{5})(?![\w.-])"
)
_ENCODED = re.compile(r"(?<![\w.~%+-])[\w.~%+-]*%(?:3[ADFadf]|2[056BbFf]|40)[\w.~%+-]*")
_PAIR = re.compile(r"[\"']?([A-Za-z][\w.-]{0,60})[\"']?\s{0,20}[:=]\s{0,20}[\"']([^\"'\r\n]{4,})[\"']")
_RUN = re.compile(r"[^\W_]+")
_PASSWORD = re.compile(r"passw|pwd|secret|passphrase", re.IGNORECASE)
_MADE = re.compile(r"[0-9]|[a-z][A-Z]|[A-Z]{2}[a-z]|[^\w\s.:-]")


class Leak(NamedTuple):
    """Something that looks like one; never the value itself."""

    place: str
    """Where in a recording, or empty."""
    at: int
    """Where in a text, from 0; -1 where that says nothing."""
    what: str
    """What it looks like, as a noun."""
    excerpt: str
    """Its first characters and its length."""


def masked(value: str) -> str:
    """What may be shown of a value: so much that its owner knows it, and nobody else."""
    return f"{value[:3] if len(value) >= 16 else ''}… ({len(value)} characters)"


def in_text(text: str, place: str = "") -> Iterator[Leak]:
    """What gives itself away by its form, wherever it stands."""
    found = [*_found(text)]
    for match in _ENCODED.finditer(text):
        found += ((match.start(), what, value) for _, what, value in _found(unquote(match[0])))
    for at, what, value in sorted(set(found)):
        yield Leak(place, at, what, masked(value))


def _found(text: str) -> Iterator[tuple[int, str, str]]:
    yield from ((each.start(), "a private key", each[0]) for each in _KEY.finditer(text))
    yield from ((each.start(), "a token (JWT)", each[0]) for each in _JWT.finditer(text))
    for each in _SCHEME.finditer(text):
        if not _ours_after_scheme(each[1], each[2]) and not _JWT.search(each[2]):
            yield each.start(2), f"{each[1].capitalize()} credentials", each[2]
    for each in _USERINFO.finditer(text):
        if each[1] != "redacted" and "$" not in each[1]:
            yield each.start(), "a password in a URL", each[1]
    for each in _EMAIL.finditer(text) if "@" in text else ():
        if not EXAMPLE.fullmatch(each[1]):
            yield each.start(), "an e-mail address", each[0]
    for each in _PHONE.finditer(text):
        if not is_ours(_digits(each[0])):
            yield each.start(), "a phone number", each[0]
    for each in _CARD.finditer(text):
        if luhn(_digits(each[0])):
            yield each.start(), "the number of a card", each[0]


def _ours_after_scheme(scheme: str, value: str) -> bool:
    if scheme.lower() != "basic":
        return is_ours(value)
    try:
        return base64.b64decode(value, validate=True).endswith(b":redacted")
    except (binascii.Error, ValueError):
        return is_ours(value)


class Finder:
    """Looks into values whose names say what they are."""

    def __init__(self, rules: Rules | None = None) -> None:
        self._rules = rules or load_rules()

    def exchange(self, exchange: Exchange) -> Iterator[Leak]:
        """What one exchange gives away."""
        url = [*self._url(exchange.url)]
        path = "" if url else f" {urlsplit(exchange.url).path}"
        name = f"flow {exchange.number} ({exchange.method}{path})"
        for leak in self._leaks(exchange, url):
            yield leak._replace(place=f"{name}: {leak.place}")

    def _leaks(self, exchange: Exchange, url: list[Leak]) -> Iterator[Leak]:
        yield from url
        sides = (
            ("request", exchange.request_headers, exchange.request_body),
            ("response", exchange.response_headers, exchange.response_body),
        )
        for side, headers, body in sides:
            for name, value in headers:
                yield from self._header(name, value, f"{side} header {name}")
            kind = next((value for name, value in headers if name.lower() == "content-type"), "")
            yield from self._body(body or b"", kind, f"{side} body")
        for number, frame in enumerate(exchange.frames or (), 1):
            yield from self._body(frame.content, "", f"message {number}")

    def value(self, path: Iterable[str], value: Any, place: str = "") -> Iterator[Leak]:
        """What stands under a name, by the name; not what its form says."""
        kind = self._rules.field(path)
        name = [*path][-1:] or [""]
        if isinstance(value, str | int) and not isinstance(value, bool):
            yield from self._named(kind, name[0], str(value), place)

    def _named(self, kind: str | None, name: str, value: str, place: str) -> Iterator[Leak]:
        bare = _BEFORE.sub("", value)
        if kind == "secret" and self._is_secret(name, bare) and not any(_found(value)):
            yield Leak(place, -1, f"a secret ({name})", masked(value))
        if kind in ("phone", "number") and "$" not in value and not any(_found(value)):
            mixed = [each for each in _RUN.findall(value) if not each.isdigit()]
            numbers = [_digits(each) for each in (*NUMBER.findall(value), *mixed)]
            if any(7 <= len(digits) <= 19 and not is_ours(digits) for digits in numbers):
                yield Leak(place, -1, f"a number of a person ({name})", masked(value))

    def _is_secret(self, name: str, value: str) -> bool:
        if len(value) < 4 or "${" in value or value.lower() in self._rules.words or is_ours(value):
            return False
        if value == "redacted" or _ours_after_scheme("basic", value):
            return False
        return _PASSWORD.search(name) is not None or (len(value) >= 6 and _MADE.search(value) is not None)

    def _header(self, name: str, value: str, place: str) -> Iterator[Leak]:
        lower = name.lower()
        if lower in ("cookie", "set-cookie"):
            for pair in value.split(";") if lower == "cookie" else [value.partition(";")[0]]:
                key, _, cookie = pair.strip().partition("=")
                bare = unquote(cookie.strip('"'))
                number = bare.isdigit() and len(bare) < 16
                if self._rules.cookie(key) == "secret" and not number and self._is_secret("", bare):
                    yield Leak(f"{place}, {key}", -1, "a cookie", masked(bare))
            return
        yield from in_text(value, place)
        secret = lower in ("authorization", "proxy-authorization")
        if not secret or not _SCHEME.match(value):
            yield from self._named("secret" if secret else self._rules.header(name), name, value, place)

    def _url(self, url: str) -> Iterator[Leak]:
        yield from in_text(url, "URL")
        yield from self._pairs(urlsplit(url).query, "URL")

    def _pairs(self, query: str, place: str) -> Iterator[Leak]:
        for name, value in parse_qsl(query):
            where = f"{place}, {name}"
            kind = self._rules.parameter(name)
            if value[:1] in ("[", "{"):
                yield from self._body(value.encode("utf-8", "replace"), "", where)
            else:
                yield from self._named(kind, name, value, where)

    def _body(self, body: bytes, kind: str, place: str) -> Iterator[Leak]:
        if not body or kind.startswith(("image/", "font/", "audio/", "video/")):
            return
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            text = body.decode("utf-8", "replace")
            yield from in_text(text, place)
            if "x-www-form-urlencoded" in kind.lower():
                yield from self._pairs(text, place)
            else:
                for pair in _PAIR.finditer(text):
                    yield from self._named(self._rules.parameter(pair[1]), pair[1], pair[2], place)
            return
        yield from self._document(document, (), place)

    def _document(self, value: Any, path: tuple[str, ...], place: str, shown: str = "") -> Iterator[Leak]:
        if isinstance(value, dict):
            for name, inner in value.items():
                yield from self._document(inner, (*path, name), place, f"{shown}.{name}" if shown else name)
        elif isinstance(value, list):
            for number, inner in enumerate(value):
                yield from self._document(inner, path, place, f"{shown}[{number}]")
        else:
            where = f"{place}, {shown}" if shown else place
            if isinstance(value, str):
                if value[:1] in ("{", "["):
                    yield from self._body(value.encode("utf-8", "replace"), "", where)
                else:
                    yield from in_text(value, where)
                    if "=" in value and "?" in value:
                        yield from self._pairs(value.partition("?")[2], where)
            yield from self.value(path, value, where)


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit())
