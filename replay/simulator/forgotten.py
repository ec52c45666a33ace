"""What stays known of plays that were over and have gone."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from replay.simulator.agents import Agent


class Times(msgspec.Struct, frozen=True):
    """How often a step took place in a play."""

    place: int
    """Of the scenario."""
    step: str
    role: str
    count: int


class Forgotten:
    """What stays known of an agent's plays that have gone."""

    def __init__(self) -> None:
        self.plays = 0
        """How many there were."""
        self.looked_at = 0
        """With how many plays it is looked which of them are over."""
        self.times: Counter[Times] = Counter()
        """In how many plays a step took place so often."""


class Gone(msgspec.Struct, frozen=True):
    """A play that has been forgotten, as long as its ids are known."""

    play: str
    """As the journal names it."""
    place: int
    """Of its scenario."""
    owner: Agent | None
    """Whose it was; of a shared play nobody's."""
