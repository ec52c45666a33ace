"""An object that requests add to and take from."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from replay.plan.timeline import plan
from replay.simulator.plays import RETRY
from replay.testing import Desktop, Script, scenario

from .test_anew import come, got, offer, play_of

CHAT = """
cometd: {max_interval: 10h}
variables:
  chat: {recorded: 0000Na9B26EF002X, make: interaction-id}
  name: {make: turn, recorded: [Pat, Kim]}
  attached: {recorded: {Order: "4711"}}
  keys: {recorded: [Order]}
  disposition: {recorded: Solved}
  key: {recorded: Code}
  data:
    merged:
      first: {Name: "${invited.name}"}
      add: ["${attach.attached}", {"${dispose.key}": "${dispose.disposition}"}]
      remove: ["${delete.keys}"]
steps:
  - {id: invited, push: /a, after: start, data: {name: "${name}"}}
  - id: attach
    request: POST /chats/${chat}
    body: {add: "${attached}"}
    repeat: cycle
    respond: {after: 30ms, body: {data: "${data}"}}
  - {id: attached, push: /a, after: attach + 50ms, data: {data: "${data}"}}
  - {id: delete, request: "POST /chats/${chat}", body: {remove: "${keys}"}, repeat: cycle}
  - {id: deleted, push: /a, after: delete, data: {data: "${data}"}}
  - {id: dispose, request: "POST /chats/${chat}", body: {key: "${key}", is: "${disposition}"}, repeat: cycle}
  - {id: disposed, push: /a, after: dispose, data: {data: "${data}"}}
  - {id: see, request: "GET /chats/${chat}", respond: {body: {data: "${data}"}}}
"""


def do(script: Script, desktop: Desktop, body: Any, at: int = -1) -> int:
    exchange = desktop.post(f"/chats/{play_of(script, at=at).values['chat']}", body)
    script.advance(0.1)
    return exchange


def test_what_is_added_and_removed_adds_up() -> None:
    script = Script(scenario(CHAT))
    ann = come(script)
    do(script, ann, {"add": {"Order": "4711", "Gift": True}})
    do(script, ann, {"add": {"Order": "4712"}})
    do(script, ann, {"key": "Code", "is": "Solved"})
    do(script, ann, {"remove": ["Order", "Nothing"]})
    do(script, ann, {"remove": "Gift"})

    script.expect(
        got(ann, "data"),
        [
            {"Name": "Pat", "Order": "4711", "Gift": True},
            {"Name": "Pat", "Order": "4712", "Gift": True},
            {"Name": "Pat", "Order": "4712", "Gift": True, "Code": "Solved"},
            {"Name": "Pat", "Gift": True, "Code": "Solved"},
            {"Name": "Pat", "Code": "Solved"},
        ],
    )


def test_each_play_has_its_own_which_begins_with_what_that_play_has_said() -> None:
    script = Script(scenario(CHAT))
    ann = come(script)
    offer(script)
    do(script, ann, {"add": {"Order": 1}}, at=0)
    do(script, ann, {"add": {"Order": 2}}, at=1)
    do(script, ann, {"add": {"Gift": 2}}, at=1)

    script.expect(
        got(ann, "data"),
        [{"Name": "Pat", "Order": 1}, {"Name": "Kim", "Order": 2}, {"Name": "Kim", "Order": 2, "Gift": 2}],
    )


def test_the_answer_has_what_its_own_request_has_added() -> None:
    script = Script(scenario(CHAT))
    ann = come(script)
    attached = do(script, ann, {"add": {"Order": 1}})
    seen = ann.get(f"/chats/{play_of(script).values['chat']}")

    script.expect(script.answer(attached).body, {"data": {"Name": "Pat", "Order": 1}})
    script.expect(script.answer(seen).body, script.answer(attached).body)


def test_what_is_no_object_adds_nothing() -> None:
    script = Script(scenario(CHAT))
    ann = come(script)
    for value in ("Order", ["Order"], 7, None):
        do(script, ann, {"add": value})

    script.expect(got(ann, "data"), [{"Name": "Pat"}] * 4)


def test_who_tries_again_adds_nothing() -> None:
    script = Script(scenario(CHAT.replace("    repeat: cycle\n", "", 1)))
    ann = come(script)
    do(script, ann, {"add": {"Order": 1}})
    do(script, ann, {"remove": ["Order"]})
    again = do(script, ann, {"add": {"Order": 1}})
    seen = ann.get(f"/chats/{play_of(script).values['chat']}")

    script.expect(script.answer(again).body, {"data": {"Name": "Pat", "Order": 1}})
    script.expect(script.answer(seen).body, {"data": {"Name": "Pat"}})


def test_who_is_refused_by_a_fault_adds_nothing() -> None:
    rule = "faults: [{name: out, fault: status, where: {step: attach}, nth: [2]}]"
    script = Script(scenario(f"{CHAT}{rule}"))
    ann = come(script)
    do(script, ann, {"add": {"Order": 1}})
    refused = do(script, ann, {"add": {"Order": 2}})
    seen = ann.get(f"/chats/{play_of(script).values['chat']}")

    script.expect(script.answer(refused).status, 503)
    script.expect(script.answer(seen).body, {"data": {"Name": "Pat", "Order": 1}})


def test_it_goes_on_in_a_session_of_a_changed_scenario() -> None:
    text = """
    variables: {more: {recorded: {a: 1}}, data: {merged: {add: ["${put.more}"]}}}
    session: [{id: put, request: POST /put, body: "${more}", repeat: cycle, respond: {body: "${data}"}}]
    steps: [{id: hi, push: /a, data: %s}]
    """
    script = Script(scenario(text % "hi"))
    ann = come(script)
    taken = [ann.post("/put", {"a": 1})]
    after = plan(scenario(text % "ho"))
    script.direct(lambda simulator, now: simulator.renewing.renew(0, after, now), "changed")
    offer(script)
    taken += [ann.post("/put", {"b": 2})]

    script.expect([script.answer(each).body for each in taken], [{"a": 1}, {"a": 1, "b": 2}])


CONSULT = """
variables:
  more: {recorded: {a: 1}}
  other: {recorded: {b: 1}}
  data: {merged: {add: ["${put.more}", "${lay.other}"]}}
