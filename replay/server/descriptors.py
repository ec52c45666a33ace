"""How many files this process may have open, which says how many connections it can carry.

An agent that polls holds two: its connect, and what it asks beside it. One on a WebSocket holds one, or two
while it asks.
"""

from __future__ import annotations

import os
import sys

RESERVE = 64
"""Descriptors kept for what is no connection of an agent: files, ports, and whoever is turned away."""
PER_AGENT = 2
"""Connections of an agent that polls."""
LOW = 1_000
"""Polling agents; with room for fewer than these it is said how many there may be."""

_PLENTY = 1 << 20
"""As many as Linux gives at most unless it is told to; where there is no limit, so many are enough."""


def limit() -> int | None:
    """How many this process may have open; None where nobody says."""
    if sys.platform == "win32":
        return None
    import resource  # noqa: PLC0415  Windows has none

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


def widen() -> int | None:
    """Takes as many as this process may; returns how many those are, None where nobody says."""
    if sys.platform == "win32":
        return None
    import resource  # noqa: PLC0415  Windows has none

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wished = _PLENTY if hard == resource.RLIM_INFINITY else hard
    if soft != resource.RLIM_INFINITY and soft < wished:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wished, hard))
        except (OSError, ValueError):
            # macOS has a limit of its own below the one that it tells.
            return limit()
    return limit()


def agents_for(descriptors: int) -> int:
    """How many polling agents so many descriptors can carry."""
    return max(0, (descriptors - RESERVE) // PER_AGENT)


def shortage(descriptors: int | None, wanted: int | None) -> str:
    """What is to be said if there are few; empty if there are enough.

    Args:
        wanted: How many agents somebody has asked for; None where nobody has.
    """
    if descriptors is None:
        return ""
    carried = agents_for(descriptors)
    if carried >= (LOW if wanted is None else wanted):
        return ""
    agents = "1 polling agent" if carried == 1 else f"{carried:,} polling agents"
    asked = f", of the {wanted:,} of --max-agents" if wanted is not None else ""
    return (
        f"this process may open {descriptors:,} files, enough for {agents}{asked} "
        f"({PER_AGENT} connections each): raise the hard limit (ulimit -Hn) for more"
    )


class Probe:
    """Says how near the limit this process is: a new descriptor has the lowest number that is free."""

    def __init__(self) -> None:
        most = limit()
        self._most = most - RESERVE if most is not None else None
        self._own = os.open(os.devnull, os.O_RDONLY) if most is not None else -1

    @property
    def has_room(self) -> bool:
        """Whether a connection leaves what is kept for others."""
        if self._most is None:
            return True
        try:
            number = os.dup(self._own)
        except OSError:
            return False
        os.close(number)
        return number <= self._most

    def close(self) -> None:
        """Lets its own descriptor go."""
        if self._own >= 0:
            os.close(self._own)
            self._own = -1
            self._most = None
