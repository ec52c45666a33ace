"""What a server has heard and said lately, as a HAR: for `distil`, and for what opens those of browsers."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from replay import __version__
from replay.conversation import Conversation, exchange_of, frames_of
from replay.simulator.owners import Owners
from replay.simulator.simulator import Simulator
from replay.traffic import Traffic


def parts_of(simulator: Simulator, traffic: Traffic, now: float, *, agent: str = "") -> Iterator[bytes]:
    """The parts of a HAR in order; empty ones between, so that others may have their turn.

    What comes meanwhile is not in it. Credentials are replaced by pseudonyms, others in each HAR; where
    requests are forwarded, so is all that is personal.

    Args:
        agent: Only what is this agent's, by the name the journal has for it or by `#` and its number.
    """
    # Nobody may ever ask for one, and it takes a moment to import.
    from replay.capture import har_writing  # noqa: PLC0415
    from replay.capture.credentials import Credentials, Everything  # noqa: PLC0415

    chosen: list[Conversation] = []
    for conversation in traffic.conversations():
        if conversation is not None:
            chosen.append(conversation)
        else:
            yield b""
    if agent:
        chosen = yield from _of(agent, chosen, simulator)
    credentials = Everything() if simulator.options.forward else Credentials()
    rules, epoch = credentials.rules.name, simulator.options.epoch
    for conversation in chosen:
        credentials.learn_from(exchange_of(conversation, 1, epoch=epoch, now=now))
        yield b""
        for frame in frames_of(conversation, epoch=epoch):
            credentials.learn_from_frame(frame)
            yield b""
    yield har_writing.beginning(__version__, _comment(traffic))
    for number, conversation in enumerate(chosen, 1):
        if number > 1:
            yield har_writing.SEPARATOR
        exchange = credentials.without(exchange_of(conversation, number, epoch=epoch, now=now))
        if exchange.frames is None:
            yield har_writing.entry(exchange, rules=rules)
            continue
        yield har_writing.open_entry(exchange, rules=rules)
        separator = b""
        for frame in frames_of(conversation, epoch=epoch):
            yield separator + har_writing.message(credentials.without_in_frame(frame))
            separator = har_writing.SEPARATOR
        yield har_writing.CLOSE_ENTRY
    yield har_writing.END


def _of(
    name: str, found: list[Conversation], simulator: Simulator
) -> Generator[bytes, None, list[Conversation]]:
    owners = Owners(simulator)
    for conversation in found:
        owners.learn(conversation)
        yield b""
    chosen = []
    for conversation in found:
        owner = owners.of(conversation)
        if owner is not None and name in {owner.label, f"#{owner.ordinal}"}:
            chosen.append(conversation)
        yield b""
    return chosen


def _comment(traffic: Traffic) -> str:
    dropped = said_to_be_dropped(traffic)
    return f"Only the latest: {dropped} went before." if dropped else ""


def said_to_be_dropped(traffic: Traffic) -> str:
    """How much older traffic is kept no longer, in words; empty where there is none."""
    counted = (
        (traffic.dropped_exchanges, "exchange", "exchanges"),
        (traffic.dropped_frames, "frame", "frames"),
    )
    return " and ".join(f"{n:,} {one if n == 1 else many}" for n, one, many in counted if n)
