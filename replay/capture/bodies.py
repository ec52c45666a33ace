"""Finds in bodies, queries and texts what the rules call secret or personal, and has it hidden."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_to_bytes

from . import loose, octets

if TYPE_CHECKING:
    from .pseudonyms import Pseudonyms
    from .rules import Rules

_DEEPEST = 4
"""How often a text may hold another, encoded."""
_MOST_PLACES = 20_000
_TOKEN = re.compile(rb'"((?:[^"\\]|\\.)*)"(\s*:)?|-?\d[\d.eE+-]*|[{}\[\]]', re.DOTALL)
_LABELS = (b"name", b"key", b"fieldName", b"attributeName")
"""Of a pair such as `{"name": "FirstName", "value": "Ann"}`."""
_LABEL_AFTER = re.compile(rb'\s*,\s*"(?:' + b"|".join(_LABELS) + rb')"\s*:\s*"([^"\\]*)"')
_NESTED = re.compile(rb'"\s*[{\[](?:\\"|[\s{\[\\}\]])')
_QUOTING = re.compile(rb"\\\"|'|<")
"""In a string that may quote what is neither JSON nor a parameter: XML, GraphQL, the error of a program."""
_OPAQUE = re.compile(rb"\s*((image|audio|video|font)/|text/css|application/wasm)", re.IGNORECASE)
_CALL = re.compile(rb"(\s*(?:/\*.*?\*/\s*)?[\w.$]+\s*\(\s*)([\[{\"].*[\]}\"])(\s*\)\s*(?:;\s*)?)", re.DOTALL)
_EVENT = re.compile(rb"^(data: ?)([\[{].*?)(\r?)$", re.MULTILINE)
_PARAMETER = re.compile(r"(^|[?&;#]|\\u0026)([\w.%~\[\]-]{1,80})=([^&;#\s\"'<>\\]+)")
_USERINFO = re.compile(r"((?:https?|wss?):(?://|\\/\\/))([^/\s\"'@:\\]*):([^/\s\"'@\\]*)@", re.IGNORECASE)
# A run with what URLs are made of in it: : / ? & = @ encoded, or an encoded percent sign.
_ESCAPE = re.compile(r"%(?:3[ADFadf]|2[56Ff]|40)")
# Only from where a run begins: looked for from each of its characters, a long one would take for ever.
_ENCODED = re.compile(rf"(?<![\w.~%+-])[\w.~%+-]*{_ESCAPE.pattern}[\w.~%+-]*")
# Base64 of what begins with `{` and a name, or with a list of such.
_PACKED = re.compile(r"(?<![\w+/=.-])(?:e[wy][A-Za-z0-9]|W3[si])[A-Za-z0-9+/_-]{13,}={0,2}(?![\w+/.-])")
_PACKED_HINTS = (b"ey", b"ew", b"W3s", b"W3i")
_MARKS = (b"\xff\xfe", b"\xfe\xff")
"""Begin a text of UTF-16."""
_CHARSET = re.compile(rb"charset=\"?([\w-]+)", re.IGNORECASE)


class _Place:
    """Where a value stands in JSON: what the rules say of it, and the places below, made when first met."""

    __slots__ = ("below", "kind", "path")

    def __init__(self, path: tuple[str, ...], kind: str | None) -> None:
        self.path = path
        self.kind = kind
        self.below: dict[bytes, _Place] = {}


class Bodies:
    """Cleans what may hold many values."""

    def __init__(self, rules: Rules, pseudonyms: Pseudonyms) -> None:
        self._rules = rules
        self._pseudonyms = pseudonyms
        self._root = _Place((), None)
        self._places = 0
        self._loose_kinds: dict[bytes, str] = {}
        self._patterns = [
            (
                pattern.hint,
                pattern.hint.encode(),
                pattern.find,
                re.compile(pattern.find.pattern.encode(), re.DOTALL),
            )
            for pattern in rules.patterns
        ]

    def body(self, body: bytes, content_type: bytes = b"") -> bytes:
        """Clean a body or a frame; what is not to be hidden keeps its bytes."""
        if _OPAQUE.match(content_type):
            return body
        if b"\0" in body[:1024] and body[:2] not in _MARKS:
            return self.text(body)
        charset = _charset(body, content_type)
        if charset:
            text = body.decode(charset).encode("utf-8", "surrogatepass")
            cleaned = self.body(text)
            return (
                body
                if cleaned == text
                else cleaned.decode("utf-8", "surrogatepass").encode(charset, "replace")
            )
        if b"x-www-form-urlencoded" in content_type.lower():
            return self.form(body)
        if self._places > _MOST_PLACES:
            self._root, self._places = _Place((), None), 0
        cleaned_json = self._json(body, self._root)
        return self._loosely(body) if cleaned_json is None else cleaned_json

    def form(self, text: bytes) -> bytes:
        """Clean a query or a form."""
        return b"&".join(self._pair(pair) for pair in text.split(b"&"))

    def text(self, text: bytes) -> bytes:
        """Clean a text that is neither JSON nor a form."""
        if not self._may_hold(text):
            return text
        plain = text.decode("utf-8", "surrogateescape")
        cleaned = self._text(plain)
        return text if cleaned == plain else cleaned.encode("utf-8", "surrogateescape")

    def _may_hold(self, text: bytes) -> bool:
        """Whether it is worth looking into the texts of a body, quickly told."""
        if b"=" in text or b"%" in text or b"@" in text or b"\\u" in text:
            return True
        if self._pseudonyms.may_name(text) or any(hint in text for hint in _PACKED_HINTS):
            return True
        return any(hint in text and find.search(text) for _, hint, _, find in self._patterns)

    def _text(self, text: str, depth: int = 0) -> str:
        for (hint, _, find, _), pattern in zip(self._patterns, self._rules.patterns, strict=True):
            if hint in text:
                text = find.sub(lambda found, kind=pattern.kind: self._found(found, kind), text)  # type: ignore[misc]
        if "=" in text:
            text = _PARAMETER.sub(lambda found: self._parameter(found, depth), text)
        if "@" in text:
            text = _USERINFO.sub(self._userinfo, text)
        if "%" in text and depth < _DEEPEST and _ESCAPE.search(text):
            text = _ENCODED.sub(lambda found: self._encoded(found[0], depth), text)
        if depth < _DEEPEST:
            text = _PACKED.sub(lambda found: self._packed(found[0]), text)
        return self._pseudonyms.names_in(text)

    def _packed(self, run: str) -> str:
        """Clean JSON that is written as base64, in the alphabet it is written in."""
        bare = run.rstrip("=")
        marks = b"-_" if "-" in bare or "_" in bare else b"+/"
        try:
            plain = base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=marks)
            cleaned = self._json(plain, self._root)
        except (ValueError, UnicodeDecodeError):
            return run
        if cleaned is None or cleaned == plain:
            return run
        made = base64.b64encode(cleaned, altchars=marks).decode()
        return made if run != bare or len(bare) % 4 == 0 else made.rstrip("=")

    def _found(self, found: re.Match[str], kind: str) -> str:
        # Of several groups none is meant: they are there for the expression's own sake.
        group = 1 if found.re.groups == 1 and found[1] else 0
        hidden = self._pseudonyms.hide(kind, found[group])
        start, end = found.start(group) - found.start(), found.end(group) - found.start()
        return found[0][:start] + hidden + found[0][end:]

    def _parameter(self, found: re.Match[str], depth: int) -> str:
        return found[1] + found[2] + "=" + self._value(found[2], found[3], depth)

    def _value(self, name: str, value: str, depth: int) -> str:
        """The value of a parameter as it stands in a query."""
        kind = self._rules.parameter(_unquoted(name))
        if kind == "keep":
            return value
        plain = _unquoted(value.replace("+", " "))
        if kind is not None:
            cleaned = self._pseudonyms.hide(kind, plain)
        elif depth >= _DEEPEST:
            return value
        elif plain.lstrip()[:1] in ("{", "[", '"'):
            cleaned = octets.decoded(self.body(octets.encoded(plain)))
        else:
            cleaned = self._text(plain, depth + 1)
        if cleaned == plain:
            return value
        return quote(octets.encoded(cleaned), safe="".join(mark for mark in "@:/,!'()*" if mark in value))

    def _pair(self, pair: bytes) -> bytes:
        name, mark, value = pair.partition(b"=")
        if not value:
            return self.text(pair)
        return name + mark + octets.encoded(self._value(octets.decoded(name), octets.decoded(value), 0))

    def _userinfo(self, match: re.Match[str]) -> str:
        self._pseudonyms.learn(unquote_to_bytes(octets.encoded(match[3])))
        user = self._pseudonyms.user(unquote_to_bytes(octets.encoded(match[2]))) if match[2] else b""
        return f"{match[1]}{quote(user)}:redacted@"

    def _encoded(self, run: str, depth: int) -> str:
        plain = _unquoted(run)
        cleaned = plain if plain == run else self._text(plain, depth + 1)
        return run if cleaned == plain else quote(octets.encoded(cleaned), safe="")

    def _loosely(self, text: bytes) -> bytes:
        """Clean what is no JSON as a whole; parts of it may be."""
        if call := _CALL.fullmatch(text):
            inner = self._json(call[2], self._root)
            if inner is not None:
                return call[1] + inner + call[3]
        done: list[bytes] = []
        end = 0
        for line in _EVENT.finditer(text) if b"data:" in text else ():
            inner = self._json(line[2], self._root)
            if inner is not None:
                done += (self._loose(text[end : line.start(2)]), inner)
                end = line.end(2)
        return b"".join((*done, self._loose(text[end:])))

    def _loose(self, text: bytes) -> bytes:
        text = loose.secrets(text, lambda value: self._pseudonyms.hide_secret(value, doubtful=True))
        return self.text(loose.values(text, self._loose_kind, self._loose_value))

    def _loose_kind(self, name: bytes) -> str:
        """The kind of what stands under a name where there is no JSON; `loose.secrets` finds secrets."""
        known = self._loose_kinds.get(name)
        if known is None:
            kind = self._rules.parameter(name.decode("latin-1"))
            if len(self._loose_kinds) > _MOST_PLACES:
                self._loose_kinds.clear()
            known = self._loose_kinds[name] = "" if kind in (None, "keep", "secret") else str(kind)
        return known

    def _loose_value(self, kind: str, value: bytes) -> bytes:
        raw = value
        if b"\\" in value:
            try:
                raw = octets.encoded(json.loads(b'"' + value + b'"'))
            except ValueError:
                raw = value
        return json.dumps(self._pseudonyms.hide(kind, octets.decoded(raw)))[1:-1].encode()

    def _json(self, text: bytes, root: _Place) -> bytes | None:
        """Clean JSON, keeping every byte that is not to be hidden; None if it is none."""
        if not _is_json(text):
            return None
        curious = self._may_hold(text)
        place, named, key, label = root, root, b"", b""
        outer: list[tuple[_Place, bytes]] = []
        done: list[bytes] = []
        end = 0
        for match in _TOKEN.finditer(text):
            raw = match[0]
            if match[2] is not None:
                key = match[1]
                if b"@" in key:
                    hidden = self._key(key)
                    done += (text[end : match.start(1)], hidden)
                    end = match.end(1)
                paired = label and key == b"value"
                known = None if paired else place.below.get(key)
                named = self._labelled(place, label) if paired else known or self._below(place, key)
            elif raw in (b"{", b"["):
                outer.append((place, label))
                place, label = named, b""
            elif raw in (b"}", b"]"):
                # In a list, what follows stands where this did.
                place, label = outer.pop()
                named = place
            else:
                if key in _LABELS:
                    label = raw.strip(b'"')
                elif key == b"value" and not label and (after := _LABEL_AFTER.match(text, match.end())):
                    named = self._labelled(place, after[1])
                hidden = self._scalar(raw, named, curious=curious)
                if hidden is not raw:
                    done += (text[end : match.start()], hidden)
                    end = match.end()
                named, key = place, b""
        return b"".join((*done, text[end:])) if done else text

    def _below(self, place: _Place, raw: bytes) -> _Place:
        name = octets.decoded(
            json.loads(b'"' + raw + b'"').encode("utf-8", "surrogatepass") if b"\\" in raw else raw
        )
        path = (*place.path[-_DEEPEST:], name)
        kind = self._rules.field(path)
        # What stands inside a secret is part of it; inside a text or a name, unless it has a rule of its own.
        if place.kind in ("secret", "drop") or (kind is None and place.kind != "keep"):
            kind = place.kind
        self._places += 1
        below = place.below[raw] = _Place(path, kind)
        return below

    def _key(self, raw: bytes) -> bytes:
        """The name of a field that holds an address."""
        name: str = json.loads(b'"' + raw + b'"')
        cleaned = self._text(name)
        return raw if cleaned == name else json.dumps(cleaned)[1:-1].encode()

    def _labelled(self, place: _Place, label: bytes) -> _Place:
        """Where the value of a pair stands: as if what the pair is called were the name of a field."""
        known = place.below.get(b"value=" + label)
        if known is None:
            known = self._below(place, label)
            if known.kind == place.kind:
                known = place.below.get(b"value") or self._below(place, b"value")
            place.below[b"value=" + label] = known
        return known

    def _scalar(self, raw: bytes, place: _Place, *, curious: bool) -> bytes:
        """A string or a number of JSON as it is to be written; the very same object if nothing changes."""
        kind = place.kind
        if kind == "keep":
            return raw
        if raw[:1] != b'"':
            if kind is None and not (curious and self._pseudonyms.is_known(raw.decode())):
                return raw
            return self._pseudonyms.hide_number(kind or "number", raw.decode()).encode()
        nested = _NESTED.match(raw) is not None
        quoting = kind is None and _QUOTING.search(raw) is not None
        if kind is None and not curious and not nested and not quoting:
            return raw
        plain: str = json.loads(raw)
        looked_into = nested and kind not in ("secret", "drop")
        inner = self._json(octets.encoded(plain), place) if looked_into else None
        if inner is not None:
            cleaned = octets.decoded(inner)
        elif quoting:
            # Half a character would not come back from bytes.
            found = self._loose(source := octets.encoded(plain))
            cleaned = plain if found == source else octets.decoded(found)
        elif kind is None:
            cleaned = self._text(plain) if curious else plain
        else:
            cleaned = self._pseudonyms.hide(kind, plain)
        if cleaned == plain:
            return raw
        return json.dumps(cleaned, ensure_ascii=b"\\u" in raw).encode("utf-8", "surrogatepass")


def quoted(text: str) -> bytes:
    """Percent-encoded."""
    return quote(octets.encoded(text), safe="").encode()


def _charset(body: bytes, content_type: bytes) -> str:
    """How a text is to be read that is not UTF-8; empty if it is, or is no text."""
    if body[:2] in _MARKS:
        names = ["utf-16"]
    elif body.isascii():
        return ""
    else:
        try:
            body.decode("utf-8")
        except UnicodeDecodeError:
            declared = _CHARSET.search(content_type)
            names = [declared[1].decode()] if declared else []
            names += [] if b"\0" in body else ["latin-1"]
        else:
            return ""
    for name in names:
        try:
            body.decode(name)
        except (LookupError, ValueError):
            continue
        return name
    return ""


def _is_json(text: bytes) -> bool:
    """Whether this is an object, a list or a string of JSON."""
    if text.lstrip()[:1] not in (b"{", b"[", b'"'):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _unquoted(text: str) -> str:
    return octets.decoded(unquote_to_bytes(octets.encoded(text)))
