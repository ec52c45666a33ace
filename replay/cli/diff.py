"""`replay diff`: what differs between two stories, in steps."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.text import Text

from replay.capture.recording import open_recording
from replay.capture.redact import cleaned
from replay.capture.rules import load_rules
from replay.cli.differences import lines
from replay.cli.personal import redacted_fields
from replay.distil import distil
from replay.errors import RecordingError, ScenarioError, UsageError
from replay.scenario.load import load
from replay.scenario.model import Scenario
from replay.verify.diff import Report, diff, nothing_personal
from replay.verify.timing import parse_tolerance

PLAIN_WIDTH = 160
"""Columns when the output goes to no terminal."""


@click.command(name="diff")
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=click.Path(path_type=Path))
@click.option(
    "--timing",
    default="10ms",
    show_default=True,
    metavar="T",
    help="What delays may be apart: a duration, or a share of the longer one such as 50%.",
)
@click.option("--literal", is_flag=True, help="Compare every word; else pseudonyms may differ.")
@click.option("--json", "as_json", is_flag=True, help="Print everything that differs as JSON instead.")
@click.pass_context
def command(context: click.Context, a: Path, b: Path, *, timing: str, literal: bool, as_json: bool) -> None:
    """Says what differs between two scenarios or recordings, in steps.

    A recording is distilled first. Names of variables may differ if they are used alike; ids that every play
    makes anew, where a scenario comes from and what it is about are not compared. In fields that recordings
    have redacted a word may stand for another of the same shape, if it does so everywhere.

    Exit code 0 if they are the same story, 1 if they differ, 2 if a file is bad.
    """
    try:
        tolerance = parse_tolerance(timing)
    except ValueError as error:
        raise UsageError(f"--timing: {error}") from None
    one, other = story(a), story(b)
    personal = nothing_personal if literal else redacted_fields()
    report = diff(one, other, tolerance=tolerance, personal=personal)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(_row(report, a, b)), indent=2).decode())
    else:
        console = Console(highlight=False, width=None if sys.stdout.isatty() else PLAIN_WIDTH)
        for line in lines(report, one, other, (str(a), str(b))):
            # A file or another program wants lines as they are.
            console.print(line, soft_wrap=isinstance(line, Text) and not console.is_terminal)
    if not report.same:
        context.exit(1)


def story(path: Path) -> Scenario:
    """The scenario in a file, or the one that a recording distils to.

    Raises:
        ScenarioError: it is a scenario that cannot be played.
        RecordingError: it is no recording, or not of one story.
    """
    if path.suffix.lower() in {".yaml", ".yml"}:
        return load(path)
    try:
        recording = open_recording(path)
    except RecordingError as error:
        if not path.is_file():
            raise
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


def _row(report: Report, a: Path, b: Path) -> dict[str, object]:
    fields = {name: getattr(report, name) for name in report.__struct_fields__}
    return {"a": str(a), "b": str(b), "same": report.same, **fields}
