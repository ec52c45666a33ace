"""Hours and timeouts in a moment, on a clock that stands still until the test moves it."""

from __future__ import annotations

import asyncio

import pytest

from desks import QUICK, until
from desktop import Desktop

pytestmark = pytest.mark.replay("customer", clock="manual", speed=1)


def test_an_offer_comes_when_its_time_has_come(desk, simulator):
    simulator.clock.advance("990ms")
    simulator.expect("invited", times=1)
    assert [entry for entry in simulator.journal if entry.step == "invited"] == []

    simulator.clock.advance("10ms")

    desk.shows("Invited")


@pytest.mark.replay(clock="manual")
def test_a_customer_types_until_something_is_said(desk, simulator):
    simulator.clock.advance("1s")
    desk_accepts(desk, simulator)

    simulator.clock.advance("2170ms")
    assert desk.until(lambda chat: chat.is_typing).lines == []

    simulator.clock.advance("3s")
    assert not desk.until(lambda chat: chat.lines).is_typing
