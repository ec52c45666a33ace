"""Effects on time, and in the order of their times also when the machine is late."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from replay.clock import Alarm, Callback, ManualClock
from replay.plan.timeline import plan_all
from replay.server.exchanges import Waiting
from replay.server.stage import Outcome, Stage
from replay.simulator.simulator import Simulator
from replay.testing import scenario
from replay.wire import Request

from .conftest import Loop
from .running import run, until

STORY = """
steps:
  - {id: slow, request: POST /slow, respond: {after: 1s, body: slow}}
  - {id: fast, request: GET /fast, respond: {body: fast}}
"""


class LateClock(ManualClock):
    """Its alarms do not ring until they are let to."""

    def advance(self, seconds: float) -> None:
        self._now += seconds

    def ring(self) -> None:
        super().advance(0)


class EarlyClock(ManualClock):
    """Its alarms ring before their time, as a loop's timers do."""

    def call_at(self, at: float, callback: Callback) -> Alarm:
        return super().call_at(at - 0.5, callback)


def ask(
    stage: Stage, method: str, path: str, seen: list[str], name: str
) -> Callable[[], asyncio.Future[Outcome]]:
    waiting = Waiting()
    number, future = stage.open_exchange(waiting), waiting.future
    future.add_done_callback(lambda _: seen.append(name))
    request = Request(exchange=number, method=method, path=path, base_url="http://h")
    stage.feed(request)
    return lambda: future


def test_what_was_due_before_an_input_leaves_before_what_the_input_brings(loop: Loop) -> None:
    async def main() -> None:
        clock, seen = LateClock(), list[str]()
        stage = Stage(Simulator(plan_all([scenario(STORY)])), clock)
        ask(stage, "POST", "/slow", seen, "slow")
        ask(stage, "POST", "/slow", seen, "retry")
        clock.advance(5)
        await ask(stage, "GET", "/fast", seen, "fast")()
        await until(lambda: len(seen) == 3)

        assert seen == ["retry", "slow", "fast"]

    run(main(), loop)


def test_hundreds_of_moments_that_are_late_at_once_are_all_served(loop: Loop) -> None:
    # Each answer is due before the one asked for earlier: each asks to be woken.
    answers = ", ".join(f"{{after: {2000 - number}ms}}" for number in range(400))
    story = f"steps: [{{id: look, request: GET /look, repeat: cycle, respond: [{answers}]}}]"

    async def main() -> None:
        clock, seen = LateClock(), list[str]()
        stage = Stage(Simulator(plan_all([scenario(story)])), clock)
        for number in range(400):
            ask(stage, "GET", "/look", seen, str(number))
        clock.advance(5)
        clock.ring()
        await until(lambda: len(seen) == 400)

        assert seen == [str(number) for number in reversed(range(400))]

    run(main(), loop)


def test_an_alarm_rings_for_the_earliest_of_what_is_due(loop: Loop) -> None:
    async def main() -> None:
        clock, seen = ManualClock(50.0), list[str]()
        stage = Stage(Simulator(plan_all([scenario(STORY)])), clock)
        future = ask(stage, "POST", "/slow", seen, "slow")()
        clock.advance(0.999)
        assert not future.done()
        clock.advance(0.001)

        assert (await future).at == 51.0

    run(main(), loop)


def test_nothing_is_performed_before_its_time_when_an_alarm_rings_early(loop: Loop) -> None:
    async def main() -> None:
        clock, seen = EarlyClock(50.0), list[str]()
        stage = Stage(Simulator(plan_all([scenario(STORY)])), clock)
        future = ask(stage, "POST", "/slow", seen, "slow")()
        clock._due[0][2].ring()
        assert not future.done()
        clock._now = 51.0
        clock._due[-1][2].ring()

        assert (await future).at == 51.0

    run(main(), loop)


def test_a_stopped_stage_takes_nothing_more(loop: Loop) -> None:
    async def main() -> None:
        clock, seen = ManualClock(), list[str]()
        stage = Stage(Simulator(plan_all([scenario(STORY)])), clock)
        before = ask(stage, "POST", "/slow", seen, "before")()
        stage.stop()
        after = ask(stage, "GET", "/fast", seen, "after")()
        clock.advance(10)

        assert (before.cancelled(), after.cancelled(), clock._due) == (True, True, [])

    run(main(), loop)
