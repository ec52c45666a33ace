"""What arrives after a network in two parts has become one again."""

from __future__ import annotations

import pytest

from replay.simulator import outages
from replay.testing import Script, scenario


def test_who_left_while_the_network_was_in_two_parts_is_gone_whatever_was_lost_beside(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outages, "KEPT", 3)
    script = Script(scenario("steps: [{id: hello, push: /a, after: start, data: hi}]"))
    desktop = script.desktop()
    socket = desktop.open_socket()
    desktop.handshake()
    desktop.subscribe("/a")
    poller = script.desktop()
    poller.handshake()
    poller.connect(advice={"timeout": 0})
    held = poller.connect()
    script.steer(lambda switching, now: switching.put_up({"fault": "partition", "ttl": "5s"}, now), "parted")
    for _ in range(5):
        desktop.connect()
    desktop.leave(socket)
    poller.leave(held)
    script.advance(6)
    assert script.simulator._peers == {}
    assert script.simulator.bayeux._delivery._waiting == {}
