"""The desk of examples/ in a real browser, at work on what `replay serve` plays by itself."""

from __future__ import annotations

import asyncio
import itertools
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

import replay
from tests.recipes.recipe import commands
from tests.road.software import ROOT, Process, replayer

from .looking import PATIENCE, Looking, Person, shot

pytestmark = pytest.mark.live

DESK = ROOT / "examples" / "desk"
CONSULT = """
version: 1
name: consult
extends: chat/consult
variables:
  agent_chats: {told: {field: chat, of: plays, unless: {state: [Completed, Revoked]}}}
  agent_messages: {told: {field: messages, all: true}}
session:
  - id: chats
    agent: asking
    request: GET /api/v2/me/chats?fields=*
    respond: &chats {body: {statusCode: 0, chats: "${agent_chats}"}}
  - {id: colleague-chats, agent: colleague, request: "GET /api/v2/me/chats?fields=*", respond: *chats}
steps:
  - id: colleague-messages
    agent: colleague
    request: GET /api/v2/me/chats/${consultation}/messages
    respond: {body: {statusCode: 0, messages: "${agent_messages}"}}
  - id: typing
    agent: asking
    request: POST /api/v2/me/chats/${chat}
    body: &typing {operationName: SendStartTypingToAgentsNotification}
    repeat: cycle
    respond: &done {body: {statusCode: 0}}
  - id: colleague-typing
    agent: colleague
    request: POST /api/v2/me/chats/${consultation}
    body: *typing
    repeat: cycle
    respond: *done
"""
"""A consult, with what desks ask beside."""
REVOKED = """
version: 1
name: revoked
extends: chat/revoked
include: [session/login]
"""
NUMBERS = itertools.count(1)
MARKUP = "<img src=x onerror=alert(1)> & <b>bold</b>"

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    """Where the page is served from."""
    assert (DESK / "node_modules").is_dir(), f"{DESK}/node_modules is missing: `make test` installs it"
    *_, server = commands(DESK / "README.md")
    assert server == "python -m http.server 8080 --bind 127.0.0.1"
    process = Process(sys.executable, *server.replace("8080", "0").split()[1:], "--directory", str(DESK))
    yield process.word("(http").strip("()")
    process.stop(signal.SIGTERM)


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """A server that plays all that comes with the package, to the agents of all tests."""
    with replayer([], "--speed", "2") as url:
        yield url


@pytest.fixture
def url(served: str) -> Iterator[str]:
    """The same, with nothing wrong of which it was told in another test."""
    before = misses(served)
    yield served
    with replay.Control(served) as control:
        control.clear()
    assert misses(served) == before


def misses(url: str) -> list[str]:
    """Why there were no steps for what desks have asked."""
    with replay.Control(url) as control:
        return [each.why for each in control.misses().misses]


