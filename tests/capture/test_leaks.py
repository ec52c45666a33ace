from __future__ import annotations

import base64
import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from replay.capture.pseudonyms import Pseudonyms
from replay.cli import main
from replay.cli.check import check
from replay.cli.redact import redact

from .proxies import DATA, ROOT

# Beside scenarios: what a person may well write in one.
HEAD = "version: 1\nname: x\nsteps:\n  - id: a\n    request: GET /x\n    respond: {after: 1ms, body: "


def looked_into(*files: object) -> Result:
    return CliRunner().invoke(check, ["--secrets", *(str(each) for each in files)])


def scenario(folder: Path, value: object) -> Path:
    path = folder / "x.yaml"
    path.write_text(HEAD + json.dumps(value) + "}\n")
    return path


def har(folder: Path, answer: object, headers: dict[str, str] | None = None) -> Path:
    request = {"method": "GET", "url": "http://gws/api/v2/me", "headers": []}
    content = {"text": answer if isinstance(answer, str) else json.dumps(answer)}
    pairs = [{"name": name, "value": value} for name, value in (headers or {}).items()]
    response = {"status": 200, "headers": pairs, "content": content}
    entry = {"startedDateTime": "2024-01-01T00:00:00Z", "time": 5, "request": request, "response": response}
    path = folder / "x.har"
    path.write_text(json.dumps({"log": {"entries": [entry]}}))
    return path


def test_what_the_project_ships_leaks_nothing() -> None:
    shipped = [*sorted((ROOT / "scenarios").glob("*.yaml")), *sorted((ROOT / "recordings").glob("*.*"))]

    result = looked_into(*shipped)

    assert (result.exit_code, result.stderr) == (0, "")


SIGNS = {
    "a private key": "-----BEGIN RSA PRIVATE KEY-----",
    "a token (JWT)": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
    "Bearer credentials": "Bearer 0a1B2c3D4e5F6g7H8",
    "Basic credentials": "Basic " + base64.b64encode(b"ann:hunter22").decode(),
    "a password in a URL": "see http://ann:hunter22@gws/x",
    "an e-mail address": "write to ann.lee@corp.com!",
    "a phone number": "call +49 30 1234567 now",
    "the number of a card": "paid with 4111 1111 1111 1111 today",
}


@pytest.mark.parametrize("what", SIGNS)
def test_a_sign_of_a_leak_is_found_in_scenario_and_recording_and_never_shown(
    tmp_path: Path, what: str
) -> None:
    in_scenario = looked_into(scenario(tmp_path, {"remark": SIGNS[what]}))
    in_recording = looked_into(har(tmp_path, {"remark": [SIGNS[what]]}))

    assert (in_scenario.exit_code, in_recording.exit_code) == (1, 1)
    assert "x.yaml:6:" in in_scenario.stderr
    assert f"this looks like {what}: " in in_scenario.stderr
    assert f"flow 1 (GET /api/v2/me): response body, remark[0] looks like {what}: " in in_recording.stderr
    for said in (in_scenario.stderr, in_recording.stderr):
        assert not any(word in said for word in ("hunter22", "ann.lee", "1234567", "4111", "eyJhb", "0a1B"))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("password", "hunter22"),
        ("access_token", "Zk3-9fQx"),
        ("sessionId", "node01abcxyz.node0"),
        ("phoneNumber", "030 1234567"),
        ("accountNumber", "DE-471147114711"),
    ],
)
def test_values_are_known_by_their_names(tmp_path: Path, path: str, value: str) -> None:
    in_scenario = looked_into(scenario(tmp_path, {"deep": [{path: value}]}))
    in_recording = looked_into(har(tmp_path, {"deep": [{path: value}]}))

    assert f"({path})" in in_scenario.stderr
    assert "x.yaml:6:" in in_scenario.stderr
    assert f"response body, deep[0].{path} looks like" in in_recording.stderr
    assert value not in in_scenario.stderr + in_recording.stderr


