"""`python -m tests.misses`: the labelled near misses and how many the simulator gets right, as a table."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table

from tests.misses.cases import Outcome, outcomes

SETS = {"cases": "weighed by", "held_out": "held out", "late": "held out, written last"}


def main() -> int:
    """Prints the table; fails where less than 95% of the steps are right."""
    console = Console(width=None if sys.stdout.isatty() else 160)
    good = True
    of_all: list[Outcome] = []
    for name, title in SETS.items():
        found = outcomes(name)
        console.print(_table(title, found))
        right = sum(each.is_right for each in found)
        told = sum(each.is_right and each.says_what for each in found)
        console.print(f"{title}: {right} of {len(found)} steps right, {told} with all that differs\n")
        good = good and right >= 0.95 * len(found)
        of_all += found
    right = sum(each.is_right for each in of_all)
    console.print(f"all: {right} of {len(of_all)} steps right ({right / len(of_all):.1%})")
    return 0 if good else 1


def _table(title: str, found: list[Outcome]) -> Table:
    table = Table(title=title)
    for column in ("mistake", "meant", "named", "differs in", "state", "right", "why"):
        table.add_column(column, overflow="fold")
    for each in found:
        fields = ", ".join(difference["field"] for difference in each.closest["differences"])
        right = "yes" if each.is_right and each.says_what else "step" if each.is_right else "NO"
        why = each.said.get("why", "it was answered")
        case, state = each.case, each.closest.get("state", "")
        table.add_row(case.name, case.step, each.closest["step"], fields, state, right, why)
    return table


if __name__ == "__main__":
    sys.exit(main())