class Agent:
    """Who works at the desk."""

    def __init__(self, page: Page, person: Person, user: str) -> None:
        self.page = page
        self.user = user
        self.person = person
        self.log = page.get_by_role("log")
        self.written: list[str] = []

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def asks(self, operation: str) -> Any:
        """Within this the page asks for an operation."""
        return self.page.expect_request(lambda request: f'"{operation}"' in (request.post_data or ""))

    async def tabs_to(self, name: str, key: str) -> None:
        """Goes by key to a button, which is less than twelve steps away."""
        for _ in range(12):
            if await self.button(name).evaluate("(button) => button === document.activeElement"):
                return
            await self.page.keyboard.press(key)
        raise AssertionError(f"{key} does not lead to {name}")

    async def comes(self) -> None:
        """Logs in, and is ready."""
        await self.button("Log in").click()
        await expect(self.page.locator("#status")).to_have_text("Connected")
        await self.button("Ready").click()
        await expect(self.button("Ready")).to_have_attribute("aria-pressed", "true")

    async def accepts(self) -> None:
        """Takes the chat that is offered, and reads what has been said."""
        await self.button("Accept").click()
        await expect(self.page.locator("#state")).to_have_text("chatting")
        await expect(self.log.locator(".theirs").first).to_be_visible()
        await expect(self.page.get_by_label("Message")).to_be_focused()

    async def writes(self, text: str) -> None:
        """Sends a message."""
        self.written.append(text)
        await self.page.get_by_label("Message").fill(text)
        await self.page.keyboard.press("Enter")

    async def notes(self, disposition: str) -> None:
        """Says what became of the chat, and sees it among the user data."""
        await self.page.get_by_label("Disposition", exact=True).fill(disposition)
        await self.page.keyboard.press("Enter")
        await expect(self.page.locator("#data")).to_contain_text(disposition)

    async def says(self, text: str) -> None:
        """Writes, and sees that it has been said."""
        await self.writes(text)
        await self.reads_back()

    async def reads_back(self) -> None:
        """Sees all that it has written, in order, as its own lines and nobody else's."""
        await expect(self.log.locator(".says.mine .text")).to_have_text(self.written)

    async def hears(self, text: str) -> None:
        """Sees what somebody else has written."""
        await expect(self.log.locator(".says:not(.mine) .text", has_text=text)).to_have_count(1)

    async def names(self, operation: str, label: str, value: str) -> None:
        """Does what needs a word more."""
        await self.button(operation).click()
        await self.page.get_by_label(label, exact=True).fill(value)
        await self.page.keyboard.press("Enter")
        await expect(self.page.get_by_role("dialog")).to_be_hidden()

    async def asks_again(self) -> None:
        """Has asked a second time which chats there are, and is connected."""
        async with asyncio.timeout(PATIENCE / 1000):
            while sum(url.endswith("/me/chats?fields=*") for url in self.person.requests) < 2:
                await self.page.wait_for_event("requestfinished")
        await expect(self.page.locator("#status")).to_have_text("Connected")


def forgive(person: Person, status: int) -> None:
    """What the server refuses stands in the browser's console, and is no trouble here."""
    person.troubles[:] = [each for each in person.troubles if f"status of {status}" not in each]


async def at_the_desk(person: Person, host: str, url: str, *, user: str = "") -> Agent:
    """Somebody who has not been there before, if nothing is said of who it is."""
    user = user or f"agent{next(NUMBERS)}"
    page = await person.open(f"{host}?gws={url}&user={user}")
    return Agent(page, person, user)


def test_an_agent_works_a_whole_chat(look: Looking, host: str, url: str) -> None:
    async def seen(person: Person) -> None:
        agent = await at_the_desk(person, host, url)
        page = agent.page
        await shot(page, "desk-login")
        await agent.comes()
        await expect(page.locator(".ring")).to_have_attribute("title", re.compile(r"2\d s to answer"))
        await shot(page, "desk-offer")
        await agent.accepts()
        async with agent.asks("SendStopTypingNotification"), agent.asks("SendStartTypingNotification"):
            await page.get_by_label("Message").fill("Good m")
        await agent.says("Good morning. What can I do for you?")
        await expect(page.locator("#typing")).to_contain_text("is typing")
        await shot(page, "desk-typing")
        await expect(agent.log.locator(".theirs")).to_have_count(3)
        await expect(page.locator("#typing")).to_be_empty()
        await agent.names("Push URL", "URL", "https://example.com/parcel/4711")
        pushed = agent.log.get_by_role("link", name="https://example.com/parcel/4711")
        await expect(pushed).to_have_attribute("target", "_blank")
        await page.get_by_label("Key").fill("OrderNumber")
        await page.get_by_label("Value").fill("4711")
        await page.get_by_label("Value").press("Enter")
        await expect(page.locator("#data > div", has_text="OrderNumber")).to_contain_text("4711")
        await agent.button("Delete OrderNumber").click()
        await expect(page.locator("#data > div", has_text="4711")).to_have_count(0)
        await agent.notes("IssueResolved")
        await agent.button("Complete").click()
        await expect(page.locator("#state")).to_have_text("completed")
        await expect(page.locator("#actions button")).to_have_count(0)
        await shot(page, "desk-completed")

    look(seen)


