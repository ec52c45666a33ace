"""How a Locust user asks: gevent's own HTTP, with cookies, login and the CSRF token, within bounds."""

from __future__ import annotations

import os
import socket
import ssl
from http.cookiejar import CookieJar
from urllib.parse import urlsplit

import gevent
import msgspec
from geventhttpclient.client import HTTPClient
from geventhttpclient.header import Headers
from geventhttpclient.response import HTTPConnectionClosed, HTTPParseError, HTTPSocketPoolResponse
from geventhttpclient.useragent import CompatRequest, CompatResponse

from replay.drive.access import Access
from replay.drive.answer import LARGEST, Answer, Tokens, as_utf8
from replay.errors import UsageError

CONNECTING = 10.0
"""Seconds a server gets to take a connection."""
UNBOUNDED = 24 * 3600.0
"""Seconds without a byte: each request has a time of its own, which is shorter."""
POLLS = 2
"""Connections for held polls: one, and the one that takes its place while it is given up."""
OTHERS = 6
"""Connections for all else, as many as browsers open."""


class NoAnswerError(Exception):
    """There is no answer; says why in few words, the same for all that fail alike."""


class UnreachableError(NoAnswerError):
    """Nobody takes a connection there."""


class Http:
    """One user's requests to one server. GWS ties login, cookies and CSRF token to each other."""

    def __init__(self, target: str, access: Access, tokens: Tokens | None = None) -> None:
        """Nothing is asked yet.

        Args:
            target: `http://host:port`.
            tokens: What the server gives out for requests to come with; what GWS does when left out.
        """
        parts = urlsplit(target)
        self.access = access
        self.secure = parts.scheme == "https"
        self.host = parts.hostname or ""
        self.port = parts.port or (443 if self.secure else 80)
        self._jar = CookieJar()
        self._tokens = tokens or Tokens()
        self._polls, self._others = (self._client(connections) for connections in (POLLS, OTHERS))

    def _client(self, connections: int) -> HTTPClient:
        client = HTTPClient(
            self.host,
            self.port,
            concurrency=connections,
            connection_timeout=CONNECTING,
            network_timeout=UNBOUNDED,
            ssl=self.secure,
            ssl_context_factory=lambda cafile=None: tls_of(self.access),  # noqa: ARG005  one for all users
            insecure=self.access.trust is False,
        )
        # So often it makes a request again whose connection closes, and nobody counts what is made so.
        client._connection_pool.size = -1  # noqa: SLF001  there is no setting for it
        return client

    def ask(
        self,
        method: str,
        url: str,
        body: bytes | None,
        *,
        within: float,
        kind: str = "application/json",
        held: bool = False,
    ) -> Answer:
        """One request and its answer; a redirect is an answer.

        Args:
            within: Seconds in which the whole answer has to be there.
            held: It is a poll, which goes by a connection of its own.

        Raises:
            NoAnswerError: there is none.
        """
        answer = self._ask(method, url, body, within, kind=kind, held=held)
        if self._tokens.may_lack(method, answer.status, answer.body):
            # The token comes with the answer to any GET, and a client may not have had one yet.
            before = self._tokens.sent_with(method)
            self._ask("GET", self._tokens.reading(url), None, within)
            if self._tokens.sent_with(method) != before:
                return self._ask(method, url, body, within, kind=kind, held=held)
        return answer

    def _ask(
        self, method: str, url: str, body: bytes | None, within: float, *, kind: str = "", held: bool = False
    ) -> Answer:
        request = CompatRequest(url, method, headers=Headers(self.headers()), payload=body)
        if body is not None:
            request.headers["Content-Type"] = kind
        request.headers.update(self._tokens.sent_with(method))
        self._jar.add_cookie_header(request)
        client = self._polls if held else self._others
        limit = gevent.Timeout(within)
        reading = False
        try:
            with limit:
                response = client.request(
                    method, request.url_split.request_uri, body=body, headers=request.headers
                )
                reading = True
                self._learn(CompatResponse(response, request), request)
                said = _read(response)
        except gevent.Timeout as over:
            if over is not limit:
                raise
            raise NoAnswerError("no answer in time") from None
        except (OSError, HTTPParseError) as error:
            if is_unreachable(error) and not reading:
                raise UnreachableError(in_words(error)) from None
            raise NoAnswerError("the answer broke off" if reading else in_words(error)) from None
        kind_said, _, parameters = _header(response, "Content-Type").partition(";")
        _, _, charset = parameters.lower().partition("charset=")
        return Answer(
            status=response.status_code,
            kind=kind_said.strip(),
            location=_header(response, "Location").partition("?")[0],
            body=as_utf8(said, charset.split(";")[0].strip(' "') or None),
        )

    def headers(self) -> dict[str, str]:
        """What each request says of whose it is."""
        return {"Authorization": self.access.authorization} if self.access.authorization else {}

    def cookies_for(self, url: str) -> str:
        """The `Cookie` header of a request there; empty when there are none."""
        request = CompatRequest(url, headers=Headers())
        self._jar.add_cookie_header(request)
        cookies = request.headers.get("Cookie", "")
        return cookies if isinstance(cookies, str) else "; ".join(cookies)

    def learn_cookies(self, url: str, headers: list[tuple[str, str]]) -> None:
        """Keeps the cookies of a WebSocket's handshake."""
        self._jar.extract_cookies(_Handshaken(headers), CompatRequest(url, headers=Headers()))  # type: ignore[arg-type]

    def _learn(self, response: CompatResponse, request: CompatRequest) -> None:
        self._jar.extract_cookies(response, request)  # type: ignore[arg-type]  # made for each other
        self._tokens.learn({name.upper(): value for name, value in response.headers.items()})

    def close(self) -> None:
        """Closes the connections on which nothing is under way."""
        self._polls.close()
        self._others.close()


