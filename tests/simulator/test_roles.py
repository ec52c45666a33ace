"""Stories of several agents: who takes which role, what each may ask, and what each hears."""

from __future__ import annotations

from typing import Any

import pytest

from replay.plan.pace import parse_speed
from replay.simulator.options import Options
from replay.testing import Desktop, Script, scenario

CONSULT = """
variables:
  chat: {recorded: 0000Na9B26EF002X, make: interaction-id}
  target: {recorded: bob@example.com}
  note: {recorded: hello}
steps:
  - {id: offered, agent: first, push: /chats, after: start + 1s, data: {offer: "${chat}"}}
  - id: consult
    agent: first
    request: POST /chats/${chat}
    body: {op: Consult, target: "${target}"}
    respond: {after: 40ms, body: {with: "${target}"}}
  - id: ringing
    agent: second
    push: /chats
    after: consult + 20ms
    data: {for: "${target}", at: "${base_url}/${chat}"}
  - id: answer
    agent: second
    request: POST /chats/${chat}
    body: {op: Answer}
    respond: {after: 10ms, body: {}}
  - {id: joined, agent: first, push: /chats, after: answer.response + 5ms, data: {joined: "${chat}"}}
  - {id: say, agent: second, request: "POST /chats/${chat}/notes", body: {text: "${note}"}, repeat: last}
  - {id: said, agent: first, push: /chats, after: say + 5ms, data: {said: "${say.note}"}}
"""


def come(script: Script, user: str = "", *, channel: str = "/chats", base_url: str = "") -> Desktop:
    desktop = script.desktop(user, base_url=base_url) if base_url else script.desktop(user)
    desktop.open_socket()
    desktop.handshake()
    if channel:
        desktop.subscribe(channel)
    return desktop


def got(desktop: Desktop) -> list[Any]:
    return [event.data for event in desktop.events]


@pytest.fixture
def script() -> Script:
    return Script(scenario(CONSULT))


def offer(script: Script, desktop: Desktop) -> str:
    script.advance(1)
    return str(got(desktop)[0]["offer"])


def test_a_request_of_one_agent_rings_at_the_other_with_what_the_first_one_sent(script: Script) -> None:
    ann, bob = come(script, "ann"), come(script, "bob", base_url="https://desk.example.com")
    chat = offer(script, ann)
    consulting = ann.post(f"/chats/{chat}", {"op": "Consult", "target": "cid@example.com"})
    script.advance(0.1)
    answering = bob.post(f"/chats/{chat}", {"op": "Answer"})
    script.advance(0.1)
    bob.post(f"/chats/{chat}/notes", {"text": "one"})
    bob.post(f"/chats/{chat}/notes", {"text": "two"})
    script.advance(0.1)

    script.expect(script.answer(consulting).body, {"with": "cid@example.com"})
    script.expect(script.answer(answering).status, 200)
    script.expect(got(bob), [{"for": "cid@example.com", "at": f"https://desk.example.com/{chat}"}])
    script.expect(got(ann), [{"offer": chat}, {"joined": chat}, {"said": "one"}, {"said": "two"}])
    script.expect([event.at for event in ann.events], [1.0, 1.115, 1.205, 1.205])


def test_those_who_come_take_the_free_roles_of_the_oldest_play_before_they_begin_another(
    script: Script,
) -> None:
    people = [come(script, name) for name in ("ann", "bob", "cid", "dan", "eve")]
    script.advance(1)

    plays = [
        (entry.agent, entry.play, entry.detail["role"])
        for entry in script.simulator.journal
        if entry.kind == "play"
    ]
    script.expect(
        plays,
        [
            ("ann", "story#1", "first"),
            ("bob", "story#1", "second"),
            ("cid", "story#2", "first"),
            ("dan", "story#2", "second"),
            ("eve", "story#3", "first"),
        ],
    )
    chats = [got(person)[0]["offer"] for person in people[::2]]
    script.expect(len(set(chats)), 3)
    script.expect([got(person) for person in people[1::2]], [[], []])


def test_who_bears_the_name_of_a_role_takes_it_whenever_he_comes(script: Script) -> None:
    second, first = come(script, "second"), come(script, "first")
    chat = offer(script, first)
    first.post(f"/chats/{chat}", {"op": "Consult", "target": "x"})
    script.advance(0.1)

    script.expect([event["for"] for event in got(second)], ["x"])


def test_two_of_the_same_name_of_a_role_are_never_in_one_play(script: Script) -> None:
    one = come(script, "second")
    two = come(script, "ann")
    three = script.desktop("first")
    three.handshake()

    roles = [(entry.play, entry.detail["role"]) for entry in script.simulator.journal if entry.kind == "play"]
    script.expect(roles, [("story#1", "second"), ("story#1", "first"), ("story#2", "first")])
    script.advance(1)
    script.expect((got(one), len(got(two))), ([], 1))


def test_each_may_ask_only_what_is_of_its_own_role(script: Script) -> None:
    ann, bob = come(script, "ann"), come(script, "bob")
    chat = offer(script, ann)
    meddling = bob.post(f"/chats/{chat}", {"op": "Consult", "target": "x"})
    stranger = come(script, "eve").post(f"/chats/{chat}", {"op": "Consult", "target": "x"})
    script.advance(1)

    script.expect((script.answer(meddling).status, got(bob)), (404, []))
    script.expect(
        script.answer(meddling).body["replay"]["why"],
        "let 'first' ask: 'consult' is a step of 'first', and this agent is 'second' in story#1",
    )
    script.expect(script.answer(stranger).status, 404)


