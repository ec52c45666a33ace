"""What a server answered, whichever client asked, and the CSRF token that it gave out."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

LARGEST = 16 << 20
"""Bytes of one answer, or one message of a WebSocket, that are read."""

READING = {"GET", "HEAD", "OPTIONS"}
"""Methods that change nothing, and need no token."""

_CSRF_NAME = re.compile(r"[A-Za-z0-9-]{0,40}[cx]srf[A-Za-z0-9-]{0,40}", re.IGNORECASE | re.ASCII)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What was answered; text is UTF-8, whatever it was."""

    status: int
    kind: str
    """Its content type, without parameters."""
    location: str
    """Where it sends one, without query; empty when it sends nowhere."""
    body: bytes


class Csrf:
    """The token that comes with answers and goes with all that changes something."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}

    def learn(self, headers: Mapping[str, str]) -> str:
        """Takes the token of an answer, whose headers are found in any case; empty if there is none."""
        token = headers.get("X-CSRF-TOKEN", "")
        name = headers.get("X-CSRF-HEADER", "X-CSRF-TOKEN")
        if not (token and token.isprintable() and _CSRF_NAME.fullmatch(name)):
            return ""
        self.headers = {name: token}
        return token


def as_utf8(body: bytes, charset: str | None) -> bytes:
    """A body in UTF-8, without a mark at its beginning."""
    if charset is None or charset.lower() in {"utf-8", "utf8"}:
        return body.removeprefix(b"\xef\xbb\xbf")
    try:
        return body.decode(charset, "replace").encode("utf-8", "replace")
    except LookupError:
        return body
