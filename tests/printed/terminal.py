"""Films docs/terminal.svg from a real run: `python -m tests.printed.terminal`. A test runs it again.

Everything stands in one picture, line by line as it came: where pictures do not move, the end is seen.
"""

from __future__ import annotations

import html
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from tests.docs import DOCS
from tests.replicas.balancers import free_ports

PICTURE = DOCS / "terminal.svg"
WIDTH = 104
LENGTH = 12.0
"""Seconds that the film takes: times are in proportion as they were."""
READING = 0.9
"""Seconds between what a command has printed and the next command."""
TYPING = 0.5
"""Seconds that a command stands there before it says something."""

STORY = (
    ("replay serve accept-chat", "the real server's part"),
    ("replay record --upstream http://127.0.0.1:8090 --to chat.mitm --distil chat.yaml", ""),
    ("python desktop.py http://127.0.0.1:8091", "a desktop works a chat"),
    ("", ""),
    ("replay serve chat.yaml --port 8092", "the chat, without the server"),
    ("python desktop.py http://127.0.0.1:8092", "texts were replaced before they were written"),
)
"""What is typed, and why; an empty command is Ctrl-C to the one before that still runs."""

BLACK, RED, GREEN, YELLOW = (72, 79, 88), (255, 123, 114), (126, 231, 135), (242, 204, 96)
BLUE, MAGENTA, CYAN, WHITE = (121, 192, 255), (210, 168, 255), (118, 227, 234), (230, 237, 243)
COLOURS = [BLACK, RED, GREEN, YELLOW, BLUE, MAGENTA, CYAN, WHITE]
THEME = TerminalTheme((22, 27, 34), WHITE, COLOURS, [(139, 148, 158), *COLOURS[1:]])
STYLE = """
.{unique_id}-matrix {{font: 20px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace}}
@keyframes come {{from {{opacity: 0}} to {{opacity: 1}}}}
.l {{animation: come 150ms both}}
@media (prefers-reduced-motion: reduce) {{.l {{animation: none}}}}
"""
SVG = (
    """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<title>A scenario is served, recorded through the proxy, and played again</title>
<style>"""
    + STYLE
    + """{styles}</style>
<defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/></clipPath>{lines}</defs>
{chrome}<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g></svg>
"""
)


class Line(NamedTuple):
    """One line of the terminal, and when it came."""

    at: float
    text: str


def perform(folder: Path) -> list[Line]:
    """Runs the story; what it printed, on the ports that the story says."""
    used = dict(zip(("8090", "8091", "8092"), map(str, free_ports(3)), strict=True))
    running: list[subprocess.Popen[str]] = []
    lines: list[Line] = []
    pauses = 0.0
    began = time.monotonic()  # noqa: TID251  what is filmed

    def show(text: str) -> None:
        for said, port in used.items():
            text = text.replace(port, said)
        lines.append(Line(time.monotonic() - began + pauses, text))  # noqa: TID251

    try:
        for command, why in STORY:
            pauses += READING
            show(f"$ {command}" + f"  # {why}" * bool(why) if command else "^C")
            pauses += TYPING
            if command:
                running.append(_start(command, folder, used))
            else:
                running[-1].send_signal(signal.SIGINT)
            out = running[-1].stdout
            assert out is not None
            for line in out:
                show(line.rstrip("\n"))
                if command and "Ctrl-C ends" in line:
                    break
            else:
                running.pop().wait()
    finally:
        for process in reversed(running):
            process.send_signal(signal.SIGINT)
            process.communicate()
    return [line._replace(at=line.at * LENGTH / lines[-1].at) for line in lines]


def _start(command: str, folder: Path, used: dict[str, str]) -> subprocess.Popen[str]:
    binaries = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for said, port in used.items():
        command = command.replace(said, port)
    return subprocess.Popen(
        ["bash", "-c", f"exec {command}"],
        cwd=folder,
        env=os.environ
        | {
            "PATH": binaries,
            "PYTHONUNBUFFERED": "1",
            "NO_COLOR": "1",
            "REPLAY_SERVE_PORT": used["8090"],
            "REPLAY_RECORD_LISTEN": f"127.0.0.1:{used['8091']}",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def picture(lines: list[Line]) -> str:
    """The lines as an SVG in which each comes at its time."""
    console = Console(
        record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    times: list[float] = []
    for line in lines:
        text = Text(line.text)
        if line.text.startswith("$ "):
            text.stylize("bold green", 0, 2)
            text.stylize("bold", 2)
            text.highlight_regex(r"  # .*", "not bold bright_black")
        wrapped = text.wrap(console, WIDTH)
        times += [line.at] * len(wrapped)
        for part in wrapped:
            console.print(part)
    svg = console.export_svg(title="replay", theme=THEME, code_format=SVG, unique_id="t")

    def timed(found: re.Match[str]) -> str:
        at = times[int(found[2])]
        return f'<text class="l {found[1]}" style="animation-delay: {at:.1f}s"'

    svg = re.sub(r'<text class="([^"]+)"(?=[^>]*clip-path="url\(#t-line-(\d+)\)")', timed, svg)
    return re.sub(r"\s*\n\s*", "\n", svg)


def words(svg: str) -> list[str]:
    """The lines that it shows, as they were printed."""
    found: dict[int, str] = {}
    for number, text in re.findall(r'clip-path="url\(#t-line-(\d+)\)">([^<]*)</text>', svg):
        found[int(number)] = found.get(int(number), "") + html.unescape(text).replace("\xa0", " ")
    return [found[number].rstrip() for number in sorted(found)]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        shutil.copy(DOCS.parent / "examples" / "desktop.py", place)
        PICTURE.write_text(picture(perform(Path(place))), encoding="utf-8")
