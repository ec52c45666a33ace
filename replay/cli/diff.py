"""`replay diff`: what differs between two stories, in steps."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import click
import msgspec
from click.core import ParameterSource

from replay.capture.recording import open_recording
from replay.capture.redact import cleaned
from replay.capture.rules import load_rules
from replay.cli.differences import cases, lines
from replay.cli.files import FILE
from replay.cli.journals import find_journal
from replay.cli.personal import redacted_fields
from replay.cli.printing import Line, print_lines
from replay.cli.reports import check_outputs, write_outputs
from replay.cli.run_differences import lines as run_lines
from replay.distil import distil
from replay.entries import Kept
from replay.errors import RecordingError, ScenarioError, UsageError
from replay.library import advice, called
from replay.scenario.load import load
from replay.scenario.model import Scenario
from replay.verify.diff import Report, diff, nothing_personal
from replay.verify.journals import JournalReport, compare
from replay.verify.timing import Tolerance, parse_tolerance


@click.command(name="diff")
@click.argument("a", type=FILE)
@click.argument("b", type=FILE)
@click.option(
    "--timing",
    default="10ms",
    show_default=True,
    metavar="T",
    help="What delays may be apart: a duration, or a share of the longer one such as 50%. Of journals "
    "times are compared only where this is given.",
)
@click.option("--literal", is_flag=True, help="Compare every word; else pseudonyms may differ.")
@click.option("--touched", "with_touched", is_flag=True, help="Of journals: also what faults touched.")
@click.option("--json", "as_json", is_flag=True, help="Print everything that differs as JSON instead.")
@click.option("--junit", metavar="OUT", help="Also write a test case per step as JUnit XML.")
@click.pass_context
def command(
    context: click.Context,
    a: Path,
    b: Path,
    *,
    timing: str,
    literal: bool,
    with_touched: bool,
    as_json: bool,
    junit: str | None,
) -> None:
    """Says what differs between two scenarios or recordings, in steps, or between the journals of two runs.

    A recording is distilled first. Names of variables may differ if they are used alike; ids that every play
    makes anew, where a scenario comes from and what it is about are not compared. Where the words are others
    in most fields that recordings have redacted, a word may stand for another of the same shape.

    Of two journals: what happened to each agent in one run and not in the other. Faults, and whatever one
    touched in either run, are left out.

    Exit code 0 if they are the same story, 1 if they differ, 2 if a file is bad.
    """
    try:
        tolerance = parse_tolerance(timing)
    except ValueError as error:
        raise UsageError(f"--timing: {error}") from None
    if junit == "-":
        raise UsageError("--junit writes a file beside the report: name one")
    check_outputs(None, junit, a, b)
    for path in (a, b):
        _refuse_pipe(path)
    names = called(a), called(b)
    journals = find_journal(a), find_journal(b)
    if any(journals):
        if junit is not None:
            raise UsageError("--junit is for stories: journals have no steps to be test cases")
        given = context.get_parameter_source("timing") is not ParameterSource.DEFAULT
        report = _runs(*journals, (a, b), tolerance if given else None, with_touched=with_touched)
        _print(run_lines(report, names), _row(report, names) if as_json else None)
        context.exit(0 if report.same else 1)
    one, other = story(a), story(b)
    personal = nothing_personal if literal else redacted_fields()
    told = diff(one, other, tolerance=tolerance, personal=personal)
    properties = dict(zip("ab", names, strict=True))
    write_outputs((None, dict), (junit, lambda: (" ".join(names), cases(told, one), properties)))
    _print(lines(told, one, other, names), _row(told, names) if as_json else None)
    if not told.same:
        context.exit(1)


def _runs(
    one: Kept | None, other: Kept | None, paths: tuple[Path, Path], tolerance: Tolerance | None, **how: bool
) -> JournalReport:
    if one is None or other is None:
        journal, file = paths if one is not None else paths[::-1]
        if not file.exists():
            raise UsageError(f"{file} does not exist")
        raise UsageError(f"{journal} is a journal and {file} is none: name two of a kind")
    return compare(one, other, tolerance=tolerance, **how)


def _print(report: Iterable[Line], row: dict[str, object] | None) -> None:
    """The report for a person, or as JSON."""
    if row is not None:
        click.echo(msgspec.json.format(msgspec.json.encode(row), indent=2))
        return
    print_lines(report, sys.stdout)


def story(path: Path) -> Scenario:
    """The scenario in a file, or the one that a recording distils to.

    Raises:
        ScenarioError: it is a scenario that cannot be played.
        RecordingError: it is no recording, or not of one story.
        UsageError: it cannot be read twice.
    """
    _refuse_pipe(path)
    if path.suffix.lower() in {".yaml", ".yml"}:
        return load(path)
    try:
        recording = open_recording(path)
    except RecordingError as error:
        if not path.is_file():
            raise RecordingError(f"{error} {advice(path)}".strip()) from None
        try:
            return load(path)
        except ScenarioError:
            raise error from None
    exchanges = cleaned(recording.exchanges, recording.path, load_rules())
    stories = distil(exchanges, name="recording", recording=path.name)
    if len(stories) != 1:
        what = f"{path} holds {len(stories)} stories"
        raise RecordingError(f"{what}: distil it and compare the scenarios one by one.")
    told = stories[0]
    # What a recording says of itself names its file.
    for note in (*recording.notes, *(f"{path}: {note}" for note in told.notes)):
        click.echo(f"note: {note.removesuffix('.')}", err=True)
    return told.scenario


def _refuse_pipe(path: Path) -> None:
    if path.is_fifo():
        raise UsageError(f"{path} is a pipe, which can be read only once", help="Write it to a file first.")


def _row(report: Report | JournalReport, names: tuple[str, str]) -> dict[str, object]:
    fields = {name: getattr(report, name) for name in report.__struct_fields__}
    return {"a": names[0], "b": names[1], "same": report.same, **fields}
