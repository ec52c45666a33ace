from __future__ import annotations

from typing import Any

import msgspec
import pytest

from replay.scenario.dump import dumps
from replay.scenario.model import Cometd, RequestStep

from .recorded import CHAT, CHATS, JSON_TYPE, MOUNT, Recorded, event, ids, pushes, request

READY = {"operationName": "Ready"}


def offered() -> Recorded:
    return Recorded().shaken().poll(0.1, 2.0, events=[event("Invited")])


def session(recorded: Recorded) -> list[str]:
    return [step.id for step in recorded.scenario().session]


def test_a_story_is_told_from_its_start_to_its_end() -> None:
    recorded = Recorded().call("POST", "/api/v2/me", READY, -1.0).shaken()
    recorded.poll(0.1, 2.0, events=[event("Invited")]).accept(3.0).poll(2.1, 3.05, events=[event("Chatting")])

    assert dumps(recorded.scenario(recording="x.mitm")).partition("version: 1\n")[2] == (
        """\
name: story
about: 1 request and 2 events of one agent, distilled from x.mitm.
source: {recording: x.mitm, recorded: "2023-11-14T22:13:20.010+00:00", transports: [long-polling]}

variables:
  chat: {recorded: 0000Na9B26EF002X, make: interaction-id}

session:
  - id: ready
    request: POST /api/v2/me
    body: {operationName: Ready}
    respond: {after: 40ms, body: {statusCode: 0}}

steps:
  - id: invited
    push: /v2/me/chats
    after: start and ready + 1.99s
    because: of the server's own accord; no request before it shares an id
    data:
      messageType: ChatStateChangeMessage
      notificationType: StatusChange
      chat: {id: "${chat}", state: Invited}

  - id: accept
    request: POST /api/v2/me/chats/${chat}
    body: {operationName: Accept}
    think: 1s
    respond: {after: 40ms, body: {statusCode: 0}}

  - id: chatting
    push: /v2/me/chats
    after: accept + 50ms
    because: same chat id
    data:
      messageType: ChatStateChangeMessage
      notificationType: StatusChange
      chat: {id: "${chat}", state: Chatting}
"""
    )


def test_what_names_no_id_of_an_event_is_session() -> None:
    recorded = offered().call("GET", "/api/v2/me", at=3.0).call("POST", "/api/v2/me", READY, 4.0).accept(5.0)

    assert session(recorded) == ["get-me", "ready"]
    assert ids(recorded.scenario()) == ["invited", "accept"]


def test_what_is_read_belongs_to_the_story_once_its_answer_tells_of_it() -> None:
    recorded = Recorded().shaken().call("GET", "/api/v2/me/chats", at=0.5, said={"chats": []})
    recorded.poll(0.1, 2.0, events=[event("Invited")])
    recorded.call("GET", "/api/v2/me/chats", at=3.0, said={"chats": [{"id": CHAT}]})

    scenario = recorded.scenario()
    assert [step.id for step in scenario.session] == ["get-chats-2"]
    assert request(scenario, "get-chats-2").respond[0].body == {"chats": []}
    assert request(scenario, "get-chats").needs == ["invited"]
    assert request(scenario, "get-chats").respond[0].body == {"chats": [{"id": "${chat}"}]}


def test_who_i_am_stays_session_although_events_name_me() -> None:
    me = "5f2a6c0d9b1e4c37a8d40be6127f93c1"
    recorded = Recorded().call("GET", "/api/v2/me", at=-1.0, said={"user": {"id": me}}).shaken()
    recorded.poll(0.1, 2.0, events=[event("Invited", userId=me)])
    recorded.call("GET", "/api/v2/me", at=3.0, said={"user": {"id": me}})

    assert session(recorded) == ["get-me"]


def test_pages_scripts_and_pictures_are_left_out() -> None:
    recorded = offered()
    for path, kind in (
        ("/ui/", "text/html;charset=utf-8"),
        ("/ui/app.js", "application/javascript"),
        ("/ui/ring.mp3", "audio/mpeg"),
        ("/favicon.ico", ""),
    ):
        recorded.call("GET", path, at=3.0, answered_with=(("Content-Type", kind),))
    recorded.call("GET", "/ui/new.png", at=3.0, status=304, answer=b"", answered_with=())

    assert session(recorded) == []
    assert recorded.notes() == ("5 requests for pages, scripts or pictures are left out",)


