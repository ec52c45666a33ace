"""Runs the project in examples/agent-desktop so many times in a row, every second time in random order.

python -m tests.examples [RUNS]
"""

from __future__ import annotations

import re
import statistics
import sys

from .project import BOUND, Run, run


def order(number: int) -> list[str]:
    """What the run of this number says of the order of its tests: each random one another."""
    if number % 2:
        return []
    return ["--random-order", "--random-order-bucket=global", f"--random-order-seed={number}"]


def main() -> int:
    """Prints a line; 0 if all runs were green, and none took longer than the bound."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    runs: list[Run] = []
    for number in range(1, wanted + 1):
        runs.append(run("-n", "4", *order(number)))
        if runs[-1].code:
            print(runs[-1].said)
        print(f"run {number}: {runs[-1].outcome}, {runs[-1].took:.1f} s in all", flush=True)
    green = sum(each.code == 0 for each in runs)
    tests = {int(passed) for each in runs for passed in re.findall(r"(\d+) passed", each.outcome)}
    times = [each.took for each in runs]
    print(
        f"{green} of {wanted} runs green, {wanted // 2} in random order, of {min(tests, default=0)} tests: "
        f"{statistics.median(times):.1f} s median, {max(times):.1f} s at most"
    )
    return int(green < wanted or len(tests) != 1 or max(times) > BOUND)


if __name__ == "__main__":
    sys.exit(main())
