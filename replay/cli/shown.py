"""Values as a report shows them: a few dozen characters, all of them printable."""

from __future__ import annotations

import json
from typing import Any
from unicodedata import normalize

from replay.account import printable
from replay.verify.diff_values import ABSENT

LONGEST = 120
"""Characters of a value at most."""
_BEFORE = 20
"""Characters shown before the first that differs."""


def shown(value: Any) -> str:
    """A value, cut where it is long."""
    return _cut(_text(value), 0)


def both(a: Any, b: Any) -> tuple[str, str]:
    """Two values that differ, so that one sees in what; of long ones the part is shown where they do."""
    texts = isinstance(a, str) and isinstance(b, str)
    one, other = _text(a, quoted=not texts), _text(b, quoted=not texts)
    if ABSENT in (one, other):
        return _cut(one, 0), _cut(other, 0)
    if normalize("NFKC", one) == normalize("NFKC", other):
        # Letters that look the same, or a letter and its accent.
        one, other = (json.dumps(each) for each in (a, b))
    if max(len(one), len(other)) <= LONGEST:
        return _cut(one, 0), _cut(other, 0)
    pairs = enumerate(zip(one, other, strict=False))
    alike = next((at for at, (left, right) in pairs if left != right), min(len(one), len(other)))
    skipped = alike - _BEFORE if alike > LONGEST // 2 else 0
    return _cut(one, skipped), _cut(other, skipped)


def _text(value: Any, *, quoted: bool = False) -> str:
    """A value as JSON; a text without its quotes, where one can see without them what it is."""
    if value == ABSENT or (isinstance(value, str) and not quoted and _is_plain(value)):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def _is_plain(text: str) -> bool:
    """Whether one sees without quotes that it is a text, with all of its blanks."""
    if not text.isprintable() or text != text.strip() or "  " in text or text[:1] in {"", '"'}:
        return False
    try:
        json.loads(text)
    except ValueError:
        return True
    return False


def _cut(text: str, skipped: int) -> str:
    left = len(text) - skipped
    if not skipped and left <= LONGEST:
        return printable(text)
    before, after = "…" if skipped else "", "…" if left > LONGEST else ""
    return printable(f"{before}{text[skipped : skipped + LONGEST]}{after} ({len(text):,} characters)")
