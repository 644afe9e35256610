"""A worker in a thread of the test: its answers, and what a bug of ours may and may not do."""

import select
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from mediation.b2bua.media_commands import ApplyMedia, CloseMedia, ClosePair, OpenMedia, OpenPair
from mediation.b2bua.media_facts import (
    MediaClosed,
    MediaLost,
    MediaOpened,
    MediaRefused,
    MediaSilent,
    PairOpened,
    PairRefused,
)
from mediation.b2bua.plan import Fax, FaxPlan, MediaPlan
from mediation.media.channel import Channel, Message, pair
from mediation.media.relay import Relay
from mediation.media.session import Session
from mediation.media.worker import Worker
from mediation.media.worker_messages import Configure, Ready, Reopen, WorkerStatistics
from mediation.settings.peers import Side
from tests.unit.media.circuit import LIMIT_S, own, packet, stream, udp

HOSTS = (own(1), own(2))
CONFIGURE = Configure((23_000, 23_003), (33_000, 33_099), (0, 1), 0.0, 60.0, 0.001, 0.05)


class Signalling:
    """The other end of the channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def tell(self, message: Message) -> None:
        self._channel.send(message)

    def hear(self) -> Message:
        """The next message that is not statistics; of these no more may come than in LIMIT_S."""
        told = 0
        while told < LIMIT_S / CONFIGURE.statistics_interval_s:
            message = self._channel.receive()
            if message is None:
                assert select.select([self._channel], [], [], LIMIT_S)[0], "the worker says nothing"
            elif isinstance(message, WorkerStatistics):
                told += 1
            else:
                return message
        raise AssertionError("the worker tells nothing but statistics")

    def statistics(self) -> WorkerStatistics:
        while True:
            message = self._channel.receive()
            if isinstance(message, WorkerStatistics):
                return message
            if message is None:
                assert select.select([self._channel], [], [], LIMIT_S)[0], "the worker says nothing"

    def statistics_after_now(self) -> WorkerStatistics:
        """Told after all that has been commanded by now."""
        self.statistics()
        return self.statistics()

    def open(self, call: str) -> Message:
        self.tell(OpenMedia(call, Side.FRONT_END, Side.GATEWAY, HOSTS))
        return self.hear()

    def open_pair(self, call: str, side: Side = Side.GATEWAY) -> Message:
        self.tell(OpenPair(call, side, HOSTS[side is Side.GATEWAY]))
        return self.hear()


@pytest.fixture
def descriptors() -> int:
    """How many the worker may have."""
    return 1024


@pytest.fixture
def signalling(descriptors: int) -> Iterator[Signalling]:
    ours, theirs = (Channel(end) for end in pair())
    worker = Worker(theirs, CONFIGURE, chance=lambda: 0.25, descriptors=descriptors)
    thread = threading.Thread(target=worker.run)
    thread.start()
    made = Signalling(ours)
    assert isinstance(made.hear(), Ready)
    yield made
    ours.close()
    thread.join(LIMIT_S)
    assert not thread.is_alive(), "the worker outlives its channel"


def plan(silence_s: float = 30.0) -> MediaPlan:
    with udp(own(3)) as caller, udp(own(4)) as callee:
        return MediaPlan(stream(caller), stream(callee), silence_s)


def fail(*_: object) -> None:
    raise ZeroDivisionError("a bug")


def test_a_call_is_opened_on_the_ports_of_its_sides(signalling: Signalling) -> None:
    opened = signalling.open("call")
    assert isinstance(opened, MediaOpened)
    assert opened.caller[0] == HOSTS[0]
    assert opened.caller[1] in (23_000, 23_002)
    assert opened.callee[0] == HOSTS[1]
    assert 33_000 <= opened.callee[1] <= 33_098


def test_a_worker_goes_on_with_a_call_of_a_dead_one_on_its_ports(signalling: Signalling) -> None:
    pairs = (
        (1, Side.GATEWAY, HOSTS[1], 33_010),
        (2, Side.FRONT_END, HOSTS[0], 24_000),  # of a range that is not its own
        (3, Side.GATEWAY, HOSTS[1], 33_020),
    )
    signalling.tell(Reopen("call", (2, 1), pairs, 4))
    with udp(own(3)) as caller, udp(own(4)) as callee:
        signalling.tell(ApplyMedia("call", MediaPlan(stream(caller), stream(callee), 30.0, 2, 1)))
        opened = signalling.open_pair("call")
        assert isinstance(opened, PairOpened)
        assert opened.pair == 4
        caller.sendto(packet(1), (HOSTS[0], 24_000))
        assert callee.recv(2048)[12:] == packet(1)[12:]
        signalling.tell(ClosePair("call", 3))
        signalling.tell(CloseMedia("call"))
        closed = signalling.hear()
        assert isinstance(closed, MediaClosed)
        assert closed.callee.packets_sent == 1


def test_a_call_whose_ports_cannot_be_had_again_is_lost_and_keeps_none(signalling: Signalling) -> None:
    with udp(HOSTS[1], 33_010):
        pairs = ((0, Side.FRONT_END, HOSTS[0], 23_000), (1, Side.GATEWAY, HOSTS[1], 33_010))
        signalling.tell(Reopen("call", (0, 1), pairs, 2))
        lost = signalling.hear()
        assert isinstance(lost, MediaLost)
        assert "33010" in lost.reason
    with udp(HOSTS[0], 23_000):
        pass


def test_a_call_may_have_both_parties_on_one_side(signalling: Signalling) -> None:
    signalling.tell(OpenMedia("call", Side.GATEWAY, Side.GATEWAY, HOSTS))
    opened = signalling.hear()
    assert isinstance(opened, MediaOpened)
    assert opened.caller[1] != opened.callee[1]


def test_without_ports_a_call_is_refused_and_the_next_one_after_a_close_is_not(
    signalling: Signalling,
) -> None:
    for call in ("one", "two"):
        assert isinstance(signalling.open(call), MediaOpened)
    assert signalling.open("three") == MediaRefused("three", "no free port")
    signalling.tell(CloseMedia("one"))
    assert isinstance(signalling.hear(), MediaClosed)
    assert isinstance(signalling.open("four"), MediaOpened)


@pytest.mark.parametrize("descriptors", [32 + 6 + 5])
def test_a_call_is_refused_before_its_lines_could_lack_descriptors(signalling: Signalling) -> None:
    assert isinstance(signalling.open("one"), MediaOpened)
    assert signalling.open("two") == MediaRefused("two", "no more file descriptors")
    signalling.tell(CloseMedia("one"))
    assert isinstance(signalling.hear(), MediaClosed)
    assert isinstance(signalling.open("three"), MediaOpened)


def test_an_address_that_is_not_ours_is_refused(signalling: Signalling) -> None:
    signalling.tell(OpenMedia("call", Side.FRONT_END, Side.GATEWAY, (HOSTS[0], "192.0.2.1")))
    refused = signalling.hear()
    assert isinstance(refused, MediaRefused)
    assert "192.0.2.1" in refused.reason


# Further pairs


def test_pairs_are_numbered_and_no_number_comes_twice(signalling: Signalling) -> None:
    signalling.open("call")
    ports = set()
    for number in (2, 3, 4):
        opened = signalling.open_pair("call")
        assert isinstance(opened, PairOpened)
        assert (opened.pair, opened.endpoint[0]) == (number, HOSTS[1])
        assert 33_000 <= opened.endpoint[1] <= 33_098
        ports.add(opened.endpoint[1])
        signalling.tell(ClosePair("call", number))
    assert len(ports) == 3


def test_pairs_of_two_calls_have_numbers_of_their_own(signalling: Signalling) -> None:
    for call in ("one", "two"):
        signalling.open(call)
        opened = signalling.open_pair(call)
        assert isinstance(opened, PairOpened)
        assert (opened.call, opened.pair) == (call, 2)


def test_without_ports_a_pair_is_refused_and_the_call_goes_on(signalling: Signalling) -> None:
    for call in ("one", "two"):  # they have all ports of the front-end side
        signalling.open(call)
    refused = signalling.open_pair("one", Side.FRONT_END)
    assert refused == PairRefused("one", "no free port")
    signalling.tell(CloseMedia("two"))
    assert isinstance(signalling.hear(), MediaClosed)
    opened = signalling.open_pair("one", Side.FRONT_END)
    assert isinstance(opened, PairOpened)
    assert opened.pair == 2
    signalling.tell(CloseMedia("one"))
    assert isinstance(signalling.hear(), MediaClosed)


def test_an_address_that_is_not_ours_refuses_a_pair(signalling: Signalling) -> None:
    signalling.open("call")
    signalling.tell(OpenPair("call", Side.GATEWAY, "192.0.2.1"))
    refused = signalling.hear()
    assert isinstance(refused, PairRefused)
    assert "192.0.2.1" in refused.reason


@pytest.mark.parametrize("descriptors", [32 + 6 + 2 + 1])
def test_a_pair_is_refused_before_lines_could_lack_descriptors(signalling: Signalling) -> None:
    signalling.open("call")
    assert isinstance(signalling.open_pair("call"), PairOpened)
    assert signalling.open_pair("call") == PairRefused("call", "no more file descriptors")
    signalling.tell(ClosePair("call", 2))
    assert isinstance(signalling.open_pair("call"), PairOpened)


def test_the_end_of_a_call_frees_every_pair_that_it_has_left(signalling: Signalling) -> None:
    for _ in range(3):
        signalling.open("call")
        assert isinstance(signalling.open_pair("call", Side.FRONT_END), PairOpened)
        assert signalling.statistics_after_now().ports_free == 0
        signalling.tell(CloseMedia("call"))
        assert isinstance(signalling.hear(), MediaClosed)
    assert signalling.statistics_after_now().ports_free == 2


def test_the_first_pairs_may_be_closed_when_others_have_the_seats(signalling: Signalling) -> None:
    signalling.open("call")
    for side in (Side.FRONT_END, Side.GATEWAY):
        assert isinstance(signalling.open_pair("call", side), PairOpened)
    moved = plan()
    signalling.tell(ApplyMedia("call", MediaPlan(moved.caller, moved.callee, 30.0, 2, 3)))
    for number in (0, 1):
        signalling.tell(ClosePair("call", number))
    assert signalling.statistics_after_now().ports_free == 1
    signalling.tell(CloseMedia("call"))
    assert isinstance(signalling.hear(), MediaClosed)
    assert signalling.statistics_after_now().ports_free == 2


def test_commands_for_pairs_of_calls_that_are_gone_are_ignored(signalling: Signalling) -> None:
    signalling.tell(OpenPair("nobody", Side.GATEWAY, HOSTS[1]))
    signalling.tell(ClosePair("nobody", 2))
    assert isinstance(signalling.open("call"), MediaOpened)


@pytest.mark.parametrize(
    "command",
    [
        ClosePair("broken", 0),
        ClosePair("broken", 1),
        ClosePair("broken", 2),
        ApplyMedia("broken", FaxPlan(Fax(("127.0.0.1", 9)), Fax(("127.0.0.1", 9)), 0, 2)),
    ],
    ids=["in use", "in use as well", "not open", "a plan on what is not open"],
)
def test_a_command_on_the_wrong_pair_costs_its_call_the_media_and_no_other(
    signalling: Signalling, command: Message, capfd: pytest.CaptureFixture[str]
) -> None:
    signalling.open("sound")
    signalling.open("broken")
    signalling.tell(ApplyMedia("broken", plan()))
    signalling.tell(command)
    lost = signalling.hear()
    assert isinstance(lost, MediaLost)
    assert lost.call == "broken"
    assert "ValueError" in lost.reason
    assert isinstance(signalling.open("next"), MediaOpened)  # its ports are free again
    signalling.tell(CloseMedia("sound"))
    assert isinstance(signalling.hear(), MediaClosed)
    assert "ValueError" in capfd.readouterr().err


def test_silence_is_told(signalling: Signalling) -> None:
    signalling.open("call")
    signalling.tell(ApplyMedia("call", plan(silence_s=0.05)))
    told = {signalling.hear(), signalling.hear()}
    assert told == {MediaSilent("call", caller=True), MediaSilent("call", caller=False)}


def test_a_shorter_silence_by_a_later_plan_is_not_missed(signalling: Signalling) -> None:
    signalling.open("call")
    signalling.tell(ApplyMedia("call", plan(silence_s=3000)))
    signalling.tell(ApplyMedia("call", plan(silence_s=0.05)))
    assert isinstance(signalling.hear(), MediaSilent)


def test_statistics_tell_calls_and_ports(signalling: Signalling) -> None:
    signalling.open("call")
    signalling.statistics()
    told = signalling.statistics()
    assert (told.calls, told.ports_free, told.failures) == (1, 1, 0)
    assert told.wakes > 0


def test_what_is_no_command_ends_the_worker(signalling: Signalling) -> None:
    signalling.tell(CONFIGURE)  # the fixture sees it end


@pytest.mark.parametrize("method", ["apply", "close", "handle_timeout"])
def test_a_bug_ends_the_call_that_it_meets_and_no_other(
    signalling: Signalling, monkeypatch: pytest.MonkeyPatch, method: str, capfd: pytest.CaptureFixture[str]
) -> None:
    signalling.open("sound")
    signalling.open("broken")
    monkeypatch.setattr(Session, method, fail)
    signalling.tell(ApplyMedia("broken", plan(silence_s=0.05)))
    if method == "close":
        signalling.tell(CloseMedia("broken"))
    lost = signalling.hear()
    assert isinstance(lost, MediaLost)
    assert lost.call == "broken"
    assert "a bug" in lost.reason
    monkeypatch.undo()
    signalling.tell(CloseMedia("broken"))  # nobody knows it any more
    assert isinstance(signalling.open("next"), MediaOpened)  # its ports are free again
    signalling.tell(CloseMedia("sound"))
    closed = signalling.hear()
    assert isinstance(closed, MediaClosed)
    assert closed.call == "sound"
    assert "ZeroDivisionError" in capfd.readouterr().err
    assert signalling.statistics().failures == 1


def test_a_bug_on_the_packets_road_ends_the_call_and_no_other(
    signalling: Signalling, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with udp(own(3)) as caller, udp(own(4)) as callee:
        signalling.open("sound")
        opened = signalling.open("broken")
        assert isinstance(opened, MediaOpened)
        monkeypatch.setattr(Relay, "carry", fail)
        signalling.tell(ApplyMedia("broken", MediaPlan(stream(caller), stream(callee), 30.0)))
        signalling.tell(OpenMedia("settled", Side.GATEWAY, Side.GATEWAY, HOSTS))
        assert isinstance(signalling.hear(), MediaOpened)
        for number in range(3):
            caller.sendto(packet(number), opened.caller)
        lost = signalling.hear()
        assert isinstance(lost, MediaLost)
        assert lost.call == "broken"
        assert isinstance(signalling.open("next"), MediaOpened)
        assert signalling.statistics().failures == 1
        assert "ZeroDivisionError" in capfd.readouterr().err


def test_a_bug_while_a_call_is_opened_costs_no_ports(
    signalling: Signalling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Session, "_cname", fail)
    for number in range(4):
        assert isinstance(signalling.open(str(number)), MediaLost)
    monkeypatch.undo()
    assert isinstance(signalling.open("call"), MediaOpened)


def test_a_worker_loads_nothing_of_wide_codecs_before_it_is_told_to() -> None:
    names = "wide_codecs", "wide_ear", "wide_mouth", "wide_way", "ordering"
    unwanted = {*(f"mediation.media.{name}" for name in names), "av", "mediation.settings.model"}
    loaded = f"any(name in sys.modules for name in {unwanted})"
    program = f"import sys, mediation.media.worker_process; sys.exit({loaded})"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
