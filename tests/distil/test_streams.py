from __future__ import annotations

from typing import Any

import msgspec
import pytest

from replay.distil.notes import Notes
from replay.distil.packed import Stream
from replay.distil.streams import unwrap
from replay.errors import RecordingError
from replay.profiles.genesys import PROFILE

from .recorded import CHATS, EPOCH, MOUNT, Recorded, delivered, event, ids, triggers

INVITED, CHATTING = event("Invited"), event("Chatting")


def stream(recorded: Recorded) -> Stream:
    return unwrap(recorded.exchanges, PROFILE, Notes())


def events(recorded: Recorded) -> list[tuple[str, Any, float, float]]:
    """Client, data, when it went out, since when it may have waited."""
    found = stream(recorded).events
    return [(e.client, e.data, round(e.at - EPOCH, 3), round(e.since - EPOCH, 3)) for e in found]


def test_an_event_that_releases_a_held_connect_happened_then() -> None:
    recorded = Recorded().shaken().poll(0.1, 2.0, events=[INVITED])

    assert events(recorded) == [("c1", INVITED[1], 2.0, 2.0)]


def test_several_events_in_one_poll_reply_keep_their_order() -> None:
    recorded = Recorded().shaken().poll(0.1, 2.0, events=[INVITED, CHATTING, INVITED])

    assert [data for _, data, _, _ in events(recorded)] == [INVITED[1], CHATTING[1], INVITED[1]]


def test_events_after_the_connect_reply_are_events_too() -> None:
    recorded = Recorded().shaken().poll(0.1, 2.0, events=[INVITED, CHATTING], order="faye")

    assert [data for _, data, _, _ in events(recorded)] == [INVITED[1], CHATTING[1]]


def test_an_event_may_ride_on_a_subscribe_reply() -> None:
    recorded = Recorded().handshake()
    recorded.poll(1.0, 1.1, recorded.message("subscribe", subscription=CHATS), events=[INVITED], url="/")

    assert events(recorded) == [("c1", INVITED[1], 1.1, 0.005)]
    assert triggers(recorded.scenario()) == [
        (
            "invited",
            "start + 100ms",
            "of the server's own accord; the agent had done nothing yet",
        )
    ]


def test_an_event_may_ride_on_a_handshake_reply() -> None:
    recorded = Recorded()
    sent = recorded.message("handshake")
    reply = {**sent, "successful": True, "clientId": "c1", "x-messages": 1}
    body = msgspec.json.encode([reply, *delivered([INVITED])])
    recorded.exchange("POST", MOUNT, msgspec.json.encode([sent]), 0, 0.1, answer=body)

    assert events(recorded) == [("c1", INVITED[1], 0.1, 0.0)]


def test_an_event_that_waited_for_a_poll_says_since_when() -> None:
    recorded = Recorded().shaken().poll(0.1, 2.0, events=[INVITED]).poll(2.5, 2.501, events=[CHATTING])

    assert events(recorded)[1] == ("c1", CHATTING[1], 2.501, 2.0)


def test_events_that_waited_together_have_the_same_window() -> None:
    recorded = (
        Recorded().shaken().poll(0.1, 2.0, events=[INVITED]).poll(2.5, 2.501, events=[CHATTING, INVITED])
    )

    assert [(at, since) for _, _, at, since in events(recorded)[1:]] == [(2.501, 2.0)] * 2


def test_a_window_begins_with_the_latest_reply_however_the_polls_overlapped() -> None:
    recorded = Recorded().shaken().poll(0.1, 3.0).poll(0.2, 1.0)
    recorded.poll(3.1, 3.101, events=[INVITED])

    assert events(recorded) == [("c1", INVITED[1], 3.101, 3.0)]


def test_a_slow_line_is_no_hold() -> None:
    recorded = Recorded()
    recorded.poll(0, 0.3, recorded.message("handshake"), replies=[{"clientId": "c1"}])
    recorded.poll(1, 1.31, events=[INVITED])

    assert events(recorded) == [("c1", INVITED[1], 1.31, 0.3)]


