"""The page with a thousand agents: only what is seen is in it, and it stays quick with the whole journal."""

from __future__ import annotations

import asyncio
import re
import threading
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Page, expect

import replay
from replay.entries import Entry
from replay.journal import Journal
from replay.server.served import Served
from replay.server.ui import still_page
from tests.road.software import ROOT

from .looking import Looking, Person, page_of, timeline

pytestmark = pytest.mark.live

SCENARIO = ROOT / "scenarios" / "accept-chat.yaml"
AGENTS = 1000
STEPS = ("request", "answer", "event", "event")
WATCH = """() => {
  const ask = window.requestAnimationFrame.bind(window);
  window.work = [];
  window.requestAnimationFrame = (draw) => ask((now) => {
    const begun = performance.now();
    draw(now);
    window.work.push(performance.now() - begun);
  });
  window.frames_seen = [];
  let last = performance.now();
  const frame = (now) => { window.frames_seen.push(now - last); last = now; ask(frame); };
  ask(frame);
}"""
TAKE = "() => [window.work, window.frames_seen].map((times) => times.splice(0).sort((a, b) => a - b))"


def entries(wanted: int, *, begin: float = 0.0) -> list[Entry]:
    """What happens to all agents in turn."""
    journal = Journal()
    happens(journal, wanted, begin=begin)
    return list(journal)


def happens(journal: Journal, wanted: int, *, begin: float = 0.0) -> None:
    for n in range(wanted):
        turn, agent = divmod(n, AGENTS)
        kind: Any = STEPS[turn % 4]
        detail: dict[str, Any] = {"status": 200} if kind == "answer" else {}
        if kind == "event":
            detail = {"channel": "/v2/me/chats"} | ({"faults": ["slow"]} if turn % 7 == 0 else {})
        late = 0.02 if n % 11 == 0 else 0.0
        step = "accept" if kind in {"request", "answer"} else "chatting"
        at = begin + turn * 0.4 + agent * 0.0003
        journal.add(kind, at, f"user{agent + 1}", "accept-chat#1", step, late, detail)


async def in_the_page(page: Page) -> int:
    return await page.locator("main *").count()


def test_of_a_thousand_agents_only_those_that_are_seen_are_in_the_page(look: Looking, tmp_path: Path) -> None:
    file = tmp_path / "journal.html"
    file.write_bytes(still_page({"title": "many", "planned": False, "entries": entries(10 * AGENTS)}, "many"))

    async def seen(person: Person) -> None:
        page = await person.open(file.as_uri())
        await expect(page.locator(".tabs")).to_contain_text("10,000")
        await expect(page.locator("#agents .head")).to_contain_text("1,000")
        assert await in_the_page(page) < 900
        await page.get_by_label("Find an agent").fill("user99")
        await expect(page.locator("#agents .head")).to_contain_text("11 of 1,000")
        await page.locator(".agent-row", has_text="user998").click()
        await expect(page.locator(".tabs")).to_contain_text("10 of 10,000")
        await page.get_by_role("button", name="Show all there is").click()
        assert len(await timeline(page, "3.099 s: event chatting")) == 7
        await expect(page.locator(".entry-row").first).to_contain_text("user998")

    look(seen)


@pytest.mark.full
def test_no_frame_takes_long_with_a_thousand_agents_and_a_full_journal(look: Looking) -> None:
    figures: dict[str, float] = {}

    async def seen(person: Person) -> None:
        async with replay.serve(SCENARIO) as simulator, aiohttp.ClientSession() as http:
            await come(simulator, http)
            happens(simulator.server.stage.simulator.journal, 100_000)
            page = await person.open(page_of(simulator))
            await expect(page.locator(".tabs")).to_contain_text(re.compile(r"10\d,\d{3}"), timeout=20_000)
            await page.evaluate(WATCH)
            streaming = asyncio.create_task(stream(simulator))
            for what, work in (
                ("timeline scrolled", wheel(page, "#timeline canvas", 0, 400)),
                ("timeline zoomed", wheel(page, "#timeline canvas", 0, 60, "Control")),
                ("timeline moved", wheel(page, "#timeline canvas", 120, 0)),
                ("journal scrolled", wheel(page, "#journal .long", 0, 3000)),
                ("agents scrolled", wheel(page, "#agents .long", 0, 900)),
                ("journal searched", search(page)),
            ):
                await page.evaluate(TAKE)
                await work
                for name, times in zip(("work", "frames"), await page.evaluate(TAKE), strict=True):
                    median, most, worst = (times[int(len(times) * share)] for share in (0.5, 0.99, 0.9999))
                    print(f"{what}: {name} median {median:.1f} ms, p99 {most:.1f} ms, worst {worst:.1f} ms")
                    figures[f"{what}: {name}"] = worst if name == "work" else most
            streaming.cancel()
        assert max(figures.values()) < 100, figures

    look(seen)


async def come(simulator: Served, http: aiohttp.ClientSession) -> None:
    """A thousand agents that listen."""

    async def one(number: int) -> None:
        headers = {"Authorization": aiohttp.encode_basic_auth(f"user{number}", "secret")}
        shake: dict[str, Any] = {"channel": "/meta/handshake", "version": "1.0", "id": "1"}
        shake["supportedConnectionTypes"] = ["long-polling"]
        async with http.post(simulator.cometd_url, json=[shake], headers=headers) as answer:
            client = (await answer.json())[0]["clientId"]
        listen = {"channel": "/meta/subscribe", "subscription": "/v2/me/chats", "clientId": client}
        async with http.post(simulator.cometd_url, json=[listen], headers=headers) as answer:
            await answer.read()

    for begin in range(1, AGENTS + 1, 50):
        await asyncio.gather(*map(one, range(begin, begin + 50)))


async def stream(simulator: Served) -> None:
    """Two thousand entries a second, while the page is looked at."""
    begin = 40.0
    while True:
        await asyncio.get_running_loop().run_in_executor(None, pause)
        begin += 0.1
        happens(simulator.server.stage.simulator.journal, 200, begin=begin)


def pause() -> None:
    """A tenth of a second."""
    threading.Event().wait(0.1)


async def wheel(page: Page, where: str, dx: float, dy: float, held: str = "") -> None:
    """Turns the wheel for a while, to and fro."""
    await page.locator(where).first.hover()
    if held:
        await page.keyboard.down(held)
    for turn in range(120):
        sign = 1 if turn % 60 < 30 else -1
        await page.mouse.wheel(sign * dx, sign * dy)
        await page.evaluate("new Promise(requestAnimationFrame)")
    if held:
        await page.keyboard.up(held)


async def search(page: Page) -> None:
    """Types what has to be looked for in all entries."""
    for text in ("slow", "user77", "no such thing", ""):
        await page.get_by_label("Any text").fill(text)
        for _ in range(40):
            await page.evaluate("new Promise(requestAnimationFrame)")
