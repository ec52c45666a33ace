"""Extensions: acknowledged events come again until the client says that they came; clocks."""

from __future__ import annotations

from typing import Any

import pytest

from replay.simulator.options import Options
from replay.testing import Desktop, Event, Reply, Script, scenario


def acknowledging(script: Script, *, over_socket: bool = False) -> Desktop:
    """Negotiated the extension and subscribed to /news; its first connect lies behind it."""
    desktop = script.desktop()
    if over_socket:
        desktop.open_socket()
    desktop.handshake(ext={"ack": True})
    desktop.subscribe("/news")
    desktop.connect(advice={"timeout": 0}, ext={"ack": 0})
    return desktop


@pytest.fixture
def script() -> Script:
    return Script(scenario("cometd: {extensions: [ack]}"))


@pytest.fixture
def desktop(script: Script) -> Desktop:
    return acknowledging(script)


def connected(number: str, ack: int, **more: Any) -> dict[str, Any]:
    return {"channel": "/meta/connect", "successful": True, "id": number, "ext": {"ack": ack}} | more


def news(data: Any) -> dict[str, Any]:
    return {"channel": "/news", "data": data}


def test_the_extension_is_granted_to_whoever_asks_and_to_nobody_else(script: Script) -> None:
    asks, does_not = script.desktop(), script.desktop()

    replies = [
        script.answer(exchange).body[0]
        for exchange in (asks.handshake(ext={"ack": True}), does_not.handshake(ext={"ack": False}))
    ]

    script.expect([reply.get("ext") for reply in replies], [{"ack": True}, None])


def test_it_is_not_granted_where_the_scenario_has_no_such_extension() -> None:
    script = Script(scenario("cometd: {extensions: []}"))

    exchange = script.desktop().handshake(ext={"ack": True})

    assert "ext" not in script.answer(exchange).body[0]


def test_the_reply_to_each_connect_has_the_next_number_events_or_not(
    script: Script, desktop: Desktop
) -> None:
    held = desktop.connect(ext={"ack": 1})
    script.push(desktop, "/news", 1)
    script.advance(1)
    empty = desktop.connect(ext={"ack": 2}, advice={"timeout": 0})

    script.expect(script.answer(held), Reply(0.0, [news(1), connected("4", 2)]))
    times = {"interval": 0, "timeout": 30000, "reconnect": "retry"}
    script.expect(script.answer(empty), Reply(1.0, [connected("5", 3, advice=times)]))


def test_events_whose_reply_was_lost_come_again_before_newer_ones(script: Script, desktop: Desktop) -> None:
    script.push(desktop, "/news", 1)
    script.push(desktop, "/news", 2)
    desktop.connect(ext={"ack": 1})
    script.push(desktop, "/news", 3)

    again = desktop.connect(ext={"ack": 1})
    held = desktop.connect(ext={"ack": 3})

    script.expect(script.answer(again).body, [news(1), news(2), news(3), connected("5", 3)])
    assert script.waits(held)


def test_what_was_lost_twice_comes_a_third_time_and_once_acknowledged_no_more(
    script: Script, desktop: Desktop
) -> None:
    script.push(desktop, "/news", 1)
    lost = [desktop.connect(ext={"ack": 1}) for _ in range(3)]
    held = desktop.connect(ext={"ack": 4})
    script.advance(30)

    script.expect([script.answer(exchange).body[0] for exchange in lost], [news(1), news(1), news(1)])
    script.expect(script.answer(held), Reply(30.0, [connected("7", 5)]))


def test_a_poll_that_broke_off_took_nothing_with_it(script: Script, desktop: Desktop) -> None:
    desktop.leave(desktop.connect(ext={"ack": 1}))
    script.push(desktop, "/news", 1)

    again = desktop.connect(ext={"ack": 1})

    script.expect(script.answer(again).body, [news(1), connected("5", 2)])


def test_events_never_ride_on_other_replies_but_release_the_connect_that_waits() -> None:
    script = Script(scenario("cometd: {extensions: [ack]}\nsteps: [{id: hello, push: /hello, data: hi}]"))
    desktop = acknowledging(script)
    held = desktop.connect(ext={"ack": 1})

    exchange = desktop.subscribe("/hello")

    assert [reply["channel"] for reply in script.answer(exchange).body] == ["/meta/subscribe"]
    script.expect(script.answer(held).body, [{"channel": "/hello", "data": "hi"}, connected("4", 2)])


def test_a_batch_of_two_connects_is_numbered_twice_and_its_events_are_kept_once(
    script: Script, desktop: Desktop
) -> None:
    script.push(desktop, "/news", 1)
    desktop.send(*(desktop.message("connect", ext={"ack": 1}) for _ in range(2)))

    again = desktop.connect(ext={"ack": 1})

    script.expect(script.answer(again).body, [news(1), connected("6", 4)])


