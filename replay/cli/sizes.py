"""Sizes as the command line takes them: `64MB`."""

from __future__ import annotations

import re

_UNITS = {"B": 1, "kB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000}
_BY_NAME = {unit.lower(): size for unit, size in _UNITS.items()}
_SIZE = re.compile(r"(\d{1,9}(?:\.\d{1,9})?) ?([kmg]?b)", re.ASCII | re.IGNORECASE)


def parse_size(text: str) -> int:
    """Bytes that `text` stands for: `500kB`, `64MB`, `1.5GB`; a kB is a thousand.

    Raises:
        ValueError: it is no size, or none at all.
    """
    found = _SIZE.fullmatch(text)
    size = round(float(found[1]) * _BY_NAME[found[2].lower()]) if found else 0
    if not size:
        raise ValueError(f"'{text}' is no size; a size is a number and a unit: 500kB, 64MB, 1GB")
    return size
