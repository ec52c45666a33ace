"""Plays, agents and matching: inputs to effects, with `now` as an argument."""
