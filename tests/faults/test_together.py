"""Several faults at once: each does its own, and none undoes what another promises."""

from __future__ import annotations

import msgspec
import pytest

from replay.wire import ExchangeLost

from .stories import WHOLE, Told

LINE = "{name: line, fault: bandwidth, settings: {rate: 32KB/s}}"
LATE = "{name: late, fault: latency, where: {step: accept}, settings: {delay: 2s}}"


def accepting(*faults: str) -> tuple[Told, int]:
    """A chat that is accepted one second after it began; the number of the exchange."""
    chat = Told(f"[{', '.join(faults)}]")
    chat.joins(socket=True)
    chat.script.advance(1.5)
    exchange = chat.accepts()
    chat.script.advance(5)
    return chat, exchange


def test_an_answer_that_is_late_does_not_take_the_line_before_it_leaves() -> None:
    chat, exchange = accepting(LINE, LATE)

    assert [(round(at, 1), state) for at, state in chat.heard[1:]] == [(1.6, "Chatting"), (1.7, "History")]
    assert round(chat.script.answer(exchange).at, 1) == 3.6


def test_an_answer_in_slices_takes_the_line_too() -> None:
    slow = "{name: slow, fault: slow, where: {step: look}, settings: {rate: 1KB/s, slice: 1}}"
    line = "{name: line, fault: bandwidth, settings: {rate: 200B/s}}"
    chat = Told(f"[{line}, {slow}]")
    exchange = chat.desktop.get("/api/v2/me")
    chat.script.advance(1)

    assert chat.script.pieces(exchange) == [
        (0.016, b'"'),
        (0.021, b"m"),
        (0.026, b"e"),
        (0.031, b'"'),
    ]


def test_what_is_cut_short_on_a_narrow_line_is_cut_after_its_last_byte() -> None:
    cut = "{name: cut, fault: truncate, where: {step: accept}}"
    line = "{name: line, fault: bandwidth, settings: {rate: 10B/s}}"
    chat = Told(f"[{cut}, {line}]")
    exchange = chat.accepts()
    chat.script.advance(20)

    assert [at for at, _ in chat.script.pieces(exchange)] == [1.85]
    assert chat.script.cut[exchange].at == pytest.approx(1.85)


def test_two_lines_are_as_fast_as_the_narrower() -> None:
    narrow = "{name: narrow, fault: bandwidth, where: {transport: websocket}, settings: {rate: 100B/s}}"
    chat, exchange = accepting(LINE, narrow)

    assert len(chat.script.pieces(exchange)) == 1
    assert chat.script.answer(exchange).at > 2


def test_what_is_late_does_not_pass_a_parted_network() -> None:
    parted = "{name: parted, fault: partition, where: {step: look}, ttl: 10s}"
    chat = Told(f"[{LATE}, {parted}]")
    chat.joins()
    exchange = chat.accepts()
    chat.script.advance(1)
    chat.desktop.get("/api/v2/me")
    chat.script.advance(20)

    assert chat.script.answer(exchange).at == 11.0


def test_frames_that_a_parted_network_held_back_take_the_line_once() -> None:
    parted = "{name: parted, fault: partition, where: {step: accept}, ttl: 1s}"
    chat, _ = accepting("{name: line, fault: bandwidth, settings: {rate: 1KB/s}}", parted)

    assert chat.heard[1:] == [(2.5, "Chatting"), (2.5, "History")]


def test_events_that_are_to_follow_an_answer_follow_it_though_it_is_late() -> None:
    chat, exchange = accepting(LATE, "{name: order, fault: swap, settings: {first: answer}}")

    assert chat.script.answer(exchange).at == 3.55
    assert chat.heard[1:] == [(3.57, "Chatting"), (3.57, "History")]


def test_an_event_that_is_delayed_does_not_keep_others_back_in_its_batch() -> None:
    chat, _ = accepting(
        "{name: late, fault: delay, where: {step: chatting}, settings: {by: 2s}}",
        "{name: batch, fault: batch, settings: {window: 500ms}}",
    )

    assert chat.heard == [(1.5, "Invited"), (2.2, "History"), (4.1, "Chatting")]


def test_slices_for_clients_that_have_gone_are_not_kept() -> None:
    chat = Told("[{name: slow, fault: slow, where: {step: accept}, settings: {rate: 1B/s, slice: 1}}]")
    agenda = []
    for _ in range(10):
        exchange = chat.accepts()
        chat.script.advance(0.1)
        chat.script.put(ExchangeLost(exchange=exchange), f"{exchange}: lost")
        chat.script.advance(1)
        agenda.append(len(chat.script.simulator._agenda))

    assert max(agenda) < 2 * len(msgspec.json.encode(WHOLE))


def test_advice_of_two_rules_goes_with_one_reply() -> None:
    stop = "{name: stop, fault: advice, settings: {reconnect: none}}"
    chat = Told(f"[{{name: slower, fault: advice, settings: {{interval: 5s}}}}, {stop}]")
    chat.desktop.handshake()
    (reply,) = chat.script.answer(chat.desktop.connect(advice={"timeout": 0})).body

    assert (reply["advice"]["interval"], reply["advice"]["reconnect"]) == (5000, "none")
