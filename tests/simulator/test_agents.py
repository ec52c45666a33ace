"""Who is asking: every sign by which an agent is known, and which of two signs weighs more."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from replay.testing import Desktop, Script, scenario

OFFER = """
variables:
  chat: {recorded: 0000Na9B26EF002X, make: interaction-id}
session:
  - {id: me, request: GET /me, respond: {body: {ok: true}}}
steps:
  - {id: offer, push: /chats, after: start, data: {id: "${chat}"}}
  - {id: accept, request: "POST /chats/${chat}", repeat: last, respond: {body: {ok: true}}}
  - {id: look, request: "GET /chats?id=${chat}", respond: {body: {ok: true}}}
  - {id: note, request: POST /notes, repeat: last, body: {about: "${chat}"}, respond: {body: {ok: true}}}
  - {id: taken, push: /chats, after: accept, data: {taken: "${chat}"}}
"""


@pytest.fixture
def script() -> Script:
    return Script(scenario(OFFER))


def listen(desktop: Desktop) -> Desktop:
    """Shakes hands and fetches its offer."""
    desktop.handshake()
    desktop.subscribe("/chats")
    desktop.connect(advice={"timeout": 0})
    return desktop


def chat_of(desktop: Desktop) -> str:
    return str(desktop.events[0].data["id"])


def taken(desktop: Desktop) -> list[str]:
    """The chats it heard of as taken."""
    desktop.connect(advice={"timeout": 0})
    return [event.data["taken"] for event in desktop.events if "taken" in event.data]


def names(script: Script) -> list[str]:
    return [agent.label for agent in script.simulator.agents.all]


def test_the_user_in_authorization_is_the_agent(script: Script) -> None:
    listen(script.desktop("ann", cookies=False))
    script.desktop("bob", cookies=False).get("/me")
    script.desktop("ann", cookies=False).get("/me")

    assert names(script) == ["ann", "bob"]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Basic " + base64.b64encode(b"ann:secret").decode(), "ann"),
        ("basic " + base64.b64encode("Zoë:ü:x".encode("iso-8859-1")).decode(), "Zoë"),
        ("Basic not!base64", "basic-550619d0"),
        ("Bearer abc", "bearer-c355dce9"),
        ("abc", "token-ba7816bf"),
    ],
)
def test_basic_credentials_name_their_user_and_others_are_known_by_a_digest(
    script: Script, header: str, name: str
) -> None:
    desktop = script.desktop("anybody")
    desktop._authorization = header

    desktop.get("/me")

    assert names(script) == [name]


def test_a_handshake_without_any_sign_makes_a_new_agent(script: Script) -> None:
    one, other = (listen(script.desktop(cookies=False)) for _ in range(2))

    assert names(script) == ["#1", "#2"]
    assert chat_of(one) != chat_of(other)


def test_our_cookie_names_the_agent_at_its_next_handshake(script: Script) -> None:
    desktop = listen(script.desktop())
    listen(desktop)

    assert names(script) == ["#1"]


def test_the_cookie_of_a_rest_answer_names_the_agent_too(script: Script) -> None:
    desktop = script.desktop()
    exchange = desktop.get("/me")
    listen(script.desktop("somebody else"))
    listen(desktop)

    assert ("Set-Cookie", f"JSESSIONID={desktop.jar['JSESSIONID']}; Path=/; HttpOnly") in script.headers(
        exchange
    )
    assert names(script) == ["#1", "somebody else"]


def test_a_request_that_carries_a_cookie_of_ours_is_given_no_other(script: Script) -> None:
    desktop = listen(script.desktop())

    exchange = desktop.get("/me")

    assert script.headers(exchange) == (("Content-Type", "application/json;charset=UTF-8"),)


@pytest.mark.parametrize(
    "cookie",
    ["{}", 'prefs={{"a": [1, 2]}}; {}', "a b c; =x; ;;{}", 'caf\u00e9="ü"; {}', "_ga=GA1.2; {}; z=/:@,"],
)
def test_cookies_of_others_beside_ours_do_no_harm(script: Script, cookie: str) -> None:
    desktop = listen(script.desktop())
    listen(script.desktop())
    jar = desktop.jar
    desktop.jar = {}
    written = cookie.format(f"BAYEUX_BROWSER={jar['BAYEUX_BROWSER']}")
    name, _, value = written.partition("=")
    desktop.jar = {name: value}

    exchange = desktop.get("/me")

    assert script.answer(exchange).status == 200


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("POST", "/chats/{}", None),
        ("GET", "/chats?id={}", None),
        ("POST", "/notes", {"about": "{}"}),
    ],
)
def test_a_minted_id_in_path_query_or_body_names_the_agent(
    script: Script, method: str, target: str, body: Any
) -> None:
    desktops = [listen(script.desktop(cookies=False)) for _ in range(2)]

    for desktop in desktops:
        chat = chat_of(desktop)
        if body is None:
            exchange = desktop.request(method, target.format(chat))
        else:
            exchange = desktop.post(target, {"about": chat})
        assert script.answer(exchange).body == {"ok": True}


def test_a_minted_id_in_a_url_in_the_body_names_the_agent() -> None:
    script = Script(scenario(OFFER.replace('{about: "${chat}"}', '{about: "${base_url}/chats/${chat}"}')))
    one, other = (listen(script.desktop(cookies=False)) for _ in range(2))

    for desktop in (other, one):
        exchange = desktop.post("/notes", {"about": f"http://localhost:8090/chats/{chat_of(desktop)}"})
        assert script.answer(exchange).status == 200


def test_a_client_id_in_a_request_names_the_agent(script: Script) -> None:
    desktops = [listen(script.desktop(cookies=False)) for _ in range(2)]

    for desktop in desktops:
        assert script.answer(desktop.get(f"/me?clientId={desktop.client_id}")).status == 200


def test_a_request_without_any_sign_is_the_only_agents(script: Script) -> None:
    desktop = listen(script.desktop("ann", cookies=False))

    exchange = script.desktop(cookies=False).post(f"/chats/{chat_of(desktop)}", {})
    nameless = script.desktop(cookies=False).get("/me")

    assert [script.answer(each).status for each in (exchange, nameless)] == [200, 200]
    assert names(script) == ["ann"]


def test_a_request_without_any_sign_is_a_miss_that_says_so_where_there_are_several_agents(
    script: Script,
) -> None:
    for user in ("ann", "bob"):
        listen(script.desktop(user))

    exchange = script.desktop(cookies=False).get("/me")

    sentence = (
        "say whose request it is: several agents are here, and it has no Authorization, no session cookie, "
        "no id made for a play of theirs and no clientId"
    )
    body = script.answer(exchange).body
    script.expect(
        (script.answer(exchange).status, body["statusCode"], body["statusMessage"]), (404, 6, sentence)
    )
    script.expect((body["replay"]["why"], body["replay"]["closest"]), (sentence, None))
    assert script.headers(exchange) == (("Content-Type", "application/json;charset=UTF-8"),)


def test_a_request_without_any_sign_after_everybody_left_is_somebody_new(script: Script) -> None:
    # The next run of a desktop that begins with REST and kept no cookies.
    for _ in range(3):
        desktop = script.desktop()
        desktop.get("/me")
        listen(desktop)
        desktop.disconnect()

    assert names(script) == ["#1", "#2", "#3"]


def test_authorization_weighs_more_than_a_cookie(script: Script) -> None:
    ann, bob = listen(script.desktop("ann")), listen(script.desktop("bob"))
    ann.jar = bob.jar

    ann.request("POST", f"/chats/{chat_of(ann)}")

    assert (taken(ann), taken(bob)) == ([chat_of(ann)], [])
    assert script.simulator.agents.find(ann.headers) is script.simulator.agents.all[0]


def test_a_cookie_weighs_more_than_a_minted_id_and_a_minted_id_more_than_a_client_id(script: Script) -> None:
    one, other = (listen(script.desktop()) for _ in range(2))
    agents = script.simulator.agents

    assert agents.find(one.headers, [chat_of(other)]) is agents.all[0]
    assert agents.find({}, [one.client_id, chat_of(other)]) is agents.all[1]
    assert agents.find({}, [one.client_id]) is agents.all[0]
    assert agents.find({}, ["nobody's"]) is None


def test_an_agent_known_by_its_cookie_takes_the_name_that_authorization_adds(script: Script) -> None:
    desktop = listen(script.desktop())
    listen(script.desktop())
    named = script.desktop("ann")
    named.jar = desktop.jar

    named.request("POST", f"/chats/{chat_of(desktop)}")

    assert names(script) == ["ann", "#2"]
    assert taken(desktop) == [chat_of(desktop)]


def test_the_only_nameless_agent_takes_the_name_of_the_first_request_that_has_one(script: Script) -> None:
    # A desktop that sends its credentials with REST but not with CometD, and keeps no cookies.
    desktop = listen(script.desktop(cookies=False))

    script.desktop("ann", cookies=False).get("/me")

    assert names(script) == ["ann"]
    assert len(desktop.events) == 1


def test_a_named_handshake_is_not_taken_for_a_nameless_agent_that_is_already_connected(
    script: Script,
) -> None:
    nameless = listen(script.desktop(cookies=False))
    ann = listen(script.desktop("ann", cookies=False))

    assert names(script) == ["#1", "ann"]
    assert chat_of(nameless) != chat_of(ann)


def test_a_desktop_that_begins_with_rest_and_keeps_no_cookies_is_one_agent(script: Script) -> None:
    desktop = script.desktop(cookies=False)
    desktop.get("/me")
    listen(desktop)
    listen(script.desktop(cookies=False))

    assert names(script) == ["#1", "#2"]


def test_all_clients_of_an_agent_receive_its_events(script: Script) -> None:
    one = listen(script.desktop("ann"))
    two = script.desktop("ann")
    two.handshake()
    two.subscribe("/chats")
    two.connect(advice={"timeout": 0})

    two.request("POST", f"/chats/{chat_of(one)}")

    assert (taken(one), taken(two)) == ([chat_of(one)], [chat_of(one)])


@pytest.mark.parametrize("user", ["ann", ""])
def test_two_agents_never_see_each_others_events(script: Script, user: str) -> None:
    one, other = listen(script.desktop(user)), listen(script.desktop(user and "bob"))

    other.request("POST", f"/chats/{chat_of(other)}")

    assert (taken(one), taken(other)) == ([], [chat_of(other)])
    assert chat_of(one) != chat_of(other)


def test_a_storm_of_agents_each_have_a_chat_of_their_own(script: Script) -> None:
    desktops = [script.desktop(cookies=False) for _ in range(1_000)]
    for desktop in desktops:
        desktop.handshake()
    for desktop in desktops:
        desktop.subscribe("/chats")
        desktop.connect()

    assert len({chat_of(desktop) for desktop in desktops}) == 1_000


def test_nothing_of_its_clients_is_left_once_they_are_silent(script: Script) -> None:
    for _ in range(100):
        script.desktop(cookies=False).handshake()
    script.advance(10)

    agents = script.simulator.agents
    assert (script.simulator.bayeux.clients, agents._by_client) == ({}, {})
    assert not any(agent.clients for agent in agents.all)
