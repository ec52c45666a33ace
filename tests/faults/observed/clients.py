"""The clients: desktops on npm's cometd, each a process of its own, and sockets that see bytes."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
from collections.abc import Sequence
from typing import Any, Protocol

from tests.faults.observed.words import Seen
from tests.road.software import UPSTREAM, node

LINGER = "250"
"""Milliseconds that a desktop stays after the last event it expects: what comes too often comes then."""


class Client(Protocol):
    """Somebody who looks."""

    name: str

    async def run(self, url: str) -> list[Seen]:
        """What it sees of the server there, from its first word to its last."""


class Desktop:
    """tests/upstream/agent.js: an agent desktop on npm's cometd, with a user and a cookie jar."""

    def __init__(
        self, *flags: str, cometd: str = "3.1", transport: str = "long-polling", user: str = "ann"
    ) -> None:
        """Not started yet.

        Args:
            flags: Of agent.js; `--ack` and the like.
        """
        self.name = f"cometd {cometd}, {transport}"
        self.user = user
        self._flags = ["--cometd", cometd, "--transport", transport, *flags]

    async def run(self, url: str) -> list[Seen]:
        """All its lines; what its library logs is left out."""
        process = await asyncio.create_subprocess_exec(
            node(),
            str(UPSTREAM / "agent.js"),
            *("--url", url, "--user", self.user, "--auth-cometd", "--watch", "--linger", LINGER),
            *self._flags,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            told, logged = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        seen: list[Seen] = [
            json.loads(line) for line in told.decode().splitlines() if line.startswith('{"t":')
        ]
        last = seen[-1]["t"] if seen else 0.0
        thrown = re.search(r"^(?:Uncaught )?(\w*Error): ", logged.decode(), re.MULTILINE)
        gave_up = any(each.get("error", "") and "timeout after" in each["error"] for each in seen)
        if process.returncode and not gave_up:
            seen.append(
                {"t": last, "kind": "died", "error": thrown[1] if thrown else f"exit {process.returncode}"}
            )
        return seen


class Desktops:
    """Several agents at once; what each sees is marked with its user."""

    def __init__(self, *desktops: Desktop) -> None:
        self.name = f"{len(desktops)} x {desktops[0].name}"
        self._desktops = desktops

    async def run(self, url: str) -> list[Seen]:
        """What they see, one after the other."""
        seen = await asyncio.gather(*(each.run(url) for each in self._desktops))
        pairs = zip(self._desktops, seen, strict=True)
        return [each | {"user": desktop.user} for desktop, lines in pairs for each in lines]


class Line:
    """A socket that asks, says what bytes come and when, and how its connection ends."""

    name = "a raw socket"

    def __init__(self, *asks: str, patience: float = 5.0) -> None:
        """Not dialled yet.

        Args:
            asks: `GET /api/v2/me`, one after the other, each on a connection of its own.
            patience: Seconds after which it gives up on an answer.
        """
        self._asks: Sequence[str] = asks
        self._patience = patience

    async def run(self, url: str) -> list[Seen]:
        """A `head`, its `piece`s, an `end` for each it asks."""
        return [each for ask in self._asks for each in await self._one(ask, int(url.rpartition(":")[2]))]

    async def _one(self, ask: str, port: int) -> list[Seen]:
        loop = asyncio.get_running_loop()
        seen: list[Seen] = []

        def say(kind: str, **fields: Any) -> None:
            seen.append({"t": round(loop.time() * 1000, 2), "kind": kind, **fields})

        say("request", name=ask)
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError as error:
            say("end", how=type(error).__name__)
            return seen
        try:
            user = base64.b64encode(b"ann:secret").decode()
            writer.write(f"{ask} HTTP/1.1\r\nHost: h\r\nAuthorization: Basic {user}\r\n\r\n".encode())
            async with asyncio.timeout(self._patience):
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                kind = re.search(r"(?i)content-type: ([^\r;]+)", head)
                length = int((re.search(r"(?i)content-length: (\d+)", head) or ["", "0"])[1])
                say("head", status=int(head.split()[1]), length=length, type=kind[1] if kind else "")
                while length > 0:
                    chunk = await reader.read(1 << 16)
                    if not chunk:
                        say("end", how="FIN")
                        return seen
                    length -= len(chunk)
                    say("piece", text=chunk.decode())
                say("end", how="whole")
        except asyncio.IncompleteReadError:
            say("end", how="FIN")
        except ConnectionResetError:
            say("end", how="RST")
        except TimeoutError:
            say("end", how="silence, and the connection stands")
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        return seen
