"""The connect: when it is held, and the one answer it gets."""

from __future__ import annotations

from typing import Any

import pytest

from replay.testing import Desktop, Reply, Script, scenario

ADVICE = {"interval": 0, "timeout": 30000, "reconnect": "retry"}


def connected(number: str, **more: Any) -> dict[str, Any]:
    return {"channel": "/meta/connect", "successful": True, "id": number} | more


def event(data: Any) -> dict[str, Any]:
    return {"channel": "/news", "data": data}


@pytest.mark.parametrize("advice", [None, {"timeout": 0}, {"timeout": 30000}])
def test_the_first_connect_is_answered_at_once_whatever_its_advice(script: Script, advice: Any) -> None:
    desktop = script.desktop()
    desktop.handshake()

    exchange = desktop.connect(**({} if advice is None else {"advice": advice}))

    more = {} if advice is None else {"advice": ADVICE}
    script.expect(script.answer(exchange), Reply(0.0, [connected("2", **more)]))


def test_a_connect_without_news_is_held_and_answered_empty_at_its_deadline(
    script: Script, desktop: Desktop
) -> None:
    script.advance(5)
    held = desktop.connect()

    script.advance(29.999)
    assert script.waits(held)
    script.advance(1)
    script.expect(script.answer(held), Reply(35.0, [connected("4")]))


@pytest.mark.parametrize(
    ("wished", "seconds"),
    [(300, 0.3), (0.5, 0.0005), (0, 0), (29_999, 29.999), (90_000, 30), (10**400, 30), (-1, 30)],
    ids=str,
)
def test_a_connect_is_held_as_long_as_it_asks_but_never_longer_than_the_server_does(
    script: Script, desktop: Desktop, wished: float, seconds: float
) -> None:
    held = desktop.connect(advice={"timeout": wished})

    script.advance(40)

    script.expect(script.answer(held), Reply(seconds, [connected("4", advice=ADVICE)]))


@pytest.mark.parametrize("advice", [None, 7, "now", [], {"timeout": "0"}, {"timeout": True}, {}], ids=str)
def test_an_advice_that_says_nothing_of_use_is_passed_over(
    script: Script, desktop: Desktop, advice: Any
) -> None:
    held = desktop.connect(advice=advice)

    script.advance(30)

    assert script.answer(held).at == 30.0
    assert ("advice" in script.answer(held).body[0]) is isinstance(advice, dict)


def test_news_releases_the_connect_at_once_events_first(script: Script, desktop: Desktop) -> None:
    held = desktop.connect()
    script.advance(2.5)

    script.push(desktop, "/news", "hello")

    script.expect(script.answer(held), Reply(2.5, [event("hello"), connected("4")]))


def test_what_comes_while_no_connect_waits_rides_on_the_next_all_of_it_in_order(
    script: Script, desktop: Desktop
) -> None:
    for number in range(3):
        script.push(desktop, "/news", number)
    script.advance(1)

    exchange = desktop.connect()

    script.expect(script.answer(exchange), Reply(1.0, [event(0), event(1), event(2), connected("4")]))


def test_a_newer_connect_finishes_the_older_with_500_and_takes_its_place(
    script: Script, desktop: Desktop
) -> None:
    older = desktop.connect()
    script.advance(1)

    newer = desktop.connect()
    script.push(desktop, "/news", 1)

    script.expect(script.answer(older), Reply(1.0, b"", 500))
    script.expect(script.answer(newer), Reply(1.0, [event(1), connected("5")]))


def test_a_lost_exchange_takes_no_events_with_it(script: Script, desktop: Desktop) -> None:
    held = desktop.connect()
    desktop.leave(held)
    script.push(desktop, "/news", 1)

    exchange = desktop.connect()

    assert script.waits(held)
    script.expect(script.answer(exchange), Reply(0.0, [event(1), connected("5")]))


def test_a_connect_in_company_is_never_held(script: Script, desktop: Desktop) -> None:
    exchange = desktop.send(desktop.message("connect"), desktop.message("subscribe", subscription="/more"))

    subscribed = {"channel": "/meta/subscribe", "successful": True, "id": "5", "subscription": "/more"}
    script.expect(script.answer(exchange), Reply(0.0, [connected("4"), subscribed]))


def test_a_connect_in_company_finishes_the_one_that_waits(script: Script, desktop: Desktop) -> None:
    older = desktop.connect()

    desktop.send(desktop.message("connect"), {"channel": "/x", "data": 1, "clientId": desktop.client_id})

    script.expect(script.answer(older), Reply(0.0, b"", 500))


def test_an_odd_connection_type_is_as_good_as_any(script: Script, desktop: Desktop) -> None:
    held = desktop.send(desktop.message("connect", connectionType="smoke"))

    script.advance(30)

    script.expect(script.answer(held), Reply(30.0, [connected("4")]))


def test_without_a_timeout_every_connect_is_answered_at_once() -> None:
    script = Script(scenario("cometd: {timeout: 0s}"))
    desktop = script.desktop()
    desktop.handshake()

    for number in "234":
        script.expect(script.answer(desktop.connect()), Reply(0.0, [connected(number)]))


def test_the_times_of_the_scenario_are_what_clients_are_advised() -> None:
    script = Script(scenario("cometd: {timeout: 250ms, interval: 2s, max_interval: 5s}"))
    desktop = script.desktop()
    desktop.handshake()

    first = desktop.connect(advice={})
    held = desktop.connect()
    script.advance(0.25 + 6.999)
    alive = len(script.simulator.bayeux.clients)
    script.advance(0.001)

    advice = {"interval": 2000, "timeout": 250, "reconnect": "retry"}
    script.expect(script.answer(first).body, [connected("2", advice=advice)])
    script.expect(script.answer(held).at, 0.25)
    assert (alive, len(script.simulator.bayeux.clients)) == (1, 0)
