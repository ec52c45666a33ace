"""Asks the real server what no step is, as a reverse proxy does.

The upstream is told its own name wherever the client says ours, and the client ours; its cookies come back
fit for the address that the client dialled. Its events do not come by: nobody shakes hands with it.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Iterable
from types import TracebackType
from urllib.parse import quote, urlencode

import aiohttp
from yarl import URL

from replay.capture import origins
from replay.capture.preflight import Upstream
from replay.clock import wall_time
from replay.distil.forwarded import Heard
from replay.errors import UsageError
from replay.exchange import Exchange
from replay.server.requests import unquoted
from replay.server.runner import Server
from replay.simulator.forwarding import VIA
from replay.wire import Forward, Forwarded, Headers, Request

PATIENCE = 10.0
"""Seconds that the upstream gets for a whole answer."""

LARGEST = 16 << 20
"""Bytes of an answer's body, decoded; what is larger is not passed on."""

_OWN_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
_EVERY_HOST = frozenset({"", "0.0.0.0", "::"})  # noqa: S104  nothing is bound here
_HOP = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te"),
        *("trailer", "transfer-encoding", "upgrade"),
    }
)
"""Headers of a connection, not of a message (RFC 9110, 7.6.1)."""
_NOT_SENT = _HOP | {"accept-encoding", "content-length", "expect", "host", "via"}
_NOT_BACK = _HOP | {"content-encoding", "content-length"}
_DECODED = frozenset({"", "identity", "gzip", "deflate"})
_UNSAYABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
"""What no header may have (RFC 9110, 5.5), and some servers send."""
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
_FINAL = 200
"""The first status of an answer that is one."""
_UNFIT = frozenset({"CONNECT", "TRACE"})


class Forwarder:
    """Asks an upstream for a server. An async context manager, opened after the server."""

    def __init__(self, server: Server, upstream: Upstream, learn: Callable[[Heard], None]) -> None:
        """Asks nobody yet.

        Args:
            learn: Told of each request that has been answered.
        """
        self._server = server
        self._upstream = origins.Origin(upstream.scheme, upstream.host, upstream.port)
        self._learn = learn
        self._origins: dict[str, origins.Origins] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._number = 0
        self._session: aiohttp.ClientSession

    async def __aenter__(self) -> Forwarder:
        """Begins.

        Raises:
            UsageError: the upstream is this server itself.
        """
        if self._is_own():
            raise UsageError(f"--upstream {self._upstream} is this server itself: name the real one")
        self._session = aiohttp.ClientSession(
            # Whoever kept cookies would give one agent's to another.
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=aiohttp.TCPConnector(limit=0),
            skip_auto_headers=("Accept", "Content-Type", "User-Agent"),
            timeout=aiohttp.ClientTimeout(),
        )
        self._server.stage.forwarder = self._take
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.stage.forwarder = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._session.close()

    def _is_own(self) -> bool:
        own = origins.parse(self._server.url)
        if own is None or own.port != self._upstream.port:
            return False
        if self._upstream.host in _OWN_HOSTS:
            return own.host in _OWN_HOSTS | _EVERY_HOST
        return own.host == self._upstream.host

    def _take(self, forward: Forward) -> None:
        task = asyncio.get_running_loop().create_task(self._forward(forward))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _forward(self, forward: Forward) -> None:
        where = f"the upstream {self._upstream}"
        happening = _failed(forward, f"{where} was not asked to the end")
        try:
            async with asyncio.timeout(PATIENCE):
                happening = await self._ask(forward)
        except TimeoutError:
            happening = _failed(forward, f"{where} did not answer within {PATIENCE:g} s")
        except aiohttp.ClientConnectorError as error:
            happening = _failed(forward, f"{where} cannot be reached: {_reason(error)}")
        except aiohttp.ClientPayloadError:
            happening = _failed(forward, f"{where} gave no whole answer: it broke off, or cannot be decoded")
        except (aiohttp.ClientError, ValueError) as error:
            happening = _failed(forward, f"{where} gave no whole answer: {_said(error)}")
        except _UnfitError as error:
            happening = _failed(forward, f"{where} {error}")
        finally:
            # Whatever comes in between, nobody is left waiting.
            self._server.stage.feed(happening)

    async def _ask(self, forward: Forward) -> Forwarded:
        request = forward.request
        if request.method in _UNFIT:
            raise _UnfitError(f"is not asked for {request.method}")
        dialled = origins.parse(request.base_url)
        names = self._names(dialled, forward)
        target = _text(names.to_server(_target(request)))
        headers = _sent_headers(request, names)
        body = names.body_to_server(request)
        began = wall_time()
        async with self._session.request(
            request.method,
            URL(f"{self._upstream}{target}", encoded=True),
            headers=headers,
            data=body or None,
            allow_redirects=False,
        ) as answer:
            answered = wall_time()
            if answer.status < _FINAL:
                raise _UnfitError(f"answered {answer.status}, after which it speaks no HTTP")
            told = [(_text(name), _text(value)) for name, value in answer.raw_headers]
            answer_body = await _body_of(answer)
        self._number += 1
        exchange = Exchange(
            number=self._number,
            method=request.method,
            url=f"{self._upstream}{target}",
            request_headers=tuple(headers),
            request_body=body,
            began=began,
            sent=began,
            status=answer.status,
            response_headers=tuple(told),
            response_body=answer_body,
            answered=answered,
            ended=wall_time(),
        )
        self._learn(Heard(exchange=exchange, setting=forward.setting))
        return Forwarded(
            exchange=forward.exchange,
            status=answer.status,
            headers=names.headers_to_client(told),
            body=names.body_to_client(answer.headers.get("Content-Type", ""), answer.status, answer_body),
        )

    def _names(self, dialled: origins.Origin | None, forward: Forward) -> _Names:
        profile = self._server.stage.simulator.timelines[forward.setting.place].profile
        known = self._origins.setdefault(profile.name, origins.Origins(profile.api_prefix))
        return _Names(known, self._upstream, dialled or self._upstream)


