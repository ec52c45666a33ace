"""Kinds of values in the reader's words: what a field takes, what stands there instead, how to write it."""

from __future__ import annotations

import json
from typing import Any

from msgspec import inspect

from replay.errors import nearest

_NAME = "a name (a letter, then letters, digits, '-' and '_')"
_PYTHON: dict[type, type] = {inspect.StrType: str, inspect.IntType: int, inspect.LiteralType: str}


def kind_of(annotation: Any) -> str:
    """What values a field of this type takes, in words: `a whole number from 1`."""
    return " or ".join(in_words(kind) for kind in kinds_of(annotation))


def kinds_of(annotation: Any) -> list[inspect.Type]:
    """The kinds of value an annotation allows, null apart."""
    info = inspect.type_info(annotation)
    kinds = list(info.types) if isinstance(info, inspect.UnionType) else [info]
    return [kind for kind in kinds if not isinstance(kind, inspect.NoneType)]


def in_words(kind: inspect.Type) -> str:
    """What values of a kind are called."""
    match kind:
        case inspect.StrType(pattern=pattern, max_length=longest):
            return _NAME if pattern else "a string" + f" of at most {longest} characters" * bool(longest)
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType(ge=lowest, le=highest):
            begins = "" if lowest is None else f" from {lowest}"
            return "a whole number" + begins + ("" if highest is None else f" to {highest}")
        case inspect.LiteralType(values=values):
            return "one of " + ", ".join(f"'{value}'" for value in values if value != "")
        case inspect.ListType(item_type=inner):
            return f"a list of which each is {in_words(inner)}"
        case inspect.DictType(value_type=inspect.StrType()):
            return "a mapping of names to strings"
        case _:
            return "a mapping"


def fits(item: Any, kind: inspect.Type) -> bool:
    """Whether an entry of a list or mapping is of the kind that all its entries are."""
    if isinstance(kind, inspect.IntType):
        return type(item) is int and item >= (kind.ge or 0)
    return isinstance(item, str)


def found_in(value: Any, kinds: list[inspect.Type]) -> str:
    """What stands there: the value itself, where it is of a right kind."""
    right_kind = any(isinstance(value, _PYTHON.get(type(kind), ())) for kind in kinds)
    return as_written(value) if right_kind else kind_in(value)


def advice_for(value: Any, kind: inspect.Type) -> str:
    """How a value that is of no right kind may have been meant."""
    if isinstance(kind, inspect.StrType) and not kind.pattern and isinstance(value, (bool, int, float)):
        return f'Quote it: "{as_written(value)}".'
    if isinstance(kind, inspect.IntType) and isinstance(value, str) and value.isdecimal():
        return "Leave out the quotes."
    if isinstance(kind, inspect.ListType) and isinstance(value, str):
        return f"Write it as a list: [{value}]."
    if isinstance(kind, inspect.LiteralType) and isinstance(value, str):
        return nearest(value, [str(known) for known in kind.values])
    return ""


def kind_in(value: Any) -> str:
    """What a value of a file is called."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "a list"
        case _:
            return "a mapping"


def as_written(value: Any) -> str:
    """A value in few characters, as the file would write it."""
    if not isinstance(value, str):
        return json.dumps(value) if value is None or isinstance(value, (bool, int, float)) else kind_in(value)
    text = json.dumps(value, ensure_ascii=False)[1:-1]
    return f"'{text if len(text) <= 60 else text[:60] + '…'}'"
