"""Many clients of a real `replay serve`, on raw sockets: they see bytes, and how connections end."""

from __future__ import annotations

import asyncio
import base64
import ctypes
import json
import re
import socket
import struct
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from replay.clock import SystemClock
from tests.road.software import Process

from .dialled import UPGRADE, masked

STORY = """
version: 1
name: story
cometd: {path: /cometd}
steps:
  - {id: where, request: GET /where, repeat: last, respond: {after: 0s, body: here}}
  - {id: slow, request: GET /slow, repeat: last, respond: {after: 700ms, body: at last}}
  - {id: late, request: GET /late, repeat: last, respond: {after: 60s, body: too late}}
"""

SO_ATTACH_FILTER = 26
_DROP_ALL = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))


class Served:
    """A `replay serve` that runs, and what it has said."""

    def __init__(self, process: Process, url: str) -> None:
        self.process = process
        self.url = url
        self.port = int(url.rpartition(":")[2])

    def control(self, path: str, body: Any = None) -> str:
        """What a control call says."""
        data = None if body is None else json.dumps(body).encode()
        kind = {"Content-Type": "application/json"}
        call = urllib.request.Request(f"{self.url}/__replay/{path}", data, kind)
        with urllib.request.urlopen(call, timeout=60) as answer:
            said: str = answer.read().decode()
        return said

    def figure(self, name: str) -> float:
        """A figure of its metrics."""
        found = re.search(rf"^{re.escape(name)} (\S+)$", self.control("metrics"), re.MULTILINE)
        assert found is not None, name
        return float(found[1])

    def journal(self, kind: str) -> list[Any]:
        """The journal's entries of a kind."""
        return [json.loads(line) for line in self.control(f"journal?kind={kind}").splitlines()]

    def resident(self, what: str = "VmRSS") -> int:
        """Bytes of its memory."""
        status = Path(f"/proc/{self.process.number}/status").read_text(encoding="utf-8")
        found = re.search(rf"{what}:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) * 1024


@contextmanager
def serving(folder: Path, *flags: str, story: str = STORY, files: int = 0) -> Iterator[Served]:
    """`replay serve` in a process of its own.

    Args:
        files: How many descriptors it may have, if they are to be few.
    """
    path = folder / "story.yaml"
    path.write_text(story, encoding="utf-8")
    limited = ["prlimit", f"--nofile={files // 2}:{files}"] if files else []
    command = [*limited, sys.executable, "-m", "replay", "serve", str(path), "--port", "0", "--print-url"]
    process = Process(*command, *flags)
    try:
        yield Served(process, process.word("http://"))
    finally:
        process.stop()


class Line:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def dialled(cls, port: int, *, window: int = 0) -> Line:
        """Connects.

        Args:
            window: Bytes that it takes in without being read, if they are to be few.
        """
        sock = socket.socket()
        sock.setblocking(False)
        if window:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
        return cls(*await asyncio.open_connection(sock=sock, limit=1 << 22))

    def ask(self, path: str, body: Any = None, *, headers: str = "") -> None:
        """Sends a request."""
        data = json.dumps(body).encode() if body is not None else b""
        length = f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n" if data else ""
        method = "POST" if data else "GET"
        self.writer.write(f"{method} {path} HTTP/1.1\r\nHost: h\r\n{length}{headers}\r\n".encode() + data)

    async def answer(self) -> tuple[int, bytes]:
        """Status and body of the next answer."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        length = re.search(r"(?i)content-length: (\d+)", head)
        assert length is not None, head
        return int(head.split()[1]), await self.reader.readexactly(int(length[1]))

    async def said(self, path: str, body: Any = None, *, headers: str = "") -> Any:
        """Asks, and reads the JSON of an answer that is good."""
        self.ask(path, body, headers=headers)
        status, data = await self.answer()
        assert status == 200, data
        return json.loads(data)

    async def upgraded(self) -> None:
        """Makes it a WebSocket."""
        self.writer.write(UPGRADE)
        assert (await self.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")

    async def tell(self, *messages: Any) -> Any:
        """Sends a frame, and reads the messages of the next."""
        self.say(*messages)
        return json.loads((await self.frame())[1])

    def say(self, *messages: Any) -> None:
        """Sends a frame."""
        data = json.dumps(messages).encode()
        length = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2)
        self.writer.write(b"\x81" + length + b"\0\0\0\0" + data)

    async def frame(self) -> tuple[int, bytes]:
        """Opcode and payload of the next frame."""
        opcode, length = await self.reader.readexactly(2)
        if length >= 126:
            length = int.from_bytes(await self.reader.readexactly(2 if length == 126 else 8))
        return opcode & 15, await self.reader.readexactly(length)

    async def closing(self) -> tuple[int, list[Any]]:
        """The code with which the server closes the WebSocket, which is answered, and what came before."""
        heard = []
        while True:
            opcode, payload = await self.frame()
            if opcode == 8:
                self.writer.write(masked(0x88, payload))
                return int.from_bytes(payload[:2]), heard
            heard.append(json.loads(payload))

    async def ending(self) -> str:
        """How it ends, whatever still comes."""
        try:
            while await self.reader.read(1 << 20):
                pass
        except ConnectionError:
            return "RST"
        return "FIN"

    def vanish(self) -> None:
        """Nothing reaches it any more, and it says nothing: as if its cable had been cut."""
        program = struct.pack("HL", 1, ctypes.addressof(_DROP_ALL))
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)

    def close(self) -> None:
        """Ends it."""
        self.writer.transport.abort()


class Desk:
    """An agent that polls, on two connections, known by its credentials."""

    def __init__(self, name: str, poll: Line, rest: Line) -> None:
        self._poll, self.rest = poll, rest
        self._sign = f"Authorization: Basic {_basic(name)}\r\n"
        self.client = ""

    @classmethod
    async def dialled(cls, port: int, name: str) -> Desk:
        """Connects twice."""
        return cls(name, await Line.dialled(port), await Line.dialled(port))

    async def meta(self, verb: str, **fields: Any) -> Any:
        """Says one thing of Bayeux; returns the replies."""
        named = {"clientId": self.client} if self.client else {}
        message = {"channel": f"/meta/{verb}", "id": "1"} | named | fields
        return await self.rest.said("/cometd", [message], headers=self._sign)

    async def join(self, channel: str = "/a") -> Desk:
        """Shakes hands, subscribes and connects for the first time."""
        (welcome,) = await self.meta("handshake")
        self.client = welcome["clientId"]
        await self.meta("subscribe", subscription=channel)
        await self.meta("connect", connectionType="long-polling")
        return self

    def poll(self) -> None:
        """Begins to wait for events."""
        message = {
            "channel": "/meta/connect",
            "id": "2",
            "clientId": self.client,
            "connectionType": "long-polling",
        }
        self._poll.ask("/cometd", [message], headers=self._sign)

    async def polled(self) -> Any:
        """What the poll brings."""
        status, data = await self._poll.answer()
        assert status == 200, data
        return json.loads(data)

    async def asked(self, path: str) -> tuple[int, Any]:
        """What a request of its gets."""
        self.rest.ask(path, headers=self._sign)
        status, data = await self.rest.answer()
        return status, json.loads(data)

    def close(self) -> None:
        """Goes, without a word."""
        self._poll.close()
        self.rest.close()

    @property
    def line(self) -> Line:
        """What it polls on."""
        return self._poll


def _basic(name: str) -> str:
    return base64.b64encode(f"{name}:x".encode()).decode()


async def pause(seconds: float) -> None:
    """Somebody takes their time."""
    clock, over = SystemClock(), asyncio.Event()
    clock.call_at(clock.now() + seconds, over.set)
    await over.wait()


async def waiting(served: Served, polls: int) -> None:
    """Until so many polls wait, as the server's own metrics say."""
    while served.figure("replay_held_polls") != polls:
        await asyncio.to_thread(served.figure, "replay_agents")
