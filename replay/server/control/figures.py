"""A simulator's counts, its state and its lateness, as families of Prometheus."""

from __future__ import annotations

import platform
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import accumulate

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.process_collector import PROCESS_COLLECTOR
from prometheus_client.registry import Collector, CollectorRegistry

from replay import __version__
from replay.entries import KINDS
from replay.simulator.lateness import BOUNDS, Lateness
from replay.simulator.limits import LIMITS
from replay.simulator.simulator import Simulator
from replay.simulator.tallies import OTHERS

TEXT = "text/plain; version=0.0.4; charset=utf-8"

NONE = "(none)"
"""Where there is no name."""

BUCKETS = (50e-6, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds. What is less than a twentieth below a bound may be counted in the next bucket."""


def written(simulator: Simulator, *, open_metrics: bool = False) -> tuple[bytes, str]:
    """All of them as text, and its media type."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Figures(simulator))
    registry.register(PROCESS_COLLECTOR)
    if open_metrics:
        text: bytes = openmetrics.generate_latest(registry)  # type: ignore[no-untyped-call]
        return text, openmetrics.CONTENT_TYPE_LATEST
    return generate_latest(registry), TEXT


class Figures(Collector):
    """A simulator's, as they are when they are asked for."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def collect(self) -> Iterator[Metric]:
        """One family after the other."""
        versions = {"version": __version__, "python": platform.python_version()}
        yield InfoMetricFamily("replay_build", "What serves.", value=versions)
        yield self._requests()
        yield from self._told()
        yield self._struck()
        yield from self._turned_away()
        yield from self._kept()
        yield from self._clients()
        yield from self._agents()
        lateness = Lateness()
        for part in (self._simulator.tallies.lateness, self._simulator.lateness):
            lateness.add(part)
        yield HistogramMetricFamily(
            "replay_lateness_seconds",
            "From when an event or an answer was due to when it was told.",
            buckets=_buckets(lateness),
            sum_value=lateness.total,
        )

    def _requests(self) -> Metric:
        """What the journal has as answers."""
        family = CounterMetricFamily(
            "replay_requests",
            "Answers to requests that were steps, by the status that left, also where a fault refused the "
            f"request. Step {NONE}: the login had expired. Neither retries nor misses are among them.",
            labels=["scenario", "step", "status"],
        )
        tally = self._simulator.tallies.answers
        for (scenario, step, status), count in tally.counts.items():
            family.add_metric([scenario or NONE, step or NONE, str(status)], count)
        if tally.others:
            family.add_metric([OTHERS] * 3, tally.others)
        return family

    def _told(self) -> Iterator[Metric]:
        """What the journal has as events and misses."""
        tally, ever = self._simulator.tallies.events, self._simulator.journal.ever
        counts = tally.counts | (
            {OTHERS: others} if (others := ever["event"] - sum(tally.counts.values())) else {}
        )
        yield _counter(
            "replay_events",
            f"Events told to agents, by channel as the scenario has it; {OTHERS}: those pushed by hand.",
            "channel",
            counts,
        )
        yield CounterMetricFamily("replay_misses", "Requests that matched no step.", value=ever["miss"])

    def _struck(self) -> Metric:
        """Every strike, also those that the journal notes once for many."""
        tallies = Counter(self._simulator.tallies.struck)
        tallies.update(self._simulator.switching.tallies())
        named = self._simulator.tallies.rules.among(tallies)
        counts = {name: count for name, count in tallies.items() if name in named and name != OTHERS}
        if len(counts) < len(tallies):
            counts[OTHERS] = sum(tallies.values()) - sum(counts.values())
        return _counter("replay_faults_struck", "How often each rule struck, whomever.", "rule", counts)

    def _turned_away(self) -> Iterator[Metric]:
        """Beyond which bound somebody was refused, or given up."""
        turnstile = self._simulator.turnstile
        yield _counter(
            "replay_refused",
            "Agents, clients and connections that were refused or cut off, by the limit that was reached.",
            "limit",
            {limit: turnstile.counts[limit] for limit in LIMITS},
        )
        yield CounterMetricFamily(
            "replay_queues_overflowed",
            "Clients that were forgotten because too many events waited for them.",
            value=self._simulator.bayeux.overflowed,
        )

    def _kept(self) -> Iterator[Metric]:
        """The journal."""
        journal = self._simulator.journal
        ever = journal.ever
        yield _counter(
            "replay_journal_entries",
            "What happened, by the kind that the journal has for it.",
            "kind",
            {kind: ever[kind] for kind in KINDS},
        )
        yield CounterMetricFamily(
            "replay_journal_dropped", "Entries pushed out of the journal's window.", value=journal.dropped
        )
        yield GaugeMetricFamily(
            "replay_journal_bytes", "What the journal's window takes as JSON.", value=journal.bytes
        )

    def _clients(self) -> Iterator[Metric]:
        """The Bayeux clients there are."""
        clients = self._simulator.bayeux.clients.values()
        transports = Counter(
            "websocket" if client.socket is not None else client.transport or NONE for client in clients
        )
        family = GaugeMetricFamily(
            "replay_clients",
            f"Bayeux clients there are, by how they connect; {NONE}: not yet.",
            labels=["transport"],
        )
        for transport, count in sorted(transports.items()):
            family.add_metric([transport], count)
        yield family
        yield GaugeMetricFamily(
            "replay_held_polls",
            "Connects by HTTP that wait for events.",
            value=sum(client.hold is not None and client.hold.exchange is not None for client in clients),
        )
        yield GaugeMetricFamily(
            "replay_queued_events",
            "Events that their clients have not been given, or not said to have received.",
            value=sum(client.pending for client in clients),
        )

    def _agents(self) -> Iterator[Metric]:
        """The agents there are, and their plays."""
        agents = self._simulator.agents.all
        held = sum(len(agent.held) for agent in agents) + self._simulator.casting.waiting
        yield GaugeMetricFamily(
            "replay_held_events", "Events that wait until somebody listens to their channel.", value=held
        )
        yield GaugeMetricFamily(
            "replay_agents", "Agents that have come, but for those forgotten.", value=len(agents)
        )
        plays = {id(play) for agent in agents for play in agent.plays}
        yield GaugeMetricFamily(
            "replay_plays", "Plays that they have; one of several agents counts once.", value=len(plays)
        )


def _counter(name: str, about: str, label: str, counts: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(name, about, labels=[label])
    for key, count in counts.items():
        family.add_metric([key], count)
    return family


def _buckets(lateness: Lateness) -> list[tuple[str, float]]:
    """How many were no later than each bound, as `le` has it."""
    below = [0, *accumulate(lateness.counts)]
    within = [below[bisect_right(BOUNDS, bound)] for bound in BUCKETS]
    return [*zip(map(str, BUCKETS), within, strict=True), ("+Inf", lateness.count)]
