"""Leads so many lives of a simulator in this process and says what they left: `python -m tests.inside [500]`."""

from __future__ import annotations

import asyncio
import sys

import uvloop

from .left import lead, median_of, readiness
from .lives import LIVES


def main() -> int:
    """Prints a line; 0 if nothing was left behind, and simulators were ready within 50 ms."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    rounds = -(-wanted // len(LIVES))
    times = readiness(101, asyncio.new_event_loop)
    said, good = [median_of(times)], sorted(times)[50] < 50
    for name, loop in (("asyncio", asyncio.new_event_loop), ("uvloop", uvloop.new_event_loop)):
        left = lead(rounds, loop)
        good = good and left.is_nothing
        if not left.is_nothing:
            print(left, file=sys.stderr)
        said.append(
            f"{rounds * len(LIVES)} lives on {name} left {len(left.tasks)} tasks, {left.descriptors.total()}"
            f" descriptors, {left.threads} threads, {left.kilobytes:.2f} kB each ({left.resident:+.1f} MB in all)"
        )
    print("; ".join(said))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
