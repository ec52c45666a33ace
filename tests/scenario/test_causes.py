from __future__ import annotations

from replay.scenario.load import loads

from .told import story, told


def push(name: str, after: str) -> str:
    return f"{{id: {name}, push: /c, after: {after}, data: 1}}"


def test_triggers_of_any_step_before_or_after_are_good() -> None:
    text = story(push("b", "a.response + 1s"), "{id: a, request: GET /}", push("c", "start and b and a"))

    assert [step.id for step in loads(text).steps] == ["b", "a", "c"]


def test_a_trigger_or_need_that_names_no_step_is_told() -> None:
    assert told(story(push("a", "b"), "{id: c, request: GET /, needs: [a, d]}", push("e", "starte"))) == [
        "4:28: no step is called 'b'",
        "5:38: no step is called 'd'",
        "6:28: no step is called 'starte'",
    ]


def test_a_push_has_no_response() -> None:
    assert told(story(push("a", "start"), push("b", "a.response"))) == [
        "5:28: 'a' is a push, which has no response"
    ]


def test_a_ring_of_waiting_is_told_once_from_its_first_step() -> None:
    text = story(push("x", "c"), push("a", "c + 1s"), push("b", "a"), "{id: c, request: GET /, needs: b}")

    assert told(text) == ["5:28: these steps wait for each other, so none can happen: a → c → b → a"]


def test_separate_rings_are_each_told() -> None:
    text = story(push("a", "a"), push("b", "c"), push("c", "b"))

    assert told(text) == [
        "4:28: 'a' waits for itself",
        "5:28: these steps wait for each other, so none can happen: b → c → b",
    ]


def test_a_long_chain_of_steps_is_walked_without_recursion() -> None:
    chain = [push(f"s{at}", f"s{at + 1}") for at in range(3000)] + [push("s3000", "start")]

    assert len(loads(story(*chain)).steps) == 3001


def test_the_session_cannot_wait_for_the_story() -> None:
    session = "session:\n- {id: s, push: /c, after: a, data: 1}"
    text = f"version: 1\nname: one\n{session}\nsteps:\n- {{id: a, request: GET /}}"

    assert told(text) == ["4:28: 's', of the session, cannot wait for 'a', a step of the story"]


def test_what_ends_a_step_exists_and_is_not_what_it_waits_for() -> None:
    over = [
        "{id: a, request: GET /, until: [b, nobody]}",
        "{id: b, push: /c, after: a, until: a, data: 1}",
        "{id: c, request: POST /, needs: [a, b], until: b}",
    ]

    assert told(story(*over)) == [
        "4:38: no step is called 'nobody'",
        "5:38: 'b' can never happen: 'a', which it waits for, ends it",
        "6:50: 'c' can never happen: 'b', which it waits for, ends it",
    ]


def test_what_brings_another_play_is_a_trigger_with_a_delay() -> None:
    good = story(push("a", "start"), "{id: b, request: GET /}").replace(
        "steps:", "again: b.response + 20s\nsteps:"
    )
    assert loads(good).again == ["b.response + 20s"]
    told_of = {
        "c + 1s": "no step is called 'c'",
        "a.response + 1s": "'a' is a push, which has no response",
        "a": "'a' would bring play after play in no time",
        "a and b + 0ms": "'a and b + 0ms' would bring play after play in no time",
        "start + uniform(0s, 0s)": "'start + uniform(0s, 0s)' would bring play after play in no time",
        "20s": "'20s' is no trigger; a trigger is steps and a delay: accept + 41ms, "
        "accept.response + 5ms, start and ready + 1.2s",
    }
    several = good.replace("b.response + 20s", "[b.response + 20s, c + 1s]")
    assert told(several) == ["3:27: no step is called 'c'"]
    for again, what in told_of.items():
        text = good.replace("b.response + 20s", again)
        assert [each.partition(": ")[2] for each in told(text)] == [what]


def test_what_brings_another_play_is_of_the_story_and_of_one_agent() -> None:
    head = "version: 1\nname: n\nagain: in + 20s\nsession:\n- {id: in, request: GET /}\nsteps:\n"
    assert told(f"{head}- {push('a', 'start')}\n") == [
        "3:8: 'in + 20s' is of the session, which is the same for all plays"
    ]
    both = push("b", "in").replace("push", "agent: kim, push")
    roles = f"{head.replace('{id: in', '{id: in, agent: ann')}- {both}\n".replace("again: in", "again: start")
    assert "3:1: 'again' is for a play of one agent, and the steps name several" in told(roles)