def test_an_agent_has_two_chats_consults_a_colleague_and_gives_them_away(
    look: Looking, host: str, url: str
) -> None:
    async def seen(person: Person) -> None:
        agent = await at_the_desk(person, host, url)
        page = agent.page
        await agent.comes()
        await agent.accepts()
        await agent.names("Consult", "Address or id of a contact", "ada")
        await expect(agent.log.locator(".colleague.agents")).to_have_count(1)
        await agent.button("Cancel consult").click()
        await expect(page.locator("#notes")).to_have_text("Cancel consult was not done: Request failed.×")
        await shot(page, "desk-consulted")
        await agent.button("Dismiss").click()
        await agent.writes("One moment, please.")
        with replay.Control(url) as control:
            control.offer("desk", agent.user)
        await agent.accepts()
        first = page.locator("#chats button").first
        await expect(first.locator(".unread")).to_be_visible()
        await shot(page, "desk-two")
        await agent.button("Leave").click()
        await expect(page.locator("#state")).to_have_text("left, to be completed")
        await expect(page.get_by_label("Message")).to_be_hidden()
        await agent.button("Complete").click()
        await expect(page.locator("#over button")).to_have_count(1)
        await first.click()
        await expect(first.locator(".unread")).to_have_count(0)
        await agent.reads_back()
        await agent.button("Transfer").click()
        await page.get_by_role("combobox").select_option("queue")
        await page.get_by_label("Name of the queue").fill("chat-billing")
        await shot(page, "desk-transfer")
        await page.keyboard.press("Enter")
        await expect(page.locator("#over button")).to_have_count(2)

    look(seen)


def test_an_agent_needs_no_mouse(look: Looking, host: str, url: str) -> None:
    async def seen(person: Person) -> None:
        agent = await at_the_desk(person, host, url)
        keys = agent.page.keyboard
        await keys.press("Enter")
        await expect(agent.button("Ready")).to_be_focused()
        await keys.press("Enter")
        await expect(agent.button("Accept")).to_be_visible()
        await agent.tabs_to("Accept", "Tab")
        await keys.press("Enter")
        await expect(agent.page.get_by_label("Message")).to_be_focused()
        await keys.type("Good morning.")
        await keys.press("Shift+Enter")
        await keys.type("What can I do for you?")
        await keys.press("Enter")
        await expect(agent.log.locator(".mine .text", has_text="Good morning.\nWhat can I")).to_be_visible()
        await agent.tabs_to("Consult", "Shift+Tab")
        await keys.press("Enter")
        await expect(agent.page.get_by_role("dialog")).to_be_visible()
        await keys.press("Escape")
        await expect(agent.page.get_by_role("dialog")).to_be_hidden()
        await agent.tabs_to("Complete", "Tab")
        await keys.press("Enter")
        await expect(agent.page.locator("#state")).to_have_text("completed")

    look(seen)


def test_an_offer_is_rejected(look: Looking, host: str, url: str) -> None:
    async def seen(person: Person) -> None:
        agent = await at_the_desk(person, host, url)
        await agent.comes()
        await agent.button("Reject").click()
        await expect(agent.page.locator("#over button")).to_contain_text("completed")
        await expect(agent.button("Accept")).to_be_hidden()

    look(seen)


def test_an_offer_that_nobody_takes_is_taken_back(look: Looking, host: str, tmp_path: Path) -> None:
    scenario = tmp_path / "revoked.yaml"
    scenario.write_text(REVOKED, encoding="utf-8")

    async def seen(person: Person) -> None:
        with replayer(scenario, "--speed", "10") as url:
            agent = await at_the_desk(person, host, url)
            await agent.comes()
            await expect(agent.button("Accept")).to_be_visible()
            await expect(agent.page.locator("#over button")).to_contain_text("taken back")
            await expect(agent.button("Accept")).to_be_hidden()

    look(seen)


def test_two_agents_at_their_desks_consult_unseen_by_the_customer(
    look: Looking, host: str, tmp_path: Path
) -> None:
    scenario = tmp_path / "consult.yaml"
    scenario.write_text(CONSULT, encoding="utf-8")

    async def seen(person: Person) -> None:
        with replayer(scenario) as url:
            agent = await at_the_desk(person, host, url, user="asking")
            await agent.comes()
            colleague = await at_the_desk(person, host, url, user="colleague")
            await colleague.comes()
            await agent.accepts()
            await agent.names("Consult", "Address or id of a contact", "ada")
            await colleague.accepts()
            ada = agent.page.locator("#participants li", has_text="Ada")
            await expect(ada).to_contain_text("agents only")
            await agent.page.get_by_label("Agents only").check()
            await agent.says("May I refund this order?")
            await colleague.hears("May I refund this order?")
            await colleague.says("You may, up to 50 euros.")
            await agent.hears("You may, up to 50 euros.")
            await expect(agent.log.locator(".says.agents")).to_have_count(2)
            await shot(agent.page, "desk-consult")
            await colleague.button("Leave").click()
            await expect(colleague.page.locator("#state")).to_have_text("completed")
            await expect(agent.page.get_by_label("Agents only")).to_be_hidden()
            assert misses(url) == []

    look(seen)


