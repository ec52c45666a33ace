"""A FILE on the command line: one of one's own, or a scenario of the library by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from replay.library import meant


class _File(click.Path):
    """A path; `chat/accept` is the library's where no file is called so."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return meant(Path(str(super().convert(value, param, ctx))))


FILE = _File()
