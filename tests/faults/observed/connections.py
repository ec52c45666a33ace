"""Faults of connections, of sessions and of the whole server."""

from __future__ import annotations

from tests.faults.observed.answers import ACCEPT, AGAIN, ME, POLL, failed_poll, octets
from tests.faults.observed.case import STORY, Case
from tests.faults.observed.clients import Desktop, Desktops, Line
from tests.faults.observed.words import Seen, between, heard, strands, took

PARTICIPANTS = "where: {step: participants}, nth: [1]"
SOCKET = Desktop(transport="websocket")
SLOWLY = STORY.replace("accept + 500ms", "accept + 2500ms").replace("timeout: 2s", "timeout: 30s")
"""The last event comes when all who begin about now are there, and wait."""


def apart(seen: list[Seen]) -> str:
    """What each agent saw."""
    names = list(dict.fromkeys(each["user"] for each in seen))
    return "; ".join(f"{name}: {strands([each for each in seen if each['user'] == name])}" for name in names)


def cookies(seen: list[Seen]) -> str:
    """How many session cookies it was given, beside what else it saw."""
    given = {header.partition(";")[0] for each in seen for header in each.get("cookies", ())}
    many = sum(not each.startswith("BAYEUX") for each in given)
    return f"{many} session cookies one after the other; {strands(seen)}"


def silence(seen: list[Seen]) -> str:
    """How long the answer to Accept took."""
    lasted = between(seen, lambda each: each["kind"] == "request", lambda each: each["kind"] == "answer")
    return f"Accept answered after {took(lasted, 1000)}; {strands(seen)}"


def refusal(seen: list[Seen]) -> str:
    """What it saw, and how long it took until it was answered."""
    lasted = between(seen, lambda each: each["kind"] == "failure", lambda each: each["kind"] == "answer")
    return f"{strands(seen)}; answered again after at least {took(lasted, 900)}"


def pace(seen: list[Seen]) -> str:
    """How long it took from the first event to the last."""
    times = [each["t"] for each in seen if each["kind"] == "event"]
    return f"{heard(seen)}; at least {took(times[-1] - times[0], 1000)} from the first to the last"


CASES = [
    Case("reset", ACCEPT, AGAIN, "Accept: ECONNRESET, then 200; every event once, in order"),
    Case(
        "reset",
        PARTICIPANTS,
        Desktop(),
        "/meta/connect: ECONNRESET, connected again after 1 s; every event once, in order",
        failed_poll,
        sample=True,
    ),
    Case("reset", "where: {step: me}", Line(ME), "no byte of an answer; RST", octets),
    Case("close", ACCEPT, AGAIN, "Accept: socket hang up, then 200; every event once, in order"),
    Case(
        "close",
        POLL,
        Desktop(),
        "/meta/connect: socket hang up, connected again after 1 s; every event once, in order",
        failed_poll,
    ),
    Case("close", "where: {step: me}", Line(ME), "no byte of an answer; FIN", octets),
    Case("garble", ACCEPT, Desktop(), "Accept: 200, which is no JSON; every event once, in order"),
    Case(
        "garble",
        PARTICIPANTS,
        Desktop("--expect", "3"),
        (
            "/meta/connect: 200, and SyntaxError, connected again after 1 s; events: invited,"
            " chatting, history; not participants"
        ),
        failed_poll,
    ),
    Case(
        "garble",
        PARTICIPANTS,
        Desktop(cometd="9", transport="websocket"),
        "SyntaxError, of which its process ends; events: invited, chatting; not participants and history",
    ),
    Case(
        "half-open",
        PARTICIPANTS,
        Desktop("--network-delay", "1000", "--expect", "3"),
        (
            "/meta/connect: no answer in 3000 ms, connected again; events: invited, chatting,"
            " history; not participants"
        ),
    ),
    Case(
        "half-open",
        PARTICIPANTS,
        Desktop("--network-delay", "1000", "--timeout", "8000", transport="websocket"),
        (
            "/meta/connect: 1000 Message Timeout, another socket, connected again, nothing "
            "more in 8000 ms; events: invited, chatting; not participants and history"
        ),
    ),
    Case(
        "close-code",
        f"{PARTICIPANTS}, settings: {{code: 1012, reason: restart}}",
        SOCKET,
        (
            "socket closed with 1012 restart, /meta/connect: 1012 restart, another socket, "
            "connected again; every event once, in order"
        ),
        sample=True,
    ),
    Case(
        "cookie-lost",
        ACCEPT,
        Desktop("--get-me"),
        (
            "2 session cookies one after the other; /meta/connect: 402::Unknown client and "
            "reconnect: handshake, shook hands again; every event once, in order"
        ),
        cookies,
    ),
    Case(
        "login-expired",
        ACCEPT,
        Desktop("--login", "--again", "1"),
        (
            "Accept: 403 {statusCode: 20, statusMessage: Access denied}, then 200; "
            "/meta/connect: 402::Unknown client and reconnect: handshake, shook hands again; "
            "every event once, in order"
        ),
        sample=True,
    ),
    Case(
        "server-restarted",
        "where: {step: history, agent: ann}, nth: [1]",
        Desktops(Desktop(), Desktop("--linger", "3000", user="bob")),
        (
            "ann: /meta/connect: ECONNRESET, /meta/connect: 402::Unknown client and reconnect: handshake, "
            "shook hands again; every event once, in order; "
            "bob: /meta/connect: ECONNRESET, /meta/connect: 402::Unknown client and reconnect: handshake, "
            "shook hands again; every event once, in order"
        ),
        apart,
        SLOWLY,
    ),
    Case(
        "bandwidth",
        "where: {agent: ann}, settings: {rate: 400B/s}",
        Desktop(),
        "every event once, in order; at least 1 s from the first to the last",
        pace,
    ),
    Case(
        "refuse",
        "where: {step: me}, nth: [1], ttl: 1s, settings: {cut: true}",
        Desktop("--get-me", "--again", "15"),
        "GET /me: ECONNRESET, then 200; every event once, in order; answered again after at least 0.9 s",
        refusal,
    ),
    Case(
        "partition",
        f"{ACCEPT}, ttl: 1s",
        Desktop(),
        "Accept answered after 1 s; every event once, in order",
        silence,
    ),
]
