"""Presets, before an agent who asks who it is while it is offered a chat."""

from __future__ import annotations

from collections import Counter

from tests.faults.observed.case import STORY, PresetCase
from tests.faults.observed.clients import Desktop
from tests.faults.observed.words import Seen, answer_of, chronicle, events, heard, plain, strands

TICKS = 20
STREAM = (
    STORY.partition("steps:")[0]
    + "steps:\n"
    + "".join(
        f"  - {{id: tick{n}, push: /v2/me/chats, after: start + {100 + 50 * n}ms, data: {{number: {n}}}}}\n"
        for n in range(1, TICKS + 1)
    )
)
"""Nothing but events, every 50 ms."""

UNHURRIED = STORY.replace("accept + 200ms", "accept + 900ms").replace("accept + 350ms", "accept + 1s")
UNHURRIED = UNHURRIED.replace("accept + 500ms", "accept + 1200ms")
"""A poll waits while the agent asks who it is."""

ANSWERED_LATE = STORY.replace("after: 20ms", "after: 300ms")
"""The first event after Accept comes before its answer, as it is told."""


def tally(seen: list[Seen]) -> str:
    """How the questions were answered, and what else there was."""
    asked = [each for each in seen if each.get("name", "").startswith("GET")]
    counts = Counter(answer_of(each) if each["kind"] == "answer" else plain(each["error"]) for each in asked)
    told = ", ".join(f"{times} x {answer}" for answer, times in sorted(counts.items()))
    others = [each for each in seen if each not in asked]
    return f"GET /me: {told}; {once(strands(others))}"


def once(text: str) -> str:
    """How often something repeats is a matter of timing where polls are struck time and again."""
    return "; ".join(", ".join(dict.fromkeys(part.split(", "))) for part in text.split("; "))


def waits(seen: list[Seen]) -> str:
    """How long the answers to questions took at least."""
    times = []
    asked = 0.0
    for each in seen:
        if each["kind"] == "request" and each["method"] == "GET":
            asked = each["t"]
        elif each.get("name", "").startswith("GET"):
            times.append(each["t"] - asked)
    slow = sum(time > 60 for time in times)
    return f"{slow} of {len(times)} answers came late; {tally(seen)}"


def moved(seen: list[Seen]) -> str:
    """What it is to be known nowhere; how often, and by what it is noticed, is a matter of timing."""
    cookies = {header for each in seen for header in each.get("cookies", ()) if "BAYEUX" not in header}
    told = [
        "several session cookies" if len(cookies) > 1 else "",
        ", ".join(sorted({each["error"] for each in seen if each["kind"] == "failure"}))
        + ", shook hands again" * (sum(each["kind"] == "handshake" for each in seen) > 1),
        heard(seen),
    ]
    questions = tally(seen).partition(";")[0]
    return "; ".join([questions, *(word for word in told if word)])


def order(seen: list[Seen]) -> str:
    """Which came first, the answer or the first event that the request sets off."""
    words = chronicle(seen).split(", ")
    first = words.index("Accept answered 200") < words.index("chatting")
    return f"Accept answered {'before' if first else 'after'} chatting; {heard(seen)}"


def losses(seen: list[Seen]) -> str:
    """What became of a stream of events."""
    came = [int(name) for name in events(seen)]
    lost = TICKS - len(set(came))
    twice = sum(times > 1 for times in Counter(came).values())
    overtaken = sum(any(later < number for later in came[at:]) for at, number in enumerate(came))
    return f"of {TICKS} events {lost} lost, {twice} twice; {overtaken} came before one that was due earlier"


CASES = [
    PresetCase(
        "slow-network",
        Desktop("--ask", "5"),
        "5 of 5 answers came late; GET /me: 5 x 200; every event once, in order",
        waits,
    ),
    PresetCase(
        "flaky",
        Desktop("--ask", "15", "--again", "3"),
        (
            "GET /me: 15 x 200, 3 x 503 Service Unavailable, 1 x ECONNRESET; Accept: 503 "
            "Service Unavailable, then 200; /meta/connect: socket hang up, connected again; "
            "every event once, in order"
        ),
        tally,
    ),
    PresetCase(
        "lossy-stream",
        Desktop("--expect", "21"),
        "of 20 events 4 lost, 5 twice; 4 came before one that was due earlier",
        losses,
        STREAM,
    ),
    PresetCase(
        "expired-session",
        Desktop("--ask", "5", "--again", "1"),
        (
            "GET /me: 5 x 200, 1 x 403 {statusCode: 20, statusMessage: Access denied}; "
            "/meta/connect: 402::Unknown client and reconnect: handshake, shook hands again; "
            "every event once, in order"
        ),
        tally,
        sample=True,
    ),
    PresetCase(
        "server-restart",
        Desktop("--ask", "5"),
        (
            "GET /me: 5 x 200; /meta/connect: ECONNRESET, /meta/connect: 402::Unknown client "
            "and reconnect: handshake, shook hands again; every event once, in order"
        ),
        tally,
        UNHURRIED,
    ),
    PresetCase(
        "overloaded",
        Desktop("--ask", "5", "--again", "3"),
        (
            "6 of 6 answers came late; GET /me: 5 x 200, 1 x 503 Service Unavailable; every "
            "event once, in order"
        ),
        waits,
    ),
    PresetCase(
        "wrong-node",
        Desktop("--ask", "7"),
        "GET /me: 7 x 200; several session cookies; 402::Unknown client, shook hands again; "
        "every event once, in order",
        moved,
        UNHURRIED,
    ),
    PresetCase(
        "answer-after-events",
        Desktop(),
        "Accept answered after chatting; every event once, in order",
        order,
    ),
    PresetCase(
        "events-after-answer",
        Desktop(),
        "Accept answered before chatting; every event once, in order",
        order,
        ANSWERED_LATE,
    ),
]