def test_two_polls_in_flight_give_their_events_in_the_order_they_were_answered() -> None:
    recorded = Recorded().shaken()
    recorded.poll(0.1, 3.0, events=[CHATTING])
    recorded.poll(0.2, 2.0, events=[INVITED])

    assert [data for _, data, _, _ in events(recorded)] == [INVITED[1], CHATTING[1]]


def test_a_poll_that_a_second_one_ended_brought_nothing() -> None:
    recorded = Recorded().shaken()
    recorded.poll(0.1, 1.0, status=500, answer=b"")
    recorded.poll(1.0, 2.0, events=[INVITED])

    assert [at for _, _, at, _ in events(recorded)] == [2.0]
    assert recorded.notes() == ()


@pytest.mark.parametrize(
    "broken",
    [
        {"status": None, "answer": None, "failure": "Client disconnected"},
        {"answer": b'[{"channel":"/v2/me/chats","data":{"x"', "failure": "connection closed"},
        {"answer": None, "failure": "aborted"},
        {"status": 502, "answer": b"<html>Bad gateway</html>"},
    ],
)
def test_an_aborted_or_broken_poll_is_passed_over(broken: dict[str, Any]) -> None:
    recorded = Recorded().shaken().poll(0.1, 1.0, **broken).poll(1.0, 2.0, events=[INVITED])

    assert [at for _, _, at, _ in events(recorded)] == [2.0]
    assert recorded.notes() == ()


def test_a_whole_reply_that_cannot_be_read_is_noted() -> None:
    recorded = Recorded().shaken().poll(0.1, 1.0, answer=b"[{]").poll(1.0, 2.0, events=[INVITED])

    assert recorded.notes() == (
        "1 poll reply or frame that should hold messages cannot be read; it is left out",
    )


def test_the_publishers_id_in_an_event_makes_it_no_reply() -> None:
    recorded = Recorded().shaken()
    sent = recorded.message("connect")
    body = [{**delivered([INVITED])[0], "id": sent["id"]}, {**sent, "successful": True}]
    recorded.poll(0.1, 2.0, sent, answer=msgspec.json.encode(body))

    assert [data for _, data, _, _ in events(recorded)] == [INVITED[1]]


def test_a_message_that_the_client_published_is_no_event() -> None:
    recorded = Recorded().shaken()
    recorded.poll(0.1, 0.2, {"channel": CHATS, "data": "mine", "id": "9", "clientId": "c1"}, url="/")

    assert events(recorded) == []


@pytest.mark.parametrize("identifier", [None, 7, 1.5, True, ["a"], {"a": 1}])
def test_message_ids_may_be_of_any_type(identifier: Any) -> None:
    recorded = Recorded()
    recorded.poll(0, 0.1, {"channel": "/meta/handshake", "id": identifier}, replies=[{"clientId": "c1"}])

    assert [client.name for client in stream(recorded).clients] == ["c1"]


def test_callback_polling_is_polling() -> None:
    recorded = Recorded().shaken().jsonp(0.1, 2.0, INVITED)

    assert events(recorded) == [("c1", INVITED[1], 2.0, 2.0)]


def test_a_callback_polling_client_is_told_as_such() -> None:
    recorded = Recorded().jsonp(0.1, 2.0, INVITED)

    assert recorded.scenario().source.transports == ["callback-polling"]


def test_messages_may_come_as_a_form() -> None:
    recorded = Recorded().shaken()
    form = b"message=" + b"%5B%7B%22channel%22%3A%22%2Fmeta%2Fconnect%22%2C%22clientId%22%3A%22c1%22%7D%5D"
    body = msgspec.json.encode(delivered([INVITED]))
    typed = (("Content-Type", "application/x-www-form-urlencoded;charset=UTF-8"),)
    recorded.exchange("POST", MOUNT, form, 0.1, 2.0, answer=body, headers=typed)

    assert events(recorded) == [("c1", INVITED[1], 2.0, 2.0)]


