"""One agent through one trouble, before `replay serve` or before a real server."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.matrix.cells import POLLING, SOCKET, WELCOME, WHOLE, seen_by, start
from tests.matrix.trouble import MiddleMan
from tests.road.software import UPSTREAM, Process, Seen, node

FOLDER = Path(__file__).parent
SAME_SESSION = WHOLE
NEW_SESSION = [*WELCOME, *WHOLE]

REAL = {
    "late": ("--timeout", "2000", "--max-interval", "20000", "--invite-after", "3500"),
    "patient": ("--timeout", "1000", "--invite-after", "3500"),
    "forgetful": ("--timeout", "1000", "--max-interval", "500", "--invite-after", "2000"),
}
"""What the scenarios of this folder say, as flags of tests/upstream/cometd-server.js."""


class Server:
    """A server that can be ended and started again on its port."""

    def __init__(self, *command: str) -> None:
        self._command = command
        self._process = Process(*command, "--port", "0")
        self.url = self._process.word("http://")

    def restart(self) -> None:
        """Ends it and starts it again, with nothing remembered."""
        self.stop()
        self._process = Process(*self._command, "--port", self.url.rpartition(":")[2])
        self._process.word("http://")

    def stop(self) -> None:
        """Ends it."""
        assert self._process.stop() == 0, self._process.output


def ours(scenario: str) -> Server:
    """`replay serve` on a scenario of this folder."""
    file = str(FOLDER / f"{scenario}.yaml")
    return Server(sys.executable, "-m", "replay", "serve", file, "--print-url")


def real(scenario: str, transport: str) -> Server:
    """A real server with the same times: cometd-nodejs-server, or faye, which has WebSockets."""
    if transport == POLLING:
        return Server(node(), str(UPSTREAM / "cometd-server.js"), *REAL[scenario])
    _, timeout, *_, invite_after = REAL[scenario]
    flags = ("--timeout", timeout, "--invite-after", invite_after)
    return Server(node(), str(UPSTREAM / "faye-server.js"), *flags)


class Trouble(NamedTuple):
    """What happens to a client that has subscribed, and what it must have seen at the end."""

    what: str
    scenario: str
    strike: Callable[[MiddleMan, Server], None]
    story: list[str]
    transports: tuple[str, ...] = (POLLING, SOCKET)
    """Those on which it can happen."""


def _told(strike: Callable[[MiddleMan], None]) -> Callable[[MiddleMan, Server], None]:
    return lambda middle, _: strike(middle)


TROUBLES = {
    "restart": Trouble("server restarted", "late", lambda _, server: server.restart(), NEW_SESSION),
    # Longer than a poll, the half second, and the second in which the real server looks round.
    "forgotten": Trouble(
        "session forgotten", "forgetful", _told(lambda middle: middle.silence(3.5)), NEW_SESSION
    ),
    "cut": Trouble("poll cut by RST", "late", _told(MiddleMan.cut), SAME_SESSION, (POLLING,)),
    "mute": Trouble("poll never answered", "late", _told(MiddleMan.mute), SAME_SESSION, (POLLING,)),
    "refused": Trouble("503 on connect", "late", _told(MiddleMan.refuse), SAME_SESSION, (POLLING,)),
    "dropped": Trouble("closed with 1006", "late", _told(MiddleMan.drop), SAME_SESSION, (SOCKET,)),
    "outlived": Trouble("polls that end empty", "patient", lambda _, __: None, SAME_SESSION),
}

CLIENTS = ("cometd 3.1", "cometd 9", "faye", "aiocometd-noloop")
TROUBLED = [
    (name, client, transport)
    for name, trouble in TROUBLES.items()
    for client in CLIENTS
    for transport in trouble.transports
]
COMPARED = [
    (name, client, transport)
    for name, client, transport in TROUBLED
    # faye's server forgets a client after twice its timeout, before faye's client comes back.
    if transport == POLLING or (client != "faye" and name != "forgotten")
]
"""Cells that can be shown before a real server too."""


@contextmanager
def served(server: Server) -> Iterator[tuple[MiddleMan, Server]]:
    """A server with a middle man before it."""
    try:
        with MiddleMan(server.url) as middle:
            yield middle, server
    finally:
        server.stop()


def through(trouble: Trouble, client: str, transport: str, server: Server) -> list[Seen]:
    """What an agent saw that got into this trouble once it had subscribed."""
    with served(server) as (middle, _):
        agent = start(client, transport, middle.url, "--timeout", "40000")
        agent.word("subscribed")
        trouble.strike(middle, server)
        return seen_by(agent)
