"""How servers of Genesys differ in saying the same, and a scenario as one of them would say it.

What changed when is documented of the statusCodes alone ("Return values"). The rest of `version` is what its
documents (8.5.0 and 8.5.1: those of January 2014) and traces of a server of 8.5.202 show.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from replay.profiles.genesys_messages import Messages, Timestamps
from replay.scenario.model import Demand, Fault, PushStep, RequestStep, Respond, Scenario, Step, Variable

InFocus = Literal["InFocus", "SetInFocus"]
IN_FOCUS = ("InFocus", "SetInFocus")
INTERNAL = 4
"""The statusCode of an error that no other code is for."""
METRICS = "metrics"
_CHATS = "/chats/"
_BASE = "${base_url}/api/v2"
_RECORDED = 1_388_701_400_171
"""2014-01-02T14:23:20.171-08:00, in milliseconds: when the document that began all this was written down."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How a server of Genesys says things; each is as the file has it when left out."""

    version: Literal["8.5.0", "8.5.1", "8.5.2", "8.6.0"] | None = None
    """All that follows as this version has it, unless it is said by itself; an answer with a statusCode that
    the version does not know (8.5.0 knows 0 to 6, 8.5.1 0 to 7) has 4 instead."""
    chat_address: Literal["uri", "path", "both"] | None = None
    """What an event with messages names its chat by: `chatUri`, `chatPath` or both."""
    metrics: bool | None = None
    """Whether each event has a block `metrics`, with the time when it was made."""
    timestamps: Literal["iso", "spaced"] | None = None
    """Form of a message's `timestamp`: `2014-01-02T14:23:18.000-0800` or `2014-01-02 14:23:18.000-0800`."""
    timestamp_seconds: bool | None = None
    """Whether a message has `timestampSeconds`, which are milliseconds whatever they are called."""
    in_focus: InFocus | None = None
    """What the operation is called that brings a chat to the front, and the capability for it."""


class _Version(msgspec.Struct, frozen=True):
    settings: Settings
    codes: int
    """The highest statusCode."""


_OLD = Settings(
    chat_address="uri", metrics=False, timestamps="iso", timestamp_seconds=False, in_focus="InFocus"
)
_NEW = Settings(
    chat_address="both", metrics=True, timestamps="spaced", timestamp_seconds=True, in_focus="SetInFocus"
)
VERSIONS = {
    "8.5.0": _Version(_OLD, 6),
    "8.5.1": _Version(_OLD, 7),
    "8.5.2": _Version(_NEW, 20),
    "8.6.0": _Version(_NEW, 20),
}


def adapted(scenario: Scenario, settings: Settings) -> Scenario:
    """The scenario as a server with these settings tells it."""
    return _Adapting(scenario, settings).scenario()


