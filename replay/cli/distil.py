"""`replay distil`: a recording becomes a scenario."""

from __future__ import annotations

import re
from pathlib import Path

import click

from replay.capture.recording import open_recording
from replay.capture.redact import cleaned
from replay.capture.rules import Rules, RulesError, load_rules
from replay.distil import distil as tell
from replay.errors import RecordingError, UsageError
from replay.registry import PROFILES
from replay.scenario.dump import dumps, write


@click.command()
@click.argument(
    "recordings", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RECORDING..."
)
@click.option("--to", type=click.Path(path_type=Path), metavar="FILE", help="Where to; else standard output.")
@click.option("--agent", type=click.IntRange(1), default=1, metavar="N", help="Which of several agents.")
@click.option("--profile", type=click.Choice(list(PROFILES)), default="genesys", show_default=True)
@click.option("--redact", "rules", type=click.Path(path_type=Path), metavar="FILE", help="Rules of your own.")
@click.option("--no-redact", is_flag=True, help="Keep personal data that was recorded without our recorder.")
def distil(
    *,
    recordings: tuple[Path, ...],
    to: Path | None,
    agent: int,
    profile: str,
    rules: Path | None,
    no_redact: bool,
) -> None:
    """Tells a recording (flow file or HAR) as a scenario.

    What our recorder has not cleaned is cleaned here, by the default rules or --redact FILE.
    """
    if no_redact and rules is not None:
        raise UsageError("--redact and --no-redact exclude each other: leave one out.")
    distil_to(list(recordings), to, agent=agent, profile=profile, redact=None if no_redact else _rules(rules))


def _rules(path: Path | None) -> Rules:
    try:
        return load_rules(path)
    except RulesError as error:
        raise UsageError(str(error)) from None


def distil_to(
    recordings: list[Path],
    to: Path | None,
    *,
    redact: Rules | None,
    agent: int = 1,
    profile: str = "genesys",
) -> None:
    """Distils into a file, or onto standard output; what is left out is said on standard error."""
    if len(recordings) > 1:
        raise UsageError("distilling several recordings into one scenario is not built yet: name one")
    recording = open_recording(recordings[0])
    if to is not None and to.exists() and to.samefile(recording.path):
        raise UsageError(f"{to} is the recording itself: name another file with --to")
    name = _name(to or recording.path)
    exchanges = cleaned(recording.exchanges, recording.path, redact) if redact else recording.exchanges
    stories = tell(exchanges, name=name, recording=recording.path.name, profile=profile)
    if agent > len(stories):
        holds = "1 agent" if len(stories) == 1 else f"{len(stories)} agents"
        raise RecordingError(f"{recording.path.name} holds {holds}; there is no number {agent}")
    told = stories[agent - 1]
    for note in (*recording.notes, *told.notes):
        click.echo(f"note: {note.removesuffix('.')}", err=True)
    if to is None:
        # As bytes, a scenario is the same wherever it is written: UTF-8, and no more line ends than it has.
        click.echo(dumps(told.scenario).encode(), nl=False)
        return
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        kept = write(to, told.scenario)
    except FileExistsError:
        raise UsageError(f"{to} cannot be written: {to.parent} is no folder") from None
    except OSError as error:
        raise UsageError(f"{to} cannot be written: {error.strerror or error}") from None
    if kept is not None:
        click.echo(f"note: what {to} held before is kept as {kept}", err=True)
    session, steps = len(told.scenario.session), len(told.scenario.steps)
    parts = [_counted(session, "session step")] if session else []
    click.echo(f"{to}: {', '.join([*parts, _counted(steps, 'step')])}", err=True)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _name(path: Path) -> str:
    """A scenario's name, made of a file's."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", path.name.partition(".")[0]).strip("-")
    return stem if stem[:1].isalpha() else f"scenario-{stem}".rstrip("-")
