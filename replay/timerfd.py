"""Linux's timer that is a descriptor: readable once a moment has come, which loops can wait for.

Python has it from 3.13 on; before, the C library is asked. It counts as `time.monotonic` does.
"""

from __future__ import annotations

import ctypes
import functools
import math
import os
import sys

_CLOCK_MONOTONIC = 1
_TFD_TIMER_ABSTIME = 1
_NS = 1_000_000_000


class _Spec(ctypes.Structure):
    """`struct itimerspec`: the period, of which we have none, and the moment."""

    _fields_ = (
        ("period_s", ctypes.c_long),
        ("period_ns", ctypes.c_long),
        ("s", ctypes.c_long),
        ("ns", ctypes.c_long),
    )


def create() -> int | None:
    """A descriptor that is set to nothing yet; None where the system has no such thing or none left."""
    if sys.platform != "linux":
        return None
    try:
        if sys.version_info >= (3, 13):
            return os.timerfd_create(_CLOCK_MONOTONIC, flags=os.TFD_NONBLOCK | os.TFD_CLOEXEC)
        fd = _library().timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, AttributeError):
        return None
    return fd if fd >= 0 else None


def set_to(fd: int, at: float | None) -> None:
    """The descriptor becomes readable at `at`, at once if that is past, or never; until then it is not."""
    # Zero would set it to nothing; up to the next nanosecond, so that it is never early.
    ns = 0 if at is None else max(1, math.ceil(at * _NS))
    if sys.version_info >= (3, 13):
        os.timerfd_settime_ns(fd, flags=os.TFD_TIMER_ABSTIME, initial=ns)
        return
    _SPEC.s, _SPEC.ns = divmod(ns, _NS)
    if _library().timerfd_settime(fd, _TFD_TIMER_ABSTIME, _TO_SPEC, None):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


# Made once: this is called for nearly all that is due. The library keeps the interpreter's lock, so that no
# other thread writes to it meanwhile.
_SPEC = _Spec()
_TO_SPEC = ctypes.byref(_SPEC)


@functools.cache
def _library() -> ctypes.PyDLL:
    return ctypes.PyDLL(None, use_errno=True)
