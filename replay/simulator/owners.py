"""Whose a kept exchange or socket is, found when somebody asks: while it plays, nobody needs to note it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from replay.bayeux.messages import MalformedError, clients_in, decode
from replay.conversation import Conversation
from replay.simulator.agents import Agent, words_of
from replay.wire import Answer, Begin, Polled, Request, Send, SocketText

if TYPE_CHECKING:
    from replay.simulator.simulator import Simulator

LOOKED_AT = 100
"""Values of a conversation that are looked at; a socket has very many frames, and each says whose it is."""


class Owners:
    """Knows agents by what `Agents` knows them by, and clients that have ended by how they began."""

    def __init__(self, simulator: Simulator) -> None:
        self._agents = simulator.agents
        self._clients: dict[str, Agent] = {}

    def learn(self, conversation: Conversation) -> None:
        """Learns which clients are whose; called with all that is kept before anything is asked."""
        agent = self._by_headers(conversation)
        if agent is not None and not isinstance(conversation.head, Request):
            for client in _clients_in(conversation):
                self._clients.setdefault(client, agent)

    def of(self, conversation: Conversation) -> Agent | None:
        """Whose it is, if it is anybody's."""
        agents = self._agents.all
        if len(agents) == 1:
            return agents[0]
        named = self._by_headers(conversation)
        if named is not None:
            return named
        head = conversation.head
        if isinstance(head, Request):
            return self._agents.named_by({}, (), words_of(head.path, head.query, _json(head.body)))
        for client in _clients_in(conversation):
            owner = self._clients.get(client) or self._agents.owner_of(client)
            if owner is not None:
                return owner
        return None

    def _by_headers(self, conversation: Conversation) -> Agent | None:
        cookies = list(self._agents.cookies_of(conversation.head.headers))
        for _, what in islice(conversation.rows, LOOKED_AT):
            if isinstance(what, Answer | Begin):
                given = (value for name, value in what.headers if name.lower() == "set-cookie")
                cookies += [value for line in given for value in self._agents.cookies_of({"cookie": line})]
        return self._agents.named_by(conversation.head.headers, cookies, ())


def _clients_in(conversation: Conversation) -> Iterator[str]:
    head = conversation.head
    said = [head.body] if isinstance(head, Polled) else []
    rows = islice(conversation.rows, LOOKED_AT)
    said += [what.body for _, what in rows if isinstance(what, Answer | Send | SocketText)]
    return (client.decode("utf-8", "replace") for each in said for client in clients_in(each))


def _json(body: bytes) -> Any:
    try:
        return decode(body)
    except MalformedError:
        return None
