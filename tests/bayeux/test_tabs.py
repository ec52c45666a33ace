"""One browser, many tabs; and who may speak for a client."""

from __future__ import annotations

from typing import Any

import pytest

from replay.testing import Desktop, Script, scenario

TIMES = {"interval": 0, "timeout": 30000, "reconnect": "retry"}


def tabs(script: Script, count: int = 2) -> list[Desktop]:
    """Tabs of one browser, each with its first connect behind it."""
    first, *others = desktops = [script.desktop() for _ in range(count)]
    first.handshake()
    for other in others:
        other.jar = first.jar
        other.handshake()
    for desktop in desktops:
        desktop.connect()
    return desktops


def advice(script: Script, exchange: int) -> Any:
    return script.answer(exchange).body[-1].get("advice")


def test_all_tabs_are_held_unless_the_scenario_says_otherwise() -> None:
    script = Script(scenario(""))

    assert all(script.waits(tab.connect()) for tab in tabs(script, 5))


def test_a_second_tab_polls_every_two_seconds_while_the_first_is_held() -> None:
    script = Script(scenario("cometd: {sessions_per_browser: 1}"))
    first, second = tabs(script)
    held = first.connect()

    polled = second.connect()

    assert script.waits(held)
    many = {"multiple-clients": True, "reconnect": "retry", "interval": 2000}
    script.expect(advice(script, polled), many)
    script.expect(advice(script, second.connect(advice={"timeout": 0})), TIMES | many)


def test_a_second_tab_is_held_again_and_told_so_once_the_first_is_gone() -> None:
    script = Script(scenario("cometd: {sessions_per_browser: 1}"))
    first, second = tabs(script)
    first.connect()
    second.connect()
    first.disconnect()

    held = second.connect()
    waits = script.waits(held)
    script.push(second, "/service/news", 1)
    later = second.connect()
    script.push(second, "/service/news", 2)

    assert waits
    script.expect((advice(script, held), advice(script, later)), (TIMES, None))


def test_a_tab_does_not_stand_in_its_own_way() -> None:
    script = Script(scenario("cometd: {sessions_per_browser: 1}"))
    first, _ = tabs(script)
    first.connect()

    assert script.waits(first.connect())


def test_other_browsers_are_none_of_its_tabs() -> None:
    script = Script(scenario("cometd: {sessions_per_browser: 1}"))
    (first,), (other,) = tabs(script, 1), tabs(script, 1)

    assert [script.waits(tab.connect()) for tab in (first, other)] == [True, True]


def test_news_for_a_tab_too_many_comes_without_a_reproach() -> None:
    script = Script(scenario("cometd: {sessions_per_browser: 1}"))
    first, second = tabs(script)
    first.connect()
    script.push(second, "/service/news", 1)

    assert advice(script, second.connect()) is None


def test_a_tab_too_many_is_turned_away_where_there_is_no_interval_for_it() -> None:
    script = Script(scenario("cometd: {sessions_per_browser: 1, multi_session_interval: 0s}"))
    first, second = tabs(script)
    first.connect()

    (reply,) = script.answer(second.connect()).body

    assert reply["successful"] is False
    script.expect(reply["advice"], {"multiple-clients": True, "reconnect": "none"})


def test_a_tab_on_a_socket_is_never_one_too_many() -> None:
    script = Script(scenario("cometd: {sessions_per_browser: 1}"))
    first, second = tabs(script)
    first.connect()

    socket = second.open_socket()
    second.connect(advice=None)

    assert socket not in script.frames


@pytest.mark.parametrize("cookie", [{}, {"BAYEUX_BROWSER": "forged"}])
@pytest.mark.parametrize("verb", ["connect", "subscribe", "disconnect"])
def test_another_browsers_client_is_unknown_where_cookies_have_to_be_the_same(
    cookie: dict[str, str], verb: str
) -> None:
    script = Script(scenario("cometd: {trust_client_id: false}"))
    (tab,) = tabs(script, 1)
    held = tab.connect()
    thief = script.desktop()
    thief.jar, thief.client_id = cookie, tab.client_id

    exchange = thief.send(thief.message(verb, subscription="/a"))

    assert script.answer(exchange).body[0]["error"] == "402::Unknown client"
    assert script.waits(held)


def test_the_own_browsers_client_is_known_and_without_that_rule_anybodys() -> None:
    strict, trusting = Script(scenario("cometd: {trust_client_id: false}")), Script(scenario(""))
    (tab,), (other,) = tabs(strict, 1), tabs(trusting, 1)
    other.jar = {}

    assert strict.waits(tab.connect())
    assert trusting.waits(other.connect())


def test_faye_sets_no_cookie_and_asks_for_none() -> None:
    script = Script(scenario("cometd: {dialect: faye, trust_client_id: false}"))
    desktop = script.desktop()
    desktop.handshake()

    assert script.waits(desktop.connect())
