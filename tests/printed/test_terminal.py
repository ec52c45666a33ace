"""The picture of a terminal shows what those commands print today."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.replicas.balancers import free_ports

from .pages import EXAMPLES
from .shell import Shell, commands_of
from .terminal import LENGTH, PICTURE, STORY, Line, picture, words

OTHERS = re.compile(r"^(?:logged in as|the customer says:) .*")
"""What redaction makes of names and texts is another each time."""


@pytest.mark.live
def test_the_commands_of_the_picture_print_what_it_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(EXAMPLES / "desktop.py", tmp_path)
    ports = dict(zip(("8090", "8091", "8092"), map(str, free_ports(3)), strict=True))
    monkeypatch.setenv("REPLAY_SERVE_PORT", ports["8090"])
    monkeypatch.setenv("REPLAY_RECORD_LISTEN", f"127.0.0.1:{ports['8091']}")
    page = tmp_path / "terminal.md"
    shown = [OTHERS.sub("…", line) for line in words(PICTURE.read_text(encoding="utf-8"))]
    page.write_text("\n".join(["```console", *shown, "```\n"]), encoding="utf-8")

    commands = commands_of(page)
    assert [command.text for command in commands] == [command for command, _ in STORY]
    with Shell(tmp_path, ports) as shell:
        for command in commands:
            shell.run(command)


def test_the_picture_is_small_stands_alone_and_takes_twelve_seconds() -> None:
    svg = PICTURE.read_text(encoding="utf-8")
    times = [float(each) for each in re.findall(r"animation-delay: ([\d.]+)s", svg)]

    assert len(svg.encode()) < 60_000
    assert re.findall(r"(?:href|src|url)\W+https?:", svg) == []
    assert times == sorted(times)
    assert times[-1] == LENGTH


def test_a_line_that_is_too_long_goes_on_in_the_next_at_the_same_moment() -> None:
    svg = picture([Line(0.5, "$ replay <serve> & wait"), Line(2.0, "word " * 30)])

    ET.fromstring(svg)
    assert words(svg) == ["$ replay <serve> & wait", ("word " * 21).rstrip(), ("word " * 9).rstrip()]
    assert set(re.findall(r"animation-delay: ([\d.]+)s", svg)) == {"0.5", "2.0"}
