"""The hook of the build: with REPLAY_COMPILE=1 a wheel has the hot path compiled to C, by mypyc.

The modules stay what they are, and stand beside what is made of them; without the variable nothing is
compiled, and a wheel is for any machine. Modules with structs of msgspec are left out: mypyc drops what their
classes are declared with.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NEEDED = ("mypy[mypyc]>=2.4,<3", "setuptools>=77", "types-PyYAML")

MODULES = (
    "bayeux/channels.py",
    "bayeux/client_state.py",
    "bayeux/cookies.py",
    "bayeux/delivery.py",
    "bayeux/messages.py",
    "bayeux/replies.py",
    "bayeux/server.py",
    "bayeux/turn.py",
    "journal.py",
    "plan/header_lines.py",
    "plan/index.py",
    "plan/prepared.py",
    "plan/values.py",
    "server/front.py",
    "server/heads.py",
    "server/plain.py",
    "server/stage.py",
    "simulator/acting.py",
    "simulator/agents.py",
    "simulator/anew.py",
    "simulator/carriers.py",
    "simulator/casting.py",
    "simulator/collecting.py",
    "simulator/draws.py",
    "simulator/events.py",
    "simulator/faulting.py",
    "simulator/finding.py",
    "simulator/lateness.py",
    "simulator/matching.py",
    "simulator/offering.py",
    "simulator/outages.py",
    "simulator/plays.py",
    "simulator/reach.py",
    "simulator/rest.py",
    "simulator/simulator.py",
    "simulator/tallies.py",
    "traffic.py",
    "verify/observed.py",
)
"""What is asked for every request and every event, and what is derived from it."""

_SETUP = """
import sys
from mypyc.build import mypycify
from setuptools import setup
setup(name="replay", packages=[], ext_modules=mypycify(sys.argv[1:], opt_level="3", debug_level="0"),
      script_args=["build_ext", "--inplace"])
"""


def is_asked_for() -> bool:
    """Whether somebody wants it compiled."""
    return os.environ.get("REPLAY_COMPILE") == "1"


def compile_in(folder: Path) -> list[Path]:
    """Compiles the package that lies in a folder, beside its modules; returns what has come about."""
    before = set(folder.rglob("*"))
    modules = [str(Path("replay", each)) for each in MODULES]
    command = [sys.executable, "-c", _SETUP, *modules]
    subprocess.run(command, cwd=folder, check=True)  # noqa: S603  Python itself
    return sorted(each for each in set(folder.rglob("*")) - before if each.suffix in {".so", ".pyd"})


class CompiledHook(BuildHookInterface[Any]):
    """Adds to a wheel what mypyc makes of the package."""

    def dependencies(self) -> list[str]:
        """What has to be there to build: types of all that is imported too."""
        return [*NEEDED, *self.metadata.core.dependencies] if is_asked_for() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compiles a copy, so that nothing is left in the sources."""
        if not is_asked_for() or version == "editable":
            return
        self._folder = folder = Path(tempfile.mkdtemp(prefix="replay-compiled-"))
        shutil.copytree(Path(self.root, "replay"), folder / "replay")
        shutil.copy(Path(self.root, "pyproject.toml"), folder)
        made = [each for each in compile_in(folder) if "build" not in each.relative_to(folder).parts]
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        build_data["force_include"] |= {str(each): str(each.relative_to(folder)) for each in made}

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """The copy goes."""
        if is_asked_for() and version != "editable":
            shutil.rmtree(self._folder)


if __name__ == "__main__":
    for each in compile_in(Path(sys.argv[1])):
        print(each)  # noqa: T201  what it is run for
