"""The cells of the matrix: which client on which transport, and what each must see."""

from __future__ import annotations

import json
import sys
from itertools import pairwise

from tests.road.software import UPSTREAM, Process, Seen, node

POLLING, SCRIPT, SOCKET = "long-polling", "callback-polling", "websocket"
CLIENTS = {
    **{f"cometd {version}": (POLLING, SCRIPT, SOCKET) for version in ("3.1", "4", "5", "7", "8", "9")},
    # faye's other transports are in its build for browsers only.
    "faye": (POLLING, SOCKET),
    "aiocometd-noloop": (POLLING, SOCKET),
}
CELLS = [(client, transport) for client, transports in CLIENTS.items() for transport in transports]

ACCEPTED = ["invited", "Accept", "answered 200", "chatting", "participants", "history"]
GOODBYE = ["unsubscribed", "disconnected"]
WELCOME = ["handshake", "subscribed"]
WHOLE = [*WELCOME, *ACCEPTED, *GOODBYE]
NOTIFICATIONS = {"StatusChange": "chatting", "ParticipantsUpdated": "participants", "NewMessages": "history"}


def start(client: str, transport: str, url: str, *flags: str) -> Process:
    """An agent desktop on this client, under way."""
    name, _, version = client.partition(" ")
    match name:
        case "cometd":
            command = [node(), str(UPSTREAM / "agent.js"), "--cometd", version]
        case "faye":
            command = [node(), str(UPSTREAM / "faye-agent.js")]
        case _:
            command = [sys.executable, "-m", "tests.matrix.aiocometd_agent"]
            # Its cookie jar takes no cookies from addresses, and cometd-nodejs-server knows nobody without.
            url = url.replace("127.0.0.1", "localhost")
    return Process(*command, "--transport", transport, "--url", url, "--unsubscribe", *flags)


def seen_by(process: Process) -> list[Seen]:
    """What an agent saw from its handshake to its end, whatever its library logged in between."""
    process.wait()
    return [json.loads(line) for line in process.lines if line.startswith('{"t":')]


def steps(seen: list[Seen]) -> list[str]:
    """The story in words; failures in a row are one, since their number is a matter of timing."""
    words = [_step(each) for each in seen]
    return [*words[:1], *(word for before, word in pairwise(words) if not word == before == "failure")]


def calm(seen: list[Seen]) -> list[str]:
    """The story without the failures on the way."""
    return [step for step in steps(seen) if step != "failure"]


def _step(each: Seen) -> str:
    match each["kind"]:
        case "event":
            invited = each["data"].get("chat", {}).get("state") == "Invited"
            return "invited" if invited else NOTIFICATIONS[each["data"]["notificationType"]]
        case "request":
            return str(each["body"]["operationName"])
        case "answer":
            return f"answered {each['status']}"
        case "handshake":
            return "handshake" if each["successful"] else "failure"
        case kind:
            return str(kind)
