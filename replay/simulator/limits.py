"""How much a simulator takes on, and whom it turns away beyond that: who is new, while all others go on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, get_args

import msgspec

from replay.bayeux.delivery import JSON_TYPE
from replay.errors import ReplayError
from replay.wire import Answer, Request

if TYPE_CHECKING:
    from replay.simulator.simulator import Simulator

AGENTS = 20_000
"""Agents that are taken unless others are wanted."""
QUEUE = 10_000
"""Events that may wait for a client unless others are wanted."""
CLIENTS = 20_000
"""Living clients that are taken however few agents may come: who reloads leaves one behind for a while."""

UNAVAILABLE = 503
INTERNAL = 4
"""What Genesys calls an error that is the server's own (API reference, "return values")."""


Limit = Literal["agents", "clients", "connections", "reading"]
LIMITS: tuple[Limit, ...] = get_args(Limit)
"""Beyond which somebody is turned away, or cut off."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much is taken on."""

    agents: int = AGENTS
    """Agents that there may be at a time; who has gone is one of them until it is forgotten."""
    queue: int = QUEUE
    """Events that may wait for one client (CometD's `maxQueue`); beyond, the client is forgotten."""
    clients: int = CLIENTS
    """Bayeux clients that may live at a time, whosever they are."""

    @classmethod
    def of(cls, *, agents: int, queue: int) -> Limits:
        """With room for a client of each agent, and for one that a reload left behind."""
        return cls(agents=agents, queue=queue, clients=max(CLIENTS, 2 * agents))


class FullError(ReplayError):
    """Somebody new is not taken any more."""

    def __init__(self, limit: Limit, why: str) -> None:
        super().__init__(why)
        self.limit = limit


class Turnstile:
    """The part of a simulator that counts whom it has turned away, and says so."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self.counts: Counter[Limit] = Counter()
        """How often each limit has turned somebody away; never falls."""
        self._said: set[Limit] = set()

    def admit_agent(self, now: float) -> None:
        """Sees whether one more agent may come, once those are forgotten who went long ago.

        Raises:
            FullError: no; says why.
        """
        self._simulator.absence.make_room(now)
        most = self._simulator.options.limits.agents
        if len(self._simulator.agents.all) >= most:
            raise FullError("agents", f"{most:,} agents have come, and no more are taken (--max-agents)")

    def refusal(self, now: float, *, is_known: Callable[[], bool]) -> str | None:
        """Why a handshake is refused, if there is no room for its client, or for its agent.

        Args:
            is_known: Whether its agent has come before; asked only where it matters.
        """
        limits = self._simulator.options.limits
        try:
            if len(self._simulator.bayeux.clients) >= limits.clients:
                raise FullError(
                    "clients", f"there are {limits.clients:,} Bayeux clients, and no more are taken"
                )
            if len(self._simulator.agents.all) >= limits.agents and not is_known():
                self.admit_agent(now)
        except FullError as full:
            self.turned_away(full.limit, str(full), now, asked="handshake")
            return str(full)
        return None

    def turned_away(self, limit: Limit, why: str, now: float, *, agent: str = "", asked: str = "") -> None:
        """Somebody has been turned away or cut off; each is in the journal, the first of them as a warning.

        Args:
            agent: As the journal names it, where it is one that is known.
            asked: What it wanted.
        """
        self.counts[limit] += 1
        detail: dict[str, Any] = {"limit": limit, "why": why}
        if asked:
            detail["request"] = asked
        if limit not in self._said:
            self._said.add(limit)
            detail["first"] = True
        self._simulator.journal.note("refused", self._simulator.since_start(now), agent, **detail)

    def answer(self, request: Request, full: FullError, now: float) -> Answer:
        """What a request gets that would have made an agent: the API's own words for it."""
        self.turned_away(full.limit, str(full), now, asked=f"{request.method} {request.path}"[:500])
        body = self._simulator.timelines[0].profile.failure(INTERNAL, str(full))
        return Answer(
            exchange=request.exchange,
            at=now,
            status=UNAVAILABLE,
            headers=(JSON_TYPE,),
            body=msgspec.json.encode(body),
        )

    def forget(self) -> None:
        """There is room again: when it is full once more, that is said once more."""
        self._said.clear()


def is_first(detail: Mapping[str, object]) -> bool:
    """Whether a journal's entry of this kind is the first of its limit: the others need not be said aloud."""
    return detail.get("first") is True
