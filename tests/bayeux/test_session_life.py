"""How a client ends, and what whoever is not known is told."""

from __future__ import annotations

from typing import Any

import pytest

from replay.testing import Desktop, Reply, Script

AGAIN = {"reconnect": "handshake", "interval": 0}


def test_a_disconnect_releases_the_connect_that_waits_and_tells_it_to_stay_away(
    script: Script, desktop: Desktop
) -> None:
    held = desktop.connect()

    exchange = desktop.disconnect()

    reply = {"channel": "/meta/connect", "successful": True, "id": "4", "advice": {"reconnect": "none"}}
    script.expect(script.answer(held), Reply(0.0, [reply]))
    script.expect(
        script.answer(exchange), Reply(0.0, [{"channel": "/meta/disconnect", "successful": True, "id": "5"}])
    )
    assert script.simulator.bayeux.clients == {}


@pytest.mark.parametrize(
    ("verb", "more"),
    [
        ("connect", {"advice": AGAIN}),
        ("subscribe", {}),
        ("unsubscribe", {}),
        ("disconnect", {}),
    ],
)
@pytest.mark.parametrize("client_id", [None, "", "nobody", 7, ["x"], {"a": 1}], ids=str)
def test_who_is_unknown_is_told_402_and_on_connect_to_shake_hands(
    script: Script, verb: str, more: dict[str, Any], client_id: Any
) -> None:
    message = {"channel": f"/meta/{verb}", "id": "1", "clientId": client_id, "subscription": "/a"}

    exchange = script.desktop().send(message)

    reply = {"channel": f"/meta/{verb}", "successful": False, "id": "1", "error": "402::Unknown client"}
    script.expect(script.answer(exchange), Reply(0.0, [reply | more]))


def test_a_publish_by_nobody_is_told_402_without_advice(script: Script) -> None:
    exchange = script.desktop().send({"channel": "/a", "data": 1})

    script.expect(
        script.answer(exchange),
        Reply(0.0, [{"channel": "/a", "successful": False, "error": "402::Unknown client"}]),
    )


def test_who_disconnected_is_unknown(script: Script, desktop: Desktop) -> None:
    desktop.disconnect()

    exchange = desktop.connect()

    reply = {"channel": "/meta/connect", "successful": False, "id": "5"}
    error = {"error": "402::Unknown client", "advice": AGAIN}
    script.expect(script.answer(exchange), Reply(0.0, [reply | error]))


def test_whatever_follows_a_disconnect_in_its_batch_is_unknown(script: Script, desktop: Desktop) -> None:
    exchange = desktop.send(*(desktop.message(verb) for verb in ("disconnect", "connect", "disconnect")))

    outcomes = [reply["successful"] for reply in script.answer(exchange).body]
    script.expect(outcomes, [True, False, False])


def test_a_batch_speaks_for_one_client_and_others_named_in_it_are_unknown(
    script: Script, desktop: Desktop
) -> None:
    other = script.desktop()
    other.handshake()
    held = desktop.connect()

    exchange = other.send(
        other.message("subscribe", subscription="/a"),
        desktop.message("connect"),
        desktop.message("disconnect"),
    )

    replies = [(reply["successful"], reply.get("error")) for reply in script.answer(exchange).body]
    refused = (False, "402::Unknown client")
    script.expect(replies, [(True, None), refused, refused])
    assert script.waits(held)
    assert desktop.client_id in script.simulator.bayeux.clients


def test_the_first_known_client_of_a_batch_is_the_one_it_speaks_for(script: Script, desktop: Desktop) -> None:
    exchange = desktop.send({"channel": "/a", "clientId": "nobody"}, desktop.message("connect"))

    outcomes = [reply["successful"] for reply in script.answer(exchange).body]
    script.expect(outcomes, [False, True])


def test_a_client_that_stays_silent_is_forgotten_ten_seconds_after_its_last_connect(
    script: Script, desktop: Desktop
) -> None:
    held = desktop.connect()
    script.advance(30)
    script.advance(9.999)
    alive = desktop.client_id in script.simulator.bayeux.clients
    script.advance(0.001)

    assert script.answer(held).at == 30.0
    assert (alive, list(script.simulator.bayeux.clients)) == (True, [])
    assert script.simulator.journal.counts["disconnect"] == 1


def test_only_a_connect_breaks_the_silence(script: Script, desktop: Desktop) -> None:
    for _ in range(4):
        script.advance(2.5)
        desktop.subscribe("/a")

    script.expect(script.answer(desktop.connect()).body[0]["error"], "402::Unknown client")


def test_a_client_that_never_connects_is_forgotten_too(script: Script) -> None:
    desktop = script.desktop()
    desktop.handshake()

    script.advance(10)

    assert script.simulator.bayeux.clients == {}


def test_silence_counts_from_the_moment_a_held_connect_was_lost(script: Script, desktop: Desktop) -> None:
    held = desktop.connect()
    script.advance(25)
    desktop.leave(held)
    script.advance(9.999)
    alive = desktop.client_id in script.simulator.bayeux.clients
    script.advance(0.001)

    assert (alive, list(script.simulator.bayeux.clients)) == (True, [])


def test_a_client_that_fetches_nothing_is_thrown_out_before_its_events_fill_the_memory(
    script: Script, desktop: Desktop
) -> None:
    bayeux = script.simulator.bayeux
    client = bayeux.clients[desktop.client_id]
    for _ in range(10_000):
        bayeux.publish(client, b"{}", 0.0)
    alive = dict(bayeux.clients)
    bayeux.publish(client, b"{}", 0.0)
    bayeux.publish(client, b"{}", 0.0)

    assert (list(alive), bayeux.clients) == ([desktop.client_id], {})
    script.expect(script.answer(desktop.connect()).body[0]["error"], "402::Unknown client")


def test_who_has_gone_leaves_no_time_to_wait_for(script: Script) -> None:
    """Each had a connect held, whose time would have come much later."""
    for _ in range(300):
        desktop = script.desktop()
        desktop.handshake()
        desktop.connect(advice={"timeout": 0})
        desktop.connect()
        desktop.disconnect()
    assert len(script.simulator.bayeux._delivery._due) < 50
    assert script.simulator.bayeux.clients == {}
