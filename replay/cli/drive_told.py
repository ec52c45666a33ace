"""What `replay drive` says on standard error while it runs: bars on a terminal, else a line now and then."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from replay.drive.crowd import Crowd

EVERY = 10.0
"""Seconds between lines where there is no terminal."""


class Bars:
    """Standard error. A context manager, so that the terminal is left as it was."""

    def __init__(self, agents: int, duration: float | None) -> None:
        self._console = Console(stderr=True, highlight=False)
        # Drawn from the loop: a thread of its own would make the agents late.
        self._progress = Progress(
            TextColumn("{task.description:>6}"),
            BarColumn(),
            TextColumn("{task.fields[told]}"),
            console=self._console,
            auto_refresh=False,
            transient=True,
        )
        self._time: TaskID | None = None
        if duration is not None:
            self._time = self._progress.add_task("time", total=duration, told="")
        self._agents = self._progress.add_task("agents", total=agents, told="")
        self._last = 0.0
        self._answered = 0
        self._rate_at = 0.0
        self._rate = 0.0

    def __enter__(self) -> Bars:
        if self._console.is_terminal:
            self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def show(self, crowd: Crowd) -> None:
        """How far it is."""
        self._measure(crowd)
        if not self._console.is_terminal:
            if crowd.elapsed - self._last >= EVERY:
                self._last = crowd.elapsed
                self._console.print(f"{clock_of(crowd.elapsed)} {crowd.agents:,} agents, {self._line(crowd)}")
            return
        if self._time is not None:
            self._progress.update(self._time, completed=crowd.elapsed, told=clock_of(crowd.elapsed))
        told = f"{crowd.agents:,}, {self._line(crowd)}"
        self._progress.update(self._agents, completed=crowd.agents, told=told)
        self._progress.refresh()

    def _measure(self, crowd: Crowd) -> None:
        answered, seconds = crowd.tallies.requests.count, crowd.elapsed - self._rate_at
        if seconds >= 1:
            self._rate = (answered - self._answered) / seconds
            self._answered, self._rate_at = answered, crowd.elapsed

    def _line(self, crowd: Crowd) -> str:
        tallies = crowd.tallies
        parts = [
            f"{crowd.chats:,} chats",
            f"{tallies.requests.count:,} answers ({self._rate:,.0f}/s)",
            f"{tallies.came:,} events",
            f"{tallies.errors:,} errors",
        ]
        return ", ".join(parts)


def clock_of(seconds: float) -> str:
    """`1:02:03`, or `2:03`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
