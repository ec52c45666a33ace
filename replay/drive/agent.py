"""The shell around one agent that plays its part of a scenario: it owns the sockets and nothing else."""

from __future__ import annotations

import asyncio
from math import inf
from typing import Any

import aiohttp
import msgspec

from replay.bayeux.channels import SUBSCRIBE
from replay.bayeux.client import Action, Batch, BayeuxClient, Ended, Pause, Phase, Ready, Received
from replay.bayeux.messages import MalformedError, Message, decode
from replay.clock import Alarm, Clock, SystemClock
from replay.drive.access import Access
from replay.drive.carriers import Carrier, Polls, Socket, Trouble
from replay.drive.http import Http, in_words
from replay.drive.outcome import Outcome
from replay.drive.unfit import UNAUTHORIZED, refusal, unfit_answer, unfit_cometd
from replay.drive.watch import Watch
from replay.errors import SurroundingsError
from replay.plan.timeline import Ask, Cue, Moment, Timeline
from replay.scenario.delays import span
from replay.scenario.model import Scenario
from replay.verify.role import Role, Seen

LEAVING = 3.0
"""Seconds the server gets to answer a disconnect, if patience is not shorter."""

LINGERING = 0.5
"""Seconds for which an agent that goes on stays when all has been seen."""

STRANGE = 10_000
"""Events that are no step, after which an agent has heard enough."""


