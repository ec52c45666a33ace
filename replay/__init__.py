"""Records what a Genesys Web Services chat server says to an agent desktop, and plays it back."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("gws-replay")
except PackageNotFoundError:  # run from a source tree that is not installed
    __version__ = "0+unknown"
