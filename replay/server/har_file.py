"""A HAR written to a file when a server has ended: whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from replay.errors import SurroundingsError


def check_place(path: Path) -> None:
    """Finds out now, rather than when all has been played, whether a file can be written there.

    Raises:
        SurroundingsError: it cannot.
    """
    if path.is_dir():
        raise SurroundingsError(f"{path} cannot be written: it is a folder")
    try:
        handle, name = _temporary(path)
        os.close(handle)
        Path(name).unlink()
    except OSError as error:
        raise _unwritable(path, error) from None


def write_har(path: Path, parts: Iterable[bytes]) -> Path | None:
    """Writes these; a file that is there is kept beside it as `NAME~`, which is returned.

    Raises:
        SurroundingsError: the file cannot be written.
    """
    kept = None
    try:
        # For its owner alone, as every file that mkstemp makes.
        handle, name = _temporary(path)
        try:
            with os.fdopen(handle, "wb") as file:
                file.writelines(parts)
                file.flush()
                os.fsync(file.fileno())
            if path.is_file() and path.stat().st_size:
                kept = path.replace(path.with_name(f"{path.name}~"))
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from None
    return kept


def _temporary(path: Path) -> tuple[int, str]:
    return tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)


def _unwritable(path: Path, error: OSError) -> SurroundingsError:
    return SurroundingsError(f"{path} cannot be written: {error.strerror or error}")
