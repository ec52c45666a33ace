"""What one run of the benchmark is asked to do, and what it hears of trouble."""

from __future__ import annotations

from collections.abc import Callable

from bench.connection import BrokenError
from bench.servers import OURS, cores

SPARE = 100
"""Descriptors that a process has open beside its connections."""
QUICK_SIZES, SIZES = (100,), (1_000, 5_000)


class Run:
    """Settings, and the sentences that come up."""

    def __init__(
        self,
        *,
        quick: bool = False,
        runs: int = 3,
        sizes: tuple[int, ...] = (),
        only: tuple[str, ...] = (),
        servers: tuple[str, ...] = (),
        limit: int = 1 << 30,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.quick = quick
        self.runs = 1 if quick else runs
        self.wrong: list[str] = []
        """What no server may do, each sentence beginning with the server's name."""
        self.notes: list[str] = []
        self.server_core, self.load_core = cores()
        self.tell = tell
        self._only = only
        self._servers = servers
        self.sizes = self._possible(sizes or (QUICK_SIZES if quick else SIZES), limit)

    @property
    def failed(self) -> bool:
        """Whether ours did anything wrong; what others do is told."""
        return any(sentence.startswith(OURS) for sentence in self.wrong)

    def wants(self, *rows: str) -> bool:
        """Whether any of these rows is asked for."""
        return not self._only or any(row in self._only for row in rows)

    def among(self, *servers: str) -> list[str]:
        """Those of the servers that are asked for; who asks for ours means it with any scenarios."""
        asked = self._servers
        return [
            name
            for name in servers
            if not asked or name in asked or (OURS in asked and name.startswith(OURS))
        ]

    def broke(self, server: str, error: BaseException) -> None:
        """A server did not do what it was measured at."""
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        kind = "" if isinstance(error, BrokenError) else f"{type(error).__name__}: "
        self.wrong.append(f"{server}: {kind}{error}")

    def note(self, sentence: str) -> None:
        """Something to know about the figures; told once."""
        if sentence and sentence not in self.notes:
            self.notes.append(sentence)

    def _possible(self, sizes: tuple[int, ...], limit: int) -> tuple[int, ...]:
        for size in sizes:
            needed = 2 * size + SPARE
            if needed > limit:
                why = f"need {needed:,} descriptors, this machine allows {limit:,}: left out"
                self.note(f"{size:,} agents {why}")
        return tuple(size for size in sizes if 2 * size + SPARE <= limit)
