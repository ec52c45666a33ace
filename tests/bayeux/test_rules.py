"""What holds in every conversation, whatever clients say in whatever order."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from replay import wire
from replay.testing import Desktop, Reply, Script, scenario

TIMEOUT, SILENCE = 30.0, 10.0

channels = st.sampled_from(["/a", "/a/b", "/a/*", "/**", "/b"])
concrete = st.sampled_from(["/a", "/a/b", "/b"])
advices = st.sampled_from([None, {}, {"timeout": 0}, {"timeout": 5_000}, {"timeout": 10**9}])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


class Watched(Script):
    """Remembers which exchange or socket each event went out on."""

    def __init__(self, dialect: str, sessions: int) -> None:
        cometd = f"dialect: {dialect}, sessions_per_browser: {sessions}, extensions: [ack, timesync]"
        super().__init__(scenario(f"cometd: {{{cometd}}}"))
        self.named: dict[int, set[Any]] = defaultdict(set)
        """The clientIds in what came in under a number."""
        self.heard: dict[str, list[int]] = defaultdict(list)
        """The events meant for a client, in the order in which they arrived."""
        self.losing = False
        """The answer to what is sent now will not arrive, and the server does not know it."""
        self.lost: set[int] = set()
        self.numbered: dict[str, int] = defaultdict(int)
        """What a client acknowledges: the number of the last connect's reply that arrived."""

    def put(self, happening: wire.Input, line: str, *, by: Desktop | None = None, number: int = 0) -> None:
        if self.losing:
            self.lost.add(number)
        if isinstance(happening, wire.Polled):
            self.named[happening.exchange] |= names_in(happening.body)
        elif isinstance(happening, wire.SocketText):
            self.named[happening.socket] |= names_in(happening.body)
        super().put(happening, line, by=by, number=number)

    def _hear(self, number: int, body: bytes, status: int = 200, headers: wire.Headers = ()) -> Reply:
        if number in self.lost:
            return Reply(self.now, body, status)
        reply = super()._hear(number, body, status, headers)
        for message in reply.body if isinstance(reply.body, list) else []:
            if "data" in message:
                meant_for, count = message["data"]
                assert meant_for in self.named[number], f"an event went to somebody else\n{self}"
                self.heard[meant_for].append(count)
            elif message.get("channel") == "/meta/connect" and "ack" in message.get("ext", {}):
                self.numbered[self._desktops[number].client_id] = message["ext"]["ack"]
        return reply


def names_in(body: bytes) -> set[Any]:
    try:
        value = msgspec.json.decode(body)
    except ValueError:
        return set()
    messages = value if isinstance(value, list) else [value]
    found = (message.get("clientId") for message in messages if isinstance(message, dict))
    return {name for name in found if isinstance(name, str)}


