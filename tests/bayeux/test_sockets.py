"""Batches over WebSockets, and sessions that move between carriers."""

from __future__ import annotations

from typing import Any

import pytest

from replay.testing import Desktop, Event, Reply, Script, scenario
from replay.wire import Close

ADVICE = {"interval": 0, "timeout": 30000, "reconnect": "retry"}


@pytest.fixture
def speaker(script: Script) -> Desktop:
    """Shook hands, subscribed to /news and connected over a socket, which is number 1."""
    desktop = script.desktop()
    desktop.open_socket()
    desktop.handshake()
    desktop.subscribe("/news")
    desktop.connect(advice={"timeout": 0})
    script.frames.clear()
    return desktop


def connected(number: str, **more: Any) -> dict[str, Any]:
    return {"channel": "/meta/connect", "successful": True, "id": number} | more


def news(data: Any) -> dict[str, Any]:
    return {"channel": "/news", "data": data}


def test_replies_come_out_of_the_socket_the_handshake_alone_in_its_frame(script: Script) -> None:
    desktop = script.desktop()
    socket = desktop.open_socket()
    desktop.handshake()
    desktop.connect()

    (welcome,), first = (frame.body for frame in script.frames[socket])
    assert welcome["clientId"] == desktop.client_id
    script.expect(first, [connected("2")])


def test_news_goes_out_one_event_a_frame_and_leaves_the_connect_held(
    script: Script, speaker: Desktop
) -> None:
    socket = speaker.connect()
    script.advance(1)
    script.push(speaker, "/news", 1)
    script.push(speaker, "/news", 2)
    script.advance(29)

    script.expect(
        script.frames[socket],
        [Reply(1.0, [news(1)]), Reply(1.0, [news(2)]), Reply(30.0, [connected("4")])],
    )


def test_events_come_before_the_replies_of_a_batch_which_share_a_frame() -> None:
    pushes = [f"{{id: {name}, push: /{name}, data: 1}}" for name in ("now", "held", "too")]
    script = Script(scenario(f"steps: [{', '.join(pushes)}]"))
    desktop = script.desktop()
    socket = desktop.open_socket()
    desktop.handshake()
    desktop.subscribe("/now")
    script.frames.clear()

    desktop.send(
        desktop.message("subscribe", subscription=["/held", "/too"]),
        {"channel": "/x", "data": 1, "clientId": desktop.client_id, "id": "p"},
    )

    replies = [
        {"channel": "/meta/subscribe", "successful": True, "id": "3", "subscription": ["/held", "/too"]},
        {"channel": "/x", "successful": True, "id": "p"},
    ]
    events = [[{"channel": "/held", "data": 1}], [{"channel": "/too", "data": 1}]]
    script.expect([frame.body for frame in script.frames[socket]], [*events, replies])


def test_a_newer_connect_answers_the_older_on_the_same_socket(script: Script, speaker: Desktop) -> None:
    socket = speaker.connect()
    speaker.connect()
    script.advance(30)

    script.expect(script.frames[socket], [Reply(0.0, [connected("4")]), Reply(30.0, [connected("5")])])


def test_a_disconnect_answers_the_connect_that_waits_in_a_frame_of_its_own(
    script: Script, speaker: Desktop
) -> None:
    socket = speaker.connect()
    speaker.disconnect()

    script.expect(
        [frame.body for frame in script.frames[socket]],
        [
            [connected("4", advice={"reconnect": "none"})],
            [{"channel": "/meta/disconnect", "successful": True, "id": "5"}],
        ],
    )


@pytest.mark.parametrize("body", [b"{", b"[]", b"", b"[7]", b"[" * 100_000], ids=lambda body: body[:5])
def test_a_frame_that_holds_no_messages_closes_the_socket_and_leaves_the_client_alive(
    script: Script, speaker: Desktop, body: bytes
) -> None:
    socket = speaker.say(body)

    closed = script.closed[socket]
    assert (closed.code, closed.at, len(closed.reason) <= 100) == (1011, 0.0, True)
    assert speaker.client_id in script.simulator.bayeux.clients


def test_what_came_while_no_socket_was_there_comes_with_the_next_word(
    script: Script, speaker: Desktop
) -> None:
    speaker.leave(speaker.connect())
    script.push(speaker, "/news", 1)

    socket = speaker.open_socket()
    speaker.connect(advice={"timeout": 0})

    script.expect(
        [frame.body for frame in script.frames[socket]], [[news(1)], [connected("5", advice=ADVICE)]]
    )


