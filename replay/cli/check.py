"""`replay check`: are these scenarios good?"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import click
import msgspec

from replay.capture.leaks import Finder, in_text
from replay.capture.recording import open_recording
from replay.cli.files import FILE
from replay.distil.values import leaves
from replay.errors import Problem, RecordingError, ScenarioError
from replay.scenario.load import files_of, load
from replay.scenario.model import RequestStep, Scenario
from replay.scenario.reader import read


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Print a list of {file, ok, problems} instead.")
@click.option("--secrets", is_flag=True, help="Also fail on what looks like a leak; takes recordings too.")
@click.pass_context
def check(context: click.Context, files: tuple[Path, ...], *, as_json: bool, secrets: bool) -> None:
    """Says what is wrong with scenarios, where, and what to do.

    With --secrets each FILE, be it a scenario, a flow file or a HAR, is also searched for credentials and
    for what tells of persons. Exit code 0 if every FILE is good, 1 if one looks as if it leaks, 2 if one is
    bad.
    """
    verdicts = [_verdict(file, secrets=secrets) for file in files]
    if as_json:
        rows = [_row(verdict) for verdict in verdicts]
        click.echo(msgspec.json.format(msgspec.json.encode(rows), indent=2))
    else:
        for verdict in verdicts:
            if verdict.good:
                click.echo(f"{verdict.file}: good ({verdict.good})")
            for problem in verdict.problems:
                click.echo(str(problem), err=True)
    if any(verdict.problems and not verdict.leaks for verdict in verdicts):
        context.exit(2)
    if any(verdict.leaks for verdict in verdicts):
        context.exit(1)


class _Verdict(NamedTuple):
    file: Path
    good: str
    """What there is, when nothing is wrong."""
    problems: tuple[Problem, ...]
    leaks: bool = False
    """Whether the problems are leaks: the file itself is good."""


def _verdict(file: Path, *, secrets: bool) -> _Verdict:
    if secrets and _is_recording(file):
        return _recording(file)
    try:
        scenario = load(file)
    except ScenarioError as error:
        return _Verdict(file, "", (_no_scenario(file),) if _is_recording(file) else error.problems)
    leaks = [leak for each in files_of(file) for leak in leaks_in_scenario(each)] if secrets else []
    if leaks:
        return _Verdict(file, "", tuple(leaks), leaks=True)
    return _Verdict(file, _counts(scenario), ())


def _no_scenario(file: Path) -> Problem:
    return Problem(
        file=str(file),
        what="this is a recording, not a scenario",
        help="`replay distil` makes scenarios of it; --secrets looks for leaks in it.",
    )


def _is_recording(file: Path) -> bool:
    """A flow file begins with a length; a HAR is JSON with a log."""
    try:
        with file.open("rb") as opened:
            head = opened.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    except OSError:
        return False
    return head[:1].isdigit() or (head.startswith(b"{") and b'"log"' in head)


def _recording(file: Path) -> _Verdict:
    try:
        recording = open_recording(file)
        finder = Finder()
        places: dict[tuple[str, str], list[str]] = {}
        for exchange in recording.exchanges:
            for leak in finder.exchange(exchange):
                places.setdefault((leak.what, leak.excerpt), []).append(leak.place)
        found = tuple(
            Problem(file=str(file), what=f"{_first(where)} looks like {what}: {excerpt}")
            for (what, excerpt), where in places.items()
        )
    except RecordingError as error:
        what = str(error).removeprefix(f"{file} ").removesuffix(".")
        return _Verdict(file, "", (Problem(file=str(file), what=what),))
    # Nobody has looked into what could not be read.
    for note in recording.notes:
        click.echo(f"note: {note.removesuffix('.')}", err=True)
    number = len(recording.exchanges)
    good = "" if found else f"{number} exchange{'s' * (number != 1)}, no leak to be seen"
    return _Verdict(file, good, found, leaks=bool(found))


def _first(places: list[str]) -> str:
    more = len(places) - 1
    return f"{places[0]}, and {more} place{'s' * (more != 1)} more," if more else places[0]


def leaks_in_scenario(file: Path) -> tuple[Problem, ...]:
    """What looks like a leak in a scenario that can be read, in the order of its lines."""
    text = file.read_text(encoding="utf-8-sig")
    document = read(text, str(file))
    found = set()
    for leak in in_text(text):
        before = text[: leak.at]
        column = leak.at - (before.rfind("\n") + 1) + 1
        found.add((before.count("\n") + 1, column, leak.what, leak.excerpt))
    finder = Finder()
    for path, value in leaves(document.value):
        names = [part for part in path if isinstance(part, str)]
        # How an id is made is no id, and what a variable was, stands under its name.
        if names[-1:] == ["recorded"] and names[0] == "variables":
            names = names[:-1]
        elif names[:1] == ["variables"]:
            continue
        for leak in finder.value(names, value):
            found.add((*document.place(path), leak.what, leak.excerpt))
    return tuple(
        Problem(file=str(file), line=line, column=column, what=f"this looks like {what}: {excerpt}")
        for line, column, what, excerpt in sorted(found)
    )


def _row(verdict: _Verdict) -> dict[str, Any]:
    return {
        "file": str(verdict.file),
        "ok": not verdict.problems,
        "problems": [
            {
                "file": problem.file,
                "line": problem.line,
                "column": problem.column,
                "what": problem.what,
                "help": problem.help,
            }
            for problem in verdict.problems
        ],
    }


def _counts(scenario: Scenario) -> str:
    steps = [*scenario.session, *scenario.steps]
    requests = sum(isinstance(step, RequestStep) for step in steps)
    pushes = len(steps) - requests
    return (
        f"{len(steps)} step{'' if len(steps) == 1 else 's'}: "
        f"{requests} request{'' if requests == 1 else 's'}, {pushes} push{'' if pushes == 1 else 'es'}"
    )
