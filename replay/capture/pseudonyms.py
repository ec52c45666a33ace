"""Replaces credentials, cookies and clientIds by pseudonyms, before anything touches the disk.

The key is made for the recording and never written, so a pseudonym tells that two values were the same and
nothing else. Personal data is not looked for here.
"""

from __future__ import annotations

import base64
import binascii
import collections
import hashlib
import hmac
import json
import os
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote_from_bytes, quote_plus, unquote_to_bytes

LEARNED = 4096
"""How many secrets are remembered, the latest used of them."""

_SHORTEST = 8  # shorter values turn up by chance
_MANY = 1000  # from here on it is faster to look each piece of a text up than to search for each secret
_NAMES = frozenset(
    {"clientid", "authorization", "credential", "passphrase", "ssid", "susername", "csrf", "xsrf"}
    | {"samlresponse", "assertion"}
)
_ENDINGS = ("secret", "token", "apikey", "sessionid", "credentials", "pwd")
_HEADERS = re.compile(rb"token|secret|passw|api-?key|ssid|susername|session|csrf|xsrf", re.IGNORECASE)
_NAMES_ANOTHER = (b"x-csrf-header", b"x-xsrf-header", b"x-csrf-param")
# Somebody's password may be one of these; replaced everywhere it would ruin the recording and hide nothing.
_PROTOCOL_WORDS = frozenset(
    {b"password", b"username", b"clientid", b"sessionid", b"authorization", b"credentials", b"anonymous"}
    | {b"undefined", b"long-polling", b"callback-polling", b"websocket", b"connectiontype", b"application"}
    | {b"javascript", b"keep-alive", b"successful", b"subscription", b"handshake", b"messages"}
)
_PLAIN_WORDS = re.compile(rb"[A-Z]?[a-z]+([-_ ./][A-Z]?[a-z]+)*")

_WORDS = (
    rb"(?:client[-_]?id|passw(?:or)?d|pwd|passphrase|secret|token|authorization|api[-_]?key|session[-_]?id|ssid|"
    rb"susername|credentials?|csrf|xsrf|samlresponse|assertion)"
)
_WORD = re.compile(_WORDS, re.IGNORECASE)
_HINT = re.compile(_WORDS + rb"|\\u00", re.IGNORECASE)
_TOKEN = re.compile(rb'"((?:[^"\\]|\\.)*)"(\s*:)?|-?\d[\d.eE+-]*|[{}\[\]]', re.DOTALL)
_USERINFO = re.compile(rb"((?:https?|wss?):(?://|\\/\\/))([^/\s\"'@:\\]*):([^/\s\"'@\\]*)@", re.IGNORECASE)
# Where no JSON parser helps: what may stand before and after a word in a secret's name. Tried only where such
# a word is found, so that a megabyte of script holds up nobody.
_LOOSE = tuple(
    (re.compile(before + rb"$"), re.compile(after, re.IGNORECASE | re.DOTALL))
    for before, after in (
        # JSON that is cut short or wrapped in a call, JSON inside a JSON string, numbers, scripts.
        (rb"", rb'["\']\s*:\s*"((?:[^"\\\r\n]|\\.)*)'),
        (rb"", rb'\\+["\']\s*:\s*\\+["\']([^"\'\\]*)'),
        (rb"", rb'\\*["\']\s*:\s*(-?\d[\d.]*)'),
        (rb"", rb"[\"']?\s*[:=]\s*'([^'\r\n]*)"),
        (rb"", rb"\s*[:=]\s*\"([^\"\r\n]*)"),
        # Hidden fields and meta elements, parts of forms, XML.
        (rb"(?:name|id)=[\"'][\w.-]*", rb"[\"'][^<>]{0,300}?\b(?:value|content)=[\"']([^\"']*)"),
        (rb"\bname=\"?[\w.-]*", rb"\"?[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n(.*?)(?=\r\n--)"),
        (rb"<(?:\w+:)?[\w.-]*", rb"(?![\w.-])[^<>]*>([^<]+)<"),
    )
)
_QUERY = ((re.compile(rb"(?:^|[?&;#]|\\u0026)[\w.-]*$"), re.compile(rb"=([^&;#\s\"'<>\\]+)")),)
_BEFORE = 60
_SCHEME = re.compile(rb"(basic|bearer|digest|negotiate) +\S", re.IGNORECASE)
_OPAQUE = re.compile(rb"\s*(image|audio|video|font)/", re.IGNORECASE)

