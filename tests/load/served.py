"""`python -m tests.load.served`: a server for the soak, which says what it keeps when it gets SIGUSR1.

It is the one of `replay serve`, with windows so small that they are full within the first minutes. It prints
its URL, and for each signal a line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import threading
from pathlib import Path

import uvloop

from replay.scenario.fault_files import load_faults
from replay.scenario.load import load
from replay.server.runner import Server
from replay.simulator.simulator import Options
from replay.traffic import Traffic
from tests.load.census import census, resident
from tests.load.hour import ACCEPT, TROUBLE


async def _serve() -> None:
    scenario = load(ACCEPT)
    options = Options(
        faults=tuple(load_faults(TROUBLE, [scenario])),
        journal_entries=2_000,
        agents_kept=20,
        agents_kept_for=30.0,
    )
    async with Server([scenario], options=options) as server:
        server.stage.traffic = Traffic(most_rows=5_000)
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        loop.add_signal_handler(signal.SIGUSR1, _tell)
        loop.add_signal_handler(signal.SIGTERM, ended.set)
        print(server.url, flush=True)
        await ended.wait()


def _tell() -> None:
    kept = census()
    kept["tasks"] = len(asyncio.all_tasks())
    kept["descriptors"] = len(list(Path("/proc/self/fd").iterdir()))
    kept["threads"] = threading.active_count()
    kept["kilobytes"] = resident()
    print(json.dumps(kept), flush=True)


if __name__ == "__main__":
    uvloop.run(_serve())
    sys.exit(0)
