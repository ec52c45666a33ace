from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from replay.capture.stopping import Stopping

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = {each: signal.getsignal(each) for each in SIGNALS}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


def test_a_signal_is_remembered_and_told() -> None:
    told: list[str] = []
    with Stopping() as stopping:
        os.kill(os.getpid(), signal.SIGINT)
        stopping.on_signal = lambda: told.append("again")
        os.kill(os.getpid(), signal.SIGTERM)

        assert stopping.requested
    assert told == ["again"]


def test_a_signal_interrupts_what_would_wait() -> None:
    with Stopping() as stopping, pytest.raises(KeyboardInterrupt), stopping.interruptible():
        os.kill(os.getpid(), signal.SIGTERM)


def test_signals_that_come_later_spoil_nothing() -> None:
    with Stopping():
        os.kill(os.getpid(), signal.SIGINT)

    assert [signal.getsignal(each) for each in SIGNALS] == [signal.SIG_IGN] * 3


def test_without_a_signal_the_handlers_are_what_they_were() -> None:
    before = [signal.getsignal(each) for each in SIGNALS]
    with Stopping():
        pass

    assert [signal.getsignal(each) for each in SIGNALS] == before


def test_under_nohup_a_closed_terminal_ends_nothing() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with Stopping() as stopping:
        os.kill(os.getpid(), signal.SIGHUP)

    assert not stopping.requested