def test_an_id_of_a_shared_play_does_not_tell_which_of_its_agents_asks(script: Script) -> None:
    ann, bob = come(script, "ann"), come(script, "bob")
    chat = offer(script, ann)
    nobody = script.desktop(cookies=False)
    asked = nobody.post(f"/chats/{chat}", {"op": "Consult", "target": "x"})
    script.advance(1)

    script.expect(script.answer(asked).status, 404)
    assert script.answer(asked).body["replay"]["why"].startswith("say whose request it is: several agents")
    named = nobody.post(f"/chats/{chat}?clientId={ann.client_id}", {"op": "Consult", "target": "x"})
    script.advance(1)
    script.expect((script.answer(named).status, len(got(bob))), (200, 1))


def test_what_is_for_a_role_that_nobody_has_waits_for_whoever_takes_it(script: Script) -> None:
    ann = come(script, "ann")
    chat = offer(script, ann)
    ann.post(f"/chats/{chat}", {"op": "Consult", "target": "x"})
    script.advance(60)
    bob = come(script, "bob", channel="")
    script.expect(got(bob), [])
    bob.subscribe("/chats")

    script.expect([(event.at, event.data["for"]) for event in bob.events], [(61.0, "x")])


def test_start_is_when_the_roles_own_agent_first_subscribes() -> None:
    script = Script(
        scenario("""
        steps:
          - {id: a, agent: one, push: /x, after: start + 1s, data: a}
          - {id: b, agent: two, push: /x, after: start + 1s, data: b}
          - {id: c, agent: one, push: /x, after: b + 1s, data: c}
          - {id: d, agent: two, push: /x, after: start and a + 5s, data: d}
        """)
    )
    one = come(script, "ann", channel="/x")
    script.advance(3)
    two = come(script, "bob", channel="/x")
    script.advance(6)

    script.expect([(event.at, event.data) for event in one.events], [(1.0, "a"), (5.0, "c")])
    script.expect([(event.at, event.data) for event in two.events], [(4.0, "b"), (8.0, "d")])


SESSIONS = """
variables:
  place: {recorded: p1}
  desk: {recorded: 009052C5E743004C, make: participant-id}
  other: {recorded: 009052C5E743004D, make: participant-id}
session:
  - id: login
    agent: one
    request: POST /login
    body: {place: "${place}"}
    repeat: last
    respond: {body: {desk: "${desk}"}}
  - id: enter
    agent: two
    request: POST /enter
    body: {place: "${place}"}
    respond: {body: {desk: "${other}"}}
  - {id: ready, agent: two, push: /x, after: enter + 1s, data: "ready at ${place}"}
steps:
  - id: both
    agent: one
    push: /x
    after: start and login and enter + 1s
    data: ["${place}", "${desk}", "${other}"]
  - {id: seen, agent: two, push: /x, after: both + 1s, data: ["${place}", "${enter.place}", "${login.place}"]}
"""


def test_each_role_has_a_session_of_its_own_and_the_story_may_wait_for_both() -> None:
    script = Script(scenario(SESSIONS))
    one, two = come(script, "ann", channel="/x"), come(script, "bob", channel="/x")
    login, enter = one.post("/login", {"place": "left"}), two.post("/enter", {"place": "right"})
    wrong = one.post("/enter", {"place": "left"})
    script.advance(5)

    desk, other = (script.answer(each).body["desk"] for each in (login, enter))
    script.expect(script.answer(wrong).status, 404)
    script.expect(got(one), [["left", desk, other]])
    script.expect(got(two), ["ready at right", ["right", "right", "left"]])


def test_an_id_of_somebodys_session_tells_whose_request_it_is() -> None:
    script = Script(scenario(SESSIONS))
    one = come(script, "ann", channel="/x")
    come(script, "bob", channel="/x")
    login = one.post("/login", {"place": "left"})
    script.advance(1)
    nobody = script.desktop(cookies=False)
    desk = script.answer(login).body["desk"]
    again = nobody.post(f"/login?desk={desk}", {"place": "left"})
    script.advance(1)

    script.expect(script.answer(again).body, {"desk": desk})


@pytest.mark.parametrize("user", ["", "bob"])
def test_who_asks_first_is_somebody_new_once_all_others_have_shown_their_cookies(user: str) -> None:
    script = Script(scenario(CONSULT))
    ann = script.desktop()
    ann.handshake()
    ann.open_socket()
    ann.subscribe("/chats")
    chat = offer(script, ann)
    ann.post(f"/chats/{chat}", {"op": "Consult", "target": "x"})
    script.advance(1)
    bob = script.desktop(user)
    bob.get("/me")
    script.advance(1)
    bob.open_socket()
    bob.handshake()
    bob.subscribe("/chats")

    script.expect([len(got(ann)), [event["for"] for event in got(bob)]], [1, ["x"]])


def test_times_of_a_shared_play_are_moved_by_one_constant_for_all_who_take_part() -> None:
    script = Script(
        scenario("""
        source: {recorded: "2014-01-02T14:23:20Z"}
        shift_times: [at]
        steps:
          - {id: a, agent: one, push: /x, after: start, data: {at: "2014-01-02T14:23:21Z"}}
          - {id: b, agent: two, push: /x, after: start, data: {at: "2014-01-02T14:23:21Z"}}
        """),
        options=Options(epoch=1_700_000_000.0),
    )
    one = come(script, "ann", channel="/x")
    script.advance(100)
    two = come(script, "bob", channel="/x")

    script.expect(got(two), got(one))


def test_the_same_seed_makes_the_same_ids_for_the_first_pair_whoever_they_are() -> None:
    def first(seed: int, *users: str) -> str:
        script = Script(scenario(CONSULT), options=Options(seed=seed, pace=parse_speed("max")))
        return offer(script, next(come(script, user) for user in users))

    assert first(1, "ann", "bob") == first(1, "bob", "ann") == first(1, "cid")
    assert first(1, "ann") != first(2, "ann")
