"""`replay serve`: what is offered, over what, and what it says when it cannot."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from replay.cli.serve_told import struck
from tests.certificates import self_signed
from tests.road.software import ROOT, Process, replayer

SCENARIO = ROOT / "scenarios" / "accept-chat.yaml"


def refused(*flags: str) -> str:
    """What is said, on standard error alone, when it does not come up."""
    command = [sys.executable, "-m", "replay", "serve", str(SCENARIO), "--port", "0", *flags]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    return done.stderr


def handshake(url: str) -> Any:
    body = json.dumps([{"channel": "/meta/handshake"}]).encode()
    with urllib.request.urlopen(f"{url}/api/v2/notifications", data=body) as answer:
        return json.load(answer)[0]


@pytest.mark.live
def test_the_transports_of_the_command_are_offered_whatever_the_scenario_says() -> None:
    with replayer(SCENARIO, "--transport", "callback-polling", "--transport", "long-polling") as url:
        assert handshake(url)["supportedConnectionTypes"] == ["callback-polling", "long-polling"]


def test_a_transport_that_nobody_knows_is_wrong_usage() -> None:
    assert "'websocket', 'long-polling', 'callback-polling'" in refused("--transport", "pigeon")


def test_a_certificate_that_will_not_do_is_named(tmp_path: Path) -> None:
    certificate, _ = self_signed(tmp_path)
    _, strange = self_signed(tmp_path, "strange")

    assert f"cannot read {tmp_path / 'none.crt'}: No such file" in refused(
        "--tls", str(tmp_path / "none.crt"), str(strange)
    )
    assert f"the private key in {strange} is not that of the certificate in {certificate}" in refused(
        "--tls", str(certificate), str(strange)
    )


def test_a_pace_that_nobody_knows_is_wrong_usage() -> None:
    said = refused("--pace", "recorded, jiter(20%)")

    assert "'--pace': unknown pace 'jiter'; did you mean 'jitter'? Write it as jitter(20%)" in said


def test_a_pace_without_waits_is_wrong_usage() -> None:
    assert "'--speed max' drops all waits" in refused("--pace", "fixed(50ms)", "--speed", "max")


@pytest.mark.live
def test_at_its_end_it_says_how_late_it_was_and_that_nothing_was_early(tmp_path: Path) -> None:
    slow = "steps: [{id: slow, request: GET /slow, respond: {after: 20ms, body: 1}}]"
    (tmp_path / "slow.yaml").write_text(f"version: 1\nname: slow\n{slow}\n", encoding="utf-8")
    command = [sys.executable, "-m", "replay", "serve", str(tmp_path / "slow.yaml"), "--port", "0"]
    process = Process(*command, "--print-url")
    with urllib.request.urlopen(process.word("http://") + "/slow") as answer:
        assert answer.read() == b"1"

    assert process.stop() == 0
    said = r"lateness: p50 [\d.]+ ms, p99 [\d.]+ ms, worst [\d.]+ ms over 1 timed answers and events\n"
    assert re.fullmatch(said, process.lines[-1])


@pytest.mark.live
def test_what_is_expected_and_not_so_is_said_at_the_end_and_with_expect_it_is_the_exit_code(
    tmp_path: Path,
) -> None:
    wanted = "expect: [{step: look, times: 1}]\nsteps: [{id: look, request: GET /look, repeat: last}]"
    (tmp_path / "story.yaml").write_text(f"version: 1\nname: story\n{wanted}\n", encoding="utf-8")
    command = [sys.executable, "-m", "replay", "serve", str(tmp_path / "story.yaml"), "--port", "0"]
    codes = []
    for looks in (1, 2):
        process = Process(*command, "--print-url", "--expect")
        url = process.word("http://")
        for _ in range(looks):
            urllib.request.urlopen(f"{url}/look").close()
        codes.append(process.stop())
    assert codes == [0, 1]
    assert re.fullmatch(
        r"unmet: look was expected once and took place twice \(#1 at [\d.]+ s and [\d.]+ s\)\n",
        process.lines[-1],
    )


def test_there_has_to_be_something_that_is_expected() -> None:
    assert "--expect has nothing to hold. No scenario has 'expect:'." in refused("--expect")


@pytest.mark.live
def test_a_clock_moved_by_hand_lets_nothing_happen_by_itself(tmp_path: Path) -> None:
    slow = "steps: [{id: slow, request: GET /slow, respond: {after: 1ms, body: 1}}]"
    (tmp_path / "slow.yaml").write_text(f"version: 1\nname: slow\n{slow}\n", encoding="utf-8")
    with replayer(tmp_path / "slow.yaml", "--clock", "manual") as url, pytest.raises(TimeoutError):
        urllib.request.urlopen(f"{url}/slow", timeout=0.3)


@pytest.mark.live
def test_what_goes_wrong_is_said_at_the_start_and_how_often_at_the_end(tmp_path: Path) -> None:
    file = tmp_path / "faults.yaml"
    file.write_text("[{name: gone, fault: status, where: {step: me}, settings: {status: 410}}]")
    command = [sys.executable, "-m", "replay", "serve", str(SCENARIO), "--port", "0", "--print-url"]
    faults = ["--faults", str(file), "--preset", "lossy-stream", "--control-port", "0"]
    process = Process(*command, *faults)
    url = process.word("http://")
    control = process.word("http://")
    for _ in range(2):
        with pytest.raises(urllib.error.HTTPError, match="410"):
            urllib.request.urlopen(f"{url}/api/v2/me")
    with urllib.request.urlopen(f"{control}/health") as answer:
        assert json.load(answer)["playing"] == ["accept-chat"]

    assert process.stop() == 0
    assert "faults: lossy-stream-lost (drop, file), " in process.output
    struck = "faults: gone struck 2 times; never struck: lossy-stream-lost, lossy-stream-twice, "
    assert struck in process.output


def test_faults_that_cannot_be_applied_are_told_with_their_place(tmp_path: Path) -> None:
    file = tmp_path / "faults.yaml"
    file.write_text("- name: late\n  fault: latncy\n")

    assert f"{file}:2:10: unknown fault 'latncy'.\n  Did you mean 'latency'?" in refused(
        "--faults", str(file)
    )
    assert "there is no preset 'flakey'. Did you mean 'flaky'?" in refused("--preset", "flakey")


def test_a_server_that_refuses_for_ever_needs_a_port_for_control(tmp_path: Path) -> None:
    file = tmp_path / "faults.yaml"
    file.write_text("[{name: down, fault: refuse}]")

    assert "give control a port of its own with --control-port" in refused("--faults", str(file))


def test_of_thousands_of_rules_a_few_are_named() -> None:
    said = struck({f"r{number}": number % 2 for number in range(4_000)})

    assert said.startswith("r1 struck once, r3 struck once, ")
    assert ", and 1,970 more; never struck: r0, r2, " in said
    assert len(said) < 1_000
