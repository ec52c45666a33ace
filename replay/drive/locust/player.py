"""A part of a scenario, performed with greenlets: what comes is put in line, and one greenlet takes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec
from gevent.pool import Group
from gevent.queue import Empty, SimpleQueue

from replay.bayeux.client import Batch, Pause
from replay.bayeux.messages import MalformedError, Message, decode
from replay.drive.actions import Action, Call, Over, Told
from replay.drive.chats import Chat, Driving
from replay.drive.locust.carriers import CARRIERS, Carrier
from replay.drive.locust.http import Http, NoAnswerError
from replay.drive.locust.now import now
from replay.drive.locust.rows import CHAT, COMETD, EVENT, NO_STEP, SESSION, FailureError, Rows
from replay.drive.part import Part

Offer = Callable[[], str]
"""Asks for another chat; returns why there is none, or nothing."""

MISORDERED = "misordered"
"""What a part says of an event that has come, beside it."""
LEAVING = 3.0
"""Seconds the server gets to answer a disconnect."""


class Player:
    """One agent: its part, its connections, its rows."""

    def __init__(
        self, part: Part, driving: Driving, http: Http, *, transport: str, rows: Rows, offer: Offer
    ) -> None:
        """Not connected yet.

        Args:
            offer: Of no use where customers come.
        """
        scenario = driving.timeline.scenario
        self._part = part
        self._http = http
        self._offer = offer if driving.starts_known else None
        self._all_offered = driving.all_offered
        self._target = driving.base_url
        self._patience = driving.patience
        self._story = scenario.name
        self._rows = rows
        self._carrier: Carrier = CARRIERS[transport](http, self._target + scenario.cometd.path, self)
        self._calls = Group()
        self._line: SimpleQueue[Callable[[], list[Action]]] = SimpleQueue()
        self._wake_at: float | None = None
        self._over = False
        self._began = 0.0

    def play(self, chats: int) -> None:
        """One session, with so many chats one after another, to its end."""
        self._began = now()
        try:
            self._perform(self._part.start(self._began))
            comes_along = not self._all_offered
            if comes_along:
                self._perform(self._part.begin(now()))
            if self._comes_in():
                self._chat()
                for _ in range(chats - comes_along):
                    self._begin_another()
                    self._chat()
        finally:
            self._leave()

    def _chat(self) -> None:
        """To the end of the chat under way."""
        while self._part.chats and not self._over:
            self._next(None)

    def _begin_another(self) -> None:
        if self._over:
            return
        chat = Chat()
        self._perform(self._part.begin(now(), chat))
        if self._offer is not None:
            self._calls.spawn(self._ask_for, chat, self._offer)

    def _ask_for(self, chat: Chat, offer: Offer) -> None:
        why = offer()
        if why:
            self._line.put(partial(self._refused, chat, why, now()))

    def _refused(self, chat: Chat, why: str, at: float) -> list[Action]:
        self._rows.add(CHAT, self._story, None, failure=FailureError("not offered", why))
        chat.given_up = True
        return self._part.wake(at)

    def _comes_in(self) -> bool:
        """Whether its session begins in time."""
        limit = self._began + self._patience
        while not (self._part.ready or self._over) and now() < limit:
            self._next(limit)
        failure = None if self._part.ready else FailureError(f"not begun within {self._patience:g} s")
        if not self._over:
            self._rows.add(COMETD, SESSION, now() - self._began, failure=failure)
        return self._part.ready

    def _leave(self) -> None:
        """Says goodbye, also where Locust has stopped the user, and closes all there is."""
        limit = now() + LEAVING
        try:
            self._perform(self._part.leave(now()))
            while not self._over and now() < limit:
                self._next(limit)
        finally:
            self._calls.kill()
            self._carrier.close()
            self._http.close()

    def _next(self, limit: float | None) -> None:
        """Waits for what comes next, and heeds it."""
        times = [at for at in (self._wake_at, limit) if at is not None]
        try:
            happened = self._line.get(timeout=max(0.0, min(times) - now()) if times else None)
        except Empty:
            if self._wake_at is not None and self._wake_at <= now():
                self._wake_at = None
                self._perform(self._part.wake(now()))
            return
        self._perform(happened())

    # What comes in

    def received(self, number: int, messages: Sequence[Message]) -> None:
        """Messages came."""
        self._line.put(partial(self._part.received, number, messages, now()))

    def failed(self, number: int, why: str) -> None:
        """A batch has no usable reply."""
        self._line.put(partial(self._part.failed, number, why, now(), sort=why))

    def lost(self, why: str) -> None:
        """The WebSocket is closed."""
        self._line.put(partial(self._part.lost, why, now(), sort=why))

    # What goes out

    def _perform(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Batch():
                    self._carrier.send(action)
                case Call():
                    self._calls.spawn(self._call, action)
                case Pause():
                    self._wake_at = action.at
                case Told():
                    self._tell(action, actions)
                case Over():
                    self._over = True

    def _call(self, call: Call) -> None:
        body = None if call.body is msgspec.UNSET else msgspec.json.encode(call.body)
        began = now()
        try:
            answer = self._http.ask(call.method, self._target + call.path, body, within=call.timeout)
        except NoAnswerError as error:
            why = str(error)
            took, length, heed = now() - began, 0, partial(self._part.unanswered, call.number, why, sort=why)
        else:
            took, length = now() - began, len(answer.body)
            heed = partial(self._part.answered, call.number, answer.status, _value(answer.body))
        self._line.put(partial(self._heed, call, took, length, partial(heed, now=now())))

    def _heed(self, call: Call, took: float, length: int, heed: Callable[[], list[Action]]) -> list[Action]:
        """One row for each request, whatever is told of it."""
        actions = heed()
        about = [each for each in actions if isinstance(each, Told) and each.step == call.step]
        mine = [each for each in about if each.kind in {"answer", "error"}]
        failures = [FailureError(each.error, each.example) for each in mine if each.kind == "error"]
        self._rows.add(call.method, call.step, took, length=length, failure=failures[0] if failures else None)
        return [each for each in actions if each not in mine]

    def _tell(self, told: Told, beside: list[Action]) -> None:
        failure = FailureError(told.error, told.example) if told.error else None
        match told.kind:
            case "event":
                # One row for each event, also where it came and was wrong.
                wrong = (each for each in beside if isinstance(each, Told) and each.error == MISORDERED)
                found = next((each for each in wrong if each.step == told.step), None)
                failure = FailureError(found.error, found.example) if found else None
                self._rows.add(EVENT, told.step, told.seconds, failure=failure)
            case "error" if told.error == MISORDERED:
                return
            case "chat":
                self._rows.add(CHAT, self._story, told.seconds)
            case "given up":
                self._rows.add(CHAT, self._story, None, failure=FailureError("given up", told.example))
            case "recovery":
                self._rows.add(COMETD, SESSION, None, failure=FailureError("begun again"))
            case "stranger":
                self._rows.add(EVENT, NO_STEP, None, failure=FailureError("no step", told.example))
            case "error" if told.step:
                self._rows.add(EVENT, told.step, None, failure=failure)
            case "error":
                self._rows.add(COMETD, SESSION, None, failure=failure)


def _value(body: bytes) -> Any:
    try:
        return decode(body)
    except MalformedError:
        return body.decode("utf-8", "replace")
