"""A server in a thread of its own, for tests: what `replay.serve` gives, to be used without `await`."""

from __future__ import annotations

from collections.abc import Awaitable, Generator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

import msgspec

from replay.entries import Entry
from replay.server.served import PutUp, Served
from replay.server.thread import Thread
from replay.simulator.directing import Delivery
from replay.simulator.resetting import What
from replay.simulator.switching import Standing
from replay.simulator.waiting import AgentRow, AgentState

if TYPE_CHECKING:

    class Waited(Entry, frozen=True, kw_only=True):
        """What a wait for a step comes to, as its reader writes it: an entry, or what to await for one.

        Only type checkers know it, since they cannot tell in which kind of test they are.
        """

        def __await__(self) -> Generator[Any, None, Entry]: ...


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

    def __repr__(self) -> str:
        names = ", ".join(scenario.name for scenario in self._served.server.scenarios)
        return f"<simulator of {names}>"

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

    def expect(
        self,
        step: str,
        *,
        times: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        agent: str | int = "",
    ) -> None:
        """Expects a step to take place in every play that somebody gets: at least once, if no count is given.

        A test of pytest that has passed fails if it has not. Of `simulator_session` that is held when the
        test ends, and forgotten then.

        Args:
            agent: Whose step it is, by name, number or role; everybody's when left out.

        Raises:
            UsageError: there is no such step; the counts contradict each other.
        """
        __tracebackhide__ = True
        self._thread.call(
            lambda: self._served.expect(step, times=times, at_least=at_least, at_most=at_most, agent=agent)
        )

    def wait_for(
        self, step: str, *, times: int = 1, agent: str | int = "", timeout: str | float = "10s"
    ) -> Waited:
        """Waits until a step has taken place so many times, in whatever plays; returns the last one's entry.

        In a sync test it returns when that has happened; where an event loop runs, it is to be awaited. It
        counts from the beginning of the journal, so that what has happened already is not missed.

        Args:
            agent: Only what is this agent's, by name or number.
            timeout: How long to wait in real time, as a duration or in seconds.

        Raises:
            ExpectationError: it has not; says what it waits for, and what happened.
            UsageError: there is no such step, or the simulator is closed.
        """
        __tracebackhide__ = True
        waited: Any = self._thread.wait(
            "simulator.wait_for",
            lambda: self._served.wait_for(step, times=times, agent=agent, timeout=timeout),
        )
        return waited  # type: ignore[no-any-return]  # an entry, or what is to be awaited for one

    def assert_done(self, agent: str | int = "") -> None:
        """Holds that every play is over and every expectation met, the scenarios' own too.

        Args:
            agent: Only the plays of this one have to be over, by name or number.

        Raises:
            ExpectationError: it is not so; a line for each thing that is missing.
        """
        __tracebackhide__ = True
        self._thread.call(lambda: self._served.assert_done(agent))

    def unawaited(self) -> list[str]:
        """What a test on an event loop has called and not awaited, a sentence each; asked once."""
        called = self._thread.unawaited()
        return [f"{name}(…) was not awaited: in an async test write 'await {name}(…)'" for name in called]

    def unmet(self) -> list[str]:
        """What was expected and is not so, a sentence each: by `expect`, and by the scenarios."""
        return self._thread.call(self._served.unmet)

    def settle(self) -> list[str]:
        """What was expected by `expect` and is not so, a sentence each; all that was is forgotten."""
        return self._thread.call(self._served.settle)

    def diagnosis(self) -> str:
        """What a failed test prints; its first line says what to change."""
        return self._thread.call(self._served.diagnosis)

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
        moved: Any = self._thread.wait(
            "simulator.clock.advance", lambda: self._served.clock.advance(duration)
        )
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
