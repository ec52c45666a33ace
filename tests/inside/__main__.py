"""Leads so many lives of a simulator in this process, and says what they left behind.

python -m tests.inside [LIVES]
"""

from __future__ import annotations

import asyncio
import logging
import sys

import uvloop

from .left import Loop, lead, median_of, readiness
from .lives import LIVES, Life
from .threaded import THREADED

KINDS: tuple[tuple[str, Loop, tuple[Life, ...]], ...] = (
    ("on asyncio", asyncio.new_event_loop, LIVES),
    ("on uvloop", uvloop.new_event_loop, LIVES),
    ("in threads", asyncio.new_event_loop, THREADED),
)

CACHES = 1
"""Kilobytes that caches of libraries may still grow by with each life."""

BOUND = 50
"""Milliseconds after which a simulator has to be ready, at the median."""


def main() -> int:
    """Prints a line; 0 if nothing was left behind, and simulators were ready within 50 ms."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    logging.getLogger("replay").setLevel(logging.ERROR)
    times = readiness(101, asyncio.new_event_loop)
    said, good = [median_of(times)], sorted(times)[50] < BOUND
    for name, loop, lives in KINDS:
        left = lead(-(-wanted // len(lives)), loop, lives)
        if not left.is_nothing or left.kilobytes > CACHES:
            good = False
            print(left, file=sys.stderr)
        said.append(
            f"{wanted} lives {name} left {len(left.tasks)} tasks, {left.descriptors.total()} descriptors,"
            f" {left.threads} threads, {left.kilobytes:.2f} kB each ({left.resident:+.1f} MB)"
        )
    print("; ".join(said))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
