"""`replay --with FILE`: faults, transports and sources of one's own, there before a command begins."""

from __future__ import annotations

import sys
import traceback
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

import click

from replay.errors import UsageError


def load_parts(_context: click.Context, _option: click.Parameter, files: tuple[Path, ...]) -> None:
    """Runs each file as the module that it is called after; it adds its lines to the registry."""
    for file in files:
        _load(file)


def _load(file: Path) -> None:
    name = file.stem
    if file.suffix != ".py" or not name.isidentifier():
        raise UsageError(f"{file} is no Python file that could be imported", help="Call it like my_fault.py.")
    if not file.is_file():
        raise UsageError(f"{file} does not exist, or is no file")
    found = find_spec(name)
    if name in sys.modules or (found is not None and Path(found.origin or "").resolve() != file.resolve()):
        raise UsageError(f"a module called '{name}' is there already", help=f"Give {file} another name.")
    spec = spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    # The registry's lines are resolved by the module's name.
    sys.modules[name] = module_from_spec(spec)
    try:
        spec.loader.exec_module(sys.modules[name])
    except Exception as error:
        what = error.msg if isinstance(error, SyntaxError) else f"{type(error).__name__}: {error}"
        raise UsageError(f"{_place(error, file)}: {what}") from error


def _place(error: Exception, file: Path) -> str:
    """Which line of the file it was."""
    if isinstance(error, SyntaxError):
        return f"{error.filename or file}:{error.lineno or 1}"
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if Path(frame.filename).resolve() == file.resolve()]
    return f"{file}:{lines[-1]}" if lines else str(file)
