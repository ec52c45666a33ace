"""When the simulator asks to be woken: never too late, and not again and again for one moment."""

from __future__ import annotations

from replay.plan.timeline import plan_all
from replay.simulator.simulator import Simulator
from replay.testing import scenario
from replay.wire import Polled, Request, Wake, Woken

STORY = """
cometd: {path: /cometd, timeout: 30s}
steps: [{id: look, request: GET /look, respond: {after: 10ms}}]
"""


def test_a_far_moment_is_asked_for_once_however_much_happens_before() -> None:
    simulator = Simulator(plan_all([scenario(STORY)]))
    wakes: list[float] = []
    shaken = Polled(
        exchange=1,
        mount="/cometd",
        transport="long-polling",
        body=b'[{"channel":"/meta/handshake"}]',
        base_url="",
    )
    wakes += (each.at for each in simulator.receive(shaken, 0.0) if isinstance(each, Wake))
    for number in range(100):
        now = 0.05 * number
        asked = Request(exchange=number + 2, method="GET", path="/look", base_url="")
        for happening, moment in ((asked, now), (Woken(), now + 0.01)):
            effects = simulator.receive(happening, moment)
            wakes += (each.at for each in effects if isinstance(each, Wake))

    far = [at for at in wakes if at > 5]
    # Its client has ten seconds to connect: that is asked for once, and each answer for itself.
    assert far == [10.0]
    assert len(wakes) == 101
