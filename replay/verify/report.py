"""What differs, as all who compare say it: `diff` of two stories, `verify` of a story and a server.

A is the scenario, B is what it is held against: another one, or what a server did.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from replay.verify.diff_values import ABSENT

Kind = Literal[
    "setting",
    "variable",
    "only in a",
    "only in b",
    "renamed",
    "moved",
    "agent",
    "order",
    "trigger",
    "delay",
    "channel",
    "request",
    "answer",
    "event",
    "doubled",
]
"""What differs. `moved`: between session and story; `order`: what waited for the other is waited for, or came
before what it follows; `doubled`: it came again."""


class Difference(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is not the same in both."""

    kind: Kind
    step: str = ""
    """The step's id in A, or in B if it is only there."""
    other: str = ""
    """Its id in B, where that is another."""
    field: str = ""
    """What of it: `body.operationName`, `answer.status`, `data.chat.state`, `after`; or the setting."""
    a: Any = ABSENT
    b: Any = ABSENT
    apart: float | None = None
    """Of delays: seconds that B's is longer."""


Verdict = Literal["pass", "fail", "inconclusive"]
"""`inconclusive`: the server could not be exercised, so that nothing is known of the rest."""


class StepOutcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one step before the server."""

    step: str
    kind: Literal["request", "push"]
    outcome: Literal["same", "differs", "missing", "not reached"]
    """`missing`: its turn came, and it did not; `not reached`: its turn never came."""
    at: float | None = None
    """When it was seen, in seconds since the client subscribed, in the session since that began.

    Of a request, when it was made.
    """
    took: float | None = None
    """Seconds after what set it off; of a request, until its answer."""


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What `verify` found."""

    scenario: str
    verdict: Verdict
    why: str = ""
    """Why it is inconclusive, or why it ended before all was seen: a sentence, without the full stop."""
    differences: tuple[Difference, ...] = ()
    """In the order of the steps; what is no step stands after the step it came after."""
    steps: tuple[StepOutcome, ...] = ()
    """All of the part that was played, in the order of the file."""
    troubles: tuple[str, ...] = ()
    """What failed of CometD, whatever came of it: each once."""
    ignored: int = 0
    """Differences that were left out, as the scenario or a setting says."""
