"""`python -m bench.loading`: how long a scenario of 10,000 steps (4 MB) takes to load and to write.

Every stage by itself, medians of several runs; the careful reader, which knows every value's place and is
otherwise only asked when something is wrong, is measured beside the quick one.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import click
import msgspec
import yaml

from replay.scenario import reader
from replay.scenario.check import check
from replay.scenario.decode import decode
from replay.scenario.dump import dumps
from replay.scenario.load import load
from replay.scenario.model import PushStep, RequestStep, Respond, Scenario, Step, Variable

CHATS = 2_500
CHANNEL = "/v2/me/chats"
LIMIT = 1.5
"""Seconds that loading may take."""


def big(chats: int = CHATS) -> Scenario:
    """One agent with so many chats, one after another: four steps each, 400 bytes a step."""
    made = {"chat": "interaction-id", "customer": "participant-id"}
    variables = {name: Variable(make=make) for name, make in made.items()}
    variables["nickname"] = Variable(recorded="Marat")
    steps = [step for number in range(chats) for step in _chat(number)]
    return Scenario(version=1, name="big", variables=variables, steps=steps)


def _chat(number: int) -> list[Step]:
    chat = {"id": "${chat}", "uri": "${base_url}/api/v2/chats/${chat}", "participants": []}
    change = {"messageType": "ChatStateChangeMessage", "notificationType": "StatusChange"}
    offered = chat | {"state": "Invited", "capabilities": ["Accept", "Reject"], "number": number}
    accept = RequestStep(
        id=f"accept-{number}",
        request="POST /api/v2/me/chats/${chat}",
        body={"operationName": "Accept", "nickname": "${nickname}", "number": number},
        needs=[f"invited-{number}"],
        respond=[Respond(after="38ms", body={"statusCode": 0})],
    )
    text = {
        "index": 5,
        "type": "Text",
        "from": {"type": "Customer", "nickname": "PersonP", "participantId": "${customer}"},
        "text": f"Hello World: this is 'text' number {number}, \"quoted\" #1",
        "timestamp": "2014-01-02T14:23:20.126-0800",
        "userData": None,
    }
    log = {"messageType": "MessageLogUpdated", "notificationType": "NewMessages", "messages": [text]}
    because = "same chat id, referenceId on this event alone"
    capabilities = ["Transfer", "Complete", "Leave", "InFocus", "SendMessage", "SendStartTypingNotification"]
    chatting = chat | {"state": "Chatting", "capabilities": capabilities}
    return [
        _push(f"invited-{number}", f"messages-{number - 1} + 20ms" if number else "start", offered, change),
        accept,
        _push(f"chatting-{number}", f"accept-{number} + 41ms", chatting, change, because),
        PushStep(id=f"messages-{number}", push=CHANNEL, after=f"accept-{number} + 300ms", data=log),
    ]


def _push(name: str, after: str, chat: Any, change: Any, because: str = "") -> PushStep:
    return PushStep(id=name, push=CHANNEL, after=after, because=because, data=change | {"chat": chat})


@click.command()
@click.option("--runs", default=5, show_default=True, help="Runs, of which the median counts.")
def main(*, runs: int) -> None:
    """Exit code 1 when loading takes longer than it may."""
    scenario = big()
    text = dumps(scenario)
    document = reader.read(text, "big")
    click.echo(
        f"{len(scenario.steps):,} steps, {len(text) / 1e6:.1f} MB; median of {runs} runs, seconds of CPU"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "big.yaml"
        path.write_text(text, encoding="utf-8")
        whole = _median(lambda: load(path), runs)
        stages: list[tuple[str, Callable[[], Any]]] = [
            ("  read", lambda: reader.read(text, "big")),
            ("  decode", lambda: decode(document)),
            ("  check", lambda: check(scenario, document)),
            ("dump", lambda: dumps(scenario)),
            ("careful reader", lambda: msgspec.structs.replace(document, root=None).place(())),
            ("PyYAML's own load", lambda: yaml.load(text, yaml.CSafeLoader)),
        ]
        click.echo(f"{'load':18} {whole:6.2f}")
        for name, happen in stages:
            click.echo(f"{name:18} {_median(happen, runs):6.2f}")
    sys.exit(int(whole > LIMIT))


def _median(happen: Callable[[], Any], runs: int) -> float:
    times = []
    for _ in range(runs):
        began = process_time()
        happen()
        times.append(process_time() - began)
    return statistics.median(times)


if __name__ == "__main__":
    main()
