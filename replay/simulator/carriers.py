"""What leaves the simulator, on its way to exchanges and sockets: here faults rewrite it.

A fault that strikes at a Bayeux message changes what carries the reply, whenever that leaves: a connect may
be held for half a minute first.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from replay.bayeux.delivery import Peer
from replay.bayeux.messages import Message
from replay.bayeux.scripts import wrapped
from replay.faults.rules import Occasion
from replay.simulator import changes
from replay.simulator.agents import Agent
from replay.simulator.striking import Struck
from replay.wire import Answer, Begin, Cut, Effect, Send

if TYPE_CHECKING:
    from replay.simulator.simulator import Simulator


class Carriers:
    """The part of a simulator that all its effects pass."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._exchanges: dict[int, list[Struck]] = {}
        """Rules that change the answer on an exchange."""
        self._frames: dict[tuple[int, str], list[Struck]] = {}
        """Rules that change the frame with the reply to a message of a socket."""
        self._whose: dict[int, Agent] = {}
        """Of exchanges and sockets, while there are rules that ask."""
        self._callbacks: dict[int, str] = {}
        """Functions that scripts call with the answers on exchanges."""
        self._deaf: set[int] = set()
        """Exchanges and sockets on which nothing passes any more."""

    def mark(self, struck: Struck, message: Message, peer: Peer) -> None:
        """What carries the reply to this message is changed by a rule."""
        if peer.exchange is not None:
            self._exchanges.setdefault(peer.exchange, []).append(struck)
        elif peer.socket is not None:
            self._frames.setdefault((peer.socket, str(message.get("id", ""))), []).append(struck)

    def belongs(self, carrier: int | None, agent: Agent | None) -> None:
        """An exchange or a socket is this agent's."""
        if carrier is not None and agent is not None:
            self._whose[carrier] = agent

    def calls(self, exchange: int, callback: str) -> None:
        """The answer on an exchange is a script that calls this function."""
        self._callbacks[exchange] = callback

    def learn(self) -> None:
        """Whose the sockets and the held connects are that came while no rule asked."""
        for client in self._simulator.bayeux.clients.values():
            agent = self._simulator.agents.owner(client)
            self.belongs(client.socket, agent)
            self.belongs(client.hold.exchange if client.hold is not None else None, agent)

    def deafen(self, carrier: int) -> None:
        """Nothing passes on it any more."""
        self._deaf.add(carrier)

    def is_deaf(self, carrier: int) -> bool:
        """Whether what comes on it is not heeded."""
        return carrier in self._deaf

    def lost(self, carrier: int) -> None:
        """It is gone."""
        self._exchanges.pop(carrier, None)
        self._whose.pop(carrier, None)
        self._callbacks.pop(carrier, None)
        self._deaf.discard(carrier)
        for key in [key for key in self._frames if key[0] == carrier]:
            del self._frames[key]

    def outgoing(self, effects: list[Effect], now: float) -> list[Effect]:
        """What really leaves."""
        if not (self._exchanges or self._frames or self._deaf or self._whose or self._callbacks):
            return effects
        return [each for effect in effects for each in self._pass(effect, now)]

    def _pass(self, effect: Effect, now: float) -> Iterable[Effect]:
        match effect:
            case Answer():
                struck = self._exchanges.pop(effect.exchange, ())
                agent = self._whose.pop(effect.exchange, None)
                if effect.exchange in self._deaf:
                    return ()
                callback = self._callbacks.pop(effect.exchange, "")
                answer = wrapped(callback, effect) if callback else effect
                answered = self._simulator.faulting.answered(struck, answer) if struck else [answer]
            case Begin():
                self._whose.pop(effect.exchange, None)
                return (effect,)
            case Cut():
                self.lost(effect.carrier)
                return (effect,)
            case Send():
                agent = self._whose.get(effect.socket)
                if effect.socket in self._deaf:
                    return ()
                answered = self._framed(effect, now)
            case _:
                return (effect,)
        if agent is None:
            return answered
        return [each for one in answered for each in self._travel(one, agent, now)]

    def _framed(self, send: Send, now: float) -> list[Effect]:
        effects: list[Effect] = [send]
        for answered in send.answers if self._frames else ():
            for struck in self._frames.pop((send.socket, answered), ()):
                for at, effect in enumerate(effects):
                    if isinstance(effect, Send):
                        after = struck.rule.fault.frame(effect, struck.strike)
                        self._simulator.faulting.note(struck, now, changes.of_frame(effect, after))
                        effects[at : at + 1] = after
                        break
        return effects

    def _travel(self, effect: Effect, agent: Agent, now: float) -> Iterable[Effect]:
        """Through what holds for all that an agent gets."""
        if not isinstance(effect, Answer | Send):
            return (effect,)
        faulting = self._simulator.faulting
        whom = faulting.whom(agent, now)
        occasion = Occasion(seam="traffic", subject="", facts=faulting.transport_of(agent), names=whom.names)
        struck = faulting.at_traffic(occasion, whom, now)
        return struck[0].rule.fault.traffic(effect, struck[0].strike) if struck else (effect,)
