"""Conversations with a simulator on a clock moved by hand: lines in, lines out, times exact.

    script = Script(scenario("steps: [{id: hello, push: /a, after: start + 1s, data: hi}]"))
    desktop = script.desktop("marat")
    desktop.handshake()
    desktop.subscribe("/a")
    script.advance(1)
    script.expect(desktop.events, [])
    script.expect(script.answer(desktop.connect()), Reply(1.0, [{"channel": "/a", "data": "hi"}, ...]))

Whatever fails shows the conversation so far. No network, no event loop and no real time take part.
"""

from __future__ import annotations

import base64
import heapq
import itertools
from collections.abc import Callable
from textwrap import dedent
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote

import msgspec

from replay import wire
from replay.bayeux.messages import encode
from replay.conversation import Kept
from replay.plan.timeline import plan_all
from replay.scenario.load import loads
from replay.scenario.model import Scenario
from replay.simulator.options import Options
from replay.simulator.simulator import Simulator
from replay.simulator.switching import Switching
from replay.traffic import Traffic

T = TypeVar("T")

BASE_URL = "http://localhost:8090"
"""Where desktops dial, unless they say otherwise."""


def scenario(text: str, *, name: str = "story") -> Scenario:
    """A scenario from a few lines of YAML; `version`, `name` and empty `steps` may be left out."""
    steps = "" if "steps:" in text else "\nsteps: []\n"
    return loads(f"version: 1\nname: {name}\n{dedent(text)}{steps}")


class Reply(msgspec.Struct, frozen=True):
    """An answer on an exchange, or a frame on a socket."""

    at: float
    """When, to the microsecond."""
    body: Any
    """JSON, or bytes where it is none."""
    status: int = 200


class Event(msgspec.Struct, frozen=True):
    """An event that reached a desktop."""

    at: float
    channel: str
    data: Any


