"""Values of headers, each on its line."""

from __future__ import annotations

import re
from typing import Any

from replay.plan.values import as_text

_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def on_a_line(value: Any) -> str:
    """A value as a header has it: what a client made up cannot end the line."""
    return _CONTROLS.sub(" ", as_text(value))
