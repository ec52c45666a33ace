"""Whether this process may open as many connections as its agents need."""

from __future__ import annotations

from replay.errors import SurroundingsError
from replay.server.descriptors import PER_AGENT, RESERVE, agents_for, widen


def check_descriptors(agents: int) -> None:
    """Takes as many as it may.

    Raises:
        SurroundingsError: those are too few.
    """
    most = widen()
    if most is None or agents_for(most) >= agents:
        return
    needed = agents * PER_AGENT + RESERVE
    raise SurroundingsError(
        f"{agents:,} agents need {needed:,} open files, and this process may have {most:,}, enough for "
        f"{agents_for(most):,} agents: raise the hard limit (ulimit -Hn {needed}), or drive fewer"
    )
