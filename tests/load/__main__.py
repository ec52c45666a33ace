"""`python -m tests.load [AGENTS]`: a crowd over long-polling, then one over WebSocket, through an Accept.

5,000 agents unless it is said, each time against a `replay serve` of its own, at the recorded pace. Exit code
1 when an event was lost, doubled or misordered, or anything else was wrong; what was, stands on stderr.
"""

from __future__ import annotations

import os
import sys
from typing import NamedTuple

import uvloop

from bench.servers import ROOT, raise_descriptors, started
from tests.load.crowd import Counted, run
from tests.load.desktops import DESKTOPS

SHOWN = 10
"""Things that are wrong which are told one by one."""
SPARE = 200
"""Descriptors beside those of the connections."""


class Served(NamedTuple):
    """What came of one crowd."""

    counted: Counted
    megabytes: float
    """Of the server, when all had been there."""
    said: list[str]
    """By the server, on stderr."""

    @property
    def is_good(self) -> bool:
        """Whether nothing was wrong on either side."""
        return self.counted.is_good and not any("Traceback" in line for line in self.said)

    def __str__(self) -> str:
        return f"{self.counted}; the server took {self.megabytes:.0f} MB"


def serve(transport: str, size: int, *, stays: float) -> Served:
    """A crowd on a server of its own."""
    command = [
        sys.executable,
        "-m",
        "replay",
        "serve",
        "scenarios/accept-chat.yaml",
        "--port",
        "0",
        "--print-url",
    ]
    with started(command, None) as (server, said):
        counted = uvloop.run(run(transport, size, server.host, server.port, stays=stays))
        megabytes = server.resident / 1e6
    return Served(counted, megabytes, said)


def main() -> int:
    """Prints a line for each transport."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    open_files = raise_descriptors()
    if 2 * size + SPARE > open_files:
        print(f"{size} agents need {2 * size + SPARE} open files: ulimit -n is {open_files}", file=sys.stderr)
        return 3
    os.chdir(ROOT)
    good = True
    for transport in DESKTOPS:
        served = serve(transport, size, stays=2.0)
        good = good and served.is_good
        print(served, flush=True)
        for line in (*served.counted.wrong[:SHOWN], *served.said[:SHOWN]):
            print(f"  {line}", file=sys.stderr)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
