"""What the issues ask to be shown, in full, as a table for the closing note: `make prove`.

A line is good only if its command ended as expected. Figures are what the command printed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
PYTEST = [sys.executable, "-m", "pytest", "-q", "-m", ""]
OFF = {"VIRTUAL_ENV", "PYTHONPATH", "MAKEFLAGS", "MAKELEVEL", "MFLAGS"}
"""Variables of this very run that a newcomer's shell does not have."""


class Shown(NamedTuple):
    """The outcome of one line."""

    good: bool
    figures: str


def run(*command: str, cwd: Path = ROOT, expect: int = 0) -> tuple[bool, str]:
    """Whether a command ended as expected, and what it printed."""
    environment = {name: value for name, value in os.environ.items() if name not in OFF}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    output = done.stdout + done.stderr
    if done.returncode != expect:
        print(f"\n$ {' '.join(command)}\n{output[-4000:]}\n[exit {done.returncode}]", file=sys.stderr)
    return done.returncode == expect, output


def tests(*arguments: str) -> Shown:
    """Some of the test suite, with what is too long for every day."""
    good, output = run(*PYTEST, *arguments)
    return Shown(good, output.strip().splitlines()[-1].strip("= "))


def fresh_clone() -> Shown:
    """The two commands of the README, from a clone, with nothing installed."""
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "replay"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        for target in ("demo", "test"):
            began = time.monotonic()  # noqa: TID251  a stopwatch, not a test
            good, output = run("make", target, cwd=clone)
            figures.append(f"make {target} {time.monotonic() - began:.0f} s")  # noqa: TID251
            last = output.strip().splitlines()[-1].strip("= ") if target == "test" else ""
            if not good:
                return Shown(good, ", ".join(figures))
        figures.append(last)
    return Shown(True, ", ".join(figures))


def gap_medians() -> Shown:
    """How far replayed gaps are from recorded ones, as clients see them."""
    good, output = run(sys.executable, "-m", "tests.road.measure")
    return Shown(good, output.strip().splitlines()[-1])


def mutations() -> Shown:
    """What is wrong with a server, and what `verify` says of it."""
    good, output = run(sys.executable, "-m", "tests.mutations")
    print(output)
    return Shown(good, output.strip().splitlines()[-1])


def matrix(weather: str) -> Shown:
    """A table of real clients: on every transport they have, through trouble, or before a real server."""
    good, output = run(sys.executable, "-m", "tests.matrix", weather)
    print(output)
    return Shown(good, output.strip().splitlines()[-1])


def large(kind: str, megabytes: int) -> Shown:
    """What distilling a large flow file costs: good while memory stays within its bound."""
    good, output = run(sys.executable, "-m", "tests.size", kind, str(megabytes))
    return Shown(good, output.strip().splitlines()[-1])


def project() -> Shown:
    """The sample project, 20 times in a row with `-n 4`: good if all are green, each within 20 s."""
    good, output = run(sys.executable, "-m", "tests.examples", "20")
    return Shown(good, output.strip().splitlines()[-1])


def inside() -> Shown:
    """What 500 simulators within one process leave behind: good if nothing, ready within 50 ms."""
    good, output = run(sys.executable, "-m", "tests.inside", "500")
    return Shown(good, output.strip().splitlines()[-1])


def fixpoint() -> Shown:
    """Recorded, told, served, recorded and told again: nothing else, and how far delays are apart."""
    shown = tests("tests/road/test_fixpoint.py")
    good, output = run(sys.executable, "-m", "tests.road.fixpoint")
    far = [int(each) for each in re.findall(r"(\d+) delays over 10 ms", output)]
    steps = [int(each) for each in re.findall(r"of (\d+) steps", output)]
    print(output)
    return Shown(shown.good and good, f"{shown.figures}; {sum(far)} of {sum(steps)} delays over 10 ms apart")


def covered() -> Shown:
    """Each thing that the API does or says has a row, and what a row names is there and plays to its end."""
    shown = tests(
        "tests/library/test_coverage.py", "tests/library/test_stories.py", "tests/library/test_files.py"
    )
    page = (ROOT / "docs" / "coverage.md").read_text("utf-8")
    return Shown(shown.good, f"{shown.figures}; {re.findall(r'(?m)^Of [0-9]+ things, .*[.]$', page)[0]}")


def desk() -> Shown:
    """The desk of examples/ in Chromium; what it looked like is kept in `.prove/desk`."""
    kept = ROOT / ".prove" / "desk"
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    os.environ["REPLAY_SHOTS"] = str(kept)
    shown = tests("tests/browser/test_desk.py")
    del os.environ["REPLAY_SHOTS"]
    pictures = len(list(kept.glob("*.png")))
    return Shown(
        shown.good and pictures > 0, f"{shown.figures}; {pictures} pictures in {kept.relative_to(ROOT)}"
    )


