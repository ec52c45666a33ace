"""The tutorial: its commands run as printed, one after the other, in an empty folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs import DOCS
from tests.replicas.balancers import free_ports

from .shell import Shell, commands_of

pytestmark = pytest.mark.live


def test_the_commands_of_the_tutorial_print_what_it_says(tmp_path: Path) -> None:
    ports = dict(zip(("8090", "8091", "8092"), map(str, free_ports(3)), strict=True))
    with Shell(tmp_path, ports) as shell:
        for command in commands_of(DOCS / "tutorial.md"):
            shell.run(command)
