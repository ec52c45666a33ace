"""Finds named values where no JSON parser helps: cut JSON, JSON in a string, scripts, parts of forms, XML."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

_WORDS = (
    rb"(?:client[-_]?id|passw(?:or)?d?|pwd|passphrase|secret|token|authorization|api[-_]?key|session[-_]?id|ssid|"
    rb"susername|credentials?|csrf|xsrf|samlresponse|assertion)"
)
_WORD = re.compile(_WORDS, re.IGNORECASE)
# What may stand before and after a word in a secret's name. Tried only where such a word is found, so that a
# megabyte of script holds up nobody.
_PLACES = tuple(
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
        (rb"\bname=\"?[\w.-]*", rb"\"?[^\r\n]{0,500}\r\n(?:[^\r\n]{1,500}\r\n){0,20}\r\n(.*?)(?=\r\n--)"),
        (rb"<(?:\w+:)?[\w.-]*", rb"(?![\w.-])[^<>]*>([^<]+)<"),
    )
)
_BEFORE = 60
# What `_WORD` may begin with: these are looked for many times as fast.
_BEGINNINGS = (
    *(b"client", b"passw", b"passph", b"pwd", b"secret", b"token", b"authorization", b"api", b"session"),
    *(b"ssid", b"susername", b"credential", b"csrf", b"xsrf", b"samlresponse", b"assertion"),
)

_NAME = rb"([A-Za-z][\w.-]{0,60})"
# Any name with its value, each with a word without which the expression need not be tried.
_PAIRS = (
    (b'"', re.compile(rb'(?<!\\)\\*"' + _NAME + rb'\\*"\s{0,20}:\s{0,20}"((?:[^"\\\r\n]|\\.)*)')),
    (b'\\"', re.compile(rb'(?<!\\)\\+"' + _NAME + rb'\\+"\s{0,20}:\s{0,20}\\+"([^"\\]*)')),
    (b"'", re.compile(rb"(?<![\w.'-])'?" + _NAME + rb"'?\s{0,20}[:=]\s{0,20}'([^'\r\n]*)")),
    (
        b"form-data",
        re.compile(
            rb"\bname=\"?" + _NAME + rb"\"?[^\r\n]{0,500}\r\n(?:[^\r\n]{1,500}\r\n){0,20}\r\n(.*?)(?=\r\n--)",
            re.DOTALL,
        ),
    ),
    (b"</", re.compile(rb"<(?:\w+:)?" + _NAME + rb"(?:\s[^<>]{0,300})?>([^<]+)</")),
    (b"value=", re.compile(rb"name=[\"']" + _NAME + rb"[\"'][^<>]{0,300}?\bvalue=[\"']([^\"']*)")),
)


def secrets(text: bytes, hide: Callable[[bytes], bytes]) -> bytes:
    """Hide the values whose names hold one of the words that secrets are called by."""
    done: list[bytes] = []
    end = 0
    for word in _words(text):
        if word.start() < end:
            continue
        before = text[max(end, word.start() - _BEFORE) : word.start()]
        for leads_here, follows in _PLACES:
            if leads_here.search(before) and (found := follows.match(text, word.end())):
                done += (text[end : found.start(1)], hide(found[1]))
                end = found.end(1)
                break
    return b"".join((*done, text[end:])) if done else text


def _words(text: bytes) -> Iterator[re.Match[bytes]]:
    low = text.lower()
    starts = set()
    for beginning in _BEGINNINGS:
        at = low.find(beginning)
        while at >= 0:
            starts.add(at)
            at = low.find(beginning, at + 1)
    for start in sorted(starts):
        if word := _WORD.match(text, start):
            yield word


def values(text: bytes, kind_of: Callable[[bytes], str], hide: Callable[[str, bytes], bytes]) -> bytes:
    """Change values by their names: `kind_of` gives a name's kind, or nothing; `hide` what to put there."""

    def changed(found: re.Match[bytes]) -> bytes:
        kind = kind_of(found[1])
        if not kind:
            return found[0]
        start, end = found.start(2) - found.start(), found.end(2) - found.start()
        return found[0][:start] + hide(kind, found[2]) + found[0][end:]

    for hint, pair in _PAIRS:
        if hint in text:
            text = pair.sub(changed, text)
    return text
