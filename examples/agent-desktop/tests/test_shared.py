"""Tests that only look share one simulator, each with an agent of its own."""

from __future__ import annotations

import pytest


@pytest.fixture
def desk(language, simulator_session, request):
    with language.open(simulator_session.url, request.node.name) as desk:
        yield desk


def test_an_offer_has_nobody_in_it_yet(desk):
    assert desk.shows("Invited").participants == []


def test_there_is_one_offer_for_one_agent(desk):
    desk.shows("Invited")

    assert [chat.state for chat in desk.sees()] == ["Invited"]
