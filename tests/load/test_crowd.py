"""A crowd of desktops through the Accept story: what it is told, and what its counting would see."""

from __future__ import annotations

import pytest
import uvloop

from replay.plan.pace import Pace
from replay.scenario.load import load
from replay.scenario.model import Fault, Where
from replay.server.runner import Server
from replay.simulator.simulator import Options
from tests.load.__main__ import ROOT, serve
from tests.load.crowd import Counted, run
from tests.load.desktops import DESKTOPS

ACCEPT = ROOT / "scenarios" / "accept-chat.yaml"


def _rule(fault: str, step: str, **settings: str) -> Fault:
    return Fault(name="wrong", fault=fault, settings=settings, where=Where(step=step))


@pytest.mark.live
@pytest.mark.parametrize("transport", DESKTOPS)
@pytest.mark.parametrize("size", [100, pytest.param(5_000, marks=pytest.mark.full)])
def test_each_agent_of_a_crowd_is_told_each_event_once_and_in_order(transport: str, size: int) -> None:
    """At the pace of the recording, against a process of its own."""
    served = serve(transport, size, stays=0.0 if size == 100 else 2.0)
    assert (served.counted.wrong, served.is_good) == ((), True), str(served)


@pytest.mark.live
@pytest.mark.parametrize(
    ("transport", "rule", "seen"),
    [
        ("long-polling", _rule("drop", "participants"), {"lost": 4}),
        ("websocket", _rule("duplicate", "chatting"), {"doubled": 4}),
        ("long-polling", _rule("delay", "chatting", by="200ms"), {"misordered": 4}),
    ],
)
def test_a_crowd_counts_what_a_fault_does_to_events(
    transport: str, rule: Fault, seen: dict[str, int]
) -> None:
    """So that it would also count what the server did wrong by itself."""
    counted = uvloop.run(_through(transport, rule))
    found = {"lost": counted.lost, "doubled": counted.doubled, "misordered": counted.misordered}
    assert (found, counted.wrong) == ({**dict.fromkeys(found, 0), **seen}, ())
    assert not counted.is_good


async def _through(transport: str, rule: Fault) -> Counted:
    options = Options(pace=Pace(20.0), faults=(rule,))
    async with Server([load(ACCEPT)], options=options) as server:
        host, _, port = server.url.removeprefix("http://").partition(":")
        return await run(transport, 4, host, int(port), patience=1.0)
