"""What is not as it should be in a value."""

from __future__ import annotations

from typing import Any

import msgspec


class Difference(msgspec.Struct, frozen=True):
    """Where a request is not what a step expects."""

    field: str
    """`method`, `path`, `query.NAME`, `body.a.b`."""
    expected: Any
    got: Any
