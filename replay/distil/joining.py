"""Sets that are joined as it turns out that they share a member."""

from __future__ import annotations

from collections.abc import Iterable


class Joining:
    """Disjoint sets of words; a word that was never joined is a set of its own."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def find(self, word: str) -> str:
        """The word that stands for the whole set."""
        root = word
        while (parent := self._parent.setdefault(root, root)) != root:
            root = parent
        while word != root:
            self._parent[word], word = root, self._parent[word]
        return root

    def join(self, words: Iterable[str]) -> None:
        """All these words are of one set."""
        first, *others = [self.find(word) for word in words]
        for other in others:
            self._parent[self.find(other)] = self.find(first)
