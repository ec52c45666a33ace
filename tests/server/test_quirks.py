"""The page on quirks: what it serves is what it says, and a desktop works with it."""

from __future__ import annotations

import asyncio
import re
import shlex
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from click.testing import CliRunner

import replay
from replay.cli.serve import serve as command
from replay.clock import wall_time
from replay.drive.access import by_name
from replay.profiles.genesys_settings import VERSIONS, Settings
from replay.scenario.load import loads
from tests.road.software import PATIENCE, Seen, agent, events, replayer

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "quirks.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ replay serve (.*)$", PAGE, re.MULTILINE)
ADDRESSES = {"uri": {"chatUri"}, "path": {"chatPath"}, "both": {"chatUri", "chatPath"}}


def held(settings: dict[str, str], seen: list[Seen]) -> dict[str, str]:
    """Of these settings, those that show in a chat, as a desktop has seen it."""
    invited, chatting, _, history = (each["data"] for each in events(seen))
    message = history["messages"][-1]
    told = history.keys() & {"chatUri", "chatPath"}
    made = [each["data"].get("metrics", {}).get("eventProcessing") for each in events(seen)]
    if all(made):
        times = [each["serverGenerationTimestamp"] for each in made]
        assert times == sorted(times)
        assert abs(times[-1] / 1000 - wall_time()) < PATIENCE
    words = {
        "chat_address": next(name for name, names in ADDRESSES.items() if names == told),
        "metrics": "metrics" in invited,
        "timestamps": "iso" if message["timestamp"][10] == "T" else "spaced",
        "timestamp_seconds": "timestampSeconds" in message,
        "in_focus": next(each for each in chatting["chat"]["capabilities"] if "InFocus" in each),
    }
    return {name: str(words[name]).lower() if name != "in_focus" else words[name] for name in settings}


def meant(options: list[str]) -> dict[str, str]:
    """What a command sets, a version taken apart."""
    said = dict(each.split("=") for each in options[2::2])
    version = VERSIONS.get(said.pop("version", ""))
    sets = {name: getattr(version.settings, name) for name in Settings.__struct_fields__} if version else {}
    return {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in (sets | said).items()
        if value is not None
    }


@pytest.mark.live
@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_page_serves_what_it_says(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    file, *options = shlex.split(line)
    with replayer(Path(file), *options, "--speed", "max") as url:
        seen = agent(url)

    wanted = meant([file, *options])
    assert held(wanted, seen) == wanted


@pytest.mark.parametrize("block", re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
def test_a_scenario_of_the_page_refuses_who_has_nothing_and_takes_who_has_what_it_demands(block: str) -> None:
    found = loads(block)
    (demand,) = found.demands
    login = {"Authorization": by_name("kim").authorization}

    async def main() -> None:
        async with replay.serve(found) as served, aiohttp.ClientSession() as http:
            url = f"{served.url}/api/v2/me"
            async with http.post(url) as refused:
                said: Any = demand.refused.text or demand.refused.body
                assert refused.status == 403
                assert (await refused.text() if demand.refused.text else await refused.json()) == said
            async with http.get(url, headers=login) as read:
                token = {name: read.headers[name] for name in demand.given}
                assert read.status == 200
            async with http.post(url, headers=login | token) as taken:
                assert taken.status == 404

    asyncio.run(main())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--setting", "chat_adress=both"], "--setting: the profile 'genesys' has no setting 'chat_adress'"),
        (["--setting", "metrics=perhaps"], "--setting: 'metrics' must be true or false, not a string"),
        (["--setting", "metrics"], "'metrics' is not NAME=VALUE"),
    ],
)
def test_a_setting_that_is_put_wrongly_is_told_first(options: list[str], said: str) -> None:
    result = CliRunner().invoke(command, [str(ROOT / "scenarios" / "accept-chat.yaml"), *options])

    assert said in f"{result.output}{result.exception}"
    assert result.exit_code != 0