def test_a_form_may_hold_several_messages_and_a_request_a_single_object() -> None:
    recorded = Recorded()
    recorded.poll(0, 0.1, recorded.message("handshake"), replies=[{"clientId": "c1"}])
    shaken = recorded.exchanges.pop()
    single = msgspec.json.encode(msgspec.json.decode(shaken.request_body)[0])
    recorded.exchanges.append(msgspec.structs.replace(shaken, request_body=single))
    fields = '&message={"channel":"/a","data":1,"clientId":"c1"}'
    fields += '&message={"channel":"/meta/connect","clientId":"c1"}'
    typed = (("Content-Type", "application/x-www-form-urlencoded"),)
    body = msgspec.json.encode(delivered([INVITED]))
    recorded.exchange("POST", MOUNT, fields.encode(), 0.1, 2.0, answer=body, headers=typed)

    assert [each[:2] for each in events(recorded)] == [("c1", INVITED[1])]


def test_a_batch_of_connect_and_subscribe_is_not_held() -> None:
    recorded = Recorded().handshake()
    batch = [recorded.message("connect"), recorded.message("subscribe", subscription=CHATS)]
    recorded.poll(0.1, 0.9, *batch, events=[INVITED])

    found = stream(recorded)
    assert [(s.patterns, round(s.at - EPOCH, 3)) for s in found.subscriptions] == [((CHATS,), 0.1)]
    assert events(recorded) == [("c1", INVITED[1], 0.9, 0.005)]


@pytest.mark.parametrize("listens", [[CHATS, "/v2/me/channels"], "/v2/me/*", "/**", ["/x", "/v2/**"]])
def test_a_story_begins_with_the_subscription_that_hears_it(listens: Any) -> None:
    recorded = Recorded().handshake()
    recorded.poll(0.2, 0.3, recorded.message("subscribe", subscription="/v2/me/calls"), url="/")
    recorded.poll(0.5, 0.6, recorded.message("subscribe", subscription=listens), url="/")
    recorded.poll(1.0, 2.5, events=[INVITED])

    assert recorded.scenario().source.recorded == "2023-11-14T22:13:20.500+00:00"
    assert triggers(recorded.scenario())[0][1] == "start + 2s"


def test_a_refused_subscription_begins_nothing() -> None:
    recorded = Recorded().handshake()
    refused = {"successful": False, "error": "403::no"}
    sent = recorded.message("subscribe", subscription=CHATS)
    recorded.poll(0.2, 0.3, sent, replies=[refused], url="/")
    recorded.poll(0.5, 0.6, recorded.message("subscribe", subscription=CHATS), url="/")
    recorded.poll(1.0, 2.5, events=[INVITED])

    assert triggers(recorded.scenario())[0][1] == "start + 2s"


def frames(recorded: Recorded, *more: tuple[float, str, Any]) -> Recorded:
    """A socket that shakes hands, subscribes and then says more."""
    shake = recorded.message("handshake")
    listen = recorded.message("subscribe", subscription=CHATS)
    return recorded.socket(
        0,
        (0.01, ">", [shake]),
        (0.02, "<", [{**shake, "successful": True, "clientId": "c1"}]),
        (0.03, ">", [listen]),
        (0.04, "<", [{**listen, "successful": True}]),
        *more,
    )


def test_frames_dissolve_into_events() -> None:
    recorded = frames(
        Recorded(), (2.0, "<", delivered([INVITED])), (2.5, "<", delivered([CHATTING, INVITED]))
    )

    assert events(recorded) == [
        ("c1", INVITED[1], 2.0, 2.0),
        ("c1", CHATTING[1], 2.5, 2.5),
        ("c1", INVITED[1], 2.5, 2.5),
    ]
    scenario = recorded.scenario()
    assert (scenario.source.transports, scenario.cometd.path) == (["websocket"], MOUNT)
    assert triggers(scenario)[0][1] == "start + 1.97s"