def test_an_error_page_of_the_api_stays() -> None:
    html = (("Content-Type", "text/html"),)
    recorded = offered().call("GET", "/api/v2/me", at=3.0, status=500, answer=b"<h1>No", answered_with=html)

    assert request(recorded.scenario(), "get-me").respond[0].text == "<h1>No"


def test_other_hosts_are_left_out_unless_they_serve_the_api() -> None:
    recorded = offered().call("POST", "https://stats.example/collect", {}, 3.0)
    recorded.call("GET", "http://gws-b/api/v2/me", at=3.0)
    recorded.call("GET", "http://gws:8080/config", at=3.0)

    assert session(recorded) == ["get-me", "get-config"]
    assert recorded.notes() == ("1 request to another host is left out",)


def test_rest_on_a_port_of_its_own_is_at_home() -> None:
    recorded = offered().call("GET", "http://rest:9000/me", at=3.0)

    told = recorded.distilled(profile="plain")
    assert ([step.id for step in told.scenario.session], told.notes) == (["get-me"], ())


def test_preflights_are_the_servers_own_affair() -> None:
    recorded = offered().exchange("OPTIONS", "/api/v2/me", b"", 3.0, 3.1)
    recorded.exchange("OPTIONS", MOUNT + "/connect", b"", 3.0, 3.1)

    assert session(recorded) == []
    assert recorded.notes() == ()


@pytest.mark.parametrize(
    "broken",
    [
        {"status": None, "answer": None, "failure": "Client disconnected"},
        {"failure": "connection closed"},
        {"ended": None},
    ],
)
def test_a_request_without_its_whole_answer_is_left_out_and_told(broken: dict[str, Any]) -> None:
    recorded = offered().accept(3.0, **broken)

    assert ids(recorded.scenario()) == ["invited"]
    assert recorded.notes() == ("1 request got no whole answer in the recording; it is left out",)


def test_an_answer_whose_body_was_not_recorded_is_told() -> None:
    recorded = offered().accept(3.0, answer=None)

    assert request(recorded.scenario(), "accept").respond[0].body is msgspec.UNSET
    assert recorded.notes() == ("1 answer was recorded without its body; it has none here",)


@pytest.mark.parametrize("method", ["PROPFIND", "CONNECT", "get"])
def test_a_method_that_no_scenario_has_is_left_out_and_told(method: str) -> None:
    recorded = offered().call(method, "/api/v2/me", at=3.0)

    assert recorded.notes() == ("1 request with a method that no scenario has is left out",)


@pytest.mark.parametrize("channel", ["/meta/reload", "/a b", "/a/*", "/x\u3000"])
def test_an_event_that_cannot_be_pushed_is_left_out_and_told(channel: str) -> None:
    recorded = offered().poll(2.1, 3.0, events=[(channel, 1)])

    assert ids(recorded.scenario()) == ["invited"]
    assert recorded.notes() == ("1 event came on a channel that no scenario can push to; it is left out",)


def test_a_recording_without_events_has_no_story() -> None:
    told = Recorded().shaken().call("GET", "/api/v2/me").distilled()

    assert (told.scenario.steps, [step.id for step in told.scenario.session]) == ([], ["get-me"])
    assert told.notes == ("no event came for this agent: there is no story",)


def test_a_recording_of_a_handshake_alone_is_one() -> None:
    scenario = Recorded().handshake().scenario()

    assert (scenario.steps, scenario.session, scenario.variables) == ([], [], {})
    assert scenario.about == "0 requests and 0 events of one agent, distilled from a recording."


@pytest.mark.parametrize(
    ("advice", "cometd"),
    [
        ({"timeout": 60000, "interval": 2000}, Cometd(timeout="1m", interval="2s")),
        ({"timeout": 25500.0, "maxInterval": 5000}, Cometd(timeout="25.5s", max_interval="5s")),
        ({"timeout": -1, "interval": True}, Cometd()),
        ({"timeout": "30000", "interval": None}, Cometd()),
        ({"timeout": 1e18}, Cometd()),
        ([], Cometd()),
    ],
)
def test_the_advice_of_the_handshake_is_kept(advice: Any, cometd: Cometd) -> None:
    assert Recorded().handshake(advice=advice or {"x": 1}).scenario().cometd == cometd


