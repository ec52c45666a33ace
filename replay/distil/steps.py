"""Calls and events written as steps, each with an id a reader would give it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import msgspec

from replay.distil.sightings import Call, Event
from replay.distil.variables import Variables
from replay.profiles.profile import Profile, kebab
from replay.scenario.durations import format_duration
from replay.scenario.model import PushStep, RequestStep, Respond
from replay.scenario.templates import escape
from replay.scenario.triggers import START

NOT_REPEATED = frozenset({"content-length", "content-type", "content-encoding", "transfer-encoding"})
DROPPED = frozenset(
    {
        "connection",
        "date",
        "keep-alive",
        "server",
        "set-cookie",
        "x-csrf-token",
        "x-csrf-header",
        "vary",
        "access-control-allow-origin",
        "access-control-allow-credentials",
        "access-control-expose-headers",
    }
)
"""Headers of an answer that the replaying server makes itself, or that belong to one day or one session."""


class Names:
    """Ids for steps: the plainest that is free."""

    def __init__(self) -> None:
        self._taken = {START, "base_url"}

    def take(self, name: str) -> str:
        """`accept`, and for the next of that name `accept-2`."""
        name = name if name[:1].isalpha() else f"step-{name}"
        free, number = name, 1
        while free in self._taken:
            number += 1
            free = f"{name}-{number}"
        self._taken.add(free)
        return free


def name_of_call(call: Call, profile: Profile) -> str:
    """`accept` for the operation Accept, else `get-me` for GET …/me."""
    operation = call.body.get(profile.operation_field) if isinstance(call.body, dict) else None
    if isinstance(operation, str) and operation:
        return kebab(operation)
    segments = [segment for segment in call.exchange.split.path.split("/") if segment]
    last = next((segment for segment in reversed(segments) if not any(c.isdigit() for c in segment)), "root")
    return kebab(f"{call.exchange.method.lower()}-{last}")


def target_of(call: Call, variables: Variables) -> str:
    """`METHOD /path?query` with variables in place."""
    split = call.exchange.split
    target = variables.lift_path(unquote(split.path) if "%" not in split.path else split.path)
    query = variables.lift_path(split.query)
    return f"{call.exchange.method} {target}" + (f"?{query}" if query else "")


def request_step(name: str, calls: list[Call], variables: Variables) -> RequestStep:
    """One request with the answers it got, in turn; answers that say the same are one."""
    first = calls[0]
    answers = [respond(call, variables) for call in calls]
    reads = first.exchange.method in {"GET", "HEAD"}
    if reads and all(answer.body == answers[0].body for answer in answers):
        answers = answers[:1]
    return RequestStep(
        id=name,
        request=target_of(first, variables),
        body=msgspec.UNSET if first.body is msgspec.UNSET else variables.lift(first.body),
        respond=answers,
    )


def respond(call: Call, variables: Variables) -> Respond:
    """The answer of a call."""
    exchange = call.exchange
    assert call.answered_at is not None
    assert exchange.status is not None
    kept = {
        name: escape(value)
        for name, value in exchange.response_headers
        if name.lower() not in DROPPED | NOT_REPEATED
    }
    answer = Respond(
        after=format_duration(_ms(max(0.0, call.answered_at - call.at))), status=exchange.status, headers=kept
    )
    if call.answer is not msgspec.UNSET:
        answer.body = variables.lift(call.answer)
        return answer
    body = exchange.response_body or b""
    if not body:
        return answer
    answer.headers |= {"Content-Type": exchange.response_header("Content-Type") or "application/octet-stream"}
    try:
        answer.text = escape(body.decode())
    except UnicodeDecodeError:
        answer.base64 = base64.b64encode(body).decode()
    return answer


def push_step(name: str, event: Event, after: str, because: str, lift: Callable[[Any], Any]) -> PushStep:
    """An event with what sets it off."""
    return PushStep(id=name, push=event.channel, after=after, because=because, data=lift(event.data))


def delay_text(moments: str, seconds: float) -> str:
    """`accept + 41ms`."""
    delay = _ms(max(0.0, seconds))
    return f"{moments} + {format_duration(delay)}" if delay else moments


def _ms(seconds: float) -> float:
    return round(seconds, 3)
