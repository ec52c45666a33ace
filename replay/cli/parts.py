"""`replay --with FILE`: faults, transports and sources of one's own, there before a command begins."""

from __future__ import annotations

import sys
import traceback
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

import click

from replay.errors import UsageError
from replay.registry import FAULTS, SOURCES, TRANSPORTS, resolve


def load_parts(_context: click.Context, _option: click.Parameter, files: tuple[Path, ...]) -> None:
    """Runs each file as the module that it is called after; it adds its lines to the registry."""
    for file in files:
        # One that is named twice, or that this process has loaded for a command before, is there.
        if not _is(getattr(sys.modules.get(file.stem), "__file__", None), file):
            _load(file)


def _load(file: Path) -> None:
    name = file.stem
    if file.suffix != ".py" or not name.isidentifier():
        raise UsageError(f"{file} is no Python file that could be imported", help="Call it like my_fault.py.")
    if not file.is_file():
        raise UsageError(f"{file} does not exist, or is no file")
    found = find_spec(name)
    if name in sys.modules or (found is not None and not _is(found.origin, file)):
        raise UsageError(f"a module called '{name}' is there already", help=f"Give {file} another name.")
    spec = spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    # The registry's lines are resolved by the module's name.
    sys.modules[name] = module_from_spec(spec)
    try:
        spec.loader.exec_module(sys.modules[name])
        _lead_somewhere(name)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        what = error.msg if isinstance(error, SyntaxError) else f"{type(error).__name__}: {error}"
        raise UsageError(f"{_place(error, file)}: {what.removesuffix(': ')}") from error


def _lead_somewhere(name: str) -> None:
    """Whatever the registry has of this module is in it: else that would be told when it is first wanted."""
    for table in (FAULTS, TRANSPORTS, SOURCES):
        for key, line in table.items():
            if line.startswith(f"{name}:"):
                resolve(table, key)


def _is(found: str | None, file: Path) -> bool:
    return found is not None and Path(found).resolve() == file.resolve()


def _place(error: BaseException, file: Path) -> str:
    """Which line of the file it was, or of what it imports."""
    if isinstance(error, SyntaxError):
        found = file if _is(error.filename, file) else error.filename
        return f"{found or file}:{error.lineno or 1}"
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if _is(frame.filename, file)]
    return f"{file}:{lines[-1]}" if lines else str(file)
