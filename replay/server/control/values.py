"""What is said and taken under `/__replay/`, as types; the client of these calls reads by the same ones."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from replay.simulator.switching import Standing


class ProblemSaid(msgspec.Struct, frozen=True, kw_only=True):
    """One of several things that are wrong with a call."""

    at: str
    what: str
    help: str


class ErrorSaid(msgspec.Struct, frozen=True, kw_only=True):
    """Why a call was refused."""

    what: str
    help: str
    problems: list[ProblemSaid]


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to every call that is refused."""

    error: ErrorSaid


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """That it serves, and what."""

    status: Literal["ok"] = "ok"
    version: str
    playing: list[str]
    """Names of the scenarios."""


class ClockRead(msgspec.Struct, frozen=True, kw_only=True):
    """What the plays go by."""

    clock: Literal["real", "manual"]
    now: float
    """Seconds since the simulator began."""


class Advance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far a clock is moved."""

    advance: str | int | float
    """A duration: `30s`, or seconds."""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """Rules, foremost first."""

    faults: list[Standing]


class Deleted(msgspec.Struct, frozen=True, kw_only=True):
    """Names of what was taken down."""

    deleted: list[str]


class SinceQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which entries of the journal are wanted."""

    agent: str = ""
    """Only this agent's, by the name the journal has for it."""
    kind: str = ""
    """Only of this kind."""
    since: int = 0
    """Only those after the entry of this number."""


Anything = Any
"""A body that has rules of its own, said elsewhere."""
