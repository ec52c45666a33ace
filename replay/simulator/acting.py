"""What faults do beside the story: forget clients, cut connections, end logins, shut the server."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from replay.bayeux.client_state import Client
from replay.faults.fault import Act, Forget, LogOut, LoseCookies, Outage, Sever
from replay.simulator.agents import Agent
from replay.simulator.happenings import Refusal
from replay.simulator.striking import Struck
from replay.wire import Close, Cut, Deafen

if TYPE_CHECKING:
    from replay.simulator.simulator import Simulator


class Acting:
    """The part of a simulator that carries out acts."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self.put_off: list[tuple[Struck, Act]] = []
        """What is done once the batch under way has been answered."""

    def later(self, struck: Struck) -> None:
        """Once the batch under way has been answered."""
        self.put_off += ((struck, act) for act in struck.rule.fault.acts(struck.strike))

    def catch_up(self, now: float) -> None:
        """Does what was put off."""
        while self.put_off:
            struck, act = self.put_off.pop(0)
            self._act(struck, act, now)

    def at_once(self, struck: Sequence[Struck], now: float) -> None:
        """Does what these rules do beside."""
        for each in struck:
            for act in each.rule.fault.acts(each.strike):
                self._act(each, act, now)

    def _act(self, struck: Struck, act: Act, now: float) -> None:
        agent = struck.whom.agent
        match act:
            case Forget():
                for client in self._clients(agent, everybody=act.everybody):
                    self._simulator.bayeux.forget(client, now)
            case Sever():
                for client in self._clients(agent, everybody=act.everybody):
                    self._sever(client, act, now)
            case LogOut() if agent is not None:
                agent.cookie, agent.is_unknown = "", True
                agent.refused = Refusal(struck.rule.name, act.status)
                self._simulator.faulting.somebody_is_out = True
            case LoseCookies() if agent is not None:
                agent.cookie, agent.is_unknown = "", True
            case Outage():
                self._simulator.outages.begin(act, struck.rule, now)
            case _:
                pass

    def _clients(self, agent: Agent | None, *, everybody: bool) -> list[Client]:
        if everybody:
            return list(self._simulator.bayeux.clients.values())
        return list(agent.clients.values()) if agent is not None else []

    def _sever(self, client: Client, act: Sever, now: float) -> None:
        bayeux, carriers, socket = self._simulator.bayeux, self._simulator.carriers, client.socket
        waits = client.hold.exchange if client.hold is not None else None
        if act.how == "code":
            if socket is not None:
                bayeux.add(Close(socket=socket, at=now, code=act.code, reason=act.reason))
                bayeux.socket_lost(socket, now)
            return
        for carrier in self._of(socket, waits):
            if act.how == "deafen":
                carriers.deafen(carrier)
            else:
                bayeux.add(Cut(carrier=carrier, at=now, reset=act.how == "reset"))
        if act.how == "deafen":
            # The engine goes on saying things there: what it says is lost.
            if socket is not None:
                bayeux.add(Deafen(socket=socket, at=now))
            return
        bayeux.hold_lost(client, now)
        if socket is not None:
            bayeux.socket_lost(socket, now)

    def _of(self, *carriers: int | None) -> Iterable[int]:
        return (carrier for carrier in carriers if carrier is not None)
