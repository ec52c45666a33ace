"""The processes of other tests end, whatever becomes of the tests."""

from __future__ import annotations

import gc
import os
import sys

import pytest

from .software import Process


def test_a_process_that_a_test_has_forgotten_is_ended_and_no_other_test_is_told() -> None:
    process = Process(sys.executable, "-c", "print('pid', flush=True); input()")
    process.word("pid")
    number = process._popen.pid

    del process
    gc.collect()

    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)