steps:
  - {id: here, agent: first, push: /a, data: here}
  - {id: there, agent: second, push: /a, data: here}
  - {id: put, agent: first, request: POST /put, repeat: cycle, body: "${more}"}
  - {id: lay, agent: second, request: POST /put, repeat: cycle, body: "${other}"}
  - {id: told, agent: second, push: /a, after: put, data: {data: "${data}"}}
  - {id: heard, agent: first, push: /a, after: lay, data: {data: "${data}"}}
"""


def test_roles_that_share_a_play_add_to_the_same() -> None:
    script = Script(scenario(CONSULT))
    ann, bob = come(script), come(script, "bob")
    ann.post("/put", {"a": 1})
    bob.post("/put", {"b": 2})
    script.advance(1)

    script.expect((got(bob, "data"), got(ann, "data")), ([{"a": 1}], [{"a": 1, "b": 2}]))


names = st.sampled_from(["Name", "Order", "Gift", "${x}"])
changes = st.lists(
    st.one_of(
        st.fixed_dictionaries({"add": st.dictionaries(names, st.integers(0, 9), max_size=3)}),
        st.fixed_dictionaries({"remove": st.lists(names, max_size=3)}),
        st.fixed_dictionaries({"key": names, "is": st.text(max_size=3)}),
    ),
    max_size=12,
)


@given(changes)
@settings(max_examples=60, deadline=None)
def test_whatever_is_sent_events_have_what_a_dictionary_would(bodies: list[dict[str, Any]]) -> None:
    script = Script(scenario(CHAT))
    ann = come(script)
    data: dict[str, Any] = {"Name": "Pat"}
    expected = []
    for body in bodies:
        do(script, ann, body)
        # So that none is taken for another try of the one before.
        script.advance(RETRY)
        data |= body.get("add", {})
        if "key" in body:
            data[body["key"]] = body["is"]
        data = {key: value for key, value in data.items() if key not in body.get("remove", [])}
        expected.append(dict(data))

    script.expect(got(ann, "data"), expected)
