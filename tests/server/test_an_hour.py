"""A clock moved by hand with real clients: what it takes an age to see, and what it must not change."""

from __future__ import annotations

import asyncio

import pytest

from .conftest import Loop
from .hour import told


@pytest.mark.live
def test_ten_minutes_by_hand_are_what_ten_real_minutes_told_fast_are(loop: Loop) -> None:
    with asyncio.Runner(loop_factory=loop) as runner:
        by_hand = runner.run(told(10, "long-polling"))
        fast = runner.run(told(10, "long-polling", speed=300))

    assert by_hand.happened == fast.happened
    assert [each[3] for each in by_hand.happened if each[0] == "event"][-1] == "typing-600"
    # A poll for each event, and twenty that timed out; told fast, none does.
    assert by_hand.exchanges - fast.exchanges >= 20
