"""Recordings made of words: polls, frames and calls with their times, and what they distil to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import msgspec

from replay.distil import Distilled, distil, read
from replay.exchange import Exchange, Frame
from replay.scenario.dump import dumps
from replay.scenario.load import loads
from replay.scenario.model import PushStep, RequestStep, Scenario
from replay.wire import Headers

EPOCH = 1_700_000_000.0
HOST = "http://gws:8080"
MOUNT = "/api/v2/notifications"
CHAT = "0000Na9B26EF002X"
CHATS = "/v2/me/chats"
JSON_TYPE = ("Content-Type", "application/json")
ADVICE = {"reconnect": "retry", "interval": 0, "timeout": 30000}

Event = tuple[str, Any]


def event(state: str, *, chat: str = CHAT, **more: Any) -> Event:
    """A chat in a state."""
    kind = {"messageType": "ChatStateChangeMessage", "notificationType": "StatusChange"}
    return CHATS, {**kind, "chat": {"id": chat, "state": state}, **more}


def delivered(events: Iterable[Event], **more: Any) -> list[dict[str, Any]]:
    """Events as messages."""
    return [{"channel": channel, "data": data, **more} for channel, data in events]


class Recorded:
    """A recording of one client's traffic; times are seconds since it began."""

    def __init__(
        self, client: str = "c1", *, headers: Headers = (), host: str = HOST, mount: str = MOUNT
    ) -> None:
        self.exchanges: list[Exchange] = []
        self.client = client
        self.headers = headers
        self.host = host
        self.mount = mount
        self._ids = 0

    # Bayeux, by polls

    def shaken(self, at: float = 0.0, *, listens: Any = CHATS, **more: Any) -> Recorded:
        """A handshake, a subscription, and the first connect, which is never held."""
        self.handshake(at, **more)
        self.poll(at + 0.01, at + 0.02, self.message("subscribe", subscription=listens), url="/")
        self.poll(at + 0.03, at + 0.04, self.message("connect", advice={"timeout": 0}))
        return self

    def handshake(self, at: float = 0.0, *, advice: Any = None, **more: Any) -> Recorded:
        """A handshake that is granted."""
        asked = self.message("handshake", version="1.0", supportedConnectionTypes=["long-polling"])
        granted = {"clientId": self.client, "advice": advice or ADVICE, "version": "1.0"}
        return self.poll(at, at + 0.005, asked, replies=[granted], url="/handshake", **more)

    def message(self, verb: str, **fields: Any) -> dict[str, Any]:
        """A meta message with the next id."""
        self._ids += 1
        named = {"id": str(self._ids), "channel": f"/meta/{verb}"}
        return named | ({} if verb == "handshake" else {"clientId": self.client}) | fields

    def poll(
        self,
        at: float,
        until: float,
        *sent: dict[str, Any],
        events: Iterable[Event] = (),
        replies: Iterable[dict[str, Any]] = (),
        order: str = "cometd",
        url: str = "/connect",
        **more: Any,
    ) -> Recorded:
        """A POST of messages, a connect unless said otherwise, granted, with events."""
        sent = sent or (self.message("connect"),)
        extra = [*replies] + [{}] * len(sent)
        answers = [
            {"channel": each["channel"], "id": each["id"], "successful": True} | given
            for each, given in zip(sent, extra, strict=False)
        ]
        pushed = delivered(events)
        body = [*answers, *pushed] if order == "faye" else [*pushed, *answers]
        content = msgspec.json.encode(list(sent))
        return self.exchange(
            "POST", self.mount + url, content, at, until, **({"answer": msgspec.json.encode(body)} | more)
        )

    def jsonp(self, at: float, until: float, *events: Event) -> Recorded:
        """A connect by callback-polling."""
        sent = self.message("connect")
        reply = {"channel": sent["channel"], "id": sent["id"], "successful": True}
        body = msgspec.json.encode([*delivered(events), reply])
        query = quote(msgspec.json.encode([sent]))
        url = f"{self.mount}?jsonp=cb&message={query}"
        return self.exchange("GET", url, b"", at, until, answer=b"/**/cb(" + body + b");")

    # Bayeux, by frames

    def socket(self, at: float, *said: tuple[float, str, Any], **more: Any) -> Recorded:
        """A WebSocket; each frame is its time, `>` from the client or `<`, and its messages."""
        frames = tuple(
            Frame(at=EPOCH + when, from_client=way == ">", content=msgspec.json.encode(messages))
            for when, way, messages in said
        )
        end = max([when for when, _, _ in said], default=at)
        return self.exchange("GET", self.mount, b"", at, end, status=101, frames=frames, **more)

    # REST

    def accept(self, at: float, took: float = 0.04, *, chat: str = CHAT, **more: Any) -> Recorded:
        """An Accept."""
        return self.call("POST", f"/api/v2/me/chats/{chat}", {"operationName": "Accept"}, at, took, **more)

    def call(
        self,
        method: str,
        path: str,
        body: Any = msgspec.UNSET,
        at: float = 1.0,
        took: float = 0.04,
        *,
        said: Any = msgspec.UNSET,
        **more: Any,
    ) -> Recorded:
        """A REST request with JSON both ways; `{"statusCode": 0}` unless something else is `said`."""
        content = b"" if body is msgspec.UNSET else msgspec.json.encode(body)
        answer = msgspec.json.encode({"statusCode": 0} if said is msgspec.UNSET else said)
        return self.exchange(method, path, content, at, at + took, **({"answer": answer} | more))

    def exchange(
        self,
        method: str,
        path: str,
        content: bytes,
        at: float,
        until: float,
        *,
        answer: bytes | None = b"",
        status: int | None = 200,
        headers: Headers = (),
        answered_with: Headers = (JSON_TYPE,),
        **more: Any,
    ) -> Recorded:
        """Any exchange; its request was whole at once."""
        fields: dict[str, Any] = {
            "number": len(self.exchanges) + 1,
            "method": method,
            "url": path if "://" in path else self.host + path,
            "request_headers": (*self.headers, *headers),
            "request_body": content,
            "began": EPOCH + at,
            "sent": EPOCH + at,
            "status": status,
            "response_headers": answered_with,
            "response_body": answer,
            "answered": None if status is None else EPOCH + until,
            "ended": EPOCH + until,
        }
        self.exchanges.append(Exchange(**(fields | more)))
        return self

    # What it distils to

    def distilled(self, *others: Recorded, **options: Any) -> Distilled:
        """The only story, or one person's part in all; whatever it is, it loads, and is the same again."""
        exchanges = [each for recorded in (self, *others) for each in recorded.exchanges]
        numbered = [msgspec.structs.replace(each, number=n) for n, each in enumerate(exchanges, 1)]
        person, name = options.pop("person", None), options.pop("name", "story")
        found = read(numbered, **({"together": person is not None} | options))
        [story] = found.stories
        told = found.tell(story, name, agent=person)
        assert loads(dumps(told.scenario)) == told.scenario
        return told

    def scenario(self, *others: Recorded, **options: Any) -> Scenario:
        """The scenario alone."""
        return self.distilled(*others, **options).scenario

    def notes(self, *others: Recorded, **options: Any) -> tuple[str, ...]:
        """What was left aside."""
        return self.distilled(*others, **options).notes


def stories(*recorded: Recorded, **options: Any) -> list[Scenario]:
    """All stories of what several recorded at once, each as a scenario that loads."""
    exchanges = sorted((each for one in recorded for each in one.exchanges), key=lambda each: each.began)
    numbered = [msgspec.structs.replace(each, number=n) for n, each in enumerate(exchanges, 1)]
    told = [each.scenario for each in distil(numbered, name="story", **options)]
    assert [loads(dumps(each)) for each in told] == told
    return told


def triggers(scenario: Scenario) -> list[tuple[str, str, str]]:
    """Each push with what sets it off, and why."""
    return [(step.id, step.after, step.because) for step in scenario.steps if isinstance(step, PushStep)]


def pushes(scenario: Scenario) -> list[PushStep]:
    """The pushes alone."""
    return [step for step in scenario.steps if isinstance(step, PushStep)]


def request(scenario: Scenario, name: str) -> RequestStep:
    """A request step by its id."""
    step = next(step for step in (*scenario.session, *scenario.steps) if step.id == name)
    assert isinstance(step, RequestStep)
    return step


def ids(scenario: Scenario) -> list[str]:
    """The steps of the story, in order."""
    return [step.id for step in scenario.steps]
