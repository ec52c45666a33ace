from __future__ import annotations

from typing import Any

import pytest

from replay.plan.values import compile_value, render
from replay.scenario.model import Scenario, Variable

from .recorded import CHAT, CHATS, HOST, Recorded, event, pushes, request

AGENT = "009052C5E743004C"


def said(data: Any, *, profile: str = "genesys") -> Scenario:
    """A scenario of one event."""
    return Recorded().shaken().poll(0.1, 2.0, events=[(CHATS, data)]).scenario(profile=profile)


def written(data: Any, **more: Any) -> Any:
    """How the data of an event stands in the file; what it means is what it was."""
    scenario = said(data, **more)
    text = pushes(scenario)[0].data
    known = {name: variable.recorded for name, variable in scenario.variables.items()} | {"base_url": HOST}
    assert render(compile_value(text), lambda name: known[name]) == data
    return text


def test_an_id_is_named_after_what_it_is_the_id_of() -> None:
    data = {
        "chat": {"id": CHAT},
        "participants": [{"participantId": AGENT, "type": "Agent"}, {"participantId": "009052C5E743004D"}],
        "devices": [{"id": "b2e1b0f4-0000-4000-8000-0123456789ab"}],
        "userId": "5f2a6c0d9b1e4c37a8d40be6127f93c1",
    }

    assert {name: each.make for name, each in said(data).variables.items()} == {
        "chat": "interaction-id",
        "device": "uuid",
        "agent": "participant-id",
        "participant": "participant-id",
        "user": "hex-id",
    }


@pytest.mark.parametrize("keys", [["uri", "id"], ["id", "uri"], ["path", "uri", "id"]])
def test_names_do_not_depend_on_the_order_of_fields(keys: list[str]) -> None:
    values = {"uri": f"{HOST}/api/v2/chats/{CHAT}", "id": CHAT, "path": f"/chats/{CHAT}"}
    scenario = said({"chat": {key: values[key] for key in keys}, "referenceId": 1})

    assert list(scenario.variables) == ["chat", "reference"]


def test_an_id_known_from_its_path_alone_is_named_after_the_collection() -> None:
    assert list(said({"path": f"/chats/{CHAT}"}).variables) == ["chat"]
    assert list(said({"chatUri": f"http://x/api/v2/chats/{CHAT}"}).variables) == ["chat"]


def test_two_of_a_kind_are_numbered() -> None:
    scenario = said([{"chat": {"id": CHAT}}, {"chat": {"id": "0000Na9B26EF00BB"}}])

    assert scenario.variables == {
        "chat": Variable(recorded=CHAT, make="interaction-id"),
        "chat2": Variable(recorded="0000Na9B26EF00BB", make="interaction-id"),
    }


def test_ids_inside_longer_strings_and_urls_are_lifted() -> None:
    data = {
        "id": CHAT,
        "note": f"chat_{CHAT}, ({CHAT}) or chat-{CHAT}-x, ${CHAT}",
        "uri": f"{HOST}/api/v2/chats/{CHAT}?me={CHAT}#{CHAT}",
    }

    assert written(data) == {
        "id": "${chat}",
        "uri": "${base_url}/api/v2/chats/${chat}?me=${chat}#${chat}",
        "note": "chat_${chat}, (${chat}) or chat-${chat}-x, ${$}${chat}",
    }


@pytest.mark.parametrize("text", [f"{CHAT}0", f"x{CHAT}", CHAT.lower(), CHAT[:-1]])
def test_a_text_that_merely_resembles_an_id_stays(text: str) -> None:
    assert written({"id": CHAT, "note": text})["note"] == text


@pytest.mark.parametrize("field", ["account", "text", "AccountId", "subject"])
def test_a_value_that_only_looks_like_an_id_is_not_lifted(field: str) -> None:
    data = [{field: "0012345678901234"}, {field: "0012345678901234"}]

    assert said(data).variables == {}


def test_what_the_client_said_first_is_no_id_of_the_servers() -> None:
    recorded = Recorded().shaken().poll(0.1, 2.0, events=[event("Invited")])
    attach = {"operationName": "AttachUserData", "userData": {"account": "0012345678901234"}}
    recorded.call("POST", f"/api/v2/me/chats/{CHAT}", attach, 3.0)
    recorded.poll(2.1, 3.1, events=[event("Chatting", userData=attach["userData"])])
    recorded.call("POST", f"/api/v2/me/chats/{CHAT}", attach, 4.0)

    assert list(recorded.scenario().variables) == ["chat"]


