"""One agent's part without a network: its session, its Bayeux client and its chats; `now` is an argument.

       start · begin · answered · received · failed · lost · wake · leave
                                   |
                                   v
    Batch  to be sent as one POST or frame     Call  to be asked over HTTP
    Pause  until when nothing is to be done    Told  a figure, or an error
    Over   nothing more will come

Duties of the caller: perform what each method returns. Send every `Batch`, and hand its replies to `received`
or its failure to `failed`; make every `Call`, and hand its answer to `answered` or its failure to
`unanswered`; call `wake` when the last `Pause` is over, which takes the place of those before it. When a
WebSocket closes, call `lost`; the next batch opens another. Several roles of one story are parts that share
their `Chat`s: each is woken when another has been given something.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Sequence
from typing import Any

import msgspec

from replay.bayeux.channels import SUBSCRIBE
from replay.bayeux.client import Action as ClientAction
from replay.bayeux.client import Batch, BayeuxClient, Ended, Pause, Phase, Ready, Received
from replay.bayeux.messages import Message
from replay.drive.actions import Action, Call, Over, Told
from replay.drive.chats import Chat, Driving, Playing
from replay.drive.owners import Owners
from replay.drive.wrong import wrong
from replay.plan.timeline import Ask, Moment
from replay.verify.role import Role

AGAIN = (408, 425, 429, 502, 503, 504)
"""Statuses after which a client asks the same again, a little later."""
TRIES = 4
"""How often a request is made before its chat is given up."""
BACKOFF = 1.0
"""Seconds before a request is made again; one more each time."""


class _Asked(msgspec.Struct):
    """A request that is to be made, or has been."""

    ask: Ask
    playing: Playing | None
    """None for a request of the session."""
    meant: float
    """When it was to be made first."""
    tries: int = 0


class Part:
    """One agent."""

    def __init__(
        self, driving: Driving, *, name: str = "", transport: str = "long-polling", role: int = 0
    ) -> None:
        """Nothing has happened yet.

        Args:
            name: Who the agent is: what it thinks depends on it.
            role: Which of the timeline's roles.
        """
        self._driving = driving
        self._name = name
        self._role = role
        self._patience = driving.patience
        self._transport = transport
        self._session = Role(driving.timeline, driving.base_url, role=role)
        self._to_ask = list(self._session.session.asks)
        """Of the session, still to be asked."""
        self._moments: dict[Moment, float] = {}
        """When each step of the session was."""
        self._client = BayeuxClient(transport=transport, subscriptions=self._session.channels)
        self._owners = Owners(all_marked=driving.all_marked)
        self._chats = self._owners.under_way
        self._numbers, self._chat_numbers = itertools.count(1), itertools.count(1)
        self._asked: dict[int, _Asked] = {}
        self._agenda: list[tuple[float, int, _Asked | Playing | int | None]] = []
        """Requests to be made, chats to be looked at, batches that may be overdue, the client to be woken."""
        self._order = itertools.count()
        self._paused_until: float | None = None
        self._greeted = False
        """Whether it has shaken hands or is about to."""
        self.ready = False
        """Whether events can come."""
        self._listening: float | None = None
        """When it subscribed first."""
        self._leaves = False
        self.over = False

    @property
    def chats(self) -> int:
        """Chats under way."""
        return len(self._chats)

    def start(self, now: float) -> list[Action]:
        """Asks what its session asks, and shakes hands."""
        return self._paused(self._go_on_with_session(now), now)

    def begin(self, now: float, chat: Chat | None = None, *, meant: float | None = None) -> list[Action]:
        """One more chat, which waits for its first event or asks at once.

        Args:
            chat: That of the other roles; its own when left out.
            meant: When it was to begin, if that is not now.
        """
        playing = Playing(
            self._driving,
            role=self._role,
            number=next(self._chat_numbers),
            chat=chat or Chat(),
            began=now if meant is None else meant,
        )
        self._chats.append(playing)
        if self._listening is not None:
            self._join(playing)
        self._look_at(playing, now + self._patience)
        return self._paused(self._due(now), now)

    def answered(self, number: int, status: int, body: Any, now: float) -> list[Action]:
        """A call has its answer: a JSON value, or text that is none."""
        asked = self._asked.pop(number, None)
        if asked is None:
            return []
        if status in AGAIN and status != asked.ask.replies[0].status and asked.tries < TRIES:
            return self._paused(self._again(asked, now, *wrong(asked.ask, status, body)), now)
        seconds = now - asked.meant
        told: list[Action] = [Told(kind="answer", at=now, step=asked.ask.id, seconds=seconds)]
        if status != asked.ask.replies[0].status:
            told.append(self._error(now, asked, *wrong(asked.ask, status, body)))
        if asked.playing is None:
            self._moments.setdefault(Moment(asked.ask.id, response=True), now)
            self._session.answered(asked.ask, status, body)
            told += self._go_on_with_session(now)
        elif asked.playing in self._chats:
            asked.playing.answered(asked.ask, status, body, now)
            if status >= 400 > asked.ask.replies[0].status:
                told += self._end(asked.playing, now)
            else:
                told += self._progress(asked.playing, now)
        return self._paused(told, now)

    def unanswered(self, number: int, why: str, now: float, *, sort: str = "lost connection") -> list[Action]:
        """A call has no answer; it is made again a little later."""
        asked = self._asked.pop(number, None)
        if asked is None:
            return []
        return self._paused(self._again(asked, now, sort, why), now)

    def received(self, number: int, messages: Sequence[Message], now: float) -> list[Action]:
        """Replies and events; `number` is the batch that they are the whole reply to, or 0."""
        return self._paused(
            self._perform(self._client.received(list(messages), now, number=number), now), now
        )

    def failed(self, number: int, why: str, now: float, *, sort: str = "lost connection") -> list[Action]:
        """A batch has no usable reply; the client tries again by itself, later each time."""
        is_leaving = self._client.phase in {Phase.LEAVING, Phase.ENDED}
        actions = self._client.failed(number, now)
        told: list[Action] = []
        if actions and not is_leaving:
            told.append(Told(kind="error", at=now, error=sort, example=why))
        return self._paused(told + self._perform(actions, now), now)

    def lost(self, why: str, now: float, *, sort: str = "lost connection") -> list[Action]:
        """The WebSocket is gone, and with it all replies under way."""
        is_leaving = self._client.phase in {Phase.LEAVING, Phase.ENDED}
        told: list[Action] = [] if is_leaving else [Told(kind="error", at=now, error=sort, example=why)]
        return self._paused(told + self._perform(self._client.lost(now), now), now)

    def wake(self, now: float) -> list[Action]:
        """A pause may be over, or another role has been given something."""
        actions: list[Action] = []
        while self._agenda and self._agenda[0][0] <= now:
            match heapq.heappop(self._agenda)[2]:
                case _Asked() as asked:
                    actions += self._call(asked, now)
                case Playing() as playing:
                    actions += self._check(playing, now)
                case int() as number:
                    actions += self._overdue(number, now)
                case None:
                    actions += self._perform(self._client.wake(now), now)
        return self._paused(actions + self._ended_by_others(now) + self._due(now), now)

    def leave(self, now: float) -> list[Action]:
        """Says goodbye; what is under way is given up, and what still comes is not counted."""
        self._leaves = True
        self._chats.clear()
        self._asked.clear()
        return self._paused(self._perform(self._client.disconnect(), now), now)

    # The session

    def _go_on_with_session(self, now: float) -> list[Action]:
        """Its requests one by one, then CometD."""
        if self._to_ask:
            return self._call(_Asked(self._to_ask.pop(0), None, now), now)
        if self._greeted:
            return []
        self._greeted = True
        if not self._session.channels:
            self._listens(now)
        return self._perform(self._client.start(), now) + self._due(now)

    def _listens(self, now: float) -> None:
        """Events can come, from the server's side: it counts from the subscription's coming."""
        if self._listening is not None:
            return
        self._listening = now
        self.ready = not self._session.channels
        for playing in self._chats:
            self._join(playing)

    def _join(self, playing: Playing) -> None:
        """A chat of somebody who listens."""
        assert self._listening is not None
        playing.knows(self._session, self._moments)
        if self._driving.starts_known:
            playing.starts(max(playing.began, self._listening))

    def _perform(self, given: list[ClientAction], now: float) -> list[Action]:
        actions: list[Action] = []
        for action in given:
            match action:
                case Batch():
                    if any(message["channel"] == SUBSCRIBE for message in action.messages):
                        self._listens(now)
                    if self._transport == "websocket":
                        self._plan(now + action.timeout, action.number)
                    actions.append(action)
                case Received():
                    actions += [] if self._leaves else self._event(action, now)
                case Pause():
                    self._plan(action.at, None)
                case Ready():
                    if self.ready and self._session.channels:
                        actions.append(Told(kind="recovery", at=now))
                    self.ready = True
                    actions += self._due(now)
                case Ended():
                    actions += self._finish(action.why, now)
        return actions

    def _overdue(self, number: int, now: float) -> list[Action]:
        """A frame that nobody has answered; over HTTP that is for the caller to see."""
        return self.failed(number, "a frame was not answered in time", now, sort="no answer in time")

    def _finish(self, why: str, now: float) -> list[Action]:
        self.over = True
        self._agenda.clear()
        told: list[Action] = [Told(kind="error", at=now, error="session ended", example=why)] if why else []
        return [*told, Over(why)]

    # Events

    def _event(self, event: Received, now: float) -> list[Action]:
        doubled: tuple[Playing, str] | None = None
        for playing in self._owners.of(event.data):
            found = playing.role.event(event.channel, event.data)
            if found.step:
                return self._came(playing, found.step, now)
            if found.again and doubled is None:
                doubled = playing, found.again
        if any(each.role.is_of_next(event.channel, event.data) for each in self._owners.known):
            # Of a chat that the server has brought by itself: nobody here plays it.
            return []
        if doubled is None:
            return [Told(kind="stranger", at=now, example=f"an event on {event.channel} is no step")]
        playing, step = doubled
        example = f"{step} came again"
        return [Told(kind="error", at=now, step=step, error="doubled", example=example, chat=playing.number)]

    def _came(self, playing: Playing, step: str, now: float) -> list[Action]:
        late, in_order = playing.came(step, now)
        told: list[Action] = [Told(kind="event", at=now, step=step, seconds=late, chat=playing.number)]
        if not in_order:
            example = f"{step} came after an event that it should have come before"
            told.append(
                Told(
                    kind="error", at=now, step=step, error="misordered", example=example, chat=playing.number
                )
            )
        return told + (self._progress(playing, now) if not playing.ended else [])

    # Chats

    def _progress(self, playing: Playing, now: float) -> list[Action]:
        playing.latest = now
        self._owners.learn(playing)
        if not playing.role.done:
            return self._due(now)
        took = now - playing.began
        told: list[Action] = [Told(kind="chat", at=now, seconds=took, chat=playing.number)]
        self._owners.end(playing)
        return told

    def _ended_by_others(self, now: float) -> list[Action]:
        """Chats that are over since another role has seen or given up the last of them."""
        actions: list[Action] = []
        for playing in [each for each in self._chats if each.chat.given_up or each.role.done]:
            if playing.chat.given_up:
                self._owners.end(playing)
            else:
                actions += self._progress(playing, now)
        return actions

    def _due(self, now: float) -> list[Action]:
        """Requests whose turn has come: made when the person has thought."""
        actions: list[Action] = []
        for playing in self._chats if self.ready else ():
            for ask in playing.role.due():
                at = now + self._driving.thinking(ask, self._name, playing.number)
                asked = _Asked(ask, playing, at)
                if at > now:
                    self._plan(at, asked)
                else:
                    actions += self._call(asked, now)
        return actions

    def _call(self, asked: _Asked, now: float) -> list[Action]:
        if asked.playing is not None and asked.playing not in self._chats:
            return []
        role = asked.playing.role if asked.playing else self._session
        method, path, body = role.request(asked.ask)
        if asked.playing is None:
            self._moments.setdefault(Moment(asked.ask.id), now)
        else:
            asked.playing.asks(asked.ask, now)
        asked.tries += 1
        number = next(self._numbers)
        self._asked[number] = asked
        step, timeout = asked.ask.id, self._patience
        return [Call(number=number, step=step, method=method, path=path, body=body, timeout=timeout)]

    def _again(self, asked: _Asked, now: float, sort: str, why: str) -> list[Action]:
        """Tells of a request that came to nothing, and makes it again later or gives up its chat."""
        told: list[Action] = [self._error(now, asked, sort, why)]
        if asked.playing is None or asked.tries < TRIES:
            self._plan(now + BACKOFF * min(asked.tries, TRIES), asked)
            return told
        return told + (self._end(asked.playing, now) if asked.playing in self._chats else [])

    def _check(self, playing: Playing, now: float) -> list[Action]:
        """Whether a chat has stood still for too long."""
        if playing not in self._chats:
            return []
        waits_for_customer = not self._driving.starts_known and not playing.role.has_begun
        if waits_for_customer or self._listening is None or self._is_asking(playing):
            self._look_at(playing, now + self._patience)
            return []
        until = max(playing.latest, playing.next_due or 0.0) + self._patience
        if now < until:
            self._look_at(playing, until)
            return []
        passed = playing.pass_over()
        if not passed:
            missing = playing.role.missing
            return [*self._missing(playing, missing[:1], now), *self._end(playing, now)]
        self._look_at(playing, now + self._patience)
        return [*self._missing(playing, passed, now), *self._progress(playing, now)]

    def _is_asking(self, playing: Playing) -> bool:
        """Whether a request is to be made or under way: it has a time limit of its own."""
        waiting = (entry[2] for entry in self._agenda)
        return any(
            isinstance(each, _Asked) and each.playing is playing for each in (*self._asked.values(), *waiting)
        )

    def _missing(self, playing: Playing, steps: list[str], now: float) -> list[Action]:
        return [
            Told(
                kind="error",
                at=now,
                step=step,
                error="missing",
                example=f"{step} did not come within {self._patience:g} s",
                chat=playing.number,
            )
            for step in steps
        ]

    def _end(self, playing: Playing, now: float) -> list[Action]:
        """Gives a chat up, for all who take part in it."""
        playing.chat.given_up = True
        number = playing.number
        told = Told(kind="given up", at=now, example=playing.standing, chat=number)
        self._owners.end(playing)
        return [told]

    def _error(self, now: float, asked: _Asked, sort: str, why: str) -> Told:
        chat = asked.playing.number if asked.playing else 0
        return Told(kind="error", at=now, step=asked.ask.id, error=sort, example=why, chat=chat)

    # Time

    def _look_at(self, playing: Playing, at: float) -> None:
        self._plan(at, playing)

    def _plan(self, at: float, what: _Asked | Playing | int | None) -> None:
        heapq.heappush(self._agenda, (at, next(self._order), what))

    def _paused(self, actions: list[Action], now: float) -> list[Action]:
        """With a pause behind, if what is due first is not what the caller already waits for."""
        first = self._agenda[0][0] if self._agenda else None
        if self._paused_until is not None and self._paused_until <= now:
            self._paused_until = None
        kept: list[Action] = [action for action in actions if not isinstance(action, Pause)]
        if first is None or (self._paused_until is not None and self._paused_until <= first):
            return kept
        self._paused_until = first
        return [*kept, Pause(first)]
