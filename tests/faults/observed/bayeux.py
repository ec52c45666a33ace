"""Faults of Bayeux messages."""

from __future__ import annotations

from tests.faults.observed.case import LATER, PATIENT, Case
from tests.faults.observed.clients import Desktop
from tests.faults.observed.words import Seen, between, connects, strands, took

BRIEF = Desktop("--quiet", "1200")


def polls(seen: list[Seen]) -> str:
    """How many connects were answered: without the fault they are six or seven."""
    many = len(connects(seen))
    return f"{'more than 10' if many > 10 else many} answers to connects; {strands(seen)}"


def advised(seen: list[Seen]) -> str:
    """The advice, and how many connects were answered."""
    advice = next(each["advice"] for each in connects(seen) if each.get("advice"))
    told = ", ".join(f"{key}: {value}" for key, value in advice.items())
    return f"advice {{{told}}}; {strands(seen)}"


def waited(seen: list[Seen]) -> str:
    """The advice, and how long it was heeded."""
    pause = between(seen, lambda each: bool(each.get("advice")), lambda each: each["kind"] == "event")
    return f"{advised(seen)}, the first after {took(pause, 1000)}"


CASES = [
    Case(
        "unknown-client",
        "where: {meta: connect}, nth: [2]",
        Desktop(),
        (
            "/meta/connect: 402::Unknown client and reconnect: handshake, shook hands again; "
            "every event once, in order"
        ),
        story=LATER,
        sample=True,
    ),
    Case(
        "unknown-client",
        "where: {meta: connect}, nth: [2]",
        Desktop(cometd="9"),
        (
            "/meta/connect: 402::Unknown client and reconnect: handshake, shook hands again; "
            "every event once, in order"
        ),
        story=LATER,
    ),
    Case(
        "handshake-refused",
        "where: {meta: handshake}, nth: [1]",
        BRIEF,
        "/meta/handshake: 403::Handshake denied and reconnect: none, nothing more in 1200 ms; no event",
    ),
    Case(
        "subscribe-refused",
        "where: {meta: subscribe}, nth: [1]",
        BRIEF,
        (
            "/meta/subscribe: 403:denied_by_security_policy:subscribe_denied, nothing more in"
            " 1200 ms; no event"
        ),
    ),
    Case(
        "advice",
        "where: {meta: connect}, settings: {reconnect: none}, nth: [1]",
        BRIEF,
        "advice {interval: 0, timeout: 2000, reconnect: none}; nothing more in 1200 ms; no event",
        advised,
    ),
    Case(
        "advice",
        "where: {meta: connect}, settings: {reconnect: handshake}, nth: [1]",
        BRIEF,
        "advice {interval: 0, timeout: 2000, reconnect: handshake}; nothing more in 1200 ms; no event",
        advised,
    ),
    Case(
        "advice",
        "where: {meta: connect}, settings: {reconnect: handshake}, nth: [1]",
        Desktop("--quiet", "1200", cometd="9"),
        "advice {interval: 0, timeout: 2000, reconnect: handshake}; nothing more in 1200 ms; no event",
        advised,
    ),
    Case(
        "advice",
        "where: {meta: connect}, settings: {interval: 1s}, nth: [1]",
        Desktop(),
        (
            "advice {interval: 1000, timeout: 2000, reconnect: retry}; every event once, in "
            "order, the first after 1 s"
        ),
        waited,
    ),
    Case(
        "connect-at-once",
        "where: {meta: connect}",
        Desktop(),
        "more than 10 answers to connects; every event once, in order",
        polls,
        LATER,
    ),
    Case(
        "connect-held",
        "where: {meta: connect}, nth: [2]",
        Desktop("--network-delay", "1000"),
        "/meta/connect: no answer in 1400 ms, connected again; every event once, in order",
        story=PATIENT,
    ),
    Case(
        "ack-lost",
        "where: {meta: connect}, nth: [3]",
        Desktop("--ack", "--expect", "5"),
        "events: invited 2 times, chatting, participants, history",
    ),
]
