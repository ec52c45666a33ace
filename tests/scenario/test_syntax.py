from __future__ import annotations

import pytest
import yaml

from replay.errors import ScenarioError
from replay.scenario import reader
from replay.scenario.reader import read

SAID = [
    ("a: {id: ${chat}}", "1:9: '${chat}' is not quoted, and its braces read as a mapping"),
    ("a: [x, ${chat}]", "1:8: '${chat}' is not quoted"),
    ('a: {"x": ${x}}', "1:10: '${x}' is not quoted"),
    ('{"x": ${x}}', "1:7: '${x}' is not quoted"),
    ("a: {${chat}: 1}", "1:5: '${chat}' is not quoted"),
    ("a: {x: http://${base_url}/x, y: 1}", "1:8: 'http://${base_url}/x' is not quoted"),
    ("a: {x: ${a}${b}}", "1:8: '${a}${b}' is not quoted"),
    ("a:\n\tb: 1", "2:1: a tab cannot indent"),
    ("a: 1\n\tb: 2", "2:1: a tab cannot indent"),
    ('a: "x', "1:4: this quote is not closed"),
    ("a: 'x\nb: 1", "1:4: this quote is not closed"),
    ('a: "x\nb: "y"', "1:4: this quote is closed only in line 2"),
    ('a: "x" y', "1:8: text goes on after the closing quote"),
    ("a: 'it's'", "1:8: text goes on after the closing quote"),
    ("a\nb: 1", "1:1: a colon is missing after 'a'"),
    ("a: 1\nb\nc: 2", "2:1: no colon follows this"),
    ("a:1\nb: 2", "1:3: a space is missing after 'a:'"),
    ("a: x: y", "1:5: a value that holds ': ' must be quoted"),
    ("a: b\n\n  c: d", "3:3: 'c' stands deeper than the field above, which has a value already"),
    ("a: [1,\n2", "1:4: this '[' is not closed by ']', or a comma is missing before"),
    ("a: {b: 1 c: 2}", "1:4: this '{' is not closed by '}', or a comma is missing before 1:11"),
    ("a: @x", "1:4: '@' cannot begin a value"),
    ("a: - b", "1:4: a list cannot begin on the line of its key"),
    ("a: | x", "1:6: nothing may follow '|' or '>' on its line"),
    ("a: [", "a value or a closing bracket is missing here"),
    ("a:\n  b: 1\n c: 2", "3:2: this line fits neither in depth nor in kind to those above"),
    ("a:\n  - b\n  c: d", "3:3: this line fits neither in depth nor in kind to those above"),
    ('a: "\\q"', "a backslash in double quotes begins an escape, and there is none such"),
    ("%YAML 3.0\n---\na: 1", "1:1: this is not YAML: found incompatible YAML document"),
]


@pytest.mark.parametrize(("text", "said"), SAID)
@pytest.mark.parametrize("loader", ["libyaml", "pyyaml"])
def test_a_mistake_is_told_in_the_words_of_its_author(
    text: str, said: str, loader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if loader == "pyyaml":
        monkeypatch.setattr(reader, "_LOADER", yaml.SafeLoader)

    with pytest.raises(ScenarioError) as raised:
        read(text, "f")

    assert said in str(raised.value)


def test_an_unquoted_variable_is_told_how_to_be_written() -> None:
    with pytest.raises(ScenarioError) as raised:
        read("a: {id: ${chat}}", "f")

    assert [problem.help for problem in raised.value.problems] == ['In { } and [ ] quote it: "${chat}".']


def test_half_a_character_is_told_apart_from_other_escapes() -> None:
    with pytest.raises(ScenarioError, match="half of"):
        read('a: "\\ud83d\\ude00"', "f")
