"""What pytest prints of five typical mistakes, kept as texts beside this.

`python -m tests.pytest_plugin.snapshots` writes them again; what changes in them is to be read.
"""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
ROOT = Path(__file__).parents[3]

MISTAKES = ("wrong_id", "accept_twice", "not_subscribed", "wrong_nickname_field", "polled_too_late")


def prepare(folder: Path) -> None:
    """A project whose client makes them."""
    story = (ROOT / "scenarios" / "accept-chat.yaml").read_text(encoding="utf-8")
    hasty = story.replace("interval: 0s", "interval: 0s, max_interval: 1s")
    (folder / "impatient.yaml").write_text(hasty, encoding="utf-8")
    mistakes = (HERE.parent / "mistakes.py").read_text(encoding="utf-8")
    (folder / "test_client.py").write_text(mistakes, encoding="utf-8")


def texts(printed: str) -> dict[str, str]:
    """What was printed of each failure: what the test says, and beneath it what the simulator does."""
    found = {}
    for name in MISTAKES:
        block = re.search(rf"_+ test_{name} _+\n(.*?)(?=\n_{{5,}} |\n={{5,}} )", printed, re.DOTALL)
        assert block is not None, printed
        own, title, ours = block[1].partition(f"{' replay ':-^80}\n")
        assert title, printed
        said = [line for line in own.splitlines() if line.startswith("E  ")]
        found[name] = _steady("\n".join([*said, title + ours]).rstrip() + "\n")
    return found


def _steady(text: str) -> str:
    """Without what differs from run to run: times, ports."""
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    return re.sub(r"^ +\d+\.\d{3}  ", "  TIME  ", text, flags=re.MULTILINE)
