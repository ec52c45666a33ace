"""Subscriptions: what may be asked for, and what they bring."""

from __future__ import annotations

from typing import Any

import pytest

from replay.testing import Desktop, Event, Reply, Script


def subscribed(number: str, wanted: Any, verb: str = "subscribe") -> dict[str, Any]:
    return {"channel": f"/meta/{verb}", "successful": True, "id": number, "subscription": wanted}


def refused(number: str, error: str, **more: Any) -> dict[str, Any]:
    return {"channel": "/meta/subscribe", "successful": False, "id": number, "error": error} | more


@pytest.mark.parametrize("wanted", ["/a", ["/a"], ["/a", "/b", "/a"], "/a/*", "/a/**", "/service/x", "/ü ~"])
def test_a_subscription_is_answered_in_the_shape_it_was_asked(
    script: Script, desktop: Desktop, wanted: Any
) -> None:
    script.expect(script.answer(desktop.subscribe(wanted)), Reply(0.0, [subscribed("4", wanted)]))


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (None, "403::subscription_missing"),
        ([], "403::subscription_missing"),
        ("", "403::subscription_invalid"),
        ("/", "403::subscription_invalid"),
        ("news", "403::subscription_invalid"),
        ("/a//b", "403::subscription_invalid"),
        ("/a/", "403::subscription_invalid"),
        (7, "403::subscription_invalid"),
        ({}, "403::subscription_invalid"),
        (["/a", 7], "403::subscription_invalid"),
        (["/a", ["/b"]], "403::subscription_invalid"),
        ("/" + "x" * 1_000_000, "403::subscription_invalid"),
        ("/meta/connect", "403:denied_by_security_policy:subscribe_denied"),
        ("/meta/**", "403:denied_by_security_policy:subscribe_denied"),
        (["/a", "/meta/x"], "403:denied_by_security_policy:subscribe_denied"),
        ([f"/{n}" for n in range(1000)], "403:denied_by_security_policy:subscribe_denied"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_cannot_be_subscribed_is_refused_whole(
    script: Script, desktop: Desktop, wanted: Any, error: str
) -> None:
    exchange = desktop.subscribe(wanted)

    echo = {} if error == "403::subscription_missing" else {"subscription": wanted}
    script.expect(script.answer(exchange), Reply(0.0, [refused("4", error, **echo)]))
    assert list(script.simulator.bayeux.clients[desktop.client_id].subscriptions) == ["/news"]


def test_a_subscription_that_is_left_out_is_missing(script: Script, desktop: Desktop) -> None:
    exchange = desktop.send(desktop.message("subscribe"))

    script.expect(script.answer(exchange), Reply(0.0, [refused("4", "403::subscription_missing")]))


@pytest.mark.parametrize(
    ("pattern", "channel", "hears"),
    [
        ("/a", "/a", True),
        ("/a", "/a/b", False),
        ("/a/*", "/a/b", True),
        ("/a/*", "/a", False),
        ("/a/*", "/a/b/c", False),
        ("/a/*", "/ab", False),
        ("/a/**", "/a/b", True),
        ("/a/**", "/a/b/c/d", True),
        ("/a/**", "/a", False),
        ("/a/**", "/ab/c", False),
        ("/*", "/a", True),
        ("/*", "/a/b", False),
        ("/**", "/a/b", True),
        ("/a/*/c", "/a/b/c", False),
        ("/a.", "/ab", False),
        ("/unrelated", "/service/x", True),
    ],
)
def test_wildcards_reach_as_far_as_bayeux_says(
    script: Script, pattern: str, channel: str, hears: bool
) -> None:
    desktop = script.desktop()
    desktop.handshake()
    desktop.subscribe(pattern)

    script.push(desktop, channel, 1)
    desktop.connect()

    script.expect(desktop.events, [Event(0.0, channel, 1)] if hears else [])


def test_overlapping_subscriptions_bring_an_event_once_under_its_own_channel(
    script: Script, desktop: Desktop
) -> None:
    desktop.subscribe(["/news", "/*", "/**"])

    script.push(desktop, "/news", 1)
    desktop.connect()

    script.expect(desktop.events, [Event(0.0, "/news", 1)])


def test_nothing_comes_any_more_of_what_was_unsubscribed(script: Script, desktop: Desktop) -> None:
    exchange = desktop.send(desktop.message("unsubscribe", subscription=["/news"]))
    script.push(desktop, "/news", 1)
    desktop.connect()

    script.expect(script.answer(exchange), Reply(0.0, [subscribed("4", ["/news"], "unsubscribe")]))
    script.expect(desktop.events, [])


def test_to_unsubscribe_from_what_only_others_hear_is_no_failure_but_from_what_nobody_hears_is(
    script: Script, desktop: Desktop
) -> None:
    other = script.desktop()
    other.handshake()
    other.subscribe("/theirs")

    unknown, theirs = (
        desktop.send(desktop.message("unsubscribe", subscription=channel)) for channel in ("/no", "/theirs")
    )

    script.expect(
        script.answer(unknown).body,
        [subscribed("4", "/no", "unsubscribe") | {"successful": False, "error": "400::channel_missing"}],
    )
    script.expect(script.answer(theirs).body, [subscribed("5", "/theirs", "unsubscribe")])


def test_replies_to_a_batch_come_after_the_events_that_waited(script: Script, desktop: Desktop) -> None:
    script.push(desktop, "/news", 1)
    script.push(desktop, "/news", 2)

    exchange = desktop.send(
        desktop.message("subscribe", subscription="/a"),
        {"channel": "/news", "data": "from a client", "clientId": desktop.client_id, "id": "p"},
        desktop.message("unsubscribe", subscription="/a"),
    )

    script.expect(
        script.answer(exchange).body,
        [
            {"channel": "/news", "data": 1},
            {"channel": "/news", "data": 2},
            subscribed("4", "/a"),
            {"channel": "/news", "successful": True, "id": "p"},
            subscribed("5", "/a", "unsubscribe"),
        ],
    )


@pytest.mark.parametrize(
    ("channel", "error"),
    [
        (None, "400::channel missing"),
        (7, "400::channel missing"),
        ({}, "400::channel missing"),
        ("", "400::channel missing"),
        ("news", "400::channel missing"),
        ("/" + "x" * 1000, "400::channel missing"),
        ("/meta/unheard-of", "403:denied_by_security_policy:create denied"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_message_to_no_channel_is_refused(
    script: Script, desktop: Desktop, channel: Any, error: str
) -> None:
    exchange = desktop.send({"channel": channel, "id": "x", "data": 1, "clientId": desktop.client_id})

    reply = {"channel": channel, "successful": False, "id": "x", "error": error}
    script.expect(script.answer(exchange), Reply(0.0, [reply]))
