"""What chance may do: between which counts a number of draws lies, nearly always."""

from __future__ import annotations

import math


def interval(draws: int, chance: float, *, confidence: float = 0.999) -> tuple[int, int]:
    """The counts between which the hits lie, with this confidence, when each draw is one by `chance`: exact.

    Of an ordered sample they are the ranks between which the true quantile at `chance` lies.
    """
    tail = (1 - confidence) / 2
    below, lowest = 0.0, 0
    for count in range(draws + 1):
        ways = math.lgamma(draws + 1) - math.lgamma(count + 1) - math.lgamma(draws - count + 1)
        below += math.exp(ways + count * math.log(chance) + (draws - count) * math.log1p(-chance))
        if below < tail:
            lowest = count + 1
        if below >= 1 - tail:
            return lowest, count
    return lowest, draws
