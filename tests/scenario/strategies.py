"""What Hypothesis draws from: strings that YAML readers take for something else, JSON values, scenarios."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from replay.scenario import templates
from replay.scenario.delays import Delay, Distribution
from replay.scenario.model import (
    Collected,
    Demand,
    Expected,
    Fault,
    PushStep,
    RequestStep,
    Respond,
    Scenario,
    Source,
    Variable,
    Where,
)
from replay.scenario.triggers import Moment, Trigger, format_trigger

_WORDS = """
yes No on OFF y N true False null ~ NULL .inf -.INF .nan nan = << 0x1F 0o17 017 0012 1_000 1:30 1:30:00
190:20:30.15 2014-01-02 2014-01-02T14:23:18.000-0800 1e3 1e-07 .5 +1 -0 0b101 12e03 0. - -- --- ... ? :
# & * ! | > ' " % @ ` { } [ ] , ${chat} {a: 1} [1] a,b a}b a: a:b :a #a a# 12e4567 1,000 infinity None 0x
009052C5E743004C 0000Na9B26EF002X 0xg 1T2Z 1.2s 250ms
"""
NASTY = [
    *_WORDS.split(),
    "",
    " ",
    " a",
    "a ",
    "a: b",
    "a #b",
    "a\nb",
    "a\nb\n",
    "a\n\nb\n\n",
    "\na",
    " a\nb",
    "a \nb",
    "\t",
    "a\tb",
    "\r\n",
    "\x00",
    "\x7f",
    "\x85",
    "\xa0",
    "\u2028",
    "\u2029",
    "\ufeff",
    "\ufffe",
    "\U0001f600",
    "\\n",
    'say "hi"',
    "it's",
    "日本語",
    "\u0661\u0662",
    "---\n",
    "a" * 200,
    "word " * 40,
    "k" * 2000,
]

strings = st.sampled_from(NASTY) | st.text(max_size=12) | st.text("${}:#-,[]'\" \n\tan0", max_size=8)
numbers = st.integers() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
leaves = st.none() | st.booleans() | numbers | strings
values: st.SearchStrategy[Any] = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(strings, inner, max_size=4),
    max_leaves=12,
)


def _escaped(value: Any) -> Any:
    """The value with every `${` made literal."""
    if isinstance(value, str):
        return templates.escape(value)
    if isinstance(value, list):
        return [_escaped(item) for item in value]
    if isinstance(value, dict):
        return {templates.escape(key): _escaped(item) for key, item in value.items()}
    return value


literals = values.map(_escaped)
answers = st.builds(
    Respond,
    after=st.sampled_from(["0s", "41ms", "1.2s"]),
    status=st.sampled_from([200, 404, 503]),
    headers=st.dictionaries(st.sampled_from(["X-A", "No", "y"]), st.sampled_from(["on", "a: b", ""])),
    body=literals,
)
texts = st.builds(Respond, text=strings.map(templates.escape))


faults = st.builds(
    Fault,
    name=st.sampled_from(["off", "slow", "n0"]),
    fault=st.just("unknown-client"),
    where=st.builds(
        Where, meta=st.sampled_from(["connect", "subscribe"]), agent=st.sampled_from(["", "No", "#1"])
    ),
    settings=st.dictionaries(st.just("advice"), st.dictionaries(strings, leaves, max_size=2)),
    nth=st.lists(st.integers(1, 9), max_size=2),
    from_=st.sampled_from(["", "1s"]),
    until=st.sampled_from(["", "1m"]),
    limit=st.sampled_from([None, 3]),
    ttl=st.sampled_from(["", "10s"]),
) | st.builds(
    Fault,
    name=st.just("denied"),
    fault=st.just("handshake-refused"),
    settings=st.fixed_dictionaries({}, optional={"error": strings, "reconnect": st.just("none")}),
    chance=st.sampled_from(["", "20%", "0.5%"]),
)

methods = st.lists(st.sampled_from(["POST", "PUT", "DELETE", "GET"]), min_size=1, max_size=3, unique=True)
refusals = st.builds(
    Respond, status=st.sampled_from([302, 403]), text=st.none() | strings.map(templates.escape)
) | st.builds(Respond, status=st.just(403), after=st.sampled_from(["0s", "9ms"]), body=literals)
plain_texts = st.sampled_from(["", "No", "a: b", "${base_url}", "on", "${$}"])
demands = st.builds(
    Demand,
    header=st.sampled_from(["X-CSRF-TOKEN", "y", "No"]),
    value=plain_texts,
    methods=methods,
    unless_cookie=st.booleans(),
    given=st.dictionaries(st.sampled_from(["X-A", "on"]), plain_texts, max_size=2),
    refused=refusals,
) | st.builds(Demand, header=st.just("Authorization"), unless_cookie=st.booleans())

profile_settings = st.fixed_dictionaries(
    {},
    optional={
        "version": st.sampled_from(["8.5.0", "8.6.0"]),
        "metrics": st.booleans(),
        "chat_address": st.sampled_from(["both", "uri"]),
    },
)

anew = st.sampled_from(
    [
        Variable(make="count"),
        Variable(recorded=-3, make="count"),
        Variable(recorded="2014-01-02 14:23:20.171+0200", make="time"),
        Variable(recorded=1388701400171, make="time"),
    ]
) | st.builds(
    lambda field, unless, **said: Variable(told=Collected(field=field, of="plays", unless=unless), **said),
    st.sampled_from(["No", "a: b", "on"]),
    st.dictionaries(strings, values, max_size=2),
    recorded=st.just([]) | st.lists(values, max_size=2),
    about=strings,
)
counts = st.fixed_dictionaries({"times": st.integers(0, 5)}) | st.fixed_dictionaries(
    {}, optional={"at_least": st.integers(1, 3), "at_most": st.integers(3, 9)}
)


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """A valid scenario; each step is of either kind and waits only for steps above it."""
    steps: list[RequestStep | PushStep] = []
    session = draw(st.integers(0, 2))
    for at in range(draw(st.integers(0, 5))):
        name = f"{draw(st.sampled_from(['on', 'No', 'step', 'null']))}{at}"
        about = draw(strings)
        if draw(st.booleans()):
            steps.append(draw(_requests(name, about, [step.id for step in steps])))
        else:
            steps.append(draw(_pushes(name, about, steps)))
    expect = [st.builds(Expected, misses=st.integers(0, 3), agent=st.sampled_from(["", "kim", "#2"]))]
    if steps:
        named = st.sampled_from([step.id for step in steps])
        expect.append(st.builds(lambda step, counted: Expected(step=step, **counted), named, counts))
    if len(steps) > 1:
        pair = {"step": steps[1].id, "after": steps[0].id, "within": draw(st.sampled_from(["", "200ms"]))}
        expect.append(st.just(Expected(**pair)))
    recorded = st.builds(Variable, recorded=values, about=strings) | anew
    roles = draw(st.sampled_from([[None], ["on"], ["on", "second"]]))
    whose = draw(st.permutations([roles[at % len(roles)] for at in range(len(steps))]))
    # What the session waits for is of the same agent.
    whose[:session] = [roles[0]] * len(whose[:session])
    steps = [replace(step, agent=agent) for step, agent in zip(steps, whose, strict=True)]
    profile = draw(st.sampled_from(["genesys", "plain"]))
    return Scenario(
        version=1,
        name=draw(st.sampled_from(["yes", "No", "accept-chat", "NaN"])),
        about=draw(strings),
        profile=profile,
        profile_settings=draw(profile_settings) if profile == "genesys" else {},
        source=Source(document=draw(strings), recorded="2014-01-02T14:23:20-08:00"),
        pace=draw(st.sampled_from(["", "fixed(50ms)", "recorded, idle-max(2s), jitter(20%)"])),
        variables=draw(st.dictionaries(st.sampled_from(["chat", "y", "no", "a_b"]), recorded)),
        shift_times=draw(st.lists(strings, max_size=3)),
        ignore=draw(st.lists(st.sampled_from(["No", "callUuid"]), max_size=2)),
        demands=draw(st.lists(demands, max_size=2)),
        faults=draw(st.lists(faults, max_size=1)),
        expect=draw(st.lists(st.one_of(expect), max_size=3)),
        session=steps[:session],
        steps=steps[session:],
    )


delays: st.SearchStrategy[Delay] = st.integers(0, 100_000).map(lambda tenths: tenths / 10_000)
delays |= st.sampled_from([Distribution("uniform", (0.01, 0.5)), Distribution("recorded", (0.5, 0.01))])


def _requests(name: str, about: str, before: list[str]) -> st.SearchStrategy[RequestStep]:
    return st.builds(
        RequestStep,
        id=st.just(name),
        about=st.just(about),
        request=st.sampled_from(["GET /", "POST /api/v2/me?a=b&c=%20", "PUT /${base_url}/$"]),
        match=st.sampled_from(["subset", "exact"]),
        evidence=st.sampled_from([None, "documented"]),
        body=literals,
        needs=st.lists(st.sampled_from(before), max_size=2) if before else st.just([]),
        until=st.lists(st.sampled_from(before), max_size=2) if before else st.just([]),
        repeat=st.sampled_from([None, "last", "cycle"]),
        respond=st.lists(answers | texts, max_size=3),
    ).filter(lambda step: set(step.until).isdisjoint(step.needs))


def _pushes(name: str, about: str, before: list[Any]) -> st.SearchStrategy[PushStep]:
    moments = [Moment("start")] + [Moment(step.id, isinstance(step, RequestStep)) for step in before]
    trigger = st.builds(
        Trigger,
        st.lists(st.sampled_from(moments), min_size=1, max_size=3, unique=True).map(tuple),
        delays,
    )
    return st.builds(
        PushStep,
        id=st.just(name),
        about=st.just(about),
        push=st.sampled_from(["/v2/me/chats", "/v2/me"]),
        after=trigger.map(format_trigger),
        because=strings,
        window=st.sampled_from(["0s", "30ms"]),
        data=literals,
    )
