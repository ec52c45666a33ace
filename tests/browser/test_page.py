"""The page at the control prefix, in a real browser, with a real client at the simulator."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Page, Route, expect

import replay
from replay.server.served import Served
from tests.road.software import ROOT

from .looking import Looking, Person, node_agent, page_of, point_at, shot, timeline

pytestmark = pytest.mark.live

SCENARIO = ROOT / "scenarios" / "accept-chat.yaml"
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>"


async def client(
    simulator: Served, http: aiohttp.ClientSession, *, user: str = "", nickname: str = "Marat"
) -> None:
    """Somebody who has been offered a chat and has accepted it, as fast as that goes by hand."""
    headers = {"Authorization": aiohttp.encode_basic_auth(user, "secret", "utf-8")} if user else {}

    async def bayeux(**message: Any) -> list[dict[str, Any]]:
        async with http.post(simulator.cometd_url, json=[message], headers=headers) as answer:
            found: list[dict[str, Any]] = await answer.json()
            return found

    shaken = await bayeux(
        channel="/meta/handshake", version="1.0", supportedConnectionTypes=["long-polling"], id="1"
    )
    named = {"clientId": shaken[0]["clientId"]}
    await bayeux(channel="/meta/subscribe", subscription="/v2/me/chats", id="2", **named)
    events: list[dict[str, Any]] = []
    while not events:
        told = await bayeux(channel="/meta/connect", connectionType="long-polling", id="3", **named)
        events = [each for each in told if "data" in each]
    chat = events[0]["data"]["chat"]["id"]
    body = {"operationName": "Accept", "nickname": nickname}
    url = f"{simulator.url}/api/v2/me/chats/{chat}"
    async with http.post(url, json=body, headers=headers) as answer:
        await answer.read()


def test_a_person_sees_a_desktop_accept_a_chat_and_its_three_events_in_order(look: Looking) -> None:
    async def seen(person: Person) -> None:
        async with replay.serve(SCENARIO) as simulator:
            page = await person.open(page_of(simulator))
            await expect(page.locator("#live")).to_have_text("live")
            async with node_agent(simulator.url, "--get-me"):
                words = await timeline(page, "event invited", "event history")
                order = [line.partition(": ")[2].partition(",")[0] for line in words]
                story = [each for each in order if each.startswith(("event", "request"))]
                assert story == [
                    "request me",
                    "event invited",
                    "request accept",
                    "event chatting",
                    "event participants",
                    "event history",
                ]
                await page.locator(".agent-row", has_text="#1").click()
                await expect(page.locator("#waiting")).to_contain_text("accept-chat#1")
                assert "answered 200 after 38 ms" in await point_at(page, "request accept")
                await page.locator(".entry-row", has_text="participants").click()
                await expect(page.locator("#entry .json")).to_contain_text('"step": "participants"')
                await shot(page, "story")

    look(seen)


def test_a_fault_switched_on_by_a_click_strikes_the_next_accept(look: Looking) -> None:
    fault = {"fault": "status", "name": "busy", "where": {"step": "accept"}, "settings": {"status": 503}}

    async def seen(person: Person) -> None:
        jar = aiohttp.DummyCookieJar()
        async with (
            replay.serve(SCENARIO, speed="max", faults=[fault]) as simulator,
            aiohttp.ClientSession(cookie_jar=jar) as http,
        ):
            await http.patch(f"{simulator.control_url}/faults/busy", json={"on": False})
            page = await person.open(page_of(simulator))
            await page.get_by_role("button", name="Faults").click()
            switch = page.get_by_role("switch", name="busy")
            await expect(switch).to_have_attribute("aria-checked", "false")
            await switch.click()
            await expect(switch).to_have_attribute("aria-checked", "true")
            await client(simulator, http)
            await expect(page.locator(".rule", has_text="busy")).to_contain_text("struck 1 of 1")
            await page.get_by_role("button", name="Close").last.click()
            await expect(page.locator(".entry-row.k-fault")).to_contain_text("busy")
            await timeline(page, "fault accept", "answer accept")
            assert "struck by busy" in await point_at(page, "answer accept")

    look(seen)


def test_a_clock_moved_by_a_click_brings_what_is_due(look: Looking) -> None:
    async def seen(person: Person) -> None:
        async with replay.serve(SCENARIO, clock="manual") as simulator, aiohttp.ClientSession() as http:
            page = await person.open(page_of(simulator))
            handshake = {"channel": "/meta/handshake", "version": "1.0", "id": "1"}
            offer = {"supportedConnectionTypes": ["long-polling"]}
            async with http.post(simulator.cometd_url, json=[handshake | offer]) as answer:
                named = {"clientId": (await answer.json())[0]["clientId"]}
            subscribe = {"channel": "/meta/subscribe", "subscription": "/v2/me/chats", "id": "2"}
            await http.post(simulator.cometd_url, json=[subscribe | named])
            await page.locator(".agent-row", has_text="#1").click()
            await expect(page.locator("#waiting")).to_contain_text("in 1.2 s")
            await page.get_by_role("button", name="+1s", exact=True).click()
            await expect(page.locator("#waiting")).to_contain_text("in 0.2 s")
            await page.get_by_label("How far to move the clock").fill("300ms")
            await page.get_by_role("button", name="Move").click()
            await timeline(page, "event invited")
            await expect(page.locator("#figures")).to_contain_text("1.300")

    look(seen)


def test_scripts_in_names_and_texts_are_text(look: Looking) -> None:
    async def seen(person: Person) -> None:
        async with replay.serve(SCENARIO, speed="max") as simulator, aiohttp.ClientSession() as http:
            page = await person.open(page_of(simulator))
            await client(simulator, http, user=SCRIPT, nickname=SCRIPT)
            await page.locator(".agent-row", has_text=SCRIPT).click()
            await page.locator("#waiting .values summary").first.click()
            await expect(page.locator("#waiting .values")).to_contain_text(SCRIPT)
            await page.keyboard.press("e")
            await page.get_by_label("Typed by hand").check()
            await page.get_by_label("Channel").fill("/v2/me/chats")
            await page.get_by_label("Data").fill(json.dumps({"text": SCRIPT}))
            await page.get_by_role("button", name="Push", exact=True).click()
            await expect(page.locator("dialog")).to_have_count(0)
            await page.locator(".entry-row").last.click()
            await expect(page.locator("#entry")).to_contain_text(SCRIPT)
            await point_at(page, "event")
            assert await page.locator("main img, main script").count() == 0

    look(seen)


def test_all_that_matters_is_done_with_keys_alone(look: Looking) -> None:
    async def seen(person: Person) -> None:
        async with replay.serve(SCENARIO, speed="max") as simulator, aiohttp.ClientSession() as http:
            page = await person.open(page_of(simulator))
            await client(simulator, http, user="ann")
            await expect(page.locator(".agent-row", has_text="ann")).to_be_visible()
            await press(page, "a", "ArrowDown")
            await expect(page.locator("#waiting h2")).to_have_text("ann")
            await press(page, "j", "End", "Enter")
            await expect(page.locator("#entry .json")).to_be_focused()
            before = await page.locator(".entry-row.k-event").count()
            await press(page, "e", "Tab", "Enter")
            await expect(page.locator(".toast")).to_contain_text("told to 1 client")
            await expect(page.locator(".entry-row.k-event")).to_have_count(before + 1)
            await press(page, "m", "j", "End")
            await expect(page.locator(".entry-row").last).to_be_visible()
            await press(page, "t", "p", "Enter")
            await expect(page.get_by_role("listbox", name="Journal")).to_be_focused()
            await press(page, "?")
            await expect(page.get_by_role("dialog")).to_contain_text("push an event")
            await press(page, "Escape", "Escape")
            await expect(page.locator("#waiting")).to_be_hidden()

    look(seen)


async def press(page: Page, *keys: str) -> None:
    for key in keys:
        await page.keyboard.press(key)
        if await page.locator("dialog").count() == 0 and key in {"e", "x", "o", "?"}:
            await page.locator("dialog").wait_for()


def test_two_pages_show_the_same_and_what_one_does_the_other_sees(look: Looking) -> None:
    async def seen(person: Person) -> None:
        async with replay.serve(SCENARIO, speed="max") as simulator, aiohttp.ClientSession() as http:
            one = await person.open(page_of(simulator))
            other = await person.open(page_of(simulator), color_scheme="dark")
            await client(simulator, http)
            await one.get_by_role("button", name="Offer a chat").click()
            await one.get_by_role("button", name="Offer", exact=True).click()
            for page in (one, other):
                await expect(page.locator(".entry-row", has_text="accept-chat#2").first).to_be_visible()

    look(seen)


def test_a_reset_asks_first_and_empties_every_page(look: Looking) -> None:
    async def seen(person: Person) -> None:
        async with replay.serve(SCENARIO, speed="max") as simulator, aiohttp.ClientSession() as http:
            page = await person.open(page_of(simulator))
            await client(simulator, http)
            await expect(page.locator(".entry-row.k-event").first).to_be_visible()
            await page.get_by_role("button", name="Reset").click()
            await page.get_by_role("dialog").get_by_role("button", name="Reset").click()
            await expect(page.locator(".entry-row")).to_have_count(1)
            await expect(page.locator(".entry-row")).to_contain_text("reset")

    look(seen)


def test_a_scenario_that_is_refused_is_news_until_it_is_read(look: Looking) -> None:
    detail = {"name": "accept-chat", "problems": ["story.yaml:3:1: <b>no</b>"]}
    refused = {"number": 1, "at": 1.0, "kind": "scenario", "agent": "", "detail": detail}

    async def seen(person: Person) -> None:
        async with replay.serve(SCENARIO) as simulator:
            page = await person.open(page_of(simulator))

            async def tell(route: Route) -> None:
                await route.fulfill(body=json.dumps({"entries": [refused]}) + "\n")

            await page.route("**/stream?*", tell)
            await page.reload()
            await expect(page.locator("#news")).to_contain_text("story.yaml:3:1: <b>no</b>")
            await page.locator("#news").get_by_role("button", name="Close").click()
            await expect(page.locator("#news")).to_be_hidden()

    look(seen)


def test_what_the_server_refuses_is_said_in_words_and_the_dialog_stays(look: Looking) -> None:
    async def seen(person: Person) -> None:
        async with replay.serve(SCENARIO) as simulator:
            page = await person.open(page_of(simulator))
            await page.get_by_role("button", name="Push an event").click()
            await page.get_by_label("Agent").last.fill("nobody")
            await page.get_by_label("Typed by hand").check()
            await page.get_by_label("Data").fill("{")
            await page.get_by_role("button", name="Push", exact=True).click()
            await expect(page.get_by_role("alert").last).to_contain_text("This is no JSON")
            await page.get_by_label("Data").fill("{}")
            await page.get_by_role("button", name="Push", exact=True).click()
            await expect(page.get_by_role("alert").last).to_contain_text("Nobody has come yet")
        # Browsers say so of every answer that is no success.
        person.troubles[:] = [each for each in person.troubles if "the server responded" not in each]

    look(seen)


def test_a_miss_says_what_differs_and_what_to_run(look: Looking) -> None:
    async def seen(person: Person) -> None:
        async with replay.serve(SCENARIO, speed="max") as simulator, aiohttp.ClientSession() as http:
            page = await person.open(page_of(simulator))
            await client(simulator, http, user="ann")
            headers = {"Authorization": aiohttp.encode_basic_auth("ann", "secret")}
            await http.get(f"{simulator.url}/api/v2/mee", headers=headers)
            await page.get_by_role("tab", name="Misses 1").click()
            row = page.locator(".miss tbody tr")
            await expect(row).to_contain_text("/api/v2/mee")
            await expect(page.locator(".miss .command code")).to_contain_text("curl")
            await page.locator(".miss .link").click()
            await expect(page.locator("#entry .json")).to_contain_text("GET /api/v2/mee")

    look(seen)


def test_a_page_of_a_server_with_a_token_asks_for_it_and_again_when_it_is_wrong(look: Looking) -> None:
    async def seen(person: Person) -> None:
        async with replay.serve(SCENARIO, admin_token="open-sesame") as simulator:
            page = await person.open(page_of(simulator))
            for token, told in (("wrong", "is steered with a token"), ("open-sesame", "not the right one")):
                dialog = page.get_by_role("dialog")
                await expect(dialog).to_contain_text(told)
                await dialog.get_by_label("Token").fill(token)
                await dialog.get_by_role("button", name="Use it").click()
            await expect(page.locator("#live")).to_have_text("live")
            await page.reload()
            await expect(page.locator("#live")).to_have_text("live")
        person.troubles[:] = [each for each in person.troubles if "the server responded" not in each]

    look(seen)
