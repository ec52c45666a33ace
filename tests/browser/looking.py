"""A person at the page: one Chromium for all tests, and pages on which nothing may go wrong."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, Playwright, async_playwright

from replay.server.served import Served
from tests.road.software import UPSTREAM, node

from .chromium import chromium

WIDE = {"width": 1440, "height": 860}
PATIENCE = 20_000
"""Milliseconds for what a page waits for: generous, since CI machines stall."""

Look = Callable[["Person"], Coroutine[Any, Any, None]]


class Looking:
    """A Chromium on a loop in a thread, so that tests with loops of their own are not in its way."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._run(self._open())

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(120)

    async def _open(self) -> None:
        self._playwright: Playwright = await async_playwright().start()
        flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server"]
        self._browser: Browser = await self._playwright.chromium.launch(
            executable_path=chromium(), args=flags
        )

    def __call__(self, look: Look) -> None:
        """Does what a test does, and fails if a page had anything to complain of."""
        person = Person(self._browser)
        self._run(self._look(look, person))
        assert person.troubles == []

    async def _look(self, look: Look, person: Person) -> None:
        try:
            await look(person)
        finally:
            await person.leave()

    def close(self) -> None:
        """Ends it."""
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        await self._browser.close()
        await self._playwright.stop()


class Person:
    """Who looks at pages in a test."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[Any] = []
        self.troubles: list[str] = []
        """Errors in the console, of scripts, and dialogs that a page has opened."""
        self.requests: list[str] = []
        """URLs of all that pages have asked for."""

    async def open(self, url: str, **settings: Any) -> Page:
        """Another page."""
        context = await self._browser.new_context(**{"viewport": WIDE} | settings)
        self._contexts.append(context)
        page: Page = await context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda said: self._heard(said.type, said.text))
        page.on("pageerror", lambda error: self.troubles.append(f"{error} {error.stack}"))
        page.on("dialog", lambda dialog: self.troubles.append(f"a dialog: {dialog.message}"))
        page.on("request", lambda request: self.requests.append(request.url))
        await page.goto(url)
        return page

    def _heard(self, kind: str, text: str) -> None:
        # A page that is left open when its server ends asks on, as it should.
        if kind in {"error", "warning"} and "net::ERR_" not in text:
            self.troubles.append(text)

    async def leave(self) -> None:
        """Closes all pages."""
        for context in self._contexts:
            await context.close()


def page_of(simulator: Served) -> str:
    """Where a simulator's page is."""
    return f"{simulator.control_url}/"


async def timeline(page: Page, *wanted: str) -> list[str]:
    """What the timeline has in sight, in words and in order, once all that is wanted is there."""
    told = page.locator("#timeline ol li")
    for each in wanted:
        await told.filter(has_text=each).first.wait_for(state="attached")
    return await told.all_inner_texts()


async def point_at(page: Page, what: str) -> str:
    """What the timeline says of a mark when the pointer stands on it, all being in sight."""
    await page.get_by_role("button", name="Show all there is").click()
    mark = page.locator("#timeline ol li").filter(has_text=what).first
    box = await page.locator("#timeline canvas").bounding_box()
    assert box is not None
    step = what.partition(" ")[2]
    async with asyncio.timeout(PATIENCE / 1000):
        # Where it stands is told a little after it is drawn.
        while True:
            x, y = [int(await mark.get_attribute(f"data-{axis}") or 0) for axis in "xy"]
            await page.mouse.move(box["x"] + x, box["y"] + y)
            tip = page.locator(".tip")
            said = await tip.inner_text() if await tip.is_visible() else ""
            if step in said.partition("\n")[0]:
                return said


async def shot(page: Page, name: str) -> None:
    """Keeps what a page looks like, in light and in dark, in the folder that `REPLAY_SHOTS` names."""
    kept = os.environ.get("REPLAY_SHOTS")
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        if kept:
            await page.screenshot(path=Path(kept) / f"{name}-{scheme}.png")


@asynccontextmanager
async def node_agent(url: str, *flags: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A desktop on npm's cometd: it stays until the block ends, and has ended well then."""
    command = [node(), str(UPSTREAM / "agent.js"), "--url", url, "--stay", "--timeout", "120000", *flags]
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL
    )
    assert process.stdin is not None
    try:
        yield process
        process.stdin.close()
        assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