class Script:
    """One simulator, and all that was said to it and by it."""

    def __init__(self, *scenarios: Scenario, options: Options | None = None) -> None:
        self.simulator = Simulator(plan_all(list(scenarios), (options or Options()).settings), options)
        self.now = 0.0
        self.traffic = Traffic()
        """All that has come and gone, as a server keeps it."""
        self.numbers = itertools.count(1)
        """Of exchanges and sockets."""
        self.frames: dict[int, list[Reply]] = {}
        """What came out of each socket, in order."""
        self.closed: dict[int, wire.Close] = {}
        """Sockets that the simulator closed."""
        self.cut: dict[int, wire.Cut] = {}
        """Exchanges and sockets whose connection the simulator ended without a word."""
        self.deaf: set[int] = set()
        """Sockets on which nothing passes any more."""
        self.is_open = True
        """Whether the server takes new connections."""
        self.forwarded: dict[int, wire.Forward] = {}
        """Requests that another server is to be asked, by exchange."""
        self._answers: dict[int, tuple[Reply, wire.Headers]] = {}
        self._pieces: dict[int, tuple[wire.Begin, list[wire.Piece]]] = {}
        self._desktops: dict[int, Desktop] = {}
        self._due: list[tuple[float, int, wire.Effect]] = []
        self._order = itertools.count()
        self._lines: list[str] = []

    def __str__(self) -> str:
        return "\n".join(self._lines)

    def desktop(self, user: str = "", *, cookies: bool = True, base_url: str = BASE_URL) -> Desktop:
        """Somebody who talks to the simulator, named by `Authorization` if there is a `user`."""
        return Desktop(self, user=user, cookies=cookies, base_url=base_url)

    def advance(self, seconds: float) -> None:
        """Moves the clock on; all that is due meanwhile happens at its time."""
        end = round(self.now + seconds, 6)
        # Sums of decimals may lie a little above the decimal that is meant.
        while self._due and self._due[0][0] <= end + 1e-9:
            at, _, effect = heapq.heappop(self._due)
            self.now = max(self.now, at)
            self._perform(effect)
        self.now = max(self.now, end)

    def waits(self, exchange: int) -> bool:
        """Whether an exchange is still without its answer."""
        return exchange not in self._answers

    def pieces(self, exchange: int) -> list[tuple[float, bytes]]:
        """The parts in which the body of an answer came, with their times."""
        return [(round(piece.at, 6), piece.body) for piece in self._pieces[exchange][1]]

    def answer(self, exchange: int) -> Reply:
        """What came back on an exchange; fails if nothing has."""
        assert not self.waits(exchange), f"exchange {exchange} is not answered yet\n{self}"
        return self._answers[exchange][0]

    def headers(self, exchange: int) -> wire.Headers:
        """The headers of an answer."""
        self.answer(exchange)
        return self._answers[exchange][1]

    def expect(self, got: Any, wanted: Any) -> None:
        """Fails, and shows the conversation, unless both are equal."""
        if got != wanted:
            # Of an assert pytest would say more, and other things first.
            raise AssertionError(f"expected {wanted!r}\n     got {got!r}\n{self}")

    def put(self, happening: wire.Input, line: str, *, by: Desktop | None = None, number: int = 0) -> None:
        """Hands in an input of any kind, shown as `line`; what comes back under `number` is said to `by`."""
        self._note("-> ", line)
        if by is not None:
            self._desktops[number] = by
        self._keep(happening)
        self._take(self.simulator.receive(happening, self.now))

    def steer(self, do: Callable[[Switching, float], T], line: str) -> T:
        """Switches rules, as control does between two inputs; shown as `line`."""
        return self.direct(lambda simulator, now: do(simulator.switching, now), line)

    def direct(self, do: Callable[[Simulator, float], T], line: str) -> T:
        """Does something to the simulator, as control does between two inputs; shown as `line`."""
        self.put(wire.Woken(), line)
        done = do(self.simulator, self.now)
        self._take(self.simulator.receive(wire.Woken(), self.now))
        return done

    def hear_upstream(self, exchange: int, body: Any = None, **said: Any) -> None:
        """Another server has answered a request that was forwarded."""
        happening = wire.Forwarded(
            exchange=exchange, body=msgspec.json.encode(body), **{"status": 200} | said
        )
        self.put(happening, f"{exchange}: upstream says {_shown(body)}")

    def push(self, to: Desktop, channel: str, data: Any) -> None:
        """An event beside the scenario, for one client."""
        self._note("...", f"push {channel} {_shown(data)}")
        client = self.simulator.bayeux.clients.get(to.client_id)
        if client is not None and client.hears(channel):
            self.simulator.bayeux.publish(client, encode({"channel": channel, "data": data}), self.now)
            self.simulator.bayeux.flush(self.now)
            self._take(self.simulator.bayeux.take_effects())

    def _note(self, arrow: str, line: str) -> None:
        self._lines.append(f"{self.now:10.3f} {arrow} {line}")

    def _take(self, effects: list[wire.Effect]) -> None:
        for effect in effects:
            if effect.at <= self.now:
                self._perform(effect)
            else:
                heapq.heappush(self._due, (effect.at, next(self._order), effect))

    def _perform(self, effect: wire.Effect) -> None:
        self._keep(effect)
        match effect:
            case wire.Answer():
                assert self.waits(effect.exchange), f"exchange {effect.exchange} is answered twice\n{self}"
                reply = self._hear(effect.exchange, effect.body, effect.status, effect.headers)
                self._answers[effect.exchange] = reply, effect.headers
            case wire.Begin():
                self._pieces[effect.exchange] = effect, []
                if not effect.length:
                    self._take([_whole(effect, [], self.now)])
            case wire.Piece():
                head, pieces = self._pieces[effect.exchange]
                pieces.append(effect)
                if sum(len(piece.body) for piece in pieces) == head.length:
                    self._take([_whole(head, pieces, self.now)])
            case wire.Cut():
                self._note(" <-", f"{effect.carrier}: {'reset' if effect.reset else 'ended'}")
                self.cut[effect.carrier] = effect
                self._take(self.simulator.receive(wire.SocketLost(socket=effect.carrier), self.now))
                self._take(self.simulator.receive(wire.ExchangeLost(exchange=effect.carrier), self.now))
            case wire.Deafen() | wire.Gate() | wire.Forward():
                self._know(effect)
            case wire.Send():
                self.frames.setdefault(effect.socket, []).append(self._hear(effect.socket, effect.body))
            case wire.Close():
                self._note(" <-", f"{effect.socket}: closed, {effect.code} {effect.reason}")
                self.closed[effect.socket] = effect
                self._take(self.simulator.receive(wire.SocketLost(socket=effect.socket), self.now))
            case wire.Wake():
                self._take(self.simulator.receive(wire.Woken(), self.now))

    def _know(self, effect: wire.Deafen | wire.Gate | wire.Forward) -> None:
        match effect:
            case wire.Deafen():
                self._note(" <-", f"{effect.socket}: deaf")
                self.deaf.add(effect.socket)
            case wire.Gate():
                self._note(" <-", "open" if effect.opens else "shut")
                self.is_open = effect.opens
            case wire.Forward():
                self._note(" <-", f"{effect.exchange}: forwarded")
                self.forwarded[effect.exchange] = effect

    def _keep(self, what: wire.Input | wire.Effect) -> None:
        if isinstance(what, Kept):
            self.traffic.keep(what, self.now)

    def _hear(self, number: int, body: bytes, status: int = 200, headers: wire.Headers = ()) -> Reply:
        reply = Reply(round(self.now, 6), _json(body), status)
        self._note(" <-", f"{number}: {status} {_shown(reply.body)}")
        if number in self._desktops:
            self._desktops[number].hear(reply, headers)
        return reply


