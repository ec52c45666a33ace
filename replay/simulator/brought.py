"""Rules that a request brings with it, in its header `X-Replay-Fault`, for itself alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from replay.bayeux import channels
from replay.bayeux.messages import MalformedError, Message, parse
from replay.errors import ReplayError, UsageError, as_json, nearest
from replay.faults.fault import Fault, Seam
from replay.faults.rules import Rule
from replay.registry import FAULTS, PRESETS, resolve
from replay.scenario import model
from replay.scenario.fault_files import faults_from
from replay.scenario.load import document_of
from replay.simulator.explaining import Explained
from replay.wire import Answer, Polled, Request

if TYPE_CHECKING:
    from replay.simulator.simulator import Simulator

HEADER = "x-replay-fault"
"""In lower case, as the wire has it."""
NAME = "X-Replay-Fault"
SHAPE = "Write {fault: latency, settings: {delay: 2s}}."

MAY_SAY = ("name", "fault", "settings", "chance")
"""The rest of a rule says where and which of the times: here it is this request, and this time."""

REMEMBERED = 256
"""Values whose meaning is kept; a client under test repeats a few."""


_PLACES: dict[Seam, str] = {
    "request": "REST requests",
    "event": "events",
    "meta": "Bayeux messages",
    "traffic": "all traffic of an agent",
}
NOTHING = ("", "")


class Brought:
    """The part of a simulator that reads the header."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._meanings: dict[str, tuple[model.Fault, ...] | ReplayError] = {}
        self._pending: list[Rule] = []
        """Of the batch that is being handled, what has not struck yet."""

    def with_request(self, request: Request) -> tuple[Rule, ...]:
        """The rules for a REST request.

        Raises:
            ReplayError: the header says nothing that could be done to it.
        """
        text = request.headers.get(HEADER)
        if text is None:
            return ()
        return tuple(Rule(written, "header") for written in self._fitting(text, "request", ()))

    def expect(self, polled: Polled) -> None:
        """The rules that a batch of Bayeux messages brings, each of which strikes at the first that it can.

        Raises:
            ReplayError: the header says nothing that could be done to it.
        """
        verbs = _verbs(polled.body)
        for written in self._fitting(polled.headers[HEADER], "meta", verbs):
            kind: type[Fault] = resolve(FAULTS, written.fault)
            where = model.Where(meta=_struck(kind, verbs))
            self._pending.append(Rule(msgspec.structs.replace(written, where=where), "header"))

    @property
    def is_awaited(self) -> bool:
        """Whether a batch is being handled that brings rules."""
        return bool(self._pending)

    def at_meta(self, message: Message) -> tuple[Rule, ...]:
        """The rules whose turn it is with this message."""
        if not self._pending:
            return ()
        verb = str(message.get("channel", "")).removeprefix(channels.META)
        found = tuple(rule for rule in self._pending if rule.written.where.meta == verb)
        self._pending = [rule for rule in self._pending if rule not in found]
        return found

    def forget(self) -> None:
        """The batch is over: what it brought for a message that was not handled strikes at no other."""
        self._pending.clear()

    def refused(self, happening: Request | Polled, error: ReplayError, now: float) -> Answer:
        """The answer to a request whose header says nothing that could be done."""
        asked = f"{happening.method} {happening.path}" if isinstance(happening, Request) else happening.mount
        simulator = self._simulator
        said = as_json(error)
        why = f"{NAME}: {said['what']}"
        simulator.misses.note(asked, Explained(why=why), "", now)
        headers = (("Content-Type", "application/json;charset=UTF-8"),)
        body = msgspec.json.encode({"error": said})
        return Answer(exchange=happening.exchange, at=now, status=400, headers=headers, body=body)

    def forget_meanings(self) -> None:
        """What values mean is another, since scenarios have changed."""
        self._meanings.clear()

    # What it says

    def _fitting(self, text: str, seam: Seam, verbs: Sequence[str]) -> list[model.Fault]:
        """Those of the rules it says that can strike at this."""
        meant = self._meant(text)
        reasons = [_misplaced(written, seam, verbs) for written in meant]
        if NOTHING not in reasons:
            what, advice = reasons[0]
            raise UsageError(what, help=advice)
        return [written for written, reason in zip(meant, reasons, strict=True) if reason is NOTHING]

    def _meant(self, text: str) -> tuple[model.Fault, ...]:
        if text not in self._meanings:
            if len(self._meanings) >= REMEMBERED:
                self._meanings.clear()
            try:
                self._meanings[text] = self._read(text)
            except ReplayError as error:
                self._meanings[text] = error
        meaning = self._meanings[text]
        if isinstance(meaning, ReplayError):
            # One that is raised again and again would carry every call it was raised in.
            raise meaning.with_traceback(None)
        return meaning

    def _read(self, text: str) -> tuple[model.Fault, ...]:
        value = document_of(text, NAME, begins=SHAPE).value
        if isinstance(value, dict):
            for key in value:
                if key not in MAY_SAY:
                    advice = nearest(key, MAY_SAY) or f"It may say {', '.join(MAY_SAY)}."
                    what = f"a fault in a header says nothing of '{key}': it is for this request alone"
                    raise UsageError(what, help=advice)
            return self._checked({"name": "header", **value})
        if not isinstance(value, str):
            what = "this is neither the name of a fault or a preset, nor a fault"
            raise UsageError(what, help=SHAPE)
        if value in PRESETS:
            return tuple(_here(each) for each in self._checked({"presets": [value]}))
        if value not in FAULTS:
            known = [*FAULTS, *PRESETS]
            advice = nearest(value, known) or f"Known: {', '.join(known)}."
            raise UsageError(f"there is no fault or preset '{value}'", help=advice)
        return self._checked({"name": "header", "fault": value})

    def _checked(self, value: Any) -> tuple[model.Fault, ...]:
        # Whether it has to say when it ends is no question: of the whole server it is refused anyway.
        return tuple(faults_from(value, self._simulator.scenarios, file=NAME, control_apart=True))


