"""`python -m bench.origin`: a server that costs next to nothing, so that what stands before it is measured.

`/poll` is held for `HELD` seconds and then answered with the moment it was answered; anything else is
answered at once, with an event.
"""

from __future__ import annotations

import asyncio
import json
from typing import cast

import uvloop

from replay.clock import SystemClock

HELD = 0.2
"""Seconds a poll is held."""
EVENT = [
    {
        "channel": "/v2/me/chats",
        "data": {
            "messageType": "ChatStateChangeMessage",
            "notificationType": "StatusChange",
            "referenceId": 17,
            "chat": {
                "id": "0000Na9B26EF002X",
                "state": "Chatting",
                "capabilities": ["Transfer", "Complete", "Leave", "SendMessage"],
                "uri": "http://gws.example:8090/api/v2/chats/0000Na9B26EF002X",
                "participants": [
                    {"participantId": "009052C5E743004C", "nickname": "Marat", "type": "Agent"},
                    {"participantId": "009052C5E6D6004A", "nickname": "Kristi", "type": "Client"},
                ],
            },
        },
    },
    {"channel": "/meta/connect", "successful": True, "id": "12"},
]
_HEAD = (
    "HTTP/1.1 200 OK\r\nDate: Thu, 02 Jan 2014 22:23:20 GMT\r\nServer: Jetty(9.4)\r\n"
    "Content-Type: application/json;charset=UTF-8\r\nCache-Control: no-store\r\nContent-Length: {}\r\n\r\n"
)
_CLOCK = SystemClock()


def answer(body: bytes) -> bytes:
    """An answer as it travels."""
    return _HEAD.format(len(body)).encode() + body


AT_ONCE = answer(json.dumps(EVENT).encode())


class _Origin(asyncio.Protocol):
    def __init__(self) -> None:
        self._came = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        self._came += data
        head, found, rest = self._came.partition(b"\r\n\r\n")
        if not found:
            return
        length = head.lower().partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
        missing = int(length or 0) - len(rest)
        if missing > 0:
            return
        self._came = b""
        if b" /poll" in head[:20]:
            asyncio.get_running_loop().call_later(HELD, self._released)
        elif self._transport is not None:
            self._transport.write(AT_ONCE)

    def _released(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(answer(json.dumps({"at": _CLOCK.now()}).encode()))


async def _main() -> None:
    server = await asyncio.get_running_loop().create_server(_Origin, "127.0.0.1", 0, backlog=1024)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)  # noqa: T201
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_main())
