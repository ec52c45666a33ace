"""How a Locust user's batches travel: over HTTP, or in frames of one WebSocket."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import gevent
import msgspec
from gevent.lock import RLock
from gevent.pool import Group

from replay.bayeux.channels import CONNECT, DISCONNECT, HANDSHAKE
from replay.bayeux.client import Batch
from replay.bayeux.messages import MAX_REPLIES, MalformedError, Message, parse
from replay.drive.locust.http import Http, NoAnswerError
from replay.drive.locust.line import Line

SUFFIXES = {HANDSHAKE: "/handshake", CONNECT: "/connect", DISCONNECT: "/disconnect"}
"""What cometd.js appends to the CometD path; everything else goes to `/`."""


class Ear(Protocol):
    """Is told what became of batches."""

    def received(self, number: int, messages: Sequence[Message]) -> None:
        """Messages came, with the number of the batch whose whole reply they are, or 0."""

    def failed(self, number: int, why: str) -> None:
        """A batch has no usable reply."""

    def lost(self, why: str) -> None:
        """The WebSocket is closed, with all that was under way."""


class Carrier(Protocol):
    """A way for batches to travel."""

    def send(self, batch: Batch) -> None:
        """Sends without waiting."""

    def close(self) -> None:
        """Gives up what is under way."""


class Polls:
    """Each batch is a POST of its own, and connects have connections of their own."""

    def __init__(self, http: Http, url: str, ear: Ear) -> None:
        """Args:
        url: Where CometD is.
        """
        self._http = http
        self._url = url.rstrip("/")
        self._ear = ear
        self._posts = Group()

    def send(self, batch: Batch) -> None:
        """Posts it."""
        self._posts.spawn(self._post, batch)

    def _post(self, batch: Batch) -> None:
        channel = str(batch.messages[0]["channel"])
        url = self._url + (SUFFIXES.get(channel, "/") if len(batch.messages) == 1 else "/")
        body = msgspec.json.encode(batch.messages)
        kind, held = "application/json;charset=UTF-8", channel == CONNECT
        try:
            answer = self._http.ask("POST", url, body, within=batch.timeout, kind=kind, held=held)
            if answer.status != 200:
                raise NoAnswerError(f"status {answer.status}")
            messages = parse(answer.body, most=MAX_REPLIES)
        except NoAnswerError as error:
            self._ear.failed(batch.number, str(error))
        except MalformedError:
            self._ear.failed(batch.number, "what it answered is no Bayeux")
        else:
            self._ear.received(batch.number, messages)

    def close(self) -> None:
        """Ends every POST under way."""
        self._posts.kill()


class Socket:
    """All batches travel in frames of one WebSocket; when it is lost, the next batch opens another."""

    def __init__(self, http: Http, url: str, ear: Ear) -> None:
        """Not open yet.

        Args:
            url: Where CometD is, beginning with http.
        """
        self._http = http
        self._url = url
        self._ear = ear
        self._sending = RLock()
        self._line: Line | None = None
        self._greenlets = Group()

    def send(self, batch: Batch) -> None:
        """Puts it in line."""
        self._greenlets.spawn(self._send, batch)

    def _send(self, batch: Batch) -> None:
        text = msgspec.json.encode(batch.messages).decode()
        try:
            with self._sending, gevent.Timeout(batch.timeout, NoAnswerError("no answer in time")):
                if self._line is None:
                    self._line = Line(self._http, self._url)
                    self._greenlets.spawn(self._read, self._line)
                self._line.say(text)
        except NoAnswerError as error:
            self._ear.failed(batch.number, str(error))

    def _read(self, line: Line) -> None:
        why = ""
        try:
            for body in line.texts():
                self._take(body)
        except NoAnswerError as error:
            why = str(error)
        finally:
            line.close()
        if self._line is line:
            self._line = None
            self._ear.lost(why or f"the WebSocket was closed with {line.code}")

    def _take(self, body: str) -> None:
        try:
            messages = parse(body.encode(), most=MAX_REPLIES)
        except MalformedError:
            self._ear.failed(0, "what came is no Bayeux")
        else:
            self._ear.received(0, messages)

    def close(self) -> None:
        """Closes the socket."""
        line, self._line = self._line, None
        self._greenlets.kill()
        if line is not None:
            line.goodbye()
            line.close()


CARRIERS: dict[str, type[Polls | Socket]] = {"long-polling": Polls, "websocket": Socket}
"""By transport."""