class Agent:
    """A Bayeux client and a role, on a server."""

    def __init__(
        self,
        timeline: Timeline,
        target: str,
        role: Role,
        patience: float,
        fellows: list[Agent],
        *,
        access: Access,
        watch: Watch | None,
        goes_on: bool,
    ) -> None:
        """Not connected yet.

        Args:
            fellows: All who play the story together; it adds itself.
        """
        self.target = target
        self._timeline = timeline
        self.access = access
        self._watch = watch or Watch()
        self._goes_on = goes_on
        self._http: Http
        self._patience = patience
        self._fellows = fellows
        fellows.append(self)
        self._clock: Clock = SystemClock()
        self._role = role
        self._client: BayeuxClient
        self._carrier: Carrier | None = None
        self._alarm: Alarm | None = None
        self._change = asyncio.Event()
        self._seen: list[Seen] = []
        self._born = self._clock.now()
        self._began = 0.0
        self._latest = 0.0
        """When something of the story was last seen, or all that is to come is due: patience begins then."""
        self._heard = False
        """Whether the server has said anything."""
        self._ready = False
        """Whether events can come: nothing of the story is asked before."""
        self._pending = 0
        """Requests without an answer yet: each has a patience of its own."""
        self._unreachable = ""
        self._trouble: Trouble | None = None
        """What is amiss with CometD; nothing once it has said something."""
        self._moments: dict[Moment, float] = {}
        """When each moment of its part was."""
        self._why = ""
        self._strange = 0
        """Events that are no step."""
        self._requests: set[asyncio.Task[None]] = set()
        self._waiting = ""
        """The event that it is known to wait for."""

    @property
    def scenario(self) -> Scenario:
        """What it plays its part of."""
        return self._timeline.scenario

    async def run(self, http: Http, transport: str) -> Outcome:
        """Plays to the end of its part."""
        self._http = http
        for ask in self._role.session.asks:
            self._watch.begins(ask)
            await self._request(ask, story=False)
            if self._why:
                return self._outcome()
        self._client = BayeuxClient(transport=transport, subscriptions=self._role.channels)
        try:
            self._carrier = await self._connect(transport)
        except TimeoutError:
            self._why = f"the WebSocket was not opened within {self._patience:g} s"
            return self._outcome()
        except aiohttp.WSServerHandshakeError as error:
            if error.status not in UNAUTHORIZED:
                raise
            self._why = refusal(self.access, "the WebSocket's handshake", error.status)
            return self._outcome()
        self._latest = self._clock.now()
        self._ready = not self._role.channels
        self._perform(self._client.start())
        while not (self._role.done or self._why or self._client.phase is Phase.ENDED):
            await self._news()
        if self._goes_on and not self._why:
            await self._linger()
        if self._unreachable:
            raise unreachable(self.target, self._unreachable)
        await self._leave()
        return self._outcome()

    async def _linger(self) -> None:
        """What comes beyond the story is seen too."""
        over = asyncio.Event()
        self._alarm = self._clock.call_at(self._clock.now() + min(LINGERING, self._patience), over.set)
        await over.wait()

    def _outcome(self) -> Outcome:
        missing = tuple(self._role.missing)
        why = self._why or ("the session ended" if not self._role.done else "")
        return Outcome(seen=tuple(self._seen), missing=missing, why=why)

    async def close(self) -> None:
        """Ends what is under way."""
        self._ready = False
        if self._alarm is not None:
            self._alarm.cancel()
        for task in self._requests:
            task.cancel()
        await asyncio.gather(*self._requests, return_exceptions=True)
        if self._carrier is not None:
            await self._carrier.close()

    async def _connect(self, transport: str) -> Carrier:
        url = self.target + self._timeline.scenario.cometd.path
        if transport == "websocket":
            async with asyncio.timeout(self._patience):
                socket = await self._http.socket(url)
            return Socket(socket, self._received, self._failed)
        return Polls(self._http, url, self._received, self._failed)

    async def _news(self) -> None:
        """Waits for something to change, until patience is at its end: failures are nothing new."""
        self._change.clear()
        left = max(0.0, self._latest + self._patience - self._clock.now())
        try:
            pending = any(fellow._pending for fellow in self._fellows)  # noqa: SLF001  of the same class
            # Before Python 3.12 `wait_for` may lose Ctrl-C to what comes at the same moment.
            async with asyncio.timeout(None if pending else left):
                await self._change.wait()
        except TimeoutError:
            # Looked at now alone: there may be thousands of them.
            self._latest = max(self._latest, *map(self._due, self._role.ahead), -inf)
            if self._clock.now() < self._latest + self._patience:
                # Or a fellow's patience ended at the same moment, and what it went on with is news to all.
                return
            is_away = self._trouble is not None and not self._trouble.unreadable
            if self._goes_on and self._role.has_begun and not is_away and self._role.pass_over():
                self._progress()
                return
            self._why = self._lacking()

    def _due(self, cue: Cue) -> float:
        """When an event is due at the latest; never while it is not known when what it follows was."""
        times = [self._when(moment) for moment in cue.trigger.moments]
        return -inf if -inf in times else max(times) + span(cue.trigger.delay)[1]

    def _when(self, moment: Moment) -> float:
        fellows = (fellow._moments for fellow in self._fellows)  # noqa: SLF001  of the same class
        return next((known[moment] for known in fellows if moment in known), -inf)

    def _lacking(self) -> str:
        """What did not come in time."""
        told, within = f" ({self._trouble.why})" if self._trouble else "", f"{self._patience:g} s"
        if not self._ready:
            return f"CometD did not take the client in within {within}{told}"
        if self._waiting in self._role.missing:
            return f"{self._waiting} did not come within {within}{told}"
        return f"{f'CometD fails{told}, and ' if told else ''}nothing new came for {within}"

    async def _leave(self) -> None:
        self._perform(self._client.disconnect())
        try:
            async with asyncio.timeout(min(LEAVING, self._patience)):
                while self._client.phase is not Phase.ENDED:
                    self._change.clear()
                    await self._change.wait()
        except TimeoutError:
            self._why = self._why or "the server did not answer the disconnect"

    # What comes in

    def _received(self, number: int, messages: list[Message]) -> None:
        self._heard = True
        self._trouble = None
        self._perform(self._client.received(messages, self._clock.now(), number=number))

    def _failed(self, number: int, trouble: Trouble) -> None:
        if self._client.phase in {Phase.LEAVING, Phase.ENDED}:
            # Whatever breaks off after the goodbye was to be expected.
            self._perform(self._client.failed(number, self._clock.now()))
            return
        self._note("failure", "", trouble.why)
        if trouble.lost and not self._heard:
            self._unreachable = self._why = trouble.why
        elif trouble.lost and isinstance(self._carrier, Socket):
            self._why = self._why or trouble.why
        elif trouble.answer is not None and self._client.phase is Phase.SHAKING:
            path = self._timeline.scenario.cometd.path
            self._why = self._why or unfit_cometd(self.access, path, trouble.answer)
        self._trouble = trouble
        self._perform(self._client.failed(number, self._clock.now()))

    def _perform(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Batch():
                    assert self._carrier is not None
                    if any(message["channel"] == SUBSCRIBE for message in action.messages):
                        # The server counts from the subscription's coming, not from its answer.
                        self._began = self._moments.setdefault(self._role.start, self._clock.now())
                    self._carrier.send(action)
                case Received():
                    self._event(action)
                case Pause():
                    self._alarm = self._clock.call_at(action.at, self._wake)
                case Ready() if not self._ready:
                    # Once: a server that forgets its client again and again is nothing new each time.
                    self._ready = True
                    self._progress()
                case Ended():
                    self._why = self._why or action.why
        self._ask_due()
        self._change.set()

    def _wake(self) -> None:
        self._perform(self._client.wake(self._clock.now()))

    def _event(self, event: Received) -> None:
        if self._strange > STRANGE:
            return
        found = self._role.event(event.channel, event.data)
        if not found.step and self._role.is_of_next(event.channel, event.data):
            return
        name = self._timeline.profile.push_name(event.channel, event.data)
        what = f"{event.channel} {name}"
        self._note("event", found.step, what, event.data, found.differences, again=found.again)
        if found.step:
            self._progress()
            return
        # It does not end while somebody talks of other things without end.
        self._strange += 1
        if self._strange > STRANGE:
            self._why = self._why or f"more than {STRANGE:,} events came that are no step"

    # Requests

    def _ask_due(self) -> None:
        for ask in self._role.due() if self._ready else ():
            task = asyncio.get_running_loop().create_task(self._request(ask))
            self._requests.add(task)
            task.add_done_callback(self._requests.discard)

    async def _request(self, ask: Ask, *, story: bool = True) -> None:
        method, path, body = self._role.request(ask)
        has_body = body is not msgspec.UNSET
        self._note("request", ask.id, f"{method} {path}", body if has_body else None)
        what = f"{method} {path}"
        self._pending += 1
        try:
            sent = msgspec.json.encode(body) if has_body else None
            answer = await self._http.ask(method, self.target + path, sent, within=self._patience)
        except TimeoutError:
            self._give_up(f"{what} was not answered within {self._patience:g} s")
            return
        except aiohttp.ClientError as error:
            if not self._heard:
                raise
            self._give_up(f"{what} failed: {in_words(error)}")
            return
        finally:
            self._pending -= 1
        self._heard = True
        unfit = "" if story else unfit_answer(self.access, ask, what, answer)
        if unfit:
            self._give_up(unfit)
            return
        value = _as_json(answer.body)
        differences = self._role.answered(ask, answer.status, value, kind=answer.kind)
        self._note("answer", ask.id, str(answer.status), value, differences)
        self._progress()

    def _progress(self) -> None:
        """Something was seen: whoever's turn it is asks, and all have patience again."""
        for fellow in self._fellows:
            fellow._latest = self._clock.now()  # noqa: SLF001  of the same class
            fellow._go_on()  # noqa: SLF001

    def _go_on(self) -> None:
        self._ask_due()
        self._change.set()
        cue = self._role.awaited if self._ready else None
        if cue is not None and cue.id != self._waiting:
            self._waiting = cue.id
            self._watch.waits(cue, self._patience)

    def _give_up(self, why: str) -> None:
        self._note("failure", "", why)
        self._why = self._why or why
        # The others waited for as long as this was under way.
        for fellow in self._fellows:
            fellow._change.set()  # noqa: SLF001  of the same class

    def _note(
        self, kind: str, step: str, what: str, value: Any = None, differences: Any = (), *, again: str = ""
    ) -> None:
        at = self._clock.now() - (self._began or self._born)
        seen = Seen(at=at, kind=kind, step=step, what=what, value=value, differences=differences, again=again)
        if step:
            self._moments.setdefault(Moment(step, response=kind == "answer"), self._clock.now())
        if not any(step == ask.id for ask in self._role.session.asks):
            self._seen.append(seen)
        self._watch.saw(seen)


def unreachable(target: str, why: str) -> SurroundingsError:
    """What is said of a server that nobody answers at."""
    return SurroundingsError(f"{target} cannot be reached: {why}")


def _as_json(body: bytes) -> Any:
    try:
        return decode(body)
    except MalformedError:
        return body.decode("utf-8", "replace")
