"""`replay distil`: a recording becomes a scenario for each of its stories."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import click
from rich.console import Console
from rich.progress import Progress

from replay.capture.losses import count
from replay.capture.recording import open_recording
from replay.capture.redact import cleaned
from replay.capture.rules import Rules, RulesError, load_rules
from replay.cli.personal import redacted_fields
from replay.distil import Distilled, Told, read
from replay.distil.choosing import Choice, choose, listing, summary
from replay.distil.merging import merged
from replay.errors import UsageError
from replay.exchange import Exchange
from replay.registry import PROFILES
from replay.scenario.dump import dumps, write
from replay.scenario.model import named_after


@click.command()
@click.argument(
    "recordings", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RECORDING..."
)
@click.option("--to", metavar="FILE", help="File, or folder for several stories; else standard output.")
@click.option("--agent", metavar="ID", help="The stories of one agent, from its side: user name or number.")
@click.option("--chat", metavar="ID", help="One story: a chat's id or how it begins, or its number.")
@click.option("--together", is_flag=True, help="All stories as one scenario.")
@click.option("--faults-too", is_flag=True, help="Tell what went wrong as faults of the scenario.")
@click.option("--list", "only_list", is_flag=True, help="List the stories and write nothing.")
@click.option("--profile", type=click.Choice(list(PROFILES)), default="genesys", show_default=True)
@click.option("--redact", "rules", type=click.Path(path_type=Path), metavar="FILE", help="Rules of your own.")
@click.option("--no-redact", is_flag=True, help="Keep personal data that was recorded without our recorder.")
def distil(
    *,
    recordings: tuple[Path, ...],
    to: str | None,
    only_list: bool,
    rules: Path | None,
    no_redact: bool,
    **what: Any,
) -> None:
    """Tells a recording (flow file or HAR) as scenarios, one a story.

    A story is what shares ids: a chat, with all agents who take part in it. Several stories need --to: a
    folder, or FILE.yaml, which becomes FILE-1.yaml, FILE-2.yaml and so on.

    Several recordings of the same story become one scenario: what they have in common.

    What our recorder has not cleaned is cleaned here, by the default rules or --redact FILE.
    """
    if no_redact and rules is not None:
        raise UsageError("--redact and --no-redact exclude each other: leave one out.")
    how = How(redact=None if no_redact else _rules(rules), **what)
    if only_list:
        for path in recordings:
            told, notes = _read(path, how)
            _say_notes([*notes, *told.notes])
            if len(recordings) > 1:
                click.echo(f"{path}:")
            for line in listing(told, most=len(told.stories)):
                click.echo(line)
        return
    distil_to(list(recordings), to, how)


def _rules(path: Path | None) -> Rules:
    try:
        return load_rules(path)
    except RulesError as error:
        raise UsageError(str(error)) from None


class How(NamedTuple):
    """What of a recording is told, and how."""

    redact: Rules | None
    """By which rules what was recorded without our recorder is cleaned; None leaves it as it is."""
    agent: str | None = None
    """Whose stories, from its side: a user's name or a number as listed."""
    chat: str | None = None
    """Which story: a chat's id, its first characters, or a number as listed."""
    together: bool = False
    """All as one scenario."""
    faults_too: bool = False
    """What went wrong in the recording becomes faults of the scenario."""
    profile: str = "genesys"


def distil_to(recordings: list[Path], to: str | Path | None, how: How) -> None:
    """Distils into files, or onto standard output; what is left out is said on standard error.

    Args:
        to: A file, or a folder (which exists, or ends in a slash); None for standard output.
    """
    target = _Target.of(to, recordings)
    if len(recordings) > 1:
        distilled = _merged(recordings, target, how)
        _put(distilled, target.path() if target is not None else None)
        return
    told, notes = _read(recordings[0], how)
    chosen = choose(told, agent=how.agent, chat=how.chat)
    if target is None and len(chosen) > 1:
        raise UsageError(_which(told, "choose one with --chat, or write all with --to FOLDER/"))
    _say_notes([*notes, *(told.notes if len(told.stories) > 1 else ())])
    if len(chosen) == 1:
        path = target.path() if target is not None else None
        distilled = _tell(told, chosen[0], named_after(path or recordings[0]), how)
        _put(distilled, path)
        return
    assert target is not None
    click.echo(f"{told.recording} holds {len(told.stories)} stories", err=True)
    for each in chosen:
        path = target.path(each.story.number)
        _put(_tell(told, each, named_after(path), how), path, summary(each.story))


