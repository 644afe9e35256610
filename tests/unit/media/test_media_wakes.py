"""Packets that go on by themselves, from socket to socket: nobody can tell, and none goes where it must not."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mediation.media import compiled
from mediation.media.compiled import MOST_STRAYS
from mediation.media.course import NO_LINE
from mediation.media.loop import Loop
from mediation.media.relay import Relay
from mediation.media.voice import Voice
from mediation.rtp.packet import build
from mediation.rtp.rewrite import Rewrite
from tests.unit.media.twins import MU, OPERATIONS, A, Twins, perform


def pair() -> tuple[socket.socket, socket.socket]:
    """Ours and the party's end."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    for end in ends:
        end.setblocking(False)
    return ends


class Wired(Twins):
    """The first of the twins has sockets and a loop, and the time is the test's."""

    def __init__(self) -> None:
        super().__init__()
        self.failed: list[str] = []
        self.loop = Loop(
            tick_s=0.0,
            on_failure=lambda owner, _now: self.failed.append(owner),
            clock_ns=lambda: self.now * 125_000,
        )
        (self.source, self.speaker), (self.sink, self.listener) = pair(), pair()
        self.relays[0].source, self.relays[0].sink = self.source, self.sink
        self.loop.follow(self.source.fileno(), self.relays[0].course, "call")

    def wake(self) -> None:
        """Once."""
        self.loop._stopped = False
        self.loop.call_at(0, lambda _now: self.loop.stop())
        self.loop.run()

    def first_hears(self, datagram: bytes) -> None:
        self.speaker.send(datagram)
        self.wake()
        self.wires[0].sent += received(self.listener)

    def close(self) -> None:
        self.loop.close()
        for end in (self.source, self.speaker, self.sink, self.listener):
            end.close()


def fails(_now: int) -> None:
    """For what nobody may call."""
    raise AssertionError


def received(sock: socket.socket) -> list[bytes]:
    """All that waits."""
    came: list[bytes] = []
    try:
        while True:
            came.append(sock.recv(4096))
    except BlockingIOError:
        return came


@contextmanager
def wired() -> Iterator[Wired]:
    made = Wired()
    try:
        yield made
    finally:
        made.close()


def test_what_follows_goes_on_without_python(monkeypatch: pytest.MonkeyPatch) -> None:
    with wired() as twins:
        twins.follow(3)
        monkeypatch.setattr(Relay, "carry_heard", None)
        twins.loop._handlers[twins.source.fileno()] = fails
        twins.follow(100)
        assert not twins.failed
        twins.agree()


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.sampled_from(OPERATIONS[:-2]), st.integers(0, 200)), max_size=40))
def test_whatever_happens_to_a_stream_from_socket_to_socket_both_ways_agree(
    operations: list[tuple[str, int]],
) -> None:
    with wired() as twins:
        twins.follow(3)
        for operation, amount in operations:
            perform(twins, operation, amount)
            twins.now += amount - 100 if operation == "follow" else 0  # jitter
            twins.follow(amount % 4)
            assert twins.wires[0].sent == twins.wires[1].sent
        twins.agree()


def test_what_the_socket_refuses_is_no_packet_that_has_left() -> None:
    with wired() as twins:
        twins.follow(5)
        twins.listener.close()
        twins.listener, other = pair()
        twins.wires[1].broken = True
        twins.follow(5)
        twins.agree()
        other.close()


def test_a_line_that_is_gone_gets_nothing_though_its_number_has_another_owner() -> None:
    with wired() as twins:
        twins.follow(5)
        twins.relays[0].sink = NO_LINE
        number = twins.sink.fileno()
        twins.sink.close()
        twins.sink, stranger = pair()
        assert number in (twins.sink.fileno(), stranger.fileno())
        twins.speaker.send(twins.next())
        twins.wake()
        assert received(twins.sink) == received(stranger) == []
        stranger.close()


def test_a_socket_that_is_watched_otherwise_or_forgotten_is_followed_no_more() -> None:
    with wired() as twins:
        twins.follow(5)
        heard: list[bytes] = []
        twins.loop.watch(twins.source.fileno(), lambda _now: heard.append(twins.source.recv(4096)), "call")
        twins.speaker.send(packet := twins.next())
        twins.wake()
        assert (heard, received(twins.listener)) == ([packet], [])
        twins.loop.forget(twins.source.fileno())
        twins.speaker.send(twins.next())
        twins.wake()
        assert (heard, received(twins.listener)) == ([packet], [])


class Crowd:
    """Streams through one loop, each followed from its third packet on."""

    def __init__(self, streams: int) -> None:
        self.now = 800_000
        self.failed: list[str] = []
        self.loop = Loop(tick_s=0.0, on_failure=self.fail, clock_ns=lambda: self.now * 125_000)
        self.ways = [(pair(), pair(), Relay(Voice(Rewrite(7, 0, 0), "us"))) for _ in range(streams)]
        for number, ((source, _), (sink, _), relay) in enumerate(self.ways):
            relay.source, relay.sink = source, sink
            relay.configure(MU, A)
            self.loop.follow(source.fileno(), relay.course, f"{number // 2}")

    def fail(self, owner: str, _now: int) -> None:
        """As a worker does: the call is over."""
        self.failed.append(owner)
        for (source, _), _, relay in self.ways[2 * int(owner) : 2 * int(owner) + 2]:
            self.loop.forget(source.fileno())
            relay.close()

    def say(self, number: int, *, marker: bool = False) -> list[int]:
        """Everybody's next packet in one wake; how many have come of each."""
        for (_, speaker), _, _ in self.ways:
            speaker.send(build(0, number, 160 * number, 5, bytes(160), marker=marker))
        self.now += 160
        self.loop._stopped = False
        self.loop.call_at(0, lambda _now: self.loop.stop())
        self.loop.run()
        return [len(received(listener)) for _, (_, listener), _ in self.ways]

    def close(self) -> None:
        self.loop.close()
        for inner, outer, _ in self.ways:
            for end in (*inner, *outer):
                end.close()


def test_however_many_do_not_follow_in_a_wake_all_go_their_usual_way() -> None:
    streams = MOST_STRAYS + 40
    crowd = Crowd(streams)
    for number in range(4):
        assert crowd.say(number) == [1] * streams
    assert crowd.say(4, marker=True) == [1] * streams
    assert crowd.say(5) == [1] * streams
    crowd.close()


def test_a_bug_that_one_packet_meets_ends_its_call_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = Crowd(6)
    for number in range(4):
        crowd.say(number)
    broken = crowd.ways[2][2]
    usual = Relay.carry_heard

    def carry_heard(relay: Relay, packet: bytes, arrival: int) -> None:
        if relay is broken:
            raise ZeroDivisionError
        usual(relay, packet, arrival)

    monkeypatch.setattr(Relay, "carry_heard", carry_heard)
    assert crowd.say(4, marker=True) == [1, 1, 0, 0, 1, 1]
    assert crowd.failed == ["1"]
    crowd.close()


def test_a_library_that_is_not_there_says_how_to_make_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "__file__", "/nowhere/compiled.py")
    with pytest.raises(ImportError, match=r"libcourse\.so.*pip install"):
        compiled._library()


def test_a_library_of_another_version_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "CourseState", compiled.Wake)
    with pytest.raises(ImportError, match="another version"):
        compiled._library()
