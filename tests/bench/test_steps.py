"""What the benchmark of steps measures are requests that are answered."""

from __future__ import annotations

from bench.steps import ACCEPT_CHAT, rows


def test_what_is_measured_is_answered_in_small_as_in_large() -> None:
    assert ACCEPT_CHAT.exists()
    for what, *both in rows(many=30):
        for served in both:
            before = served.simulator.misses.total, served.simulator.journal.ever["request"]
            for _ in range(5):
                served.ask()
            after = served.simulator.misses.total, served.simulator.journal.ever["request"]
            assert after == (before[0], before[1] + 5), what
