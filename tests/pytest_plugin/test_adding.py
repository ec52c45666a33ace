"""Steps that workers of xdist add to one file at the same time."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import replay
from replay.distil.forwarded import ABOUT
from replay.fixtures.adding import add

WORKERS, ROUNDS = 4, 5
HEAD = "version: 1\nname: own\nsteps:\n"


def _step(name: str) -> str:
    return f"  - {{id: {name}, request: GET /{name}, about: '{ABOUT}', respond: {{body: 1}}}}\n"


def _add(folder: Path, worker: int) -> None:
    for number in range(ROUNDS):
        learned = folder / f"learned-{worker}-{number}.yaml"
        learned.write_text(HEAD + _step(f"step-{worker}-{number}"), encoding="utf-8")
        add(learned, folder / "own.yaml", to=folder / "own.yaml")


def test_no_step_is_lost_that_another_worker_has_added_meanwhile(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(HEAD + _step("first"), encoding="utf-8")
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_add, args=(tmp_path, number)) for number in range(WORKERS)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()

    assert [each.exitcode for each in workers] == [0] * WORKERS
    assert len(replay.load(own).steps) == 1 + WORKERS * ROUNDS
