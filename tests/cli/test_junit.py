from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from replay.cli.junit import FAILURES, Case, junit

CASES = [
    Case(name="passes", took=0.25),
    Case(name="fails", outcome="failure", told=("answer.status: 200 → 403", "answer.body.x: 1 → 2"), took=1),
    Case(name="breaks", outcome="error", told=("inconclusive: nobody came",)),
    Case(name="waits", outcome="skipped", told=("not reached",)),
]

SHAPE = {
    # Element: the attributes it may have, the elements that may be in it; as in Jenkins' junit-10.xsd.
    "testsuites": ({"name", "tests", "failures", "errors", "time"}, {"testsuite"}),
    "testsuite": ({"name", "tests", "failures", "errors", "skipped", "time"}, {"properties", "testcase"}),
    "properties": (set(), {"property"}),
    "property": ({"name", "value"}, set()),
    "testcase": ({"name", "classname", "time"}, {"failure", "error", "skipped"}),
    "failure": ({"message", "type"}, set()),
    "error": ({"message", "type"}, set()),
    "skipped": ({"message"}, set()),
}


def test_each_case_has_its_outcome_and_the_suite_counts_them() -> None:
    root = ET.fromstring(junit("accept-chat", CASES, properties={"target": "http://gws"}))

    suite = root.find("testsuite")
    assert suite is not None
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped", "time")} == {
        "tests": "4",
        "failures": "1",
        "errors": "1",
        "skipped": "1",
        "time": "1.250",
    }
    assert [(case.get("name"), [(each.tag, each.get("message")) for each in case]) for case in suite[1:]] == [
        ("passes", []),
        ("fails", [("failure", "answer.status: 200 → 403")]),
        ("breaks", [("error", "inconclusive: nobody came")]),
        ("waits", [("skipped", "not reached")]),
    ]
    assert suite[2][0].text == "answer.status: 200 → 403\nanswer.body.x: 1 → 2"


def test_it_has_the_shape_that_the_schema_asks_for() -> None:
    root = ET.fromstring(junit("accept-chat", CASES, properties={"target": "http://gws"}))

    for element in root.iter():
        attributes, inside = SHAPE[element.tag]
        assert set(element.keys()) == attributes
        assert {each.tag for each in element} <= inside
    assert all(re.fullmatch(r"\d+\.\d{3}", each.get("time", "0.000")) for each in root.iter())


def test_what_no_xml_may_hold_is_written_out() -> None:
    told = 'a "b" <c> & \x00\x1b[31m \ufffe \ud800 ü 😀'

    root = ET.fromstring(junit(told, [Case(name=told, outcome="failure", told=[told])], properties={}))

    [failure] = root.iter("failure")
    assert failure.text == failure.get("message") == 'a "b" <c> & \\x00\\x1b[31m \\ufffe \\ud800 ü 😀'


def test_of_thousands_of_lines_the_first_are_told_and_the_rest_is_counted() -> None:
    told = [f"line {number}" for number in range(10_000)]

    text = junit("s", [Case(name="c", outcome="failure", told=told)], properties={}).decode()

    assert f"line {FAILURES - 1}\n… and {10_000 - FAILURES:,} more</failure>" in text
