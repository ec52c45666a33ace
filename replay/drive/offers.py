"""What a target is, and chats that it offers when asked: a real server waits for customers."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import aiohttp
import msgspec

from replay.drive.access import Access
from replay.drive.answer import Answer
from replay.drive.http import Http, in_words
from replay.errors import SurroundingsError, UsageError, nearest
from replay.server.control.terms import PREFIX
from replay.server.control.values import Agents, Health, Offer, Refused
from replay.simulator.waiting import AgentRow

PATIENCE = 10.0
"""Seconds that a server gets to say what it is."""


class Offers:
    """Further chats of one scenario, from a server of ours."""

    def __init__(self, http: Http, target: str, scenario: str) -> None:
        """Args:
        http: With the token of control as its login.
        """
        self._http = http
        self._url = f"{target}{PREFIX}/plays"
        self._agents = f"{target}{PREFIX}/agents"
        self._scenario = scenario
        self._known: set[str] = set()

    async def look(self) -> None:
        """Learns who is known already: whoever comes again is given no first chat by itself.

        Raises:
            SurroundingsError: control does not say.
        """
        rows: Sequence[AgentRow] = ()
        after = 0
        while rows or not after:
            rows = await self._rows(after)
            if not rows:
                return
            self._known.update(row.agent for row in rows)
            after = max(row.ordinal for row in rows)

    async def _rows(self, after: int) -> Sequence[AgentRow]:
        try:
            answer = await self._http.ask("GET", f"{self._agents}?after={after}", None, within=PATIENCE)
        except TimeoutError:
            why = f"nothing was said for {PATIENCE:g} s"
        except aiohttp.ClientError as error:
            why = in_words(error)
        else:
            with suppress(msgspec.DecodeError, UnicodeDecodeError):
                return msgspec.json.decode(answer.body, type=Agents).agents
            why = _refused(answer)
        raise SurroundingsError(f"{self._agents} does not say who is there: {why}")

    def knows(self, agent: str) -> bool:
        """Whether it has come before."""
        return agent in self._known

    async def offer(self, agent: str) -> str:
        """One more chat for an agent; returns why there is none, or nothing."""
        body = msgspec.json.encode(Offer(scenario=self._scenario, agent=agent))
        try:
            answer = await self._http.ask("POST", self._url, body, within=PATIENCE)
        except TimeoutError:
            return f"POST plays was not answered within {PATIENCE:g} s"
        except aiohttp.ClientError as error:
            return f"POST plays: {in_words(error)}"
        if answer.status == 201:
            return ""
        return f"POST plays: {_refused(answer)}"


def _refused(answer: Answer) -> str:
    try:
        return msgspec.json.decode(answer.body, type=Refused).error.what
    except (msgspec.DecodeError, UnicodeDecodeError):
        return f"HTTP {answer.status}"


async def health_of(http: Http, target: str) -> Health | None:
    """What a server of ours says of itself; None of any other.

    Raises:
        SurroundingsError: nobody answers there.
    """
    try:
        answer = await http.ask("GET", f"{target}{PREFIX}/health", None, within=PATIENCE)
    except aiohttp.ClientConnectorError as error:
        raise SurroundingsError(f"{target} cannot be reached: {in_words(error)}") from None
    except (TimeoutError, aiohttp.ClientError):
        # Whatever it is, it is somebody; what it thinks of the story's requests will be seen.
        return None
    try:
        return msgspec.json.decode(answer.body, type=Health) if answer.status == 200 else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def check_plays(health: Health, target: str, scenario: str) -> None:
    """Raises `UsageError` where a server of ours plays other things than what is to be driven."""
    if scenario not in health.playing:
        playing = ", ".join(health.playing)
        advice = nearest(scenario, health.playing) or "Serve the same file that you drive."
        raise UsageError(f"{target} plays {playing}, and not {scenario}", help=advice)


def steering(token: str | None, trust: Access) -> Access:
    """With what control is called."""
    return Access(authorization=f"Bearer {token}" if token else "", trust=trust.trust)
