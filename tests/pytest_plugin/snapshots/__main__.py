"""Writes the texts again, and the one of them that stands in docs/pytest.md."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from . import HERE, ROOT, prepare, texts

PAGE = ROOT / "docs" / "pytest.md"

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

kept = (HERE / "wrong_nickname_field.txt").read_text(encoding="utf-8")
page = PAGE.read_text(encoding="utf-8")
PAGE.write_text(
    re.sub(r"```\nE  .*?```\n", lambda _: f"```\n{kept}```\n", page, flags=re.DOTALL), encoding="utf-8"
)
