"""Exchanges to Scenario: streams unwrapped, causes found, ids and hosts lifted out."""

from __future__ import annotations

from replay.distil.story import Distilled, distil, only_story

__all__ = ["Distilled", "distil", "only_story"]
