"""A recorder that is killed: what was over a second before is in the file."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import itertools
import os
import random  # noqa: TID251  the moment is to be any
import re
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from aiohttp import ClientError, ClientSession

from replay.capture.recording import Recording, open_recording
from replay.capture.worker import PART, SOCKET
from tests.road.software import backend

from .proxies import PATIENCE, Command

pytestmark = pytest.mark.live

COMETD = "/api/v2/notifications"
SAFE = 1.0
"""Seconds after which what is over has to survive."""

MOMENTS = [
    pytest.param(seed, marks=() if seed == 1 else pytest.mark.full, id=f"moment {seed + 1}")
    for seed in range(20)
]


class Over(NamedTuple):
    """Something that was over, as its client saw it."""

    at: float
    mark: bytes
    """Bytes that only this has, and that are in the recording of it."""


class Talk:
    """A client that asks without end, and notes when each thing was over."""

    def __init__(self) -> None:
        self.over: list[Over] = []
        self._numbers = itertools.count(10_000)

    def _mark(self) -> str:
        return f"mark-{next(self._numbers)}"

    def _done(self, mark: str) -> None:
        self.over.append(Over(asyncio.get_running_loop().time(), mark.encode()))

    async def rest(self, session: ClientSession, url: str) -> None:
        """Requests, one after another."""
        while True:
            mark = self._mark()
            async with session.get(f"{url}/api/v2/me", headers={"X-Request": mark}) as answer:
                await answer.read()
            self._done(mark)

    async def polls(self, session: ClientSession, url: str) -> None:
        """Long polls, held by the server for a while each."""
        client = await self._handshake(session, url)
        connect = {"channel": "/meta/connect", "connectionType": "long-polling", "clientId": client}
        while True:
            mark = self._mark()
            async with session.post(url + COMETD, json=[{**connect, "id": mark}]) as answer:
                assert mark.encode() in await answer.read()
            self._done(mark)

    async def frames(self, session: ClientSession, url: str) -> None:
        """Messages over one WebSocket."""
        client = await self._handshake(session, url)
        async with session.ws_connect(url + COMETD) as socket:
            while True:
                mark = self._mark()
                message = {"channel": "/meta/subscribe", "clientId": client, "id": mark}
                await socket.send_json([{**message, "subscription": f"/quiet/{mark}"}])
                while mark not in (await socket.receive_str()):
                    pass
                self._done(mark)

    async def _handshake(self, session: ClientSession, url: str) -> str:
        kinds = ["long-polling", "websocket"]
        message = {"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": kinds}
        async with session.post(url + COMETD, json=[message]) as answer:
            (reply,) = await answer.json(content_type=None)
        return str(reply["clientId"])


@contextlib.contextmanager
def recorder(upstream: str, path: Path) -> Iterator[tuple[Command, str]]:
    arguments = ["--upstream", upstream, "--listen", "127.0.0.1:0", "--to", str(path)]
    with Command(*arguments, cwd=path.parent, group=True) as command:
        yield command, command.until("recording http").split()[1]


@contextlib.asynccontextmanager
async def talking(*talks: Any) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(talk) for talk in talks]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            assert isinstance(ended, asyncio.CancelledError | ClientError | TypeError | OSError), ended


async def talk_until(moment: float, urls: tuple[str, str], kill: Any) -> tuple[Talk, float]:
    """Talk through both recorders, and kill them after so many seconds of it; when that was."""
    talk = Talk()
    polled, framed = urls
    loop = asyncio.get_running_loop()
    async with (
        ClientSession() as one,
        ClientSession() as other,
        talking(talk.rest(one, polled), talk.polls(one, polled), talk.frames(other, framed)),
    ):
        while len(talk.over) < 3:
            await asyncio.wait([loop.create_future()], timeout=0.02)
        await asyncio.wait([loop.create_future()], timeout=moment)
        killed = loop.time()
        kill()
    return talk, killed


def closed(path: Path) -> Recording:
    """The recording, once nobody writes to it any more: a recorder keeps its file locked."""
    with path.open("rb") as file:
        previous = signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.alarm(PATIENCE)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, previous)
    return open_recording(path)


def marks(recordings: list[Recording]) -> set[bytes]:
    """Every mark in an answer, a frame from the server, or an answered request."""
    found: set[bytes] = set()
    for exchange in (each for recording in recordings for each in recording.exchanges):
        if exchange.response_body is not None and exchange.ended is not None:
            found |= set(re.findall(rb"mark-\d+", exchange.response_body))
            found.add(exchange.request_header("X-Request").encode())
        for frame in exchange.frames or ():
            if not frame.from_client:
                found |= set(re.findall(rb"mark-\d+", frame.content))
    return found


@pytest.mark.parametrize("seed", MOMENTS)
def test_what_was_over_a_second_before_is_in_the_file(seed: int, tmp_path: Path) -> None:
    moment = random.Random(seed).uniform(1.0, 3.0)
    polled, framed = tmp_path / "polled.mitm", tmp_path / "framed.mitm"
    with (
        backend("cometd", "--timeout", "250") as cometd,
        backend("faye") as faye,
        recorder(cometd, polled) as (one, one_url),
        recorder(faye, framed) as (other, other_url),
    ):

        def kill() -> None:
            for command in (one, other):
                # Every other time with all that is in its process group, as a terminal would.
                (os.killpg if seed % 2 else os.kill)(command.process.pid, signal.SIGKILL)

        talk, killed = asyncio.run(talk_until(moment, (one_url, other_url), kill))
        read = marks([closed(polled), closed(framed)])

    had_to = {each.mark for each in talk.over if each.at < killed - SAFE}
    assert had_to
    assert had_to - read == set()


def test_a_websocket_is_written_in_parts_while_it_is_open(tmp_path: Path) -> None:
    path = tmp_path / "x.mitm"
    with backend("faye") as faye, recorder(faye, path) as (command, url):
        talk, _ = asyncio.run(talk_until(1.5, (url, url), command.process.kill))
        written = closed(path)

    data = path.read_bytes()
    assert data.count(PART.encode()) > 2
    assert len(set(re.findall(re.escape(SOCKET).encode() + rb";\d+:([0-9a-f-]+);", data))) == 1
    (socket,) = (each for each in written.exchanges if each.frames is not None)
    assert socket.ended is None
    answers = [each.content for each in socket.frames or () if not each.from_client]
    said = [number for content in answers for number in re.findall(rb'"id":"mark-(\d+)', content)]
    assert said == sorted(set(said))
    assert talk.over
