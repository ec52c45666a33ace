"""How scenarios are played."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from replay.journal import MAX_BYTES, MAX_ENTRIES
from replay.plan.pace import Pace
from replay.scenario.model import Fault
from replay.simulator.absence import KEPT, LONG
from replay.simulator.limits import Limits


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How scenarios are played."""

    pace: Pace = Pace()
    """Where it says only a speed, scenarios keep the pace of their own."""
    seed: int = 0
    replica: str = ""
    """Which this is of several servers with one seed: what has no name here is nobody's on another."""
    run: str = ""
    """What no other server has: names that it makes up are its own, also of one begun in the same moment."""
    epoch: float = 0.0
    """Seconds since 1970 at `now` = 0: times in events are moved to it."""
    date: float | None = None
    """Pretend that every play begins at this time (seconds since 1970)."""
    values: Mapping[str, Any] = {}
    """What variables are in every play, instead of what would be made for it or taken from its client."""
    settings: Mapping[str, Any] = {}
    """Settings of profiles that override those of the scenarios: by these they were planned."""
    faults: tuple[Fault, ...] = ()
    """Rules beside those of the scenarios, before which they come."""
    forward: bool = False
    """Another server is asked for what no step is."""
    control_apart: bool = False
    """Whoever controls it has a port of its own, which faults of the whole server do not reach."""
    journal_entries: int = MAX_ENTRIES
    """What the journal's window holds at most."""
    journal_bytes: int = MAX_BYTES
    """What they take as JSON at most."""
    limits: Limits = Limits()
    """How much is taken on."""
    agents_kept: int = KEPT
    """Agents that have gone and are kept however long they stay away, the latest."""
    agents_kept_for: float = LONG
    """Seconds for which all others that have gone are kept."""
    is_moved_by_hand: bool = False
    """Whether the clock that it goes by stands still until it is moved."""