def _tell(told: Told, chosen: Choice, name: str, how: How) -> Distilled:
    return told.tell(chosen.story, name, agent=chosen.agent, faults_too=how.faults_too)


def _merged(recordings: list[Path], target: _Target | None, how: How) -> Distilled:
    """What recordings of the same story have in common."""
    name = named_after(target.path() if target is not None else recordings[0])
    scenarios = []
    for path in recordings:
        told, notes = _read(path, how)
        chosen = choose(told, agent=how.agent, chat=how.chat)
        if len(chosen) > 1:
            raise UsageError(
                _which(told, "to tell what recordings have in common, choose one with --chat NUMBER")
            )
        distilled = _tell(told, chosen[0], name, how)
        _say_notes(
            [*notes, *(told.notes if len(told.stories) > 1 else ()), *distilled.notes], f"{path.name}: "
        )
        scenarios.append(distilled.scenario)
    return merged(scenarios, name=name, personal=redacted_fields())


def _which(told: Told, how: str) -> str:
    return "\n".join([f"{told.recording} holds {len(told.stories)} stories: {how}", *listing(told)])


def _read(path: Path, how: How) -> tuple[Told, list[str]]:
    """What a recording holds, and what it lacks."""
    with _bar(path) as progress:
        recording = open_recording(path, progress)
        exchanges: Iterable[Exchange] = recording.exchanges
        if how.redact is not None:
            exchanges = cleaned(exchanges, path, how.redact)
        told = read(exchanges, recording=path.name, profile=how.profile, together=how.together)
    return told, list(recording.notes)


@contextmanager
def _bar(path: Path) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, for what takes long enough to be seen."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(f"reading {path.name}", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


class _Target:
    """Where scenarios are written."""

    def __init__(self, folder: Path, stem: str, suffix: str) -> None:
        self._folder, self._stem, self._suffix = folder, stem, suffix

    @classmethod
    def of(cls, to: str | Path | None, recordings: list[Path]) -> _Target | None:
        """The place that was named, which is none of the recordings."""
        if to is None:
            return None
        path = Path(to)
        if str(to).endswith(("/", os.sep)) or path.is_dir():
            return cls(path, named_after(recordings[0]), ".yaml")
        for recording in recordings:
            if path.exists() and recording.exists() and path.samefile(recording):
                raise UsageError(f"{path} is the recording itself: name another file with --to")
        return cls(path.parent, path.stem if path.suffix else path.name, path.suffix)

    def path(self, number: int | None = None) -> Path:
        """The file; of several, that of the story with this number as listed."""
        ending = "" if number is None else f"-{number}"
        return self._folder / f"{self._stem}{ending}{self._suffix}"


def _put(distilled: Distilled, path: Path | None, what: str = "") -> None:
    """Writes one scenario, and says so; onto standard output where there is no path."""
    _say_notes(distilled.notes, f"{path.name}: " if path and what else "")
    if path is None:
        # As bytes it is the same wherever it is written: UTF-8, and no more line ends than it has.
        click.echo(dumps(distilled.scenario).encode(), nl=False)
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = write(path, distilled.scenario)
    except FileExistsError:
        raise UsageError(f"{path} cannot be written: {path.parent} is no folder") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from None
    if kept is not None:
        click.echo(f"note: what {path} held before is kept as {kept}", err=True)
    click.echo(f"{path}: {f'{what}: ' if what else ''}{_size(distilled)}", err=True)


def _size(distilled: Distilled) -> str:
    session, steps = len(distilled.scenario.session), len(distilled.scenario.steps)
    parts = [count(session, "session step")] if session else []
    return ", ".join([*parts, count(steps, "step")])


def _say_notes(notes: list[str] | tuple[str, ...], where: str = "") -> None:
    for note in notes:
        click.echo(f"note: {where}{note.removesuffix('.')}", err=True)
