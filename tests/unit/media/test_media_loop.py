"""The worker's event loop: fairness, timers, and errors that stay with their owner."""

import os
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from mediation.media import loop as module
from mediation.media.loop import Loop


class Excused:
    def __init__(self) -> None:
        self.owners: list[str] = []

    def __call__(self, owner: str, _now: int) -> None:
        self.owners.append(owner)


@pytest.fixture
def excused() -> Excused:
    return Excused()


@pytest.fixture
def loop(excused: Excused) -> Iterator[Loop]:
    made = Loop(tick_s=0.001, on_failure=excused)
    yield made
    made.close()


@pytest.fixture
def pipes() -> Iterator[Callable[[], tuple[socket.socket, socket.socket]]]:
    made: list[socket.socket] = []

    def pipe() -> tuple[socket.socket, socket.socket]:
        ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        made.extend(ends)
        return ends

    yield pipe
    for end in made:
        end.close()


Pipes = Callable[[], tuple[socket.socket, socket.socket]]


def in_time(loop: Loop, seconds: float = 2.0) -> None:
    """A test that would wait for ever fails instead."""

    def too_late(_now: int) -> None:
        pytest.fail("nothing stopped the loop")

    loop.call_at(loop.now() + int(seconds * 8000), too_late)
    loop.run()


def test_a_readable_socket_is_served(loop: Loop, pipes: Pipes) -> None:
    ours, theirs = pipes()
    heard: list[bytes] = []

    def serve(_now: int) -> None:
        heard.append(ours.recv(100))
        loop.stop()

    loop.watch(ours.fileno(), serve)
    theirs.send(b"hello")
    in_time(loop)
    assert heard == [b"hello"]


def test_each_socket_gets_one_turn_a_wake_so_that_a_flood_delays_nobody(loop: Loop, pipes: Pipes) -> None:
    flooded, flooder = pipes()
    quiet, speaker = pipes()
    order: list[str] = []

    def serve_flood(_now: int) -> None:
        flooded.recv(100)
        order.append("flood")

    def serve_quiet(_now: int) -> None:
        quiet.recv(100)
        order.append("quiet")
        loop.stop()

    loop.watch(flooded.fileno(), serve_flood)
    loop.watch(quiet.fileno(), serve_quiet)
    for _ in range(8):
        flooder.send(b"x")
    speaker.send(b"x")
    in_time(loop)
    assert sorted(order) == ["flood", "quiet"]


def test_what_is_left_is_served_in_the_next_wake(loop: Loop, pipes: Pipes) -> None:
    ours, theirs = pipes()
    heard: list[bytes] = []

    def serve(_now: int) -> None:
        heard.append(ours.recv(100))
        if len(heard) == 5:
            loop.stop()

    loop.watch(ours.fileno(), serve)
    for number in range(5):
        theirs.send(b"%d" % number)
    in_time(loop)
    assert heard == [b"0", b"1", b"2", b"3", b"4"]
    assert (loop.wakes, loop.served) == (5, 5)


def test_timers_come_in_order_and_not_early(loop: Loop) -> None:
    began = loop.now()
    called: list[tuple[str, int]] = []

    def later(now: int) -> None:
        called.append(("later", now - began))
        loop.stop()

    loop.call_at(began + 80, later)
    loop.call_at(began + 40, lambda now: called.append(("sooner", now - began)))
    in_time(loop)
    assert [name for name, _ in called] == ["sooner", "later"]
    assert called[0][1] >= 40
    assert called[1][1] >= 80


def test_what_has_come_is_served_before_a_timer_that_is_due(loop: Loop, pipes: Pipes) -> None:
    ours, theirs = pipes()
    order: list[str] = []

    def serve(_now: int) -> None:
        ours.recv(100)
        order.append("socket")

    def due(_now: int) -> None:
        order.append("timer")
        loop.stop()

    loop.watch(ours.fileno(), serve)
    loop.call_at(loop.now() - 8000, due)
    theirs.send(b"x")
    in_time(loop)
    assert order == ["socket", "timer"]


def test_a_socket_that_is_forgotten_in_the_same_wake_is_not_served(loop: Loop, pipes: Pipes) -> None:
    first, first_end = pipes()
    second, second_end = pipes()
    served: list[str] = []

    def serving(name: str, other: socket.socket) -> Callable[[int], None]:
        def serve(_now: int) -> None:
            served.append(name)
            loop.forget(other.fileno())
            loop.stop()

        return serve

    loop.watch(first.fileno(), serving("first", second))
    loop.watch(second.fileno(), serving("second", first))
    first_end.send(b"x")
    second_end.send(b"x")
    in_time(loop)
    assert len(served) == 1


