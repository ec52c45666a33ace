"""What the load client takes for wrong, and what it lets pass."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.watching import CHANNEL, KINDS, Data, Message, Watch
from bench.watching import Chat as ChatOf


def event(chat: str, kind: str, channel: str = CHANNEL) -> Message:
    return Message(channel=channel, data=Data(chat=ChatOf(id=chat), notificationType=kind))


def told(chat: str) -> list[Message]:
    return [event(chat, kind) for kind in KINDS]


def test_what_is_due_in_order_is_right() -> None:
    watch = Watch("agent 1")
    watch.expect("A")
    watch.expect("B")

    events = watch.take([*told("A"), Message(channel="/meta/connect", successful=True)])
    events += watch.take(told("B"))

    assert (events, watch.wrong, list(watch.left)) == (6, [], [])


def test_an_event_that_has_not_come_is_left() -> None:
    watch = Watch("agent 1")
    watch.expect("A")

    watch.take(told("A")[:2])

    assert list(watch.left) == [("A", "NewMessages")]


@pytest.mark.parametrize(
    ("came", "sentence"),
    [
        (told("A")[::-1], "agent 1 got A NewMessages on /v2/me/chats, A StatusChange was due"),
        ([*told("A"), *told("A")[2:]], "agent 1 got A NewMessages on /v2/me/chats, nothing was due"),
        (told("B"), "agent 1 got B StatusChange on /v2/me/chats, A StatusChange was due"),
        ([event("A", KINDS[0], "/other")], "agent 1 got A StatusChange on /other, A StatusChange was due"),
        (
            [Message(channel="/meta/connect", successful=False, error="402::")],
            "agent 1: /meta/connect failed: 402::",
        ),
    ],
    ids=["misordered", "twice", "another's", "on another channel", "a failed connect"],
)
def test_anything_else_is_told(came: list[Message], sentence: str) -> None:
    watch = Watch("agent 1")
    watch.expect("A")

    watch.take(came)

    assert watch.wrong[0] == sentence


@given(st.permutations(range(6)), st.lists(st.integers(0, 5), max_size=2))
def test_only_each_event_once_and_in_order_passes(order: list[int], again: list[int]) -> None:
    watch = Watch("agent 1")
    watch.expect("A")
    watch.expect("B")
    due = told("A") + told("B")

    watch.take([due[number] for number in [*order, *again]])

    assert bool(watch.wrong) == (order != sorted(order) or bool(again))
