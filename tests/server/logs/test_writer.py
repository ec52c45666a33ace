"""Lines go out in order; whoever does not read them makes nobody wait."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial

import pytest

from replay.server.logs.writer import Writer

MUCH = 1 << 20
"""Bytes that no pipe takes at once."""


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def lost(count: int) -> bytes:
    return b"lost %d\n" % count


def line(number: int) -> bytes:
    return b"%d\n" % number


def read_until(end: int, last: bytes) -> bytes:
    found = b""
    while not found.endswith(last):
        found += os.read(end, 1 << 16)
    return found


def test_lines_are_written_in_order_and_all_before_it_closes(pipe: tuple[int, int]) -> None:
    writer = Writer(pipe[1], lost)
    for number in range(1_000):
        writer.put(partial(line, number))
    writer.close()

    assert os.read(pipe[0], 1 << 16) == b"".join(map(line, range(1_000)))


def test_what_a_full_pipe_does_not_take_is_counted_and_said_once_there_is_room(pipe: tuple[int, int]) -> None:
    writer = Writer(pipe[1], lost, most=10)
    stuck = b"x" * MUCH + b"\n"
    writer.put(lambda: stuck)
    first = os.read(pipe[0], 1)
    for number in range(100):
        writer.put(partial(line, number))

    assert writer.lost == 90
    assert first + read_until(pipe[0], b"lost 90\n") == b"".join((stuck, *map(line, range(10)), b"lost 90\n"))
    writer.put(partial(line, 100))
    assert read_until(pipe[0], b"\n") == b"100\n"
    writer.close()


def test_it_closes_although_nobody_reads(pipe: tuple[int, int]) -> None:
    writer = Writer(pipe[1], lost, most=2)
    for _ in range(10):
        writer.put(lambda: b"x" * MUCH)
    writer.close(patience=0.01)

    assert writer.lost >= 7
    read_until(pipe[0], lost(writer.lost))


def test_whoever_has_gone_is_told_nothing_more(pipe: tuple[int, int]) -> None:
    reading = os.dup(pipe[0])
    writer = Writer(pipe[1], lost)
    os.close(reading)
    writer.put(lambda: b"before\n")
    writer.close()

    assert os.read(pipe[0], 100) == b"before\n"


def test_a_descriptor_that_says_try_again_is_tried_again(pipe: tuple[int, int]) -> None:
    os.set_blocking(pipe[1], False)
    writer = Writer(pipe[1], lost)
    writer.put(lambda: b"x" * MUCH + b"\n")

    assert len(read_until(pipe[0], b"\n")) == MUCH + 1
    writer.close()
