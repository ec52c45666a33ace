"""What a target is, and the chats that it offers when asked: a real server waits for customers."""

from __future__ import annotations

import os
import ssl

import msgspec

from replay.drive.access import Access
from replay.drive.locust.http import Http, NoAnswerError, UnreachableError
from replay.errors import SurroundingsError
from replay.server.control.terms import PREFIX
from replay.server.control.values import Health, Offer, Refused

TOKEN = "REPLAY_ADMIN_TOKEN"  # noqa: S105  the name of a variable
PROBING = 10.0
"""Seconds for a target to say what it is, or to offer a chat."""


def offer(target: str, scenario: str, agent: str, trust: ssl.SSLContext | bool) -> str:
    """Asks a simulator for one more chat for an agent; returns why there is none, or nothing."""
    token = os.environ.get(TOKEN, "")
    http = Http(target, Access(authorization=f"Bearer {token}" if token else "", trust=trust))
    body = msgspec.json.encode(Offer(scenario=scenario, agent=agent))
    try:
        answer = http.ask("POST", f"{target}{PREFIX}/plays", body, within=PROBING)
        if answer.status == 201:
            return ""
        return msgspec.json.decode(answer.body, type=Refused).error.what
    except NoAnswerError as error:
        return str(error)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return f"POST plays was answered with status {answer.status}"
    finally:
        http.close()


def health_of(target: str, trust: ssl.SSLContext | bool) -> Health | None:
    """What a server of ours says of itself; None of any other.

    Raises:
        SurroundingsError: nobody answers there.
    """
    http = Http(target, Access(trust=trust))
    try:
        answer = http.ask("GET", f"{target}{PREFIX}/health", None, within=PROBING)
        return msgspec.json.decode(answer.body, type=Health) if answer.status == 200 else None
    except UnreachableError as error:
        raise SurroundingsError(f"{target} cannot be reached: {error}") from None
    except (NoAnswerError, msgspec.DecodeError, UnicodeDecodeError):
        # Whatever it is, it is somebody; what it thinks of the story's requests will be seen.
        return None
    finally:
        http.close()
