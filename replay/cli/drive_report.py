"""What `replay drive` found: a text for people, JSON for programs, and a page with plots."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec
from rich import box
from rich.table import Table
from rich.text import Text

from replay.account import printable
from replay.cli.drive_page import page
from replay.cli.drive_told import clock_of
from replay.cli.printing import print_lines
from replay.drive.access import Hidden
from replay.drive.crowd import Crowd, Load
from replay.drive.limits import Held
from replay.drive.tallies import MEASURES, Measured
from replay.errors import UsageError
from replay.plan.timeline import Timeline

COLUMNS = ("p50", "p90", "p99", "p99.9", "max")
MOST_ERRORS = 12
"""Sorts of errors that the text shows; the reports have all."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What was driven."""

    file: str
    target: str
    timeline: Timeline
    agents: int
    load: Load


def check_places(as_json: str | None, as_html: str | None, read: Path) -> None:
    """Sees to it, before anything is done, that reports can be written.

    Raises:
        UsageError: they cannot.
    """
    if as_json is not None and as_json == as_html:
        raise UsageError(f"--json and --html both write to {as_json}: name two places")
    for option, out in (("--json", as_json), ("--html", as_html)):
        if out is None or out == "-":
            continue
        path = Path(out)
        if path.is_dir() or not path.parent.is_dir():
            what = "it is a folder" if path.is_dir() else f"{path.parent} is no folder"
            raise UsageError(f"{option} {path} cannot be written: {what}")
        if path.exists() and read.exists() and path.samefile(read):
            raise UsageError(f"{path} is what is to be read: name another file with {option}")
        try:
            _try(path)
        except OSError as error:
            raise UsageError(f"{option} {path} cannot be written: {error.strerror or error}") from None


def _try(path: Path) -> None:
    """Opens a file for writing and leaves all as it was; a pipe or device is left alone."""
    if path.is_file():
        path.open("ab").close()
    elif not path.exists():
        path.open("xb").close()
        path.unlink()


def write_reports(
    run: Run,
    crowd: Crowd,
    limits: Sequence[Held],
    hidden: Hidden,
    *,
    as_json: str | None,
    as_html: str | None,
) -> None:
    """Files first: whoever reads the text may go away. What cannot be written keeps nobody from the rest.

    Raises:
        UsageError: a file could not be written.
    """
    row = hidden.cleaned(row_of(run, crowd, limits))
    troubles = []
    if as_json is not None:
        troubles += _write(as_json, msgspec.json.format(msgspec.json.encode(row), indent=2) + b"\n")
    if as_html is not None:
        troubles += _write(as_html, page(row).encode())
    stream = sys.stderr if "-" in (as_json, as_html) else sys.stdout
    print_lines(told(row), stream)
    if troubles:
        raise UsageError("; ".join(troubles))


def row_of(run: Run, crowd: Crowd, limits: Sequence[Held]) -> dict[str, Any]:
    """All figures, for programs; durations in seconds."""
    tallies, load, took = crowd.tallies, run.load, crowd.elapsed
    return {
        "scenario": run.timeline.name,
        "file": run.file,
        "target": run.target,
        "how": {
            "agents": run.agents,
            "ramp": load.ramp,
            "duration": load.duration,
            "arrivals": f"{load.arrivals.kind}({load.arrivals.rate:g}/s)" if load.arrivals else None,
            "chats_per_agent": load.chats_per_agent,
            "transport": load.transport,
            "seed": load.seed,
        },
        "seconds": round(took, 3),
        "ended_early": crowd.why,
        "throughput": {
            "requests": _rate(tallies.requests.count, took),
            "events": _rate(tallies.came, took),
            "chats": _rate(tallies.chats.count, took),
        },
        "requests": tallies.requests.row(),
        "events": tallies.events.row() | {"came": tallies.came, "early": tallies.events.early},
        "chats": tallies.chats.row() | {"cut_off": crowd.cut_off, "most_waiting": crowd.most_waiting},
        "latency": _rows(tallies.answers_by_step),
        "lateness": _rows(tallies.events_by_step),
        "undated": dict(tallies.undated),
        "curves": {"requests": tallies.requests.curve(), "events": tallies.events.curve()},
        "errors": tallies.errors,
        "error_share": round(tallies.error_share, 6),
        "failing": [msgspec.to_builtins(each) for each in tallies.failing],
        "given_up": tallies.given_up,
        "recoveries": tallies.recoveries,
        "strangers": tallies.strangers,
        "lost": crowd.lost,
        "own": {
            "lateness": crowd.burden.lateness.row(),
            "core": round(crowd.burden.share, 4),
            "busiest": round(max(crowd.burden.busiest, crowd.burden.share), 4),
            "bottleneck": crowd.burden.verdict,
        },
        "limits": [
            {"limit": each.limit.text, "broken": each.is_broken, "found": each.found} for each in limits
        ],
        "series": _series(crowd),
    }


def _rate(count: int, seconds: float) -> float:
    return round(count / seconds, 3) if seconds else 0.0


