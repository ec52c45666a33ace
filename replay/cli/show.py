"""`replay show`: a scenario, or the journal of a run, as a timeline to be read."""

from __future__ import annotations

from pathlib import Path

import click

from replay.cli.journals import find_journal
from replay.errors import ScenarioError, UsageError, nearest
from replay.plan.outline import outline
from replay.scenario.load import load
from replay.scenario.model import Scenario
from replay.verify.chronicle import chronicle


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--agent", default="", metavar="NAME", help="Of a journal: only what happened to this agent.")
def show(*, file: Path, agent: str) -> None:
    """Prints a scenario as a timeline: what is asked, answered, pushed.

    With what sets each push off, and the evidence for it.

    Of a journal that `replay serve --journal` wrote: what happened to each agent, with a ⚡ where a fault
    struck, and behind what it touched.
    """
    kept = find_journal(file)
    if kept is None:
        if agent:
            raise UsageError(f"--agent is for journals, and {file} is none")
        lines = outline(_scenario(file))
    else:
        if agent and agent not in {*kept.agents, *kept.first_names}:
            there = ", ".join(kept.agents) or "none"
            advice = nearest(agent, kept.agents)
            what = f"no agent of {file} is called '{agent}'; agents: {there}. {advice}"
            raise UsageError(what.rstrip(" ."))
        lines = chronicle(kept, agent=agent)
    for line in lines:
        click.echo(line)


def _scenario(file: Path) -> Scenario:
    try:
        return load(file)
    except ScenarioError as error:
        if file.suffix.lower() in {".yaml", ".yml"} or not file.is_file():
            raise
        what = f"{file} is neither a scenario nor a journal of `replay serve --journal`"
        raise UsageError(f"{what}. As a scenario:\n{error}") from None
