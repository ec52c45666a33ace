"""`metrics`: counts and lateness as Prometheus reads them."""

from __future__ import annotations

from aiohttp import web

from replay.server.control.call import Call
from replay.server.control.route import Route, Routes

OPEN_METRICS = "application/openmetrics-text"


async def _metrics(call: Call) -> web.Response:
    # Asked for by few, and slow to import.
    from replay.server.control.figures import written  # noqa: PLC0415

    accepts_open = any(OPEN_METRICS in value for value in call.request.headers.getall("Accept", ()))
    body, kind = written(call.stage.simulator, open_metrics=accepts_open)
    return web.Response(body=body, headers={"Content-Type": kind})


ROUTES: Routes = (
    Route(
        method="GET",
        path="metrics",
        handler=_metrics,
        about="Counts and lateness, for Prometheus.",
        answer=str,
        content=("text/plain", OPEN_METRICS),
    ),
)