def a_day() -> Shown:
    """A long day: of 200 agents, of one that `verify` plays, and recorded, told, served, and told again."""
    shown = tests("tests/library/test_a_day.py", "-k", "not pace_of_people")
    good, output = run(sys.executable, "-m", "tests.library.day")
    return Shown(shown.good and good, f"{shown.figures}; {output.strip().splitlines()[-1]}")


def broken_scenarios() -> Shown:
    """Every broken scenario is refused with a place and what to do."""
    files = sorted((ROOT / "tests" / "data" / "broken").glob("*.yaml"))
    good, output = run(sys.executable, "-m", "replay", "check", *(str(f) for f in files), expect=2)
    placed = {line.split(":")[0] for line in output.splitlines() if re.match(r".+\.yaml:\d+:\d+: ", line)}
    return Shown(good and len(placed) == len(files), f"{len(placed)} of {len(files)} placed, exit 2")


def bench(*rows: str) -> Shown:
    """Ours beside others, briefly: good unless ours answered or delivered anything wrong."""
    return table("--quick", *(flag for row in rows for flag in ("--only", row)))


def table(*flags: str) -> Shown:
    """The benchmark's table, whose times decide nothing: what each row came to beside the better rival."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "figures.json"
        good, output = run(sys.executable, "-m", "bench", *flags, "--json", str(out))
        print(output)
        rows = json.loads(out.read_text())["rows"] if out.exists() else []
    said = [f"{row['what']}: {_figures(row)}" for row in rows if row["ours"] is not None]
    return Shown(good and bool(rows), "; ".join(said))


def _figures(row: dict[str, Any]) -> str:
    beside = f", {row['ratio']:.2f} × {row['beside']}" if row["ratio"] else ""
    return f"{row['ours']:,.4g} {row['unit']}{beside} ({row['met']})"


def compiled() -> Shown:
    """The tests on what is compiled to C, in a copy of the tree."""
    good, output = run(sys.executable, "-m", "tests.compiled")
    return Shown(good, output.strip().splitlines()[-1].strip("= "))


def recorder() -> Shown:
    """What recording costs beside plain mitmdump, in requests per second and on a held poll."""
    good, output = run(sys.executable, "-m", "bench.recorder", "--least", "0.9")
    return Shown(good, output.strip().splitlines()[-1])


def faults() -> Shown:
    """Each fault and preset before a real client; good only if each observed what the reference says."""
    good, output = run(sys.executable, "-m", "tests.faults.demo")
    print(output)
    return Shown(good, output.strip().splitlines()[-1])


def lateness(*shows: str) -> Shown:
    """What `replay serve` does on time: good when nothing was early and the goals hold, within 15%."""
    only = [flag for show in shows for flag in ("--only", show)]
    good, output = run(sys.executable, "-m", "bench.lateness", *only, "--within", "1.15")
    return Shown(good, output.strip().splitlines()[-1])


def hour() -> Shown:
    """An hour of story on a clock moved by hand, with real clients."""
    good, output = run(sys.executable, "-m", "tests.server.hour")
    return Shown(good, output.strip().splitlines()[-1])


def crowd() -> Shown:
    """5,000 agents on each transport through an Accept: good if each was told each event once, in order."""
    good, output = run(sys.executable, "-m", "tests.load")
    return Shown(good, "; ".join(line for line in output.splitlines() if "agents over" in line))


def by_hand() -> Shown:
    """An hour of visitors and faults on a clock moved by hand: good if nothing that is kept grows."""
    good, output = run(sys.executable, "-m", "tests.load.hour")
    return Shown(good, output.strip().splitlines()[-1])


def soak() -> Shown:
    """Ten minutes of the same in real time: memory, descriptors, tasks and objects of the server."""
    good, output = run(sys.executable, "-m", "tests.load.soak")
    return Shown(good, next(line for line in output.splitlines() if "arrivals" in line))


def misses() -> Shown:
    """Labelled mistakes of clients: good while nearly all are taken for what they mean."""
    good, output = run(sys.executable, "-m", "tests.misses")
    print(output)
    return Shown(good, output.strip().splitlines()[-1])


def clean() -> Shown:
    """Style, types and who may import whom."""
    commands = (
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy"],
        ["lint-imports"],
    )
    tools = Path(sys.executable).parent
    good = all(run(str(tools / name), *rest)[0] for name, *rest in commands)
    return Shown(good, "ruff, mypy --strict, import contracts")


SHOWS: list[tuple[str, str, Callable[[], Shown]]] = [
    ("2.1", "make demo and make test from a fresh clone", fresh_clone),
    (
        "2.2",
        "record: real clients x servers x transports",
        lambda: tests("tests/road", "-k", "recorder or cause"),
    ),
    ("2.3", "replay: gaps as clients see them, within 10 ms", gap_medians),
    (
        "2.4",
        "recorded over one transport, served over the other",
        lambda: tests("tests/road", "-k", "over_the_other"),
    ),
    ("2.5", "two agents, with and without cookies", lambda: tests("tests/server/test_real_clients.py")),
    ("2.6", "broken scenarios", broken_scenarios),
    ("2.7", "lint-imports, mypy --strict, ruff", clean),
    ("3.1", "real clients on every transport they have", lambda: matrix("fair")),
    ("3.2", "real clients through trouble", lambda: matrix("rough")),
    ("3.2", "the same trouble before real servers", lambda: matrix("real")),
    ("3.3", "cometd.js in headless Chromium, from a page of another origin", lambda: tests("tests/browser")),
    (
        "3.4",
        "acknowledgements with cometd.js: answers lost, every event once",
        lambda: tests("tests/client_real/test_ack.py"),
    ),
    (
        "3.5",
        "our client against cometd-nodejs-server and faye, also forgotten",
        lambda: tests("tests/client_real/test_servers.py"),
    ),
    (
        "3.6",
        "bench: set up per second, memory per held poll, events per second",
        lambda: bench("setup", "memory", "polling"),
    ),
    ("4.1", "record, distil, serve, record, distil: the same scenario", fixpoint),
    (
        "4.1",
        "agents and chats at once: a story for each, as each alone tells it",
        lambda: tests("tests/road/test_stories.py", "tests/distil/test_interleaved.py"),
    ),
    ("4.1", "the same for a story of two agents", lambda: tests("tests/road/test_roles.py")),
    (
        "4",
        "known causes found in 2,000 random stories; recordings merged, repeats folded, retries as faults",
        lambda: tests(
            *(
                f"tests/distil/test_{name}.py"
                for name in ("causes_of_stories", "merging", "folding", "retries")
            )
        ),
    ),
    ("4.3", "kill -9 of the recorder at 20 moments", lambda: tests("tests/capture/test_killed.py")),
    (
        "4.3",
        "in the user's own mitmdump, mitmweb and mitmproxy",
        lambda: tests("tests/capture/test_tools.py"),
    ),
    ("4.4", "what recording costs beside plain mitmdump", recorder),
    (
        "4.2",
        "fifty secrets and personal values: none in any file",
        lambda: tests("tests/capture/test_canaries.py"),
    ),
    ("4.5", "200 MB by our recorder distilled in bounded memory", lambda: large("recorded", 200)),
    ("4.5", "20 MB by a plain mitmdump, cleaned when distilled", lambda: large("foreign", 20)),
    (
        "4.5",
        "a wrong byte or a cut anywhere costs no more than what it hits",
        lambda: tests("tests/capture/test_broken_bytes.py"),
    ),
    (
        "4.6",
        "one story by two clients: only what truly differs",
        lambda: tests("tests/road/test_alike.py", "tests/cli/test_diff.py"),
    ),
    ("5.1", "each fault and preset before a real client", faults),
    (
        "5.2",
        "the same faults on the same steps: 1 agent, 50 in turn, 200 at once, ten runs",
        lambda: tests("tests/faults/test_crowds.py"),
    ),
    (
        "5.3",
        "a chance of 20% and a lognormal delay, over 10,000 draws",
        lambda: tests(
            "tests/faults/test_crowds.py", "tests/plan/test_pace.py", "-k", "ten_thousand or quantile or p99"
        ),
    ),
    (
        "5.4",
        "lateness: 1,000 events/s for 30 s; a 100 ms delay beside others",
        lambda: lateness("paced", "answers"),
    ),
    ("5.5", "an hour by hand with cometd.js, and as a scaled real run", hour),
    ("5.6", "no drift: 10,000 pushes 1 ms apart", lambda: lateness("drift")),
    (
        "5.7",
        "a failure seen at random, pinned: it fails the same way without chance",
        lambda: tests("tests/faults/test_fixture.py", "tests/faults/test_pinning.py"),
    ),
    (
        "6.1",
        "the page in Chromium: by hand, by keyboard, a script for a nickname; 1,000 agents",
        lambda: tests(
            "tests/browser/test_page.py",
            "tests/browser/test_page_of_many.py",
            "tests/browser/test_page_of_a_file.py",
        ),
    ),
    (
        "6.2",
        "10,000 calls of control by schemathesis: no 5xx, and no answer that is not described",
        lambda: tests("tests/server/test_control_schema.py", "-k", "ten_thousand"),
    ),
    ("6.3", "near misses of clients: the step each means", misses),
    (
        "6.4",
        "metrics after 10,000 requests: every count is the journal's",
        lambda: tests("tests/server/test_counts.py"),
    ),
    (
        "6.5",
        "a file edited 20 times, 5 of them broken, under 100 agents: no event is lost",
        lambda: tests("tests/server/test_watching_crowd.py"),
    ),
    (
        "6.6",
        "journal, HAR, distil: the scenario it came from",
        lambda: tests("tests/road/test_har.py", "tests/distil/test_from_har.py"),
    ),
    ("7.1", "mutations of npm's cometd server, each asked of `verify`", mutations),
    (
        "7.1",
        "nothing said of the unmutated server, 50 runs in a row",
        lambda: tests("tests/mutations", "-k", "fifty or recording"),
    ),
    (
        "7.2",
        "a project of its own: two desktops, pytest -n 4, 20 times in a row, also in random order",
        project,
    ),
    ("7.3", "an in-process simulator: ready in ms, and nothing left after 500 of them", inside),
    (
        "7.4",
        "Node's test runner and Playwright against replay serve; what they say at three in the morning",
        lambda: tests(
            "tests/recipes/test_node.py", "tests/recipes/test_page.py", "tests/browser/test_recipe.py"
        ),
    ),
    (
        "7.4",
        "GitHub Actions, step by step from a bare Python",
        lambda: tests("tests/recipes/test_actions.py"),
    ),
    ("7.4", "a container, built and run by hand", lambda: tests("tests/recipes/test_container.py")),
    ("7.5", "what five mistakes print", lambda: tests("tests/pytest_plugin/test_failures.py")),
    ("8.1", "make bench: the table of goals, beside rivals, in full", table),
    (
        "8",
        "SIGTERM under load: 2,000 polls answered, 500 sockets closed with 1001, within 5 s",
        lambda: tests("tests/server/test_ending.py"),
    ),
    (
        "8",
        "slow readers, clients that vanish, 5,000 connections at once, few descriptors",
        lambda: tests(*(f"tests/server/test_{name}.py" for name in ("slow_readers", "vanished", "storms"))),
    ),
    ("8.1", "compiled to C, it passes the same tests", compiled),
    (
        "8.1",
        "without the front, the same tests pass",
        lambda: tests(
            "--no-front", "-m", "not full", "tests/server", "tests/faults", "tests/behaviours", "tests/road"
        ),
    ),
    ("8.2", "5,000 agents on each transport through an Accept: each event once, in order", crowd),
    ("8.3", "an hour by hand with faults, people who come and go: nothing grows", by_hand),
    ("8.3", "ten minutes of the same in real time, on real connections", soak),
    (
        "8.4",
        "two replicas behind HAProxy and nginx, real clients: no 402; one killed, its agents come back",
        lambda: tests("tests/replicas"),
    ),
    (
        "8.5",
        "Locust: a master, two workers, 500 users: its rows are the simulator's counts; a server killed",
        lambda: tests("tests/load/test_locust.py", "-m", "full"),
    ),
    (
        "9.1",
        "each operation, notification, state, status and error of the API: who plays it, or why not",
        covered,
    ),
    ("9.2", "a desk in Chromium works on what replay serve plays: whole chats, 402, lost connections", desk),
    ("9.3", "a long day: 200 agents, verify, and a fixpoint of record, distil, serve", a_day),
    (
        "9.4",
        "the commands of the tutorial, of the README, of its picture and of the how-tos, as printed",
        lambda: tests("tests/printed"),
    ),
    (
        "9.5",
        "a CometD service that is not Genesys: recorded, told, and played to npm's cometd",
        lambda: tests("tests/examples/test_plain.py"),
    ),
]


def main() -> int:
    """Runs the lines asked for (`2.3`, or `2` for an issue), all by default."""
    wanted = tuple(sys.argv[1:])
    console = Console(width=None if sys.stdout.isatty() else 140, highlight=False)
    table = Table(title="make prove", title_justify="left")
    for heading in ("show", "what", "", "measured", "s"):
        table.add_column(heading)
    failed = 0
    for number, title, show in SHOWS:
        if wanted and not number.startswith(wanted):
            continue
        console.print(f"{number} {title} …", markup=False)
        began = time.monotonic()  # noqa: TID251  a stopwatch, not a test
        shown = show()
        took = time.monotonic() - began  # noqa: TID251
        failed += not shown.good
        table.add_row(number, title, "good" if shown.good else "NOT GOOD", shown.figures, f"{took:.0f}")
    console.print(table)
    return int(failed > 0)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    assert shutil.which("git"), "git is needed for the fresh clone"
    sys.exit(main())
