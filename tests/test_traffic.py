"""What is kept of what comes and goes: as it was on the wire, bounded, the latest."""

from __future__ import annotations

from typing import Any

import msgspec

from replay.conversation import BROKEN_OFF, UNANSWERED, UNFINISHED, WENT_AWAY, exchange_of, frames_of
from replay.exchange import Exchange
from replay.testing import Desktop, Script, scenario
from replay.traffic import Traffic
from replay.wire import (
    Answer,
    Begin,
    ExchangeLost,
    Piece,
    Polled,
    Request,
    Send,
    SocketLost,
    SocketOpened,
    SocketText,
)

STORY = """
steps:
  - {id: hello, push: /a, after: start + 1s, data: hi}
  - {id: x, request: POST /x, respond: {after: 0.1s, body: {ok: true}}}
"""
HOST = "http://localhost:8090"


def told(traffic: Traffic, now: float = 0.0) -> list[Exchange]:
    """All that is kept, at an epoch of 1000."""
    found = []
    for number, each in enumerate(filter(None, traffic.conversations()), 1):
        exchange = exchange_of(each, number, epoch=1000.0, now=now)
        frames = None if exchange.frames is None else tuple(frames_of(each, epoch=1000.0))
        found.append(msgspec.structs.replace(exchange, frames=frames))
    return found


def joined(script: Script) -> Desktop:
    desktop = script.desktop("ann")
    desktop.handshake()
    desktop.subscribe("/a")
    desktop.connect()
    return desktop


def request(number: int, **fields: Any) -> Request:
    return Request(**({"exchange": number, "method": "GET", "path": "/x", "base_url": HOST} | fields))


def opened(number: int) -> SocketOpened:
    return SocketOpened(socket=number, mount="/cometd", base_url=HOST)


def test_an_exchange_is_told_with_its_bodies_and_the_times_of_both() -> None:
    script = Script(scenario(STORY))
    script.advance(2)
    script.desktop("ann").post("/x", {"n": 1})
    script.advance(1)

    (asked,) = told(script.traffic)
    assert (asked.method, asked.url, asked.request_body) == ("POST", f"{HOST}/x", b'{"n":1}')
    assert asked.request_header("authorization") == "Basic YW5uOnNlY3JldA=="
    assert (asked.status, asked.response_body, asked.failure) == (200, b'{"ok":true}', "")
    assert (asked.began, asked.answered, asked.ended) == (1002.0, 1002.1, 1002.1)


def test_a_held_poll_is_told_as_far_as_it_has_come() -> None:
    script = Script(scenario(STORY))
    joined(script).connect()
    script.advance(0.5)
    waiting = told(script.traffic, script.now)[-1]
    script.advance(0.5)
    released = told(script.traffic, script.now)[-1]

    assert (waiting.status, waiting.ended, waiting.failure) == (None, 1000.5, UNANSWERED)
    assert (released.status, released.answered, released.failure) == (200, 1001.0, "")
    assert b'"hi"' in (released.response_body or b"")


def test_who_went_away_got_no_answer() -> None:
    script = Script(scenario(STORY))
    desktop = joined(script)
    held = desktop.connect()
    script.advance(0.2)
    desktop.leave(held)
    script.advance(2)

    last = told(script.traffic, script.now)[-1]
    assert (last.status, last.ended, last.failure) == (None, 1000.2, WENT_AWAY)


def test_an_answer_in_pieces_is_one_answer_once_all_have_come() -> None:
    traffic = Traffic()
    traffic.keep(request(1), 0)
    traffic.keep(Begin(exchange=1, at=0, length=4), 1)
    traffic.keep(Piece(exchange=1, at=0, body=b"at"), 2)
    (under_way,) = told(traffic, 3)
    traffic.keep(Piece(exchange=1, at=0, body=b"on"), 4)
    traffic.keep(ExchangeLost(exchange=1), 5)
    (whole,) = told(traffic, 9)

    assert (under_way.response_body, under_way.answered, under_way.ended) == (b"at", 1001.0, 1003.0)
    assert under_way.failure == UNFINISHED
    assert (whole.response_body, whole.answered, whole.ended) == (b"aton", 1001.0, 1004.0)
    assert whole.failure == ""


def test_a_connection_that_broke_off_left_what_had_come_by_then() -> None:
    story = STORY + "faults: [{name: cut, fault: truncate, where: {step: x}, settings: {bytes: 4}}]"
    script = Script(scenario(story))
    script.desktop("ann").post("/x", {})
    script.advance(1)

    (cut,) = told(script.traffic, script.now)
    assert (cut.status, cut.response_body, cut.failure) == (200, b'{"ok', BROKEN_OFF)


def test_frames_are_told_both_ways_and_those_of_an_open_socket_too() -> None:
    script = Script(scenario(STORY))
    desktop = script.desktop("ann")
    socket = desktop.open_socket()
    desktop.handshake()
    still_open = told(script.traffic, script.now)[0]
    script.advance(3)
    desktop.leave(socket)
    ended = told(script.traffic, 99)[0]

    assert (still_open.url, still_open.status) == ("ws://localhost:8090/api/v2/notifications", 101)
    frames = [(frame.from_client, frame.text) for frame in still_open.frames or ()]
    assert frames == [(True, True), (False, True)]
    assert (still_open.ended, ended.ended) == (1000.0, 1003.0)


