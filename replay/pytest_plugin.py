"""Scenarios in pytest: the marker `replay`, and fixtures that play it. Nothing is autouse."""

from __future__ import annotations
