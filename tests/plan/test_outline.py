from __future__ import annotations

from replay.plan.outline import outline
from replay.testing import scenario


def test_a_story_of_several_is_read_with_its_agents_windows_delays_and_faults() -> None:
    told = scenario("""
    about: A consults B.
    ignore: [callUuid, trace]
    faults:
      - name: late
        fault: latency
        where: {step: ask, agent: b}
        settings: {delay: 2s}
        chance: 20%
        until: 1m
      - {name: lost, fault: unknown-client, nth: [1, 3]}
    session:
      - {id: ready, agent: b, request: POST /me, body: {operationName: Ready}}
    steps:
      - {id: ask, agent: ann, request: GET /x, respond: {after: "normal(40ms, 10ms)"}}
      - id: told
        agent: b
        push: /c
        after: ask + uniform(1s, 2s)
        window: 30ms
        because: same id
        data: 1
    """)

    assert list(outline(told)) == [
        "story: A consults B.",
        "agents: b, ann",
        "not compared: callUuid, trace",
        "",
        "session",
        "  when asked  b    ready  → POST /me Ready  ← 200 after 0s",
        "",
        "steps",
        "  when asked                                   ann  ask   → GET /x  ← 200 after normal(40ms, 10ms)",
        "  ask + uniform(1s, 2s), or up to 30ms before  b    told  ⇐ /c c   # same id",
        "",
        "faults",
        "  late: latency (delay 2s) at step ask, agent b; chance 20%, until 1m",
        "  lost: unknown-client; nth 1, 3",
    ]


def test_a_story_with_a_pace_of_its_own_says_so() -> None:
    assert list(outline(scenario("pace: fixed(50ms)"))) == ["story", "pace: fixed(50ms)"]


def test_how_a_server_differs_what_it_demands_and_what_brings_and_ends_it_is_read_with_the_story() -> None:
    told = scenario("""
    profile: genesys
    profile_settings: {version: "8.5.2", metrics: false}
    offered: on-request
    again: [over + 20s, lost + 1m]
    demands:
      - {header: X-CSRF-TOKEN, methods: [POST, PUT]}
      - {header: Authorization, unless_cookie: true}
    steps:
      - {id: over, request: GET /x, until: lost}
      - {id: lost, push: /c, data: 1}
      - {id: tick, push: /c, after: start + 1s, until: [over, lost], data: 1}
    """)

    assert list(outline(told)) == [
        "story",
        "profile settings: version 8.5.2, metrics false",
        "offered on request",
        "again: over + 20s or lost + 1m",
        "demanded: X-CSRF-TOKEN of POST, PUT",
        "demanded: Authorization, unless the session's cookie comes",
        "",
        "steps",
        "  when asked, until lost          over  → GET /x  ← 200 after 0s",
        "  start                           lost  ⇐ /c c",
        "  start + 1s, until over or lost  tick  ⇐ /c c",
    ]


def test_a_story_of_one_is_read_without_agents() -> None:
    assert list(outline(scenario("steps: [{id: a, push: /c, after: start + 1s, data: 1}]"))) == [
        "story",
        "",
        "steps",
        "  start + 1s  a  ⇐ /c c",
    ]


def test_what_is_expected_is_told_in_words() -> None:
    told = """
    expect:
      - {step: a, times: 2, agent: kim}
      - {step: b, at_least: 1, at_most: 3, after: a, within: 200ms}
      - {step: b, after: a}
      - {misses: 0}
    steps: [{id: a, push: /c, data: 1}, {id: b, push: /c, data: 1}]
    """

    assert list(outline(scenario(told)))[-5:] == [
        "expected",
        "  a of kim twice",
        "  b from 1 to 3 times within 200ms after a",
        "  b after a",
        "  no misses",
    ]
