"""Every fault and preset before a real client, printed as tables: `make faults-demo`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tests.faults.observed import table
from tests.faults.observed.case import Case, Observation, PresetCase


def main() -> int:
    """Runs the faults and presets named, all by default; 1 if a client observed anything else."""
    wanted = set(sys.argv[1:])
    faults = [case for case in table.CASES if not wanted or case.fault in wanted]
    presets = [case for case in table.PRESETS if not wanted or case.preset in wanted]
    unknown = wanted - {case.fault for case in faults} - {case.preset for case in presets}
    if unknown:
        print(f"no such fault or preset: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    console.print(f"{len(faults) + len(presets)} real clients, {table.AT_ONCE} at a time …")
    observed = asyncio.run(table.observe([*faults, *presets]))
    if faults:
        rows = [(case.fault, case.rule) for case in faults]
        console.print(_drawn("Each fault before a real client", "fault", rows, faults, observed))
    if presets:
        rows = [(case.preset, "") for case in presets]
        console.print(_drawn("Each preset before a real client", "preset", rows, presets, observed))
    good = sum(_is_good(case, observed) for case in [*faults, *presets])
    console.print(f"{good} of {len(observed)} as the reference says")
    return int(good < len(observed))


def _is_good(case: Case | PresetCase, observed: dict[str, Observation]) -> bool:
    told = observed[str(case)]
    return told.said == case.expected and bool(told.struck)


def _drawn(
    title: str,
    what: str,
    rows: list[tuple[str, str]],
    cases: Sequence[Case | PresetCase],
    observed: dict[str, Observation],
) -> Table:
    drawn = Table(title=title, title_justify="left", show_lines=True)
    drawn.add_column(what, no_wrap=True)
    drawn.add_column("client", max_width=24)
    drawn.add_column("what the client observed")
    drawn.add_column("")
    before = ""
    for (name, rule), case in zip(rows, cases, strict=True):
        said = escape(observed[str(case)].said)
        if rule:
            said = f"[dim]{escape(rule)}[/]\n{said}"
        good = _is_good(case, observed)
        if not good:
            said += f"\n[red]expected:[/] {escape(case.expected)}"
        drawn.add_row(
            "" if name == before else name,
            case.client.name,
            said,
            "[green]good[/]" if good else "[red]DIFFERS[/]",
        )
        before = name
    return drawn


if __name__ == "__main__":
    sys.exit(main())
