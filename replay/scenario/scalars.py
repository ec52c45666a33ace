"""How one value is written so that every YAML parser, 1.1 or 1.2, reads the same value."""

from __future__ import annotations

import re
from functools import lru_cache

from replay.errors import Problem, ScenarioError

# What some parser takes for null, a boolean or a number, whatever its case.
_WORDS = frozenset(
    "null true false yes no on off y n nan inf infinity none undefined nil".split()  # noqa: SIM905  one line
)
# Decimal, octal, sexagesimal, with exponents or underscores; dates and times.
_LIKE_A_NUMBER = re.compile(r"[0-9][0-9_.,:eE+\-tTzZ ]*|0[xXoObB].*")
_LIKE_TEXT = re.compile(r"[^\W_]|[/_(]")
_IN_FLOW = re.compile(r"[,\[\]{}:?]")
_ENDS_PLAIN = re.compile(r": | #|:$| $")

_SHORT_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def scalar(value: bool | float | str | None, *, flow: bool = False) -> str:
    """A value on one line; `flow` where it stands within `{ }` or `[ ]`.

    Raises:
        ScenarioError: it is no value that JSON has.
    """
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return _number(value)
        case _:
            return value if _may_be_plain(value, flow=flow) else _quoted(value)


def _number(value: float) -> str:
    text = repr(value)
    if "n" in text:  # nan, inf
        raise ScenarioError([Problem(file="scenario", what=f"JSON has no number {text}")])
    mantissa, e, exponent = text.partition("e")
    # YAML 1.1 takes 1e-07 for a string: it wants a point.
    return f"{mantissa}.0e{exponent}" if e and "." not in mantissa else text


@lru_cache(maxsize=4096)  # Keys and words of the protocol come again and again.
def _may_be_plain(text: str, *, flow: bool) -> bool:
    return bool(
        _LIKE_TEXT.match(text)
        and text.isprintable()
        and text.lower() not in _WORDS
        and not _LIKE_A_NUMBER.fullmatch(text)
        and not _ENDS_PLAIN.search(text)
        and not (flow and _IN_FLOW.search(text))
    )


def _quoted(text: str) -> str:
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if character in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    if 0xD800 <= code <= 0xDFFF:
        what = f"a text holds half a character (\\u{code:04x}), which no file in UTF-8 can hold"
        raise ScenarioError([Problem(file="scenario", what=what)])
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def literal(text: str) -> list[str] | None:
    """The lines of a text as a `|` block, its mark first; None where a block could be misread."""
    lines = text.split("\n")
    ends = lines[-1] == ""
    if ends:
        lines.pop()
    readable = all(line.isprintable() and not line.endswith(" ") for line in lines)
    if len(lines) < 2 or not readable or not lines[0] or lines[0].startswith(" ") or not lines[-1]:
        return None
    return ["|" if ends else "|-", *lines]