_Places = tuple[tuple[re.Pattern[bytes], re.Pattern[bytes]], ...]
Fields = tuple[tuple[bytes, bytes], ...]


class Pseudonyms:
    """The pseudonyms of one recording, and the secrets it has met."""

    def __init__(self, key: bytes | None = None, *, limit: int = LEARNED) -> None:
        self._key = key or os.urandom(32)
        self._limit = limit
        self._learned: collections.OrderedDict[bytes, tuple[bytes, ...]] = collections.OrderedDict()
        # Every spelling of a secret, under its first eight bytes.
        self._spellings: dict[bytes, dict[bytes, bytes]] = {}
        self._csrf_headers: set[bytes] = set()
        self._news: collections.deque[bytes] = collections.deque(maxlen=limit)

    def __repr__(self) -> str:
        return f"<Pseudonyms {len(self._learned)} secrets learned>"

    def of(self, secret: bytes) -> bytes:
        """The pseudonym: hex, or digits for digits; as long as the secret, but 8 to 64 characters."""
        digest = hmac.new(self._key, secret, hashlib.sha256).hexdigest()
        # A number in JSON has to stay a number.
        text = str(int(digest, 16)) if secret.isdigit() else digest
        return text[: max(_SHORTEST, min(64, len(secret)))].encode()

    def news(self) -> list[bytes]:
        """The secrets learned since this was asked last: what another of the same key has to learn."""
        news = list(self._news)
        self._news.clear()
        return news

    def learn(self, secret: bytes, *, doubtful: bool = False) -> None:
        """Replace this value from now on wherever it occurs, if it is long enough not to do so by chance.

        Doubtful values (a cookie may hold `long-polling`, or a time) are learned only if they look made.
        """
        if len(secret) < _SHORTEST or secret.lower() in _PROTOCOL_WORDS:
            return
        if doubtful and (secret.isdigit() or (len(secret) < 16 and _PLAIN_WORDS.fullmatch(secret))):
            return
        if secret in self._learned:
            self._learned.move_to_end(secret)
            return
        pseudonym = self.of(secret)
        spellings = tuple({s for s in _spellings(secret) if len(s) >= _SHORTEST})
        self._learned[secret] = spellings
        self._news.append(secret)
        for spelling in spellings:
            self._spellings.setdefault(spelling[:_SHORTEST], {}).setdefault(spelling, pseudonym)
        if len(self._learned) > self._limit:
            self._forget(self._learned.popitem(last=False)[1])

    def clean(self, state: dict[str, Any]) -> dict[str, Any]:
        """The state of a flow, bodies decoded, with every secret in it replaced."""
        request, response, socket = state["request"], state.get("response"), state.get("websocket")
        request["path"] = self.target(request["path"])
        for message in (request, response):
            if message:
                message["headers"] = self.headers(message["headers"])
                message["trailers"] = self.headers(message["trailers"]) if message["trailers"] else None
                message["content"] = self.body(message["content"], _content_type(message["headers"]))
        if socket:
            frames = socket["messages"]
            socket["messages"] = [(kind, who, self.body(text), *rest) for kind, who, text, *rest in frames]
        cleaned: dict[str, Any] = _everywhere(state, self.literally)
        return cleaned

    def target(self, target: bytes) -> bytes:
        """Clean a request's path and query."""
        path, mark, query = target.partition(b"?")
        return self._in_text(path) + mark + self._form(query)

    def headers(self, fields: Fields) -> Fields:
        """Clean headers; names and order stay."""
        for name, value in fields:
            if name.lower() in _NAMES_ANOTHER[:2]:
                self._csrf_headers.add(value.strip().lower())
        return tuple((name, self._header(name.lower(), value)) for name, value in fields)

    def body(self, body: bytes | None, content_type: bytes = b"") -> bytes | None:
        """Clean a body or a frame; what is not secret keeps its bytes."""
        if not body or _OPAQUE.match(content_type):
            return body
        if b"x-www-form-urlencoded" in content_type.lower():
            return self._form(body)
        if _HINT.search(body):
            cleaned = self._json(body)
            body = self._by_words(body, _LOOSE) if cleaned is None else cleaned
        return self._in_text(body)

    def literally(self, text: bytes) -> bytes:
        """Replace the secrets learned so far, wherever they stand."""
        if len(text) < _SHORTEST or not self._spellings:
            return text
        if len(self._spellings) < _MANY:
            heads = {head for head in self._spellings if head in text}
        else:
            pieces = {text[at : at + _SHORTEST] for at in range(len(text) - _SHORTEST + 1)}
            heads = pieces & self._spellings.keys()
        found = [pair for head in heads for pair in self._spellings[head].items()]
        # The longest first: a secret may hold another.
        for spelling, pseudonym in sorted(found, key=lambda pair: -len(pair[0])):
            if spelling.isdigit():
                text = re.sub(rb"(?<!\d)" + spelling + rb"(?!\d)", pseudonym, text)
            else:
                text = text.replace(spelling, pseudonym)
        return text

    def _forget(self, spellings: tuple[bytes, ...]) -> None:
        for spelling in spellings:
            same_head = self._spellings.get(spelling[:_SHORTEST], {})
            same_head.pop(spelling, None)
            if not same_head:
                self._spellings.pop(spelling[:_SHORTEST], None)

    def _hide(self, secret: bytes, *, doubtful: bool = False) -> bytes:
        if not secret:
            return secret
        self.learn(secret, doubtful=doubtful)
        return self.of(secret)

    def _header(self, name: bytes, value: bytes) -> bytes:
        if not value.strip() or name in _NAMES_ANOTHER:
            return value
        if name in (b"authorization", b"proxy-authorization"):
            return self._authorization(value)
        if name == b"cookie":
            return b";".join(self._cookie(pair) for pair in value.split(b";"))
        if name == b"set-cookie":
            cookie, mark, attributes = value.partition(b";")
            return self._cookie(cookie) + mark + attributes
        if name in self._csrf_headers or _HEADERS.search(name):
            return self._hide(value.strip(), doubtful=True)
        return self._in_text(value)

    def _authorization(self, value: bytes) -> bytes:
        scheme, _, credentials = value.strip().partition(b" ")
        credentials = credentials.strip()
        if not credentials:
            return self._hide(scheme)
        if scheme.lower() != b"basic":
            return scheme + b" " + self._hide(credentials)
        try:
            user, _, password = base64.b64decode(credentials, validate=True).partition(b":")
        except (binascii.Error, ValueError):
            return scheme + b" " + self._hide(credentials)
        self.learn(credentials)
        self.learn(password)
        return scheme + b" " + base64.b64encode(self.of(user) + b":redacted")

    def _credential(self, value: bytes) -> bytes:
        return self._authorization(value) if _SCHEME.match(value) else self._hide(value)

    def _cookie(self, pair: bytes) -> bytes:
        name, mark, value = pair.partition(b"=")
        if not mark:
            name, value = pair[: len(pair) - len(pair.lstrip())], pair.lstrip()
        bare = value.strip().strip(b'"')
        if not bare or bare.lower() in (b"deleted", b"deleteme"):
            return pair
        # A token that is also sent in a header stands there without the percent signs.
        hidden = self._hide(unquote_to_bytes(bare), doubtful=True)
        return name + mark + value.replace(bare, hidden, 1)

    def _form(self, text: bytes) -> bytes:
        return b"&".join(self._parameter(pair) for pair in text.split(b"&"))

    def _parameter(self, pair: bytes) -> bytes:
        name, mark, value = pair.partition(b"=")
        if not value:
            return pair
        plain = unquote_to_bytes(value.replace(b"+", b" "))
        if _is_secret(unquote_to_bytes(name)):
            return name + mark + quote_from_bytes(self._credential(plain)).encode()
        if plain.lstrip()[:1] in (b"{", b"["):
            cleaned = self.body(plain)
            if cleaned is not None and cleaned != plain:
                return name + mark + quote_from_bytes(cleaned, safe="").encode()
        return pair

    def _in_text(self, text: bytes) -> bytes:
        text = self._by_words(text, _QUERY, unquote_to_bytes)
        return _USERINFO.sub(self._userinfo, text)

    def _userinfo(self, match: re.Match[bytes]) -> bytes:
        self.learn(unquote_to_bytes(match[3]))
        return match[1] + self.of(unquote_to_bytes(match[2])) + b":redacted@"

    def _json(self, text: bytes) -> bytes | None:
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            return None
        done: list[bytes] = []
        end = 0
        for match, secret in _scalars(text):
            value = match[0]
            if secret:
                replaced = self._hide_json(value)
            elif value[:3] in (b'"{\\', b'"[{', b'"[\\'):
                replaced = self._nested(value)
            else:
                continue
            done += (text[end : match.start()], replaced)
            end = match.end()
        return b"".join((*done, text[end:])) if done else text

    def _hide_json(self, value: bytes) -> bytes:
        if not value.startswith(b'"'):
            return self._hide(value) if value.isdigit() else self.of(value.translate(None, b"-+.eE"))
        plain = json.loads(value).encode("utf-8", "surrogatepass")
        return b'"' + self._credential(plain) + b'"'

    def _nested(self, value: bytes) -> bytes:
        plain = json.loads(value).encode("utf-8", "surrogatepass")
        cleaned = self.body(plain)
        if cleaned is None or cleaned == plain:
            return value
        return json.dumps(cleaned.decode("utf-8", "surrogatepass")).encode()

    def _by_words(self, text: bytes, places: _Places, plain: Callable[[bytes], bytes] = bytes) -> bytes:
        done: list[bytes] = []
        end = 0
        for word in _WORD.finditer(text):
            if word.start() < end:
                continue
            before = text[max(end, word.start() - _BEFORE) : word.start()]
            for leads_here, follows in places:
                if leads_here.search(before) and (found := follows.match(text, word.end())):
                    done += (text[end : found.start(1)], self._hide(plain(found[1]), doubtful=True))
                    end = found.end(1)
                    break
        return b"".join((*done, text[end:])) if done else text


