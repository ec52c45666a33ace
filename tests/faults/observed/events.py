"""Faults of events."""

from __future__ import annotations

from tests.faults.observed.case import STORY, Case
from tests.faults.observed.clients import Desktop
from tests.faults.observed.words import batches

CHATTING = "where: {step: chatting}"
TOGETHER = STORY.replace("accept + 350ms", "accept + 200ms").replace("accept + 500ms", "accept + 200ms")
"""The three events after Accept are due at one moment."""

CASES = [
    Case(
        "delay",
        f"{CHATTING}, settings: {{by: 500ms}}",
        Desktop(),
        "events: invited, participants, history, chatting",
    ),
    Case("drop", CHATTING, Desktop("--expect", "3"), "events: invited, participants, history; not chatting"),
    Case(
        "duplicate",
        CHATTING,
        Desktop("--expect", "5"),
        "events: invited, chatting 2 times, participants, history",
    ),
    Case("reorder", CHATTING, Desktop(), "events: invited, participants, chatting, history", sample=True),
    Case(
        "batch",
        "where: {channel: /v2/me/chats}, settings: {window: 700ms}",
        Desktop(),
        "invited, then chatting with participants with history",
        batches,
    ),
    Case(
        "batch",
        "where: {channel: /v2/me/chats}, settings: {window: 700ms}",
        Desktop(transport="websocket"),
        "invited, then chatting with participants with history",
        batches,
    ),
    Case(
        "split",
        "where: {channel: /v2/me/chats}",
        Desktop(),
        "invited, then chatting, then participants, then history",
        batches,
        TOGETHER,
    ),
]
