"""Hypothesis on machines that stall: how long an example took says nothing of whether it is right."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("replay", deadline=None)
settings.load_profile("replay")
