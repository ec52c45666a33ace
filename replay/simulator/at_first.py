"""What is made once something is put there, or looked for: most plays and agents never need most of theirs.

A descriptor and no `__getattr__`, with which Python looks up all other attributes slowly too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

Made = TypeVar("Made")
Kind = TypeVar("Kind")


class AtFirst(Generic[Made]):
    """An attribute with a value of its own in each object, made when it is asked for first."""

    def __init__(self, make: Callable[[], Made]) -> None:
        self._make = make
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Made:
        # From now on it stands in the object, where Python looks first.
        made = self._make()
        setattr(instance, self._name, made)
        return made

    if TYPE_CHECKING:

        def __set__(self, instance: Any, value: Made) -> None: ...


def prepared(kind: type[Kind]) -> type[Kind]:
    """A class that has said what its objects may come to have.

    Python keeps the names of attributes once for all objects of a class, if it has seen them by the time that
    the first objects are made; where one gets a new name later, it pays for a table of its own.
    """
    blank: object = object.__new__(kind)
    for name, value in vars(kind).items():
        if isinstance(value, AtFirst):
            setattr(blank, name, None)
    return kind
