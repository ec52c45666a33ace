"""`replay pin`: the faults of a run, made explicit in its scenario."""

from __future__ import annotations

import re
from pathlib import Path

import click
import msgspec

from replay.capture.losses import count
from replay.cli.files import FILE
from replay.cli.journals import read_journal
from replay.entries import Kept
from replay.errors import ScenarioError, UsageError
from replay.faults.pinning import Pinned, pinned
from replay.scenario.dump import dumps, put
from replay.scenario.load import load, loads
from replay.scenario.model import Fault, Scenario


@click.command()
@click.argument("journal", type=click.Path(path_type=Path))
@click.argument("file", type=FILE, metavar="SCENARIO")
@click.option("--to", type=click.Path(path_type=Path), metavar="FILE", help="File; else standard output.")
@click.option("--agent", default="", metavar="NAME", help="Only what struck this agent, for whoever plays.")
@click.pass_context
def pin(context: click.Context, journal: Path, file: Path, *, to: Path | None, agent: str) -> None:
    """Writes SCENARIO with the faults that struck in a run, each at its time, none left to chance.

    JOURNAL is what `replay serve --journal` wrote. The faults stand in place of those that SCENARIO has, be
    they its own, of a file, of the run time or of a request: played alone, it goes wrong as the run did. With
    several agents each fault names whose it is. What FILE held before is kept beside it as FILE~.

    Exit code 0 if there is something to pin, 1 if no fault struck, 2 if a file is bad or they do not fit.
    """
    kept, scenario = read_journal(journal), load(file)
    if to is not None and to.exists() and to.samefile(journal):
        raise UsageError(f"{to} is the journal itself: name another file with --to")
    found = pinned(kept, scenario, agent=agent)
    for note in found.notes:
        click.echo(f"note: {note}", err=True)
    if not found.strikes:
        click.echo(f"no fault struck in {journal}: there is nothing to pin", err=True)
        context.exit(1)
    text = _text(file.read_text("utf-8"), scenario, found, _origin(kept, journal), to or file)
    loads(text, str(to or file))
    if to is None:
        click.echo(text.encode(), nl=False)
    else:
        _write(to, text)
    said = f"{count(found.strikes, 'strike')} pinned as {count(len(found.faults), 'fault')}"
    click.echo(f"{to}: {said}" if to is not None else said, err=True)


def _write(path: Path, text: str) -> None:
    try:
        before = put(path, text)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from None
    if before is not None:
        click.echo(f"note: what {path} held before is kept as {before}", err=True)


def _origin(kept: Kept, journal: Path) -> list[str]:
    """Comments that say where it comes from."""
    head = kept.head
    run = ""
    if head is not None:
        speed = f", --speed {head.speed:g}" if isinstance(head.speed, float) else f", --speed {head.speed}"
        run = f" (--seed {head.seed}{speed})"
    name = journal.name if journal.name.isprintable() else "a journal"
    return [f"# Pinned from {name}{run} by `replay pin`:", "# each fault as it struck, none by chance."]


def _text(before: str, scenario: Scenario, found: Pinned, origin: list[str], to: Path) -> str:
    """The file with other faults and else as it was; written anew where that cannot be."""
    pinned_one = msgspec.structs.replace(scenario, faults=found.faults)
    lines = before.splitlines()
    place = _place(lines)
    if place is not None:
        spliced = [*lines[: place.start], *_faults(found.faults), *lines[place.stop :]]
        text = _under_heading("\n".join(spliced), origin)
        if _same(text, pinned_one, to):
            return text
    return _under_heading(dumps(pinned_one), origin)


def _same(text: str, wanted: Scenario, file: Path) -> bool:
    try:
        return loads(text, str(file)) == wanted
    except ScenarioError:
        return False


def _under_heading(text: str, origin: list[str]) -> str:
    lines = [line for line in text.splitlines() if line not in origin]
    at = 1 if lines[0].startswith("# yaml-language-server") else 0
    return "\n".join([*lines[:at], *origin, *lines[at:]]) + "\n"


def _place(lines: list[str]) -> range | None:
    """The lines that faults take the place of: those of `faults:`, or none before the steps."""
    keys = [number for number, line in enumerate(lines) if re.match(r"[A-Za-z_\"']", line)]
    start = next((number for number in keys if re.match(r"faults:", lines[number])), None)
    if start is not None:
        following = [number for number in keys if number > start]
        return range(start, _above_comments(lines, following[0] if following else len(lines)))
    first = next((number for number in keys if re.match(r"(session|steps):", lines[number])), None)
    if first is None:
        return None
    above = _above_comments(lines, first)
    return range(above, above)


def _above_comments(lines: list[str], number: int) -> int:
    """Where the comments begin that stand above a line."""
    while number and re.match(r"\s*(#|$)", lines[number - 1]):
        number -= 1
    return number


def _faults(faults: list[Fault]) -> list[str]:
    """As a scenario's file has them."""
    lines = dumps(Scenario(version=1, name="faults", faults=faults, steps=[])).splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("faults:"))
    rest = range(at + 1, len(lines))
    end = next(number for number in rest if not lines[number].startswith(" "))
    return lines[at:end]
