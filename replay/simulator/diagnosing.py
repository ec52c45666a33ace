"""What a failed test prints: what to change, and what happened, short enough to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from replay.simulator.simulator import Simulator


def diagnosis(simulator: Simulator, now: float) -> str:
    """What went wrong here; its first line says what to change."""
    unmet = simulator.expecting.unmet(now)
    return "\n".join(unmet or ["nothing here went wrong: look at the client"])
