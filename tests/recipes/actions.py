"""A workflow of GitHub Actions, carried out here: each `run:` as it stands, each `uses:` by what it does."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.road.software import PATIENCE

FILES = "GITHUB_ENV"
"""The variable that names the file in which a step leaves variables for those after it."""

RUNNABLE = {"checkout": 5, "setup-python": 6, "setup-node": 5, "upload-artifact": 6}
"""GitHub's own actions, each with its first version that is run by Node 24: machines have no older one."""


def versions(workflow: str) -> list[tuple[str, int]]:
    """GitHub's own actions of a workflow, each with the number that it asks for."""
    return [
        (name, int(number))
        for name, number in re.findall(r"uses: actions/([\w-]+)@v(\d+)$", workflow, re.MULTILINE)
    ]


class Job:
    """One job of a workflow, in a folder that has what a checkout would have."""

    def __init__(self, workflow: Path, name: str, folder: Path, environment: dict[str, str]) -> None:
        self.job: dict[str, Any] = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"][name]
        self.folder = folder
        self.names: dict[str, str] = {}
        """What expressions stand for, such as `secrets.TOKEN`."""
        self.said: dict[str, str] = {}
        """What each step printed, by its name."""
        self.failed = ""
        """The step that failed, if one did."""
        self._environment = environment
        self._kept = folder.parent / "github_env"

    def run(self) -> None:
        """Every step in its order; after one that failed, those that want to run all the same."""
        self._kept.touch()
        for step in self.job["steps"]:
            if not self.failed or "!cancelled()" in str(step.get("if", "")):
                name = step.get("name") or step["uses"]
                good = self._shell(name, step) if "run" in step else self._uses(**step)
                self.failed = self.failed or ("" if good else name)

    def _uses(self, uses: str, **step: Any) -> bool:
        """Whether it does what it should: what is to be set up is here, what is to be kept is there."""
        if uses.startswith("actions/upload-artifact@"):
            return (self.folder / step["with"]["path"]).is_dir()
        return uses.partition("@")[0].removeprefix("actions/") in RUNNABLE

    def _shell(self, name: str, step: dict[str, Any]) -> bool:
        lines = self._kept.read_text(encoding="utf-8").splitlines()
        kept = dict(line.split("=", 1) for line in lines)
        given = {key: self._expanded(value) for key, value in step.get("env", {}).items()}
        output = self.folder.parent / "output"
        # What a step leaves running may hold on to its output, so that is a file.
        with output.open("w", encoding="utf-8") as written:
            code = subprocess.run(
                ["bash", "-e", "-c", step["run"]],
                cwd=self.folder,
                env=self._environment | kept | given | {FILES: str(self._kept)},
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=written,
                check=False,
                timeout=PATIENCE * 5,
            ).returncode
        self.said[name] = output.read_text(encoding="utf-8")
        return code == 0

    def _expanded(self, text: str) -> str:
        return re.sub(r"\$\{\{ *(\S+) *\}\}", lambda found: self.names[found[1]], str(text))
