"""The scenario as values: what `load` returns, what `dump` writes, and where the JSON Schema comes from.

Durations and triggers stay in the words of the file (`41ms`, `accept.response + 5ms`);
`durations` and `triggers` read them. Each field's docstring is its description in the schema.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

Json = None | bool | int | float | str | list[Any] | dict[str, Any]

Name = Annotated[str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]
Times = list[Annotated[int, Meta(ge=1)]]
Evidence = Literal["documented", "observed", "synthetic"]


class _Part(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Base of every part of the file: unknown keys are errors, defaults are not written."""


class Source(_Part, kw_only=True):
    """Where the scenario comes from."""

    recording: str = ""
    """File name of the recording it was distilled from."""
    document: str = ""
    """The document it was written after."""
    recorded: str = ""
    """Time zero of the story, as ISO 8601 with offset; `shift_times` moves times relative to it."""
    transports: list[str] = []
    """Connection types seen in the recording."""


class Cometd(_Part, kw_only=True):
    """The CometD endpoint."""

    path: str = "/api/v2/notifications"
    """Where clients handshake; what they append (`/connect`, …) is accepted too."""
    timeout: str = "30s"
    """How long a connect without news is held."""
    interval: str = "0s"
    """How long a client waits between connects."""
    max_interval: str = "10s"
    """Silence after which a client is forgotten."""
    dialect: str = "cometd3"
    """Whose texts, codes and orders: cometd2, cometd3 (Genesys), cometd5, salesforce or faye."""
    transports: list[str] = []
    """Connection types that are offered: long-polling, callback-polling, websocket; all when left out."""
    extensions: list[str] = msgspec.field(default_factory=lambda: ["ack", "timesync"])
    """What a client may negotiate through `ext`: ack, timesync; and timestamp, which needs no asking."""
    connect_only: bool = False
    """Events go out with the answers to connects and with nothing else (CometD's metaConnectDeliverOnly)."""
    sessions_per_browser: int = -1
    """Tabs of one browser whose polls are held, the others are told to come back; -1 holds all."""
    multi_session_interval: str = "2s"
    """How often those others come back; 0s turns them away."""
    trust_client_id: bool = True
    """A clientId alone is believed; otherwise it has to come with the browser cookie it was given with."""


class Collected(_Part, kw_only=True):
    """Which of the values that events have told an agent make up a variable."""

    field: str
    """A field at the top of events' data: what it holds is collected."""
    of: Literal["play", "plays"] = "play"
    """`play`: told in this play; `plays`: a list, of each play of the agent in all scenarios served."""
    take: str = ""
    """Of what is collected this field alone: `uri` of each chat."""
    unless: dict[str, Json] = {}
    """What is left out: where all these fields of it have this value, or one of a list of values."""
    all: bool = False
    """All that was told in order, lists joined, in place of the latest; of very many the latest 1000."""


class Merged(_Part, kw_only=True):
    """An object that requests add to and take from, such as the data attached to a chat."""

    first: dict[str, Json] = {}
    """What it is before any of them; it may hold `${STEP.name}` of steps that have taken place by then."""
    add: list[str | dict[str, Json]] = []
    """What is merged into it, each when the request takes place that it mentions: `${STEP.name}`, an object
    that was sent, or an object that is written here, with `${STEP.name}` in it."""
    remove: list[str] = []
    """Names that are taken out, each when the request takes place that it mentions: `${STEP.name}`, a name or
    a list of names."""


class Variable(_Part, kw_only=True):
    """A value that differs from play to play, or from one time that a step takes place to the next."""

    recorded: Json | UnsetType = UNSET
    """The value in the recording; used until the variable is bound."""
    make: str | None = None
    """How a fresh value is made for each play, or for each time that a step takes place (`time`, `count`,
    `turn`); without it the value is taken from what the client sends."""
    told: Collected | None = None
    """It is what the server has told the agent who asks, as far as this says."""
    merged: Merged | None = None
    """It is an object that grows as requests take place."""
    about: str = ""
    """What it is, for a reader."""


class Respond(_Part, kw_only=True):
    """An answer."""

    after: str = "0s"
    """Time from the request to its answer: a duration, or a distribution such as `uniform(10ms, 50ms)`."""
    status: Annotated[int, Meta(ge=100, le=599)] = 200
    """HTTP status."""
    headers: dict[str, str] = {}
    """Headers beyond those that every answer has; values may hold `${variables}`."""
    body: Json | UnsetType = UNSET
    """JSON body."""
    text: str | None = None
    """Body that is text but no JSON."""
    base64: str | None = None
    """Body that is neither, in base64."""


def _forbidden() -> Respond:
    return Respond(status=403)


