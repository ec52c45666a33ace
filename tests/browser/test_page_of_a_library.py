"""The page where very many scenarios are played, most of them on request."""

from __future__ import annotations

import aiohttp
import msgspec
import pytest
from playwright.async_api import expect

import replay
from replay.scenario.load import load
from replay.scenario.model import Scenario

from .looking import Looking, Person, page_of, shot
from .test_page import SCENARIO, client

pytestmark = pytest.mark.live


def scenarios() -> list[Scenario]:
    """A desk, and forty more to be asked for."""
    story = load(SCENARIO)
    others = [
        msgspec.structs.replace(story, name=f"chat-{number}", about=f"Shows {word}.", offered="on-request")
        for number, word in enumerate(("a transfer", "a consult", "an error", "a day") * 10)
    ]
    return [msgspec.structs.replace(story, name="desk", about="A whole day."), *others]


def test_one_of_forty_scenarios_is_found_by_a_word_and_offered(look: Looking) -> None:
    async def seen(person: Person) -> None:
        async with (
            replay.serve(*scenarios(), speed="max") as simulator,
            aiohttp.ClientSession() as http,
        ):
            page = await person.open(page_of(simulator))
            await client(simulator, http)
            await page.get_by_role("button", name="Offer a chat").click()
            dialog = page.get_by_role("dialog")
            found = dialog.get_by_role("listbox", name="scenarios").get_by_role("option")
            await expect(found).to_have_count(41)
            await expect(dialog).to_contain_text("A whole day. Agents who come get it by themselves.")
            await shot(page, "library")
            await page.keyboard.type("CONSULT")
            await expect(found).to_have_count(10)
            await expect(dialog).not_to_contain_text("by themselves")
            await page.keyboard.type(" nobody")
            await expect(found).to_have_count(0)
            await page.keyboard.press("Enter")
            await expect(dialog).to_contain_text("No scenario is chosen")
            await dialog.get_by_role("searchbox").fill("chat-21")
            await page.keyboard.press("Enter")
            await expect(dialog).to_have_count(0)
            await expect(page.locator(".entry-row", has_text="chat-21#1").first).to_be_visible()

    look(seen)


def test_one_of_very_many_steps_is_found_and_pushed(look: Looking) -> None:
    async def seen(person: Person) -> None:
        async with (
            replay.serve(*scenarios(), speed="max") as simulator,
            aiohttp.ClientSession() as http,
        ):
            page = await person.open(page_of(simulator))
            await client(simulator, http)
            await page.get_by_role("button", name="Push an event").click()
            dialog = page.get_by_role("dialog")
            await dialog.get_by_role("searchbox").fill("history (desk)")
            await expect(dialog.get_by_role("option")).to_have_count(1)
            await dialog.get_by_role("button", name="Push").click()
            await expect(dialog).to_have_count(0)
            await expect(page.locator(".entry-row.k-event", has_text="history")).to_have_count(2)

    look(seen)
