"""Faults of answers: what a desktop gets instead, and whether what it asked for was done."""

from __future__ import annotations

import msgspec
import pytest

from replay.testing import Reply

from .stories import WHOLE, Told


def accepted(fault: str, settings: str = "{}") -> tuple[Told, int]:
    told = Told(f"[{{name: bad, fault: {fault}, where: {{step: accept}}, settings: {settings}}}]")
    told.joins()
    told.script.advance(2)
    exchange = told.accepts()
    told.polls_for(1)
    return told, exchange


def states(told: Told) -> list[str]:
    return [state for _, state in told.heard]


def test_latency_moves_the_answer_and_leaves_its_events() -> None:
    told, exchange = accepted("latency", "{delay: 500ms}")

    assert told.script.answer(exchange) == Reply(2.55, WHOLE)
    assert told.heard[1:] == [(2.1, "Chatting"), (2.2, "History")]
    assert told.strikes == [
        {
            "rule": "bad",
            "fault": "latency",
            "settings": {"delay": "500ms"},
            "occurrence": 1,
            "changed": "500ms later",
            "step": "accept",
        }
    ]


def test_a_status_stands_for_an_answer_and_nothing_is_done() -> None:
    told, exchange = accepted("status", "{status: 502, text: Bad Gateway, headers: {Retry-After: '3'}}")

    assert told.script.answer(exchange) == Reply(2.0, b"Bad Gateway", 502)
    assert ("Retry-After", "3") in told.script.headers(exchange)
    assert states(told) == ["Invited"]


def test_what_was_refused_can_be_asked_again() -> None:
    told = Told("[{name: bad, fault: status, where: {step: accept}, nth: [1]}]")
    told.joins()
    first, second = told.accepts(), told.accepts()
    told.polls_for(1)

    assert told.script.answer(first).status == 503
    assert told.script.answer(second) == Reply(0.05, WHOLE)
    assert states(told) == ["Chatting", "History", "Invited"]


def test_an_error_is_in_the_words_of_the_api() -> None:
    told, exchange = accepted("error", "{code: 3, message: No}")

    assert told.script.answer(exchange) == Reply(2.0, {"statusCode": 3, "statusMessage": "No"}, 500)
    assert states(told) == ["Invited"]


@pytest.mark.parametrize(("fault", "what"), [("hang", None), ("reset", True), ("close", False)])
def test_no_answer_comes_and_nothing_is_done(fault: str, what: bool | None) -> None:
    told, exchange = accepted(fault)

    assert told.script.waits(exchange)
    cut = told.script.cut.get(exchange)
    assert (cut.reset if cut is not None else None) == what
    assert states(told) == ["Invited"]


@pytest.mark.parametrize("fault", ["status", "error", "hang", "reset", "close"])
def test_what_is_processed_all_the_same_has_its_events(fault: str) -> None:
    told, _ = accepted(fault, "{processed: true}")

    assert told.heard[1:] == [(2.1, "Chatting"), (2.2, "History")]


def test_a_truncated_answer_ends_before_its_length() -> None:
    told, exchange = accepted("truncate", "{bytes: 7}")

    assert told.script.waits(exchange)
    assert told.script.pieces(exchange) == [(2.05, msgspec.json.encode(WHOLE)[:7])]
    assert told.script.cut[exchange].reset is False
    assert told.strikes[0]["changed"] == f"7 of {len(msgspec.json.encode(WHOLE))} bytes"


def test_a_garbled_answer_is_half_of_its_json() -> None:
    told, exchange = accepted("garble")

    reply = told.script.answer(exchange)
    assert (reply.at, reply.status) == (2.05, 200)
    assert isinstance(reply.body, bytes)
    assert msgspec.json.encode(WHOLE).startswith(reply.body)
    assert states(told) == ["Invited", "Chatting", "History"]


def test_a_slow_answer_comes_in_slices_and_is_whole_in_the_end() -> None:
    told, exchange = accepted("slow", "{rate: 100B/s, slice: 10}")

    body = msgspec.json.encode(WHOLE)
    pieces = told.script.pieces(exchange)
    assert pieces[:2] == [(2.15, body[:10]), (2.25, body[10:20])]
    assert told.script.answer(exchange) == Reply(round(2.05 + len(body) / 100, 6), WHOLE)


def test_another_content_type_goes_with_the_same_body() -> None:
    told, exchange = accepted("wrong-content-type")

    types = [value for name, value in told.script.headers(exchange) if name == "Content-Type"]
    assert types == ["text/html;charset=UTF-8"]
    assert told.script.answer(exchange).body == WHOLE


@pytest.mark.parametrize(
    ("first", "answered", "heard"),
    [
        ("events", 2.22, [(2.1, "Chatting"), (2.2, "History")]),
        ("''", 2.22, [(2.1, "Chatting"), (2.2, "History")]),
        ("answer", 2.05, [(2.1, "Chatting"), (2.2, "History")]),
    ],
)
def test_the_answer_can_come_after_its_events(
    first: str, answered: float, heard: list[tuple[float, str]]
) -> None:
    told, exchange = accepted("swap", f"{{first: {first}}}")

    assert (told.script.answer(exchange).at, told.heard[1:]) == (answered, heard)


@pytest.mark.parametrize("late", [0.0, 0.02])
def test_an_event_that_is_put_off_is_not_overtaken_by_one_that_is_due_about_then(late: float) -> None:
    steps = """
cometd: {path: /cometd}
steps:
  - {id: accept, request: POST /api/v2/me/chats/1, respond: {after: 300ms}}
  - {id: chatting, push: /chats, after: accept + 200ms, data: {state: Chatting}}
  - {id: history, push: /chats, after: accept + 350ms, data: {state: History}}
"""
    told = Told("[{name: bad, fault: swap, settings: {first: answer, gap: 50ms}}]", steps=steps)
    told.joins(socket=True)
    told.accepts()
    told.script.advance(0.34)
    told.script.advance(0.01 + late)
    told.script.advance(1)

    assert [state for _, state in told.heard] == ["Chatting", "History"]


def test_events_that_came_first_come_after_the_answer() -> None:
    steps = """
cometd: {path: /cometd}
steps:
  - {id: accept, request: POST /api/v2/me/chats/1, respond: {after: 150ms, body: 1}}
  - {id: chatting, push: /chats, after: accept + 100ms, data: {state: Chatting}}
  - {id: history, push: /chats, after: accept + 200ms, data: {state: History}}
"""
    told = Told("[{name: bad, fault: swap, settings: {gap: 10ms}}]", steps=steps)
    told.joins()
    exchange = told.accepts()
    told.polls_for(1)

    assert told.script.answer(exchange).at == 0.15
    assert told.heard == [(0.16, "Chatting"), (0.2, "History")]


def test_rules_of_one_source_work_together() -> None:
    told = Told(
        "[{name: late, fault: latency, settings: {delay: 1s}, where: {step: accept}},"
        " {name: bad, fault: status, where: {step: accept}}]"
    )
    told.joins()
    exchange = told.accepts()
    told.polls_for(2)

    assert told.script.answer(exchange) == Reply(1.0, b"", 503)
    assert [strike["rule"] for strike in told.strikes] == ["late", "bad"]
    answers = [entry for entry in told.script.simulator.journal if entry.kind == "answer"]
    assert [entry.detail for entry in answers] == [{"status": 503, "faults": ["late", "bad"]}]
