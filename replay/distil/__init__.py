"""Exchanges to Scenario: streams unwrapped, causes found, ids and hosts lifted out."""

from __future__ import annotations

from replay.distil.story import Distilled, Told, distil, only_story, read

__all__ = ["Distilled", "Told", "distil", "only_story", "read"]
