"""What a client observed, in sentences made of nothing but what it reported."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from itertools import groupby
from typing import Any

Seen = dict[str, Any]

NOTIFICATIONS = {"StatusChange": "chatting", "ParticipantsUpdated": "participants", "NewMessages": "history"}
STORY = ["invited", "chatting", "participants", "history"]
LATE = 1500.0
"""Milliseconds by which a time may be exceeded on a machine that is busy with many clients."""


def event_of(each: Seen) -> str:
    """Which event of the story it is."""
    data = each["data"]
    if "number" in data:
        return f"{data['number']}"
    invited = data.get("chat", {}).get("state") == "Invited"
    return "invited" if invited else NOTIFICATIONS[data["notificationType"]]


def events(seen: list[Seen]) -> list[str]:
    """The events, in order."""
    return [event_of(each) for each in seen if each["kind"] == "event"]


def strands(seen: list[Seen]) -> str:
    """REST, CometD and events, each in its order: what of them comes first is a matter of chance."""
    cometd = ", ".join(_cometd(seen))
    return "; ".join(word for word in [*_rest(seen), cometd, heard(seen)] if word)


def heard(seen: list[Seen]) -> str:
    """The events."""
    came = events(seen)
    if came == STORY:
        return "every event once, in order"
    counted = Counter(came)
    names = [f"{name} {counted[name]} times" if counted[name] > 1 else name for name, _ in groupby(came)]
    names = list(dict.fromkeys(names)) if sorted(counted) != sorted(came) else names
    if not came:
        return "no event"
    missing = [name for name in STORY if name not in counted]
    return f"events: {', '.join(names)}" + (f"; not {' and '.join(missing)}" if missing else "")


def chronicle(seen: list[Seen]) -> str:
    """Answers and events in the order in which they came."""
    words = []
    for each in seen:
        if each["kind"] == "event":
            words.append(event_of(each))
        elif each["kind"] == "answer":
            words.append(f"{short(each['name'])} answered {answer_of(each)}")
    return ", ".join(words)


def _rest(seen: list[Seen]) -> list[str]:
    """What became of each request that did not simply succeed."""
    told: dict[str, list[str]] = {}
    for each in seen:
        if each["kind"] == "answer":
            told.setdefault(short(each["name"]), []).append(answer_of(each))
        elif each["kind"] == "failure" and "name" in each:
            told.setdefault(short(each["name"]), []).append(plain(each["error"]))
    return [
        f"{name}: {', then '.join(answer for answer, _ in groupby(answers))}"
        for name, answers in told.items()
        if set(answers) != {"200"}
    ]


def _cometd(seen: list[Seen]) -> list[str]:
    """Failures of CometD and what came of them. How often one repeats is a matter of timing."""
    words: list[str] = []
    greeted = troubled = False
    sockets = 0
    for each in seen:
        match each["kind"]:
            case "failure" if "name" not in each:
                troubled = troubled or each.get("channel") == "/meta/connect"
                words.append(failure_of(each))
            case "closed" if each["code"] != 1000:
                words.append(f"socket closed with {each['code']}{_spaced(each['reason'])}")
            case "socket":
                sockets += 1
                if sockets > 1:
                    words.append("another socket")
            case "connected" if troubled:
                troubled = False
                words.append("connected again")
            case "handshake" if each["successful"]:
                if greeted:
                    words.append("shook hands again")
                greeted, troubled = True, False
            case "died":
                words.append(f"{each['error']}, of which its process ends")
    return [word for word, _ in groupby(words)]


def short(name: str) -> str:
    """A request's name without what all have."""
    return name.replace("/api/v2", "").replace("StartContactCenterSession", "log in")


def answer_of(each: Seen) -> str:
    """An answer: its status, and its body where that says more."""
    status, body = each["status"], each["body"]
    if status < 400:
        return str(status) + (", which is no JSON" if isinstance(body, str) else "")
    if isinstance(body, str):
        return f"{status}{_spaced(body)}"
    return f"{status} {json.dumps(body, ensure_ascii=False)}".replace('"', "")


def failure_of(each: Seen) -> str:
    """A failure of a Bayeux message: which, and how."""
    if "channel" not in each:
        return plain(each.get("error") or each["exception"])
    how = each.get("error") or ""
    advice = each.get("advice") or {}
    if how and advice.get("reconnect"):
        how += f" and reconnect: {advice['reconnect']}"
    code = each.get("httpCode")
    if code == 200:
        how = f"200, and {plain(each.get('exception') or 'no JSON').partition(':')[0]}"
    elif code:
        how = f"HTTP {code}"
    elif each.get("websocketCode"):
        how = f"{each['websocketCode']}{_spaced(each.get('reason') or '')}"
    return f"{each['channel']}: {how or plain(each.get('exception') or each.get('reason') or 'failed')}"


def plain(text: Any) -> str:
    """An error's text without what differs from run to run."""
    said = re.sub(r"\w+ ECONNRESET", "ECONNRESET", str(text))
    said = re.sub(r"Request \d+ of transport \S+ exceeded (\d+) ms .*", r"no answer in \1 ms", said)
    said = re.sub(r"timeout after (\d+) ms", r"nothing more in \1 ms", said)
    return re.sub(r" 127\.0\.0\.1:\d+", "", said)


def _spaced(text: str) -> str:
    return f" {text}" if text else ""


def took(measured: float, at_least: float) -> str:
    """A time as it ought to be if it is, or as it was; a millisecond or two is what clocks differ by."""
    good = at_least - 2 <= measured <= at_least + LATE
    return f"{(at_least if good else measured) / 1000:g} s"


def between(seen: list[Seen], first: Callable[[Seen], bool], then: Callable[[Seen], bool]) -> float:
    """Milliseconds from the first of the ones to the next of the others."""
    began = next(index for index, each in enumerate(seen) if first(each))
    return float(next(each["t"] for each in seen[began + 1 :] if then(each)) - seen[began]["t"])


def batches(seen: list[Seen]) -> str:
    """The events by the answers or frames that brought them."""
    brought = [each for each in seen if each["kind"] == "event"]
    groups = [[event_of(each) for each in group] for _, group in groupby(brought, lambda each: each["batch"])]
    return ", then ".join(" with ".join(group) for group in groups)


def connects(seen: list[Seen]) -> list[Seen]:
    """Connects that succeeded."""
    return [each for each in seen if each["kind"] == "connected"]
