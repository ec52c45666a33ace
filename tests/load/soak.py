"""`python -m tests.load.soak [MINUTES]`: ten minutes of visitors, in real time, through all kinds of trouble.

They come over real connections to a server in a process of its own. The first third is for what only fills.
Exit code 1 when anything that the server keeps grows after that: memory, descriptors, tasks, objects.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import uvloop

from bench.servers import raise_descriptors
from tests.load.census import growing, grown
from tests.load.hour import SWELLS, WARM
from tests.load.visitor import Company, Habits, Seen
from tests.load.wired import WiredWorld

ROOT = Path(__file__).parents[2]
SIZE = 150
"""Visitors at a time."""
HABITS = Habits(stays=40.0, away=10.0, often=5.0)
MINUTES = 10.0
SAMPLES = 30
CACHES = {"Fronts._heads", "Fronts._lines", "Fronts._fields", "Agents._gone", "Gone", "Forgotten.times"}
"""What is emptied when it is full, or bounded beyond ten minutes: it may be fuller at the end."""


class Soaked(NamedTuple):
    """What came of it."""

    seconds: float
    samples: list[Counter[str]]
    seen: Seen
    said: str
    """By the server, on stderr."""
    code: int
    """With which it ended."""

    @property
    def swells(self) -> float:
        """By how much of itself its memory grew."""
        kilobytes = [sample["kilobytes"] for sample in self.samples]
        return grown(kilobytes) / (sum(kilobytes) / len(kilobytes))

    @property
    def grows(self) -> dict[str, str]:
        """What else did."""
        found = growing(self.samples)
        return {name: values for name, values in found.items() if name not in {"kilobytes", *CACHES}}

    @property
    def is_good(self) -> bool:
        """Whether nothing did, and there was enough that might have."""
        return not self.grows and self.swells <= SWELLS and not self.code and self.seen.accepts > 0

    def __str__(self) -> str:
        last, seen = self.samples[-1], self.seen
        return (
            f"{self.seconds / 60:.0f} min, {seen.arrivals:,} arrivals of {seen.visitors:,} visitors,"
            f" {seen.accepts:,} Accepts, {seen.failures:,} new sessions after trouble:"
            f" {last['kilobytes'] / 1024:.0f} MB ({self.swells:+.1%} since minute {self.seconds / 180:.0f}),"
            f" {last['descriptors']} descriptors, {last['tasks']} tasks, {last['Agent']} agents;"
            f" growing: {', '.join(self.grows) or 'nothing'}"
        )


async def soak(seconds: float, size: int) -> Soaked:
    """So many visitors at a time, for so long."""
    server = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.load.served",
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=1 << 20,
    )
    assert server.stdout is not None
    try:
        host, _, port = (
            (await server.stdout.readline()).decode().strip().removeprefix("http://").partition(":")
        )
        world = WiredWorld(host, int(port))
        company = Company(size, world, HABITS)
        await world.until(seconds * WARM)
        samples: list[Counter[str]] = []
        for _ in range(SAMPLES):
            await world.until(seconds * (1 - WARM) / SAMPLES)
            server.send_signal(signal.SIGUSR1)
            samples.append(Counter(json.loads(await server.stdout.readline())))
        world.close()
        server.terminate()
        _, said = await asyncio.wait_for(server.communicate(), 20)
    finally:
        if server.returncode is None:
            server.kill()
            await server.wait()
    return Soaked(seconds, samples, company.seen, said.decode(), server.returncode or 0)


def main() -> int:
    """Prints a line."""
    raise_descriptors()
    seconds = 60 * float(sys.argv[1] if len(sys.argv) > 1 else MINUTES)
    soaked = uvloop.run(soak(seconds, SIZE))
    for name, values in soaked.grows.items():
        print(f"  {name}: {values}", file=sys.stderr)
    print(soaked.said[-4000:], file=sys.stderr)
    print(soaked)
    return 0 if soaked.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