def test_an_id_that_the_client_used_first_is_the_clients_to_bring() -> None:
    recorded = Recorded().shaken().accept(1.0).poll(0.1, 2.0, events=[event("Chatting")])

    scenario = recorded.scenario()
    assert scenario.variables == {"chat": Variable(recorded=CHAT)}
    assert request(scenario, "accept").request == "POST /api/v2/me/chats/${chat}"


def test_what_the_server_said_and_the_client_used_is_an_id_whatever_it_looks_like() -> None:
    recorded = Recorded().shaken().poll(0.1, 2.0, events=[(CHATS, {"id": "case-7041", "also": "case-7041"})])
    recorded.call("GET", "/api/v2/cases/case-7041", at=3.0)

    scenario = recorded.scenario(profile="plain")
    assert scenario.variables == {"case": Variable(recorded="case-7041", make="lookalike")}
    assert pushes(scenario)[0].data == {"id": "${case}", "also": "${case}"}
    assert request(scenario, "get-case").request == "GET /api/v2/cases/${case}"


def test_the_state_ids_that_every_server_shares_stay() -> None:
    state = {"id": "9430250E-0A1B-421F-B372-F29E69366DED", "state": "Ready"}

    assert written({"userState": state, "devices": [{"userState": state}]}) == {
        "userState": state,
        "devices": [{"userState": state}],
    }


def test_numbers_of_requests_are_counted_and_other_numbers_stay() -> None:
    assert written({"referenceId": 17, "index": 17, "nested": [{"referenceId": 17}]}) == {
        "referenceId": "${reference}",
        "index": 17,
        "nested": [{"referenceId": "${reference}"}],
    }


@pytest.mark.parametrize("value", [True, None, "17", 17.5])
def test_a_reference_that_is_no_whole_number_stays(value: Any) -> None:
    assert written({"referenceId": value}) == {"referenceId": value}


@pytest.mark.parametrize(
    ("field", "url", "lifted"),
    [
        ("uri", "http://elsewhere:1/chats", "${base_url}/chats"),
        ("chatUri", "https://elsewhere", "${base_url}"),
        ("note", "see http://elsewhere/gws/api/v2/chats now", "see ${base_url}/gws/api/v2/chats now"),
        ("note", f"{HOST.upper()}/x", "${base_url}/x"),
        ("note", "http://gws:8080", "${base_url}"),
        ("note", "at http://gws:8080 now", "at ${base_url} now"),
        ("note", "http://elsewhere/x", "http://elsewhere/x"),
        ("note", "http://gws:80801/x", "http://gws:80801/x"),
        ("note", "$http://gws:8080/x", "${$}${base_url}/x"),
        ("note", "ws://gws:8080/x", "ws://gws:8080/x"),
        ("note", "http://elsewhere/?to=/api/v2/", "http://elsewhere/?to=/api/v2/"),
        ("uri", "urn:x", "urn:x"),
        ("note", "http://[bad/api/v2/x", "${base_url}/api/v2/x"),
        ("path", "//[bad/0000Na9B26EF002X", "//[bad/${chat}"),
    ],
)
def test_the_recorded_server_is_lifted_whatever_it_calls_itself(field: str, url: str, lifted: str) -> None:
    data = pushes(said({"chat": {"id": CHAT}, field: url}))[0].data

    assert data == {"chat": {"id": "${chat}"}, field: lifted}


@pytest.mark.parametrize(
    "text", ["${x}", "a ${ b", "$${", "$", "$$", "${", "}", "$${base_url}", "${base_url}"]
)
def test_what_looks_like_a_variable_is_escaped(text: str) -> None:
    assert written({"a": text, text: 1, "list": [text]}) != {"a": "x"}


def test_ids_in_keys_are_lifted_too() -> None:
    assert written({"id": CHAT, CHAT: {"${x}": 1}, f"of {CHAT}": 2}) == {
        "id": "${interaction}",
        "${interaction}": {"$${x}": 1},
        "of ${interaction}": 2,
    }


def test_an_object_whose_keys_are_ids_names_them() -> None:
    assert written({"chats": {CHAT: {"state": "Invited"}}}) == {"chats": {"${chat}": {"state": "Invited"}}}


