"""When chats come: at a rate, evenly or as customers do. Every time is known before anything runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from replay.errors import nearest
from replay.simulator.draws import draw

KINDS = ("poisson", "constant")
MOST = 1_000.0
"""A second: more than one process can play. Those that wait for an agent are kept, for as long as it runs."""
EXAMPLES = "poisson(3/s), constant(3/s), poisson(90/m)"

_ARRIVALS = re.compile(r"([A-Za-z]+)\(\s*(\d{1,9}(?:\.\d{1,6})?)\s*/\s*([a-z]+)\s*\)", re.ASCII)
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


class Arrivals(msgspec.Struct, frozen=True):
    """At what rate chats come."""

    kind: str
    """`poisson`: each whenever it likes, as customers do; `constant`: evenly."""
    rate: float
    """A second."""

    def times(self, seed: int) -> Iterator[float]:
        """Seconds after the beginning at which they come, without end."""
        source = draw(seed, "arrivals")
        at = 0.0
        while True:
            at += source.expovariate(self.rate) if self.kind == "poisson" else 1 / self.rate
            yield at


def parse_arrivals(text: str) -> Arrivals:
    """Reads `poisson(3/s)`.

    Raises:
        ValueError: it is none; the message says what would be right.
    """
    found = _ARRIVALS.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"'{text}' is no rate of arrivals; write {EXAMPLES}")
    kind, number, unit = found.groups()
    if kind not in KINDS:
        raise ValueError(f"there are no arrivals '{kind}'. {nearest(kind, KINDS) or f'Write {EXAMPLES}'}")
    if unit not in _UNITS:
        raise ValueError(f"'{unit}' is no unit of a rate; write {', '.join(_UNITS)}")
    rate = float(number) / _UNITS[unit]
    if not rate:
        raise ValueError(f"at '{text}' nobody ever comes; write {EXAMPLES}")
    if rate > MOST:
        raise ValueError(f"'{text}' is more than one process can play; write at most {kind}({MOST:.0f}/s)")
    return Arrivals(kind, rate)
