"""`replay check`: are these scenarios good?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec

from replay.errors import Problem, ScenarioError, UsageError
from replay.scenario.load import load
from replay.scenario.model import RequestStep, Scenario


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print a list of {file, ok, problems} instead.")
@click.option("--secrets", is_flag=True, help="Also fail on what looks like a leak (not built yet).")
@click.pass_context
def check(context: click.Context, files: tuple[Path, ...], *, as_json: bool, secrets: bool) -> None:
    """Says whether scenarios can be played, and where they cannot, what to do.

    Exit code 0 if every FILE is good, 2 otherwise.
    """
    if secrets:
        raise UsageError("check --secrets is not built yet in this version; leave it out")
    verdicts = [(file, *_verdict(file)) for file in files]
    if as_json:
        rows = [_row(file, problems) for file, _, problems in verdicts]
        click.echo(msgspec.json.format(msgspec.json.encode(rows), indent=2).decode())
    else:
        for file, scenario, problems in verdicts:
            if scenario is not None:
                click.echo(f"{file}: good ({_counts(scenario)})")
            for problem in problems:
                click.echo(str(problem), err=True)
    if any(problems for _, _, problems in verdicts):
        context.exit(2)


def _verdict(file: Path) -> tuple[Scenario | None, tuple[Problem, ...]]:
    try:
        return load(file), ()
    except ScenarioError as error:
        return None, error.problems


def _row(file: Path, problems: tuple[Problem, ...]) -> dict[str, Any]:
    return {
        "file": str(file),
        "ok": not problems,
        "problems": [
            {"line": problem.line, "column": problem.column, "what": problem.what, "help": problem.help}
            for problem in problems
        ],
    }


def _counts(scenario: Scenario) -> str:
    steps = [*scenario.session, *scenario.steps]
    requests = sum(isinstance(step, RequestStep) for step in steps)
    pushes = len(steps) - requests
    return (
        f"{len(steps)} step{'' if len(steps) == 1 else 's'}: "
        f"{requests} request{'' if requests == 1 else 's'}, {pushes} push{'' if pushes == 1 else 'es'}"
    )
