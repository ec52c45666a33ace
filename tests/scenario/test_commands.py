"""`replay check` and `replay schema`."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from replay.cli.check import check
from replay.cli.schema import schema
from replay.scenario.schema import SCHEMA_FILE

GOOD = "version: 1\nname: one\nsteps:\n- {id: a, request: GET /}\n- {id: b, push: /c, data: 1}\n"


def test_good_files_are_counted_and_bad_ones_told_all_in_one_go(tmp_path: Path) -> None:
    good, bad, missing = (tmp_path / name for name in ("good.yaml", "bad.yaml", "missing.yaml"))
    good.write_text(GOOD)
    bad.write_text("version: 1\nname: one\nstep: []\n")

    result = CliRunner().invoke(check, [str(bad), str(missing), str(good)])

    assert (result.exit_code, result.stdout) == (2, f"{good}: good (2 steps: 1 request, 1 push)\n")
    assert [line for line in result.stderr.splitlines() if not line.startswith("  ")] == [
        f"{bad}:1:1: the scenario has no 'steps'.",
        f"{bad}:3:1: unknown key 'step' at the top of the file.",
        f"{missing}: the file cannot be read: no such file or directory.",
    ]


def test_a_program_gets_the_same_as_json(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(GOOD)
    bad.write_text("[]")

    result = CliRunner().invoke(check, ["--json", str(good), str(bad)])

    assert (result.exit_code, json.loads(result.stdout)) == (
        2,
        [
            {"file": str(good), "ok": True, "problems": []},
            {
                "file": str(bad),
                "ok": False,
                "problems": [
                    {
                        "file": str(bad),
                        "line": 1,
                        "column": 1,
                        "what": "a scenario is a mapping, not a list",
                        "help": "It begins with 'version: 1', then 'name:' and 'steps:'.",
                    }
                ],
            },
        ],
    )


def test_good_files_alone_end_with_zero() -> None:
    file = Path(__file__).parents[2] / "scenarios" / "accept-chat.yaml"

    result = CliRunner().invoke(check, [str(file)])

    assert (result.exit_code, result.output) == (0, f"{file}: good (8 steps: 4 requests, 4 pushes)\n")


def test_the_schema_is_printed_or_its_path() -> None:
    printed, path = (CliRunner().invoke(schema, options) for options in ([], ["--path"]))

    assert (printed.output, path.output) == (SCHEMA_FILE.read_text("utf-8"), f"{SCHEMA_FILE}\n")
