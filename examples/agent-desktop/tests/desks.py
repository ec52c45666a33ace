"""The two desktops under test, moved alike by tests that block: `desk.accept(…)`, `desk.until(…)`."""

from __future__ import annotations

import asyncio
import json
import subprocess
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import aiohttp
from desktop import Chat, Desktop, RefusedError

PATIENCE = 20.0
"""Seconds a test waits for what must come: long, since it costs nothing where all is well."""
QUICK = {"pause": 0.05}
"""Nobody has to be spared by clients that wait before they try again."""


class CannotError(Exception):
    """The desktop could not do it; its own words, in whichever language."""


class Shown(Protocol):
    """A chat as both desktops show it."""

    id: str
    state: str
    can: list[str]
    participants: list[str]
    lines: list[str]
    is_typing: bool


class Desk:
    """An agent at a desktop."""

    def accept(self, chat: str, nickname: str = "Marat") -> None:
        self.act("accept", chat, nickname)

    def send(self, chat: str, text: str) -> None:
        self.act("send", chat, text)

    def operate(self, chat: str, operation: str, **fields: str) -> None:
        self.act("operate", chat, operation, **fields)

    def shows(self, state: str) -> Shown:
        return self.until(lambda chat: chat.state == state)

    def act(self, name: str, *given: Any, **fields: str) -> None:
        """Calls a method of the desktop, and waits until it is done.

        Raises:
            CannotError: it did not succeed.
        """
        self.begin(name, *given, **fields).result(PATIENCE)

    def begin(self, name: str, *given: Any, **fields: str) -> Future[None]:
        """Calls a method of the desktop, and does not wait."""
        raise NotImplementedError

    def sees(self) -> list[Shown]:
        """The chats that are shown now."""
        raise NotImplementedError

    def until(self, is_so: Callable[[Shown], object]) -> Shown:
        """The first chat of which this is so, once it is."""
        raise NotImplementedError


async def until(desktop: Desktop, is_so: Callable[[Chat], object]) -> Chat:
    """The same for async tests, which use the Python desktop as it is."""
    async with asyncio.timeout(PATIENCE):
        await desktop.until(lambda: any(map(is_so, desktop.chats.values())))
    return next(filter(is_so, desktop.chats.values()))


async def in_our_words(doing: Awaitable[None]) -> None:
    try:
        await doing
    except (RefusedError, TimeoutError, aiohttp.ClientError) as error:
        raise CannotError(str(error)) from error


class Python:
    """A thread with an event loop where desktops in Python live, as in an application with windows."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def begin(self, what: Coroutine[Any, Any, Any]) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(what, self._loop)

    @contextmanager
    def open(self, url: str, user: str, **options: Any) -> Iterator[Desk]:
        desktop = Desktop(url, user, **QUICK | options)
        self.begin(in_our_words(desktop.__aenter__())).result(PATIENCE)
        try:
            yield PythonDesk(desktop, self)
        finally:
            self.begin(desktop.__aexit__()).result(PATIENCE)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@dataclass
class PythonDesk(Desk):
    """An agent at the desktop in Python."""

    desktop: Desktop
    python: Python

    def begin(self, name: str, *given: Any, **fields: str) -> Future[None]:
        return self.python.begin(in_our_words(getattr(self.desktop, name)(*given, **fields)))

    def sees(self) -> list[Shown]:
        return list(self.desktop.chats.values())

    def until(self, is_so: Callable[[Shown], object]) -> Shown:
        return self.python.begin(until(self.desktop, is_so)).result(PATIENCE + 5)


class JavaScript:
    """A process of Node where desktops in JavaScript live: one for all tests, since it starts slowly."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("desk.js")
        self._process = subprocess.Popen(
            ["node", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        self._numbers = count(1)
        self._answers: dict[int, Future[None]] = {}
        self._desks: dict[int, JavaScriptDesk] = {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @contextmanager
    def open(self, url: str, user: str, **options: Any) -> Iterator[Desk]:
        options = {"url": url, "user": user, **QUICK, **options}
        for name in options.keys() & {"pause", "timeout"}:
            options[name] *= 1000
        number = next(self._numbers)
        desk = self._desks[number] = JavaScriptDesk(self, number)
        desk.act("open", options)
        try:
            yield desk
        finally:
            desk.act("close")

    def begin(self, desk: int, act: str, given: list[Any]) -> Future[None]:
        number = next(self._numbers)
        answer = self._answers[number] = Future()
        self._process.stdin.write(json.dumps({"id": number, "desk": desk, "act": act, "given": given}) + "\n")
        self._process.stdin.flush()
        return answer

    def close(self) -> None:
        self._process.stdin.close()
        self._reader.join()
        self._process.stdout.close()
        self._process.wait()

    def _read(self) -> None:
        for line in self._process.stdout:
            told = json.loads(line)
            if "view" in told:
                self._desks[told["desk"]].changed([ShownByJavaScript(**chat) for chat in told["view"]])
            elif "error" in told:
                self._answers.pop(told["id"]).set_exception(CannotError(told["error"]))
            else:
                self._answers.pop(told["id"]).set_result(None)


@dataclass
class ShownByJavaScript:
    """A chat as the desktop in JavaScript showed it last."""

    id: str
    state: str
    can: list[str]
    participants: list[str]
    lines: list[str]
    is_typing: bool


@dataclass
class JavaScriptDesk(Desk):
    """An agent at the desktop in JavaScript."""

    javascript: JavaScript
    number: int
    chats: list[Shown] = field(default_factory=list)
    _change: threading.Condition = field(default_factory=threading.Condition)

    def begin(self, name: str, *given: Any, **fields: str) -> Future[None]:
        return self.javascript.begin(self.number, name, [*given, fields])

    def sees(self) -> list[Shown]:
        return self.chats

    def until(self, is_so: Callable[[Shown], object]) -> Shown:
        with self._change:
            assert self._change.wait_for(lambda: any(map(is_so, self.chats)), PATIENCE), self.chats
            return next(filter(is_so, self.chats))

    def changed(self, chats: list[Shown]) -> None:
        with self._change:
            self.chats = chats
            self._change.notify_all()
