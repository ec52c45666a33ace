"""Heads of answers as ready bytes, as aiohttp writes them: nobody can tell which of both has answered."""

from __future__ import annotations

import http
from email.utils import formatdate
from typing import NamedTuple

from aiohttp.http import SERVER_SOFTWARE

from replay.clock import wall_time
from replay.wire import FRAMING, Headers

READY_HEADS = 256
"""Heads of answers that are kept as ready bytes."""

_REASONS = {status.value: status.phrase for status in http.HTTPStatus}


class Heads:
    """Those of one port; what is said again is kept."""

    def __init__(self) -> None:
        """None yet."""
        self._ready: dict[tuple[int, Headers], _AnswerHead] = {}
        self._date = b"", 0

    def of(self, status: int, headers: Headers, length: int | None) -> bytes:
        """Status line and headers of an answer, as aiohttp writes them.

        Args:
            length: Bytes of the body; None where there can be none.
        """
        head = self._ready.get((status, headers))
        if head is None:
            head = _answer_head(status, headers)
            # A cookie is somebody's own.
            if not any(name == "Set-Cookie" for name, _ in headers):
                if len(self._ready) >= READY_HEADS:
                    self._ready.clear()
                self._ready[status, headers] = head
        date = b"" if head.has_date else self._date_line()
        if length is None:
            return b"".join((head.start, date, head.end))
        kind = head.kind if length else b""
        return b"%b\r\nContent-Length: %d%b%b%b" % (head.start, length, kind, date, head.end)

    def _date_line(self) -> bytes:
        now = int(wall_time())
        if self._date[1] != now:
            self._date = f"\r\nDate: {formatdate(now, usegmt=True)}".encode(), now
        return self._date[0]


class _AnswerHead(NamedTuple):
    """The head of an answer, around the length of its body."""

    start: bytes
    kind: bytes
    """What a body is that says nothing of it."""
    has_date: bool
    end: bytes


def _answer_head(status: int, headers: Headers) -> _AnswerHead:
    kept = [(name, value) for name, value in headers if name.lower() not in FRAMING]
    names = {name.lower() for name, _ in kept}
    lines = [f"HTTP/1.1 {status} {_REASONS.get(status, '')}", *(f"{name}: {value}" for name, value in kept)]
    return _AnswerHead(
        start="\r\n".join(lines).encode(),
        kind=b"" if "content-type" in names else b"\r\nContent-Type: application/octet-stream",
        has_date="date" in names,
        end=b"\r\n\r\n" if "server" in names else f"\r\nServer: {SERVER_SOFTWARE}\r\n\r\n".encode(),
    )
