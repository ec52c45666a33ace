"""Minutes in a moment, on a clock that stands still until the test moves it."""

from __future__ import annotations

import pytest
from desks import PATIENCE

# At the speed at which the scenario is written: elsewhere in this project nobody waits.
pytestmark = pytest.mark.replay("customer", clock="manual", speed=1)

LATE = {"fault": "latency", "where": {"step": "accept"}, "settings": {"delay": "10s"}, "nth": 1}


def test_an_offer_comes_when_its_time_has_come(desk, simulator):
    simulator.expect("accept", times=0)
    simulator.clock.advance("990ms")
    assert "invited" not in [entry.step for entry in simulator.journal]

    simulator.clock.advance("10ms")

    desk.shows("Invited")


@pytest.mark.replay("revoked")
def test_an_offer_is_gone_after_fifteen_seconds(desk, simulator):
    simulator.clock.advance("15.9s")
    desk.shows("Invited")

    simulator.clock.advance("100ms")

    assert desk.shows("Revoked").can == []


def test_a_customer_types_until_something_is_said(desk, simulator):
    simulator.clock.advance("1s")
    desk.accept(desk.shows("Invited").id)

    simulator.clock.advance("2.17s")
    assert desk.until(lambda chat: chat.is_typing).lines == []

    simulator.clock.advance("3s")
    assert not desk.until(lambda chat: chat.lines).is_typing


@pytest.mark.replay(faults=[LATE])
def test_events_may_come_before_the_answer_to_accept(desk, simulator):
    simulator.clock.advance("1s")
    accepting = desk.begin("accept", desk.shows("Invited").id, "Marat")

    desk.shows("Chatting")
    assert not accepting.done()

    simulator.clock.advance("10s")
    accepting.result(PATIENCE)
