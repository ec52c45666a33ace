"""Ids made for each play, values taken from the client, and where each of them goes."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from replay.profiles.genesys import PROFILE
from replay.simulator.draws import draw, token
from replay.simulator.options import Options
from replay.testing import Desktop, Script, scenario
from replay.wire import Woken

IDS = """
variables:
  chat: {recorded: 0000Na9B26EF002X, make: interaction-id}
  person: {recorded: 009052C5E743004C, make: participant-id}
  reference: {recorded: 17, make: counter}
  next: {recorded: 18, make: counter}
steps:
  - {id: offer, push: /a, after: start, data: ["${chat}", "${person}", "${reference}", "${next}"]}
  - {id: again, push: /a, after: offer + 1s, data: "of ${chat}, ${reference}"}
"""


def listen(script: Script, user: str = "") -> Desktop:
    desktop = script.desktop(user)
    desktop.open_socket()
    desktop.handshake()
    desktop.subscribe("/a")
    return desktop


def offered(seed: int, *users: str) -> dict[str, Any]:
    script = Script(scenario(IDS), options=Options(seed=seed))
    return {user: listen(script, user).events[0].data for user in users}


def test_a_made_id_is_fresh_and_the_same_wherever_its_play_mentions_it() -> None:
    script = Script(scenario(IDS))
    desktop = listen(script)
    script.advance(1)

    (chat, person, reference, following), said = (event.data for event in desktop.events)
    assert chat != "0000Na9B26EF002X"
    assert person != "009052C5E743004C"
    assert (reference, following, said) == (17, 18, f"of {chat}, 17")


def test_ids_are_fresh_between_agents_and_the_same_for_the_same_seed_and_agent_in_any_order() -> None:
    one, other, changed = offered(1, "ann", "bob"), offered(1, "bob", "ann"), offered(2, "ann", "bob")

    assert one == other
    assert len({str(ids) for ids in (*one.values(), *changed.values())}) == 4


@pytest.mark.parametrize("shape", PROFILE.ids, ids=lambda shape: shape.make)
def test_every_id_that_is_made_has_the_shape_by_which_its_kind_is_known(shape: Any) -> None:
    made = {shape.maker(draw(0, n), "4f0a-77e1-BC") for n in range(200)}

    assert len(made) == 200
    like = re.compile(r"\d[a-z]\d[a-z]-\d\d[a-z]\d-[A-Z]{2}")
    assert all((like if shape.make == "lookalike" else shape.pattern).fullmatch(value) for value in made)


def test_ids_of_a_shape_that_allows_for_few_are_still_fresh_between_agents() -> None:
    few = "variables: {n: {recorded: a7, make: lookalike}}\nsteps: [{id: p, push: /a, data: '${n}'}]"
    script = Script(scenario(few))

    made = [listen(script, f"agent{number}").events[0].data for number in range(60)]

    assert len(set(made)) == 60


def test_a_scenario_offered_again_goes_on_counting_and_has_ids_of_its_own() -> None:
    script = Script(scenario(IDS))
    desktop = listen(script)
    (agent,) = script.simulator.agents.all
    script.simulator.casting.offer(agent, script.simulator.timelines[0], script.now)
    script.put(Woken(), "offered again")

    first, second = (event.data for event in desktop.events)
    assert second[2:] == [19, 20]
    assert set(first).isdisjoint(second)


def test_what_a_client_sends_is_taken_and_compared_afterwards() -> None:
    script = Script(
        scenario(
            """
            variables: {nick: {recorded: Marat}}
            steps:
              - {id: join, request: POST /join, repeat: last, body: {nick: "${nick}"}}
              - {id: say, request: "POST /by/${nick}", repeat: last, respond: {body: "${nick} said"}}
            """
        )
    )
    desktop = listen(script)
    for name in ("Zoe", "Ann"):
        desktop.post("/join", {"nick": name})
    others, own = desktop.post("/by/Zoe", {}), desktop.post("/by/Ann", {})

    assert script.answer(others).status == 404
    assert script.answer(own).body == "Ann said"


@pytest.mark.parametrize("sent", ["x", 7, 1.5, True, None, ["a", 1], {"a": [None]}, 10**30, ""])
def test_a_value_that_is_wholly_a_variable_keeps_the_type_it_was_sent_with(sent: Any) -> None:
    script = Script(
        scenario(
            """
            variables: {it: {recorded: Marat}}
            steps:
              - {id: x, request: POST /x, body: {it: "${it}"}, respond: {body: {it: "${it}", in: "<${it}>"}}}
            """
        )
    )
    exchange = listen(script).post("/x", {"it": sent})

    text = sent if isinstance(sent, str) else json.dumps(sent, separators=(",", ":"))
    reply = script.answer(exchange).body
    script.expect(reply, {"it": sent, "in": f"<{text}>"})
    assert type(reply["it"]) is type(sent)


def test_a_number_in_a_path_becomes_a_number_again_where_it_was_recorded_as_one() -> None:
    script = Script(
        scenario(
            """
            variables: {index: {recorded: 7}}
            steps: [{id: x, request: "GET /x/${index}", respond: {body: ["${index}", "${index}."]}}]
            """
        )
    )
    desktop = listen(script)
    asked = ["12", "-3", "007", "x", "1_0", "٣", "9" * 30]

    answers = [script.answer(desktop.get(f"/x/{text}")).body for text in asked]

    assert [first for first, _ in answers] == [12, -3, 7, "x", "1_0", "٣", "9" * 30]


def test_each_occurrence_of_a_step_sets_off_a_push_with_its_own_values() -> None:
    script = Script(
        scenario(
            """
            variables: {text: {recorded: Hello}}
            steps:
              - id: send
                request: POST /send
                repeat: last
                body: {text: "${text}"}
                respond: {after: 50ms, body: 1}
              - {id: echo, push: /a, after: send + 100ms, data: "${send.text}"}
              - {id: stored, push: /a, after: send.response + 60ms, data: "stored ${send.text}"}
              - {id: seen, push: /a, after: echo + 100ms, data: "seen ${send.text}, last ${text}"}
            """
        )
    )
    desktop = listen(script)
    for text in ("one", "two", "three"):
        desktop.post("/send", {"text": text})
        script.advance(0.03)
    script.advance(1)

    said = [(event.at, event.data) for event in desktop.events]
    assert said == [
        (0.1, "one"),
        (0.11, "stored one"),
        (0.13, "two"),
        (0.14, "stored two"),
        (0.16, "three"),
        (0.17, "stored three"),
        (0.2, "seen one, last three"),
        (0.23, "seen two, last three"),
        (0.26, "seen three, last three"),
    ]


def test_an_event_that_waits_for_a_subscription_keeps_the_values_of_its_occurrence() -> None:
    script = Script(
        scenario(
            """
            variables: {text: {recorded: Hello}}
            steps:
              - {id: send, request: POST /send, repeat: last, body: {text: "${text}"}}
              - {id: echo, push: "/b", after: send, data: "${send.text}"}
            """
        )
    )
    desktop = listen(script)
    for text in ("one", "two"):
        desktop.post("/send", {"text": text})
    desktop.subscribe("/b")

    assert [event.data for event in desktop.events] == ["one", "two"]


def test_a_variables_name_may_hold_what_a_regular_expressions_group_may_not() -> None:
    script = Script(
        scenario(
            """
            variables: {chat-id: {recorded: a}, b_2-: {recorded: b}}
            steps:
              - id: x
                request: GET /x/${chat-id}.${b_2-}/${chat-id}
                respond: {body: "${x.chat-id} ${b_2-}"}
            """
        )
    )
    desktop = listen(script)

    assert script.answer(desktop.get("/x/one.two/one")).body == "one two"
    assert script.answer(desktop.get("/x/one.two/two")).status == 404


def test_each_client_reads_the_address_it_dialled() -> None:
    script = Script(
        scenario(
            """
            steps:
              - {id: p, push: /a, after: start + 1s, data: {uri: "${base_url}/x"}}
              - {id: x, request: GET /x, respond: {body: "${base_url}"}}
            """
        )
    )
    desktops = [script.desktop("ann", base_url=url) for url in ("http://one:1", "https://two")]
    for desktop in desktops:
        desktop.open_socket()
        desktop.handshake()
        desktop.subscribe("/a")
    script.advance(1)

    assert [desktop.events[0].data["uri"] for desktop in desktops] == ["http://one:1/x", "https://two/x"]
    assert script.answer(desktops[1].get("/x")).body == "https://two"


def test_a_dollar_before_a_brace_can_be_meant_literally() -> None:
    script = Script(scenario('steps: [{id: p, push: /a, data: {"$${k}": "$${v}"}}]'))

    assert listen(script).events[0].data == {"${k}": "${v}"}


def test_draws_are_keyed_by_what_they_are_for() -> None:
    assert draw(1, "a", 2).random() == draw(1, "a", 2).random()
    assert len({draw(*key).random() for key in ((1, "a", 2), (2, "a", 2), (1, "a", 3), (1, "a", "2"))}) == 4
    assert len(token(0, "x", length=7)) == 7


def test_what_a_client_kept_from_another_run_is_nobodys_in_this_one() -> None:
    runs = [Script(scenario(IDS), options=Options(epoch=epoch)) for epoch in (1.0, 2.0)]
    before, now = (run.desktop() for run in runs)
    for desktop in (before, now):
        desktop.handshake()
        desktop.get("/")

    assert before.client_id != now.client_id
    assert set(before.jar.values()).isdisjoint(now.jar.values())
    assert before.jar.keys() == now.jar.keys() == {"BAYEUX_BROWSER"}
