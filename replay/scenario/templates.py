"""`${name}` in strings: what it refers to, and what stays literal: `$${` is `${`, and `${$}` is `$`.

A reference is the name of a variable, `base_url`, or `STEP.name` (the value that one occurrence of a step
captured, or that was made for it).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

_TOKEN = re.compile(r"\$\$\{|\$\{([^}]*)\}")
_DOLLAR = "$"
"""In braces it is itself, which has to be said where a reference follows it."""
_REFERENCE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z_][A-Za-z0-9_-]*)?")

BASE_URL = "base_url"


class Reference(msgspec.Struct, frozen=True):
    """A `${name}`."""

    name: str


Part = str | Reference


def parse(text: str) -> tuple[Part, ...]:
    """Splits a string into literal text and references.

    Raises:
        ValueError: `${` is not closed or what it holds is no name; the message says which.
    """
    parts: list[Part] = []
    literal = ""
    at = 0
    for found in _TOKEN.finditer(text):
        literal += _plain(text[at : found.start()])
        at = found.end()
        if found[1] is None:
            literal += "${"
            continue
        if found[1] == _DOLLAR:
            literal += _DOLLAR
            continue
        if not _REFERENCE.fullmatch(found[1]):
            raise ValueError(f"'${{{found[1]}}}' holds no variable's name; write '$${{' for a literal '${{'")
        if literal:
            parts.append(literal)
            literal = ""
        parts.append(Reference(found[1]))
    literal += _plain(text[at:])
    if literal:
        parts.append(literal)
    return tuple(parts)


def _plain(text: str) -> str:
    if "${" in text:
        raise ValueError("'${' is not closed by '}'; write '$${' for a literal '${'")
    return text


def escape(text: str) -> str:
    """The template that means exactly this text."""
    return text.replace("${", "$${")


def unparse(parts: Iterable[Part]) -> str:
    """The template of these parts; literal neighbours are one, since `${` may fall between them."""
    text = literal = ""
    for part in parts:
        if isinstance(part, Reference):
            text += before_reference(escape(literal)) + f"${{{part.name}}}"
            literal = ""
        else:
            literal += part
    return text + escape(literal)


def before_reference(template: str) -> str:
    """A template that a reference may follow: `$` before one would make it a literal."""
    plain = template.rstrip(_DOLLAR)
    return plain + f"${{{_DOLLAR}}}" * (len(template) - len(plain))


def is_whole(text: str) -> bool:
    """Whether a string is one reference and nothing else, so that its value keeps its JSON type."""
    parts = parse(text)
    return len(parts) == 1 and isinstance(parts[0], Reference)


def references(value: Any) -> Iterator[str]:
    """Names referred to anywhere in a JSON value, keys included."""
    if isinstance(value, str):
        yield from (part.name for part in parse(value) if isinstance(part, Reference))
    elif isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from references(key)
            yield from references(item)