def test_a_lost_socket_ends_its_client_only_by_silence(script: Script, speaker: Desktop) -> None:
    speaker.connect()
    script.advance(20)
    speaker.leave(1)
    script.advance(9.999)
    alive = list(script.simulator.bayeux.clients)
    script.advance(0.001)

    assert (alive, script.simulator.bayeux.clients) == ([speaker.client_id], {})


def test_a_client_forgotten_for_its_silence_has_its_socket_closed(script: Script, speaker: Desktop) -> None:
    script.advance(10)

    assert script.closed == {1: Close(socket=1, at=10.0, code=1000, reason="Destroy")}


def test_a_socket_on_which_somebody_else_speaks_stays_open(script: Script, speaker: Desktop) -> None:
    script.advance(5)
    silent = speaker.client_id
    speaker.handshake()
    script.advance(5)

    assert silent not in script.simulator.bayeux.clients
    assert script.closed == {}


def test_a_session_moves_from_polls_to_a_socket(script: Script, desktop: Desktop) -> None:
    held = desktop.connect()
    socket = desktop.open_socket()
    desktop.connect()
    script.push(desktop, "/news", 1)

    script.expect(script.answer(held), Reply(0.0, b"", 500))
    script.expect(script.frames[socket], [Reply(0.0, [news(1)])])


def test_a_session_moves_from_a_socket_to_polls_while_the_socket_is_still_open(
    script: Script, speaker: Desktop
) -> None:
    socket = speaker.connect()
    speaker.socket = None
    held = speaker.connect()
    script.push(speaker, "/news", 1)

    script.expect(script.frames[socket], [Reply(0.0, [connected("4")])])
    script.expect(script.answer(held), Reply(0.0, [news(1), connected("5", advice=ADVICE)]))


def test_a_connect_tells_the_times_again_after_a_change_of_transport_and_then_no_more(
    script: Script, desktop: Desktop
) -> None:
    socket = desktop.open_socket()
    desktop.connect(advice=None)
    script.advance(30)
    desktop.connect()
    script.advance(30)

    script.expect(
        [frame.body for frame in script.frames[socket]],
        [[connected("4", advice=ADVICE)], [connected("5")]],
    )


def test_a_subscribe_by_http_leaves_the_events_on_the_socket_where_the_connect_waits(
    script: Script, speaker: Desktop
) -> None:
    socket = speaker.connect()
    speaker.socket = None
    speaker.subscribe("/more")
    script.push(speaker, "/news", 1)

    script.expect(script.frames[socket], [Reply(0.0, [news(1)])])


def test_the_late_loss_of_a_socket_that_was_replaced_does_no_harm(script: Script, speaker: Desktop) -> None:
    old = speaker.connect()
    new = speaker.open_socket()
    speaker.connect()
    speaker.socket = old
    speaker.leave(old)
    speaker.socket = new
    script.push(speaker, "/news", 1)
    script.advance(30)

    script.expect(script.frames[old], [Reply(0.0, [connected("4")])])
    script.expect(script.frames[new], [Reply(0.0, [news(1)]), Reply(30.0, [connected("5")])])


def test_two_clients_on_one_socket_each_get_their_own(script: Script, speaker: Desktop) -> None:
    other = script.desktop("other")
    other.socket, first = speaker.socket, speaker.client_id
    other.handshake()
    other.client_id, speaker.client_id = script.frames[1][0].body[0]["clientId"], first
    other.subscribe("/other")
    script.frames.clear()

    script.push(other, "/other", 2)
    script.push(speaker, "/news", 1)

    script.expect(script.frames[1], [Reply(0.0, [{"channel": "/other", "data": 2}]), Reply(0.0, [news(1)])])


def test_a_frame_on_a_socket_that_is_gone_is_passed_over(script: Script, speaker: Desktop) -> None:
    speaker.leave(1)
    speaker.socket = 1
    speaker.connect()

    assert script.frames == {}


def test_a_socket_without_a_word_is_nobody(script: Script) -> None:
    desktop = script.desktop()
    desktop.leave(desktop.open_socket())

    assert script.simulator.agents.all == []


def test_a_handshake_by_http_and_the_rest_over_a_socket_is_one_session(script: Script) -> None:
    desktop = script.desktop()
    desktop.handshake()
    desktop.open_socket()
    desktop.subscribe("/news")
    desktop.connect()
    script.push(desktop, "/news", 1)

    script.expect(desktop.events, [Event(0.0, "/news", 1)])