@pytest.mark.parametrize("key", ["account17", "queue-12", "2014-01-02", "Warteschlange 1"])
def test_a_key_that_only_looks_like_an_id_stays(key: str) -> None:
    assert written({"chats": {key: {"state": "Invited"}}}) == {"chats": {key: {"state": "Invited"}}}


@pytest.mark.parametrize(
    "data", ["text", "", 7, 1.5, None, True, [], {}, [[[{"a": []}]]], "Grüße, 日本 😀", "\x00\n"]
)
def test_data_may_be_any_json(data: Any) -> None:
    assert written(data) == data
    assert written(data, profile="plain") == data


def test_what_the_client_makes_up_is_captured_and_comes_back_in_later_events() -> None:
    recorded = Recorded().shaken()
    invited = event("Invited", from_={"nickname": "Marat"})
    recorded.poll(0.1, 2.0, events=[invited])
    accept = {"operationName": "Accept", "nickname": "Marat"}
    recorded.call("POST", f"/api/v2/me/chats/{CHAT}", accept, 3.0, said={"nickname": "Marat"})
    recorded.poll(
        2.1, 3.2, events=[event("Chatting", participants=[{"nickname": "Marat"}, {"nickname": "P"}])]
    )

    scenario = recorded.scenario()
    assert scenario.variables["nickname"] == Variable(recorded="Marat")
    assert pushes(scenario)[0].data["from_"] == {"nickname": "Marat"}
    assert request(scenario, "accept").body == {"operationName": "Accept", "nickname": "${nickname}"}
    assert request(scenario, "accept").respond[0].body == {"nickname": "${nickname}"}
    assert pushes(scenario)[1].data["participants"] == [{"nickname": "${nickname}"}, {"nickname": "P"}]


def test_the_same_text_sent_twice_is_captured_by_each() -> None:
    recorded = Recorded().shaken().poll(0.1, 2.0, events=[event("Invited")])
    for at in (3.0, 4.0):
        send = {"operationName": "SendMessage", "text": "ok"}
        recorded.call("POST", f"/api/v2/me/chats/{CHAT}", send, at)
        recorded.poll(at - 0.5, at + 0.1, events=[event("Chatting", messages=[{"text": "ok"}])])

    scenario = recorded.scenario()
    assert [request(scenario, name).body["text"] for name in ("send-message", "send-message-2")] == [
        "${text}",
        "${text2}",
    ]
    assert [push.data["messages"] for push in pushes(scenario)[1:]] == [
        [{"text": "${text}"}],
        [{"text": "${text2}"}],
    ]


def test_no_variable_takes_a_name_that_is_taken() -> None:
    data = {"base_urlId": "b2e1b0f4-0000-4000-8000-0123456789ab"}
    recorded = Recorded().shaken().poll(0.1, 2.0, events=[(CHATS, data)])
    recorded.call("GET", "/api/v2/x/b2e1b0f4-0000-4000-8000-0123456789ab", at=3.0)

    assert list(recorded.scenario().variables) == ["base_url2"]


def test_channels_hold_ids_too() -> None:
    recorded = Recorded().shaken(listens="/**")
    recorded.poll(0.1, 2.0, events=[(f"/v2/chats/{CHAT}/log", {"id": CHAT}), ("/a/${x}", 1)])

    assert [push.push for push in pushes(recorded.scenario())] == [
        "/v2/chats/${interaction}/log",
        "/a/$${x}",
    ]


def test_fields_that_readers_look_for_come_first() -> None:
    data = {"z": 1, "chat": {"uri": "x", "zeta": 1, "state": "s", "id": CHAT}, "messageType": "m"}

    assert list(pushes(said(data))[0].data) == ["messageType", "chat", "z"]
    assert list(pushes(said(data))[0].data["chat"]) == ["id", "state", "uri", "zeta"]
    assert list(pushes(said(data, profile="plain"))[0].data) == ["z", "chat", "messageType"]


@pytest.mark.parametrize(
    ("url", "noted"), [("ws://gws:8080/x", True), ("see WS://GWS:8080", True), ("ws://other/x", False)]
)
def test_an_address_of_a_websocket_stays_and_is_noted(url: str, noted: bool) -> None:
    data = {"chat": {"id": CHAT}, "note": [url, url]}
    recorded = Recorded().shaken().poll(0.1, 2.0, events=[(CHATS, data)])

    said = "1 address of the server's WebSocket (ws:) stands in what it says; it stays as recorded"
    assert pushes(recorded.scenario())[0].data["note"] == [url, url]
    assert recorded.notes() == ((said,) if noted else ())