def test_what_is_no_text_came_in_a_binary_frame() -> None:
    traffic = Traffic()
    traffic.keep(opened(1), 0)
    traffic.keep(SocketText(socket=1, body=b"\xff"), 0)

    assert [frame.text for frame in told(traffic)[0].frames or ()] == [False]


def test_what_was_asked_for_is_told_as_the_request_line_had_it() -> None:
    traffic = Traffic()
    traffic.keep(request(1, path="/ä b", query=(("q", "1 2"),)), 0)
    traffic.keep(request(2, path="/ä b", target="/%C3%A4%20b?q=1+2&"), 0)
    traffic.keep(request(3, target="http://elsewhere:8090/x"), 0)
    traffic.keep(request(4, target="/x?to=http://a/\udcff"), 0)
    traffic.keep(request(5, method="OPTIONS", target="*"), 0)
    traffic.keep(request(6, target="http://[::1"), 0)

    assert [each.url for each in told(traffic)] == [
        f"{HOST}/%C3%A4%20b?q=1+2",
        f"{HOST}/%C3%A4%20b?q=1+2&",
        "http://elsewhere:8090/x",
        f"{HOST}/x?to=http://a/%FF",
        f"{HOST}/*",
        f"{HOST}/http://[::1",
    ]


def test_a_callback_poll_is_a_get_with_its_messages_in_the_query() -> None:
    traffic = Traffic()
    polled = Polled(
        exchange=1, mount="/cometd", transport="callback-polling", callback="f", body=b"[]", base_url=HOST
    )
    traffic.keep(polled, 0)

    (asked,) = told(traffic)
    assert (asked.method, asked.url, asked.request_body) == (
        "GET",
        f"{HOST}/cometd?jsonp=f&message=%5B%5D",
        b"",
    )


def test_headers_of_a_connection_of_long_ago_and_bodies_that_are_not_sent_are_not_told() -> None:
    traffic = Traffic()
    fields = (("Content-Length", "300"), ("Content-Encoding", "gzip"), ("X-Kept", "1"))
    traffic.keep(request(1), 0)
    traffic.keep(Answer(exchange=1, at=0, status=204, headers=fields, body=b"1"), 0)
    traffic.keep(request(2, method="HEAD"), 0)
    traffic.keep(Begin(exchange=2, at=0, length=5), 0)

    empty, head = told(traffic)
    assert (empty.response_headers, empty.response_body) == ((("X-Kept", "1"),), b"")
    assert (head.response_body, head.failure) == (b"", "")


def test_the_oldest_exchanges_go_first_and_are_counted() -> None:
    traffic = Traffic(most_rows=80)
    for number in range(100):
        traffic.keep(request(number, path=f"/{number}"), number)
        traffic.keep(Answer(exchange=number, at=0), number)

    kept = told(traffic)
    assert [each.url for each in kept] == [f"{HOST}/{number}" for number in range(100 - len(kept), 100)]
    assert all(each.status == 200 for each in kept)
    assert 35 <= len(kept) <= 40
    assert traffic.dropped_exchanges == 100 - len(kept)


def test_large_bodies_count_and_an_answer_without_its_request_is_no_exchange() -> None:
    traffic = Traffic(most_bytes=10_000)
    traffic.keep(request(1), 0)
    traffic.keep(request(2), 1)
    traffic.keep(Answer(exchange=2, at=0, body=b"x" * 8_000), 2)
    traffic.keep(Answer(exchange=1, at=0, body=b"y" * 2_000), 3)

    assert told(traffic) == []
    assert traffic.dropped_exchanges == 2
    assert traffic.size <= 10_000


def test_a_body_larger_than_all_that_is_kept_leaves_nothing() -> None:
    traffic = Traffic(most_bytes=10_000)
    traffic.keep(request(1, body=b"x" * 20_000), 0)

    assert (len(traffic), traffic.size, traffic.dropped_exchanges) == (0, 0, 1)


def test_of_a_long_lived_socket_the_oldest_frames_go_and_it_stays() -> None:
    traffic = Traffic(most_rows=40)
    traffic.keep(opened(1), 0)
    for number in range(100):
        traffic.keep(SocketText(socket=1, body=b"%d" % number), number)
        traffic.keep(Send(socket=1, at=0, body=b"-%d" % number), number)

    (socket,) = told(traffic)
    frames = socket.frames or ()
    assert (socket.began, frames[-1].content) == (1000.0, b"-99")
    assert (traffic.dropped_frames, traffic.dropped_exchanges) == (200 - len(frames), 0)


def test_a_socket_that_ended_before_all_that_is_kept_is_counted_once() -> None:
    traffic = Traffic(most_rows=40)
    traffic.keep(opened(1), 0)
    traffic.keep(SocketLost(socket=1), 1)
    for number in range(2, 102):
        traffic.keep(request(number), number)

    kept = told(traffic)
    assert all(each.frames is None for each in kept)
    assert traffic.dropped_exchanges == 1 + 100 - len(kept)


def test_pieces_of_an_answer_that_nobody_waits_for_harm_nobody() -> None:
    traffic = Traffic()
    traffic.keep(Piece(exchange=7, at=0, body=b"x"), 0)

    assert told(traffic) == []


def test_others_get_a_turn_while_very_much_is_sorted() -> None:
    traffic = Traffic()
    for number in range(2_500):
        traffic.keep(request(number), 0)

    assert list(traffic.conversations()).count(None) == 2
