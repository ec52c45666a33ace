"""`python -m tests.load.hour [VISITORS]`: an hour of visitors (40) on a clock moved by hand.

Exit code 1 when anything grows after the first third of it: objects of any type, what stands in containers,
or the memory of the process.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import msgspec

from replay.plan.timeline import plan_all
from replay.scenario.fault_files import load_faults
from replay.scenario.load import load
from replay.simulator.misses import KEPT
from replay.simulator.options import Options
from replay.simulator.simulator import Simulator
from replay.simulator.tallies import MOST
from replay.simulator.undelivered import SHOWN
from replay.traffic import Traffic
from tests.load.census import census, growing, grown, resident
from tests.load.staged import StagedWorld
from tests.load.visitor import Company, Habits, Reply, Seen

ACCEPT = Path(__file__).parents[2] / "scenarios" / "accept-chat.yaml"
TROUBLE = Path(__file__).parent / "trouble.yaml"

HABITS = Habits()
SAMPLES = 24
WARM = 1 / 3
"""The share of the time before the first look."""
SWELLS = 0.05
"""By how much of itself memory may grow from the first look to the last."""
PARTITION = 300.0
"""Seconds from one partition of the network to the next; each lasts some seconds."""


class Lived(NamedTuple):
    """What came of it."""

    samples: list[Counter[str]]
    """What was kept, each time after as long."""
    seen: Seen
    struck: Counter[str]
    """How often each fault struck."""
    forgotten: int
    """Agents."""
    kilobytes: list[int]
    """Of this process, at each look."""


def live(
    minutes: float, size: int, *, filled: bool = True, habits: Habits = HABITS, **options: object
) -> Lived:
    """So many minutes of so many visitors at a time; the first third is for what only fills.

    Args:
        filled: Whether what only fills is full from the beginning.
        options: Of the simulator.
    """
    # What others have made before is not looked through each time.
    was_frozen = gc.get_freeze_count() > 0
    gc.collect()
    gc.freeze()
    try:
        return asyncio.run(_live(minutes * 60, size, habits, options, filled=filled))
    finally:
        gc.unfreeze()
        if was_frozen:
            # As it was: whoever collects after this is not to look through all that was imported.
            gc.collect()
            gc.freeze()


async def _live(
    seconds: float, size: int, habits: Habits, options: dict[str, object], *, filled: bool
) -> Lived:
    scenario = load(ACCEPT)
    few = Options(
        faults=tuple(load_faults(TROUBLE, [scenario])),
        journal_entries=300,
        agents_kept=8,
        agents_kept_for=120.0,
        epoch=1.0,
    )
    simulator = Simulator(plan_all([scenario]), msgspec.structs.replace(few, **options))
    world = StagedWorld(simulator)
    # So small that it is full when the first look is taken.
    world.stage.traffic = Traffic(most_rows=300)
    if filled:
        _fill(world)
    company = Company(size, world, habits)
    _trouble_at_run_time(world)
    world.advance(seconds * WARM)
    found, kilobytes = [], []
    for _ in range(SAMPLES):
        world.advance(seconds * (1 - WARM) / SAMPLES)
        found.append(census())
        kilobytes.append(resident())
    struck = Counter(simulator.switching.tallies())
    world.stage.stop()
    return Lived(found, company.seen, struck, simulator.absence.total, kilobytes)


def _fill(world: StagedWorld) -> None:
    """The latest misses, losses and names of rules: of these a bounded number is kept, which is there now."""
    simulator, line = world.stage.simulator, world.line()
    for number in range(KEPT // 2):
        line.ask("GET", f"/api/v2/nothing/{number}", {}, b"", _heedless)
        line.ask("POST", f"/api/v2/me/chats/{number}", {}, b'{"operationName": "Accept"}', _heedless)
    line.close()
    for number in range(SHOWN):
        simulator.misses.losses.note("nobody", number, "there had to be somebody", 1, 0.0)
    for number in range(MOST):
        rule = {"name": f"former-{number}", "fault": "drop"}
        world.stage.steer(lambda switching, now, rule=rule: switching.put_up(rule, now))
        world.stage.steer(lambda switching, now, rule=rule: switching.take_down(rule["name"], now))


def _heedless(_: Reply | None) -> None:
    """Nobody reads it."""


def _trouble_at_run_time(world: StagedWorld) -> None:
    """Rules that come and go, each under a name of its own, and now and then a network in two parts."""
    numbers = iter(range(1, 1_000_000))

    def change() -> None:
        number = next(numbers)
        rule = {"name": f"passing-{number}", "fault": "drop", "chance": "1%", "ttl": "90s"}
        world.stage.steer(lambda switching, now: switching.put_up(rule, now))
        world.later(60.0, change)

    def part() -> None:
        rule = {"name": f"parted-{next(numbers)}", "fault": "partition", "ttl": "5s"}
        world.stage.steer(lambda switching, now: switching.put_up(rule, now))
        world.later(PARTITION, part)

    world.later(60.0, change)
    world.later(PARTITION, part)


def main() -> int:
    """Prints a line."""
    lived = live(60, int(sys.argv[1]) if len(sys.argv) > 1 else 40)
    grows, seen, size = growing(lived.samples), lived.seen, lived.kilobytes
    swells = grown(size) / (sum(size) / len(size))
    for name, values in grows.items():
        print(f"  {name}: {values}", file=sys.stderr)
    print(
        f"an hour by hand, {seen.arrivals:,} arrivals of {seen.visitors:,} visitors,"
        f" {lived.forgotten:,} forgotten, {seen.accepts:,} Accepts,"
        f" {lived.struck.total():,} strikes of faults: {size[-1] / 1024:.0f} MB"
        f" ({swells:+.1%} since minute 20); growing: {', '.join(grows) or 'nothing'}"
    )
    return int(bool(grows) or swells > SWELLS or not seen.accepts)


if __name__ == "__main__":
    sys.exit(main())
