"""How a simulator ends: who waits for events is answered, and answers that come soon still come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from replay.simulator.happenings import Leaving, Reached
from replay.wire import Answer, Effect

if TYPE_CHECKING:
    from replay.simulator.simulator import Simulator


def farewell(simulator: Simulator, now: float) -> list[Effect]:
    """Answers every connect that waits as if its time had come, which is an answer like any other.

    What a real server does leaves them with a connection that broke: they count that as a failure, and wait
    before they come back.
    """
    for client in list(simulator.bayeux.clients.values()):
        simulator.bayeux.let_go(client, now)
    effects = simulator.carriers.outgoing(simulator.bayeux.take_effects(), now)
    return simulator.outages.outgoing(effects)


def last_answer(simulator: Simulator, until: float) -> float | None:
    """When the last of the answers to requests comes that come by this time; None if there is none."""
    return max((at for at, item in simulator.agenda if at <= until and _answers(item)), default=None)


def _answers(item: object) -> bool:
    if isinstance(item, Reached):
        return item.answer is not None
    return isinstance(item, Leaving) and isinstance(item.effect, Answer)
