"""The scenarios that come with the package; their only home is the top-level `scenarios/` folder."""

from __future__ import annotations

from pathlib import Path


def library() -> list[Path]:
    """The files, by name: from the installed package, or from the source tree it is run from."""
    package = Path(__file__).parent
    installed = package / "library"
    folder = installed if installed.is_dir() else package.parent / "scenarios"
    return sorted(folder.glob("*.yaml"))
