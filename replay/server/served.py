"""A server of `replay.serve`, as a test sees it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from types import TracebackType
from typing import Any

import msgspec

from replay.entries import Entry
from replay.errors import UsageError, check_known
from replay.faults.rules import Rule
from replay.server.advancing import ServerClock
from replay.server.awaiting import Awaiting
from replay.server.fault_value import value_of
from replay.server.har import parts_of
from replay.server.kinds import agent_named, check_text
from replay.server.runner import Server
from replay.server.stage import Stage
from replay.simulator import directing, looking
from replay.simulator.diagnosing import diagnosis
from replay.simulator.directing import Delivery
from replay.simulator.expecting import expected
from replay.simulator.resetting import WHATS, What, reset
from replay.simulator.simulator import Simulator
from replay.simulator.switching import Standing, Switching
from replay.simulator.waiting import AgentRow, AgentState


class Served:
    """A server, as a test sees it once `async with` has opened it."""

    def __init__(self, server: Server, beside: Sequence[AbstractAsyncContextManager[Any]] = ()) -> None:
        """Is not open yet.

        Args:
            beside: What runs while the server does; opened after it, closed before.
        """
        self.server = server
        self._beside = beside
        self._opened = AsyncExitStack()
        self._is_open = self._was_open = False
        self._awaiting: Awaiting | None = None

    async def __aenter__(self) -> Served:
        if self._is_open:
            raise UsageError("this server is open already", help="Make another by replay.serve().")
        async with AsyncExitStack() as opened:
            await opened.enter_async_context(self.server)
            for each in self._beside:
                await opened.enter_async_context(each)
            self._opened = opened.pop_all()
        self._is_open = self._was_open = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_open = False
        if self._awaiting is not None:
            self._awaiting.close()
        await self._opened.__aexit__(kind, error, trace)

    def _check_opened(self) -> None:
        if not self._was_open:
            raise UsageError("this server is not open yet", help="Open it by 'async with'.")

    @property
    def _stage(self) -> Stage:
        """What plays, or has played."""
        self._check_opened()
        return self.server.stage

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.server.url

    @property
    def cometd_url(self) -> str:
        """The CometD path of the first scenario."""
        return self.server.cometd_url

    @property
    def control_url(self) -> str:
        """Where it is steered."""
        return self.server.control_url

    @property
    def clock(self) -> ServerClock:
        """What its plays go by; with `clock="manual"` it is moved here."""
        self._check_opened()
        return self.server.clock

    @property
    def journal(self) -> list[Entry]:
        """What has happened, in order."""
        return list(self._stage.simulator.journal)

    def har(self, *, agent: str = "") -> bytes:
        """What was heard and said lately, as a HAR: for `distil`, and for what opens those of browsers.

        Args:
            agent: Only what is this agent's, by the name the journal has for it.
        """
        stage = self._stage
        return b"".join(parts_of(stage.simulator, stage.traffic, stage.clock.now(), agent=agent))

    @property
    def faults(self) -> list[Standing]:
        """All rules, foremost first, and how often they struck."""
        return self._stage.steer(lambda rules, now: rules.standing(now))

    def fault(
        self,
        what: str | Mapping[str, Any],
        *,
        where: Mapping[str, Any] | None = None,
        ttl: str | None = None,
        **settings: Any,
    ) -> PutUp:
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
        self._check_open("nothing goes wrong any more")
        value = value_of(what, {"where": where, "settings": settings})
        if ttl is not None:
            value["ttl"] = ttl
        return PutUp(self.server, self._stage.steer(lambda rules, now: rules.put_up(value, now)))

    @property
    def agents(self) -> list[AgentRow]:
        """Who is there, in order of appearance, each with what its newest play waits for."""
        return self._stage.direct(lambda simulator, now: looking.rows(simulator, now, limit=sys.maxsize)[0])

    def agent(self, name: str | int = "") -> AgentState:
        """All that is known of an agent, by its name or its number; of the only one when neither is given.

        Raises:
            UsageError: nobody is called that; there is none, or several.
        """

        def look(simulator: Simulator, now: float) -> AgentState:
            return looking.state(simulator, directing.agent_meant(simulator, agent_named(name)), now)

        return self._stage.direct(look)

    def offer(self, scenario: str = "", agent: str | int = "") -> str:
        """Offers an agent one more play; returns what the journal calls it: `accept-chat#2`.

        Args:
            scenario: Its name; may be left out where only one is played.
            agent: By its name or its number; may be left out where there is only one.

        Raises:
            UsageError: nothing, or nobody, is called that; the agent has too many plays that are not over.
        """
        self._check_open("nobody plays any more")
        check_text(scenario=scenario)
        play, _ = self._stage.direct(
            lambda simulator, now: directing.offer(simulator, scenario, agent_named(agent), now)
        )
        return play.label

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
        self._check_open("nobody hears anything any more")
        check_text(channel=channel, step=step, play=play)
        said = {"agent": agent_named(agent), "play": play, "step": step, "channel": channel, "data": data}
        return self._stage.direct(lambda simulator, now: directing.wanted(simulator, now, **said))

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

        A request has taken place when it was answered, an event when it was told to a client. `assert_done`
        and `unmet` hold against it what happened, until the agents are reset.

        Args:
            agent: Whose step it is, by name, number or role; everybody's when left out.

        Raises:
            UsageError: there is no such step; the counts contradict each other.
        """
        self._check_open("nothing takes place any more")
        whose = agent_named(agent)
        wanted = expected(step, times=times, at_least=at_least, at_most=at_most, agent=whose)
        self._stage.simulator.expecting.declare(wanted)

    async def wait_for(
        self,
        step: str,
        *,
        times: int = 1,
        agent: str | int = "",
        timeout: str | float = "10s",  # noqa: ASYNC109  what one writes in a test
    ) -> Entry:
        """Waits until a step has taken place so many times, in whatever plays; returns the last one's entry.

        It counts from the beginning of the journal, so that what has happened already is not missed.

        Args:
            agent: Only what is this agent's, by name or number.
            timeout: How long to wait in real time, as a duration or in seconds.

        Raises:
            ExpectationError: it has not; says what it waits for, and what happened.
            UsageError: there is no such step, or the server is closed.
        """
        if self._awaiting is None:
            self._awaiting = Awaiting(self._stage)
        return await self._awaiting.step(step, times=times, agent=agent_named(agent), patience=timeout)

    def assert_done(self, agent: str | int = "") -> None:
        """Holds that every play is over and every expectation met, the scenarios' own too.

        Args:
            agent: Only the plays of this one have to be over, by name or number.

        Raises:
            ExpectationError: it is not so; a line for each thing that is missing.
        """
        whose = agent_named(agent)
        self._stage.direct(lambda simulator, now: simulator.expecting.check_done(now, whose))

    def unmet(self) -> list[str]:
        """What was expected and is not so, a sentence each: by `expect`, and by the scenarios."""
        return self._stage.direct(lambda simulator, now: simulator.expecting.unmet(now))

    def settle(self) -> list[str]:
        """What was expected by `expect` and is not so, a sentence each; all that was is forgotten."""
        return self._stage.direct(lambda simulator, now: simulator.expecting.settle(now))

    def diagnosis(self) -> str:
        """What a failed test prints; its first line says what to change."""
        return self._stage.direct(diagnosis)

    def reset(self, *what: What) -> None:
        """Makes its `journal`, its `agents`, its `faults` as they were when it began; all if none is named.

        With the agents goes what was expected of them by `expect`.

        Raises:
            UsageError: there is no such part.
        """
        self._check_open("nothing is left to reset")
        for each in what:
            check_known("part", each, WHATS)
        self._stage.direct(lambda simulator, now: reset(simulator, what or WHATS, now))

    def _check_open(self, why: str) -> None:
        if self._was_open and not self._is_open:
            raise UsageError(f"this server is closed: {why}")


class PutUp:
    """What was put up at run time: one fault, or those of a preset."""

    def __init__(self, server: Server, rules: list[Rule]) -> None:
        self._server = server
        self._rules = rules

    def __enter__(self) -> PutUp:
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
        return self._rules[0].name

    @property
    def struck(self) -> int:
        """How often it has struck, whomever."""
        return sum(rule.struck.total() for rule in self._rules)

    def off(self) -> None:
        """It does not strike until it is on again; an outage of its ends."""
        self._switch(on=False)

    def on(self) -> None:
        """It strikes again."""
        self._switch(on=True)

    def remove(self) -> None:
        """It is taken down; harmless when it is gone."""

        def take_down(rules: Switching, now: float) -> None:
            for rule in self._rules:
                rules.remove(rule, now, "deleted")

        self._server.stage.steer(take_down)

    def _switch(self, *, on: bool) -> None:
        def switch(rules: Switching, now: float) -> None:
            for rule in self._rules:
                rules.switch(rule, now, on=on)

        self._server.stage.steer(switch)
