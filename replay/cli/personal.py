"""Which fields of a scenario hold pseudonyms."""

from __future__ import annotations

from replay.capture.rules import load_rules
from replay.verify.diff_values import Personal


def redacted_fields() -> Personal:
    """Which fields the default rules of redaction replace, by the names on the way to them."""
    rules = load_rules()
    return lambda path: rules.field(path) not in {None, "keep"}
