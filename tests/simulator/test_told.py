"""What the server has told an agent, collected in answers."""

from __future__ import annotations

from typing import Any

import pytest

from replay.simulator import directing
from replay.simulator.collecting import MOST
from replay.simulator.resetting import WHATS, reset
from replay.testing import Desktop, Script, scenario

from .test_anew import come, got, offer, play_of

CHATS = """
cometd: {max_interval: 10h}
source: {recorded: "2014-01-02T14:23:20Z"}
shift_times: [timestamp]
variables:
  chat: {recorded: 0000Na9B26EF002X, make: interaction-id}
  chats: {told: {field: chat, of: plays, unless: {state: [Completed, Revoked]}}}
  chat_now: {told: {field: chat}}
  open: {recorded: none, told: {field: chat, unless: {state: Completed, by: agent}}}
session:
  - {id: list, request: GET /chats, respond: {body: {chats: "${chats}"}}}
steps:
  - id: invited
    push: /a
    after: start
    data: {chat: {id: "${chat}", state: Invited, uri: "${base_url}/x", timestamp: "2014-01-02T14:23:21Z"}}
  - {id: accept, request: "POST /chats/${chat}", body: {do: Accept}, respond: {body: {}}}
  - {id: chatting, push: /a, after: accept + 1s, data: {chat: {id: "${chat}", state: Chatting}}}
  - {id: end, request: "POST /chats/${chat}", body: {do: End}, respond: {body: {}}}
  - {id: completed, push: /a, after: end, data: {chat: {id: "${chat}", state: Completed, by: agent}}}
  - {id: see, request: "GET /chats/${chat}", respond: {body: {chat: "${chat_now}", open: "${open}"}}}
"""


def chats(script: Script, desktop: Desktop) -> list[tuple[str, str]]:
    """The chats that a desktop is told that it has: their ids and states."""
    body = script.answer(desktop.get("/chats")).body
    return [(chat["id"], chat["state"]) for chat in body["chats"]]


def do(script: Script, desktop: Desktop, what: str, user: str = "ann", at: int = -1) -> None:
    desktop.post(f"/chats/{play_of(script, user, at).values['chat']}", {"do": what})


def test_an_agent_who_asks_which_chats_it_has_gets_the_latest_of_each_that_is_not_over() -> None:
    script = Script(scenario(CHATS))
    ann, bob = come(script, "ann"), come(script, "bob")
    offer(script)
    first, second = (str(play_of(script, at=at).values["chat"]) for at in (0, 1))
    script.expect(chats(script, ann), [(first, "Invited"), (second, "Invited")])
    do(script, ann, "Accept", at=0)
    script.expect(chats(script, ann), [(first, "Invited"), (second, "Invited")])
    script.advance(1)
    script.expect(chats(script, ann), [(first, "Chatting"), (second, "Invited")])
    do(script, ann, "End", at=0)
    script.expect(chats(script, ann), [(second, "Invited")])
    script.expect(chats(script, bob), [(str(play_of(script, "bob").values["chat"]), "Invited")])


def test_what_is_collected_is_what_was_sent_its_times_moved_once() -> None:
    script = Script(scenario(CHATS))
    ann = come(script)
    told = ann.events[0].data["chat"]

    script.expect(script.answer(ann.get("/chats")).body, {"chats": [told]})
    script.expect(script.answer(ann.get(f"/chats/{told['id']}")).body, {"chat": told, "open": told})


def test_before_anything_is_told_there_is_nothing_or_what_is_recorded() -> None:
    script = Script(scenario(CHATS))
    ann = come(script, channel="")
    where = f"/chats/{play_of(script).values['chat']}"

    script.expect(chats(script, ann), [])
    script.expect(script.answer(ann.get(where)).body, {"chat": None, "open": "none"})
    ann.subscribe("/a")
    script.expect(len(chats(script, ann)), 1)
    do(script, ann, "End")
    completed = script.answer(ann.get(where)).body
    script.expect((completed["chat"]["state"], completed["open"]), ("Completed", "none"))


def test_chats_of_all_scenarios_that_are_served_are_in_the_list() -> None:
    other = """
    variables: {chat: {recorded: 0000Na9B26EF002X, make: interaction-id}}
    steps: [{id: hi, push: /a, data: {chat: {id: "${chat}", state: Waiting}}}]
    """
    script = Script(scenario(CHATS), scenario(other, name="other"))
    ann = come(script)

    script.expect([state for _, state in chats(script, ann)], ["Invited", "Waiting"])


def test_who_shakes_hands_anew_gets_the_chats_that_its_lost_client_was_told_of() -> None:
    script = Script(scenario(CHATS))
    ann = come(script)
    do(script, ann, "Accept")
    script.advance(1)
    assert ann.socket is not None
    ann.leave(ann.socket)
    ann.open_socket()
    ann.handshake()

    script.expect([state for _, state in chats(script, ann)], ["Chatting"])


def test_each_role_has_what_it_was_told_itself() -> None:
    text = """
    variables: {told: {told: {field: chat}}, all: {told: {field: chat, of: plays}}}
    steps:
      - {id: one, agent: first, push: /a, data: {chat: first's}}
      - {id: two, agent: second, push: /a, data: {chat: second's}}
      - {id: ask, agent: first, request: GET /told, respond: {body: ["${told}", "${all}"]}}
      - {id: too, agent: second, request: GET /told, respond: {body: ["${told}", "${all}"]}}
    """
    script = Script(scenario(text))
    ann, bob = come(script), come(script, "bob")

    script.expect(script.answer(ann.get("/told")).body, ["first's", ["first's"]])
    script.expect(script.answer(bob.get("/told")).body, ["second's", ["second's"]])


