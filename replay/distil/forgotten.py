"""Clients that the server forgot (402), to be known again when they shake hands without a cookie."""

from __future__ import annotations


class Forgotten:
    """Those who have not come back."""

    def __init__(self) -> None:
        self._carriers: dict[str, str] = {}
        """The connection on which each heard of it."""
        self._on: dict[str, list[str]] = {}

    def note(self, client: str, connection: str) -> None:
        """A client was told that it is not known; an empty connection stands for one without a name."""
        self._carriers[client] = connection
        if connection:
            self._on.setdefault(connection, []).append(client)

    def comes_back(self, connection: str) -> str:
        """Whom a new client replaces: known by its connection, or as the only one; else empty."""
        same = [name for name in self._on.get(connection, []) if name in self._carriers]
        if not same and len(self._carriers) != 1:
            return ""
        name = same[-1] if same else next(iter(self._carriers))
        del self._carriers[name]
        self._on[connection] = same[:-1]
        return name
