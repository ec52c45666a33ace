"""Reports as JUnit XML, in the shape that Jenkins, GitLab and GitHub's test reporters all read.

They keep one failure of a test case, count errors as failed, and show what is skipped as neither.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal
from xml.etree import ElementTree as ET

import msgspec

FAILURES = 50
"""Differences told of one test case; the others are counted."""

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One test case."""

    name: str
    outcome: Literal["passed", "failure", "error", "skipped"] = "passed"
    told: Sequence[str] = ()
    """What is wrong, a line each; the first is its headline."""
    took: float = 0.0
    """Seconds."""


def junit(suite: str, cases: Sequence[Case], *, properties: dict[str, str]) -> bytes:
    """The XML of one suite.

    Args:
        suite: What was tested; the class name of its cases.
        properties: What else is known of the run.
    """
    counts = {
        "tests": len(cases),
        "failures": sum(case.outcome == "failure" for case in cases),
        "errors": sum(case.outcome == "error" for case in cases),
    }
    took = f"{sum(case.took for case in cases):.3f}"
    known = {"name": "replay"} | {name: str(count) for name, count in counts.items()} | {"time": took}
    root = ET.Element("testsuites", known)
    skipped = str(sum(case.outcome == "skipped" for case in cases))
    element = ET.SubElement(root, "testsuite", known | {"name": _text(suite), "skipped": skipped})
    said = ET.SubElement(element, "properties")
    for name, value in properties.items():
        ET.SubElement(said, "property", {"name": name, "value": _text(value)})
    for case in cases:
        _add(element, suite, case)
    ET.indent(root)
    text: str = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def _add(element: ET.Element, suite: str, case: Case) -> None:
    known = {"classname": _text(suite), "name": _text(case.name), "time": f"{case.took:.3f}"}
    found = ET.SubElement(element, "testcase", known)
    if case.outcome == "passed":
        return
    headline = case.told[0] if case.told else case.outcome
    more = len(case.told) - FAILURES
    lines = [*case.told[:FAILURES], *([f"… and {more:,} more"] if more > 0 else [])]
    if case.outcome == "skipped":
        ET.SubElement(found, "skipped", {"message": _text(headline)})
        return
    told = ET.SubElement(found, case.outcome, {"message": _text(headline), "type": "replay"})
    told.text = _text("\n".join(lines))


def _text(text: str) -> str:
    """A text as XML can hold it: most control characters are in none."""
    return _NO_XML.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
