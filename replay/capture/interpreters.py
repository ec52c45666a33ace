"""Finds a Python for what is better done outside mitmproxy, which may be a program without one."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path


def plain() -> str | None:
    """A Python that can run a file; None where there is none."""
    if not getattr(sys, "frozen", False) and Path(sys.executable).name.lower().startswith("python"):
        return sys.executable
    return beside() or shutil.which("python3")


def beside() -> str | None:
    """The Python of the environment in which this file is installed."""
    for folder in Path(__file__).resolve().parents:
        if (folder / "pyvenv.cfg").is_file() and (folder / "bin" / "python").exists():
            return str(folder / "bin" / "python")
    return None


def ours() -> list[str] | None:
    """The `replay` command: of this environment, of the one the addon is from, or on the PATH."""
    found = importlib.util.find_spec("replay")
    # Somebody else's `replay` has no such folder.
    if found and any(Path(place, "distil").is_dir() for place in found.submodule_search_locations or ()):
        python = plain()
        return [python, "-m", "replay"] if python else None
    if (python := beside()) and Path(__file__).parent.parent.name == "replay":
        return [python, "-m", "replay"]
    script = shutil.which("replay")
    return [script] if script else None


def distil(recording: Path, to: str, say: Callable[[str], None], *, redact: bool = True) -> None:
    """Distil a recording, and `say` what is said; where `replay` is not to be found, the command.

    Without `redact` names and texts stay, as they did in the recording.
    """
    arguments = ["distil", str(recording), "--to", os.path.expanduser(to)]  # noqa: PTH111  a slash at the end says something
    arguments += [] if redact else ["--no-redact"]
    command = ours()
    if command is None:
        say(f"replay is not installed here; where it is, run: {shlex.join(['replay', *arguments])}")
        return
    ended = subprocess.run([*command, *arguments], check=False, capture_output=True, text=True)  # noqa: S603  ours
    for line in (ended.stdout + ended.stderr).splitlines():
        say(line)
    if ended.returncode:
        say(f"{recording} was not distilled into {to}.")
