"""Keeps out of a log what must not stand there: secrets, bodies, long values, what moves a cursor."""

from __future__ import annotations

import os
import re
from hashlib import blake2b
from typing import Any

LONGEST = 300
"""Characters of a value."""
MANY = 30
"""Items of a list or a mapping."""
DEEPEST = 5

BODIES = frozenset({"body", "data", "expected", "got", "payload", "raw", "text"})
"""Names of what clients and servers say to each other."""

_HUSHED = (
    "api[-_]?key|assertion|authorization|client[-_]?id|cookie|credential|csrf|passphrase|passw|private[-_]?key"
    "|pwd|secret|session[-_]?id|token|xsrf"
)
_NAME = re.compile(_HUSHED, re.IGNORECASE)
_VALUE = r"[\"']?\s{0,3}[=:]\s{0,3}[\"']?"
_NAMED = re.compile(rf"((?:{_HUSHED})\w{{0,20}}{_VALUE})([^\s\"'&;,]+)", re.IGNORECASE)
_HEADER = re.compile(rf"((?:cookie|authorization){_VALUE})(\S.*)", re.IGNORECASE | re.DOTALL)
_SCHEME = re.compile(r"(\b(?:Basic|Bearer|Digest|Negotiate|NTLM|OAuth|Token)\s{1,3})(\S{6,})", re.IGNORECASE)
_LOGIN = re.compile(r"(://[^/\s:@]*:)([^/\s@]+)(?=@)")
_WEB_TOKEN = re.compile(r"(\b)(eyJ[\w-]+\.[\w-]+\.[\w-]*)")
# A word of so many letters and digits was made by a machine. UUIDs and the ids of chats are none.
_WORD = re.compile(r"((?<![\w-]))(?=[A-Za-z]*\d)(?=\d*[A-Za-z])([A-Za-z0-9+=]{20,})")
_ROOM = 2 * LONGEST
_KEY = os.urandom(16)


def is_secret(name: str) -> bool:
    """Whether what is called so is nobody's business."""
    return _NAME.search(name) is not None


def masked(secret: str) -> str:
    """What stands there instead: the same for the same secret, as long as the process lives."""
    digest = blake2b(secret.encode("utf-8", "surrogatepass"), key=_KEY, digest_size=3)
    return f"***{digest.hexdigest()}"


def clean_text(text: str, longest: int = LONGEST) -> str:
    """A text in which secrets are masked, on one line, printable, and hardly longer than that."""
    seen = text
    if len(text) > longest + _ROOM:
        # What is cut in two cannot be recognized.
        seen = text[: longest + _ROOM].rpartition(" ")[0] or text[:20]
    for pattern in (_HEADER, _NAMED, _SCHEME, _LOGIN, _WEB_TOKEN, _WORD):
        seen = pattern.sub(_mask, seen)
    if (len(text) > longest and len(seen) > longest) or len(text) > longest + _ROOM:
        seen = seen[:longest] + "…"
    return printable(seen)


def printable(text: str) -> str:
    """A text in which what is not printable is written out."""
    return text if text.isprintable() else "".join(map(_printable, text))


def clean(value: Any, depth: int = 0) -> Any:
    """A JSON value without secrets and bodies, within its bounds."""
    if isinstance(value, str):
        return clean_text(value)
    if not isinstance(value, dict | list):
        return value
    if depth == DEEPEST:
        return "…"
    if isinstance(value, list):
        beyond = [f"and {len(value) - MANY:,} more"] if len(value) > MANY else []
        return [clean(each, depth + 1) for each in value[:MANY]] + beyond
    kept = [(name, each) for name, each in value.items() if name not in BODIES]
    return {
        clean_text(name): masked(repr(each)) if is_secret(name) else clean(each, depth + 1)
        for name, each in kept[:MANY]
    }


def _mask(found: re.Match[str]) -> str:
    return found[1] + masked(found[2])


def _printable(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()
