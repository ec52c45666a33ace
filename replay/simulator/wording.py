"""What differs between a request and an ask, said so that a person knows what to change."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from replay.bayeux.messages import MalformedError, decode
from replay.plan.difference import Difference
from replay.plan.values import MISSING, as_text
from replay.simulator.asking import Question
from replay.simulator.likeness import Step, is_slip
from replay.simulator.nearest import KEYS, Near, Reading, similar_to

LONGEST = 120
"""Characters of a value that are shown."""

HIDDEN = "(hidden)"
"""Stands for what a client sent in a field that bears the name of a secret."""

_SECRET = re.compile(
    r"passw|pwd|passphrase|secret|token|authorization|cookie|credential|api[-_]?key|session[-_]?id|client[-_]?id",
    re.IGNORECASE,
)

_OPEN = re.compile(r"\$\{[^}]*\}")

PHRASES = 3
"""Changes that a sentence names."""


class Differing(msgspec.Struct, frozen=True, kw_only=True):
    """A field of a request that is not what a step expects."""

    field: str
    """`method`, `path`, `query.NAME`, `body.a.b`; `body` where that cannot be read at all."""
    expected: Any
    got: Any
    """Both cut where they are long; `(missing)` for what is not there."""
    hint: str = ""
    """What the mistake most likely is; empty where it is plain, or nobody knows."""
    instead: str = ""
    """The field that stands there in place of one that is missing."""


def differing(near: Near, question: Question, reading: Reading, most: int) -> list[Differing]:
    """What differs, what weighs most first; at most so many."""
    profile = near.candidate.play.timeline.profile
    operation = f"body.{profile.operation_field}"

    def order(difference: Difference) -> int:
        return {"method": 0, "path": 1, operation: 2}.get(difference.field, 3)

    found = sorted(near.candidate.differences, key=order)[:most]
    return [_said(each, near, question, reading) for each in found]


def _said(difference: Difference, near: Near, question: Question, reading: Reading) -> Differing:
    field, expected, got = difference.field, difference.expected, difference.got
    hint = instead = ""
    if field == "path":
        hint = "; ".join(_of_path(step, near) for step in near.steps)
    elif field == "body":
        hint = _of_body(question, reading)
        if got == MISSING and question.body.strip():
            text = question.body[: 4 * LONGEST].decode(errors="replace")
            got = HIDDEN if is_secret(text) else text
    elif got == MISSING:
        similar = similar_to(difference, question, Reading(_body_of(question)))
        where, _, key = field.rpartition(".")
        if similar:
            instead = f"{where}.{similar}"
            hint = f"'{similar}' is there: did you mean '{key}'?"
        else:
            hint = _elsewhere(field, question, reading)
    elif expected == MISSING:
        hint = "the step takes nothing but what it lists"
    else:
        hint = _of_value(expected, got)
    if got != MISSING and (is_secret(field) or (isinstance(got, dict | list) and is_secret(_beginning(got)))):
        got = HIDDEN
    return Differing(
        field=cut(field, LONGEST),
        expected=shown(expected),
        got=shown(got),
        hint=cut(hint, 2 * LONGEST),
        instead=cut(instead, LONGEST),
    )


def is_secret(name: str) -> bool:
    """Whether what is called so, or speaks of it, is not to be repeated."""
    return _SECRET.search(name) is not None


def _beginning(value: Any) -> str:
    return msgspec.json.encode(value)[: 4 * LONGEST].decode(errors="replace")


def _of_value(expected: Any, got: Any) -> str:
    kind = _kind(expected)
    if kind != _kind(got):
        return f"{kind}, not {_kind(got)}"
    if not isinstance(expected, str):
        return ""
    if expected.casefold() == got.casefold():
        return "upper and lower case differ"
    if expected == got.strip():
        return "there are spaces around it"
    return "a slip of the pen?" if is_slip(expected, got) else ""


def _elsewhere(field: str, question: Question, reading: Reading) -> str:
    """Where else in the request a missing field stands, if it does."""
    first, key, body = field.split(".")[1], field.rpartition(".")[2], _body_of(question)
    if reading.how and isinstance(reading.value, dict) and first in reading.value:
        return reading.how
    if isinstance(body, dict):
        for outer, inner in list(body.items())[:KEYS]:
            if isinstance(inner, dict) and key in inner:
                return f"it is in '{cut(outer, LONGEST)}'"
    return "it is in the query" if field.startswith("body.") and key in dict(question.query) else ""


def _of_body(question: Question, reading: Reading) -> str:
    if question.json is msgspec.UNSET and question.body.strip() and reading.how == "the body is no JSON":
        try:
            decode(question.body)
        except MalformedError as error:
            return str(error)
    in_query = (
        " (what it should hold is in the query)" if not question.body.strip() and question.query else ""
    )
    return f"{reading.how}: send a JSON object{in_query}" if reading.how else "send a JSON object"


def _of_path(step: Step, near: Near) -> str:
    expected, got = step.expected, step.got
    if expected is None:
        if not got:
            return "there is a slash too many"
        return f"'{cut(got, LONGEST)}' is too much"
    text = cut(expected.text, LONGEST)
    if not got:
        return f"'{text}' is missing"
    if expected.variable:
        play = near.candidate.play.label
        return f"'{cut(got, LONGEST)}' is not the {expected.variable} of {play}, which is '{text}'"
    return f"'{cut(got, LONGEST)}' should be '{text}'"


def _body_of(question: Question) -> Any:
    return None if question.json is msgspec.UNSET else question.json


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    kinds = {str: "a string", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return kinds.get(type(value), "a value")


def to_change(found: list[Differing], total: int) -> str:
    """What to change, as a sentence's beginning: `use POST, not GET, and add body.nickname`.

    Args:
        total: How many fields differ, of which these are the first.
    """
    phrases = [_phrase(each) for each in found[:PHRASES]]
    beside = total - len(phrases)
    if beside:
        phrases.append(f"change {beside:,} more {'field' if beside == 1 else 'fields'}")
    return " and ".join(filter(None, (", ".join(phrases[:-1]), phrases[-1])))


def _phrase(each: Differing) -> str:
    field, expected, got = each.field, each.expected, each.got
    why = f" ({each.hint})" if each.hint else ""
    if field == "method":
        return f"use {expected}, not {got}"
    if field == "path":
        return f"ask {expected}{why}" if why else f"ask {expected}, not {got}"
    if field == "body":
        return f"send {quoted(expected)}{why}"
    if each.instead:
        return f"rename {each.instead} to {field}"
    if got == MISSING:
        # Anything will do where it is a variable that takes what the client sends.
        is_open = isinstance(expected, str) and _OPEN.fullmatch(expected)
        return f"add {field}{why}" if is_open else f"add {field}: {quoted(expected)}{why}"
    if expected == MISSING:
        return f"leave out {field}"
    return f"set {field} to {quoted(expected)}, not {quoted(got)}"


def quoted(value: Any) -> str:
    """A value as JSON, cut."""
    return cut(msgspec.json.encode(value).decode(), LONGEST)


def shown(value: Any) -> Any:
    """A value that is short enough to be shown, or the beginning of its text."""
    if value is None or isinstance(value, bool | float):
        return value
    text = value if isinstance(value, str) else as_text(value)
    return value if len(text) <= LONGEST else cut(text, LONGEST)


def cut(text: str, most: int) -> str:
    """The beginning of a text, and how long it is, if it is longer than that."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text):,} characters)"
