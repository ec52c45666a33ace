"""Writes the texts again."""

from __future__ import annotations

from tests.simulator.snapshots import MISTAKES, path_of, text_of

for name, mistake in MISTAKES.items():
    path_of(name).write_text(text_of(mistake), encoding="utf-8")
