"""Ctrl-C, SIGTERM and a terminal that is closed, at any point of a command that ends well by them."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import Any, Self

_SIGNALS = [signal.SIGINT, signal.SIGTERM]
if hasattr(signal, "SIGHUP"):
    _SIGNALS.append(signal.SIGHUP)


class Stopping:
    """While entered, signals do what `on_signal` says, and are remembered in `requested`.

    Raising from a signal is for stretches that would wait otherwise (`interruptible`): it may strike inside
    an import or a finaliser.
    """

    def __init__(self) -> None:
        self.requested = False
        self.on_signal: Callable[[], None] = nothing
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        # Python lets no other thread set handlers; a command is run in another only by tests.
        if threading.current_thread() is threading.main_thread():
            for each in _SIGNALS:
                # Under nohup a closed terminal is to end nothing.
                if each.name != "SIGHUP" or signal.getsignal(each) is not signal.SIG_IGN:
                    self._before[each] = signal.signal(each, self._received)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each, handler in self._before.items():
            # The process is ending, and well: a second Ctrl-C is not to spoil its exit code.
            signal.signal(each, signal.SIG_IGN if self.requested else handler)

    @contextlib.contextmanager
    def interruptible(self) -> Iterator[None]:
        """Let a signal raise `KeyboardInterrupt`, SIGTERM too."""
        self.on_signal = _interrupt
        try:
            yield
        finally:
            self.on_signal = nothing

    def _received(self, _number: int, _frame: FrameType | None) -> None:
        self.requested = True
        self.on_signal()


def nothing() -> None:
    """Do nothing but remember the signal."""


def _interrupt() -> None:
    raise KeyboardInterrupt