class Demand(_Part, kw_only=True):
    """A header that the API demands of requests, whatever they ask: without it none is even looked at."""

    header: str
    """Its name."""
    value: str = ""
    """What it has to hold, with `${variables}`; any value will do when left out."""
    methods: list[str] = []
    """Of which requests it is demanded; of all when left out. What CometD sends is a POST; OPTIONS is never
    refused, nor is a WebSocket."""
    unless_cookie: bool = False
    """A request that comes with our session cookie is let pass without it."""
    given: dict[str, str] = {}
    """Headers of the answers to REST requests of the other methods; by them clients learn what to send."""
    refused: Respond = msgspec.field(default_factory=_forbidden)
    """The answer to a request without it; status 403, and nothing in it, when left out."""


class RequestStep(_Part, kw_only=True):
    """Something the client asks, with the answer it gets."""

    id: Name
    """Its name, which other steps refer to."""
    agent: Name | None = None
    """The role this step belongs to; the first one when left out.

    By roles several agents share a play: whoever comes takes the first free role of the oldest play that
    has one, or begins another in the first role. One whose user bears the name of a role takes that role.
    """
    request: str
    """`METHOD /path?query`, with `${variables}`."""
    about: str = ""
    """What happens here, for a reader."""
    evidence: Evidence | None = None
    """documented, observed or synthetic (inferred, nobody has shown it)."""
    match: Literal["subset", "exact", "ignore"] = "subset"
    """How the body is compared: its listed fields, all of it, or not at all."""
    body: Json | UnsetType = UNSET
    """Fields the client's JSON body must have."""
    needs: list[str] = []
    """Steps that must have happened before this request is answered."""
    until: list[str] = []
    """Steps that end it: once one of them has happened, this is not what such a request is answered by."""
    think: str = "0s"
    """How long a person takes to ask, once all above it has been seen: a duration or a distribution. Nobody
    is held to it; `drive` waits so long."""
    repeat: Literal["last", "once", "cycle"] | None = None
    """What the same request gets again: the last answer, none, or all in turn. GET: `last`, else `once`."""
    respond: list[Respond] = []
    """The answers, in turn; in the file one answer may stand without the list."""


class PushStep(_Part, kw_only=True):
    """An event the server sends of its own accord."""

    id: Name
    """Its name, which other steps refer to."""
    agent: Name | None = None
    """The role whose agent gets it; the first one when left out."""
    push: str
    """The channel."""
    after: str = "start"
    """What triggers it, and how much later: `accept + 41ms`, `start and ready + uniform(1s, 2s)`."""
    window: str = "0s"
    """It happened within so long before that, and waited for a poll; it is played at the end."""
    because: str = ""
    """The evidence for the trigger."""
    until: list[str] = []
    """Steps that end it: once one of them has happened, the event does not come any more."""
    about: str = ""
    """What happens here, for a reader."""
    evidence: Evidence | None = None
    """documented, observed or synthetic (inferred, nobody has shown it)."""
    data: Json
    """The event's data."""


Step = RequestStep | PushStep


class Where(_Part, kw_only=True):
    """What a fault is applied to: all that is given has to fit."""

    step: str = ""
    """Id of a step."""
    path: str = ""
    """Path of a request; `*` stands for one segment of it, `**` at the end for all that follow."""
    operation: str = ""
    """What the body of a request asks for: `operationName` of Genesys."""
    channel: str = ""
    """Channel of an event; `*` and `**` as in subscriptions."""
    message_type: str = msgspec.field(default="", name="messageType")
    """`messageType` of an event."""
    notification_type: str = msgspec.field(default="", name="notificationType")
    """`notificationType` of an event."""
    agent: str = ""
    """Role or name of an agent, or its number as the journal writes it: `#2`."""
    meta: str = ""
    """Bayeux message: handshake, connect, subscribe, unsubscribe or disconnect."""
    transport: str = ""
    """Connection type that the agent's events come by."""


class Fault(_Part, kw_only=True):
    """Something that goes wrong, and when."""

    name: Name
    """Its name, which the journal and the control routes know it by."""
    fault: str
    """What goes wrong: latency, status, drop, unknown-client, …"""
    where: Where = msgspec.field(default_factory=Where)
    """What it is applied to; everything it can be applied to when left out."""
    settings: dict[str, Json] = {}
    """How it goes wrong, by the settings of the fault."""
    chance: str = ""
    """How likely each time: `20%`; always when left out. Not of connects: clients poll as they like."""
    nth: Times = []
    """The times it goes wrong, counted from 1 for each agent; one may stand without the list."""
    every: Annotated[int, Meta(ge=1)] | None = None
    """Every so many times: 5 is the fifth, the tenth, …"""
    first: Annotated[int, Meta(ge=1)] | None = None
    """Only so many times from the beginning."""
    from_: str = msgspec.field(default="", name="from")
    """Not before so long, in the scenario's time, after the agent's `start`."""
    until: str = ""
    """Not after so long, in the scenario's time, after the agent's `start`."""
    limit: Annotated[int, Meta(ge=1)] | None = None
    """At most so often for each agent."""
    ttl: str = ""
    """It is taken away so long after it was put up; of `refuse` and `partition`, how long they last."""


