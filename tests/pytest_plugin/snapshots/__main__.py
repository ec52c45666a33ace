"""Writes the texts again."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from . import HERE, ROOT, prepare, texts

with tempfile.TemporaryDirectory() as folder:
    prepare(Path(folder))
    (Path(folder) / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:schemathesis", "-p", "no:asyncio"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=False,
    )
for name, text in texts(done.stdout).items():
    (HERE / f"{name}.txt").write_text(text, encoding="utf-8")
