"""Whose an exchange was is found afterwards, by every sign it has."""

from __future__ import annotations

from replay.conversation import Conversation
from replay.simulator.owners import Owners
from replay.testing import Script, scenario

STORY = """
variables: {chat: {recorded: 0000Na9B26EF002X, make: interaction-id}}
steps:
  - {id: hello, push: /a, after: start + 1s, data: {id: "${chat}"}}
  - {id: take, request: "POST /chats/${chat}", respond: {body: {ok: true}}}
"""


def owners(script: Script) -> list[str]:
    """Whose each kept exchange is, in order."""
    found: list[Conversation] = [each for each in script.traffic.conversations() if each is not None]
    known = Owners(script.simulator)
    for each in found:
        known.learn(each)
    return [agent.label if (agent := known.of(each)) is not None else "" for each in found]


def test_users_cookies_and_clients_tell_whose_it_is() -> None:
    script = Script(scenario(STORY))
    for desktop in (script.desktop("ann"), script.desktop(), script.desktop(cookies=False)):
        desktop.handshake()
        desktop.subscribe("/a")

    assert owners(script) == ["ann", "ann", "#2", "#2", "#3", "#3"]


def test_a_client_that_has_ended_is_still_somebodys() -> None:
    script = Script(scenario(STORY))
    script.desktop("ann").handshake()
    desktop = script.desktop(cookies=False)
    desktop.handshake()
    desktop.disconnect()

    assert owners(script) == ["ann", "#2", "#2"]


def test_a_request_without_credentials_is_known_by_the_ids_in_it() -> None:
    script = Script(scenario(STORY))
    desktops = [script.desktop("ann"), script.desktop("bob")]
    for desktop in desktops:
        desktop.handshake()
        desktop.subscribe("/a")
        desktop.connect()
        desktop.connect()
    script.advance(1)
    chat = desktops[1].events[0].data["id"]
    stranger = script.desktop(cookies=False)
    stranger.post(f"/chats/{chat}", {})
    stranger.get("/nothing")

    assert owners(script)[-2:] == ["bob", ""]


def test_a_socket_is_its_clients_whatever_it_was_opened_with() -> None:
    script = Script(scenario(STORY))
    for _ in range(2):
        desktop = script.desktop(cookies=False)
        desktop.open_socket()
        desktop.handshake()

    assert owners(script) == ["#1", "#2"]


def test_looking_for_owners_teaches_the_simulator_nothing() -> None:
    script = Script(scenario(STORY))
    script.desktop().handshake()
    script.desktop().handshake()
    before = [agent.keeps_cookies for agent in script.simulator.agents.all]
    owners(script)

    assert [agent.keeps_cookies for agent in script.simulator.agents.all] == before == [False, False]
