"""What scenarios have for a fault to strike at: every step by the facts that `where` names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Literal
from urllib.parse import unquote

import msgspec

from replay import registry
from replay.scenario.model import PushStep, Scenario, Step, is_set
from replay.scenario.triggers import parse_trigger
from replay.scenario.walk import placed_steps

FACTS = ("path", "operation", "channel", "messageType", "notificationType")
"""What of `where` is held against steps, beside their ids."""

_TYPES = ("messageType", "notificationType")
_WITHOUT_BODY = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})


class Facts(msgspec.Struct, frozen=True):
    """A step as rules see it."""

    seam: Literal["request", "event"]
    said: tuple[tuple[str, str | None], ...]
    """Each fact with its value, which may hold `${names}`; None where it may be anything."""

    def fits(self, name: str, wanted: str) -> bool:
        """Whether it can be what a rule wants; what is decided only when it is played may be."""
        for fact, value in self.said:
            if fact == name:
                return value is None or _may_be(name, wanted, value)
        return False


class Ground:
    """The steps of all scenarios that are served together, and what their CometD endpoints offer."""

    def __init__(self, scenarios: Sequence[Scenario]) -> None:
        self._scenarios = scenarios
        self.steps: dict[str, list[Facts]] = {}
        offers = [each.cometd for each in scenarios]
        self.transports = {name for each in offers for name in each.transports or registry.TRANSPORTS}
        self.extensions = {name for each in offers for name in each.extensions}
        for scenario in scenarios:
            operation = _operation_field(scenario.profile)
            for _, step in placed_steps(scenario):
                self.steps.setdefault(step.id, []).append(_facts(step, operation))
        self.shapes = list(dict.fromkeys(facts for found in self.steps.values() for facts in found))
        """What differs of the steps, once: thousands are alike."""

    @cached_property
    def causes(self) -> frozenset[str]:
        """The steps that events come after."""
        return frozenset(cause for scenario in self._scenarios for cause in _causes(scenario))

    def values(self, name: str, among: Iterable[Facts] | None = None) -> list[str]:
        """What a fact is in some step, in the order of the file."""
        shapes = self.shapes if among is None else among
        said = (value for facts in shapes for fact, value in facts.said if fact == name and value is not None)
        return list(dict.fromkeys(said))


def _operation_field(profile: str) -> str:
    if profile not in registry.PROFILES:
        return ""
    field: str = registry.resolve(registry.PROFILES, profile).operation_field
    return field


def _causes(scenario: Scenario) -> Iterator[str]:
    """The steps that events come after."""
    for _, step in placed_steps(scenario):
        if isinstance(step, PushStep):
            try:
                yield from (moment.step for moment in parse_trigger(step.after).moments)
            except ValueError:
                continue  # It is told at its own place.


def _facts(step: Step, operation: str) -> Facts:
    said: list[tuple[str, str | None]] = []
    if isinstance(step, PushStep):
        said.append(("channel", step.push))
        if isinstance(step.data, dict):
            for name in _TYPES:
                if name in step.data:
                    value = step.data[name]
                    said.append((name, value if isinstance(value, str) else None))
        return Facts("event", tuple(said))
    method, _, target = step.request.partition(" ")
    said.append(("path", unquote(target.partition("?")[0])))
    body = step.body
    if isinstance(body, dict) and operation in body and step.match != "ignore":
        value = body[operation]
        said.append(("operation", value if isinstance(value, str) else None))
    elif operation and method not in _WITHOUT_BODY and not (step.match == "exact" and is_set(body)):
        # What a step does not list the client may send all the same.
        said.append(("operation", None))
    return Facts("request", tuple(said))


def _may_be(name: str, wanted: str, value: str) -> bool:
    if name == "path":
        return _paths_meet(wanted.split("/"), value.split("/"))
    if name == "channel":
        return _meet(wanted, value, deep=wanted.endswith("/**"))
    return "${" in value or value == wanted


def _paths_meet(wanted: list[str], path: list[str]) -> bool:
    """Whether a path of a step may match a pattern; a variable stands for no more than its segment."""
    if wanted[-1] == "**":
        wanted = wanted[:-1]
        if len(path) <= len(wanted):
            return False
        path = path[: len(wanted)]
    return len(path) == len(wanted) and all(map(_meet, wanted, path))


def _meet(wanted: str, value: str, *, deep: bool = False) -> bool:
    """Whether what a step says, which may hold `${names}`, may match what has a `*`, or at its end a `**`."""
    if "${" not in value:
        parts = [re.escape(part) for part in wanted.removesuffix("**" if deep else "").split("*")]
        return re.fullmatch("[^/]+".join(parts) + ".+" * deep, value, re.DOTALL) is not None
    # Of two texts with gaps, only the beginnings and ends are compared.
    begins, ends = value.partition("${")[0], value.rpartition("}")[2]
    if "*" not in wanted:
        long_enough = len(wanted) >= len(begins) + len(ends)
        return long_enough and wanted.startswith(begins) and wanted.endswith(ends)
    first, last = wanted.partition("*")[0], wanted.rpartition("*")[2]
    alike = begins.startswith(first) or first.startswith(begins)
    return alike and (ends.endswith(last) or last.endswith(ends))
