"""A chat that is played with something wrong in it."""

from __future__ import annotations

from typing import Any

from replay.simulator.options import Options
from replay.testing import Desktop, Event, Script, scenario

STEPS = """
cometd: {path: /cometd, timeout: 30s}
steps:
  - {id: invited, push: /chats, after: start + 1s, data: {messageType: State, state: Invited}}
  - id: accept
    request: POST /api/v2/me/chats/1
    body: {operationName: Accept}
    respond: {after: 50ms, body: {statusCode: 0, said: "aäöü…"}}
  - {id: chatting, push: /chats, after: accept + 100ms, data: {messageType: State, state: Chatting}}
  - {id: history, push: /chats, after: accept + 200ms, data: {messageType: Messages, state: History}}
  - {id: look, request: GET /api/v2/me, respond: {after: 10ms, body: me}}
"""

ACCEPT = {"operationName": "Accept"}
WHOLE = {"statusCode": 0, "said": "aäöü…"}


class Told:
    """One desktop at work on it."""

    def __init__(self, faults: str, *, seed: int = 0, steps: str = STEPS, user: str = "ann") -> None:
        self.script = Script(scenario(f"faults: {faults}\n{steps}"), options=Options(seed=seed))
        self.desktop = self.script.desktop(user)

    def joins(self, *, socket: bool = False, **handshake: Any) -> Desktop:
        """Shakes hands, subscribes, and connects for the first time."""
        desktop = self.desktop
        if socket:
            desktop.open_socket()
        desktop.handshake(**handshake)
        desktop.subscribe("/chats")
        desktop.connect(advice={"timeout": 0})
        return desktop

    def polls_for(self, seconds: float) -> None:
        """Lets time pass, with a connect held whenever there can be one."""
        script = self.script
        end = script.now + seconds
        waiting = None
        while script.now < end - 1e-9:
            if waiting is None or not script.waits(waiting):
                waiting = self.desktop.connect()
            script.advance(min(0.01, end - script.now))

    def accepts(self) -> int:
        """Accepts the chat; the number of the exchange."""
        return self.desktop.post("/api/v2/me/chats/1", ACCEPT)

    @property
    def events(self) -> list[Event]:
        return self.desktop.events

    @property
    def heard(self) -> list[tuple[float, str]]:
        """When which state was told."""
        return [(event.at, event.data["state"]) for event in self.desktop.events]

    @property
    def strikes(self) -> list[dict[str, Any]]:
        """What the journal says of faults."""
        return [
            entry.detail | {"step": entry.step}
            for entry in self.script.simulator.journal
            if entry.kind == "fault"
        ]
