"""Minutes in a moment, on a clock that stands still until the test moves it."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.replay("customer", clock="manual", speed=1)

LATE = {"fault": "latency", "where": {"step": "accept"}, "settings": {"delay": "10s"}, "nth": 1}


def count(simulator, step):
    return sum(entry.step == step for entry in simulator.journal)


def test_an_offer_comes_when_its_time_has_come(desk, simulator):
    simulator.expect("accept", times=0)
    simulator.clock.advance("990ms")
    assert count(simulator, "invited") == 0

    simulator.clock.advance("10ms")

    desk.shows("Invited")


@pytest.mark.replay("revoked")
def test_an_offer_is_gone_after_fifteen_seconds(desk, simulator):
    simulator.clock.advance("15.9s")
    desk.shows("Invited")

    simulator.clock.advance("100ms")

    assert desk.shows("Revoked").can == []