class Expected(_Part, kw_only=True):
    """What must have happened when a test has ended: a step, so often or in such an order; or few misses."""

    step: str = ""
    """Id of the step that must have taken place, in each play: a request was answered, an event was told."""
    times: Annotated[int, Meta(ge=0)] | None = None
    """So many times, no more and no less; at least once when nothing says how often."""
    at_least: Annotated[int, Meta(ge=1)] | None = None
    """So many times or more."""
    at_most: Annotated[int, Meta(ge=0)] | None = None
    """So many times or less; also not at all, unless `at_least` is given too."""
    after: str = ""
    """Id of a step that it must have followed, each time: a request counts from when it was asked."""
    within: str = ""
    """It followed that one in no more than so long, in the time of the play."""
    agent: str = ""
    """Whose step it is: role or name of an agent, or its number `#2`; every agent's when left out."""
    misses: Annotated[int, Meta(ge=0)] | None = None
    """Instead of a step: no more than so many requests were no step, of all scenarios that are served."""


class Made(_Part, kw_only=True):
    """What a file is made of beside what it says itself; `load` puts it together, so no Scenario has it."""

    extends: str = ""
    """The scenario of which this is a variant, by name: `accept-chat`, beside this file or in the library."""
    include: list[str] = []
    """Scenarios whose variables, session, steps, `shift_times` and `ignore` come first."""
    without: list[str] = []
    """Ids of steps that come from there and are not wanted."""


class LaidStep(_Part, kw_only=True):
    """A step that is laid over one of the same id, where there is `extends` or `include`; what it leaves out
    stays as it stands there."""

    before: str = ""
    """Of a new step, where there is `extends` or `include`: id of the step it comes before."""


class Scenario(_Part, kw_only=True):
    """The whole file."""

    version: Literal[1]
    """Version of the scenario language."""
    name: Name
    """Its name, as `serve` and the control routes know it."""
    about: str = ""
    """The story in a sentence."""
    profile: str = "genesys"
    """Which API this is: its ids, secrets and error bodies."""
    profile_settings: dict[str, Json] = {}
    """How that API says things, where its versions differ; what is left out is as the file has it."""
    source: Source = msgspec.field(default_factory=Source)
    """Where it comes from."""
    cometd: Cometd = msgspec.field(default_factory=Cometd)
    """The CometD endpoint."""
    pace: str = ""
    """How delays come about and what is done to them: `recorded, idle-max(2s)`; `serve --pace` overrides."""
    offered: Literal["at-start", "on-request"] = "at-start"
    """When an agent gets a play: as soon as it comes, or only once somebody offers one (control's `plays`).

    The session answers from the beginning in either case; its events come once there is a play.
    """
    again: list[str] = []
    """What brings the agent another play, as in `after`: by `completed + 20s` it gets a chat 20 s after each
    that it has completed. Where there are several, each of them does. Not where steps name agents."""
    variables: dict[str, Variable] = {}
    """What differs from play to play, by the name that `${name}` refers to; `$${` is `${`, `${$}` is `$`."""
    shift_times: list[str] = []
    """Fields whose times are moved to the time of the play."""
    ignore: list[str] = []
    """Fields that differ from recording to recording, at whatever depth; they are not compared."""
    demands: list[Demand] = []
    """What every request of an agent who plays this has to come with, also one that is for another scenario;
    where several of those served demand the same header, the first of them says what it is."""
    faults: list[Fault] = []
    """What goes wrong, and when."""
    expect: list[Expected] = []
    """What must have happened when a test has ended."""
    session: list[Step] = []
    """What an agent does once, whatever comes later."""
    steps: list[Step]
    """The story, once per play; may be left out where there is `extends` or `include`."""


@cache
def fields_of(part: type[msgspec.Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    """The fields of a part of the model; kept, since msgspec resolves annotations anew for each call."""
    return msgspec.structs.fields(part)


def roles_of(scenario: Scenario) -> tuple[str, ...]:
    """The roles in order of first appearance; one without a name where no step names any."""
    named = [step.agent for step in (*scenario.session, *scenario.steps) if step.agent is not None]
    return tuple(dict.fromkeys(named)) or ("",)


REQUEST_DEFAULT_REPEAT = {"GET": "last", "HEAD": "last"}


def repeat_of(step: RequestStep) -> str:
    """The step's `repeat`, or what its method implies: reading twice is harmless, operating twice is not."""
    return step.repeat or REQUEST_DEFAULT_REPEAT.get(step.request.split(" ", 1)[0], "once")


def named_after(file: Path) -> str:
    """A scenario's name, made of its file's."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", file.name.partition(".")[0]).strip("-")
    return stem if stem[:1].isalpha() else f"scenario-{stem}".rstrip("-")


def is_set(value: object) -> bool:
    """Whether a field that tells absence from null was given."""
    return value is not msgspec.UNSET
