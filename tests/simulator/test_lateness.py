"""How late things are done: each entry says its own, and the whole is counted."""

from __future__ import annotations

import pytest

from replay.simulator.lateness import BOUNDS, Lateness
from replay.simulator.simulator import Simulator
from replay.testing import Script, scenario
from replay.wire import Request, Woken

STORY = """
steps:
  - {id: ask, request: GET /x, respond: {after: 100ms, body: 1}}
  - {id: said, push: /service/a, after: ask + 50ms, data: 1}
  - {id: next, push: /service/a, after: said + 1ms, data: 2}
  - {id: at-once, request: GET /y, respond: {body: 1}}
  - {id: follows, push: /service/a, after: at-once, data: 3}
"""


def asked(simulator: Simulator, path: str, now: float) -> None:
    request = Request(exchange=1, method="GET", path=path, base_url="http://h")
    simulator.receive(request, now)


def late(simulator: Simulator) -> dict[str, float]:
    return {entry.step: entry.late for entry in simulator.journal if entry.kind in ("answer", "event")}


def listening() -> Script:
    script = Script(scenario(STORY))
    script.desktop().handshake()
    return script


def test_what_is_done_after_its_time_says_by_how_much() -> None:
    simulator = listening().simulator
    asked(simulator, "/x", 1.0)
    simulator.receive(Woken(), 1.0512345)
    simulator.receive(Woken(), 1.1000004)

    assert late(simulator) == {"said": 0.001235, "next": 0.000235, "ask": 0.0}
    lateness = simulator.lateness
    assert (lateness.count, lateness.worst) == (3, pytest.approx(0.0012345))
    assert lateness.earliest == pytest.approx(0.0000004)


def test_what_follows_late_is_counted_from_its_own_time() -> None:
    simulator = listening().simulator
    asked(simulator, "/x", 1.0)
    simulator.receive(Woken(), 1.2)

    assert late(simulator) == {"said": 0.15, "next": 0.149, "ask": 0.1}


def test_what_has_no_time_to_wait_for_is_not_counted() -> None:
    simulator = listening().simulator
    asked(simulator, "/y", 1.0)

    assert late(simulator) == {"at-once": 0.0, "follows": 0.0}
    assert simulator.lateness.count == 0


def test_on_a_clock_moved_by_hand_nothing_is_late() -> None:
    script = listening()
    script.desktop().get("/x")
    script.advance(1)

    lateness = script.simulator.lateness
    assert (lateness.count, lateness.worst, lateness.earliest, lateness.p99) == (3, 0.0, 0.0, 0.0)
    assert b"late" not in script.simulator.journal.lines()


def test_an_event_that_waited_for_a_subscription_was_not_late() -> None:
    script = Script(
        scenario(
            """
            steps:
              - {id: unheard, push: /a, after: start + 1s, data: 1}
              - {id: heard, push: /b, after: start, data: 1}
            """
        )
    )
    desktop = script.desktop()
    desktop.handshake()
    desktop.subscribe("/b")
    script.advance(5)
    desktop.subscribe("/a")

    assert late(script.simulator) == {"heard": 0.0, "unheard": 0.0}
    assert script.simulator.lateness.count == 0


def test_quantiles_are_at_most_a_twentieth_too_much() -> None:
    lateness = Lateness()
    for number in range(1, 1001):
        lateness.record(number * 1e-5)

    assert 0.005 <= lateness.p50 <= 0.005 * 1.05
    assert 0.0099 <= lateness.p99 <= 0.0099 * 1.05
    assert (lateness.quantile(1), lateness.total) == (0.01, pytest.approx(5.005))
    assert str(lateness) == "p50 5.16 ms, p99 10.00 ms, worst 10.00 ms over 1,000 timed answers and events"


def test_what_is_beyond_all_buckets_is_still_counted() -> None:
    lateness = Lateness()
    lateness.record(60.0)

    assert (lateness.counts[-1], len(lateness.counts), lateness.p50) == (1, len(BOUNDS) + 1, 60.0)


def test_what_was_done_before_its_time_is_said() -> None:
    lateness = Lateness()
    lateness.record(-0.002)
    lateness.record(0.001)

    assert "2.00 ms early at worst" in str(lateness)


def test_nothing_noted_is_no_lateness() -> None:
    assert (Lateness().p50, str(Lateness())) == (0.0, "nothing had a time to wait for")
