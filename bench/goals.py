"""What is to be reached, and how far it is: figures of paired runs become rows of one table. Pure."""

from __future__ import annotations

import statistics
from typing import Any, Literal, NamedTuple

from rich.table import Table

RIGHT = {"ours", "×", "by CPU", "must", "stretch"}
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
    own_cost: Runs = []  # noqa: RUF012  never changed
    """Seconds of our server's processor for one of what is counted."""
    costs: dict[str, Runs] = {}  # noqa: RUF012  never changed

    @property
    def beside(self) -> str | None:
        """The better rival, by its median."""
        medians = {name: each for name, runs in self.rivals.items() if (each := _median(runs)) is not None}
        choose = max if self.goal.bound == "× at least" else min
        return choose(medians, key=lambda name: medians[name]) if medians else None

    @property
    def ratio(self) -> float | None:
        """Ours in times of the better rival's: the median over the runs in which both were measured."""
        return _in_pairs(self.ours, self.rivals[self.beside]) if self.beside else None

    @property
    def by_processor(self) -> float | None:
        """The same for what one second of a processor does: other programs disturb it less."""
        if self.beside not in self.costs or not self.own_cost:
            return None
        return _in_pairs(self.costs[self.beside], self.own_cost)

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
        said |= {"by_processor": self.by_processor}
        runs = {"ours": self.ours, **self.rivals}
        known = {"runs": runs, "seconds_of_processor": {"ours": self.own_cost, **self.costs}}
        return self.goal._asdict() | said | {"met": self.met} | known

    def cells(self) -> list[str]:
        """A row of the table."""
        goal, others = self.goal, [f"{name} {_figure(_median(runs))}" for name, runs in self.rivals.items()]
        bounds = [_bound(goal, goal.must), _bound(goal, goal.stretch)]
        ratios = ["" if each is None else f"{each:.2f}" for each in (self.ratio, self.by_processor)]
        ours = f"{_figure(_median(self.ours))} {goal.unit}"
        return [goal.name, goal.what, ours, ", ".join(others), *ratios, *bounds, self.met]


def table_of(rows: list[Row], title: str) -> Table:
    """The table of `make bench`."""
    table = Table(title=title, title_justify="left")
    for heading in ("row", "what", "ours", "others", "×", "by CPU", "must", "stretch", "met"):
        table.add_column(heading, justify="right" if heading in RIGHT else "left")
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


def _in_pairs(some: Runs, others: Runs) -> float | None:
    """The median ratio, of the runs in which both were measured."""
    pairs = zip(some, others, strict=True)
    return _median([one / other for one, other in pairs if one is not None and other])


def _median(runs: Runs) -> float | None:
    known = [each for each in runs if each is not None]
    return statistics.median(known) if known else None


def _figure(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
