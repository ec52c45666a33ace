"""What falls on one moment comes in one order, whatever moment it is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from replay.testing import Script, scenario

STORY = """
cometd: {path: /cometd, timeout: 30s}
steps:
  - {id: send, request: POST /send, respond: {after: 1ms, body: sent}}
  - {id: told, push: /a, after: send + 1ms, data: told}
"""


@given(moment=st.integers(1, 10**13))
def test_an_event_and_an_answer_of_one_moment_come_in_the_same_order_at_any_time(moment: int) -> None:
    script = Script(scenario(STORY))
    script.advance(moment / 1e6)
    desktop = script.desktop("ann")
    desktop.handshake()
    desktop.subscribe("/a")
    desktop.post("/send", "sent")
    script.advance(0.001)

    kinds = [entry.kind for entry in script.simulator.journal if entry.step]
    assert kinds == ["request", "event", "answer"]
