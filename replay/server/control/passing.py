"""A control call passed on to other replicas, once and no further, and what became of it there."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp
import msgspec
from yarl import URL

from replay.errors import Problem, UsageError
from replay.server.control.call import Call, RefusedError
from replay.server.control.terms import PREFIX
from replay.server.control.values import Refused

PASSED = "X-Replay-Passed"
"""The header of a call that is for the replica alone which gets it; its value names who passed it on."""

REACHED_WITHIN = 2.0
"""Seconds in which another replica has to be reached."""
PATIENCE = 10.0
"""Seconds in which it has to have answered."""
MOVING = 600.0
"""Seconds in which it has to have moved its clock, on the way of which it waits for clients."""

MOST = 32 << 20
"""Bytes of its answer: one agent with all its plays is far less."""

_NOT_THERE = frozenset({404, 409})
ITSELF = 421
"""The status of a call that came back to whom it came from: a list of all replicas has that one in it too."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a call at another replica."""

    url: str
    status: int = 0
    """Of its answer; 0 if there is none."""
    body: bytes = b""
    value: Any = None
    """What its answer says, if that was asked for; what a refusal does."""
    why: str = ""
    """Why it has not done it, without the full stop; empty where it has."""

    @property
    def is_done(self) -> bool:
        """Whether it has done what was asked for."""
        return not self.why

    @property
    def lacks_it(self) -> bool:
        """Whether it is a replica that has nothing, or nobody, of that name."""
        return isinstance(self.value, Refused) and self.status in _NOT_THERE


class Passing:
    """Passes calls on to other replicas."""

    def __init__(self, urls: Iterable[str]) -> None:
        """Args:
            urls: Of the others; the own one may be among them.

        Raises:
            UsageError: one is no URL of a server.
        """
        self.urls = tuple(dict.fromkeys(map(control_at, urls)))
        self._own = os.urandom(12).hex()

    def check_apart(self, call: Call) -> None:
        """Lets a call pass that does not come from this replica itself.

        Raises:
            RefusedError: it does.
        """
        if call.request.headers.get(PASSED) == self._own:
            raise RefusedError(ITSELF, "this is the replica that asks")

    async def ask(self, call: Call, urls: Sequence[str] = (), **other: Any) -> list[Told]:
        """Asks all others the same at once, or these of them; returns what each says, in their order.

        Args:
            other: What differs from the call: `method`, `path`, `body`; `answer` is the type of what is to be
                said.
        """
        connector = aiohttp.TCPConnector(force_close=True)
        # A reset of a partitioned replica must not end what is asked later: no connection is kept.
        async with aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), timeout=_limits(call)
        ) as session:
            told = await asyncio.gather(
                *(self._ask(session, url, call, **other) for url in urls or self.urls)
            )
        return [each for each in told if each.status != ITSELF]

    async def _ask(
        self,
        session: aiohttp.ClientSession,
        url: str,
        call: Call,
        *,
        method: str = "",
        path: str = "",
        body: Any = msgspec.UNSET,
        answer: Any = None,
    ) -> Told:
        headers = {PASSED: self._own}
        if "Authorization" in call.request.headers:
            headers["Authorization"] = call.request.headers["Authorization"]
        if body is not msgspec.UNSET:
            headers["Content-Type"] = "application/json"
        target = URL(f"{url}/{path or path_of(call)}", encoded=True)
        data = None if body is msgspec.UNSET else msgspec.json.encode(body)
        try:
            async with session.request(
                method or call.route.method, target, headers=headers, data=data, allow_redirects=False
            ) as response:
                said = await _read(response)
                if said is None:
                    return Told(url=url, why=f"it answers {response.status} with more than {MOST >> 20} MB")
                return _told(url, response.status, said, answer)
        except aiohttp.ClientConnectorError as error:
            return Told(url=url, why=f"nobody answers there: {_reason(error)}")
        except TimeoutError:
            return Told(url=url, why="it has not answered in time")
        except aiohttp.ClientError as error:
            return Told(url=url, why=f"it has broken off: {_words(error)}")


def control_at(url: str) -> str:
    """Where a server of this URL is steered, without a slash at the end.

    Raises:
        UsageError: it is no URL of a server.
    """
    try:
        parts = urlsplit(url.strip())
        is_good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good or parts.query or parts.fragment or parts.username is not None:
        raise UsageError(f"'{url}' is no URL of a replica", help="It is like http://127.0.0.1:8092.")
    bare = url.strip().rstrip("/")
    return bare if parts.path.strip("/") else bare + PREFIX


def path_of(call: Call) -> str:
    """What a call asks for below the prefix, as it is written in a request line."""
    path = call.route.path.replace("{name}", quote(call.name, safe=""))
    query = call.request.rel_url.raw_query_string
    return f"{path}?{query}" if query else path


def problem_of(told: Told) -> Problem:
    """That one has not done it, and why."""
    return Problem(file=told.url, what=told.why)


async def _read(response: aiohttp.ClientResponse) -> bytes | None:
    """What an answer says; None if that is more than any replica says."""
    chunks, size = [], 0
    async for chunk in response.content.iter_any():
        chunks.append(chunk)
        size += len(chunk)
        if size > MOST:
            return None
    return b"".join(chunks)


def _limits(call: Call) -> aiohttp.ClientTimeout:
    total = MOVING if call.route.path == "clock" else PATIENCE
    return aiohttp.ClientTimeout(total=total, connect=REACHED_WITHIN)


def _told(url: str, status: int, said: bytes, answer: Any) -> Told:
    """What an answer says; `why` where it is none of one who has done it."""
    is_done = 200 <= status < 300
    value: Any = None
    why = ""
    try:
        if not is_done:
            value = msgspec.json.decode(said, type=Refused)
            why = f"it refuses: {value.error.what}"
        elif answer is not None:
            value = msgspec.json.decode(said, type=answer)
    except (msgspec.DecodeError, UnicodeDecodeError):
        why = f"it answers {status}, but not as a replica of ours"
    return Told(url=url, status=status, body=said, value=value, why=why)


def _reason(error: aiohttp.ClientConnectorError) -> str:
    number = error.os_error.errno
    return os.strerror(number).lower() if number is not None and number > 0 else _words(error.os_error)


def _words(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
