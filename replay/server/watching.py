"""Files of scenarios that are watched while they are played: what changes in them is played from then on.

A file is looked at when something happens in its folder, and once a second for what is not told of, as on a
network's disk; so are those that it is made of. What is wrong is said once; the scenario goes on as it was.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import msgspec

from replay.errors import Problem, ReplayError, ScenarioError, UsageError
from replay.plan.timeline import Timeline
from replay.scenario.load import Files, load
from replay.scenario.model import Scenario
from replay.server.runner import Server

EVERY = 1.0
"""Seconds after which files are looked at although nothing has been told of them."""

QUIET = 0.05
"""Seconds of silence after which what has changed is read: an editor writes in several goes."""

PATIENCE = 0.1
"""Seconds that a file gets to become better, before it is refused: it may be half written."""

log = logging.getLogger(__name__)


class _Files(Files):
    """Reads a scenario's files, and marks each before it is read."""

    def __init__(self) -> None:
        super().__init__()
        self.marks: dict[Path, object] = {}

    def look(self, path: Path) -> None:
        """A file is looked for here."""
        super().look(path)
        self.marks.setdefault(path, _mark(path))


class _File:
    """A file that is watched."""

    def __init__(self, path: Path, place: int, scenario: Scenario) -> None:
        self.path = path
        self.place = place
        self.name = scenario.name
        self.played = _told(scenario)
        """What is played of it."""
        self.texts: dict[Path, str | None] = {}
        """What it and those that it is made of held last; None where one is not there or cannot be read."""
        self.wrong = ""
        """What was wrong with them."""
        self.marks: dict[Path, object] = {path: ()}
        """Of each file, what differs when it has been written."""
        self.is_refused = False
        self.wants_name = False
        """Whether it was refused because another scenario has its name."""


class _Read(NamedTuple):
    """What a file held when it was read."""

    files: _Files
    found: Timeline | ReplayError | None
    """The scenario, or what is wrong with it; None where it is what is played."""
    told: bytes = b""
    """The scenario as it is compared."""