LOST = """
faults:
  - {name: lost, fault: drop, where: {step: b}}
  - {name: twice, fault: duplicate, where: {step: c}, settings: {gap: 2s}}
  - {name: late, fault: delay, where: {step: d}, settings: {by: 5s}}
  - {name: broken, fault: garble, where: {step: e}}
variables: {all: {told: {field: n, all: true}}}
steps:
  - {id: a, push: /a, data: {n: [1]}}
  - {id: b, push: /a, data: {n: [2, "${base_url}"]}}
  - {id: c, push: /a, data: {n: [3]}}
  - {id: d, push: /a, data: {n: [4]}}
  - {id: e, push: /a, data: {n: 5}}
  - {id: log, request: GET /all, respond: {body: "${all}"}}
"""


def test_what_a_fault_lost_doubled_or_broke_on_the_way_was_told_once_and_what_is_late_comes_late() -> None:
    script = Script(scenario(LOST))
    ann = come(script)
    script.advance(3)
    script.expect(script.answer(ann.get("/all")).body, [1, 2, "http://localhost:8090", 3, 5])
    script.advance(3)
    script.expect(script.answer(ann.get("/all")).body, [1, 2, "http://localhost:8090", 3, 5, 4])


def test_what_comes_once_more_after_what_has_come_since_is_no_news() -> None:
    text = """
    faults: [{name: twice, fault: duplicate, where: {step: open}, settings: {gap: 2s}}]
    variables:
      chats: {told: {field: chat, of: plays, unless: {state: Completed}}}
      chat: {told: {field: chat}}
    steps:
      - {id: open, push: /a, data: {chat: {state: Chatting}}}
      - {id: over, push: /a, after: open + 1s, data: {chat: {state: Completed}}}
      - {id: log, request: GET /all, respond: {body: ["${chat}", "${chats}"]}}
    """
    script = Script(scenario(text))
    ann = come(script)
    script.expect(script.answer(ann.get("/all")).body, [{"state": "Chatting"}, [{"state": "Chatting"}]])
    script.advance(3)
    script.expect(got(ann, "chat"), [{"state": state} for state in ("Chatting", "Completed", "Chatting")])
    script.expect(script.answer(ann.get("/all")).body, [{"state": "Completed"}, []])


def test_an_event_can_say_what_was_told_before_it() -> None:
    text = """
    variables: {seen: {told: {field: n, all: true}}}
    steps:
      - {id: a, push: /a, data: {n: 1}}
      - {id: b, push: /a, after: a + 1s, data: {n: 2, seen: "${seen}"}}
      - {id: c, push: /a, after: b + 1s, data: {n: 3, seen: "${seen}", "then": "${b.seen}"}}
    """
    script = Script(scenario(text))
    ann = come(script)
    script.advance(2)

    script.expect(
        [event.data for event in ann.events],
        [{"n": 1}, {"n": 2, "seen": [1]}, {"n": 3, "seen": [1, 2], "then": [1]}],
    )


def test_of_a_very_long_chat_the_latest_are_kept() -> None:
    text = """
    variables: {all: {told: {field: n, all: true}}, index: {make: count}}
    steps:
      - {id: send, request: POST /send, repeat: cycle}
      - {id: said, push: /a, after: send, data: {n: "${index}"}}
      - {id: log, request: GET /all, respond: {body: "${all}"}}
    """
    script = Script(scenario(text))
    ann = come(script)
    for _ in range(MOST + 10):
        ann.post("/send", {})

    script.expect(script.answer(ann.get("/all")).body, list(range(11, MOST + 11)))


def test_plays_that_have_been_forgotten_are_in_no_list_and_nothing_of_them_is_kept() -> None:
    script = Script(scenario(CHATS.replace(", unless: {state: [Completed, Revoked]}", "")))
    ann = come(script)
    for _ in range(100):
        do(script, ann, "Accept")
        script.advance(5)
        do(script, ann, "End")
        ann.get(f"/chats/{play_of(script).values['chat']}")
        script.advance(100)
        offer(script)

    kept = [play.values["chat"] for play in script.simulator.agents.named("ann").plays]
    script.expect([chat for chat, _ in chats(script, ann)], kept)
    assert len(kept) < 50


def test_after_a_reset_nothing_has_been_told() -> None:
    script = Script(scenario(CHATS))
    come(script)
    script.direct(lambda simulator, now: reset(simulator, WHATS, now), "reset")
    ann = script.desktop("ann")

    script.expect(chats(script, ann), [])


def test_an_event_that_somebody_sends_by_hand_is_of_no_play_and_in_no_list() -> None:
    script = Script(scenario(CHATS))
    ann = come(script)
    by_hand: Any = {"chat": {"id": "x", "state": "Invited"}}
    script.direct(lambda simulator, now: directing.tell(simulator, "", "/a", by_hand, now), "by hand")

    script.expect(len(ann.events), 2)
    script.expect(len(chats(script, ann)), 1)


@pytest.mark.parametrize("text", [CHATS, "steps: [{id: hi, push: /a, data: {chat: hi}}]"])
def test_nothing_is_kept_where_no_scenario_asks_for_it(text: str) -> None:
    script = Script(scenario(text))
    come(script)

    script.expect(bool(play_of(script).__dict__.get("collected")), text is CHATS)
