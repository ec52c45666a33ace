"""What went wrong on the way is no part of the story, unless it is asked for."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from replay.distil import read
from replay.scenario.dump import dumps
from replay.scenario.load import loads
from replay.scenario.model import Fault, Where

from .recorded import CHAT, Recorded, event, ids, pushes, request

LEFT_OUT = ("1 request that failed and was sent again is left out",)


def offered() -> Recorded:
    return Recorded().shaken().poll(0.1, 2.0, events=[event("Invited")])


def faults(recorded: Recorded) -> list[Fault]:
    """What is told with `--faults-too`; the scenario loads, and nothing is said to be left out."""
    told = read(recorded.exchanges)
    [story] = told.stories
    found = told.tell(story, "story", faults_too=True)
    assert loads(dumps(found.scenario)) == found.scenario
    assert not any("left out" in note and "answer" not in note for note in found.notes)
    return found.scenario.faults


@pytest.mark.parametrize("status", [401, 402, 429, 500, 502, 503, 504])
def test_a_request_that_failed_and_was_sent_again_is_one_request(status: int) -> None:
    recorded = offered().accept(3.0, status=status, said="sorry").accept(4.0)
    recorded.poll(2.1, 4.1, events=[event("Chatting")])

    told = recorded.distilled()
    assert ids(told.scenario) == ["invited", "accept", "chatting"]
    assert [answer.status for answer in request(told.scenario, "accept").respond] == [200]
    assert pushes(told.scenario)[1].after == "accept + 100ms"
    assert told.notes == LEFT_OUT
    assert faults(recorded) == [
        Fault(
            name="accept-status",
            fault="status",
            where=Where(step="accept"),
            settings={"status": status},
            nth=[1],
        )
    ]


def test_several_failures_in_a_row_are_all_left_out_and_counted() -> None:
    recorded = offered().accept(3.0, status=503).accept(4.0, status=503).accept(6.0)

    assert recorded.notes() == ("2 requests that failed and were sent again are left out",)
    assert [(fault.name, fault.nth) for fault in faults(recorded)] == [
        ("accept-status", [1]),
        ("accept-status-2", [2]),
    ]


def test_reading_again_after_a_failure_counts_as_that_occurrence() -> None:
    recorded = offered()
    for at, status in ((3.0, 200), (4.0, 503), (4.5, 200)):
        recorded.call("GET", f"/api/v2/me/chats/{CHAT}", at=at, status=status)

    [fault] = faults(recorded)
    assert (fault.where.step, fault.nth) == ("get-chat", [2])
    assert len(request(recorded.scenario(), "get-chat").respond) == 1


@pytest.mark.parametrize(
    "again",
    [
        {"at": 14.0},
        {"at": 4.0, "status": 400},
        {"at": 4.0, "body": {"operationName": "Reject"}},
    ],
)
def test_what_is_not_the_same_wish_soon_after_is_no_retry(again: dict[str, Any]) -> None:
    path, body = f"/api/v2/me/chats/{CHAT}", {"operationName": "Accept"}
    recorded = offered().call("POST", path, body, 3.0, status=503)
    recorded.call("POST", path, **({"body": body} | again))

    scenario = recorded.scenario()
    assert len(ids(scenario)) == 3
    assert request(scenario, "accept").respond[0].status == 503
    assert faults(recorded) == []


@pytest.mark.parametrize(
    ("failure", "fault"),
    [("Connection reset by peer", "reset"), ("server closed connection", "close"), ("", "close")],
)
def test_a_request_without_an_answer_that_was_sent_again_is_a_fault(failure: str, fault: str) -> None:
    recorded = offered().accept(3.0, status=None, answer=None, failure=failure).accept(4.0)

    assert [(each.fault, each.where.step, each.nth) for each in faults(recorded)] == [(fault, "accept", [1])]


def test_a_client_that_gave_up_is_no_fault_of_the_server() -> None:
    recorded = offered().accept(3.0, status=None, answer=None, failure="Client disconnected.").accept(4.0)

    assert faults(recorded) == []


def test_an_answer_cut_off_is_a_fault() -> None:
    recorded = offered().accept(3.0, failure="peer closed", answer=b'{"stat').accept(4.0)

    [fault] = faults(recorded)
    assert (fault.fault, fault.settings) == ("truncate", {"bytes": 6})


def test_polls_that_broke_are_faults_by_the_clock() -> None:
    recorded = Recorded().shaken()
    recorded.poll(0.1, 1.01, status=503, answer=b"")
    recorded.poll(1.5, 1.6, status=None, answer=None, failure="ECONNRESET")
    recorded.poll(1.7, 2.0, events=[event("Invited")])

    assert [(each.name, each.settings, each.from_, each.limit) for each in faults(recorded)] == [
        ("connect-status", {"status": 503}, "55ms", 1),
        ("connect-reset", {}, "790ms", 1),
    ]
    assert recorded.scenario().faults == []


def forgotten(again_at: float) -> Recorded:
    """A client that is forgotten after the invitation, shakes hands again and is told of it again."""
    user = (("Authorization", "Bearer a"),)
    recorded = Recorded("c1", headers=user).shaken().poll(0.1, 2.0, events=[event("Invited")])
    unknown = [{"successful": False, "error": "402::Unknown client", "advice": {"reconnect": "handshake"}}]
    recorded.poll(2.1, 2.11, replies=unknown)
    recorded.client = "c2"
    recorded.shaken(again_at)
    recorded.poll(again_at + 0.1, again_at + 0.2, events=[event("Invited")])
    return recorded


def test_what_is_told_again_after_a_handshake_is_no_second_event() -> None:
    recorded = forgotten(8.0)

    assert ids(recorded.scenario()) == ["invited"]
    assert recorded.notes() == (
        "1 client was forgotten by the server and shook hands again; that is left out",
    )
    assert [(each.fault, each.where.meta, each.from_) for each in faults(recorded)] == [
        ("unknown-client", "connect", "1.09s")
    ]


def test_what_comes_again_long_after_is_told_again() -> None:
    assert ids(forgotten(15.0).scenario()) == ["invited", "invited-2"]


def test_a_refused_handshake_and_a_refused_subscription_are_faults() -> None:
    recorded = Recorded()
    refusal = [{"successful": False, "error": "403::Forbidden"}]
    recorded.poll(0.0, 0.01, recorded.message("handshake"), replies=refusal, url="/handshake")
    recorded.shaken(1.0)
    recorded.poll(1.1, 1.11, recorded.message("subscribe", subscription="/x"), replies=refusal, url="/")
    recorded.poll(1.2, 2.0, events=[event("Invited")])

    assert [(each.fault, each.where.meta, each.settings) for each in faults(recorded)] == [
        ("handshake-refused", "handshake", {"error": "403::Forbidden"}),
        ("subscribe-refused", "subscribe", {"error": "403::Forbidden"}),
    ]
    assert msgspec.to_builtins(faults(recorded)[0])["where"] == {"meta": "handshake"}
