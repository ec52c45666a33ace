"""Agents that play a scenario's client part: `locust -f locustfile.py --headless --host http://127.0.0.1:8090`."""

from replay.drive.locust import ScenarioUser


class Agent(ScenarioUser):
    """What it plays is said by `--replay-scenario` and the like; see docs/locust.md."""
