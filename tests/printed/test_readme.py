"""The README: its commands run as printed, one after the other, in an empty folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs import DOCS
from tests.replicas.balancers import free_ports

from .shell import Shell, commands_of

pytestmark = pytest.mark.live


def _with_its_port(text: str) -> str:
    """A command of which the port goes without saying, with that port: here it is another one."""
    if text == "replay serve":
        return f"{text} --port 8090"
    return (
        text.replace(" --to ", " --listen 127.0.0.1:8091 --to ") if text.startswith("replay record") else text
    )


def test_the_commands_of_the_readme_print_what_it_says(tmp_path: Path) -> None:
    ports = dict(zip(("8090", "8091"), map(str, free_ports(2)), strict=True))
    with Shell(tmp_path, ports) as shell:
        for command in commands_of(DOCS.parent / "README.md"):
            # What is made in a clone is tried in one.
            if not command.text.startswith("make "):
                shell.run(command._replace(text=_with_its_port(command.text)))
