"""What is to be reached, and how far it is: figures of paired runs become rows of one table. Pure."""

from __future__ import annotations

import statistics
from typing import Any, Literal, NamedTuple

from rich.table import Table

Runs = list[float | None]
"""A figure for each run, in turn; none where the run broke."""
Bound = Literal["× at least", "× at most", "at most"]
"""Ours in times of the better rival's, or ours itself."""


class Goal(NamedTuple):
    """One thing that is asked for."""

    name: str
    """What `--only` takes."""
    what: str
    unit: str
    bound: Bound
    must: float
    stretch: float


class Row(NamedTuple):
    """A goal and what was measured, by us and by others in the same runs."""

    goal: Goal
    ours: Runs
    rivals: dict[str, Runs]
    notes: tuple[str, ...] = ()

    @property
    def beside(self) -> str | None:
        """The better rival, by its median."""
        medians = {name: each for name, runs in self.rivals.items() if (each := _median(runs)) is not None}
        choose = max if self.goal.bound == "× at least" else min
        return choose(medians, key=lambda name: medians[name]) if medians else None

    @property
    def ratio(self) -> float | None:
        """Ours in times of the better rival's: the median over the runs in which both were measured."""
        if self.beside is None:
            return None
        pairs = zip(self.ours, self.rivals[self.beside], strict=True)
        return _median([ours / other for ours, other in pairs if ours is not None and other])

    @property
    def met(self) -> str:
        """How far we are, in a word."""
        reached = _median(self.ours) if self.goal.bound == "at most" else self.ratio
        if reached is None:
            return "not measured"
        if self._reaches(reached, self.goal.stretch):
            return "stretch"
        return "must" if self._reaches(reached, self.goal.must) else "no"

    def _reaches(self, figure: float, bound: float) -> bool:
        return figure >= bound if self.goal.bound == "× at least" else figure <= bound

    def as_json(self) -> dict[str, Any]:
        """All of it, for programs."""
        medians = {name: _median(runs) for name, runs in self.rivals.items()}
        said = {"ours": _median(self.ours), "rivals": medians, "beside": self.beside, "ratio": self.ratio}
        runs = {"ours": self.ours, **self.rivals}
        return self.goal._asdict() | said | {"met": self.met, "notes": self.notes, "runs": runs}

    def cells(self) -> list[str]:
        """A row of the table."""
        goal, others = self.goal, [f"{name} {_figure(_median(runs))}" for name, runs in self.rivals.items()]
        bounds = [_bound(goal, goal.must), _bound(goal, goal.stretch)]
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        ours = f"{_figure(_median(self.ours))} {goal.unit}"
        return [goal.name, goal.what, ours, ", ".join(others), ratio, *bounds, self.met]


def table_of(rows: list[Row], title: str) -> Table:
    """The table of `make bench`."""
    table = Table(title=title, title_justify="left")
    for heading in ("row", "what", "ours", "others", "×", "must", "stretch", "met"):
        table.add_column(heading, justify="right" if heading in {"ours", "×", "must", "stretch"} else "left")
    for number, row in enumerate(rows):
        if number and rows[number - 1].goal.name != row.goal.name:
            table.add_section()
        table.add_row(*row.cells())
    return table


def _bound(goal: Goal, figure: float) -> str:
    match goal.bound:
        case "at most":
            return f"{figure:g} {goal.unit}"
        case "× at least":
            return f"{figure:g} ×"
        case "× at most":
            return f"≤ {figure:.2g} ×"


def _median(runs: Runs) -> float | None:
    known = [each for each in runs if each is not None]
    return statistics.median(known) if known else None


def _figure(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
