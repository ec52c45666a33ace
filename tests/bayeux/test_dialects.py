"""What each dialect answers, reply by reply: texts, fields, advice, order."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from replay.bayeux.dialects import COMETD2, COMETD3, COMETD5, FAYE, SALESFORCE
from replay.simulator.limits import Limits
from replay.testing import Desktop, Reply, Script, scenario

NAMES = ["cometd2", "cometd3", "cometd5", "salesforce", "faye"]
TIMES = {"interval": 0, "timeout": 30000, "reconnect": "retry"}
AGAIN = {"reconnect": "handshake", "interval": 0}
FAYE_AGAIN = {"reconnect": "handshake"}


def subscribed_to(script: Script, *channels: str) -> Desktop:
    desktop = script.desktop()
    desktop.handshake()
    desktop.subscribe(list(channels))
    desktop.connect(advice={"timeout": 0})
    return desktop


def script_in(dialect: str, more: str = "") -> Script:
    return Script(scenario(f"cometd: {{dialect: {dialect}{more}}}"))


OLD, NEW, SALES = "402::Unknown client", "402::session_unknown", "403::Unknown client"
MISSING = "402:clientId:Missing required parameter"


@pytest.mark.parametrize("verb", ["connect", "subscribe", "unsubscribe", "disconnect"])
@pytest.mark.parametrize(
    ("dialect", "unknown", "nobody"),
    [
        ("cometd2", OLD, OLD),
        ("cometd3", OLD, OLD),
        ("cometd5", NEW, NEW),
        ("salesforce", SALES, SALES),
        ("faye", "401:ghost:Unknown client", MISSING),
    ],
)
def test_a_client_that_is_unknown_or_unnamed(dialect: str, unknown: str, nobody: str, verb: str) -> None:
    script = script_in(dialect)
    fields: dict[str, Any] = {"channel": f"/meta/{verb}", "id": "7", "connectionType": "long-polling"}
    named, subscription = {"clientId": "ghost"}, {"subscription": "/a"}
    subscribes = verb.endswith("subscribe")

    ghost, nameless = (
        script.desktop().send(fields | who | (subscription if subscribes else {})) for who in (named, {})
    )

    expected: dict[str, Any] = {"channel": f"/meta/{verb}", "successful": False, "id": "7"}
    if verb == "connect":
        expected["advice"] = FAYE_AGAIN if dialect == "faye" else AGAIN
    if subscribes and dialect in {"cometd5", "salesforce", "faye"}:
        expected |= subscription
    told_who = named if subscribes and dialect == "faye" else {}
    script.expect(script.answer(ghost).body, [expected | told_who | {"error": unknown}])
    script.expect(script.answer(nameless).body, [expected | {"error": nobody}])


SUBSCRIBE_DENIED = "403:denied_by_security_policy:subscribe_denied"
CREATE_DENIED = "403:denied_by_security_policy:create denied"
CHANNEL_CREATE_DENIED = "403:denied_by_security_policy:channel_create_denied"
FAILURES: list[tuple[str, dict[str, Any], list[str]]] = [
    (
        "subscribing to a meta channel",
        {"channel": "/meta/subscribe", "subscription": "/meta/connect"},
        [SUBSCRIBE_DENIED] * 4 + ["403:/meta/connect:Forbidden channel"],
    ),
    (
        "subscribing to nothing",
        {"channel": "/meta/subscribe"},
        ["403::subscription_missing"] * 4 + ["402:subscription:Missing required parameter"],
    ),
    (
        "subscribing to what is no channel",
        {"channel": "/meta/subscribe", "subscription": ["/a", "b"]},
        ["403::subscription_invalid"] * 4 + ["405:b:Invalid channel"],
    ),
    (
        "a meta channel that does not exist",
        {"channel": "/meta/smoke"},
        [CREATE_DENIED] * 2 + [CHANNEL_CREATE_DENIED] * 2 + ["403:/meta/smoke:Forbidden channel"],
    ),
    (
        "a message without a channel",
        {"data": 1},
        ["400::channel missing"] * 2 + ["400::channel_missing"] * 2 + ["405::Invalid channel"],
    ),
    (
        "a message to what is no channel",
        {"channel": "smoke", "data": 1},
        ["400::channel missing"] * 2 + ["405::channel_invalid"] * 2 + ["405:smoke:Invalid channel"],
    ),
    (
        "an odd connection type",
        {"channel": "/meta/connect", "connectionType": "smoke", "advice": {"timeout": 0}},
        [""] * 4 + ["301:smoke:Connection types not supported"],
    ),
    (
        "a connect without a connection type",
        {"channel": "/meta/connect", "advice": {"timeout": 0}},
        [""] * 4 + ["402:connectionType:Missing required parameter"],
    ),
    (
        "unsubscribing from what nobody listens to",
        {"channel": "/meta/unsubscribe", "subscription": "/never"},
        ["400::channel_missing"] * 4 + [""],
    ),
    (
        "subscribing to a service",
        {"channel": "/meta/subscribe", "subscription": "/service/x"},
        [""] * 4 + ["403:/service/x:Forbidden channel"],
    ),
    ("a publish without data", {"channel": "/a"}, [""] * 4 + ["402:data:Missing required parameter"]),
    ("a publish", {"channel": "/a", "data": 1}, [""] * 5),
]


@pytest.mark.parametrize(
    ("fields", "errors"), [row[1:] for row in FAILURES], ids=[row[0] for row in FAILURES]
)
@pytest.mark.parametrize("dialect", NAMES)
def test_what_is_refused_and_in_which_words(dialect: str, fields: dict[str, Any], errors: list[str]) -> None:
    script = script_in(dialect)
    desktop = subscribed_to(script, "/news")

    exchange = desktop.send(fields | {"id": "7", "clientId": desktop.client_id})

    error = errors[NAMES.index(dialect)]
    expected: dict[str, Any] = {"channel": fields.get("channel"), "successful": not error, "id": "7"}
    if error:
        expected["error"] = error
    if "subscription" in fields:
        expected["subscription"] = fields["subscription"]
    if fields.get("channel") == "/meta/connect":
        expected["advice"] = FAYE_AGAIN if error else TIMES
    if dialect == "faye" and not (error and fields.get("channel") == "/meta/connect"):
        expected["clientId"] = desktop.client_id
    script.expect(script.answer(exchange), Reply(0.0, [expected]))


@pytest.mark.parametrize("dialect", NAMES)
def test_only_faye_takes_a_publish_by_nobody(dialect: str) -> None:
    script = script_in(dialect)

    exchange = script.desktop().send({"channel": "/a", "data": 1})

    assert script.answer(exchange).body[0]["successful"] is (dialect == "faye")


@pytest.mark.parametrize("dialect", ["cometd2", "cometd3", "cometd5", "salesforce", "faye"])
def test_a_storm_of_handshakes_is_denied_where_too_many_clients_live_and_no_further(dialect: str) -> None:
    script = script_in(dialect)
    options = script.simulator.options
    script.simulator.options = msgspec.structs.replace(options, limits=Limits(clients=3))
    first = script.desktop()
    for desktop in (first, script.desktop(), script.desktop()):
        desktop.handshake()

    refused = [script.desktop().handshake() for _ in range(50)]
    first.disconnect()
    welcome = script.desktop().handshake()

    denied = {"channel": "/meta/handshake", "successful": False, "id": "1", "advice": {"reconnect": "none"}}
    error = "503::there are 3 Bayeux clients, and no more are taken"
    for exchange in refused:
        script.expect(script.answer(exchange).body, [denied | {"error": error}])
    assert script.answer(welcome).body[0]["successful"]
    assert len(script.simulator.bayeux.clients) == 3
    assert len(script.simulator.agents.all) <= 4


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"version": "1.0"}, "402:supportedConnectionTypes:Missing required parameter"),
        ({"supportedConnectionTypes": ["long-polling"]}, "402:version:Missing required parameter"),
        (
            {"version": "1.0", "supportedConnectionTypes": ["smoke", "fire"]},
            "301:smoke,fire:Connection types not supported",
        ),
    ],
)
def test_faye_minds_what_a_handshake_names(fields: dict[str, Any], error: str) -> None:
    script = script_in("faye")

    exchange = script.desktop().send({"channel": "/meta/handshake", "id": "1"} | fields)

    (reply,) = script.answer(exchange).body
    assert (reply["successful"], reply["error"], reply["advice"]) == (False, error, FAYE_AGAIN)


@pytest.mark.parametrize("dialect", NAMES)
def test_only_the_first_connect_of_faye_is_held(dialect: str) -> None:
    script = script_in(dialect)
    desktop = script.desktop()
    desktop.handshake()

    exchange = desktop.connect()

    assert script.waits(exchange) is (dialect == "faye")


@pytest.mark.parametrize("dialect", NAMES)
def test_events_stand_before_the_connect_and_with_faye_behind_it(dialect: str) -> None:
    script = script_in(dialect)
    desktop = subscribed_to(script, "/news")
    held = desktop.connect()

    script.push(desktop, "/news", 1)

    event, connected = (
        {"channel": "/news", "data": 1},
        script.answer(held).body[0 if dialect == "faye" else -1],
    )
    assert (connected["channel"], connected["id"]) == ("/meta/connect", "4")
    order = [connected, event] if dialect == "faye" else [event, connected]
    script.expect(script.answer(held).body, order)
    assert ("advice" in connected, "clientId" in connected) == (dialect == "faye", dialect == "faye")


@pytest.mark.parametrize("dialect", NAMES)
def test_events_ride_on_any_reply_but_with_faye_on_connects_only(dialect: str) -> None:
    script = script_in(dialect)
    desktop = subscribed_to(script, "/news")
    script.push(desktop, "/news", 1)

    exchange = desktop.subscribe("/more")

    assert len(script.answer(exchange).body) == (1 if dialect == "faye" else 2)
    assert script.waits(desktop.connect()) is (dialect != "faye")


@pytest.mark.parametrize(
    "status", [("cometd2", 408), ("cometd3", 500), ("cometd5", 500), ("salesforce", 500)]
)
def test_a_connect_overtaken_by_a_newer_one_ends_with_a_plain_status(status: tuple[str, int]) -> None:
    dialect, code = status
    script = script_in(dialect)
    desktop = subscribed_to(script, "/news")

    older, newer = desktop.connect(), desktop.connect()

    script.expect(script.answer(older), Reply(0.0, b"", code))
    assert script.waits(newer)


def test_faye_leaves_a_connect_that_was_overtaken_until_its_time_is_up() -> None:
    script = script_in("faye")
    desktop = subscribed_to(script, "/news")
    older = desktop.connect()
    script.advance(10)
    newer = desktop.connect()

    script.push(desktop, "/news", 1)
    alone = script.waits(older)
    script.advance(20)

    assert (alone, len(script.answer(newer).body)) == (True, 2)
    script.expect(script.answer(older), Reply(30.0, []))


@pytest.mark.parametrize(
    ("dialect", "broken", "empty", "handshake_in_company", "connect_in_company"),
    [
        ("cometd2", 400, 500, 500, 500),
        ("cometd3", 400, 500, 500, 200),
        ("cometd5", 500, 500, 500, 200),
        ("salesforce", 500, 500, 500, 200),
        ("faye", 400, 200, 200, 200),
    ],
)
def test_bodies_that_a_server_does_not_take(
    dialect: str, broken: int, empty: int, handshake_in_company: int, connect_in_company: int
) -> None:
    script = script_in(dialect)
    desktop = subscribed_to(script, "/news")
    greeting = desktop.message("handshake", version="1.0", supportedConnectionTypes=["long-polling"])
    connect = desktop.message("connect", connectionType="long-polling", advice={"timeout": 0})
    subscribe = desktop.message("subscribe", subscription="/more")

    exchanges = (
        desktop.say(b"{"),
        desktop.say(b"[]"),
        desktop.send(connect, subscribe),
        desktop.send(greeting, subscribe),
    )

    statuses = [script.answer(exchange).status for exchange in exchanges]
    script.expect(statuses, [broken, empty, connect_in_company, handshake_in_company])
    if dialect == "faye":
        script.expect(script.answer(exchanges[1]).body, [])


@pytest.mark.parametrize("dialect", NAMES)
def test_what_a_disconnect_says_to_the_connect_that_waits(dialect: str) -> None:
    script = script_in(dialect)
    desktop = subscribed_to(script, "/news")
    held = desktop.connect()

    exchange = desktop.disconnect()

    (farewell,), (goodbye,) = script.answer(held).body, script.answer(exchange).body
    assert farewell["successful"] is goodbye["successful"] is True
    script.expect(farewell["advice"], TIMES if dialect == "faye" else {"reconnect": "none"})
    assert "advice" not in goodbye


@pytest.mark.parametrize(
    ("dialect", "cookie"),
    [
        ("cometd2", "BAYEUX_BROWSER={}; Path=/"),
        ("cometd3", "BAYEUX_BROWSER={}; Path=/; HttpOnly"),
        ("cometd5", "BAYEUX_BROWSER={}; Path=/; HttpOnly"),
        ("salesforce", "BAYEUX_BROWSER={}; Path=/; HttpOnly"),
        ("faye", None),
    ],
)
def test_the_cookie_of_a_handshake(dialect: str, cookie: str | None) -> None:
    script = script_in(dialect)
    desktop = script.desktop()

    headers = dict(script.headers(desktop.handshake()))

    wanted = None if cookie is None else cookie.format(desktop.jar["BAYEUX_BROWSER"])
    assert headers.get("Set-Cookie") == wanted


def test_faye_passes_over_frames_it_cannot_read_and_closes_after_a_disconnect() -> None:
    script = script_in("faye")
    desktop = script.desktop()
    socket = desktop.open_socket()
    desktop.handshake()
    script.frames.clear()

    desktop.say(b"{")
    desktop.say(b"[]")
    closed_early = dict(script.closed)
    desktop.disconnect()

    assert closed_early == {}
    assert script.frames[socket][0].body == []
    assert script.closed[socket].code == 1000


def test_every_dialect_has_words_for_every_failure_and_its_own_name() -> None:
    dialects = [COMETD2, COMETD3, COMETD5, SALESFORCE, FAYE]

    assert [dialect.name for dialect in dialects] == NAMES
    assert len({frozenset(dialect.errors) for dialect in dialects}) == 1