class _Handshaken(msgspec.Struct, frozen=True):
    """An answer's headers, as a jar of cookies asks for them."""

    headers: list[tuple[str, str]]

    def info(self) -> Headers:
        """The headers."""
        return Headers(self.headers)


def _read(response: HTTPSocketPoolResponse) -> bytes:
    parts, size = [], 0
    while part := response.read(1 << 16):
        size += len(part)
        if size > LARGEST:
            response.release()
            raise NoAnswerError(f"it answers more than {LARGEST >> 20} MB, which is the limit")
        parts.append(part)
    return b"".join(parts)


def _header(response: HTTPSocketPoolResponse, name: str) -> str:
    value = response.get(name, "")
    return value if isinstance(value, str) else str(value[0] if value else "")


_contexts: dict[bool, ssl.SSLContext] = {}


def tls_of(access: Access) -> ssl.SSLContext:
    """How a server proves who it is: one context for all, since each takes as much memory as a user."""
    if isinstance(access.trust, ssl.SSLContext):
        return access.trust
    if access.trust not in _contexts:
        context = ssl.create_default_context()
        if not access.trust:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        _contexts[access.trust] = context
    return _contexts[access.trust]


def is_unreachable(error: Exception) -> bool:
    """Whether there is no connection at all, rather than something amiss with one."""
    return isinstance(error, socket.gaierror | TimeoutError | ssl.SSLError | ConnectionRefusedError)


def in_words(error: Exception) -> str:
    """Why there is no answer, for people."""
    match error:
        case ssl.SSLCertVerificationError():
            why = error.verify_message or str(error)
            what = f"the certificate is not accepted: {why.rstrip('.')}"
        case ssl.SSLError():
            what = f"it does not speak TLS: {(error.reason or str(error)).replace('_', ' ').lower()}"
        case socket.gaierror():
            what = "the name is not known"
        case TimeoutError():
            what = f"it did not take the connection within {CONNECTING:g} s"
        case HTTPConnectionClosed():
            what = "it closed the connection without an answer"
        case HTTPParseError() if "connection closed" in str(error):
            what = "the answer broke off"
        case HTTPParseError():
            what = f"what it says is no HTTP: {error}"
        case OSError():
            what = os.strerror(error.errno).lower() if error.errno else str(error)
        case _:
            what = str(error) or type(error).__name__
    return " ".join(what.split())[:300]


def trusted(authority: str, *, insecure: bool) -> ssl.SSLContext | bool:
    """How the target's certificate is checked.

    Args:
        authority: A file (PEM); the system's authorities when empty.

    Raises:
        UsageError: it cannot be used.
    """
    if insecure or not authority:
        return not insecure
    try:
        return ssl.create_default_context(cafile=authority)
    except (OSError, ssl.SSLError) as error:
        why = error.strerror if type(error) is FileNotFoundError else "it holds no certificate (PEM)"
        raise UsageError(f"--replay-target-ca {authority} cannot be used: {why}") from None