class Watching:
    """Watches files of a server's scenarios. An async context manager, opened after the server."""

    def __init__(
        self,
        server: Server,
        *,
        say: Callable[[str], None] = log.warning,
    ) -> None:
        """Watches nothing yet.

        Args:
            say: Told in words what has changed, and what is wrong with it.

        Raises:
            UsageError: none of the server's scenarios was read from a file.
        """
        if not server.files:
            raise UsageError("there is no file to watch: name one")
        self._server = server
        self._files = [
            _File(server.files[scenario.name], place, scenario)
            for place, scenario in enumerate(server.scenarios)
            if scenario.name in server.files
        ]
        self._say = say
        self._stopped = asyncio.Event()
        self._is_blind = False
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Watching:
        self._stopped = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopped.set()
        if self._task is not None:
            await self._task
            self._task = None

    async def _run(self) -> None:
        while not self._stopped.is_set():
            folders = self._folders()
            async with aclosing(self._changes(folders)) as changes:
                async for changed in changes:
                    await self._look(changed)
                    if self._folders() != folders:
                        break

    async def _changes(self, folders: Iterable[Path]) -> AsyncGenerator[set[str], None]:
        """Names of what has changed in these folders; none at all when a second has passed."""
        from watchfiles import awatch  # noqa: PLC0415  who does not watch need not wait for it

        # It would tell of every write in the folder, also of a log that is written there of what it tells.
        logging.getLogger("watchfiles").setLevel(logging.WARNING)
        found = awatch(
            *folders,
            watch_filter=None,
            recursive=False,
            step=round(QUIET * 1000),
            debounce=round(4 * QUIET * 1000),
            rust_timeout=round(EVERY * 1000),
            yield_on_timeout=True,
            stop_event=self._stopped,
        )
        try:
            async with aclosing(found):
                async for changes in found:
                    yield {Path(path).name for _, path in changes}
        except (OSError, RuntimeError) as error:
            # What watchfiles raises where the system has no more watches is a RuntimeError of its own.
            self._cannot(error)
            await self._pause(EVERY)
            yield set()

    def _folders(self) -> dict[Path, tuple[int, int]]:
        """Where the files stand, and where what they are links to does; another folder has other numbers."""
        found = {}
        for path in (path for each in self._files for path in each.marks):
            for follow in (Path.absolute, Path.resolve):
                try:
                    folder = follow(path).parent
                    stat = folder.stat()
                except (OSError, RuntimeError):
                    continue
                found[folder] = stat.st_dev, stat.st_ino
        return found

    def _cannot(self, error: Exception) -> None:
        if not self._is_blind:
            self._is_blind = True
            self._say(
                f"the system does not tell of changes ({error}): files are looked at once a second instead"
            )

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopped.wait()
        except TimeoutError:
            pass

    async def _look(self, changed: Iterable[str]) -> None:
        """Reads what has been written."""
        waiting = [
            each
            for each in self._files
            if not _stands(each.marks) or any(path.name in changed for path in each.marks)
        ]
        while waiting and not self._stopped.is_set():
            if await self._heed(waiting.pop(0)):
                # It may have given up a name that another wants.
                waiting += [each for each in self._files if each.wants_name and each not in waiting]

    async def _heed(self, file: _File) -> bool:
        """Plays what a file holds, if that can be played; returns whether something else is played now."""
        while True:
            read = await asyncio.to_thread(self._read, file)
            if not isinstance(read.found, ReplayError):
                break
            await self._pause(PATIENCE)
            if self._stopped.is_set():
                return False
            if _stands(read.files.marks):
                break
        wrong = str(read.found) if isinstance(read.found, ReplayError) else ""
        is_news = (read.files.texts, wrong) != (file.texts, file.wrong) or not file.is_refused
        before, file.texts = file.texts, read.files.texts
        file.marks, file.wrong = read.files.marks, wrong
        match read.found:
            case ReplayError():
                file.wants_name = False
                if is_news:
                    self._refuse(file, read.found)
            case Timeline():
                return self._renew(file, read.found, read.told, before, is_news=is_news)
            case None if file.is_refused:
                self._good_again(file)
        return False

    def _read(self, file: _File) -> _Read:
        """What a file holds, in a thread of its own: a large one takes seconds."""
        files = _Files()
        files.look(file.path)
        if file.path.exists() and not file.path.is_file():
            # A pipe would keep whoever reads it.
            return _Read(
                files, ScenarioError([Problem(file=str(file.path), what="this is no file any more")])
            )
        try:
            scenario = load(file.path, control_apart=self._server.has_control_apart, files=files)
            told = _told(scenario)
            return _Read(files, self._server.planned(scenario) if told != file.played else None, told)
        except ReplayError as error:
            return _Read(files, error)

    def _renew(
        self, file: _File, timeline: Timeline, told: bytes, before: dict[Path, str | None], *, is_news: bool
    ) -> bool:
        try:
            self._server.renew(file.place, timeline, file=str(file.path))
        except ReplayError as error:
            file.wants_name = True
            if is_news:
                self._refuse(file, error)
            return False
        file.name, file.played = timeline.name, told
        file.is_refused = file.wants_name = False
        self._say(f"{_changed(file, before)} changed: new plays of '{file.name}' go by it")
        return True

    def _refuse(self, file: _File, error: ReplayError) -> None:
        file.is_refused = True
        problems = [str(each) for each in error.problems] if isinstance(error, ScenarioError) else []
        problems = problems or [f"{file.path}: {error}"]
        self._server.refuse(file.place, problems, file=str(file.path))
        self._say("\n".join([*problems, f"{file.path} is refused: '{file.name}' goes on as it was"]))

    def _good_again(self, file: _File) -> None:
        file.is_refused = file.wants_name = False
        self._server.good_again(file.place, file=str(file.path))
        self._say(f"{file.path} is good again, and holds what is played")


def _told(scenario: Scenario) -> bytes:
    """A scenario as it is compared: for Python 1 is `true`, for JSON it is not."""
    return msgspec.json.encode(scenario)


def _changed(file: _File, before: dict[Path, str | None]) -> str:
    """Which of a scenario's files have changed, as far as it was known what they held."""
    changed = [str(path) for path, text in file.texts.items() if text and before.get(path, text) != text]
    names = changed or [str(file.path)]
    return f"{', '.join(names)} {'have' if len(names) > 1 else 'has'}"


def _stands(marks: dict[Path, object]) -> bool:
    """Whether files have not been written since they were marked."""
    return all(mark == _mark(path) for path, mark in marks.items())


def _mark(path: Path) -> object:
    try:
        stat = os.stat(path)  # noqa: PTH116  thirty times a second it is to cost little
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino, stat.st_dev
