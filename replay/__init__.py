"""Records what a Genesys Web Services chat server says to an agent desktop, and plays it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from replay.drive.control import Control
    from replay.errors import ControlError, RecordingError, ReplayError, ScenarioError
    from replay.scenario.load import load, loads
    from replay.scenario.model import Scenario
    from replay.server.serving import serve

__version__ = "0.1.0"

__all__ = [
    "Control",
    "ControlError",
    "RecordingError",
    "ReplayError",
    "Scenario",
    "ScenarioError",
    "__version__",
    "load",
    "loads",
    "serve",
]

_HOMES = {
    "Control": "replay.drive.control",
    "ControlError": "replay.errors",
    "RecordingError": "replay.errors",
    "ReplayError": "replay.errors",
    "Scenario": "replay.scenario.model",
    "ScenarioError": "replay.errors",
    "load": "replay.scenario.load",
    "loads": "replay.scenario.load",
    "serve": "replay.server.serving",
}


def __getattr__(name: str) -> Any:
    """Public names are imported when first used, so that a command starts before it has loaded the rest."""
    if name not in _HOMES:
        raise AttributeError(f"module 'replay' has no attribute '{name}'")
    from importlib import import_module  # noqa: PLC0415

    return getattr(import_module(_HOMES[name]), name)
