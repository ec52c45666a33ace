"""What `replay verify` says on standard error while it plays: how far it is, and whom it waits for."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.status import Status
from rich.text import Text

from replay.account import printable
from replay.drive.access import Hidden
from replay.drive.watch import Watch
from replay.plan.timeline import Ask, Cue, Timeline
from replay.plan.values import readable
from replay.verify.role import Seen


class Teller:
    """Standard error. A context manager, so that the terminal is left as it was."""

    def __init__(self, hidden: Hidden) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._hidden = hidden
        # Elsewhere than on a terminal each change would be a line.
        self._status: Status | None = None

    def __enter__(self) -> None:
        if self._console.is_terminal:
            self._status = self._console.status(Text("it begins"))
            self._status.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def is_at(self, what: str) -> None:
        """It has come so far; seen on terminals only."""
        if self._status is not None:
            self._status.update(Text(self._clean(what)))

    def say(self, what: str) -> None:
        """Says it once, in a line that stays."""
        self._console.print(Text(self._clean(what)), soft_wrap=True)

    def _clean(self, what: str) -> str:
        return printable(self._hidden.without(what))


class Follower(Watch):
    """Follows one role, and keeps what it has seen, also of a run that never ends."""

    def __init__(self, teller: Teller, timeline: Timeline, role: str) -> None:
        self.seen: list[Seen] = []
        self._teller = teller
        self._name = f"{role}: " if role and len(timeline.roles) > 1 else ""
        self._steps = len(timeline.scenario.steps)
        self._done: set[str] = set()

    def begins(self, ask: Ask) -> None:
        """A request of its session is made."""
        self._teller.is_at(f"{self._name}session: {ask.id}")

    def saw(self, seen: Seen) -> None:
        """Something was seen."""
        self.seen.append(seen)
        if seen.step:
            if seen.kind != "request":
                self._done.add(seen.step)
            self._teller.is_at(
                f"{self._name}{len(self._done)} of {self._steps} steps: {seen.kind} {seen.step}"
            )

    def waits(self, cue: Cue, patience: float) -> None:
        """It waits for what somebody else has to cause."""
        where = f"{cue.id} on {readable(cue.channel)}"
        self._teller.say(f"{self._name}waiting for {where}: somebody has to cause it ({patience:g} s)")