def _rows(measured: Mapping[str, Measured]) -> dict[str, dict[str, float]]:
    return {step: each.row() | {"early": each.early} for step, each in measured.items()}


def _series(crowd: Crowd) -> dict[str, Any]:
    """Figures of each interval; those of an interval without any are null."""
    series = crowd.tallies.series
    rows = [
        {
            "answers": each.answered,
            "events": each.came,
            "errors": each.errors,
            "agents": each.agents,
            "chats": each.chats,
            "latency": {"p50": each.answers.at(50), "p99": each.answers.at(99)},
            "lateness": {"p50": each.events.at(50), "p99": each.events.at(99)},
            "own": each.own.at(100),
        }
        for each in series.intervals
    ]
    return {"interval": series.seconds, "intervals": rows}


def told(row: dict[str, Any]) -> Iterator[Text | Table]:
    """The text."""
    how, rates = row["how"], row["throughput"]
    head = f"{row['scenario']} at {row['target']}: {how['agents']:,} agents over {how['transport']}, "
    yield _text(f"{head}{clock_of(row['seconds'])}")
    counts = [
        f"{row['requests']['count']:,} requests ({rates['requests']:,.1f}/s)",
        f"{row['events']['came']:,} events ({rates['events']:,.1f}/s)",
        f"{row['chats']['count']:,} chats ({rates['chats']:,.2f}/s)",
    ]
    yield _text(", ".join(counts) + _beside(row))
    yield Text()
    yield _table("latency of requests", row["latency"], row["requests"])
    if row["lateness"]:
        yield _table("lateness of events", row["lateness"], row["events"])
    if row["failing"]:
        yield _errors(row)
    else:
        yield _text("no errors")
    for limit in row["limits"]:
        mark, style = ("FAIL", "red") if limit["broken"] else ("ok", "green")
        yield _text(f"{mark}: it fails if {limit['limit']}; it is {limit['found']}", style)
    yield from _own(row)
    if row["ended_early"]:
        yield _text(f"it ended early: {row['ended_early']}", "red")


def _beside(row: dict[str, Any]) -> str:
    """What else there was, if there was any."""
    chats = row["chats"]
    parts = [
        (chats["cut_off"], "chats under way at the end"),
        (chats["most_waiting"], "arrivals at most that waited for an agent"),
        (row["given_up"], "chats given up"),
        (row["recoveries"], "recoveries"),
        (row["strangers"], "events that are no step"),
        (sum(row["undated"].values()), "events of which nobody knows when they were due"),
        (row["lost"], "agents whose session ended"),
    ]
    return "".join(f"; {count:,} {what}" for count, what in parts if count)


def _table(title: str, rows: Mapping[str, Mapping[str, float]], whole: Mapping[str, float]) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, title_style="bold")
    table.add_column("step")
    for name in ("count", *COLUMNS):
        table.add_column(name, justify="right")
    for step, figures in rows.items():
        table.add_row(printable(step), *_figures(figures))
    if len(rows) > 1:
        table.add_row("(all)", *_figures(whole), style="bold")
    return table


def _figures(figures: Mapping[str, float]) -> Iterator[str]:
    yield f"{figures['count']:,.0f}"
    for name in COLUMNS:
        yield shown(figures[name])


def shown(seconds: float) -> str:
    """A duration in three digits or so."""
    if seconds >= 10:
        return f"{seconds:,.1f} s"
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.3g} ms"


def _errors(row: dict[str, Any]) -> Table:
    title = f"{row['errors']:,} errors, {row['error_share']:.2%} of all that came"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, title_style="bold red")
    table.add_column("count", justify="right")
    for name in ("error", "step", "such as"):
        table.add_column(name)
    for each in row["failing"][:MOST_ERRORS]:
        said = (printable(each[name]) for name in ("error", "step", "example"))
        table.add_row(f"{each['count']:,}", *map(Text, said))
    if len(row["failing"]) > MOST_ERRORS:
        rest = row["failing"][MOST_ERRORS:]
        table.add_row(f"{sum(each['count'] for each in rest):,}", Text(f"{len(rest)} more sorts"), "", "")
    return table


def _own(row: dict[str, Any]) -> Iterator[Text]:
    own = row["own"]
    late = own["lateness"]
    used = f"it used {own['core']:.0%} of a core, its own timers were late by {shown(late['p50'])} (p50), "
    yield _text(f"drive itself: {used}{shown(late['p99'])} (p99), {shown(late['max'])} (max)", "dim")
    if own["bottleneck"]:
        what = f"drive itself was the bottleneck: {own['bottleneck']}"
        yield _text(
            f"{what}. The figures are not the server's alone: drive fewer agents, or from more machines",
            "yellow",
        )


def _text(said: str, style: str = "") -> Text:
    return Text(printable(said), style=style)


def _write(out: str, content: bytes) -> list[str]:
    """Returns why it could not be written, if so."""
    if out == "-":
        click.echo(content, nl=False)
        return []
    try:
        Path(out).write_bytes(content)
    except OSError as error:
        return [f"{out} cannot be written: {error.strerror or error}"]
    return []


__all__ = ["MEASURES", "Run", "check_places", "row_of", "write_reports"]
