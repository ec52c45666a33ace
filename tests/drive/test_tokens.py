"""What a server gives out and demands, as every client of ours keeps it."""

from __future__ import annotations

import pytest

from replay.drive.answer import Tokens
from replay.scenario.model import Demand, Respond
from replay.testing import scenario

PROOF = Demand(
    header="X-Proof",
    value="${proof}",
    methods=["POST"],
    given={"X-Hint": "X-Proof", "X-Your-Proof": "${proof}"},
    refused=Respond(status=401),
)


def test_what_a_header_of_an_answer_says_goes_with_the_requests_that_it_is_demanded_of() -> None:
    tokens = Tokens([PROOF])

    assert tokens.sent_with("POST") == {}
    assert tokens.learn({"X-YOUR-PROOF": "p1", "X-HINT": "X-Proof"}) == ["p1"]
    assert (tokens.sent_with("POST"), tokens.sent_with("PUT"), tokens.sent_with("GET")) == (
        {"X-Proof": "p1"},
        {},
        {},
    )
    assert tokens.learn({}) == []
    assert tokens.sent_with("POST") == {"X-Proof": "p1"}


def test_a_header_of_the_same_name_brings_it_where_the_scenario_does_not_say_what_it_holds() -> None:
    tokens = Tokens([Demand(header="X-Proof", methods=["POST"], given={"x-proof": "seen-once"})])

    tokens.learn({"X-PROOF": "p2"})

    assert tokens.sent_with("POST") == {"X-Proof": "p2"}


def test_a_value_that_is_known_or_may_be_any_is_sent_at_once_but_a_login_is_for_people_to_say() -> None:
    headers = ("ContactCenterId", "Authorization", "cookie")
    tokens = Tokens([Demand(header="X-Key", value="open"), *(Demand(header=each) for each in headers)])

    assert tokens.sent_with("GET") == {"X-Key": "open", "ContactCenterId": "replay"}


def test_the_token_of_a_real_server_is_known_whatever_the_scenario_says() -> None:
    tokens = Tokens()
    tokens.learn({"X-CSRF-HEADER": "X-XSRF-Proof", "X-CSRF-TOKEN": "t0ken"})

    assert (tokens.sent_with("DELETE"), tokens.sent_with("GET")) == ({"X-XSRF-Proof": "t0ken"}, {})


@pytest.mark.parametrize("value", ["", "two\nlines", "\x00"])
def test_what_no_header_can_hold_is_no_token(value: str) -> None:
    tokens = Tokens([PROOF])

    assert tokens.learn({"X-YOUR-PROOF": value, "X-CSRF-TOKEN": value}) == []


@pytest.mark.parametrize(
    ("method", "status", "body", "lacks"),
    [
        ("POST", 401, b"", True),
        ("POST", 403, b"", False),
        ("GET", 401, b"", False),
        ("PUT", 403, b"Missing or invalid Csrf token", True),
        ("GET", 403, b"Missing or invalid Csrf token", False),
    ],
)
def test_a_refusal_for_want_of_a_token_is_known_as_one(
    method: str, status: int, body: bytes, lacks: bool
) -> None:
    assert Tokens([PROOF]).may_lack(method, status, body) is lacks


def test_what_the_session_reads_brings_the_token() -> None:
    found = scenario(
        """
        variables: {id: {recorded: 1}}
        session:
          - {id: start-up, request: POST /me}
          - {id: own, request: "GET /users/${id}"}
          - {id: me, request: GET /me?a=b}
        steps: []
        """
    )

    assert Tokens.of(found).reading("http://host:1/cometd/handshake") == "http://host:1/me?a=b"
    assert Tokens().reading("http://host:1/me") == "http://host:1/me"
