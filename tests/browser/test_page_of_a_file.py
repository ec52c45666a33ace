"""`show --html`: the same page as a file of its own, without a server."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from playwright.async_api import expect

from replay.cli.show import show
from replay.entries import Head
from replay.testing import Script, scenario
from tests.road.software import ROOT

from .looking import Looking, Person, point_at, shot, timeline

pytestmark = pytest.mark.live

SCENARIO = ROOT / "scenarios" / "accept-chat.yaml"
SCRIPT = "</script><script>alert(1)</script><img src=x onerror=alert(2)><!--"
STORY = """
faults:
  - {name: slow, fault: latency, where: {step: ask}, settings: {delay: 200ms}}
steps:
  - {id: hello, push: /a, after: start + 1s, data: 1}
  - {id: ask, request: POST /ask, respond: {after: 100ms, body: 1}}
"""


def page_of(file: Path, folder: Path) -> str:
    """The URL of the page that is made of a file."""
    page = folder / "page.html"
    CliRunner().invoke(show, [str(file), "--html", str(page)], catch_exceptions=False)
    return page.as_uri()


def journal_of(user: str, folder: Path) -> Path:
    """What `serve --journal` writes of a story in which a fault struck and something was missed."""
    script = Script(scenario(STORY))
    desktop = script.desktop(user)
    desktop.handshake()
    desktop.subscribe("/a")
    script.advance(1)
    desktop.post("/ask", {})
    script.advance(1)
    desktop.post("/nowhere", {})
    head = Head(replay="0", scenarios=["story"], seed=0, speed=1.0)
    file = folder / "journal.jsonl"
    file.write_bytes(head.line() + script.simulator.journal.lines())
    return file


def test_a_scenario_is_shown_as_it_goes_if_all_goes_as_written(look: Looking, tmp_path: Path) -> None:
    async def seen(person: Person) -> None:
        url = page_of(SCENARIO, tmp_path)
        page = await person.open(url)
        words = await timeline(page, "event invited", "event history")
        assert [line.partition(",")[0] for line in words if "event" in line] == [
            "1.497 s: event invited",
            "1.587 s: event chatting",
            "1.667 s: event participants",
            "1.807 s: event history",
        ]
        await page.locator(".entry-row", has_text="history").click()
        await expect(page.locator("#entry .json")).to_contain_text("accept + 310ms")
        await expect(page.locator("#buttons")).to_be_hidden()
        await shot(page, "scenario")
        assert person.requests == [url]

    look(seen)


def test_a_journal_is_shown_with_what_struck_and_what_was_missed(look: Looking, tmp_path: Path) -> None:
    async def seen(person: Person) -> None:
        url = page_of(journal_of("ann", tmp_path), tmp_path)
        page = await person.open(url)
        await timeline(page, "fault ask", "request ask", "miss")
        assert "struck by slow" in await point_at(page, "request ask")
        await expect(page.locator("#playing")).to_contain_text("journal of story, seed 0")
        await page.locator(".entry-row", has_text="slow").first.click()
        await page.locator("#entry .link", has_text="answer ask").click()
        await expect(page.locator("#entry")).to_contain_text("struck by")
        await page.get_by_role("tab", name="Misses").click()
        await expect(page.locator(".miss")).to_contain_text("POST /nowhere")
        assert person.requests == [url]

    look(seen)


def test_a_script_in_a_journal_does_not_end_the_one_that_shows_it(look: Looking, tmp_path: Path) -> None:
    async def seen(person: Person) -> None:
        page = await person.open(page_of(journal_of(SCRIPT, tmp_path), tmp_path))
        await page.locator(".agent-row", has_text="alert(1)").click()
        await expect(page.locator("#timeline h2")).to_have_text(SCRIPT)
        assert await page.locator("main img, main script").count() == 0

    look(seen)
