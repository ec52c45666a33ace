from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from replay.capture import rules as language
from replay.capture.pseudonyms import Pseudonyms
from replay.capture.rules import KINDS, Rules, RulesError, load_rules, of_plain
from replay.cli.redact import redact
from replay.errors import UsageError

from .proxies import DATA, ROOT

KEY = b"documentation"
PAGE = (ROOT / "docs" / "redaction.md").read_text(encoding="utf-8")


def read(folder: Path, text: str) -> Rules:
    path = folder / "rules.yaml"
    path.write_text(text)
    return load_rules(path)


def wrong(folder: Path, text: str) -> list[str]:
    with pytest.raises(RulesError) as error:
        read(folder, text)
    return str(error.value).replace(f"{folder}/", "").splitlines()


def cleaned(rules: Rules, document: object) -> Any:
    body = Pseudonyms(KEY, rules=rules).body(json.dumps(document).encode())
    assert body is not None
    return json.loads(body)


def test_the_example_of_the_page_does_what_the_page_says(tmp_path: Path) -> None:
    (said,) = re.findall(r"```yml\n(.*?)```", PAGE, re.DOTALL)
    before, after = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)

    rules = read(tmp_path, said)

    assert cleaned(rules, json.loads(before)) == json.loads(after)
    assert set(KINDS) <= set(re.findall(r"`(\w+)`", PAGE))


def test_of_the_lines_that_fit_the_last_decides(tmp_path: Path) -> None:
    rules = read(tmp_path, "fields: {a.b: keep, text: drop, '*': name}\n")

    assert [rules.field(path.split(".")) for path in ("x.a.b", "text", "state")] == ["name"] * 3
    assert load_rules().field(["data", "text"]) == "text"
    rules = read(tmp_path, "fields: {'*': name, a.b: keep, text: drop, c.**: phone}\n")
    assert [rules.field(path.split(".")) for path in ("x.a.b", "b", "text", "c", "c.d.e")] == [
        *("keep", "name", "drop", "name", "phone"),
    ]


def test_names_are_compared_without_case_and_dashes(tmp_path: Path) -> None:
    rules = read(tmp_path, "fields: {first_name: drop}\nheaders: {X-Who: name}\nquery: {who: phone}\n")

    assert rules.field(["First-Name"]) == rules.parameter("FIRSTNAME") == "drop"
    assert (rules.header("x_who"), rules.parameter("WHO"), rules.cookie("anything")) == (
        "name",
        "phone",
        "secret",
    )


def test_a_file_may_stand_alone(tmp_path: Path) -> None:
    rules = read(tmp_path, "extends: nothing\nfields: {a: drop}\n")

    assert cleaned(rules, {"a": "x", "text": "Hello"}) == {"a": "", "text": "Hello"}
    assert rules.name == "rules.yaml"
    assert load_rules().name == "default"
    assert cleaned(read(tmp_path, ""), {"text": "Hello"}) == cleaned(load_rules(), {"text": "Hello"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("feilds: {}\n", ["rules.yaml:1:1: there is no key 'feilds'.", "  Did you mean 'fields'?"]),
        (
            "fields:\n  a: nmae\n",
            ["rules.yaml:2:6: 'nmae' is none of the words that may stand here.", "  Did you mean 'name'?"],
        ),
        ("fields:\n  - a\n", ["rules.yaml:2:3: 'fields' is a mapping.", "  Write `name: kind`, one a line."]),
        ("fields: {a: name, a: drop}\n", ["rules.yaml:1:19: 'a' stands here twice.", "  Keep one of them."]),
        (
            "patterns:\n  - {find: '(', as: name}\n",
            [
                "rules.yaml:2:12: this is no regular expression: missing ), unterminated subpattern",
                "  Write it as Python's `re` does.",
            ],
        ),
        (
            "patterns: [{find: 'x*', as: name}]\n",
            [
                "rules.yaml:1:19: this regular expression finds nothing at all, everywhere.",
                "  Let it need a character.",
            ],
        ),
        ("patterns: [{as: name}]\n", ["rules.yaml:1:12: this pattern has no `find:`."]),
        ("patterns: [{find: x}]\n", ["rules.yaml:1:12: this pattern does not say what it finds."]),
        ("extends: defaults\n", ["rules.yaml:1:10: 'defaults' is none of", "  Did you mean 'default'?"]),
        ("fields: {'-': name}\n", ["rules.yaml:1:10: this line names nothing."]),
        ("- a\n", ["rules.yaml:1:1: a file of rules is a mapping."]),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, text: str, said: list[str]) -> None:
    for line, expected in zip(wrong(tmp_path, text), said, strict=False):
        assert line.startswith(expected)


def test_everything_wrong_is_said_at_once_and_a_broken_file_with_its_place(tmp_path: Path) -> None:
    lines = wrong(tmp_path, "fields: {a: nmae, b: drp}\nheader: {}\n")

    assert [line.partition(": ")[0] for line in lines if not line.startswith(" ")] == [
        *("rules.yaml:2:1", "rules.yaml:1:13", "rules.yaml:1:22"),
    ]
    assert wrong(tmp_path, "fields: {a: name\n")[0].startswith("rules.yaml:2:1: this is not YAML.")
    with pytest.raises(RulesError, match=r"nowhere.yaml cannot be read: No such file or directory\."):
        load_rules(tmp_path / "nowhere.yaml")


def test_both_readers_of_yaml_read_the_same_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (said,) = re.findall(r"```yml\n(.*?)```", PAGE, re.DOTALL)
    texts = [said, "fields: {a: nmae, yes: no, 012: name}\n", "fields: {a: name\n", "a: &x name\nb: *x\n"]

    def everything() -> list[Any]:
        read_so_far: list[Any] = [load_rules().plain()]
        for text in texts:
            try:
                read_so_far.append(read(tmp_path, text).plain())
            except RulesError as error:
                read_so_far += [line for line in str(error).splitlines() if "The reader says" not in line]
        return read_so_far

    with_pyyaml = everything()
    tried = []

    def without_pyyaml(name: str) -> Any:
        tried.append(name)
        if name == "yaml":
            raise ImportError
        return importlib.import_module(name)

    monkeypatch.setattr(language, "import_module", without_pyyaml)
    assert everything() == with_pyyaml
    assert "ruamel.yaml" in tried


def test_rules_travel_as_plain_data() -> None:
    rules = load_rules()

    assert of_plain(rules.plain()).plain() == rules.plain()
    assert of_plain(json.loads(json.dumps(rules.plain()))).field(["userData", "x"]) == "value"


def test_a_command_refuses_bad_rules_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text("fields: {a: nmae}\n")
    arguments = [
        str(DATA / "lp_cometdjs9_java.mitm"),
        str(tmp_path / "x"),
        "--rules",
        str(tmp_path / "rules.yaml"),
    ]

    result = CliRunner().invoke(redact, arguments)

    assert isinstance(result.exception, UsageError)
    assert "rules.yaml:1:13: 'nmae' is none of" in str(result.exception)
    assert not (tmp_path / "x").exists()
