"""Whom an agent plays, and what it saw."""

from __future__ import annotations

import msgspec

from replay.errors import UsageError, nearest
from replay.plan.timeline import Timeline
from replay.verify.role import Seen


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one agent saw."""

    seen: tuple[Seen, ...]
    missing: tuple[str, ...]
    """Steps of the scenario that it did not see."""
    why: str = ""
    """Why it ended before all was seen; empty when it did not."""


def index_of(timeline: Timeline, role: str) -> int:
    """Where a role stands among the timeline's; the first one when it is empty.

    Raises:
        UsageError: there is no such role.
    """
    if role and role not in timeline.roles:
        known = ", ".join(filter(None, timeline.roles)) or "none, as its steps name nobody"
        advice = nearest(role, timeline.roles)
        what = f"no role of {timeline.name} is called '{role}'; its roles: {known}. {advice}"
        raise UsageError(what.rstrip(" ."))
    return timeline.roles.index(role) if role else 0
