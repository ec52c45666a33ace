"""Values of variables that whoever serves has given: every play has them instead of its own."""

from __future__ import annotations

from typing import Any

from replay.scenario.model import Scenario
from replay.simulator.options import Options
from replay.simulator.resetting import reset
from replay.testing import Desktop, Script, scenario


def story(name: str = "story", path: str = "/chats") -> Scenario:
    """An invite with ids, a text and a number; an Accept with what the client calls itself."""
    return scenario(
        f"""
        variables:
          chat: {{recorded: 0000Na9B26EF002X, make: interaction-id}}
          customer: {{recorded: 009052C5E6D6004A, make: participant-id}}
          reference: {{recorded: 17, make: counter}}
          topic: {{recorded: billing}}
          nickname: {{recorded: Marat}}
        session:
          - {{id: me, request: GET /me, respond: {{body: {{called: "${{nickname}}"}}}}}}
        steps:
          - id: invited
            push: /chats
            data: {{id: "${{chat}}", from: "${{customer}}", topic: "${{topic}}"}}
          - id: accept
            request: POST {path}/${{chat}}
            body: {{nickname: "${{nickname}}"}}
            respond: {{body: {{reference: "${{reference}}"}}}}
          - id: joined
            push: /chats
            after: accept + 1s
            data: {{text: "${{accept.nickname}} has joined", id: "${{chat}}"}}
        """,
        name=name,
    )


def script_of(*scenarios: Scenario, **values: Any) -> Script:
    return Script(*scenarios or [story()], options=Options(values=values))


def listening(script: Script, user: str = "", *, cookies: bool = True) -> Desktop:
    desktop = script.desktop(user, cookies=cookies)
    desktop.handshake()
    desktop.subscribe("/chats")
    desktop.connect(advice={"timeout": 0})
    return desktop


def test_a_given_value_stands_in_every_event_in_place_of_the_recorded_one_or_a_made_one() -> None:
    script = script_of(chat="0000AAAA", topic='O\'Brien & "${Söhne}"')
    (data,) = (event.data for event in listening(script).events)
    script.expect((data["id"], data["topic"]), ("0000AAAA", 'O\'Brien & "${Söhne}"'))


def test_what_is_not_given_is_made_as_if_nothing_were() -> None:
    plain, given = listening(script_of()), listening(script_of(chat="0000AAAA"))
    assert [event.data["from"] for event in plain.events] == [event.data["from"] for event in given.events]


def test_a_given_value_keeps_its_json_type() -> None:
    script = script_of(topic={"lines": [1, None, True]}, reference="seventeen", chat=12)
    desktop = listening(script)
    assert (desktop.events[0].data["topic"], desktop.events[0].data["id"]) == ({"lines": [1, None, True]}, 12)
    accepted = script.answer(desktop.post("/chats/12", {"nickname": "Eva"}))
    script.expect((accepted.status, accepted.body), (200, {"reference": "seventeen"}))


def test_a_given_value_that_clients_send_is_compared_and_another_is_a_miss_that_says_both() -> None:
    script = script_of(nickname="Eva", chat="0000AAAA")
    desktop = listening(script)
    wrong = script.answer(desktop.post("/chats/0000AAAA", {"nickname": "Marat"}))
    right = script.answer(desktop.post("/chats/0000AAAA", {"nickname": "Eva"}))
    script.expect((wrong.status, right.status), (404, 200))
    assert 'set body.nickname to "Eva", not "Marat"' in wrong.body["replay"]["why"]
    script.advance(1)
    desktop.connect(advice={"timeout": 0})
    script.expect(desktop.events[-1].data, {"text": "Eva has joined", "id": "0000AAAA"})


def test_a_session_has_the_given_values_too() -> None:
    script = script_of(nickname="Eva")
    script.expect(script.answer(script.desktop().get("/me")).body, {"called": "Eva"})


def test_whoever_declares_a_variable_has_the_given_value() -> None:
    script = script_of(story("one"), story("two", "/rooms"), chat="0000AAAA")
    script.expect([event.data["id"] for event in listening(script).events], ["0000AAAA", "0000AAAA"])


def test_an_id_that_all_agents_share_is_nobodys_sign_and_cookies_or_users_tell_them_apart() -> None:
    script = script_of(chat="0000AAAA")
    one, other, named = listening(script), listening(script), listening(script, "eva")
    for desktop in (other, named, one):
        script.expect(script.answer(desktop.post("/chats/0000AAAA", {"nickname": "N"})).status, 200)
    told = [(e.agent, e.detail["status"]) for e in script.simulator.journal if e.kind == "answer"]
    script.expect(told, [("#2", 200), ("eva", 200), ("#1", 200)])


def test_among_several_who_send_no_other_sign_a_shared_id_is_a_miss_that_says_so() -> None:
    script = script_of(chat="0000AAAA")
    one, _ = listening(script, cookies=False), listening(script, cookies=False)
    missed = script.answer(one.post("/chats/0000AAAA", {"nickname": "N"}))
    script.expect(missed.status, 404)
    assert "no id made for a play of theirs" in missed.body["replay"]["why"]


def test_two_plays_of_an_agent_that_share_an_id_are_answered_newest_first() -> None:
    script = script_of(chat="0000AAAA")
    desktop = listening(script)
    agent = script.simulator.agents.all[0]
    script.simulator.casting.offer(agent, script.simulator.timelines[0], script.now)
    for _ in range(2):
        script.expect(script.answer(desktop.post("/chats/0000AAAA", {"nickname": "N"})).status, 200)
        script.advance(3)
    plays = [entry.play for entry in script.simulator.journal if entry.kind == "request"]
    script.expect(plays, ["story#2", "story#1"])


def test_after_a_reset_the_given_values_stand() -> None:
    script = script_of(chat="0000AAAA")
    listening(script)
    script.direct(lambda simulator, now: reset(simulator, ["agents"], now), "reset")
    script.expect(listening(script).events[0].data["id"], "0000AAAA")
