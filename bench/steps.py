"""`python -m bench.steps`: what a request costs as scenarios, steps and finished plays grow, and a miss.

Of the simulator alone, without sockets; the ratios within one run are what counts.
"""

from __future__ import annotations

import gc
import statistics
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from time import process_time

from rich.console import Console
from rich.table import Table

from replay.plan.timeline import Timeline, plan
from replay.scenario.load import load
from replay.scenario.model import Scenario
from replay.simulator.simulator import Simulator
from replay.testing import scenario
from replay.wire import Request, Woken

ROUNDS, REQUESTS = 15, 300
CHAT = "/api/v2/me/chats"
ONE = """
variables: {{nickname: {{recorded: Marat}}}}
steps:
  - id: accept
    request: POST {chat}
    body: {{operationName: Accept, nickname: "${{nickname}}"}}
    repeat: cycle
    respond: {{body: {{statusCode: 0}}}}
"""
ACCEPT_CHAT = Path(__file__).parents[1] / "scenarios" / "accept-chat.yaml"
BODY = b'{"operationName": "Accept", "nickname": "Kim"}'


class Served:
    """A simulator that one agent asks."""

    def __init__(self, timelines: list[Timeline], path: str = f"{CHAT}/c0", body: bytes = BODY) -> None:
        self.simulator = Simulator(timelines)
        self._numbers = count(1)
        self._now = 0.0
        self.path, self.body = path, body

    def ask(self, path: str = "", body: bytes = b"", user: str = "kim") -> None:
        """One request of an agent's, ten milliseconds after the one before."""
        self._now += 0.01
        request = Request(
            exchange=next(self._numbers),
            method="POST",
            path=path or self.path,
            query=(),
            headers={"authorization": f"Bearer {user}"},
            body=body or self.body,
            base_url="http://localhost:8090",
        )
        self.simulator.receive(request, self._now)

    def rest(self, seconds: float = 10.0) -> None:
        """Time passes, in which all comes that was on its way."""
        self._now += seconds
        self.simulator.receive(Woken(), self._now)


def literal(number: int) -> list[Timeline]:
    """An Accept of another chat each."""
    return [plan(scenario(ONE.format(chat=f"{CHAT}/c{n}"), name=f"s{n}")) for n in range(number)]


def copies(number: int) -> list[Timeline]:
    """The whole story under so many names, with ids that are made; Accepts repeat."""
    story = load(ACCEPT_CHAT)
    accept = next(step for step in story.steps if step.id == "accept")
    accept.repeat = "cycle"  # type: ignore[union-attr]
    return [plan(_named(story, f"s{n}")) for n in range(number)]


def _named(story: Scenario, name: str) -> Scenario:
    return type(story)(**{field: getattr(story, field) for field in story.__struct_fields__} | {"name": name})


def steps(number: int) -> list[Timeline]:
    """One scenario of so many steps, of which the last is asked."""
    texts = [
        f"{{id: s{n}, request: 'POST {CHAT}/c0', repeat: cycle, body: {{operationName: Send, text: t{n}}}}}"
        for n in range(number)
    ]
    return [plan(scenario(f"steps: [{', '.join(texts)}]"))]


def first_chat(served: Served) -> Served:
    """The same, asking for the chat that was made first."""
    served.ask(f"{CHAT}/none")
    served.path = f"{CHAT}/{served.simulator.agents.all[0].plays[0].values['chat']}"
    return served


def after(finished: int) -> Served:
    """An agent that has finished so many plays, and has one more that repeats for ever."""
    text = """
    variables: {chat: {recorded: 0000Na9B26EF002X, make: interaction-id}}
    steps: [{id: accept, request: "POST /api/v2/me/chats/${chat}", body: {operationName: Accept}}]
    """
    story = plan(scenario(text, name="finished"))
    served = Served([*literal(1), story])
    served.ask()
    (agent,) = served.simulator.agents.all
    for turn in range(finished):
        play = agent.plays[-1]
        served.ask(f"{CHAT}/{play.values['chat']}")
        served.rest(3.0)
        if turn < finished - 1:
            served.simulator.casting.offer(agent, served.simulator.timelines[1], served._now)  # noqa: SLF001
    return served


def compared(small: Served, large: Served, ask: Callable[[Served], None]) -> tuple[float, float]:
    """Microseconds of a request to each, taken in turns; the medians."""
    spent: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for served, times in zip((small, large), spent, strict=True):
            began = process_time()
            for _ in range(REQUESTS):
                ask(served)
            times.append((process_time() - began) / REQUESTS * 1e6)
    return statistics.median(spent[0]), statistics.median(spent[1])


def rows(many: int = 1000) -> Iterator[tuple[str, Served, Served]]:
    """What is held against what: one against so many scenarios, and ten times as many steps and plays."""
    yield f"1 and {many:,} scenarios, each of another chat", Served(literal(1)), Served(literal(many))
    yield (
        f"1 and {many:,} scenarios like accept-chat",
        first_chat(Served(copies(1))),
        first_chat(Served(copies(many))),
    )
    few, all_ = (
        Served(steps(number), body=f'{{"operationName":"Send","text":"t{number - 1}"}}'.encode())
        for number in (10, 10 * many)
    )
    yield f"10 and {10 * many:,} steps", few, all_
    yield f"1 and {10 * many:,} finished plays", after(1), after(10 * many)


def main() -> None:
    """Prints what a request costs in each."""
    console = Console(highlight=False)
    table = Table("", "few, µs", "many, µs", "rate with many")
    for what, small, large in rows():
        misses = [served.simulator.misses.total for served in (small, large)]
        gc.collect()
        gc.freeze()
        few, many = compared(small, large, Served.ask)
        if misses != [served.simulator.misses.total for served in (small, large)]:
            sys.exit(f"{what}: requests were misses, which is not what is to be measured")
        table.add_row(what, f"{few:.1f}", f"{many:.1f}", f"{few / many:.0%}")
        del small, large
    console.print(table)
    _print_agent(console)
    _print_misses(console)


def _print_agent(console: Console) -> None:
    for what, timelines in (("literal", literal(1000)), ("like accept-chat", copies(1000))):
        served = Served(timelines)
        served.ask(user="first")
        chats = [p.values["chat"] for p in served.simulator.agents.all[0].plays if "chat" in p.values]
        path = f"{CHAT}/{chats[0]}" if chats else ""
        began = process_time()
        served.ask(path, user="second")
        spent = process_time() - began
        tracemalloc.start()
        served.ask(path, user="third")
        journal = len(served.simulator.journal.lines()) * 1000 // len(served.simulator.journal)
        took = tracemalloc.get_traced_memory()[0] - journal
        tracemalloc.stop()
        console.print(f"an agent with 1,000 scenarios, {what}: {spent * 1e3:.0f} ms, {took / 1024:,.0f} KB")


def _print_misses(console: Console) -> None:
    for what, served in (
        ("1 scenario", Served(literal(1))),
        ("1,000 scenarios, each of another chat", Served(literal(1000))),
        ("1,000 like accept-chat", Served(copies(1000))),
        ("10,000 steps", Served(steps(10_000))),
    ):
        times = []
        for _ in range(20):
            began = process_time()
            served.ask(f"{CHAT}/none", b'{"operationName": "Acept"}')
            times.append(process_time() - began)
        console.print(f"a miss beside {what}: {statistics.median(times) * 1e3:.1f} ms")


if __name__ == "__main__":
    main()
