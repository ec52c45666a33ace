"""What a server answered, whichever client asked, and what it gave out for the next requests."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import msgspec

from replay.scenario.model import Demand, RequestStep, Scenario

LARGEST = 16 << 20
"""Bytes of one answer, or one message of a WebSocket, that are read."""

READING = {"GET", "HEAD", "OPTIONS"}
"""Methods that change nothing, and need no token."""

FORBIDDEN = 403
ANY = "replay"
"""What is sent where any value will do."""

_CSRF_NAME = re.compile(r"[A-Za-z0-9-]{0,40}[cx]srf[A-Za-z0-9-]{0,40}", re.IGNORECASE | re.ASCII)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What was answered; text is UTF-8, whatever it was."""

    status: int
    kind: str
    """Its content type, without parameters."""
    location: str
    """Where it sends one, without query; empty when it sends nowhere."""
    body: bytes


class Tokens:
    """What a server gives out with its answers, and demands of requests: a CSRF token, what a scenario says.

    GWS names its token by itself, so that one is known whatever the scenario has recorded.
    """

    def __init__(self, demands: Sequence[Demand] = (), *, reading: str = "") -> None:
        """Nothing has been given out yet.

        Args:
            demands: What the scenario says is demanded.
            reading: A path whose answer brings them; where none is known, whatever is refused is read.
        """
        self._reading = reading
        self._given = [(demand, source) for demand in demands if (source := _source(demand))]
        self._always = [demand for demand in demands if _is_known(demand)]
        self._csrf: dict[str, str] = {}
        self._values: dict[str, str] = {}
        """By the header that brings it, in lower case."""

    @classmethod
    def of(cls, scenario: Scenario) -> Tokens:
        """Those of a server that plays this."""
        steps = (step.request for step in scenario.session if isinstance(step, RequestStep))
        reading = (request.removeprefix("GET ") for request in steps if request.startswith("GET /"))
        return cls(scenario.demands, reading=next((path for path in reading if "${" not in path), ""))

    def sent_with(self, method: str) -> dict[str, str]:
        """Headers of such a request."""
        headers = {} if method in READING else dict(self._csrf)
        for demand in self._always:
            if _concerns(demand, method):
                headers[demand.header] = demand.value or ANY
        for demand, source in self._given:
            if _concerns(demand, method) and source in self._values:
                headers[demand.header] = self._values[source]
        return headers

    def learn(self, headers: Mapping[str, str]) -> list[str]:
        """Takes what an answer gives out, whose headers are found in capitals; returns it."""
        found = []
        token, name = headers.get("X-CSRF-TOKEN", ""), headers.get("X-CSRF-HEADER", "X-CSRF-TOKEN")
        if _is_token(token) and _CSRF_NAME.fullmatch(name):
            self._csrf = {name: token}
            found.append(token)
        for _, source in self._given:
            value = headers.get(source.upper(), "")
            if _is_token(value):
                self._values[source] = value
                found.append(value)
        return found

    def may_lack(self, method: str, status: int, body: bytes) -> bool:
        """Whether a request may have been refused for want of what an answer to a GET brings."""
        if any(_concerns(demand, method) and demand.refused.status == status for demand, _ in self._given):
            return True
        return status == FORBIDDEN and method not in READING and b"csrf" in body.lower()

    def reading(self, url: str) -> str:
        """What to read for it, when this was refused."""
        if not self._reading:
            return url
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc}{self._reading}"


def _source(demand: Demand) -> str:
    """The header of answers that says what to send, in lower case; empty where none does."""
    same = (name for name, value in demand.given.items() if demand.value and value == demand.value)
    named = (name for name in demand.given if name.lower() == demand.header.lower())
    return next(iter((*same, *named)), "").lower()


def _is_known(demand: Demand) -> bool:
    """Whether one knows what to send before anything has been given out; of a login whoever plays says it."""
    if demand.value:
        return "${" not in demand.value
    return not _source(demand) and demand.header.lower() not in {"authorization", "cookie"}


def _concerns(demand: Demand, method: str) -> bool:
    return not demand.methods or method in demand.methods


def _is_token(value: str) -> bool:
    return bool(value) and value.isprintable()


def as_utf8(body: bytes, charset: str | None) -> bytes:
    """A body in UTF-8, without a mark at its beginning."""
    if charset is None or charset.lower() in {"utf-8", "utf8"}:
        return body.removeprefix(b"\xef\xbb\xbf")
    try:
        return body.decode(charset, "replace").encode("utf-8", "replace")
    except LookupError:
        return body
