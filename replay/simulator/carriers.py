"""What leaves the simulator, on its way to exchanges and sockets: here faults rewrite it.

A fault that strikes at a Bayeux message changes what carries the reply, whenever that leaves: a connect may
be held for half a minute first. What it makes later waits here for its time, since what holds for all that an
agent gets, or parts the network, is asked when it leaves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from replay.bayeux.messages import Message
from replay.bayeux.peer import Peer
from replay.bayeux.replies import mark_of
from replay.bayeux.scripts import wrapped
from replay.faults.fault import Carried
from replay.faults.rules import Occasion
from replay.simulator import changes
from replay.simulator.agents import Agent
from replay.simulator.happenings import Leaving
from replay.simulator.striking import Struck
from replay.wire import Answer, Begin, Cut, Effect, Piece, Send

if TYPE_CHECKING:
    from replay.simulator.simulator import Simulator


class Carriers:
    """The part of a simulator that all its effects pass."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._exchanges: dict[int, list[Struck]] = {}
        """Rules that change the answer on an exchange."""
        self._frames: dict[int, dict[str, list[Struck]]] = {}
        """Rules that change the frame with the reply to a message, by its mark, of a socket."""
        self._whose: dict[int, Agent] = {}
        """Of exchanges and sockets, while there are rules that ask."""
        self._callbacks: dict[int, str] = {}
        """Functions that scripts call with the answers on exchanges."""
        self._deaf: set[int] = set()
        """Exchanges and sockets on which nothing passes any more."""
        self._begun: dict[int, Agent | None] = {}
        """Whose the answers are that begin now, until all their pieces have passed."""
        self._under_way: Counter[int] = Counter()
        """How many pieces of the answer on an exchange are yet to leave."""
        self._given_up: set[int] = set()
        """Exchanges that were lost in the middle of an answer."""
        self._passed: list[Effect] = []
        """What has passed before, and leaves now."""

    def mark(self, struck: Struck, message: Message, peer: Peer) -> None:
        """What carries the reply to this message is changed by a rule."""
        if peer.exchange is not None:
            self._exchanges.setdefault(peer.exchange, []).append(struck)
        elif peer.socket is not None:
            replies = self._frames.setdefault(peer.socket, {})
            replies.setdefault(mark_of(message), []).append(struck)

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
        self._frames.pop(carrier, None)
        if not self._under_way.pop(carrier, 0):
            return
        self._given_up.add(carrier)
        # Now and then, so that many that go at once are looked for in what is due a few times only.
        if len(self._given_up) > len(self._under_way):
            self._simulator.withdraw(self._is_given_up)
            self._given_up.clear()

    def _is_given_up(self, item: object) -> bool:
        effect = item.effect if isinstance(item, Leaving) else None
        return isinstance(effect, Piece) and effect.exchange in self._given_up

    def outgoing(self, effects: list[Effect], now: float) -> list[Effect]:
        """What really leaves."""
        if self._exchanges or self._frames or self._deaf or self._whose or self._callbacks:
            effects = [each for effect in effects for each in self._pass(effect, now)]
            self._begun.clear()
        if not self._passed:
            return effects
        passed, self._passed = self._passed, []
        return passed + effects

    def arrive(self, effects: Iterable[Effect]) -> None:
        """These have passed before, and leave now."""
        self._passed += effects

    def leave(self, leaving: Leaving, now: float) -> None:
        """The time of something has come."""
        effect = leaving.effect
        if isinstance(effect, Piece) and effect.exchange in self._under_way:
            self._under_way[effect.exchange] -= 1
            if not self._under_way[effect.exchange]:
                del self._under_way[effect.exchange]
        self.arrive(self._depart([leaving.effect], leaving.agent, now))

    def _depart(self, effects: Iterable[Effect], agent: Agent | None, now: float) -> Iterable[Effect]:
        """What leaves now of these; the rest does so at its time."""
        for effect in effects:
            if effect.at > now:
                if isinstance(effect, Piece):
                    self._under_way[effect.exchange] += 1
                self._simulator.put(effect.at, Leaving(effect, agent))
            elif agent is None:
                yield effect
            else:
                yield from self._depart(self._travel(effect, agent, now), None, now)

    def _pass(self, effect: Effect, now: float) -> Iterable[Effect]:
        effects: list[Effect] = [effect]
        agent: Agent | None = None
        match effect:
            case Answer():
                struck = self._exchanges.pop(effect.exchange, ())
                agent = self._whose.pop(effect.exchange, None)
                if effect.exchange in self._deaf:
                    return ()
                callback = self._callbacks.pop(effect.exchange, "")
                answer = wrapped(callback, effect) if callback else effect
                effects = self._simulator.faulting.answered(struck, answer) if struck else [answer]
            case Begin():
                agent = self._begun[effect.exchange] = self._whose.pop(effect.exchange, None)
            case Piece():
                agent = self._begun.get(effect.exchange)
            case Cut() if effect.carrier in self._begun:
                agent = self._begun[effect.carrier]
            case Cut():
                self.lost(effect.carrier)
            case Send():
                agent = self._whose.get(effect.socket)
                if effect.socket in self._deaf:
                    return ()
                effects = self._framed(effect, now)
        return self._depart(effects, agent, now)

    def _framed(self, send: Send, now: float) -> list[Effect]:
        effects: list[Effect] = [send]
        replies = self._frames.get(send.socket, {})
        for answered in send.answers:
            for struck in replies.pop(answered, ()):
                for at, effect in enumerate(effects):
                    if isinstance(effect, Send):
                        after = struck.rule.fault.frame(effect, struck.strike)
                        self._simulator.faulting.note(struck, now, changes.of_frame(effect, after))
                        effects[at : at + 1] = after
                        break
        if not replies:
            self._frames.pop(send.socket, None)
        return effects

    def _travel(self, effect: Effect, agent: Agent, now: float) -> list[Effect]:
        """Through what holds for all that an agent gets."""
        faulting = self._simulator.faulting
        whom = faulting.whom(agent, now)
        occasion = Occasion(seam="traffic", subject="", facts=faulting.transport_of(agent), names=whom.names)
        effects = [effect]
        for each in faulting.at_traffic(occasion, whom, now):
            effects = [
                after
                for before in effects
                for after in (
                    each.rule.fault.traffic(before, each.strike) if isinstance(before, Carried) else (before,)
                )
            ]
        return effects