class Desktop:
    """An agent's desktop: REST, and Bayeux over polls or, once it has opened one, over a socket.

    Whatever it sends returns the number of the exchange or the socket it went out on.
    """

    def __init__(self, script: Script, *, user: str, cookies: bool, base_url: str) -> None:
        self.client_id = ""
        """From its latest handshake."""
        self.events: list[Event] = []
        """All that reached it, over whatever carrier."""
        self.socket: int | None = None
        self.mount = next(iter(script.simulator.mounts))
        self.jar: dict[str, str] = {}
        self.fault = ""
        """What it says with each request in `X-Replay-Fault`; nothing when empty."""
        self.brings: dict[str, str] = {}
        """Headers that it sends with each request beside, their names in lower case."""
        self._script, self._base_url, self._cookies = script, base_url, cookies
        self._ids = itertools.count(1)
        self._authorization = f"Basic {base64.b64encode(f'{user}:secret'.encode()).decode()}" if user else ""

    @property
    def headers(self) -> dict[str, str]:
        """What its next request says of who it is."""
        cookie = "; ".join(f"{name}={value}" for name, value in self.jar.items())
        named = {"authorization": self._authorization, "cookie": cookie, "x-replay-fault": self.fault}
        return {name: value for name, value in named.items() if value} | self.brings

    def handshake(self, **fields: Any) -> int:
        """Begins a Bayeux session."""
        types = ["websocket", "long-polling"]
        return self.send(self.message("handshake", version="1.0", supportedConnectionTypes=types, **fields))

    def connect(self, **fields: Any) -> int:
        """Asks for events; `advice={"timeout": 0}` asks not to be held."""
        return self.send(self.message("connect", connectionType="long-polling", **fields))

    def subscribe(self, channel: Any) -> int:
        """Subscribes to a channel, or to a list of them."""
        return self.send(self.message("subscribe", subscription=channel))

    def disconnect(self) -> int:
        """Ends its session."""
        return self.send(self.message("disconnect"))

    def message(self, verb: str, **fields: Any) -> dict[str, Any]:
        """A meta message with the next id and its clientId, for a batch of your own."""
        named = {"id": str(next(self._ids)), "channel": f"/meta/{verb}"}
        return named | ({} if verb == "handshake" else {"clientId": self.client_id}) | fields

    def send(self, *messages: Any) -> int:
        """Sends these in one batch."""
        return self.say(msgspec.json.encode(messages))

    def say(self, body: bytes) -> int:
        """Sends a body of any kind to the CometD endpoint."""
        if self.socket is not None:
            self._script.put(wire.SocketText(socket=self.socket, body=body), f"{self.socket}: {_shown(body)}")
            return self.socket
        number = next(self._script.numbers)
        polled = wire.Polled(exchange=number, transport="long-polling", body=body, **self._whence())
        self._script.put(polled, f"{number}: {_shown(body)}", by=self, number=number)
        return number

    def open_socket(self) -> int:
        """Speaks over a new WebSocket from now on."""
        self.socket = number = next(self._script.numbers)
        opened = wire.SocketOpened(socket=number, **self._whence())
        self._script.put(opened, f"{number}: opened", by=self, number=number)
        return number

    def _whence(self) -> dict[str, Any]:
        return {"mount": self.mount, "headers": self.headers, "base_url": self._base_url}

    def leave(self, number: int) -> None:
        """Goes away from an exchange before its answer, or from its socket."""
        was_socket, self.socket = number == self.socket, None if number == self.socket else self.socket
        lost = wire.SocketLost(socket=number) if was_socket else wire.ExchangeLost(exchange=number)
        self._script.put(lost, f"{number}: lost")

    def get(self, target: str) -> int:
        """A GET; `target` may have a query."""
        return self.request("GET", target)

    def post(self, target: str, body: Any) -> int:
        """A POST of JSON."""
        return self.request("POST", target, msgspec.json.encode(body))

    def request(self, method: str, target: str, body: bytes = b"") -> int:
        """Any REST request."""
        path, _, query = target.partition("?")
        number = next(self._script.numbers)
        request = wire.Request(
            exchange=number,
            method=method,
            path=unquote(path),
            query=tuple(parse_qsl(query, keep_blank_values=True)),
            headers=self.headers,
            body=body,
            base_url=self._base_url,
        )
        line = f"{number}: {method} {target} {_shown(body)}"
        self._script.put(request, line, by=self, number=number)
        return number

    def hear(self, reply: Reply, headers: wire.Headers) -> None:
        """Takes in what came for it: cookies, its clientId, events."""
        for cookie in (value for name, value in headers if name == "Set-Cookie" and self._cookies):
            name, _, value = cookie.partition(";")[0].partition("=")
            if "Max-Age=0" in cookie:
                self.jar.pop(name, None)
            else:
                self.jar[name] = value
        messages = reply.body if isinstance(reply.body, list) else []
        for message in (each for each in messages if isinstance(each, dict)):
            if message.get("channel") == "/meta/handshake" and message.get("successful"):
                self.client_id = message["clientId"]
            elif "data" in message:
                self.events.append(Event(reply.at, message["channel"], message["data"]))


def _whole(head: wire.Begin, pieces: list[wire.Piece], now: float) -> wire.Answer:
    body = b"".join(piece.body for piece in pieces)
    return wire.Answer(exchange=head.exchange, at=now, status=head.status, headers=head.headers, body=body)


def _json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return body


def _shown(value: Any) -> str:
    text = value.decode(errors="replace") if isinstance(value, bytes) else msgspec.json.encode(value).decode()
    return text if len(text) <= 400 else f"{text[:400]}… ({len(text)} characters)"
