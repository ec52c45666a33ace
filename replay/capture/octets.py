"""Text of any bytes, and back: what is no UTF-8 survives the way there and back."""

from __future__ import annotations


def encoded(text: str) -> bytes:
    """The bytes of a text; half a character, which JSON may hold, is written as three bytes."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def decoded(octets: bytes) -> str:
    """The text of some bytes."""
    return octets.decode("utf-8", "surrogateescape")
