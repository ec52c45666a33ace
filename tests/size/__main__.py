"""Makes a flow file of 200 MB (or as many as asked for) and says what `replay distil` needs for it.

python -m tests.size [recorded|foreign] [MEGABYTES]

`recorded` is by our recorder, already clean; `foreign` is by a plain mitmdump and is cleaned when distilled.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .large import write

BOUND = 200
"""Megabytes: the most memory that distilling may take, whatever the size of the file."""

MEASURE = """
import json, resource, subprocess, sys
with open(sys.argv[1], "wb") as said:
    exit = subprocess.run(sys.argv[2:], stdout=said, stderr=said).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([exit, used.ru_maxrss, used.ru_utime + used.ru_stime]))
"""
"""Runs a command from a process that is small itself: Linux counts the memory of who started it as well."""


def main() -> int:
    """Prints one line; 0 if memory stayed within its bound and there was a scenario for each chat."""
    kind, size = [*sys.argv[1:], *("recorded", "200")[len(sys.argv) - 1 :]]
    with tempfile.TemporaryDirectory() as folder:
        path, stories = Path(folder) / "large.mitm", Path(folder) / "stories"
        chats = write(path, float(size), redacted=kind == "recorded")
        megabytes = path.stat().st_size / 1e6
        command = [sys.executable, "-m", "replay", "distil", str(path), "--to", f"{stories}/"]
        began = time.monotonic()  # noqa: TID251  a stopwatch, not a test
        said = Path(folder, "said")
        measured = subprocess.run(
            [sys.executable, "-S", "-c", MEASURE, str(said), *command],
            check=True,
            capture_output=True,
        )
        code, used, cpu = json.loads(measured.stdout)
        took = time.monotonic() - began  # noqa: TID251  a stopwatch, not a test
        # Linux counts kilobytes, macOS bytes.
        peak = used / (1e6 if sys.platform == "darwin" else 1e3)
        written = len(list(stories.glob("*.yaml")))
        if code:
            print(said.read_text(encoding="utf-8")[-2000:])
    good = code == 0 and written == chats and peak < BOUND
    print(
        f"{megabytes:.0f} MB {kind}, {chats} chats: {took / megabytes * 100:.0f} s per 100 MB"
        f" ({cpu / megabytes * 100:.0f} s of CPU), peak {peak:.0f} MB"
        f" (bound {BOUND} MB), {written} scenarios, exit {code}"
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
