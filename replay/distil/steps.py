"""Calls and events written as steps, each with an id a reader would give it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import unquote

import msgspec

from replay.distil.headers import answered_headers
from replay.distil.notes import HEADERS, Notes
from replay.distil.sightings import Call, Event
from replay.distil.variables import Variables
from replay.profiles.profile import Profile, kebab
from replay.scenario.durations import format_duration
from replay.scenario.model import PushStep, RequestStep, Respond
from replay.scenario.templates import BASE_URL, escape
from replay.scenario.triggers import START

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
_HALF = re.compile("[\ud800-\udfff]")
_LONGEST_NAME = 60
_LONGEST_DELAY = 999_999_999.0


class Names:
    """Ids for steps: the plainest that is free."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = {START, BASE_URL, *taken}
        self._last: dict[str, int] = {}

    def take(self, name: str) -> str:
        """`accept`, and for the next of that name `accept-2`."""
        name = kebab(name)[:_LONGEST_NAME].rstrip("-")
        name = name if name[:1].isalpha() else f"step-{name}"
        free, number = name, self._last.get(name, 1)
        while free in self._taken:
            number += 1
            free = f"{name}-{number}"
        self._last[name] = number
        self._taken.add(free)
        return free


def operation_of(call: Call, profile: Profile) -> str:
    """What a request says it does; empty when it does not say."""
    operation = call.body.get(profile.operation_field) if isinstance(call.body, dict) else None
    return operation if isinstance(operation, str) else ""


def name_of_call(call: Call, profile: Profile, ids: dict[str, str]) -> str:
    """`accept` for the operation Accept, else `get-chats` for GET …/chats and `get-chat` for one of them."""
    operation = operation_of(call, profile)
    if operation:
        return kebab(operation)
    segments = [unquote(segment) for segment in call.exchange.split.path.split("/") if segment]
    nouns = [segment for segment in segments if not any(c.isdigit() for c in segment)]
    noun = nouns[-1] if nouns else "root"
    if segments and segments[-1] in ids and noun.endswith("s"):
        noun = noun[:-1]
    return kebab(f"{call.exchange.method.lower()}-{noun}")


def target_of(call: Call, variables: Variables) -> str:
    """`METHOD /path?query` with variables in place."""
    split = call.exchange.split
    query = variables.lift_query(split.query)
    target = variables.lift_path(split.path) or "/"
    return f"{call.exchange.method} {target}" + (f"?{query}" if query else "")


def request_step(name: str, calls: list[Call], variables: Variables, notes: Notes) -> RequestStep:
    """One request with the answers it got, in turn; the last stands for all that would say the same."""
    first = calls[0]
    answers = [respond(call, variables, notes) for call in calls]
    while len(answers) > 1 and _says_same(*answers[-2:]):
        answers.pop()
    return RequestStep(
        id=name,
        request=target_of(first, variables),
        body=msgspec.UNSET if first.body is msgspec.UNSET else variables.lift_body(first),
        respond=answers,
    )


def _says_same(one: Respond, other: Respond) -> bool:
    return _said(one) == _said(other)


def _said(answer: Respond) -> tuple[int, str]:
    # Python's 1 equals True, JSON's does not.
    body = None if answer.body is msgspec.UNSET else json.dumps(answer.body, sort_keys=True)
    return answer.status, repr((body, answer.text, answer.base64))


def respond(call: Call, variables: Variables, notes: Notes) -> Respond:
    """The answer of a call."""
    exchange = call.exchange
    answer = Respond(
        after=_seconds(call.answered_at - call.at),
        status=call.status,
        headers=_headers(call, variables, notes),
    )
    kind = _CONTROLS.sub(" ", exchange.response_header("Content-Type"))
    if call.answer is not msgspec.UNSET:
        answer.body = variables.lift(call.answer, call.answered_at)
        if kind and not kind.lower().startswith("application/json"):
            answer.headers["Content-Type"] = escape(kind)
        return answer
    body = exchange.response_body or b""
    if not body:
        return answer
    answer.headers["Content-Type"] = escape(kind) or "application/octet-stream"
    try:
        answer.text = variables.lift_text(body.decode())
    except UnicodeDecodeError:
        answer.base64 = base64.b64encode(body).decode()
    return answer


def _headers(call: Call, variables: Variables, notes: Notes) -> dict[str, str]:
    kept: dict[str, str] = {}
    for name, value in answered_headers(call.exchange):
        clean = _HALF.sub("\ufffd", _CONTROLS.sub(" ", value)).strip()
        if not _HEADER_NAME.fullmatch(name):
            notes.count(HEADERS)
            continue
        notes.count(HEADERS, clean != value.strip())
        # HTTP/2 writes names small; two recordings of one story shall not differ by that.
        kept["-".join(part.capitalize() for part in name.split("-"))] = variables.lift_text(clean)
    return kept


class SetOff(NamedTuple):
    """What sets an event off."""

    after: str
    because: str
    waited: float
    """For how many seconds at most it waited for a poll."""


def push_step(name: str, event: Event, by: SetOff, variables: Variables) -> PushStep:
    """An event with what sets it off."""
    return PushStep(
        id=name,
        push=variables.lift_text(event.channel),
        after=by.after,
        window=_seconds(by.waited),
        because=by.because,
        data=variables.lift(event.data, event.at),
    )


def _seconds(number: float) -> str:
    return format_duration(round(min(max(0.0, number), _LONGEST_DELAY), 3))


def delay_text(moments: str, seconds: float) -> str:
    """`accept + 41ms`."""
    delay = _seconds(seconds)
    return moments if delay == "0s" else f"{moments} + {delay}"