def test_times_to_be_moved_are_named_where_they_are_times() -> None:
    times = {"timestamp": "2014-01-02T14:23:18.000-0800", "timestampSeconds": 1389261492035}
    recorded = offered().poll(2.1, 3.0, events=[(CHATS, [times]), (CHATS, {"receivedDate": "soon"})])

    assert recorded.scenario().shift_times == ["timestamp", "timestampSeconds"]


def test_an_id_in_an_answer_alone_brings_its_times_too() -> None:
    recorded = offered().call("GET", "/api/v2/me", at=3.0, said={"receivedDate": "2014-01-02 14:23:18Z"})

    assert recorded.scenario().shift_times == ["receivedDate"]


def test_half_a_character_is_mended_and_told() -> None:
    halves = b'{"statusCode": 0, "half": "a\\ud83d", "whole": "\\ud83d\\ude00", "\\uDE00": [1.5]}'
    recorded = offered().call("GET", "/api/v2/me", at=3.0, answer=halves)
    sent = recorded.message("connect")
    body = b'[{"channel":"/v2/me/chats","data":"\\ud83d"}, %s]' % msgspec.json.encode(
        {**sent, "successful": True}
    )
    recorded.poll(2.1, 3.0, sent, answer=body)

    scenario = recorded.scenario()
    assert request(scenario, "get-me").respond[0].body == {
        "statusCode": 0,
        "half": "a\ufffd",
        "whole": "😀",
        "\ufffd": [1.5],
    }
    assert pushes(scenario)[1].data == "\ufffd"
    assert recorded.notes() == ("2 bodies held half a character (a lone surrogate); U+FFFD stands for each",)


@pytest.mark.parametrize(
    "body", [b'["\\ud83d", NaN]', b'["\\ud83d", 1e999]', b'["\\ud83d"', b"1e999", b"[" * 5000, b"9" * 5000]
)
def test_what_is_not_json_that_a_file_can_hold_stays_text(body: bytes) -> None:
    recorded = offered().call("GET", "/api/v2/me", at=3.0, answer=body, answered_with=(JSON_TYPE,))

    assert request(recorded.scenario(), "get-me").respond[0].text == body.decode()


def nested(depth: int) -> Any:
    value: Any = "deep"
    for _ in range(depth):
        value = [value]
    return value


def test_what_is_nested_deeper_than_a_file_may_be_stays_text_or_is_told() -> None:
    recorded = offered().call("GET", "/api/v2/me", at=3.0, said=nested(91))
    recorded.call("GET", "/api/v2/it", at=3.0, said=nested(92)).poll(2.1, 3.0, events=[(CHATS, nested(95))])

    scenario = recorded.scenario()
    assert request(scenario, "get-me").respond[0].body == nested(91)
    assert request(scenario, "get-it").respond[0].text is not None
    assert ids(scenario) == ["invited"]
    assert recorded.notes() == (
        "1 poll reply or frame that should hold messages cannot be read; it is left out",
    )


def test_the_same_recording_is_always_the_same_scenario() -> None:
    recorded = offered().accept(3.0).poll(2.1, 3.1, events=[event("Chatting")])

    before = recorded.scenario()
    recorded.exchanges.reverse()
    assert dumps(recorded.scenario()) == dumps(before)


def test_who_asks_for_what_an_answer_of_the_story_has_told_asks_within_the_story() -> None:
    other = "0000Na9B26EF00A1"
    recorded = Recorded().shaken().poll(0.1, 1.0, events=[event("Invited")])
    recorded.call("GET", "/api/v2/me", at=2.0, said={"chats": [CHAT, other]})
    recorded.call("GET", f"/api/v2/me/chats/{other}", at=3.0)

    scenario = recorded.scenario()

    assert [step.id for step in scenario.session] == []
    assert [step.id for step in scenario.steps] == ["invited", "get-me", "get-chat"]


def test_what_is_read_of_the_story_waits_for_no_event_that_came_later() -> None:
    recorded = Recorded().shaken().poll(0.1, 1.0, events=[event("Invited")])
    recorded.call("GET", "/api/v2/me", at=2.0, said={"chats": [CHAT, "0000Na9B26EF00A1"]})
    recorded.poll(1.1, 4.0, events=[event("Invited", of="0000Na9B26EF00A1")])
    recorded.call("GET", "/api/v2/me/chats/0000Na9B26EF00A1", at=5.0)

    read = next(step for step in recorded.scenario().steps if step.id == "get-me")

    assert isinstance(read, RequestStep)
    assert read.needs == ["invited"]
