"""Makes a flow file of 200 MB (or as many as asked for) and says what `replay distil` needs for it.

python -m tests.size [MEGABYTES] [SHARE OF CHATS]
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .large import write

BOUND = 600
"""Megabytes: the most that distilling 200 MB may take, of which a quarter is chats."""


def main() -> int:
    """Prints one line; 0 if memory stayed within its bound and there was a scenario for each chat."""
    megabytes = float(sys.argv[1]) if len(sys.argv) > 1 else 200
    share = float(sys.argv[2]) if len(sys.argv) > 2 else 0.25
    with tempfile.TemporaryDirectory() as folder:
        path, stories = Path(folder) / "large.mitm", Path(folder) / "stories"
        chats = write(path, megabytes, chats=share)
        size = path.stat().st_size / 1e6
        command = [sys.executable, "-m", "replay", "distil", str(path), "--to", f"{stories}/"]
        began = time.monotonic()  # noqa: TID251  a stopwatch, not a test
        with Path(folder, "said").open("wb") as said:
            process = subprocess.Popen(command, stdout=said, stderr=said)
            _, status, usage = os.wait4(process.pid, 0)
        took = time.monotonic() - began  # noqa: TID251
        process.returncode = os.waitstatus_to_exitcode(status)
        # Linux counts kilobytes, macOS bytes.
        peak = usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
        written = len(list(stories.glob("*.yaml")))
        if process.returncode:
            print(Path(folder, "said").read_text(encoding="utf-8")[-2000:])
    good = process.returncode == 0 and written == chats and peak < BOUND
    print(
        f"{size:.0f} MB, {chats} chats: {took / size * 100:.0f} s per 100 MB, peak {peak:.0f} MB"
        f" (bound {BOUND} MB), {written} scenarios, exit {process.returncode}"
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