@pytest.mark.parametrize("number", [10**9, 10**400, 2.5])
def test_whoever_acknowledges_the_future_gets_nothing_again(
    script: Script, desktop: Desktop, number: float
) -> None:
    script.push(desktop, "/news", 1)
    desktop.connect(ext={"ack": 1})

    assert script.waits(desktop.connect(ext={"ack": number}))


@pytest.mark.parametrize("nonsense", [None, "2", True, [2], {"ack": 2}])
def test_nonsense_acknowledges_nothing_and_is_passed_over(
    script: Script, desktop: Desktop, nonsense: Any
) -> None:
    script.push(desktop, "/news", 1)
    desktop.connect(ext={"ack": 1})

    held = desktop.connect(ext={"ack": nonsense})
    waits = script.waits(held)
    again = desktop.connect(ext={"ack": -1})

    assert waits
    script.expect(script.answer(again).body, [news(1), connected("6", 3)])


@pytest.mark.parametrize("ext", [None, 7, "ack", [], {}])
def test_an_ext_that_is_none_is_passed_over(script: Script, desktop: Desktop, ext: Any) -> None:
    assert script.waits(desktop.connect(ext=ext))


def test_over_a_socket_event_frames_come_and_then_the_connects_reply(script: Script) -> None:
    desktop = acknowledging(script, over_socket=True)
    socket = desktop.connect(ext={"ack": 1})
    script.frames.clear()
    script.advance(1)

    script.push(desktop, "/news", 1)
    script.push(desktop, "/news", 2)
    desktop.connect(ext={"ack": 2})

    script.expect(
        script.frames[socket],
        [
            Reply(1.0, [news(1)]),
            Reply(1.0, [connected("4", 2)]),
            Reply(1.0, [news(2)]),
            Reply(1.0, [connected("5", 3)]),
        ],
    )


def test_what_went_into_a_dead_socket_comes_again_on_the_next(script: Script) -> None:
    desktop = acknowledging(script, over_socket=True)
    dead = desktop.connect(ext={"ack": 1})
    script.push(desktop, "/news", 1)
    desktop.leave(dead)

    socket = desktop.open_socket()
    desktop.connect(ext={"ack": 1}, advice={"timeout": 0})

    script.expect(script.frames[socket][0].body, [news(1)])


def test_events_not_acknowledged_count_towards_the_limit(script: Script, desktop: Desktop) -> None:
    bayeux = script.simulator.bayeux
    client = bayeux.clients[desktop.client_id]
    for _ in range(100):
        for _ in range(100):
            bayeux.publish(client, b"{}", 0.0)
        desktop.connect()
    alive = list(bayeux.clients)
    bayeux.publish(client, b"{}", 0.0)

    assert (alive, bayeux.clients) == ([desktop.client_id], {})


def test_a_client_that_reads_scripts_gets_events_with_connects_only() -> None:
    script = Script(scenario("cometd: {connect_only: true}"))
    desktop = script.desktop()
    desktop.handshake()
    desktop.subscribe("/news")
    desktop.connect()
    script.push(desktop, "/news", 1)

    exchange = desktop.subscribe("/more")
    seen = list(desktop.events)
    desktop.connect()

    assert len(script.answer(exchange).body) == 1
    script.expect((seen, desktop.events), ([], [Event(0.0, "/news", 1)]))


def test_timesync_is_answered_with_the_time_it_is_and_only_when_asked() -> None:
    script = Script(scenario("cometd: {extensions: [timesync]}"), options=Options(epoch=1_000_000.0))
    desktop = script.desktop()
    script.advance(0.25)

    asked = desktop.handshake(ext={"timesync": {"tc": 12345, "l": 0, "o": 0}})
    not_asked = desktop.connect(ext={"timesync": {"tc": "now"}})

    wanted = {"timesync": {"tc": 12345, "ts": 1_000_000_250, "p": 0}}
    script.expect(script.answer(asked).body[0]["ext"], wanted)
    assert "ext" not in script.answer(not_asked).body[0]


def test_timestamp_says_the_time_of_each_reply_as_java_writes_it() -> None:
    script = Script(scenario("cometd: {extensions: [timestamp]}"), options=Options(epoch=1_700_000_000.0))
    desktop = script.desktop()

    desktop.handshake()
    desktop.connect()
    held = desktop.connect()
    script.advance(30)

    assert script.answer(held).body[0]["timestamp"] == "Tue Nov 14 22:13:50 GMT 2023"