def test_what_others_write_is_text(look: Looking, host: str, url: str) -> None:
    async def seen(person: Person) -> None:
        agent = await at_the_desk(person, host, url)
        await agent.comes()
        await agent.accepts()
        await agent.says(MARKUP)
        await agent.names("Push URL", "URL", "javascript:alert(1)")
        await expect(agent.log.locator(".text", has_text="javascript:alert(1)")).to_be_visible()
        assert await agent.page.locator("main img, main .text b, main a").count() == 0

    look(seen)


def test_a_desk_that_the_server_has_forgotten_asks_for_what_it_has_missed(
    look: Looking, host: str, url: str
) -> None:
    lost = {"fault": "drop", "name": "lost", "where": {"notificationType": "NewMessages"}}
    forgotten = {"fault": "unknown-client", "name": "forgotten", "where": {"meta": "connect"}, "first": 1}

    async def seen(person: Person) -> None:
        agent = await at_the_desk(person, host, url)
        await agent.comes()
        await agent.accepts()
        with replay.Control(url) as control:
            control.put_up([lost, forgotten])
            await agent.writes("Are you still there?")
            await agent.notes("IssueResolved")
            await agent.asks_again()
            await agent.reads_back()
            assert control.faults("forgotten")[0].struck == 1
            control.take_down("lost")
        await agent.says("So you are.")
        await shot(agent.page, "desk-recovered")

    look(seen)


def test_a_message_that_was_lost_is_asked_for_and_stands_in_its_place(
    look: Looking, host: str, url: str
) -> None:
    lost = {"fault": "drop", "name": "lost", "where": {"notificationType": "NewMessages"}}

    async def seen(person: Person) -> None:
        agent = await at_the_desk(person, host, url)
        await agent.comes()
        await agent.accepts()
        with replay.Control(url) as control:
            control.put_up(lost)
            await agent.writes("One.")
            await agent.notes("IssueResolved")
            assert control.faults("lost")[0].struck > 0
            control.take_down("lost")
        await agent.says("Two.")
        await expect(agent.log.locator(".gap")).to_have_count(0)

    look(seen)


def test_a_desk_that_was_cut_off_says_so_and_goes_on(look: Looking, host: str, url: str) -> None:
    # For a while, since the browser itself tries again a few times before it says anything.
    fault = {"fault": "reset", "where": {"meta": "connect"}, "ttl": "3s"}

    async def seen(person: Person) -> None:
        agent = await at_the_desk(person, host, url)
        await agent.comes()
        await agent.accepts()
        with replay.Control(url) as control:
            control.put_up(fault)
        await agent.writes("Are you still there?")
        await expect(agent.page.locator("#status")).to_contain_text("Connection lost")
        await shot(agent.page, "desk-lost")
        await agent.asks_again()
        await agent.reads_back()

    look(seen)


def test_a_desk_whose_login_has_expired_logs_in_again_and_does_what_was_wanted(
    look: Looking, host: str, url: str
) -> None:
    async def seen(person: Person) -> None:
        agent = await at_the_desk(person, host, url)
        await agent.comes()
        await agent.accepts()
        with replay.Control(url) as control:
            control.put_up({"fault": "login-expired", "where": {"operation": "SendMessage"}, "first": 1})
        await agent.says("Are you still there?")
        await agent.asks_again()
        forgive(person, 403)

    look(seen)


def test_a_desk_that_may_not_listen_says_so(look: Looking, host: str, url: str) -> None:
    async def seen(person: Person) -> None:
        with replay.Control(url) as control:
            control.put_up({"fault": "subscribe-refused"})
        agent = await at_the_desk(person, host, url)
        await agent.button("Log in").click()
        await expect(agent.page.locator("#status")).to_contain_text(
            "The server refuses to tell what happens – 403"
        )

    look(seen)


