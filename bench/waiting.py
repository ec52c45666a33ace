"""`python -m bench.waiting SECONDS`: how late a process is that only waits, a hundred times a second.

Beside a server on the same core it tells what is the machine's own. Prints milliseconds, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys

import uvloop

from replay.clock import SystemClock

_CLOCK = SystemClock()


async def until(at: float) -> None:
    """Waits for a moment."""
    reached = asyncio.Event()
    _CLOCK.call_at(at, reached.set)
    await reached.wait()


async def _main(seconds: int) -> None:
    began = _CLOCK.now()
    late = []
    for number in range(100 * seconds):
        await until(began + number / 100)
        late.append(1000 * (_CLOCK.now() - began) - 10 * number)
    print(json.dumps(late))  # noqa: T201


if __name__ == "__main__":
    uvloop.run(_main(int(sys.argv[1])))