class _UnfitError(Exception):
    """Why what comes cannot be passed on, to stand after the upstream's name."""


class _Names:
    """What the two ends call the server, and how each is told."""

    def __init__(self, known: origins.Origins, upstream: origins.Origin, dialled: origins.Origin) -> None:
        self._known, self._upstream, self._dialled = known, upstream, dialled

    def to_server(self, text: bytes) -> bytes:
        """What the upstream is told in place of this."""
        return self._known.to_server(text, upstream=self._upstream, dialled=self._dialled)

    def to_client(self, text: bytes) -> bytes:
        """What the client is told in place of this."""
        return self._known.to_client(text, upstream=self._upstream, dialled=self._dialled)

    def compared(self, text: bytes) -> bytes:
        """What a server compares with its `Host`."""
        return origins.to_upstream(text, upstream=self._upstream, dialled=self._dialled)

    def body_to_server(self, request: Request) -> bytes:
        """A request's body, if URLs may stand in it, with those of the upstream."""
        kind = request.headers.get("content-type", "")
        return self.to_server(request.body) if origins.is_text(kind, request.body) else request.body

    def body_to_client(self, kind: str, status: int, body: bytes) -> bytes:
        """An answer's body with our URLs; a part of one has to fit its `Content-Range`."""
        return self.to_client(body) if status != 206 and origins.is_text(kind, body) else body

    def headers_to_client(self, told: list[tuple[str, str]]) -> Headers:
        """An answer's headers, without those of its connection."""
        dropped = _NOT_BACK | _named_by_connection(
            value for name, value in told if name.lower() == "connection"
        )
        return tuple(
            (name, self._header_to_client(name.lower(), value))
            for name, value in told
            if name.lower() not in dropped
        )

    def _header_to_client(self, name: str, value: str) -> str:
        value = _UNSAYABLE.sub(" ", value)
        if name == "set-cookie":
            return origins.cookie_to_client(value, secure=self._dialled.scheme == "https")
        if name in origins.TO_CLIENT_HEADERS:
            return _text(self.to_client(value.encode("utf-8", "surrogateescape")))
        return value


def _failed(forward: Forward, why: str) -> Forwarded:
    return Forwarded(exchange=forward.exchange, failure=why)


def _reason(error: aiohttp.ClientConnectorError) -> str:
    """Why there is no connection, as part of a sentence."""
    number = error.os_error.errno
    return os.strerror(number).lower() if number is not None and number > 0 else _said(error.os_error)


def _said(error: Exception) -> str:
    """What a library has to say, as part of a sentence."""
    said = error.message if isinstance(error, aiohttp.ClientResponseError) else str(error)
    return unquoted(said).rstrip(".") or type(error).__name__


def _target(request: Request) -> bytes:
    """Path and query as the client wrote them; of a target that is a URL, what it is made of."""
    if request.target.startswith("/"):
        return quote(request.target.encode("utf-8", "surrogateescape"), safe=_PRINTABLE).encode()
    query = urlencode(request.query)
    return (quote(request.path, safe="/:@!$&'()*+,;=~") + (f"?{query}" if query else "")).encode()


def _sent_headers(request: Request, names: _Names) -> list[tuple[str, str]]:
    headers = request.headers
    dropped = _NOT_SENT | _named_by_connection([headers.get("connection", "")])
    sent = []
    for name, value in headers.items():
        if name in dropped:
            continue
        if name in {"origin", "referer"}:
            value = _text(names.compared(value.encode()))  # noqa: PLW2901
        elif name == "cookie":
            value = origins.cookies_to_server(value)  # noqa: PLW2901
        sent.append((name, value))
    via = ", ".join(filter(None, (headers.get("via", ""), f"1.1 {VIA}")))
    return [*sent, ("accept-encoding", "gzip, deflate"), ("via", via)]


def _named_by_connection(values: Iterable[str]) -> set[str]:
    """Headers that `Connection` names, which are its own too."""
    return {name.strip().lower() for value in values for name in value.split(",")} - {""}


async def _body_of(answer: aiohttp.ClientResponse) -> bytes:
    """The whole body, decoded.

    Raises:
        _UnfitError: it is too large, or in an encoding that nobody has asked for.
    """
    for encoding in answer.headers.get("Content-Encoding", "").lower().split(","):
        if encoding.strip() not in _DECODED:
            raise _UnfitError(f"answered in the encoding {encoding.strip()}, which was not asked for")
    body = bytearray()
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > LARGEST:
            raise _UnfitError(f"answered with more than {LARGEST >> 20} MiB")
    return bytes(body)


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
