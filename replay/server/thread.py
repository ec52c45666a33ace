"""A thread that a server lives in: each call is made there, and comes back as if made here.

Theory of operation
-------------------
The server lives on the event loop of its thread, and nothing of it is touched from elsewhere: a call becomes
a callback of that loop, whoever calls waits for it, and what comes back is a value. So a sync test may block,
an async test may do so on any loop of its own, and what happens to the one loop is nothing to the other.

What waits for clients (`clock.advance`, `wait_for`) blocks as long as they take, which is right in a sync
test: its client runs in another thread or process. Where an event loop runs in the calling thread the client
is most likely on it, so there the call returns at once, with what is to be awaited.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar

from replay.errors import ReplayError, SurroundingsError, UsageError
from replay.server.loops import loop_factory
from replay.server.served import Served

T = TypeVar("T")


class Thread:
    """A thread whose event loop a server lives on."""

    def __init__(self, served: Served) -> None:
        """Has not begun yet."""
        self._served = served
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event
        self._begun: Future[None] = Future()
        self._ended: Future[None] = Future()
        self._lock = threading.Lock()
        self._has_loop = False
        self._process = os.getpid()
        self._handed_out: list[Any] = []
        """Coroutines that were, by now, not yet awaited."""
        self._thread = threading.Thread(target=self._run, name="replay", daemon=True)

    def begin(self) -> None:
        """Returns when the server listens; what keeps it from that is raised here.

        Raises:
            SurroundingsError: its port, or what it needs else, is not to be had.
            UsageError: it has begun already.
        """
        if self._thread.ident is not None:
            raise UsageError("this simulator was opened already", help="Make another of replay.serve().")
        self._process = os.getpid()
        self._thread.start()
        try:
            _outcome(self._begun)
        except OSError as error:
            said = f"a simulator cannot begin: {error.strerror or error}"
            raise SurroundingsError(said) from None

    def end(self) -> None:
        """Returns when the server is closed, and the thread gone; what is another process's is left alone."""
        if os.getpid() != self._process:
            return
        with self._lock:
            if self._has_loop:
                self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        _outcome(self._ended)

    def call(self, do: Callable[[], T]) -> T:
        """Does something on the loop, and returns what comes of it; done here once the thread has ended."""
        __tracebackhide__ = True
        done: Future[T] = Future()
        self._check_process()
        with self._lock:
            if not self._has_loop:
                return do()
            self._loop.call_soon_threadsafe(_settle, done, do)
        return _outcome(done)

    def wait(self, name: str, begin: Callable[[], Coroutine[Any, Any, T]]) -> T | Awaitable[T]:
        """What a coroutine comes to on the loop; where a loop runs here, what to await for that.

        Args:
            name: What whoever calls knows this as.
        """
        __tracebackhide__ = True
        if _has_loop_here():
            handed_out: Any = self._awaited(begin)
            handed_out.__qualname__ = name
            self._handed_out = [*filter(_is_untouched, self._handed_out), handed_out]
            return handed_out  # type: ignore[no-any-return]  # a coroutine of T
        waited = self._spawn(begin)
        try:
            return _outcome(waited)
        finally:
            # Ctrl-C, or a test's time is over.
            waited.cancel()

    def unawaited(self) -> list[str]:
        """Names of what was handed out to be awaited, and was not; it is closed, and forgotten."""
        left = list(filter(_is_untouched, self._handed_out))
        self._handed_out.clear()
        for each in left:
            each.close()
        return [each.__qualname__ for each in left]

    async def _awaited(self, begin: Callable[[], Coroutine[Any, Any, T]]) -> T:
        __tracebackhide__ = True
        waited = self._spawn(begin)
        here = asyncio.wrap_future(waited)
        try:
            # That the simulator has ended the wait is not that somebody has cancelled the caller.
            await asyncio.wait([here])
        finally:
            waited.cancel()
        if not here.cancelled():
            here.exception()
        return _outcome(waited)

    def _spawn(self, begin: Callable[[], Coroutine[Any, Any, T]]) -> Future[T]:
        async def run() -> T:
            return await begin()

        self._check_process()
        with self._lock:
            if not self._has_loop:
                raise UsageError(
                    "this simulator is closed: nothing happens any more that could be waited for"
                )
            return asyncio.run_coroutine_threadsafe(run(), self._loop)

    def _check_process(self) -> None:
        """A forked process has the simulator's memory, and not its thread: it would wait for ever."""
        if os.getpid() != self._process:
            raise UsageError(
                "this simulator is another process's", help="Here it has addresses alone: dial its url."
            )

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=loop_factory()) as runner:
                try:
                    runner.run(self._live())
                finally:
                    with self._lock:
                        self._has_loop = False
                    # What was asked for until now is still done.
                    runner.run(_nothing())
        except BaseException as error:  # noqa: BLE001  whoever ends the thread is told
            (self._ended if self._begun.done() else self._begun).set_exception(error)
        if not self._ended.done():
            self._ended.set_result(None)

    async def _live(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with self._served:
            self._has_loop = True
            self._begun.set_result(None)
            await self._stop.wait()


def _has_loop_here() -> bool:
    """Whether an event loop runs in the calling thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _is_untouched(handed_out: Coroutine[Any, Any, Any]) -> bool:
    return inspect.getcoroutinestate(handed_out) == inspect.CORO_CREATED


async def _nothing() -> None:
    """Gives the loop a turn."""


def _settle(done: Future[T], do: Callable[[], T]) -> None:
    try:
        done.set_result(do())
    except BaseException as error:  # noqa: BLE001  it is whoever asked for it who is told
        done.set_exception(error)


def _outcome(done: Future[T]) -> T:
    __tracebackhide__ = True
    try:
        error = done.exception()
    except CancelledError:
        raise UsageError("this simulator was closed before what was waited for had happened") from None
    if error is None:
        return done.result()
    # Of what is wrong with a call its reader wants to see the call, not the thread.
    raise error.with_traceback(None) if isinstance(error, ReplayError) else error
