"""Agents with CometD: set up, idle, paced, flooded; over long-polling and over WebSocket."""

from __future__ import annotations

import gc

import uvloop

from bench.agent import Agent, PollingAgent, SocketAgent
from bench.connection import BrokenError
from bench.goals import Goal, Row, Runs
from bench.load import Figures, Wanted, measure
from bench.run import Run
from bench.servers import OURS, pinned, running

OTHERS = COMETD, FAYE = "cometd", "faye"
PACED, FLOOD = 6.0, 4.0
"""Seconds of each in one run; a quick one takes a quarter."""
POLLING = ("polling", "setup", "memory", "latency")
SOCKET = ("websocket",)

Measured = dict[str, list[Figures | None]]
"""By server, for each run; none where it broke."""


def polling(run: Run) -> list[Row]:
    """The rows of agents that poll."""
    found: list[Row] = []
    for size in run.sizes:
        measured = _measured(run, size, PollingAgent, (OURS, COMETD, FAYE))
        agents = f"{size:,} agents"
        way = f"an event's way at 600/s, {{}}, {agents}"
        asked = [
            ("events", Goal("polling", f"events, polling, {agents}", "/s", "× at least", 1.5, 4)),
            ("paced_p50", Goal("latency", way.format("p50"), "ms", "× at most", 1, 1 / 3)),
            ("paced_p99", Goal("latency", way.format("p99"), "ms", "× at most", 1, 1 / 3)),
        ]
        if size == max(run.sizes):
            asked += [
                ("set_up", Goal("setup", f"agents set up, {agents}", "/s", "× at least", 1.2, 3)),
                ("kilobytes", Goal("memory", f"an idle agent that polls, {agents}", "KB", "at most", 25, 10)),
            ]
        found += [_row(goal, field, measured) for field, goal in asked if run.wants(goal.name)]
    return found


def websocket(run: Run) -> list[Row]:
    """The rows of agents on WebSockets."""
    found = []
    for size in run.sizes:
        measured = _measured(run, size, SocketAgent, (OURS, FAYE))
        goal = Goal("websocket", f"events, WebSocket, {size:,} agents", "/s", "× at least", 2, 4)
        found.append(_row(goal, "events", measured))
    return found


def _row(goal: Goal, field: str, measured: Measured) -> Row:
    figures = _of(measured, field)
    costs = _of(measured, f"{field}_cost") if f"{field}_cost" in Figures._fields else {}
    missing: Runs = [None] * max(map(len, figures.values()), default=0)
    return Row(goal, figures.pop(OURS, missing), figures, costs.pop(OURS, []), costs)


def _of(measured: Measured, field: str) -> dict[str, Runs]:
    return {
        name: [None if each is None else getattr(each, field) for each in runs]
        for name, runs in measured.items()
    }


def _measured(run: Run, size: int, kind: type[Agent], servers: tuple[str, ...]) -> Measured:
    """Each server in each run, started afresh, one after another."""
    names = run.among(*servers)
    measured: Measured = {name: [] for name in names}
    part = 0.25 if run.quick else 1.0
    paced = part * PACED if kind is PollingAgent and run.wants("latency") else 0.0
    flood = part * FLOOD if run.wants("polling" if kind is PollingAgent else "websocket") else 0.0
    wanted = Wanted(size, paced, flood)
    for number in range(run.runs):
        # Each comes after each of the others equally often.
        for name in names if number % 2 else reversed(names):
            label = f"{name}, {size:,} agents, {kind.transport}"
            run.tell(f"{label}: run {number + 1} of {run.runs} …")
            gc.collect()
            try:
                with running(name, run.server_core) as server, pinned(run.load_core):
                    figures = uvloop.run(measure(server, kind, wanted))
            except (BrokenError, BaseExceptionGroup, TimeoutError) as error:
                run.broke(label, error)
                measured[name].append(None)
                continue
            measured[name].append(figures)
            run.wrong += [f"{label}: {sentence}" for sentence in figures.wrong[:3]]
            for note in figures.notes:
                run.note(f"{label}: {note}")
    return measured