def test_a_descriptor_that_is_used_again_has_its_new_handler(loop: Loop, pipes: Pipes) -> None:
    old, _ = pipes()
    fd = old.fileno()
    loop.watch(fd, lambda _now: pytest.fail("the old handler"))
    loop.forget(fd)
    new, theirs = pipes()
    os.dup2(new.fileno(), fd)

    def serve(_now: int) -> None:
        os.read(fd, 100)
        loop.stop()

    loop.watch(fd, serve)
    theirs.send(b"x")
    in_time(loop)


def test_an_error_stays_with_its_owner(loop: Loop, pipes: Pipes, excused: Excused) -> None:
    broken, breaker = pipes()
    sound, speaker = pipes()
    served: list[bytes] = []

    def fail(_now: int) -> None:
        broken.recv(100)
        raise ZeroDivisionError

    def serve(_now: int) -> None:
        served.append(sound.recv(100))

    def stop(_now: int) -> None:
        loop.stop()
        raise KeyError

    loop.watch(broken.fileno(), fail, "broken call")
    loop.watch(sound.fileno(), serve, "sound call")
    loop.call_at(loop.now() + 80, stop, "call with a timer")
    breaker.send(b"x")
    speaker.send(b"x")
    in_time(loop)
    assert served == [b"x"]
    assert excused.owners == ["broken call", "call with a timer"]


def test_an_error_without_an_owner_ends_the_loop(loop: Loop, excused: Excused) -> None:
    def fail(_now: int) -> None:
        raise ZeroDivisionError

    loop.call_at(0, fail)
    with pytest.raises(ZeroDivisionError):
        loop.run()
    assert excused.owners == []


def test_all_sockets_of_an_owner_can_be_forgotten(loop: Loop, pipes: Pipes) -> None:
    ends = [pipes() for _ in range(3)]
    for ours, theirs in ends:
        loop.watch(ours.fileno(), lambda _now: pytest.fail("forgotten"), "gone")
        theirs.send(b"x")
    loop.forget_owner("gone")
    loop.call_at(loop.now() + 40, lambda _now: loop.stop())
    in_time(loop)


def test_writing_is_asked_for_and_called_off(loop: Loop, pipes: Pipes) -> None:
    ours, _ = pipes()
    calls: list[int] = []

    def serve(now: int) -> None:
        calls.append(now)
        loop.watch_writing(ours.fileno(), wanted=False)
        loop.call_at(now + 40, lambda _now: loop.stop())

    loop.watch(ours.fileno(), serve)
    loop.watch_writing(ours.fileno(), wanted=True)
    in_time(loop)
    assert len(calls) == 1


def test_more_ready_sockets_than_one_wake_serves_all_have_their_turn(
    loop: Loop, pipes: Pipes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_READY", 2)
    served: set[int] = set()

    def serving(ours: socket.socket) -> Callable[[int], None]:
        def serve(_now: int) -> None:
            ours.recv(100)
            served.add(ours.fileno())
            if len(served) == 7:
                loop.stop()

        return serve

    for _ in range(7):
        ours, theirs = pipes()
        loop.watch(ours.fileno(), serving(ours))
        theirs.send(b"x")
    in_time(loop)
    assert loop.wakes == 4


@pytest.mark.parametrize(("speakers", "ticks"), [(1, 2), (module.FEW, 2), (module.FEW + 1, 1)])
def test_packets_may_gather_for_a_tick_or_for_two_when_they_are_few(
    loop: Loop, pipes: Pipes, monkeypatch: pytest.MonkeyPatch, speakers: int, ticks: int
) -> None:
    rests: list[float] = []
    monkeypatch.setattr(time, "sleep", rests.append)
    monkeypatch.setattr(loop, "_tick_s", 1.0)
    for _ in range(speakers):
        ours, theirs = pipes()

        def serve(_now: int, ours: socket.socket = ours) -> None:
            ours.recv(100)
            loop.stop()

        loop.watch(ours.fileno(), serve)
        theirs.send(b"hello")
    in_time(loop)
    assert [round(rest) for rest in rests] == [ticks]
