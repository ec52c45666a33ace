"""`metrics`: counts and lateness as Prometheus reads them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate, islice
from typing import Any

from aiohttp import web

from replay import __version__
from replay.server.control.call import Call
from replay.server.control.route import Route, Routes
from replay.simulator.lateness import BOUNDS, Lateness
from replay.simulator.simulator import Simulator

MAX_RULES = 200
"""Rules with a line of their own; whoever puts up new names all day is counted under `OTHERS`."""
OTHERS = "(others)"
"""No name of a rule."""

BUCKETS = (50e-6, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds. What is less than a twentieth below a bound may be counted in the next bucket."""


async def _metrics(call: Call) -> web.Response:
    # Asked for by few, and slow to import.
    from prometheus_client import CollectorRegistry  # noqa: PLC0415
    from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest  # noqa: PLC0415

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(call.stage.simulator))
    return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


class _Figures:
    """A simulator's, as they are when they are asked for."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def collect(self) -> Iterator[Any]:
        """One family of figures after the other."""
        from prometheus_client.metrics_core import (  # noqa: PLC0415
            CounterMetricFamily,
            HistogramMetricFamily,
            InfoMetricFamily,
        )

        yield InfoMetricFamily("replay_build", "What serves.", value={"version": __version__})
        counts = self._simulator.journal.counts
        for name, kind, about in (
            (
                "replay_requests",
                "request",
                "Requests that were steps, and were heeded: a fault may keep one from it.",
            ),
            ("replay_events", "event", "Events told to agents."),
            ("replay_misses", "miss", "Requests that matched no step."),
        ):
            yield CounterMetricFamily(name, about, value=counts[kind])
        struck = CounterMetricFamily(
            "replay_faults_struck", "How often each rule struck, whomever.", labels=["rule"]
        )
        for rule, count in _bounded(self._simulator.switching.tallies()).items():
            struck.add_metric([rule], count)
        yield struck
        lateness = self._simulator.lateness
        yield HistogramMetricFamily(
            "replay_lateness_seconds",
            "From when an event or an answer was due to when it was told.",
            buckets=_buckets(lateness),
            sum_value=lateness.total,
        )


def _bounded(tallies: dict[str, int]) -> dict[str, int]:
    """Those of the first rules, and the rest as one."""
    names = iter(tallies)
    shown = {name: tallies[name] for name in islice(names, MAX_RULES)}
    rest = [tallies[name] for name in names]
    return shown | ({OTHERS: sum(rest)} if rest else {})


def _buckets(lateness: Lateness) -> list[tuple[str, float]]:
    """How many were no later than each bound, as `le` has it."""
    below = [0, *accumulate(lateness.counts)]
    within = [below[bisect_right(BOUNDS, bound)] for bound in BUCKETS]
    return [*zip(map(str, BUCKETS), within, strict=True), ("+Inf", lateness.count)]


ROUTES: Routes = (
    Route(
        method="GET",
        path="metrics",
        handler=_metrics,
        about="Counts and lateness, for Prometheus.",
        answer=str,
        content=("text/plain",),
    ),
)
