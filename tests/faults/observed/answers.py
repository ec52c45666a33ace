"""Faults of answers to requests."""

from __future__ import annotations

from tests.faults.observed.case import PATIENT, Case
from tests.faults.observed.clients import Desktop, Line
from tests.faults.observed.words import Seen, between, chronicle, strands, took

AGAIN = Desktop("--again", "1")
ME = "GET /api/v2/me"
ACCEPT = "where: {step: accept}, nth: [1]"
POLL = "where: {meta: connect}, nth: [2]"


def failed_poll(seen: list[Seen]) -> str:
    """What it does, and how long it waits after a failure."""
    waited = between(
        seen, lambda each: each.get("channel") == "/meta/connect", lambda each: each["kind"] == "connected"
    )
    return strands(seen).replace("connected again", f"connected again after {took(waited, 1000)}")


def late_answer(seen: list[Seen]) -> str:
    """The order, and how long the answer took."""
    waited = between(seen, lambda each: each["kind"] == "request", lambda each: each["kind"] == "answer")
    return f"{chronicle(seen)}; the answer after {took(waited, 1020)}"


def octets(seen: list[Seen]) -> str:
    """Head, bytes, end."""
    head = next((each for each in seen if each["kind"] == "head"), None)
    pieces = [each for each in seen if each["kind"] == "piece"]
    end = seen[-1]["how"]
    if head is None:
        return f"no byte of an answer; {end}"
    size = sum(len(each["text"]) for each in pieces)
    told = f"{head['status']} {head['type']}, Content-Length {head['length']}; {size} bytes"
    if len(pieces) > 1:
        told += f" in pieces, the last {took(pieces[-1]['t'] - seen[0]['t'], 290)} after the request"
    return told + ("" if end == "whole" else f", then {end}")


CASES = [
    Case(
        "latency",
        "where: {step: accept}, settings: {delay: 1s}, nth: [1]",
        Desktop(),
        "invited, chatting, participants, history, Accept answered 200; the answer after 1.02 s",
        late_answer,
        sample=True,
    ),
    Case(
        "latency",
        "where: {meta: connect}, settings: {delay: 3s}, nth: [2]",
        Desktop("--network-delay", "1000"),
        "/meta/connect: no answer in 1400 ms, connected again; every event once, in order",
        story=PATIENT,
    ),
    Case(
        "status",
        "where: {step: accept}, settings: {status: 503, text: Service Unavailable}, nth: [1]",
        AGAIN,
        "Accept: 503 Service Unavailable, then 200; every event once, in order",
    ),
    Case(
        "status",
        f"{POLL}, settings: {{status: 503}}",
        Desktop(),
        "/meta/connect: HTTP 503, connected again after 1 s; every event once, in order",
        failed_poll,
        sample=True,
    ),
    Case(
        "error",
        ACCEPT,
        AGAIN,
        "Accept: 500 {statusCode: 4, statusMessage: Internal error}, then 200; every event once, in order",
    ),
    Case(
        "hang",
        ACCEPT,
        Desktop("--again", "1", "--patience", "500"),
        "Accept: no answer, then 200; every event once, in order",
    ),
    Case(
        "hang",
        "where: {step: me}",
        Line(ME, patience=0.4),
        "no byte of an answer; silence, and the connection stands",
        octets,
    ),
    Case("truncate", ACCEPT, Desktop(), "Accept: aborted; every event once, in order"),
    Case(
        "truncate",
        "where: {step: me}",
        Line(ME),
        "200 application/json, Content-Length 29; 14 bytes, then FIN",
        octets,
        sample=True,
    ),
    Case(
        "slow",
        "where: {step: me}, settings: {rate: 100B/s, slice: 10}",
        Line(ME),
        "200 application/json, Content-Length 29; 29 bytes in pieces, the last 0.29 s after the request",
        octets,
    ),
    Case("wrong-content-type", "where: {meta: connect}", Desktop(), "every event once, in order"),
    Case(
        "wrong-content-type",
        "where: {step: me}",
        Line(ME),
        "200 text/html, Content-Length 29; 29 bytes",
        octets,
    ),
    Case(
        "swap",
        "where: {step: accept}, settings: {gap: 200ms}",
        Desktop(),
        "invited, chatting, participants, history, Accept answered 200",
        chronicle,
    ),
]
