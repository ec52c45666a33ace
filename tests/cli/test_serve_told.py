"""What `replay serve` says when it begins and when it ends."""

from __future__ import annotations

from replay.cli.serve_told import FEW, KINDS, played_in_words, summary
from replay.testing import Script, scenario

STORY = """
steps:
  - {id: hello, push: /a, after: start + 1s, data: 1}
  - {id: look, request: GET /look}
  - {id: seen, push: /a, after: look + 1s, data: 2}
"""


def test_of_very_much_that_is_on_request_it_is_said_how_much_there_is() -> None:
    def said(at_start: int, on_request: int) -> str:
        texts = ["about: this"] * at_start + ["offered: on-request"] * on_request
        script = Script(*(scenario(text, name=f"s{number}") for number, text in enumerate(texts)))
        return played_in_words(script.simulator)

    assert said(2, 0) == "s0, s1"
    assert said(1, 2) == "s0, and s1, s2 on request,"
    assert said(0, 1) == "s0 on request"
    assert said(1, FEW + 1) == "s0, and 6 on request,"


def test_misses_of_a_kind_are_told_once_and_what_nobody_was_given_too() -> None:
    script = Script(scenario(STORY))
    for user in ("ann", "bob"):
        desktop = script.desktop(user)
        desktop.get("/lok")

    assert [line for _, line in summary(script.simulator, script.now)][1:] == [
        "miss: 2 times, GET /lok: ask /look ('lok' should be 'look'): then it is 'look' of story#1",
        "undelivered: 2 times, 'hello' waits until somebody subscribes to /a",
        "undelivered: 2 times, 'seen' waits for 'look', which nobody has asked",
    ]


def test_of_many_kinds_of_miss_a_few_are_told_and_the_rest_is_counted() -> None:
    script = Script(scenario("steps: [{id: look, request: GET /look}]"))
    desktop = script.desktop("ann")
    for number in range(KINDS + 7):
        desktop.get(f"/icons/{number}")

    told = [line for _, line in summary(script.simulator, script.now)][1:]

    assert len(told) == KINDS + 1
    assert told[-1] == "miss: and 7 more"
