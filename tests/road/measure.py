"""How true the replay's gaps are, as a real client sees them: printed by `make prove`, asserted nowhere.

python -m tests.road.measure [RUNS]
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from .software import agent, backend, gaps, recorder, replayer


def measure(runs: int, cometd: str, transport: str) -> dict[str, tuple[float, float]]:
    """For each event the recorded gap and the median of the replayed ones, in milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        scenario = Path(folder) / "s.yaml"
        with backend("faye") as upstream, recorder(upstream, Path(folder) / "r.mitm", scenario) as proxy:
            recorded = gaps(agent(proxy, cometd=cometd, transport=transport))
        with replayer(scenario) as url:
            replayed = [gaps(agent(url, cometd=cometd, transport=transport)) for _ in range(runs)]
    return {name: (recorded[name], statistics.median(run[name] for run in replayed)) for name in recorded}


def main() -> int:
    """Prints one line for each client and transport; 1 if a median is more than 10 ms off."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 11
    worst = 0.0
    for cometd, transport in (("3.1", "long-polling"), ("9", "long-polling"), ("9", "websocket")):
        found = measure(runs, cometd, transport)
        worst = max(worst, *(abs(replayed - recorded) for recorded, replayed in found.values()))
        cells = ", ".join(f"{name} {b - a:+.1f}" for name, (a, b) in found.items())
        print(f"cometd {cometd} {transport}, median of {runs} minus recorded, ms: {cells}")
    print(f"worst median: {worst:.1f} ms")
    return int(worst > 10)


if __name__ == "__main__":
    sys.exit(main())
