"""What another server answered, told as new steps of a scenario."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.distil.forwarded import Heard, compared, tell
from replay.exchange import Exchange
from replay.profiles.genesys import PROFILE
from replay.scenario.dump import dumps
from replay.scenario.load import loads
from replay.scenario.model import RequestStep
from replay.testing import scenario
from replay.wire import Setting

STORY = """
variables:
  chat: {recorded: 0000Na9B26EF002X, make: interaction-id}
  number: {recorded: 17, make: counter}
steps: [{id: get-notes, push: /a, data: "${chat} ${number}"}]
"""
CHAT = "0000Na9B26EF0AAX"


def heard(
    target: str, answer: Any = None, *, number: int = 1, sent: Any = msgspec.UNSET, **setting: Any
) -> Heard:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    exchange = Exchange(
        number=number,
        method=target.split(" ", maxsplit=1)[0],
        url=f"http://gws{target.split(' ')[1]}",
        began=number,
        sent=number,
        status=200,
        response_body=body,
        answered=number + 0.25,
        ended=number + 0.25,
    )
    return Heard(exchange=exchange, body=sent, setting=Setting(names={CHAT: "chat"}, **setting))


def told(*found: Heard, text: str = STORY) -> list[RequestStep]:
    before = scenario(text)
    after, count = tell(before, found)
    assert loads(dumps(after)) == after
    assert after.steps[: len(before.steps)] == before.steps
    steps = [step for step in after.steps[len(before.steps) :] if isinstance(step, RequestStep)]
    assert len(steps) == count
    return steps


def test_what_was_made_for_the_play_is_named_and_ids_of_steps_are_free() -> None:
    (step,) = told(
        heard(f"GET /chats/{CHAT}/notes", {"of": CHAT, "referenceId": 18}, counters={18: "number"})
    )
    assert (step.id, step.request) == ("get-notes-2", "GET /chats/${chat}/notes")
    assert step.respond[0].body == {"of": "${chat}", "referenceId": "${number}"}
    assert step.respond[0].after == "250ms"


def test_an_id_that_an_answer_says_and_the_next_request_uses_is_a_variable() -> None:
    made = "0000Na9B26EF0BBX"
    first = heard("GET /calls", [{"id": made}], number=1)
    one, two = told(first, heard(f"GET /calls/{made}", {}, number=2))
    name = one.respond[0].body[0]["id"]
    assert name.startswith("${")
    assert two.request == f"GET /calls/{name}"


def test_the_first_answer_to_the_same_request_stands() -> None:
    (step,) = told(heard("GET /a", 1, number=1), heard("GET /a", 2, number=2))
    assert step.respond[0].body == 1


def test_requests_with_other_bodies_are_other_steps() -> None:
    steps = told(*(heard("POST /a", 1, number=n, sent={"on": on}) for n, on in enumerate((True, 1, True))))
    assert [step.body for step in steps] == [{"on": True}, {"on": 1}]
    assert steps[0].body["on"] is True


def test_a_step_that_was_taken_over_is_not_told_again() -> None:
    text = STORY.replace("steps: [", 'steps: [{id: mine, request: "GET /chats/${chat}"}, ')
    assert told(heard(f"GET /chats/{CHAT}"), text=text) == []


def test_a_variable_that_the_scenario_has_no_more_is_not_named() -> None:
    (step,) = told(heard(f"GET /chats/{CHAT}"), text="steps: []")
    assert step.request == f"GET /chats/{CHAT}"


def test_times_are_moved_back_to_those_of_the_recording() -> None:
    text = 'source: {recorded: "2014-01-02T00:00:00Z"}\nshift_times: [at]\nsteps: []'
    (step,) = told(heard("GET /a", {"at": 1700000100, "n": 1700000100}, shift=100.0), text=text)
    assert step.respond[0].body == {"at": 1700000000, "n": 1700000100}


def test_the_role_of_who_asked_is_said() -> None:
    text = "steps: [{id: x, agent: a, push: /a, data: 1}, {id: y, agent: b, push: /a, data: 1}]"
    (step,) = told(heard("GET /a", role="b"), text=text)
    assert step.agent == "b"


def test_of_a_body_only_what_cleaning_left_is_compared() -> None:
    sent = {"operationName": "Call", "to": "+49", "list": [1, {"who": "Ann"}], "deep": {"x": 1, "pin": "1"}}
    clean = {"operationName": "Call", "to": "+11", "list": [1, {"who": "Bea"}], "deep": {"x": 1, "pin": "2"}}
    both = json.dumps(sent).encode(), json.dumps(clean).encode()
    assert compared(*both, PROFILE) == {"operationName": "Call", "deep": {"x": 1}}
    assert compared(b"no json", b"no json", PROFILE) is msgspec.UNSET
    assert compared(b'"a"', b'"b"', PROFILE) is msgspec.UNSET
    assert compared(b"{}", b"{}", PROFILE) == {}


def test_what_the_client_makes_up_stays_to_become_a_variable() -> None:
    sent, clean = (
        b'{"operationName": "Accept", "nickname": "Ann"}',
        b'{"nickname": "Bea", "operationName": "Accept"}',
    )
    (step,) = told(heard("POST /a", {"nickname": "Bea"}, sent=compared(sent, clean, PROFILE)))
    assert step.body == {"operationName": "Accept", "nickname": "${nickname}"}


WORDS = st.one_of(st.text(max_size=8), st.sampled_from([CHAT, "${x}", "$", "text", "http://gws/api/v2/x"]))
VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), WORDS
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(VALUES, st.binary(max_size=12)), min_size=1, max_size=3), VALUES)
def test_whatever_is_heard_can_be_played(answers: list[Any], sent: Any) -> None:
    told(*(heard("POST /a", answer, number=n, sent=[n, sent]) for n, answer in enumerate(answers)))