def _is_secret(name: bytes) -> bool:
    plain = re.sub(r"[-_. ]", "", name.decode("utf-8", "replace")).lower()
    return plain in _NAMES or plain.endswith(_ENDINGS) or "passw" in plain


def _scalars(text: bytes) -> Iterator[tuple[re.Match[bytes], bool]]:
    """Every string and number of a valid JSON text, and whether it stands under the name of a secret."""
    inside = [False]
    named: bool | None = None
    for match in _TOKEN.finditer(text):
        token = match[0]
        if match[2] is not None:
            name = match[1]
            if b"\\" in name:
                name = json.loads(b'"' + name + b'"').encode("utf-8", "surrogatepass")
            named = inside[-1] or _is_secret(name)
            continue
        secret = inside[-1] if named is None else named
        named = None
        if token in (b"{", b"["):
            inside.append(secret)
        elif token in (b"}", b"]"):
            inside.pop()
        else:
            yield match, secret


def _spellings(secret: bytes) -> Iterator[bytes]:
    yield secret
    for safe in ("", "/", "!'()*"):
        quoted = quote_from_bytes(secret, safe=safe)
        yield quoted.encode()
        yield re.sub("%..", lambda match: match[0].lower(), quoted).encode()
    yield quote_plus(secret).encode()
    yield unquote_to_bytes(secret)
    in_json = json.dumps(secret.decode("utf-8", "replace"))[1:-1]
    yield in_json.encode()
    yield in_json.replace("/", "\\/").encode()
    yield base64.b64encode(secret)
    yield base64.b64encode(secret).rstrip(b"=")


def _content_type(fields: Fields) -> bytes:
    return next((value for name, value in fields if name.lower() == b"content-type"), b"")


def _everywhere(value: Any, change: Callable[[bytes], bytes]) -> Any:
    match value:
        case bytes():
            return change(value)
        case str():
            # As mitmproxy writes text: undecodable bytes come back as they were.
            raw = value.encode("utf-8", "surrogateescape")
            return change(raw).decode("utf-8", "surrogateescape")
        case dict():
            return {key: _everywhere(item, change) for key, item in value.items()}
        case list() | tuple():
            return [_everywhere(item, change) for item in value]
        case _:
            return value
