"""Makes a flow file of 200 MB (or as many as asked for) and says what `replay distil` needs for it.

python -m tests.size [recorded|foreign] [MEGABYTES]

`recorded` is by our recorder, already clean; `foreign` is by a plain mitmdump and is cleaned when distilled.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .large import write

BOUND = 200
"""Megabytes: the most memory that distilling may take, whatever the size of the file."""


def main() -> int:
    """Prints one line; 0 if memory stayed within its bound and there was a scenario for each chat."""
    kind, size = [*sys.argv[1:], *("recorded", "200")[len(sys.argv) - 1 :]]
    with tempfile.TemporaryDirectory() as folder:
        path, stories = Path(folder) / "large.mitm", Path(folder) / "stories"
        chats = write(path, float(size), redacted=kind == "recorded")
        megabytes = path.stat().st_size / 1e6
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
        f"{megabytes:.0f} MB {kind}, {chats} chats: {took / megabytes * 100:.0f} s per 100 MB"
        f" ({(usage.ru_utime + usage.ru_stime) / megabytes * 100:.0f} s of CPU), peak {peak:.0f} MB"
        f" (bound {BOUND} MB), {written} scenarios, exit {process.returncode}"
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
