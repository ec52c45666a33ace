"""Which name of one scenario is which of the other: learned by counting where they stand, then fixed."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

SURE = 6
"""Letters from which on a pseudonym stands for one word only: of shorter ones there are too few."""

_TELLING = 3
"""Letters from which on the same word is no accident."""

_KEPT = frozenset(
    {
        *("example", "com", "org", "net", "test", "invalid", "localhost", "http", "https", "wss"),
        *("true", "false", "null", "none", "yes"),
    }
)
"""Words that redaction leaves as they are in addresses, and those that say nothing of a person."""

_WORD = re.compile(r"[^\W_]+")
_DIGIT = re.compile(r"\d")


class Pairing:
    """One to one between the names of two sides, the pairs seen most often first.

    Counting first keeps one odd place from turning every later one into a difference.
    """

    def __init__(self) -> None:
        self._seen: Counter[tuple[str, str]] = Counter()
        self.there: dict[str, str] = {}
        """The other side's name for each of the one's."""
        self._back: dict[str, str] = {}

    def see(self, one: str, other: str, times: int = 1) -> None:
        """The two stand in the same place, so many times."""
        self._seen[one, other] += times

    def settle(self) -> None:
        """Fix who is who: by how often, then the same name, then who came first."""
        order = sorted(self._seen.items(), key=lambda item: (-item[1], item[0][0] != item[0][1]))
        for (one, other), _ in order:
            if one not in self.there and other not in self._back:
                self.there[one], self._back[other] = other, one

    def alike(self, one: str, other: str) -> bool:
        """Whether the two are the same; names nobody has paired are if they are equal."""
        if one not in self.there and other not in self._back:
            return one == other
        return self.there.get(one) == other

    @property
    def renamed(self) -> dict[str, str]:
        """Those whose names differ."""
        return {one: other for one, other in self.there.items() if one != other}


class Words:
    """Pseudonyms: words that differ between recordings, each by one other of the same shape.

    They are made word by word under a key of the recording's own, so the words of one text stay apart. They
    are learned only where personal data stands, and accepted wherever they turn up; short ones, which may
    stand for several words, only there. A field that says the same words on both sides was redacted under no
    two keys, nor were two files where most such fields do: what differs there differs.
    """

    def __init__(self) -> None:
        self._seen: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
        self._pairs = Pairing()
        self._redacted: frozenset[str] = frozenset()
        """Fields where pseudonyms stand."""
        self.used: set[tuple[str, str]] = set()
        """Pairs that a comparison accepted."""

    def see(self, one: str, other: str, field: str) -> None:
        """Two texts stand in the same place, in a field that is redacted."""
        words = _WORD.findall(one.lower()), _WORD.findall(other.lower())
        if skeleton(one) == skeleton(other) and len(words[0]) == len(words[1]):
            self._seen[field].update(zip(*words, strict=True))

    def settle(self) -> None:
        """Fix which word is which."""
        votes = {field: sum(map(_vote, seen.items())) for field, seen in self._seen.items()}
        redacted = [field for field, vote in votes.items() if vote > 0]
        if len(redacted) < sum(vote < 0 for vote in votes.values()):
            return
        self._redacted = frozenset(redacted)
        for field in redacted:
            for pair, times in self._seen[field].items():
                self._pairs.see(*pair, times)
        self._pairs.settle()

    def alike(self, one: str, other: str, field: str | None) -> bool:
        """Whether two texts say the same but for pseudonyms.

        Args:
            field: Where they stand; None where no personal data does.
        """
        if one == other:
            return True
        if skeleton(one) != skeleton(other):
            return False
        redacted = field in self._redacted
        words = zip(_WORD.findall(one.lower()), _WORD.findall(other.lower()), strict=True)
        found = {(a, b) for a, b in words if a != b}
        if not all(self._pairs.there.get(a) == b or (redacted and len(a) < SURE) for a, b in found):
            return False
        self.used |= found
        return True


def _vote(seen: tuple[tuple[str, str], int]) -> int:
    """How often two words speak for pseudonyms; against them, where they are one word."""
    (one, other), times = seen
    if one != other:
        return times
    return -times if one.isalpha() and len(one) >= _TELLING and one not in _KEPT else 0


def skeleton(text: str) -> str:
    """A text's shape: lengths and cases of its words, what stands between them."""
    return _WORD.sub(_shape, text)


def _shape(found: re.Match[str]) -> str:
    return "".join("0" if _DIGIT.match(c) else "A" if c.isupper() else "a" for c in found[0])