def test_a_socket_may_go_on_with_a_client_that_shook_hands_by_post() -> None:
    recorded = Recorded().handshake()
    recorded.socket(
        0.1,
        (0.2, "<", delivered([INVITED])),
        (0.3, ">", [recorded.message("connect")]),
        (0.4, "<", delivered([CHATTING])),
    )

    assert [each[0] for each in events(recorded)] == ["c1", "c1"]
    assert [client.transport for client in stream(recorded).clients] == ["long-polling"]


def test_frames_that_are_no_bayeux_are_passed_over() -> None:
    recorded = Recorded().shaken().poll(0.1, 2.0, events=[INVITED])
    recorded.socket(0.1, (0.2, ">", "ping"), (0.3, "<", {"channel": 1}), (0.4, "<", [1]))

    assert ids(recorded.scenario()) == ["invited"]


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("/genesys/cometd/handshake", "/genesys/cometd"),
        ("/genesys/cometd/", "/genesys/cometd"),
        ("/genesys/cometd", "/genesys/cometd"),
        ("/genesys/cometd/handshake;jsessionid=x", "/genesys/cometd"),
        ("/handshake", "/"),
        ("/", "/"),
        ("/app/connect", "/app/connect"),
    ],
)
def test_the_path_is_where_the_client_shook_hands(url: str, path: str) -> None:
    recorded = Recorded(mount="").handshake()
    shaken = msgspec.structs.replace(recorded.exchanges[0], url=f"http://gws:8080{url}")
    recorded.exchanges = [shaken]

    assert recorded.scenario().cometd.path == path


def test_a_recording_that_began_late_still_tells_the_path() -> None:
    recorded = Recorded(mount="/genesys/cometd").poll(0.1, 2.0, events=[INVITED])

    scenario = recorded.scenario()
    assert scenario.cometd.path == "/genesys/cometd"
    assert triggers(scenario)[0][1] == "start"


def test_rest_that_merely_has_a_channel_is_rest() -> None:
    recorded = (
        Recorded().shaken().call("POST", "/api/v2/x", {"channel": "/voice"}).poll(2, 3, events=[INVITED])
    )

    assert [step.id for step in recorded.scenario().session] == ["post-x"]


def test_without_cometd_there_is_one_sentence() -> None:
    with pytest.raises(RecordingError) as raised:
        Recorded().call("GET", "/api/v2/me").scenario(recording="x.mitm")

    assert str(raised.value) == "x.mitm holds no CometD traffic: no handshake and no event was seen"


def test_an_address_that_is_no_url_is_left_out() -> None:
    recorded = Recorded().shaken().poll(0.1, 2.0, events=[INVITED])
    recorded.call("GET", "http://[::1/x").call("GET", "://nowhere")

    assert recorded.notes() == ("2 requests have addresses that are no URLs; they are left out",)


@pytest.mark.parametrize("at", [float("nan"), float("inf"), -EPOCH, 1e18])
def test_a_time_that_no_clock_shows_is_left_out(at: float) -> None:
    recorded = Recorded().shaken().poll(0.1, 2.0, events=[INVITED])
    recorded.call("GET", "/api/v2/me").call("GET", "/api/v2/me", began=at).call("GET", "/api/v2/me", ended=at)

    assert recorded.notes() == ("2 requests have no times that a clock shows; they are left out",)


@pytest.mark.parametrize("status", [0, 99, 600, 999])
def test_a_status_that_http_does_not_know_is_left_out(status: int) -> None:
    recorded = Recorded().shaken().poll(0.1, 2.0, events=[INVITED])
    recorded.call("GET", "/api/v2/me", at=3.0, status=status)

    assert recorded.notes() == (
        "1 request was answered with a status that HTTP does not know; it is left out",
    )
    assert ids(recorded.scenario()) == ["invited"]


def test_a_clock_that_was_set_meanwhile_breaks_nothing() -> None:
    recorded = Recorded().shaken(-9e8).poll(9e8, 9e8 + 1, events=[INVITED])

    assert triggers(recorded.scenario())[0][1] == "start + 999999999s"