@pytest.mark.parametrize(
    "harmless",
    [
        {
            "changePasswordOnFirstLogin": False,
            "token": "${token}",
            "password": "password",
            "authorization": "",
        },
        {
            "mail": "ann@example.com",
            "text": "Basic information required",
            "at": "2014-01-09 11:58:12.035+0200",
        },
        {"id": "0000Na9B26EF002X", "index": 12, "timestampSeconds": 1389261492035, "phoneNumber": "1002"},
        {"icon": "icon@2x.png", "email": "n/a", "url": "http://gws:8090/api/v2/me?x=1"},
    ],
)
def test_what_only_looks_alike_is_let_pass(tmp_path: Path, harmless: dict[str, object]) -> None:
    files = [scenario(tmp_path, {**harmless, "token": "x"}), har(tmp_path, {**harmless, "token": "x"})]

    result = looked_into(*files)

    assert (result.exit_code, result.stderr) == (0, "")


def test_our_own_pseudonyms_are_no_leak(tmp_path: Path) -> None:
    said = {"password": "hunter22", "pin": 12345678, "phoneNumber": "+49 30 1234567", "mail": "ann@corp.com"}
    said |= {
        "text": "my card is 4111 1111 1111 1111, my token Bearer 0a1B2c3D4e5F6g7H8",
        "birthday": "1980-05-17",
    }
    authorization = "Basic " + base64.b64encode(b"ann:hunter22").decode()
    dirty = har(
        tmp_path, said, {"Set-Cookie": "JSESSIONID=node01abcxyz; Path=/", "authorization": authorization}
    )
    cleaned = Pseudonyms().body(json.dumps(said).encode(), b"application/json") or b""

    assert looked_into(dirty).exit_code == 1
    assert CliRunner().invoke(redact, [str(dirty), str(tmp_path / "clean.har")]).exit_code == 0
    clean = looked_into(tmp_path / "clean.har", scenario(tmp_path, json.loads(cleaned)))
    assert (clean.exit_code, clean.stderr) == (0, "")


def test_a_leak_in_a_comment_has_its_line_and_column(tmp_path: Path) -> None:
    path = scenario(tmp_path, {})
    path.write_text(path.read_text() + "# asked ann.lee@corp.com\n")

    result = looked_into(path)

    assert result.stderr == f"{path}:7:9: this looks like an e-mail address: ann… (16 characters).\n"


def test_one_value_in_many_places_is_said_once() -> None:
    result = looked_into(DATA / "lp_cometdjs9_java.mitm")

    assert result.exit_code == 1
    assert "clientId, and 8 places more, looks like a secret (clientId): 1r1…" in result.stderr


def test_leaks_are_exit_code_1_and_bad_files_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("steps: 1\n")
    leaking = scenario(tmp_path, {"password": "hunter22"})

    assert looked_into(leaking).exit_code == 1
    assert looked_into(leaking, bad).exit_code == 2
    assert looked_into(DATA / "broken" / "no-such-file").exit_code == 2
    monkeypatch.setattr(sys, "argv", ["replay", "check", "--json", "--secrets", str(leaking)])
    with pytest.raises(SystemExit) as ended:
        main()
    (row,) = json.loads(capsys.readouterr().out)
    assert (ended.value.code, row["ok"], row["problems"][0]["line"]) == (1, False, 6)


def test_what_could_not_be_read_is_said_since_nobody_has_looked_into_it(tmp_path: Path) -> None:
    whole = (DATA / "lp_cometdjs9_java.mitm").read_bytes()
    broken = tmp_path / "x.mitm"
    broken.write_bytes(whole[: len(whole) // 2])

    assert "ends in the middle of a flow" in looked_into(broken).stderr


def test_a_recording_is_no_scenario_and_that_is_said_once(tmp_path: Path) -> None:
    told = CliRunner().invoke(check, [str(DATA / "lp_cometdjs9_java.mitm")])

    assert told.exit_code == 2
    assert "this is a recording, not a scenario" in told.stderr
    cut = tmp_path / "cut.mitm"
    cut.write_bytes(b"99999999999:abc,")
    assert looked_into(cut).stderr == f"{cut}: ends in the middle of its first flow.\n"
