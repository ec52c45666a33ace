"""The whole road on one machine: serve, record through a real mitmproxy, distil, serve again, compare.

Run it with `make demo`. It plays the bundled scenario, records it while the built-in client accepts the chat,
distils the recording, plays what came out and drives it once more; then both runs stand side by side. It ends
with 0 only if they agree: same steps, same order, same values up to pseudonyms, gaps within 25 ms.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from replay.drive.outcome import Outcome
from replay.drive.playing import play
from replay.errors import ReplayError, SurroundingsError
from replay.plan.timeline import Timeline, plan
from replay.scenario.load import load
from replay.verify.compare import Row, compare

ROOT = Path(__file__).parent.parent
SCENARIO = ROOT / "scenarios" / "accept-chat.yaml"
OUT = ROOT / ".demo"
GAP = float("inf") if "--any-gap" in sys.argv else 0.025
"""Seconds by which a gap may differ."""

console = Console(highlight=False, width=None if sys.stdout.isatty() else 132)


@asynccontextmanager
async def running(*arguments: str, says: str) -> AsyncIterator[str]:
    """A `replay` command in the background; yields the word of its output that begins with `says`."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "replay",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    heard: list[str] = []
    try:
        async with asyncio.timeout(30):
            word = ""
            while not word:
                line = (await process.stdout.readline()).decode()
                if not line:
                    raise SurroundingsError(f"replay {arguments[0]} ended at once: {''.join(heard).strip()}")
                heard.append(line)
                word = next((word for word in line.split() if word.startswith(says)), "")
        yield word
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        rest = (await process.stdout.read()).decode()
        code = await process.wait()
    if code != 0:
        raise SurroundingsError(f"replay {arguments[0]} ended with {code}: {rest.strip()}")


def say(step: str, text: str) -> None:
    """One line of the story."""
    console.print(f"[bold]{step:>8}[/]  {text}")


async def record(scenario: Path, recording: Path, distilled: Path) -> Outcome:
    """Plays the scenario behind a recording proxy and drives it."""
    async with running("serve", str(scenario), "--port", "0", "--print-url", says="http") as server:
        say("serve", f"{scenario.relative_to(ROOT)} on {server}")
        # Whoever is in this story is invented, and both runs are to say the same.
        arguments = ["record", "--no-redact", "--upstream", server, "--listen", "127.0.0.1:0"]
        arguments += ["--to", str(recording)]
        async with running(*arguments, "--distil", str(distilled), says="http") as proxy:
            say("record", f"mitmproxy on {proxy}, writing {recording.relative_to(ROOT)}")
            outcome = await play(plan(load(scenario)), proxy)
            say("drive", "the built-in client was invited, accepted, and got its events through the proxy")
    say("distil", f"{distilled.relative_to(ROOT)}")
    return outcome


async def replay_again(scenario: Path) -> tuple[Outcome, Timeline]:
    """Plays what was distilled and drives it, without a proxy."""
    timeline = plan(load(scenario))
    # Another seed makes other ids: what agrees then agrees by structure.
    arguments = ["serve", str(scenario), "--port", "0", "--print-url", "--seed", "2"]
    async with running(*arguments, says="http") as server:
        say("serve", f"{scenario.relative_to(ROOT)} on {server}")
        outcome = await play(timeline, server)
        say("drive", "the same client, the distilled scenario")
    return outcome, timeline


def table(rows: list[Row]) -> Table:
    """Both runs side by side."""
    drawn = Table(title="What the client saw, before and after", title_justify="left", padding=(0, 1))
    for heading in ("at", "recorded", "at", "replayed", "gap differs", ""):
        drawn.add_column(heading, justify="right" if heading in {"at", "gap differs"} else "left")
    for row in rows:
        cells = []
        for seen in (row.one, row.other):
            arrow = "" if seen is None else {"request": "→", "answer": "←", "event": "⇐"}.get(seen.kind, "!")
            cells.append("" if seen is None else f"{seen.at * 1000:,.0f} ms")
            cells.append("(nothing)" if seen is None else f"{arrow} {seen.what}")
        good = row.agrees and abs(row.apart) <= GAP
        drawn.add_row(*cells, f"{row.apart * 1000:+.1f} ms", "[green]same[/]" if good else "[red]differs[/]")
    return drawn


def judge(first: Outcome, second: Outcome, rows: list[Row]) -> list[str]:
    """Every way in which the runs disagree."""
    faults = []
    for name, run in (("first", first), ("second", second)):
        faults += [f"the {name} run did not see '{step}'" for step in run.missing]
        faults += [f"the {name} run ended early: {run.why}"] if run.why else []
    for row in rows:
        seen = row.one or row.other
        assert seen is not None
        if row.one is None or row.other is None:
            faults.append(f"only one run has: {seen.what}")
        faults += [f"{seen.what}: {d.field} is {d.got!r}, was {d.expected!r}" for d in row.differences]
        if abs(row.apart) > GAP:
            faults.append(f"{seen.what}: its gap differs by {row.apart * 1000:+.1f} ms")
    return faults


async def demo() -> int:
    """The road, once."""
    OUT.mkdir(exist_ok=True)
    recording, distilled = OUT / "accept-chat.mitm", OUT / "accept-chat.yaml"
    for old in (recording, distilled):
        old.unlink(missing_ok=True)
    first = await record(SCENARIO, recording, distilled)
    second, timeline = await replay_again(distilled)
    rows = compare(first.seen, second.seen, timeline.shift_fields)
    console.print()
    console.print(table(rows))
    faults = judge(first, second, rows)
    for fault in faults:
        console.print(f"  [red]✗[/] {fault}")
    if not faults:
        worst = max(abs(row.apart) for row in rows) * 1000
        console.print(
            f"[green]✓[/] {len(rows)} of {len(rows)} agree in order and value; gaps within {worst:.1f} ms"
        )
        name = distilled.relative_to(ROOT)
        console.print(f"  Read {name}, change it, and play it: .venv/bin/replay serve {name}")
    return 1 if faults else 0


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(demo()))
    except ReplayError as error:
        console.print(f"replay: {error}", markup=False)
        sys.exit(error.exit_code)
