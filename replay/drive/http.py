"""How the built-in client asks: with its cookies, its login and the CSRF token, and within bounds."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from yarl import URL

from replay.bayeux.messages import clients_in
from replay.drive.access import Access, Hidden
from replay.drive.answer import LARGEST, Answer, Tokens, as_utf8

CLOSING = 3.0
"""Seconds a server gets to close a WebSocket with us."""
SETTLING = 0.1
"""Seconds that connections of TLS get to be closed."""


class TooLargeError(aiohttp.ClientError):
    """The server says more than anybody means it to."""

    def __init__(self) -> None:
        super().__init__(f"it answered more than {LARGEST >> 20} MB, which is the limit")


class Http:
    """One agent's requests to one server. GWS ties login, cookies and CSRF token to each other."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        access: Access | None = None,
        hidden: Hidden | None = None,
        tokens: Tokens | None = None,
    ) -> None:
        """Nothing is asked yet.

        Args:
            hidden: Learns what secrets the server gives out; nobody does when left out.
            tokens: What it gives out for requests to come with; what GWS does when left out.
        """
        self._session = session
        self._trust = (access or Access()).trust
        self._hidden = hidden
        self._tokens = tokens or Tokens()
        self.secure = False
        """Whether it has spoken TLS."""

    async def ask(
        self, method: str, url: str, body: bytes | None, *, within: float, kind: str = "application/json"
    ) -> Answer:
        """One request and its answer; a redirect is an answer.

        Raises:
            TimeoutError: it took longer than `within` seconds.
            aiohttp.ClientError: there is no answer; `in_words` says why.
        """
        answer = await self._ask(method, url, body, within, kind)
        if self._tokens.may_lack(method, answer.status, answer.body):
            # The token comes with the answer to any GET, and a client may not have had one yet.
            before = self._tokens.sent_with(method)
            await self._ask("GET", self._tokens.reading(url), None, within, kind)
            if self._tokens.sent_with(method) != before:
                return await self._ask(method, url, body, within, kind)
        return answer

    async def _ask(self, method: str, url: str, body: bytes | None, within: float, kind: str) -> Answer:
        self.secure |= url.startswith("https")
        headers = {} if body is None else {"Content-Type": kind}
        headers |= self._tokens.sent_with(method)
        async with self._session.request(
            method,
            URL(url, encoded=True),
            data=body,
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=within),
            allow_redirects=False,
            ssl=self._trust,
        ) as response:
            self._learn(response)
            said = await _read(response)
        if self._hidden is not None:
            self._hidden.learn_issued(*(each.decode("latin-1") for each in clients_in(said)))
        return Answer(
            status=response.status,
            kind=response.content_type if "Content-Type" in response.headers else "",
            location=response.headers.get("Location", "").partition("?")[0],
            body=as_utf8(said, response.charset),
        )

    def _learn(self, response: aiohttp.ClientResponse) -> None:
        if self._hidden is not None:
            cookies = response.cookies.values()
            self._hidden.learn_issued(*(said for each in cookies for said in (each.value, each.coded_value)))
        given = self._tokens.learn(response.headers)
        if given and self._hidden is not None:
            self._hidden.learn_issued(*given)

    async def close(self) -> None:
        """Ends its session, and its connections if they are its own."""
        await self._session.close()

    async def socket(self, url: str) -> aiohttp.ClientWebSocketResponse:
        """Opens a WebSocket; `url` begins with http."""
        self.secure |= url.startswith("https")
        timeout = aiohttp.ClientWSTimeout(ws_close=CLOSING)
        return await self._session.ws_connect(
            url.replace("http", "ws", 1), max_msg_size=LARGEST, timeout=timeout, ssl=self._trust
        )


@asynccontextmanager
async def opened(access: Access, hidden: Hidden, tokens: Tokens | None = None) -> AsyncIterator[Http]:
    """Connections, cookies and login of one agent."""
    # REST and CometD share their cookies, as in a browser; aiohttp drops those of hosts that are addresses.
    jar = aiohttp.CookieJar(unsafe=True)
    # Both connections of Bayeux and every request of the story may be under way at once.
    connector = aiohttp.TCPConnector(limit=0)
    headers = {"Authorization": access.authorization} if access.authorization else {}
    session = aiohttp.ClientSession(cookie_jar=jar, connector=connector, headers=headers)
    http = Http(session, access, hidden, tokens)
    try:
        yield http
    finally:
        await session.close()
        if http.secure:
            # Connections of TLS are closed a few turns of the loop later, which is not to end before.
            closed = asyncio.Event()
            asyncio.get_running_loop().call_later(SETTLING, closed.set)
            await closed.wait()


async def _read(response: aiohttp.ClientResponse) -> bytes:
    parts, size = [], 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > LARGEST:
            raise TooLargeError
        parts.append(part)
    return b"".join(parts)


def in_words(error: aiohttp.ClientError) -> str:
    """Why there is no answer, for people."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            why = getattr(error.certificate_error, "verify_message", "") or str(error.certificate_error)
            what = f"its certificate is not accepted: {why.rstrip('.')}"
        case aiohttp.ClientConnectorSSLError():
            what = f"it does not speak TLS: {_of_system(error.os_error)}"
        case aiohttp.ClientConnectorDNSError():
            what = f"the name {error.host} is not known"
        case aiohttp.ClientConnectorError():
            what = _of_system(error.os_error)
        case aiohttp.InvalidURL():
            what = "it is no URL of a server"
        case aiohttp.ServerDisconnectedError():
            what = "it closed the connection without an answer"
        case aiohttp.WSServerHandshakeError():
            what = f"it answered the WebSocket's handshake with HTTP {error.status}"
        case aiohttp.ClientPayloadError():
            what = "its answer broke off"
        case aiohttp.ClientResponseError():
            what = f"what it says is no HTTP: {error.message}"
        case aiohttp.ClientOSError():
            what = _of_system(error)
        case _:
            what = str(error) or type(error).__name__
    return " ".join(what.split())[:300]


def _of_system(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).replace("_", " ").lower()
    # Those of event loops have addresses in them, or are several at once.
    return os.strerror(error.errno).lower() if error.errno else (error.strerror or str(error))