def _here(written: model.Fault) -> model.Fault:
    """A preset's rule for this request and this time, whatever it says of where and when."""
    return model.Fault(
        name=written.name, fault=written.fault, settings=written.settings, chance=written.chance
    )


def _misplaced(written: model.Fault, seam: Seam, verbs: Sequence[str]) -> tuple[str, str]:
    """Why a fault cannot strike here, and what can be done; nothing if it can."""
    name = written.fault
    kind: type[Fault] = resolve(FAULTS, name)
    elsewhere = "Put it up by the control call POST faults."
    if kind.everybody:
        return f"'{name}' is a fault of the whole server, not of one request", elsewhere
    if seam not in kind.seams:
        places = " and ".join(_PLACES[each] for each in _PLACES if each in kind.seams)
        return f"'{name}' is a fault of {places}, and this is a {_PLACES[seam][:-1]}", elsewhere
    if seam == "meta" and not any(verb in kind.metas for verb in verbs):
        sent = ", ".join(verbs) or "none of these"
        return f"'{name}' is a fault of {', '.join(kind.metas)}, and this is {sent}", ""
    if seam == "meta" and written.chance and _struck(kind, verbs) == "connect":
        return "how often a client polls is its own affair, so 'chance' cannot draw for a connect", ""
    return NOTHING


def _struck(kind: type[Fault], verbs: Sequence[str]) -> str:
    """Which of the messages of a batch a fault strikes at."""
    return next(verb for verb in verbs if verb in kind.metas)


def _verbs(body: bytes) -> list[str]:
    """What Bayeux messages a batch has; of a malformed one the engine says what is wrong."""
    try:
        batch = parse(body)
    except MalformedError:
        return []
    named = (message.get("channel") for message in batch)
    return [
        channel.removeprefix(channels.META)
        for channel in named
        if isinstance(channel, str) and channel.startswith(channels.META)
    ]
