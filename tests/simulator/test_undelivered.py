"""Events that nobody was given, and why: nobody subscribed, polls, asked, or came; or their client went."""

from __future__ import annotations

from typing import Any

from replay.scenario.model import Expected
from replay.simulator.events import MOST_HELD
from replay.simulator.undelivered import SHOWN, Undelivered, undelivered
from replay.testing import Desktop, Script, scenario

TOLD = """
steps:
  - {id: hello, push: /a, after: start + 1s, data: 1}
  - {id: news, push: /b, after: hello + 1s, data: 2}
"""

ROLES = """
steps:
  - {id: one, agent: first, push: /a, after: start + 1s, data: 1}
  - {id: two, agent: second, push: /a, after: one + 1s, data: 2}
"""


def begin(text: str) -> tuple[Script, Desktop]:
    script = Script(scenario(text))
    return script, listen(script.desktop("ann"))


def listen(desktop: Desktop, *channels: str) -> Desktop:
    desktop.open_socket()
    desktop.handshake()
    desktop.subscribe(list(channels) or ["/a"])
    return desktop


def told(script: Script, agent: str = "") -> list[tuple[Any, ...]]:
    found, _ = undelivered(script.simulator, agent)
    return [(each.agent, each.step, each.channel, each.cause, each.why, each.since) for each in found]


def test_an_event_on_a_channel_to_which_nobody_subscribed_waits_for_that() -> None:
    script, desktop = begin(TOLD)
    script.advance(5)
    why = "'news' waits until somebody subscribes to /b"

    script.expect(told(script), [("ann", "news", "/b", "unsubscribed", why, 2.0)])
    desktop.subscribe("/b")
    script.expect(told(script), [])


def test_a_play_that_has_not_begun_waits_for_a_subscription() -> None:
    script = Script(scenario(TOLD))
    script.desktop("ann").get("/me")

    why = "'hello' waits until somebody subscribes to /a"
    script.expect(told(script), [("ann", "hello", "/a", "unsubscribed", why, None)])


def test_an_event_that_is_queued_waits_until_its_client_polls() -> None:
    script = Script(scenario(TOLD))
    desktop = script.desktop("ann")
    desktop.handshake()
    desktop.subscribe(["/a", "/b"])
    script.advance(3)

    (queued,) = undelivered(script.simulator)[0]
    script.expect((queued.cause, queued.channel, queued.events), ("unpolled", "/a", 2))
    script.expect(queued.why, "2 events wait until client 1 polls")
    desktop.connect()
    script.expect(told(script), [])


def test_an_event_that_follows_a_request_waits_until_somebody_asks() -> None:
    script, desktop = begin(
        """
        steps:
          - {id: accept, request: POST /accept}
          - {id: chatting, push: /a, after: accept + 1s, data: 1}
          - {id: history, push: /a, after: chatting + 1s, data: 2}
        """
    )

    why = "'chatting' waits for 'accept', which nobody has asked"
    script.expect(told(script), [("ann", "chatting", "/a", "unasked", why, None)])
    desktop.post("/accept", {})
    script.expect(told(script), [])


def test_where_chats_come_one_after_another_nobody_has_to_ask_for_all_there_is() -> None:
    script, desktop = begin(
        """
        again: closed + 10s
        steps:
          - {id: hello, push: /b, after: start, data: 0}
          - {id: accept, request: POST /accept}
          - {id: chatting, push: /a, after: accept + 1s, data: 1}
          - {id: close, request: POST /close}
          - {id: closed, push: /a, after: close + 1s, data: 2}
        """
    )

    script.expect([each[1] for each in told(script)], ["hello"])
    desktop.subscribe(["/b"])
    script.expect(told(script), [])


def test_an_event_for_a_role_waits_until_somebody_takes_it() -> None:
    script, _ = begin(ROLES)
    script.advance(5)

    why = "'two' waits until somebody comes as 'second'"
    script.expect(told(script), [("", "two", "/a", "role", why, 2.0)])
    listen(script.desktop("bob"))
    script.expect(told(script), [])


def test_what_was_queued_for_a_client_that_went_is_counted() -> None:
    script = Script(scenario(TOLD))
    desktop = script.desktop("ann")
    desktop.handshake()
    desktop.subscribe(["/a", "/b"])
    script.advance(3)
    desktop.disconnect()

    (lost,), total = undelivered(script.simulator)
    script.expect((lost.agent, lost.cause, lost.since, total), ("ann", "lost", 3.0, 2))
    assert lost.why.endswith("before it was given 2 events")


def test_only_one_agents_are_told_where_that_is_asked() -> None:
    script, _ = begin(TOLD)
    listen(script.desktop("bob"))
    script.advance(5)

    script.expect([each[0] for each in told(script)], ["ann", "bob"])
    script.expect([each[0] for each in told(script, "bob")], ["bob"])


def test_the_first_are_told_and_all_are_counted() -> None:
    pushes = ", ".join(f"{{id: p{n}, push: /b, after: start, data: {n}}}" for n in range(SHOWN + 50))
    script, _ = begin(f"steps: [{{id: a, push: /a, data: 1}}, {pushes}]")

    found, total = undelivered(script.simulator)

    script.expect((len(found), total), (SHOWN, SHOWN + 50))
    assert all(isinstance(each, Undelivered) for each in found)


def test_of_very_many_events_that_wait_for_a_subscription_the_oldest_are_lost_and_that_is_told() -> None:
    text = """
    cometd: {max_interval: 10h}
    steps:
      - {id: ask, request: POST /ask, repeat: cycle}
      - {id: news, push: /b, after: ask, data: 1}
    """
    script, desktop = begin(text)
    for _ in range(MOST_HELD + 1):
        desktop.post("/ask", {})

    gone = MOST_HELD // 10
    _, total = undelivered(script.simulator)
    script.expect(total, MOST_HELD + 1)
    (lost,) = script.simulator.misses.losses.latest
    why = f"nobody subscribed to the channels of {gone} events, and too many more came"
    script.expect((lost.agent, lost.cause, lost.why, lost.events), ("ann", "lost", why, gone))

    desktop.subscribe("/b")
    script.expect(len(desktop.events), MOST_HELD + 1 - gone)
    script.simulator.expecting.declare(Expected(step="news", times=MOST_HELD + 1 - gone))
    script.expect(script.simulator.expecting.unmet(script.now), [])
