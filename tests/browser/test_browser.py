"""cometd.js in a real browser, in a page of another origin: invite, Accept, three events, goodbye."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.certificates import self_signed
from tests.road.software import ROOT, node, replayer

from .chromium import Seen, look

pytestmark = pytest.mark.live

SCENARIO = ROOT / "scenarios" / "accept-chat.yaml"
CLIENTS = [
    pytest.param("3.1", "long-polling"),
    pytest.param("3.1", "callback-polling", marks=pytest.mark.full),
    pytest.param("3.1", "websocket", marks=pytest.mark.full),
    pytest.param("9", "long-polling", marks=pytest.mark.full),
    pytest.param("9", "callback-polling", marks=pytest.mark.full),
    pytest.param("9", "websocket"),
]


@pytest.fixture(scope="module", autouse=True)
def _libraries() -> None:
    node()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with replayer(SCENARIO) as url:
        yield url


@pytest.mark.parametrize(("cometd", "transport"), CLIENTS)
def test_a_desktop_in_a_page_of_another_origin_plays_its_part(
    url: str, tmp_path: Path, cometd: str, transport: str
) -> None:
    check(look(url, tmp_path / "profile", cometd=cometd, transport=transport), transport)


@pytest.mark.full
@pytest.mark.parametrize("transport", ["long-polling", "callback-polling", "websocket"])
def test_a_gadget_of_another_site_on_https_has_its_cookies(tmp_path: Path, transport: str) -> None:
    certificate = self_signed(tmp_path)
    tls = ("--tls", *map(str, certificate))
    with replayer(SCENARIO, *tls) as url:
        # To a browser `localhost` is another site than 127.0.0.1.
        seen = look(
            url,
            tmp_path / "profile",
            cometd="9",
            transport=transport,
            host="localhost",
            certificate=certificate,
        )
    check(seen, transport)


def check(seen: list[Seen], transport: str) -> None:
    assert [each for each in seen if each["kind"] == "failure"] == []
    assert seen[0] == {"kind": "handshake", "transport": transport}
    events = [each["data"] for each in seen if each["kind"] == "event"]
    chat = events[0]["chat"]["id"]
    assert [story(event) for event in events] == [
        ("StatusChange", "Invited"),
        ("StatusChange", "Chatting"),
        ("ParticipantsUpdated", "Chatting"),
        ("NewMessages", ""),
    ]
    accept, me, nobody = (each for each in seen if each["kind"] == "answer")
    assert (accept["path"], accept["status"]) == (f"/api/v2/me/chats/{chat}", 200)
    assert (me["credentials"], me["status"], me["body"]["user"]["firstName"]) == ("include", 200, "Marat")
    # Without its cookie nobody can tell it from the other agent: so it was the cookie that told.
    assert nobody["body"]["replay"]["why"].startswith("say whose request it is: several agents are here")


def story(event: Any) -> tuple[str, str]:
    return event["notificationType"], event.get("chat", {}).get("state", "")
