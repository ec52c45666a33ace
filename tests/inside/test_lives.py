"""A simulator within a program leaves nothing behind, however it was used and however it ended."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from .left import SHORT, lead
from .lives import LIVES, nobody_ever_comes
from .threaded import THREADED


@pytest.mark.live
def test_each_life_led_twice_leaves_no_task_no_descriptor_no_thread_and_no_complaint() -> None:
    left = lead(SHORT, asyncio.new_event_loop, (*LIVES, *THREADED))

    assert left.is_nothing, left


def test_what_was_played_is_forgotten() -> None:
    left = lead(20, asyncio.new_event_loop, [nobody_ever_comes])

    # A server that is kept takes some 90; caches grow for a while.
    assert left.kilobytes < 20, left


KEPT: list[Any] = []
"""What lives that are no good leave behind."""


async def leaves_a_task() -> None:
    KEPT.append(asyncio.ensure_future(asyncio.Event().wait()))


async def leaves_a_socket() -> None:
    KEPT.append(socket.socket())


async def leaves_a_thread() -> None:
    KEPT.append(go_on := threading.Event())
    threading.Thread(target=go_on.wait).start()


async def leaves_memory() -> None:
    KEPT.append(bytearray(100_000))


async def leaves_a_socket_unclosed() -> None:
    socket.socket()
    gc.collect()


async def leaves_an_error_to_the_loop() -> None:
    asyncio.get_running_loop().call_exception_handler({"message": "nobody looked"})


@pytest.mark.parametrize(
    ("life", "what"),
    [
        (leaves_a_task, "tasks"),
        (leaves_a_socket, "descriptors"),
        (leaves_a_thread, "threads"),
        (leaves_memory, "kilobytes"),
        (leaves_a_socket_unclosed, "complaints"),
        (leaves_an_error_to_the_loop, "complaints"),
    ],
)
def test_what_a_life_leaves_behind_is_found(life: Callable[[], Any], what: str) -> None:
    left = lead(3, asyncio.new_event_loop, [life])
    for each in KEPT:
        if isinstance(each, socket.socket):
            each.close()
        elif isinstance(each, threading.Event):
            each.set()
    KEPT.clear()

    assert left.kilobytes > 20 if what == "kilobytes" else getattr(left, what)
