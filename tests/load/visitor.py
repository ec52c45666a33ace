"""A desktop that takes things as they come: it tries again, shakes hands again, leaves, and comes back.

It is a machine of callbacks, whatever carries what it says: a stage in this process, or real connections.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import msgspec

MOUNT = "/api/v2/notifications"
CHANNEL = "/v2/me/chats"
ME = "/api/v2/me"

VISITS = 3
"""How often it comes before it stays away for good."""
SPREAD = 420.0
"""Seconds in which all have come for the first time, at most."""
THINKS, RETRIES, PATIENCE = 0.7, 2.0, 45.0
"""Seconds from a chat to its Accept, from a failure to the next try, and that a poll may take."""


class Habits(NamedTuple):
    """How visitors come and go, in seconds."""

    stays: float = 100.0
    """One visit."""
    away: float = 40.0
    """From one to the next."""
    often: float = 15.0
    """From one chat that it is offered, beside its first, to the next."""


class Reply(NamedTuple):
    """An answer."""

    status: int
    cookies: list[str]
    """Values of `Set-Cookie`."""
    body: bytes


class Line(Protocol):
    """What carries all that one visitor says."""

    def ask(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        then: Callable[[Reply | None], None],
    ) -> None:
        """A request; `then` is told None when its connection broke."""

    def open(
        self, headers: dict[str, str], heard: Callable[[bytes], None], then: Callable[[bool], None]
    ) -> None:
        """A WebSocket; `then` is told whether it stands, and once more when it ends."""

    def say(self, body: bytes) -> None:
        """A frame, if the socket stands."""

    def close(self) -> None:
        """All connections end without a word."""


class World(Protocol):
    """Where visitors live."""

    def later(self, seconds: float, do: Callable[[], None]) -> None:
        """Does something once this time has passed."""

    def line(self) -> Line:
        """A line of its own."""

    def offer(self, user: str) -> None:
        """One more chat for somebody, if it is there."""


class Seen:
    """What all visitors have met with."""

    def __init__(self) -> None:
        self.arrivals = self.visitors = self.handshakes = self.chats = self.accepts = 0
        self.failures = self.broken = self.events = 0


class Visitor:
    """One person; every third has a name of its own, the others are known by cookies alone."""

    def __init__(
        self, number: int, world: World, habits: Habits, seen: Seen, gone: Callable[[], None]
    ) -> None:
        self._number = number
        self._habits = habits
        self._world = world
        self._seen = seen
        self._gone = gone
        self._user = f"user{number}" if number % 3 == 0 else ""
        self._by_socket = number % 2 == 0
        self._jar: dict[str, str] = {}
        self._line = world.line()
        self._visit = 0
        self._session = 0
        """Which of its sessions it is: what belongs to an older one is not heeded."""
        self._client_id = ""
        self._ids = 0
        self._is_here = False
        self._polled = 0
        seen.visitors += 1

    # Coming and going

    def arrive(self) -> None:
        """Comes, with the cookies that it had."""
        self._visit += 1
        self._is_here = True
        self._seen.arrivals += 1
        self._begin()
        self._world.later(self._habits.stays, self._leave)
        if self._user:
            self._world.later(self._habits.often, self._wish)

    def _leave(self) -> None:
        """With a word, without one, or by falling silent."""
        way = (self._number + self._visit) % 3
        if way == 0 and self._client_id:
            self._send("/meta/disconnect")
        self._is_here = False
        self._session += 1
        if way == 1:
            self._line.close()
        elif way == 0:
            self._world.later(1.0, self._line.close)
        if self._visit < VISITS:
            self._world.later(self._habits.away, self._return)
        else:
            self._world.later(self._habits.away, self._go)

    def _return(self) -> None:
        self._line.close()
        self.arrive()

    def _go(self) -> None:
        self._line.close()
        self._gone()

    def _wish(self) -> None:
        if self._is_here:
            self._world.offer(self._user)
            self._world.later(self._habits.often, self._wish)

    # Its session

    def _begin(self) -> None:
        self._session += 1
        self._client_id = ""
        if not self._by_socket:
            self._shake_hands()
            return
        session = self._session

        def stands(is_open: bool) -> None:
            if session == self._session:
                if is_open:
                    self._shake_hands()
                else:
                    self._again()

        self._line.open(self._headers(), lambda body: self._heard(body, session), stands)

    def _again(self) -> None:
        """Its session is lost: it shakes hands anew."""
        if not self._is_here:
            return
        self._seen.failures += 1
        self._session += 1
        session = self._session
        self._world.later(RETRIES, lambda: self._is_here and session == self._session and self._restart())

    def _restart(self) -> None:
        self._line.close()
        self._begin()

    def _shake_hands(self) -> None:
        self._seen.handshakes += 1
        types = ["websocket", "long-polling"]
        self._send("/meta/handshake", version="1.0", supportedConnectionTypes=types, ext={"ack": True})

    def _connect(self, **fields: Any) -> None:
        kind = "websocket" if self._by_socket else "long-polling"
        self._polled += 1
        polled, session = self._polled, self._session
        self._send("/meta/connect", connectionType=kind, ext={"ack": self._ids}, **fields)

        def watch() -> None:
            if session == self._session and polled == self._polled:
                self._again()

        self._world.later(PATIENCE, watch)

    def _send(self, channel: str, **fields: Any) -> None:
        self._ids += 1
        sender = {"clientId": self._client_id} if self._client_id else {}
        body = msgspec.json.encode([{"id": str(self._ids), "channel": channel, **sender, **fields}])
        session = self._session
        if self._by_socket:
            self._line.say(body)
            return

        def answered(reply: Reply | None) -> None:
            if session != self._session:
                return
            if reply is None or reply.status != 200:
                self._seen.broken += 1
                self._world.later(RETRIES, lambda: session == self._session and self._again())
                return
            self._keep(reply)
            self._heard(reply.body, session)

        self._line.ask("POST", MOUNT, self._headers(), body, answered)

    def _heard(self, body: bytes, session: int) -> None:
        if session != self._session:
            return
        try:
            messages: list[Any] = msgspec.json.decode(body)
        except msgspec.DecodeError:
            self._seen.broken += 1
            self._again()
            return
        for message in messages:
            if "data" in message:
                self._seen.events += 1
                self._told(message["data"])
            elif not message.get("successful"):
                self._again()
                return
            else:
                self._replied(message)

    def _replied(self, message: Any) -> None:
        match message["channel"]:
            case "/meta/handshake":
                self._client_id = message["clientId"]
                self._send("/meta/subscribe", subscription=CHANNEL)
            case "/meta/subscribe":
                self._connect(advice={"timeout": 0})
            case "/meta/connect" if self._is_here:
                self._connect()

    # Its chats

    def _told(self, data: Any) -> None:
        chat = data.get("chat", {}) if isinstance(data, dict) else {}
        if isinstance(chat, dict) and chat.get("state") == "Invited":
            session = self._session
            self._seen.chats += 1
            self._world.later(THINKS, lambda: session == self._session and self._accept(chat["id"], 3))

    def _accept(self, chat: str, tries: int) -> None:
        body = msgspec.json.encode({"operationName": "Accept", "nickname": f"agent{self._number}"})
        session = self._session

        def answered(reply: Reply | None) -> None:
            if reply is not None:
                self._keep(reply)
            if session != self._session:
                return
            if reply is not None and reply.status == 200:
                self._seen.accepts += 1
            elif reply is not None and reply.status == 401:
                self._jar.clear()
                self._again()
            elif tries:
                self._world.later(RETRIES, lambda: session == self._session and self._accept(chat, tries - 1))

        self._line.ask("POST", f"{ME}/chats/{chat}", self._headers(), body, answered)
        self._line.ask("GET", ME, self._headers(), b"", self._keep)
        # What is no step, and a fault that it brings itself, under a name that nobody had before.
        self._line.ask("GET", f"/api/v2/nothing/{chat}", self._headers(), b"", self._keep)
        brought = f"{{name: own-{chat}, fault: latency, settings: {{delay: 10ms}}}}"
        self._line.ask("GET", ME, self._headers() | {"x-replay-fault": brought}, b"", self._keep)

    # Who it is

    def _headers(self) -> dict[str, str]:
        cookie = "; ".join(f"{name}={value}" for name, value in self._jar.items())
        user = base64.b64encode(f"{self._user}:secret".encode()).decode() if self._user else ""
        named = {"cookie": cookie, "authorization": f"Basic {user}" if user else ""}
        return {name: value for name, value in named.items() if value}

    def _keep(self, reply: Reply | None) -> None:
        for cookie in reply.cookies if reply is not None else ():
            name, _, value = cookie.partition(";")[0].partition("=")
            if "Max-Age=0" in cookie:
                self._jar.pop(name, None)
            else:
                self._jar[name] = value


class Company:
    """So many visitors at any time: whoever goes for good is followed by somebody new."""

    def __init__(self, size: int, world: World, habits: Habits) -> None:
        self.seen = Seen()
        self._world = world
        self._habits = habits
        self._numbers = 0
        for place in range(size):
            life = min(SPREAD, (habits.stays + habits.away) * VISITS)
            world.later(1.0 + place * life / size, self._come)

    def _come(self) -> None:
        self._numbers += 1
        Visitor(self._numbers, self._world, self._habits, self.seen, self._come).arrive()
