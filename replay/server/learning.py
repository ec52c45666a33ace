"""Writes what the upstream said, as new steps of its scenario in a file beside: `NAME.new.yaml`.

It is cleaned as recordings are before it is written. The user's own file is never touched.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import msgspec

from replay.capture.pseudonyms import Pseudonyms
from replay.capture.redact import clean
from replay.distil.forwarded import Heard, compared, is_told, tell
from replay.errors import ReplayError
from replay.exchange import Exchange
from replay.library import name_of
from replay.registry import PROFILES, resolve
from replay.scenario.dump import dumps, overwrite, put
from replay.scenario.load import loads
from replay.scenario.model import Scenario
from replay.server.runner import Server

QUIET = 1.0
"""Seconds without news after which what has been heard is written."""

LATEST = 10.0
"""Seconds after which it is written although there are ever more news."""

MOST = 500
"""Different requests that are told of a scenario; a client that asks for ever new ones fills no disk."""

LARGEST = 1 << 20
"""Bytes of an answer that is told; what is larger would be no use to a reader."""


ALL = 32 << 20
"""Bytes of all that is told."""


class Learner:
    """Keeps what is heard, and writes it. An async context manager."""

    def __init__(self, server: Server, files: Mapping[int, Path], say: Callable[[str], None]) -> None:
        """Has heard nothing yet.

        Args:
            files: By the place of their scenario among those served; one that has none is written here.
            say: Told in words where what was written is.
        """
        self._server = server
        self._say = say
        self._paths = _beside(files, server.scenarios)
        self._pseudonyms = Pseudonyms()
        self._heard: dict[int, list[Heard]] = defaultdict(list)
        self._new: dict[int, list[Heard]] = defaultdict(list)
        self._known: set[tuple[object, ...]] = set()
        self._size = 0
        """Bytes of all bodies that are kept."""
        self._count: Counter[int] = Counter()
        """Answers of each scenario that could be told, also of requests made again."""
        self._said: set[str] = set()
        self._steps: dict[int, int] = {}
        """How many steps have been written of each scenario."""
        self._written: dict[int, str] = {}
        """What they were written as."""
        self._news = asyncio.Event()
        self._stopped = False
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Learner:
        self._task = asyncio.get_running_loop().create_task(self._run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopped = True
        self._news.set()
        if self._task is not None:
            await self._task
        for place, steps in sorted(self._steps.items()):
            if steps:
                requests = self._count[place]
                self._say(
                    f"{self._paths[place]} has {steps} new step{'s' * (steps > 1)} of {requests} forwarded"
                    f" request{'s' * (requests > 1)}: check it, and take over what you like"
                )

    def take(self, heard: Heard) -> None:
        """A request has been forwarded and answered."""
        exchange, place = heard.exchange, heard.setting.place
        timeline = self._server.stage.simulator.timelines[place]
        if not is_told(exchange, timeline.profile):
            return
        self._count[place] += 1
        key = (place, heard.setting.role, exchange.method, exchange.url, exchange.request_body)
        if key in self._known:
            return
        size = len(exchange.response_body or b"") + len(exchange.request_body)
        if size > LARGEST:
            self._say_once(f"note: answers of more than {LARGEST >> 20} MiB become no steps")
        elif len(self._heard[place]) + len(self._new[place]) >= MOST or self._size + size > ALL:
            self._say_once(f"note: {len(self._known):,} different requests are enough: no more become steps")
        else:
            self._known.add(key)
            self._size += size
            self._new[place].append(heard)
            self._news.set()

    def _say_once(self, what: str) -> None:
        if what not in self._said:
            self._said.add(what)
            self._say(what)

    async def _run(self) -> None:
        while not self._stopped:
            await self._news.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(LATEST):
                    await self._quiet()
            await self._write_all()
        await self._write_all()

    async def _quiet(self) -> None:
        """Until nothing has been heard for a while, or nothing more will be."""
        while self._news.is_set() and not self._stopped:
            self._news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(QUIET):
                    await self._news.wait()

    async def _write_all(self) -> None:
        for place in [place for place, new in self._new.items() if new]:
            await self._write(place)

    async def _write(self, place: int) -> None:
        new, self._new[place] = self._new[place], []
        scenario = self._server.stage.simulator.timelines[place].scenario
        # Two writes never overlap, so the thread has all that it changes to itself.
        said = await asyncio.to_thread(self._put, place, new, scenario)
        if said:
            self._say_once(said)

    def _put(self, place: int, new: list[Heard], scenario: Scenario) -> str:
        """Tells and writes, in a thread of its own; returns what there is to say."""
        heard, path = self._heard[place], self._paths[place]
        cleaned = [self._cleaned(each, scenario) for each in new]
        try:
            told, steps = tell(scenario, [*heard, *cleaned])
            text = dumps(told)
            loads(text, str(path))
            heard += cleaned
        except ReplayError as error:
            return f"what the upstream answered cannot be told as steps: {error}"
        if not steps:
            return ""
        kept = None
        try:
            if place in self._written and _holds(path, self._written[place]):
                overwrite(path, text)
            else:
                # Of an earlier run, or edited meanwhile.
                kept = put(path, text)
        except OSError as error:
            return f"{path} cannot be written: {error.strerror or error}"
        is_first = place not in self._steps
        self._steps[place], self._written[place] = steps, text
        if not is_first and kept is None:
            return ""
        note = f"; what it held before is kept as {kept}" if kept is not None else ""
        return f"what the upstream answers is written to {path}{note}"

    def _cleaned(self, heard: Heard, scenario: Scenario) -> Heard:
        profile = resolve(PROFILES, scenario.profile)
        before = heard.exchange
        after = clean(before, self._pseudonyms)
        body = compared(before.request_body, after.request_body, profile)
        after = msgspec.structs.replace(after, url=_asked(before, after))
        names = {name: self._pseudonyms.known(name) for name in heard.setting.names}
        known = {said: heard.setting.names[name] for name, said in names.items()} | dict(heard.setting.names)
        setting = msgspec.structs.replace(heard.setting, names=known)
        return Heard(exchange=after, setting=setting, body=body)


def _holds(path: Path, text: str) -> bool:
    try:
        return path.read_bytes() == text.encode()
    except FileNotFoundError:
        return True


def _asked(before: Exchange, after: Exchange) -> str:
    """A URL whose query has what cleaning left as it was: of the rest nobody can say what will come."""
    path, mark, query = after.url.partition("?")
    pairs, known = query.split("&"), before.url.partition("?")[2].split("&")
    kept = "&".join(pair for pair in pairs if pair in known)
    return path + (mark + kept if kept else "")


def _beside(files: Mapping[int, Path], scenarios: list[Scenario]) -> list[Path]:
    """Where the new steps of each scenario go: a file of its own, and none that is played."""
    taken = {path.absolute() for path in files.values()}
    found = []
    for place, scenario in enumerate(scenarios):
        file = files.get(place)
        # What comes with the package stays as it is.
        if file is None or name_of(file):
            file = Path(f"{scenario.name}.yaml")
        stem = file.name.removesuffix(".yaml").removesuffix(".yml")
        number, path = 1, file.with_name(f"{stem}.new.yaml")
        while path.absolute() in taken:
            number += 1
            path = file.with_name(f"{stem}.new-{number}.yaml")
        taken.add(path.absolute())
        found.append(path)
    return found