class _Adapting:
    def __init__(self, scenario: Scenario, settings: Settings) -> None:
        self._scenario = scenario
        version = VERSIONS.get(settings.version or "")
        given = {name: getattr(settings, name) for name in settings.__struct_fields__}
        said = {name: value for name, value in given.items() if value is not None}
        self._settings = replace(version.settings, **said) if version is not None else settings
        self._codes = version.codes if version is not None else None
        form = Timestamps(self._settings.timestamps, self._settings.timestamp_seconds)
        self._messages = Messages(form, scenario.variables)
        self._generated = ""
        """The variable for the time when an event was made."""

    def scenario(self) -> Scenario:
        """All of it."""
        old = self._scenario
        session, steps = ([self._step(step) for step in part] for part in (old.session, old.steps))
        demands = [self._demand(each) for each in old.demands]
        shifted = [*old.shift_times]
        if self._settings.timestamp_seconds and "timestamp" in shifted and "timestampSeconds" not in shifted:
            shifted.append("timestampSeconds")
        ignored = [*old.ignore, *([METRICS] if self._generated and METRICS not in old.ignore else [])]
        variables = dict(self._messages.variables)
        if self._generated:
            variables[self._generated] = Variable(
                recorded=_RECORDED, make="time", about="When an event was made, as its metrics have it."
            )
        return replace(
            old,
            session=session,
            steps=steps,
            demands=demands,
            faults=[self._fault(each) for each in old.faults],
            shift_times=shifted,
            ignore=ignored,
            variables=variables,
        )

    def _step(self, step: Step) -> Step:
        if isinstance(step, PushStep):
            return replace(step, data=self._event(self._said(step.data)))
        answers = [self._answer(each) for each in step.respond]
        return replace(step, body=self._asked(step), respond=answers)

    def _asked(self, step: RequestStep) -> Any:
        body, name = step.body, self._settings.in_focus
        if name is None or not isinstance(body, dict) or body.get("operationName") not in IN_FOCUS:
            return body
        return {**body, "operationName": name}

    def _answer(self, answer: Respond) -> Respond:
        if answer.body is msgspec.UNSET:
            return answer
        return replace(answer, body=self._coded(self._said(answer.body)))

    def _demand(self, demand: Demand) -> Demand:
        return replace(demand, refused=self._answer(demand.refused))

    def _fault(self, fault: Fault) -> Fault:
        name = self._settings.in_focus
        if name is None or fault.where.operation not in IN_FOCUS:
            return fault
        return replace(fault, where=replace(fault.where, operation=name))

    def _said(self, value: Any) -> Any:
        """A value of an event or an answer, with what differs at whatever depth."""
        if isinstance(value, list):
            return [self._said(each) for each in value]
        if not isinstance(value, dict):
            return value
        said = {}
        for name, inner in value.items():
            if name == "capabilities" and isinstance(inner, list):
                said[name] = self._capabilities(inner)
            elif name == "messages" and isinstance(inner, list):
                said[name] = [self._messages.said(self._said(each)) for each in inner]
            else:
                said[name] = self._said(inner)
        return said

    def _capabilities(self, names: list[Any]) -> list[Any]:
        name = self._settings.in_focus
        if name is None:
            return names
        return [name if each in IN_FOCUS else each for each in names]

    def _event(self, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        if self._settings.chat_address is not None and data.get("messageType") == "MessageLogUpdated":
            data = _addressed(data, self._settings.chat_address)
        if self._settings.metrics is False:
            return {name: value for name, value in data.items() if name != METRICS}
        if self._settings.metrics and METRICS not in data:
            return {**data, METRICS: self._metrics()}
        return data

    def _metrics(self) -> Any:
        """The figures are those of a trace; of another server they are others each time."""
        if not self._generated:
            self._generated = "generated"
            while self._generated in self._scenario.variables:
                self._generated += "_"
        return {
            "eventProcessing": {
                "nodeProcessingTimeNanos": 240_015,
                "serverGenerationTimestamp": f"${{{self._generated}}}",
                "serverProcessingTimeTotalMs": 2,
            }
        }

    def _coded(self, body: Any) -> Any:
        """An answer without a statusCode that the version does not know; of an error nothing else is told."""
        most = self._codes
        if most is None or not isinstance(body, dict):
            return body
        failed = body.get("failed")
        if isinstance(failed, list):
            body = {**body, "failed": [self._coded(each) for each in failed]}
        code = body.get("statusCode")
        if type(code) is not int or code <= most:
            return body
        kept = {name: body[name] for name in ("statusMessage", "channel") if name in body}
        first = failed[0] if isinstance(failed, list) and failed else None
        why = first.get("statusMessage") if isinstance(first, dict) else None
        return {"statusCode": INTERNAL, **({"statusMessage": why} if why else {}), **kept}


def _addressed(data: dict[str, Any], wanted: str) -> dict[str, Any]:
    """An event with messages that names its chat as is wanted; one that names it in no way we know stays."""
    address = data.get("chatUri", data.get("chatPath"))
    if not isinstance(address, str) or _CHATS not in address:
        return data
    path = _CHATS + address.rpartition(_CHATS)[2]
    named = {"chatUri": data.get("chatUri", _BASE + path), "chatPath": data.get("chatPath", path)}
    if wanted != "both":
        named = {name: value for name, value in named.items() if name.lower().endswith(wanted)}
    said: dict[str, Any] = {}
    for name, value in data.items():
        if name in ("chatUri", "chatPath"):
            said.update(named)
        else:
            said[name] = value
    return said
