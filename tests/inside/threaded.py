"""Lives of a simulator in a thread of its own, as pytest's fixture has it: its user blocks."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

import httpx

import replay
from replay.errors import SurroundingsError
from replay.server.simulated import Simulated

from .lives import EVENTS, STORY, Life


def _simulated(**settings: Any) -> Simulated:
    return Simulated(replay.serve(STORY, **{"speed": "max", **settings}))


def _say(http: httpx.Client, url: str, verb: str, **fields: Any) -> list[Any]:
    """One Bayeux message; returns what comes back."""
    answer = http.post(url, json=[{"id": "1", "channel": f"/meta/{verb}", **fields}], timeout=30)
    said: list[Any] = answer.json()
    return said


def an_accept_to_its_end_by_whoever_blocks() -> None:
    with _simulated() as simulator, httpx.Client() as http:
        url = simulator.cometd_url
        client = {"clientId": _say(http, url, "handshake", version="1.0")[0]["clientId"]}
        _say(http, url, "subscribe", subscription="/v2/me/chats", **client)
        events: list[Any] = []
        while len(events) < EVENTS:
            said = _say(http, url, "connect", connectionType="long-polling", **client)
            for event in (each for each in said if "data" in each):
                events.append(event["data"])
                if len(events) == 1:
                    chat = f"{simulator.url}/api/v2/me/chats/{event['data']['chat']['id']}"
                    http.post(chat, json={"operationName": "Accept", "nickname": "Eva"}).raise_for_status()
        assert [row.agent for row in simulator.agents] == ["#1"]


def nobody_comes_and_somebody_looks() -> None:
    with _simulated(clock="manual", control_port=0) as simulator:
        assert simulator.journal == []
        with simulator.fault("hang", where={"step": "accept"}):
            assert len(simulator.faults) == 1


def its_test_fails_while_a_poll_is_held() -> None:
    polls: list[threading.Thread] = []

    def poll(url: str, **client: Any) -> None:
        with httpx.Client() as http, suppress(httpx.HTTPError):
            _say(http, url, "connect", connectionType="long-polling", **client)

    with suppress(ZeroDivisionError), _simulated(clock="manual") as simulator, httpx.Client() as http:
        name = _say(http, simulator.cometd_url, "handshake", version="1.0")[0]["clientId"]
        polls.append(threading.Thread(target=poll, args=(simulator.cometd_url,), kwargs={"clientId": name}))
        polls[0].start()
        raise ZeroDivisionError
    polls[0].join()


def its_port_is_in_use_by_another() -> None:
    with _simulated() as simulator:
        second = _simulated(port=int(simulator.url.rpartition(":")[2]))
        with suppress(SurroundingsError), second:
            raise AssertionError


THREADED: tuple[Life, ...] = (
    an_accept_to_its_end_by_whoever_blocks,
    nobody_comes_and_somebody_looks,
    its_test_fails_while_a_poll_is_held,
    its_port_is_in_use_by_another,
)
