"""What a header of an answer may be called, and hold."""

from __future__ import annotations

import re

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NOT_IN_VALUES = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def wrong_name(name: str) -> str:
    """What is wrong with the name of a header; empty if nothing is."""
    return "" if _NAME.fullmatch(name) else f"'{name}' is no name for a header"


def wrong_value(name: str, value: str) -> str:
    """What is wrong with what a header holds; empty if nothing is."""
    if _NOT_IN_VALUES.search(value):
        return f"the value of the header '{name}' holds a control character"
    return ""
