"""A server in a thread of its own, for tests: each call is made there, and comes back as if made here.

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
import threading
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import CancelledError, Future
from types import TracebackType
from typing import Any, TypeVar

import msgspec

from replay.errors import ReplayError, UsageError
from replay.journal import Entry
from replay.server.served import PutUp, Served
from replay.simulator.directing import Delivery
from replay.simulator.resetting import What
from replay.simulator.switching import Standing
from replay.simulator.waiting import AgentRow, AgentState

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
        self._thread = threading.Thread(target=self._run, name="replay", daemon=True)

    def begin(self) -> None:
        """Returns when the server listens; what keeps it from that is raised here."""
        self._thread.start()
        _outcome(self._begun)

    def end(self) -> None:
        """Returns when the server is closed, and the thread gone."""
        with self._lock:
            if self._has_loop:
                self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        _outcome(self._ended)

    def call(self, do: Callable[[], T]) -> T:
        """Does something on the loop, and returns what comes of it; done here once the thread has ended."""
        __tracebackhide__ = True
        done: Future[T] = Future()
        with self._lock:
            if not self._has_loop:
                return do()
            self._loop.call_soon_threadsafe(_settle, done, do)
        return _outcome(done)

    def wait(self, begin: Callable[[], Coroutine[Any, Any, T]]) -> T | Awaitable[T]:
        """What a coroutine comes to on the loop; where a loop runs here, what to await for that."""
        __tracebackhide__ = True
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            waited = self._spawn(begin)
            try:
                return _outcome(waited)
            finally:
                # Ctrl-C, or a test's time is over.
                waited.cancel()
        return self._awaited(begin)

    async def _awaited(self, begin: Callable[[], Coroutine[Any, Any, T]]) -> T:
        __tracebackhide__ = True
        waited = self._spawn(begin)
        try:
            await asyncio.wait([asyncio.wrap_future(waited)])
        finally:
            waited.cancel()
        return _outcome(waited)

    def _spawn(self, begin: Callable[[], Coroutine[Any, Any, T]]) -> Future[T]:
        async def run() -> T:
            return await begin()

        with self._lock:
            if not self._has_loop:
                raise UsageError(
                    "this simulator is closed: nothing happens any more that could be waited for"
                )
            return asyncio.run_coroutine_threadsafe(run(), self._loop)

    def _run(self) -> None:
        try:
            with asyncio.Runner() as runner:
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


class Simulated:
    """A server as a test sees it while `with` has it open: the names of `Served`, without `await`.

    What it returns are values: nothing happens to them any more.
    """

    def __init__(self, served: Served) -> None:
        """Is not open yet.

        Args:
            served: What `replay.serve` made, not opened yet.
        """
        self._served = served
        self._thread = Thread(served)
        self.clock = SimulatedClock(served, self._thread)
        """What its plays go by; with `clock="manual"` it is moved here."""

    def __enter__(self) -> Simulated:
        self._thread.begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._thread.end()

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._served.url

    @property
    def cometd_url(self) -> str:
        """The CometD path of the first scenario."""
        return self._served.cometd_url

    @property
    def control_url(self) -> str:
        """Where it is steered."""
        return self._served.control_url

    @property
    def journal(self) -> list[Entry]:
        """What has happened, in order."""
        __tracebackhide__ = True
        return self._thread.call(lambda: self._served.journal)

    def har(self, *, agent: str = "") -> bytes:
        """What was heard and said lately, as a HAR.

        Args:
            agent: Only what is this agent's, by the name the journal has for it.
        """
        __tracebackhide__ = True
        return self._thread.call(lambda: self._served.har(agent=agent))

    @property
    def faults(self) -> list[Standing]:
        """All rules, foremost first, and how often they struck."""
        __tracebackhide__ = True
        return self._thread.call(lambda: self._served.faults)

    def fault(
        self,
        what: str | Mapping[str, Any],
        *,
        where: Mapping[str, Any] | None = None,
        ttl: str | None = None,
        **settings: Any,
    ) -> SimulatedFault:
        """Puts up a fault; as a context manager, while its block lasts.

        Args:
            what: The name of a fault or of a preset, or a whole fault: `{fault: hang, where: …, nth: 1}`.
            where: What it is applied to.
            ttl: It is taken down so long from now: `30s`.
            settings: Of the fault: `delay="2s"`.

        Raises:
            ScenarioError: it cannot be applied, or contradicts what is up.
            UsageError: nothing is called that.
        """
        __tracebackhide__ = True
        put_up = self._thread.call(lambda: self._served.fault(what, where=where, ttl=ttl, **settings))
        return SimulatedFault(put_up, self._thread)

    @property
    def agents(self) -> list[AgentRow]:
        """Who is there, in order of appearance, each with what its newest play waits for."""
        __tracebackhide__ = True
        return self._thread.call(lambda: self._served.agents)

    def agent(self, name: str | int = "") -> AgentState:
        """All that is known of an agent, by its name or its number; of the only one when neither is given.

        Raises:
            UsageError: nobody is called that; there is none, or several.
        """
        __tracebackhide__ = True
        return self._thread.call(lambda: self._served.agent(name))

    def offer(self, scenario: str = "", agent: str | int = "") -> str:
        """Offers an agent one more play; returns what the journal calls it: `accept-chat#2`.

        Args:
            scenario: Its name; may be left out where only one is played.
            agent: By its name or its number; may be left out where there is only one.

        Raises:
            UsageError: nothing, or nobody, is called that; the agent has too many plays that are not over.
        """
        __tracebackhide__ = True
        return self._thread.call(lambda: self._served.offer(scenario, agent))

    def push(
        self,
        channel: str = "",
        data: Any = msgspec.UNSET,
        *,
        step: str = "",
        play: str = "",
        agent: str | int = "",
    ) -> list[Delivery]:
        """Pushes an event of your own, or a push of the scenario once more; returns how it went out to each.

        Args:
            step: A push of the scenario, in the newest play that has it, or in `play`.
            agent: By its name or its number; everybody when left out.

        Raises:
            UsageError: it is neither, or both; nothing, or nobody, is called that.
        """
        __tracebackhide__ = True
        return self._thread.call(lambda: self._served.push(channel, data, step=step, play=play, agent=agent))

    def reset(self, *what: What) -> None:
        """Makes its `journal`, its `agents`, its `faults` as they were when it began; all if none is named.

        Raises:
            UsageError: there is no such part.
        """
        __tracebackhide__ = True
        self._thread.call(lambda: self._served.reset(*what))


class SimulatedClock:
    """What the plays of a simulator go by."""

    def __init__(self, served: Served, thread: Thread) -> None:
        self._served, self._thread = served, thread

    def now(self) -> float:
        """Seconds since some fixed moment, never going back."""
        __tracebackhide__ = True
        return self._thread.call(self._served.clock.now)

    def advance(self, duration: str | float) -> Awaitable[None]:
        """Moves the clock on; all that is due meanwhile happens in order, each at its own time.

        In a sync test it returns when that is done; where an event loop runs, it is to be awaited.

        Args:
            duration: `30s`, `1h`, or seconds.

        Raises:
            UsageError: it is no duration, or none above 0; or the clock is the machine's.
        """
        __tracebackhide__ = True
        moved: Any = self._thread.wait(lambda: self._served.clock.advance(duration))
        return moved  # type: ignore[no-any-return]  # None, or what is to be awaited


class SimulatedFault:
    """What was put up in a running test: one fault, or those of a preset."""

    def __init__(self, put_up: PutUp, thread: Thread) -> None:
        self._put_up, self._thread = put_up, thread

    def __enter__(self) -> SimulatedFault:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.remove()

    @property
    def name(self) -> str:
        """How the journal knows it; of a preset, its first fault."""
        return self._put_up.name

    @property
    def struck(self) -> int:
        """How often it has struck, whomever."""
        return self._thread.call(lambda: self._put_up.struck)

    def off(self) -> None:
        """It does not strike until it is on again; an outage of its ends."""
        self._thread.call(self._put_up.off)

    def on(self) -> None:
        """It strikes again."""
        self._thread.call(self._put_up.on)

    def remove(self) -> None:
        """It is taken down; harmless when it is gone."""
        self._thread.call(self._put_up.remove)