def test_a_desk_whose_subscription_was_lost_tries_again(look: Looking, host: str, url: str) -> None:
    fault = {"fault": "status", "where": {"meta": "subscribe"}, "settings": {"status": 503}, "first": 1}

    async def seen(person: Person) -> None:
        with replay.Control(url) as control:
            control.put_up(fault)
        agent = await at_the_desk(person, host, url)
        await agent.comes()
        await agent.accepts()
        forgive(person, 503)

    look(seen)


def test_what_the_server_does_not_do_is_said_in_words(look: Looking, host: str, url: str) -> None:
    settings = {"status": 500, "code": 4, "message": "Chat server is away"}
    fault = {"fault": "error", "where": {"operation": "SendMessage"}, "settings": settings, "first": 1}

    async def seen(person: Person) -> None:
        agent = await at_the_desk(person, host, url)
        await agent.comes()
        await agent.accepts()
        with replay.Control(url) as control:
            control.put_up(fault)
        await agent.writes("Hello?")
        told = agent.page.locator("#notes")
        await expect(told).to_contain_text("Send: the server, or one behind it, is in trouble")
        await expect(told).to_contain_text("“Chat server is away” (HTTP 500)")
        await shot(agent.page, "desk-trouble")
        await agent.button("Dismiss").click()
        await expect(told).to_be_empty()
        # What was written is not lost.
        await agent.page.get_by_label("Message").press("Enter")
        await agent.reads_back()
        forgive(person, 500)

    look(seen)


def test_who_logs_out_and_in_again_finds_the_chats_as_they_were(look: Looking, host: str, url: str) -> None:
    async def seen(person: Person) -> None:
        agent = await at_the_desk(person, host, url)
        await agent.comes()
        await agent.accepts()
        await agent.says("I am back in a minute.")
        async with agent.asks("EndContactCenterSession"):
            await agent.button("Log out").click()
        await agent.comes()
        await agent.page.locator("#chats button").click()
        await agent.reads_back()
        await agent.says("Here I am again.")

    look(seen)


@pytest.mark.parametrize(
    "said",
    [
        "version=8.5.0",
        pytest.param("version=8.6.0", marks=pytest.mark.full),
        pytest.param("chat_address=path", marks=pytest.mark.full),
        pytest.param("timestamps=spaced", marks=pytest.mark.full),
    ],
)
def test_a_desk_understands_how_other_versions_say_things(look: Looking, host: str, said: str) -> None:
    async def seen(person: Person) -> None:
        with replayer([], "--speed", "2", "--setting", said) as url:
            agent = await at_the_desk(person, host, url)
            await agent.comes()
            await agent.accepts()
            await agent.says("Good morning.")
            await expect(agent.log.locator("time").last).to_have_text(re.compile(r"\d\d:\d\d"))
            assert misses(url) == []

    look(seen)


def test_a_token_that_the_server_wants_goes_with_all_that_is_asked(look: Looking, host: str) -> None:
    async def seen(person: Person) -> None:
        with replayer(["session/csrf"]) as url:
            agent = await at_the_desk(person, host, url)
            await agent.comes()
            await agent.button("Not ready").click()
            await expect(agent.button("Not ready")).to_have_attribute("aria-pressed", "true")

    look(seen)


def test_who_logs_in_wrongly_is_told_so(look: Looking, host: str, url: str) -> None:
    async def seen(person: Person) -> None:
        with replay.Control(url) as control:
            settings = {"status": 403, "code": 20, "message": "Access denied"}
            control.put_up({"fault": "error", "where": {"step": "me"}, "settings": settings})
        agent = await at_the_desk(person, host, url)
        await agent.button("Log in").click()
        await expect(agent.page.locator(".wrong")).to_contain_text("user or password is not right")
        await agent.page.get_by_label("Server").fill("http://127.0.0.1:9")
        await agent.button("Log in").click()
        await expect(agent.page.locator(".wrong")).to_contain_text("the server cannot be reached")
        forgive(person, 403)

    look(seen)
