"""`python -m tests.mutations`: what is wrong with a server and what `verify` says of it, as a table."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table

from tests.mutations.cases import Outcome, cases, outcome


def main() -> int:
    """Prints the table, of the mutations named or all; fails where anything else is said than expected."""
    wanted = set(sys.argv[1:])
    chosen = [case for case in cases() if not wanted or case.mutation in wanted]
    found = [outcome(case) for case in chosen]
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False, markup=False)
    console.print(_table(found))
    mutations = {case.mutation for case in chosen} - {"nothing"}
    right = sum(each.is_right for each in found)
    console.print(f"{len(mutations)} mutations, asked for in {len(found)} ways: {right} as expected")
    return int(right < len(found))


def _table(found: list[Outcome]) -> Table:
    table = Table(title="mutations", show_lines=True)
    for column in ("mutation", "expected", "said", "exit", "right"):
        table.add_column(column, overflow="fold")
    for each in found:
        expected = "\n".join(each.case.says) or "nothing"
        said = "\n".join(each.lines) or "nothing"
        table.add_row(each.case.name, expected, said, str(each.code), "yes" if each.is_right else "NO")
    return table


if __name__ == "__main__":
    sys.exit(main())
