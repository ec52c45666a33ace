"""`plays`: another chat for an agent."""

from __future__ import annotations

from replay.server.control.call import Call
from replay.server.control.route import Route, Routes
from replay.server.control.values import Offer, Offered
from replay.simulator import directing


async def _offer(call: Call) -> Offered:
    wanted: Offer = await call.body()
    play, agent = call.stage.direct(
        lambda simulator, now: directing.offer(simulator, wanted.scenario, wanted.agent, now)
    )
    return Offered(play=play.label, agent=agent.label)


ROUTES: Routes = (
    Route(
        method="POST",
        path="plays",
        handler=_offer,
        about="Offers an agent one more play of a scenario, which begins as its first did.",
        body=Offer,
        answer=Offered,
        status=201,
        reach="agent",
        refuses=(404, 409, 502),
    ),
)
