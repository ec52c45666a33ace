"""The clocks: never early, in order, and still while nobody moves them."""

from __future__ import annotations

import asyncio
import gc
import resource
from collections.abc import Callable

import pytest
import uvloop

from replay.clock import Clock, ManualClock, SystemClock, wall_time
from tests.server.running import descriptors

MS = 0.001

loops = pytest.mark.parametrize(
    "loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"]
)


def test_a_manual_clock_stands_still_until_it_is_moved() -> None:
    clock = ManualClock(5.0)

    assert clock.now() == 5.0
    clock.advance(1.5)
    assert clock.now() == 6.5


def test_what_is_due_rings_in_order_each_at_its_own_time() -> None:
    clock = ManualClock()
    rung: list[tuple[str, float]] = []
    for name, at in (("b", 2.0), ("a", 1.0), ("c", 2.0), ("late", 3.1), ("past", -1.0)):
        clock.call_at(at, lambda name=name: rung.append((name, clock.now())))  # type: ignore[misc]

    clock.advance(3)

    assert rung == [("past", 0.0), ("a", 1.0), ("b", 2.0), ("c", 2.0)]
    assert clock.now() == 3.0


def test_what_an_alarm_asks_for_rings_within_the_same_advance() -> None:
    clock = ManualClock()
    rung: list[float] = []

    def ring() -> None:
        rung.append(clock.now())
        if len(rung) < 5:
            clock.call_at(clock.now() + 1, ring)

    clock.call_at(1, ring)
    clock.advance(3.5)

    assert rung == [1.0, 2.0, 3.0]


def test_an_alarm_that_was_called_off_stays_silent() -> None:
    clock = ManualClock()
    rung: list[str] = []
    kept = clock.call_at(1, lambda: rung.append("kept"))
    clock.call_at(1, lambda: rung.append("called off")).cancel()
    clock.advance(1)
    kept.cancel()

    assert rung == ["kept"]


def test_a_clock_never_goes_back() -> None:
    clock = ManualClock(5.0)

    with pytest.raises(ValueError, match="never goes back"):
        clock.advance(-1)


@loops
def test_the_machines_clock_never_rings_early(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    waits = [0.0, 0.1 * MS, 0.9 * MS, 1.5 * MS, 2.5 * MS, 7.3 * MS, 20 * MS]

    async def lateness() -> list[float]:
        clock: Clock = SystemClock()
        late = [await rings(clock, wait) for wait in waits]
        return late + list(await asyncio.gather(*(rings(clock, wait) for wait in waits)))

    with asyncio.Runner(loop_factory=loop) as runner:
        late = runner.run(lateness())
    assert min(late) >= 0
    assert max(late) < 500 * MS


@loops
def test_an_alarm_of_the_machines_clock_can_be_called_off(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    rung: list[str] = []

    async def call_off() -> None:
        clock = SystemClock()
        alarms = [clock.call_at(clock.now() + wait, lambda: rung.append("x")) for wait in (0, 1 * MS, 5 * MS)]
        for alarm in alarms:
            alarm.cancel()
        await rings(clock, 20 * MS)

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(call_off())
    assert rung == []


async def rings(clock: Clock, wait: float) -> float:
    """How late an alarm rings that is set so far ahead."""
    rung: asyncio.Future[float] = asyncio.get_running_loop().create_future()
    at = clock.now() + wait
    clock.call_at(at, lambda: rung.set_result(clock.now() - at))
    return await rung


def test_the_time_of_day_is_this_century() -> None:
    assert 1_700_000_000 < wall_time() < 4_100_000_000


@loops
def test_what_an_alarm_sets_in_turn_rings_on_time(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def main() -> list[float]:
        clock, late = SystemClock(), list[float]()
        done = asyncio.get_running_loop().create_future()
        began = clock.now()

        def ring() -> None:
            late.append(clock.now() - began - MS * len(late))
            if len(late) < 50:
                clock.call_at(began + MS * len(late), ring)
            else:
                done.set_result(None)

        clock.call_at(began, ring)
        await done
        return late

    with asyncio.Runner(loop_factory=loop) as runner:
        assert min(runner.run(main())) >= 0


@loops
def test_an_alarm_that_fails_keeps_no_other_back(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    problems: list[str] = []

    def fail() -> None:
        raise RuntimeError("a defect")

    async def main() -> float:
        running = asyncio.get_running_loop()
        running.set_exception_handler(lambda _, problem: problems.append(str(problem["exception"])))
        clock = SystemClock()
        clock.call_at(clock.now() + MS, fail)
        return await rings(clock, MS)

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(main())
    assert problems == ["a defect"]


@loops
def test_alarms_called_off_by_the_thousand_leave_the_one_that_counts(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def main() -> tuple[float, int]:
        clock = SystemClock()
        counts = asyncio.ensure_future(rings(clock, 20 * MS))
        await asyncio.wait({counts}, timeout=0)
        for number in range(2_000):
            clock.call_at(clock.now() + 1000 - number, lambda: None).cancel()
        kept = len(clock._bell._due) if clock._bell is not None else 0
        return await counts, kept

    with asyncio.Runner(loop_factory=loop) as runner:
        late, kept = runner.run(main())
    assert (late >= 0, kept < 100) == (True, True)


@loops
def test_five_hundred_clocks_leave_no_descriptor(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def main() -> None:
        clock = SystemClock()
        clock.call_at(clock.now() + 60, lambda: None).cancel()
        alarm = clock.call_at(clock.now() + 60, lambda: None)
        await rings(clock, 0)
        alarm.cancel()

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(main())
        before = descriptors()
        for _ in range(500):
            runner.run(main())
        assert descriptors() == before


@loops
def test_an_alarm_that_outlives_its_loop_leaves_no_descriptor(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def main() -> None:
        clock = SystemClock()
        clock.call_at(clock.now() + 60, lambda: None)

    before = descriptors()
    for _ in range(5):
        with asyncio.Runner(loop_factory=loop) as runner:
            runner.run(main())
    gc.collect()
    assert descriptors() == before


@loops
def test_without_a_descriptor_to_be_had_the_loops_own_timers_do(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def main() -> list[float]:
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        clock = SystemClock()
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
        try:
            return [await rings(clock, wait) for wait in (0.0, 0.4 * MS, 3.3 * MS)]
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)

    with asyncio.Runner(loop_factory=loop) as runner:
        assert min(runner.run(main())) >= 0


def test_the_machines_clock_counts_whole_microseconds() -> None:
    clock = SystemClock()

    assert all(round(now, 6) == now for now in (clock.now() for _ in range(1000)))


def test_a_manual_clock_keeps_nothing_of_what_was_called_off() -> None:
    """A server sets its alarm for what is due next, and calls it off for what comes before that."""
    clock = ManualClock()
    rung: list[float] = []
    for number in range(10_000):
        clock.call_at(3600.0, lambda: rung.append(0.0)).cancel()
        clock.call_at(clock.now() + 0.1, lambda: rung.append(clock.now()))
        if number % 7 == 0:
            clock.advance(0.1)
    assert len(clock._due) < 200
    clock.advance(3600.0)
    assert (len(rung), clock.next_due) == (10_000, None)
