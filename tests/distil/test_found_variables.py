"""Variables that nobody named: what the server says and the client uses, what the client hears again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from replay.distil.values import is_rare
from replay.scenario.model import Scenario, Variable

from .recorded import CHAT, CHATS, HOST, Recorded, event, pushes, request

TOKEN = "q7Zk-93Xw2LmB"


def heard(data: Any) -> Recorded:
    """A client to whom the server has said something."""
    return Recorded().shaken().poll(0.1, 2.0, events=[(CHATS, data)])


def made(scenario: Scenario) -> dict[str, str | None]:
    return {name: variable.make for name, variable in scenario.variables.items()}


@pytest.mark.parametrize(
    "use",
    [
        {"path": f"/api/v2/x/{TOKEN}"},
        {"path": f"/api/v2/x?of={TOKEN}&y=1"},
        {"path": "/api/v2/x", "body": {"a": [{"b": {"deep": TOKEN}}]}},
        {"path": "/api/v2/x", "body": {"a": f"in ({TOKEN}), somewhere"}},
        {"path": "/api/v2/x", "headers": (("X-Conversation", TOKEN),)},
    ],
)
def test_what_the_server_said_first_and_the_client_uses_anywhere_is_a_variable(use: dict[str, Any]) -> None:
    recorded = heard({"conversation": TOKEN})
    recorded.call("POST", use["path"], use.get("body", {}), 3.0, headers=use.get("headers", ()))

    scenario = recorded.scenario()
    assert list(made(scenario).values()) == ["lookalike"]
    assert TOKEN not in repr(pushes(scenario)[0].data)
    step = next(step for step in (*scenario.session, *scenario.steps) if step.id == "post-x")
    assert TOKEN not in repr(step)


@pytest.mark.parametrize("header", ["Cookie", "Authorization", "If-None-Match", "X-CSRF-TOKEN", "Referer"])
def test_what_belongs_to_the_connection_is_no_use(header: str) -> None:
    recorded = heard({"conversation": TOKEN})
    recorded.call("GET", "/api/v2/x", at=3.0, headers=((header, TOKEN),))

    assert made(recorded.scenario()) == {}


def test_what_the_server_says_in_a_header_is_an_id_too() -> None:
    recorded = Recorded().shaken()
    made_at = (("Location", f"{HOST}/api/v2/cases/case-7041"), ("Content-Type", "application/json"))
    recorded.call("POST", "/api/v2/cases", {}, 1.0, answered_with=made_at)
    recorded.call("GET", "/api/v2/cases/case-7041", at=2.0)

    scenario = recorded.scenario()
    assert made(scenario) == {"case": "lookalike"}
    assert request(scenario, "post-cases").respond[0].headers == {
        "Location": "${base_url}/api/v2/cases/${case}"
    }
    assert request(scenario, "get-case").request == "GET /api/v2/cases/${case}"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("queue", "queue-12"),
        ("version", "cometd-3.1.12"),
        ("day", "2014-01-02"),
        ("phone", "5551234567"),
        ("disposition", "IssueResolved"),
        ("userName", "agent1"),
        ("count", 17),
        ("enabled", True),
    ],
)
def test_what_both_say_and_is_no_id_stays(field: str, value: Any) -> None:
    recorded = heard({"chat": {"id": CHAT}, field: value})
    recorded.call("POST", f"/api/v2/me/chats/{CHAT}", {"operationName": "Change", field: value}, 3.0)
    recorded.poll(2.1, 3.1, events=[event("Chatting", **{field: value})])

    assert made(recorded.scenario()) == {"chat": "interaction-id"}


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("call me at five", True),
        ("ticket 12", True),
        ("Grüße!", True),
        ("IssueResolved", False),
        ("Accept", False),
        ("true", False),
        ("0012345678901234", False),
        ("2014-01-02T14:23:18.000-0800", False),
        (f"{HOST}/api/v2/contacts/1", False),
    ],
)
def test_what_the_client_says_first_and_hears_again_is_captured(said: str, found: bool) -> None:
    recorded = heard({"chat": {"id": CHAT}})
    recorded.call("POST", f"/api/v2/me/chats/{CHAT}", {"operationName": "Note", "remark": said}, 3.0)
    recorded.poll(2.1, 3.1, events=[event("Chatting", history=[{"what": said}])])
    recorded.call("POST", f"/api/v2/me/chats/{CHAT}", {"operationName": "Again", "remark": said}, 4.0)

    scenario = recorded.scenario()
    assert scenario.variables.get("remark") == (Variable(recorded=said) if found else None)
    if found:
        bodies = [request(scenario, name).body["remark"] for name in ("note", "again")]
        assert [*bodies, pushes(scenario)[1].data["history"][0]["what"]] == ["${remark}"] * 3


def test_what_the_client_says_and_never_hears_again_stays() -> None:
    recorded = heard({"chat": {"id": CHAT}})
    recorded.call("POST", f"/api/v2/me/chats/{CHAT}", {"remark": "call me at five"}, 3.0)

    assert made(recorded.scenario()) == {"chat": "interaction-id"}


def test_what_the_server_said_before_is_not_the_clients_invention() -> None:
    recorded = heard({"chat": {"id": CHAT}, "subject": "call me at five"})
    recorded.call("POST", f"/api/v2/me/chats/{CHAT}", {"remark": "call me at five"}, 3.0)
    recorded.poll(2.1, 3.1, events=[event("Chatting", remark="call me at five")])

    assert made(recorded.scenario()) == {"chat": "interaction-id"}


def test_numbers_and_single_plain_words_are_not_rare() -> None:
    assert not any(map(is_rare, ["", "17", "0000000000000000", "Normal", "ok", "ok now"[:5]]))
    assert all(map(is_rare, ["ok, now", "abc123", "averyverylongword"]))


ids = st.from_regex(r"0000[G-Z][A-Za-z]{3}[0-9][0-9A-Z]{7}", fullmatch=True)
participants = st.from_regex(r"00[0-9A-F]{13}[0-9]", fullmatch=True)
opaque = st.from_regex(r"[a-z][0-9][A-Z][0-9][a-z][0-9][A-Z]{6}", fullmatch=True)
texts = st.from_regex(r"[a-z]{3,6} [0-9]{2,4}", fullmatch=True)


def told_with(chat: str, participant: str, other: str, text: str, number: int) -> Scenario:
    """The same story each time, told with other values."""
    recorded = heard({"chat": {"id": chat, "key": other}, "participantId": participant, "type": "Agent"})
    recorded.call(
        "POST", f"/api/v2/me/chats/{chat}", {"operationName": "Note", "remark": text, "of": other}, 3.0
    )
    recorded.poll(
        2.1, 3.1, events=[event("Chatting", chat=chat, referenceId=number, remark=text, by=participant)]
    )
    return recorded.scenario()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ids, participants, opaque, texts, st.integers(1, 10**6))
def test_the_same_story_with_other_ids_gives_the_same_variables_and_steps(
    chat: str, participant: str, other: str, text: str, number: int
) -> None:
    one = told_with(CHAT, "009052C5E743004C", "a1B2c3DDDDDD", "call 12", 17)
    again = told_with(chat, participant, other, text, number)

    assert again.steps == one.steps
    assert {name: each.make for name, each in again.variables.items()} == {
        "chat": "interaction-id",
        "key": "lookalike",
        "agent": "participant-id",
        "remark": None,
        "reference": "counter",
    }


@pytest.mark.parametrize("piece", ["x", "a1", "a1-", "${", "http://a/b ", "/a1b2c3", "$", "%2F"])
def test_a_very_long_text_is_told_as_it_is(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    recorded = heard({"chat": {"id": CHAT}, "note": text})
    recorded.call("GET", f"/api/v2/me/chats/{CHAT}", at=3.0, said={"note": text})

    scenario = recorded.scenario()
    assert made(scenario) == {"chat": "interaction-id"}
    assert pushes(scenario)[0].data["note"] == text.replace("${", "$${")
