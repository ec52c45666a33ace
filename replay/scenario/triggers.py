"""What sets off a push: `accept + 41ms`, `accept.response + 5ms`, `start and ready + 1.2s`."""

from __future__ import annotations

import re

import msgspec

from replay.scenario.delays import Delay, format_delay, parse_delay

START = "start"
"""The moment an agent first subscribes to a channel the story pushes to; no step may be called so."""

_MOMENT = re.compile(r"([A-Za-z][A-Za-z0-9_-]*)(\.response)?")
_EXAMPLES = "a trigger is steps and a delay: accept + 41ms, accept.response + 5ms, start and ready + 1.2s"


class Moment(msgspec.Struct, frozen=True, cache_hash=True, gc=False):
    """A point in time that a play reaches."""

    step: str
    """Id of a step, or `start`."""
    response: bool = False
    """The moment the step's answer was sent, rather than the moment its request came."""


class Trigger(msgspec.Struct, frozen=True):
    """When a push is due: `delay` seconds after the last of `moments`."""

    moments: tuple[Moment, ...]
    delay: Delay = 0.0


def parse_trigger(text: str) -> Trigger:
    """Reads the `after:` of a push.

    Raises:
        ValueError: it is no trigger; the message says what was read and what would be right.
    """
    sources, plus, delay = text.partition("+")
    moments = tuple(_moment(part.strip(" "), text) for part in re.split(r" and (?=.)", sources.strip(" ")))
    if len(set(moments)) < len(moments):
        raise ValueError(f"'{text}' names the same moment twice")
    return Trigger(moments, parse_delay(delay.strip(" ")) if plus else 0.0)


def _moment(name: str, text: str) -> Moment:
    found = _MOMENT.fullmatch(name)
    if not found:
        raise ValueError(f"'{text}' is no trigger; {_EXAMPLES}")
    if found[1] == START and found[2]:
        raise ValueError(f"'{START}' has no response; write {START}")
    return Moment(found[1], response=bool(found[2]))


def format_trigger(trigger: Trigger) -> str:
    """The text that `parse_trigger` reads as `trigger`; a delay is exact to 0.1 ms."""
    names = " and ".join(moment.step + (".response" if moment.response else "") for moment in trigger.moments)
    delay = format_delay(trigger.delay)
    return names if delay == "0s" else f"{names} + {delay}"