class Conversations(RuleBasedStateMachine):
    """Desktops come, speak over polls and sockets, break off, and go; events come all the while."""

    desktops: Bundle[Desktop] = Bundle("desktops")

    @initialize(
        dialect=st.sampled_from(["cometd2", "cometd3", "cometd5", "salesforce", "faye"]),
        sessions=st.sampled_from([-1, 0, 1]),
    )
    def begin(self, dialect: str, sessions: int) -> None:
        self.script = Watched(dialect, sessions)
        self.dialect = dialect
        self.careful: set[str] = set()
        """Clients that acknowledge: nothing that is lost on the way is lost to them."""
        self.careless: set[str] = set()
        """Clients that do not, and have lost answers: nobody knows what they missed."""
        self.meant: dict[str, list[int]] = defaultdict(list)
        self.asked: dict[int, tuple[str, float]] = {}
        """Exchanges that nobody has left: for which client, since when."""

    def said(self, desktop: Desktop, number: int) -> None:
        if desktop.socket is None:
            self.asked[number] = desktop.client_id, self.script.now

    @rule(target=desktops, over_socket=st.booleans(), ack=st.booleans())
    def arrive(self, over_socket: bool, ack: bool) -> Desktop:
        desktop = self.script.desktop()
        if over_socket:
            desktop.open_socket()
        return self.welcomed(desktop, ack)

    @rule(target=desktops, desktop=desktops, ack=st.booleans())
    def open_tab(self, desktop: Desktop, ack: bool) -> Desktop:
        tab = self.script.desktop()
        tab.jar = desktop.jar
        return self.welcomed(tab, ack)

    def welcomed(self, desktop: Desktop, ack: bool) -> Desktop:
        desktop.handshake(**({"ext": {"ack": True}} if ack else {}))
        if ack:
            self.careful.add(desktop.client_id)
        return desktop

    def acknowledging(self, desktop: Desktop) -> dict[str, Any]:
        if desktop.client_id not in self.careful:
            return {}
        return {"ext": {"ack": self.script.numbered[desktop.client_id]}}

    @rule(desktop=desktops, advice=advices)
    def connect(self, desktop: Desktop, advice: Any) -> None:
        self.said(desktop, desktop.connect(advice=advice, **self.acknowledging(desktop)))

    @rule(desktop=desktops, advice=advices)
    def connect_in_vain(self, desktop: Desktop, advice: Any) -> None:
        """The answer is lost on its way, and the server knows nothing of it."""
        if desktop.socket is not None:
            return
        self.script.losing = True
        number = desktop.connect(advice=advice, **self.acknowledging(desktop))
        self.script.losing = False
        if desktop.client_id not in self.careful:
            self.careless.add(desktop.client_id)
        self.said(desktop, number)

    @rule(desktop=desktops, count=st.integers(1, 2))
    def lose_events_and_ask_again(self, desktop: Desktop, count: int) -> None:
        self.subscribe(desktop, "/a")
        self.connect_in_vain(desktop, None)
        self.push(desktop, "/a", count)
        self.connect(desktop, {"timeout": 0})

    @rule(desktop=desktops, channel=channels | st.lists(channels, max_size=3))
    def subscribe(self, desktop: Desktop, channel: Any) -> None:
        self.said(desktop, desktop.subscribe(channel))

    @rule(
        desktop=desktops, verbs=st.lists(st.sampled_from(["connect", "subscribe", "unsubscribe"]), min_size=2)
    )
    def batch(self, desktop: Desktop, verbs: list[str]) -> None:
        more = self.acknowledging(desktop)
        more |= {"subscription": "/a", "advice": {"timeout": 0}, "connectionType": "long-polling"}
        messages = [desktop.message(verb, **more) for verb in verbs]
        self.said(desktop, desktop.send(*messages))

    @rule(desktop=desktops, channel=concrete, count=st.integers(1, 3))
    def push(self, desktop: Desktop, channel: str, count: int) -> None:
        client = self.script.simulator.bayeux.clients.get(desktop.client_id)
        for _ in range(count):
            number = len(self.meant[desktop.client_id])
            if client is not None and client.hears(channel):
                self.meant[desktop.client_id].append(number)
            self.script.push(desktop, channel, [desktop.client_id, number])

    @rule(desktop=desktops)
    def break_off(self, desktop: Desktop) -> None:
        for number, (client_id, _) in list(self.asked.items()):
            if client_id == desktop.client_id and self.script.waits(number):
                desktop.leave(number)
                del self.asked[number]

    @rule(desktop=desktops)
    def open_socket(self, desktop: Desktop) -> None:
        desktop.open_socket()

    @rule(desktop=desktops)
    def poll_again(self, desktop: Desktop) -> None:
        """Speaks over HTTP from now on; its socket stays open."""
        desktop.socket = None

    @rule(desktop=desktops)
    def lose_socket(self, desktop: Desktop) -> None:
        if desktop.socket is not None:
            desktop.leave(desktop.socket)

    @rule(desktop=consumes(desktops))
    def disconnect(self, desktop: Desktop) -> None:
        self.said(desktop, desktop.disconnect())

    @rule(seconds=st.sampled_from([0.001, 1.0, 9.999, 10.0, 31.0]))
    def advance(self, seconds: float) -> None:
        self.script.advance(seconds)

    @rule(
        desktop=desktops,
        other=desktops,
        garbage=json_values,
        field=st.sampled_from(["id", "channel", "clientId", "advice", "subscription", "ext", "data"]),
        verb=st.sampled_from(["connect", "subscribe", "publish"]),
    )
    def talk_nonsense(self, desktop: Desktop, other: Desktop, garbage: Any, field: str, verb: str) -> None:
        if {desktop.client_id, other.client_id} & self.careful:
            # Whoever acknowledges has to be able to tell its replies from those of others.
            return
        message = desktop.message(verb, subscription="/a") | {field: garbage}
        self.said(desktop, desktop.send(message, other.message("connect")))

    @rule(desktop=desktops, body=st.binary(max_size=20) | json_values.map(msgspec.json.encode))
    def send_rubbish(self, desktop: Desktop, body: bytes) -> None:
        if desktop.socket is None:
            self.said(desktop, desktop.say(body))

    @invariant()
    def nothing_is_lost_doubled_or_out_of_order(self) -> None:
        for client_id, counts in self.script.heard.items():
            if client_id in self.careless:
                assert counts == sorted(set(counts)), str(self.script)
            else:
                assert counts == self.meant[client_id][: len(counts)], str(self.script)

    @invariant()
    def one_exchange_waits_for_a_client_and_none_beyond_its_time(self) -> None:
        waiting = [(who, at) for number, (who, at) in self.asked.items() if self.script.waits(number)]
        # faye leaves a connect that was overtaken until its time is up.
        if self.dialect != "faye":
            assert len({who for who, _ in waiting}) == len(waiting), str(self.script)
        assert all(self.script.now - at < TIMEOUT for _, at in waiting), str(self.script)

    @invariant()
    def whoever_lives_has_heard_all_or_it_is_kept_for_it(self) -> None:
        for client_id, client in self.script.simulator.bayeux.clients.items():
            if client_id in self.careless:
                continue
            kept = [*(event for _, event in client._unacknowledged), *client.queue]
            numbers = [msgspec.json.decode(event)["data"][1] for event in kept]
            missing = self.meant[client_id][len(self.script.heard[client_id]) :]
            assert numbers[len(numbers) - len(missing) :] == missing, str(self.script)

    def teardown(self) -> None:
        if not hasattr(self, "script"):
            return
        self.script.advance(TIMEOUT + SILENCE + 0.001)
        bayeux, delivery = self.script.simulator.bayeux, self.script.simulator.bayeux._delivery
        assert not any(self.script.waits(number) for number in self.asked), str(self.script)
        assert (bayeux.clients, bayeux._by_browser, delivery._waiting) == ({}, {}, {})
        assert not bayeux._listeners
        assert (delivery._due, bayeux.next_due) == ([], None)
        assert not any(delivery._sockets.values())
        assert not any(agent.clients for agent in self.script.simulator.agents.all)


Conversations.TestCase.settings = settings(
    max_examples=80, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestConversations = Conversations.TestCase


@settings(max_examples=300, deadline=None)
@given(body=st.binary(max_size=60) | json_values.map(msgspec.json.encode))
def test_every_body_whatsoever_is_answered(body: bytes) -> None:
    script = Script(scenario(""))

    reply = script.answer(script.desktop().say(body))

    assert reply.status in {200, 400, 500}
    assert isinstance(reply.body, list) is (reply.status == 200)
