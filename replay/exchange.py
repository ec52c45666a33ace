"""One recorded HTTP request with its answer and their times, or one WebSocket with its frames.

Times are seconds since 1970 as the recorder saw them. Bodies are decoded (no content or transfer encoding).
"""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

import msgspec

from replay.wire import Headers


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One WebSocket message."""

    at: float
    from_client: bool
    content: bytes
    """UTF-8 when the frame was a text frame."""
    text: bool = True


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """What one request brought about, as far as the recording saw it."""

    number: int
    """Place in the recording, from 1: how a message to the user names it."""
    method: str
    url: str
    """Absolute, as sent to the recorded server."""
    request_headers: Headers = ()
    request_body: bytes = b""
    began: float
    """First byte of the request."""
    sent: float
    """Last byte of the request."""
    status: int | None = None
    """None when no answer came."""
    response_headers: Headers = ()
    response_body: bytes | None = None
    """None when no answer came or its body was not recorded."""
    answered: float | None = None
    """First byte of the answer; for a held poll the moment it was released."""
    ended: float | None = None
    """Last byte of the answer, or the moment it broke off."""
    failure: str = ""
    """Why there is no whole answer, in the recorder's words."""
    connection: str = ""
    """Names the client's TCP connection, where known."""
    frames: tuple[Frame, ...] | None = None
    """The messages of a WebSocket; None for a plain exchange."""
    redacted: bool = False
    """Whether the recorder put pseudonyms in place of what is secret or personal."""

    @property
    def split(self) -> SplitResult:
        """The URL in its parts."""
        return urlsplit(self.url)

    def request_header(self, name: str) -> str:
        """The first request header of that name (in any case), or an empty string."""
        return _first(self.request_headers, name)

    def response_header(self, name: str) -> str:
        """The first response header of that name (in any case), or an empty string."""
        return _first(self.response_headers, name)


def _first(headers: Headers, name: str) -> str:
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), "")
