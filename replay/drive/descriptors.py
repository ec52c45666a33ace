"""Whether this process may open as many connections as its agents need."""

from __future__ import annotations

import sys

from replay.errors import SurroundingsError

PER_AGENT = 2
"""One that is held, and one for what is asked beside it."""
RESERVE = 64
"""For all that is no agent's."""


def check_descriptors(agents: int) -> None:
    """Takes as many as it may.

    Raises:
        SurroundingsError: those are too few.
    """
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415  Windows has none

    needed = agents * PER_AGENT + RESERVE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    if hard == resource.RLIM_INFINITY or hard >= needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
        return
    carried = max(0, (hard - RESERVE) // PER_AGENT)
    raise SurroundingsError(
        f"{agents:,} agents need {needed:,} open files, and this process may have {hard:,}, enough for "
        f"{carried:,} agents: raise the hard limit (ulimit -Hn {needed}), or drive fewer"
    )
