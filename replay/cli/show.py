"""`replay show`: a scenario, or the journal of a run, as a timeline to be read."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from replay.cli.files import FILE
from replay.cli.journals import find_journal
from replay.entries import Kept
from replay.errors import ScenarioError, UsageError, nearest
from replay.plan.nominal import nominal
from replay.plan.outline import outline
from replay.scenario.dump import put
from replay.scenario.load import load
from replay.scenario.model import Scenario
from replay.server.ui import still_page
from replay.verify.chronicle import chronicle, title


@click.command()
@click.argument("file", type=FILE)
@click.option("--agent", default="", metavar="NAME", help="Of a journal: only what happened to this agent.")
@click.option(
    "--html", type=click.Path(path_type=Path), metavar="OUT", help="Write a page; '-': standard output."
)
def show(*, file: Path, agent: str, html: Path | None) -> None:
    """Prints a scenario as a timeline: what is asked, answered, pushed.

    With what sets each push off, and the evidence for it.

    Of a journal that `replay serve --journal` wrote: what happened to each agent, with a ⚡ where a fault
    struck, and behind what it touched.

    With --html it is one page, to be opened in a browser: timelines to zoom into, and every entry as JSON. It
    needs no server and fetches nothing. A scenario is shown as it goes if all goes as written. What OUT held
    before is kept beside it as OUT~.
    """
    if html is not None and html.exists() and file.exists() and html.samefile(file):
        raise UsageError(f"{html} is what is to be read: name another file with --html")
    kept = find_journal(file)
    if kept is None:
        if agent:
            raise UsageError(f"--agent is for journals, and {file} is none")
        scenario = _scenario(file)
        lines, page = outline(scenario), partial(_planned, scenario)
    else:
        if agent and agent not in {*kept.agents, *kept.first_names}:
            there = ", ".join(kept.agents) or "none"
            advice = nearest(agent, kept.agents)
            what = f"no agent of {file} is called '{agent}'; agents: {there}. {advice}"
            raise UsageError(what.rstrip(" ."))
        lines, page = chronicle(kept, agent=agent), partial(_kept, kept, agent)
    if html is not None:
        _write(html, page())
        return
    for line in lines:
        click.echo(line)


def _planned(scenario: Scenario) -> bytes:
    held = {"title": scenario.name, "about": scenario.about, "planned": True, "entries": nominal(scenario)}
    return still_page(held, scenario.name)


def _kept(kept: Kept, agent: str) -> bytes:
    first = kept.first_names
    whose = first.get(agent, agent)
    entries = [each for each in kept.entries if not agent or first.get(each.agent, each.agent) in {"", whose}]
    told = title(kept)
    return still_page({"title": told, "planned": False, "entries": entries}, told)


def _write(path: Path, page: bytes) -> None:
    if str(path) == "-":
        click.echo(page, nl=False)
        return
    try:
        before = put(path, page.decode())
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from None
    if before is not None:
        click.echo(f"note: what {path} held before is kept as {before}", err=True)


def _scenario(file: Path) -> Scenario:
    try:
        return load(file)
    except ScenarioError as error:
        if file.suffix.lower() in {".yaml", ".yml"} or not file.is_file():
            raise
        what = f"{file} is neither a scenario nor a journal of `replay serve --journal`"
        raise UsageError(f"{what}. As a scenario:\n{error}") from None
