"""The recording that comes with the project, and the scenario beside it: what distilling does, to be read."""

from __future__ import annotations

from replay.capture.recording import open_recording
from replay.distil import only_story
from replay.scenario.dump import dumps

from .software import ROOT

RECORDINGS = ROOT / "recordings"


def test_the_scenario_beside_the_recording_is_what_it_distils_to() -> None:
    recording = open_recording(RECORDINGS / "accept-chat.mitm")

    told = only_story(recording.exchanges, name="accept-chat", recording="accept-chat.mitm")

    assert dumps(told.scenario) == (RECORDINGS / "accept-chat.yaml").read_text(encoding="utf-8")
