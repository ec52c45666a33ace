"""What stands at the head of a scenario: the endpoint, when the story began, which times move with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from replay.bayeux.channels import covers
from replay.distil.sightings import Client, Subscription
from replay.distil.values import field_of, leaves
from replay.plan.times import shift
from replay.scenario.durations import format_duration
from replay.scenario.model import Cometd

_LONGEST_ADVICE = 86_400_000
"""Milliseconds; a server that advises longer waits than a day means none."""


def cometd_of(client: Client, dialect: str) -> Cometd:
    """The endpoint as one client found it; an empty dialect stands for the usual one."""
    plain = Cometd()
    return Cometd(
        path=client.mount,
        timeout=_advised(client.advice, "timeout", plain.timeout),
        interval=_advised(client.advice, "interval", plain.interval),
        max_interval=_advised(client.advice, "maxInterval", plain.max_interval),
        dialect=dialect or plain.dialect,
    )


def _advised(advice: dict[str, Any], name: str, default: str) -> str:
    value = advice.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LONGEST_ADVICE:
        return default
    # CometD ref., "advice": times are in milliseconds.
    return format_duration(value / 1000)


def began(subscriptions: Sequence[Subscription], clients: Iterable[Client], channels: Iterable[str]) -> float:
    """`start`: the agent's first subscription to a channel on which an event of the story came."""
    channels = set(channels)
    for subscription in subscriptions:
        if any(covers(pattern, channel) for pattern in subscription.patterns for channel in channels):
            return subscription.at
    return min([each.at for each in subscriptions] or [client.at for client in clients])


def shift_times(values: Iterable[Any], fields: frozenset[str]) -> list[str]:
    """Those of the profile's time fields that hold a time somewhere in these values."""
    seen = {
        field_of(path)
        for value in values
        for path, leaf in leaves(value)
        if field_of(path) in fields and shift(leaf, 86400.0) != leaf
    }
    return sorted(seen)
