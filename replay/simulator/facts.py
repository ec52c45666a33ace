"""What there is to be said of agents and events, by the names that `where` of a rule has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from replay.plan.values import as_text, render

if TYPE_CHECKING:
    from replay.bayeux.client_state import Client
    from replay.simulator.agents import Agent
    from replay.simulator.happenings import Due

_TYPES = ("messageType", "notificationType")


def transport_of(client: Client) -> str:
    """The connection type by which its events travel."""
    return "websocket" if client.socket is not None else client.transport


def names_of(agent: Agent) -> frozenset[str]:
    """What `where: {agent: …}` may call it."""
    roles = {play.timeline.roles[play.role_of(agent)] for play in agent.plays if play.shared}
    return frozenset({agent.label, f"#{agent.ordinal}", *roles})


def types_of(due: Due) -> dict[str, str]:
    """What an event says it is."""
    cue, data = due.cue, due.cue.data.compiled
    if not isinstance(data, dict):
        return {}

    def lookup(name: str) -> Any:
        return due.play.lookup(name, "", due.mark.captured, cue.role)

    return {name: as_text(render(data[name], lookup)) for name in _TYPES if name in data}
