"""A good file read fast: values only, no places; whatever is in any doubt is left to the careful reader.

Both stand on the same parser, so they cannot mean different things by the same syntax. Making a node with
its place for each of some hundred thousand values is what takes the careful reader its time.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
import yaml
from yaml import events

from replay.scenario.model import PushStep, RequestStep, Step

MAX_DEPTH = 100
"""How deep a file may be nested."""

# Without libyaml the parser itself takes most of the time, and lets halves of characters pass.
_LOADER: Any = getattr(yaml, "CSafeLoader", None)
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
"""A number as JSON writes it; group 1 is its fraction, group 2 its exponent."""
WORDS: dict[str, bool | None] = {"null": None, "true": True, "false": False}
# What begins otherwise is text; nothing at all is a value that somebody forgot.
_BEGINS_NO_TEXT = frozenset(["", *"-0123456789ntf"])
_LONGEST_NUMBER = 300


class DoubtError(Exception):
    """The careful reader has to look at this text."""


def quick_values(text: str) -> Any:
    """The values of a file that is good beyond doubt: plain nesting, no tag, no anchor, no alias.

    Raises:
        DoubtError: it may not be.
    """
    if _LOADER is None:
        raise DoubtError
    try:
        return _values(_LOADER(text).get_event)
    except yaml.YAMLError:
        raise DoubtError from None


def _values(following: Any) -> Any:
    """Puts events together; a mapping is a list of keys and values in turn until it ends."""
    outer: list[tuple[list[Any], bool]] = []
    items: list[Any] = []
    mapping = False
    while True:
        event = following()
        kind = type(event)
        if kind is events.ScalarEvent:
            value = event.value
            if event.tag is not None or event.anchor is not None:
                raise DoubtError
            if mapping and not len(items) % 2:
                _check_key(value)
            elif value[:1] in _BEGINS_NO_TEXT and event.implicit[0]:
                value = _plain(value)
            items.append(value)
        elif kind is events.MappingStartEvent or kind is events.SequenceStartEvent:
            if event.tag is not None or event.anchor is not None or len(outer) >= MAX_DEPTH:
                raise DoubtError
            if mapping:
                _check_value_follows(items)
            outer.append((items, mapping))
            items, mapping = [], kind is events.MappingStartEvent
        elif kind is events.MappingEndEvent or kind is events.SequenceEndEvent:
            whole = _mapping(items) if mapping else items
            items, mapping = outer.pop()
            items.append(whole)
        elif kind is events.AliasEvent or (kind is events.DocumentStartEvent and items):
            raise DoubtError
        elif kind is events.StreamEndEvent:
            return _root(items)


def _check_key(name: str) -> None:
    if not name or name == "<<":
        raise DoubtError


def _check_value_follows(items: list[Any]) -> None:
    if not len(items) % 2:
        raise DoubtError


def _root(items: list[Any]) -> Any:
    if not items or items[0] is None:
        raise DoubtError
    return items[0]


def _mapping(items: list[Any]) -> dict[str, Any]:
    whole = dict(zip(items[::2], items[1::2], strict=True))
    if 2 * len(whole) < len(items):
        raise DoubtError
    return whole


def _plain(text: str) -> Any:
    """What a scalar without quotes means, where it may be more than text."""
    if text in WORDS:
        return WORDS[text]
    found = NUMBER.fullmatch(text)
    if found is None and text:
        return text
    if found is None or len(text) > _LONGEST_NUMBER:
        raise DoubtError
    if found[1] is None and found[2] is None:
        return int(text)
    value = float(text)
    if abs(value) == float("inf"):
        raise DoubtError
    return value


def quick_step(value: Any) -> Step | None:
    """The step that a mapping is; None where anything is wrong with it."""
    if not isinstance(value, dict) or ("push" in value) == ("request" in value):
        return None
    model: type[Step] = PushStep if "push" in value else RequestStep
    value = {**value}
    if model is RequestStep:
        if "respond" in value and not isinstance(value["respond"], list):
            value["respond"] = [value["respond"]]
        if isinstance(value.get("needs"), str):
            value["needs"] = [value["needs"]]
    if isinstance(value.get("until"), str):
        value["until"] = [value["until"]]
    try:
        step = msgspec.convert(value, model)
    except msgspec.ValidationError:
        return None
    # The `$` of a pattern lets a newline pass.
    return None if f"{step.id}{step.agent or ''}".find("\n") >= 0 else step
