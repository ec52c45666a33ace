"""Whether every `${name}` of a scenario names something."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from replay.errors import Problem, nearest
from replay.scenario import templates
from replay.scenario.model import RequestStep, Scenario, Step, is_set
from replay.scenario.reader import Document, Path
from replay.scenario.walk import placed_steps, placed_strings


def check_names(scenario: Scenario, document: Document) -> Iterator[Problem]:
    """Problems with the references in requests, bodies, headers, channels and data."""
    mentioned = {
        step.id: set(_mentioned(step)) for _, step in placed_steps(scenario) if isinstance(step, RequestStep)
    }
    for path, step in placed_steps(scenario):
        for field, value in _templates(step):
            for place, text in placed_strings(value, (*path, *field)):
                yield from _string(text, place, set(scenario.variables), mentioned, document)


def _templates(step: Step) -> Iterator[tuple[Path, Any]]:
    """Everything in a step that may hold `${…}`, with its path within the step."""
    if not isinstance(step, RequestStep):
        yield ("push",), step.push
        yield ("data",), step.data
        return
    yield ("request",), step.request
    if is_set(step.body):
        yield ("body",), step.body
    for at, answer in enumerate(step.respond):
        yield ("respond", at, "headers"), answer.headers
        if is_set(answer.body):
            yield ("respond", at, "body"), answer.body
        if answer.text is not None:
            yield ("respond", at, "text"), answer.text


def _mentioned(step: RequestStep) -> Iterator[str]:
    for path, value in _templates(step):
        for _, text in placed_strings(value, path):
            try:
                yield from templates.references(text)
            except ValueError:
                continue  # It is told at its own place.


def _string(
    text: str, path: Path, variables: set[str], mentioned: dict[str, set[str]], document: Document
) -> Iterator[Problem]:
    if "${" not in text:
        return
    try:
        names = list(templates.references(text))
    except ValueError as error:
        yield document.problem(path, str(error))
        return
    for name in dict.fromkeys(names):
        said = _unknown(name, variables, mentioned)
        if said:
            yield document.problem(path, said[0], help=said[1])


def _unknown(name: str, variables: set[str], mentioned: dict[str, set[str]]) -> tuple[str, str] | None:
    """What is wrong with a reference, and what to do; None if it names something."""
    if name == templates.BASE_URL:
        return None
    step, dot, variable = name.partition(".")
    known = sorted(variables | {templates.BASE_URL})
    if not dot:
        if name in variables:
            return None
        advice = nearest(name, known) or "Add it to 'variables'; '$${' is a literal '${'."
        return f"'${{{name}}}' names no variable", advice
    if step not in mentioned:
        return f"'${{{name}}}' names no request step '{step}'", nearest(step, mentioned)
    if variable not in variables:
        return f"'${{{name}}}' names no variable '{variable}'", nearest(variable, variables)
    if variable not in mentioned[step]:
        holds = ", ".join(sorted(mentioned[step] & variables)) or "none"
        return f"step '{step}' has no variable '{variable}'", f"Variables it mentions: {holds}."
    return None
