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
    if path.exists() and not path.is_file():
        # A file would take the place of a device or a pipe.
        raise SurroundingsError(f"{path} cannot be written: it is no file")
    try:
        place = _place(path)
        handle, name = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
        os.close(handle)
        Path(name).unlink()
    except OSError as error:
        raise _unwritable(path, error) from None


def write_har(path: Path, parts: Iterable[bytes]) -> Path | None:
    """Writes these; a file that is there is kept beside it as `NAME~`, which is returned.

    Of a link it is the file that is written.

    Raises:
        SurroundingsError: the file cannot be written.
    """
    kept, place = None, _place(path)
    # Its name is known before it is made: whoever is in a hurry may interrupt just there.
    written = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        written.unlink(missing_ok=True)
        try:
            # For its owner alone.
            with os.fdopen(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.writelines(parts)
                file.flush()
                os.fsync(file.fileno())
            if place.is_file() and place.stat().st_size:
                kept = place.replace(place.with_name(f"{place.name}~"))
            written.replace(place)
        finally:
            written.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from None
    return kept


def _place(path: Path) -> Path:
    """The file itself, where it is a link to one."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def _unwritable(path: Path, error: OSError) -> SurroundingsError:
    return SurroundingsError(f"{path} cannot be written: {error.strerror or error}")
