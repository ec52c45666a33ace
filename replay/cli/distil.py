"""`replay distil`: a recording becomes a scenario for each of its stories."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from replay.capture.recording import open_recording
from replay.distil import Distilled, Told, read
from replay.distil.choosing import choose, listing, summary
from replay.distil.merging import merged
from replay.errors import UsageError
from replay.registry import PROFILES
from replay.scenario.dump import dumps, write


@click.command()
@click.argument(
    "recordings", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RECORDING..."
)
@click.option("--to", metavar="FILE", help="File, or folder for several stories; else standard output.")
@click.option("--agent", metavar="ID", help="The stories of one agent, from its side: user name or number.")
@click.option("--chat", metavar="ID", help="One story: a chat's id or how it begins, or its number.")
@click.option("--together", is_flag=True, help="All stories as one scenario.")
@click.option("--list", "only_list", is_flag=True, help="List the stories and write nothing.")
@click.option("--profile", type=click.Choice(list(PROFILES)), default="genesys", show_default=True)
def distil(
    *,
    recordings: tuple[Path, ...],
    to: str | None,
    agent: str | None,
    chat: str | None,
    together: bool,
    only_list: bool,
    profile: str,
) -> None:
    """Tells a recording (flow file or HAR) as scenarios, one for each story.

    A story is what shares ids: a chat, with all agents who take part in it. Several stories need --to: a
    folder, or FILE.yaml, which becomes FILE-1.yaml, FILE-2.yaml and so on.

    Several recordings of the same story become one scenario: what they have in common.
    """
    if only_list:
        for path in recordings:
            told, notes = _read(path, profile=profile, together=together)
            _say_notes([*notes, *told.notes])
            for line in listing(told, most=len(told.stories)):
                click.echo(line)
        return
    distil_to(list(recordings), to, agent=agent, chat=chat, profile=profile, together=together)


def distil_to(
    recordings: list[Path],
    to: str | Path | None,
    *,
    agent: str | None = None,
    chat: str | None = None,
    profile: str = "genesys",
    together: bool = False,
) -> None:
    """Distils into files, or onto standard output; what is left out is said on standard error.

    Args:
        to: A file, or a folder (which exists, or ends in a slash); None for standard output.
        agent: Whose stories, from its side: a user's name or a number as listed.
        chat: Which story: a chat's id, its first characters, or a number as listed.
        together: All as one scenario.
    """
    target = _Target.of(to, recordings)
    if len(recordings) > 1:
        distilled = _merged(recordings, target, agent=agent, chat=chat, profile=profile, together=together)
        _put(distilled, target.path() if target is not None else None)
        return
    told, notes = _read(recordings[0], profile=profile, together=together)
    chosen = choose(told, agent=agent, chat=chat)
    if target is None and len(chosen) > 1:
        raise UsageError(_which(told, "choose one with --chat, or write all with --to FOLDER/"))
    _say_notes([*notes, *(told.notes if len(told.stories) > 1 else ())])
    if len(chosen) == 1:
        path = target.path() if target is not None else None
        distilled = told.tell(chosen[0].story, _name(path or recordings[0]), agent=chosen[0].agent)
        _put(distilled, path)
        return
    assert target is not None
    click.echo(f"{told.recording} holds {len(told.stories)} stories", err=True)
    for each in chosen:
        path = target.path(each.story.number)
        _put(told.tell(each.story, _name(path), agent=each.agent), path, summary(each.story))


def _merged(
    recordings: list[Path],
    target: _Target | None,
    *,
    agent: str | None,
    chat: str | None,
    profile: str,
    together: bool,
) -> Distilled:
    """What recordings of the same story have in common."""
    name = _name(target.path() if target is not None else recordings[0])
    scenarios = []
    for path in recordings:
        told, notes = _read(path, profile=profile, together=together)
        chosen = choose(told, agent=agent, chat=chat)
        if len(chosen) > 1:
            raise UsageError(
                _which(told, "to tell what recordings have in common, choose one with --chat NUMBER")
            )
        distilled = told.tell(chosen[0].story, name, agent=chosen[0].agent)
        _say_notes(
            [*notes, *(told.notes if len(told.stories) > 1 else ()), *distilled.notes], f"{path.name}: "
        )
        scenarios.append(distilled.scenario)
    return merged(scenarios, name=name)


def _which(told: Told, how: str) -> str:
    return "\n".join([f"{told.recording} holds {len(told.stories)} stories: {how}", *listing(told)])


def _read(path: Path, *, profile: str, together: bool) -> tuple[Told, list[str]]:
    """What a recording holds, and what it lacks."""
    with _bar(path) as progress:
        recording = open_recording(path, progress)
        told = read(recording.exchanges, recording=path.name, profile=profile, together=together)
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
            return cls(path, _name(recordings[0]), ".yaml")
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
    parts = [_counted(session, "session step")] if session else []
    return ", ".join([*parts, _counted(steps, "step")])


def _say_notes(notes: list[str] | tuple[str, ...], where: str = "") -> None:
    for note in notes:
        click.echo(f"note: {where}{note.removesuffix('.')}", err=True)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _name(path: Path) -> str:
    """A scenario's name, made of a file's."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", path.name.partition(".")[0]).strip("-")
    return stem if stem[:1].isalpha() else f"scenario-{stem}".rstrip("-")
