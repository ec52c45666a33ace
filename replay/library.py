"""The scenarios that come with the package, and which file a scenario's name means.

The only home of the library is the top-level `scenarios/` folder.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from replay.errors import nearest

SUFFIX = ".yaml"

_LONGEST = 200

_NAME = re.compile(r"[\w.-]+(/[\w.-]+)*")


def library() -> list[Path]:
    """The files, by name: from the installed package, or from the source tree it is run from."""
    return sorted(folder().rglob(f"*{SUFFIX}"), key=name_of)


def names() -> list[str]:
    """What they are called."""
    return [name_of(path) for path in library()]


def name_of(path: Path) -> str:
    """What a file of the library is called: `chat/accept`; empty for any other."""
    home = folder()
    if path.suffix != SUFFIX or not path.is_relative_to(home):
        return ""
    return path.relative_to(home).with_suffix("").as_posix()


def called(path: Path) -> str:
    """A file in words: one of the library by its name, any other by its path."""
    return name_of(path) or str(path)


def meant(path: Path) -> Path:
    """The file that somebody names: where there is none, the one of the library that is called so."""
    try:
        if path.is_dir() or not path.exists():
            return find(path.as_posix(), None) or path
    except OSError:
        pass  # No file has such a name.
    return path


def folder() -> Path:
    """Where the library is."""
    package = Path(__file__).parent
    installed = package / "library"
    return installed if installed.is_dir() else package.parent / "scenarios"


def advice(path: Path) -> str:
    """Which of the library somebody may have meant by a file that is not there."""
    said = path.as_posix().removesuffix(SUFFIX)
    return "" if path.is_absolute() else nearest(said, names())


def find(name: str, beside: Path | None) -> Path | None:
    """The file that a name means: `accept-chat`, `chat/accept`, `chat/accept.yaml`.

    Args:
        name: As it is written; `.yaml` may be left out.
        beside: The folder that is looked into before the library.

    Returns:
        None where there is no such file, or what is found in the folder is a link to something outside.
    """
    path = next((path for path in places(name, beside) if path.is_file()), None)
    if path is None or beside is None or path != beside / file_name(name):
        return path
    return None if leads_out(path, beside) else path


def places(name: str, beside: Path | None) -> list[Path]:
    """Where the file that a name means is looked for, in this order; nowhere if it would leave the folder."""
    if not is_name(name):
        return []
    within = [beside] if beside is not None else []
    return [place / file_name(name) for place in (*within, folder())]


def is_name(name: str) -> bool:
    """Whether it could be a file's name within a folder, and nowhere else."""
    is_short = len(name) <= _LONGEST
    return is_short and bool(_NAME.fullmatch(name)) and all(part.strip(".") for part in name.split("/"))


def file_name(name: str) -> str:
    """A name with its suffix."""
    return name if name.endswith(SUFFIX) else name + SUFFIX


def leads_out(path: Path, within: Path) -> bool:
    """Whether a file in a folder is a link to something outside of it.

    Of the library's files nobody asks: installers make links of a package's files.
    """
    return not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(within))
