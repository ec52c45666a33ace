"""What a call says becomes values of declared types; what is wrong with it is said in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from replay.errors import UsageError, nearest

_AT = re.compile(r" - at `(?P<at>[^`]*)`$")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<key>.*)`", re.DOTALL)
_TYPES = re.compile(r"Expected `(?P<wanted>[^`]*)`, got `(?P<got>[^`]*)`", re.DOTALL)
_CHOICE = re.compile(r"Invalid enum value (?P<got>.*)", re.DOTALL)
_WORDS = {
    "str": "a string",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}


def parameters(said: Iterable[tuple[str, str]], kind: type[msgspec.Struct]) -> msgspec.Struct:
    """The parameters of a query; one that is left empty is not there.

    Raises:
        UsageError: one is unknown, stands twice, or has another type.
    """
    known = kind.__struct_encode_fields__
    told: dict[str, str] = {}
    for key, value in said:
        if key not in known:
            advice = f"It takes {', '.join(known)}." if known else "It takes none."
            raise UsageError(f"unknown parameter '{key}'", help=nearest(key, known) or advice)
        if key in told:
            raise UsageError(f"the parameter '{key}' stands there twice")
        told[key] = value
    try:
        return msgspec.convert({key: value for key, value in told.items() if value}, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _said(error, kind) from None


def value_of(value: Any, kind: Any) -> Any:
    """A body as a value of its declared type.

    Raises:
        UsageError: it is of another.
    """
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise _said(error, kind) from None


def _said(error: msgspec.ValidationError, kind: Any) -> UsageError:
    """msgspec's words in ours."""
    at = _AT.search(str(error))
    what = _AT.sub("", str(error))
    where = at["at"].removeprefix("$").removeprefix(".") if at is not None else ""
    inside = f" in '{where}'" if where else ""
    fields = _fields_of(kind)
    takes = f"It takes {', '.join(fields)}." if fields else ""
    if (unknown := _UNKNOWN.fullmatch(what)) is not None:
        key = unknown["key"]
        return UsageError(f"unknown key '{key}'{inside}", help=nearest(key, fields) or takes)
    if (missing := _MISSING.fullmatch(what)) is not None:
        return UsageError(f"there is no '{missing['key']}'{inside}", help=takes)
    name = f"'{where}'" if where else "the body"
    if (types := _TYPES.fullmatch(what)) is not None:
        wanted, got = _in_words(types["wanted"]), _in_words(types["got"])
        return UsageError(f"{name} must be {wanted}, not {got}")
    if (choice := _CHOICE.fullmatch(what)) is not None:
        return UsageError(f"{name} cannot be {choice['got']}")
    return UsageError(f"{name}: {what[:1].lower()}{what[1:]}")


def _in_words(types: str) -> str:
    named = [each.strip() for each in types.split("|")]
    if "float" in named and "int" in named:
        named.remove("int")
    return " or ".join(_WORDS.get(each, each) for each in named)


def _fields_of(kind: Any) -> Sequence[str]:
    return (
        kind.__struct_encode_fields__ if isinstance(kind, type) and issubclass(kind, msgspec.Struct) else ()
    )
