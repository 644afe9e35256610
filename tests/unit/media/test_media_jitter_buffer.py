"""The jitter buffer: order, evenness, what is discarded, and what it makes of clocks. Time by hand."""

from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.media.clock import NEVER
from mediation.media.jitter_buffer import MOST_HELD, WATCHED, JitterBuffer
from mediation.media.outlet import Heard

MS = 8
PACKET = 20 * MS
EVENT = 101
START = 8_000_000


@dataclass
class Bench:
    """A buffer, its clock, and what comes out of it."""

    depth: int = 60 * MS
    now: int = START
    left: list[tuple[Heard, int]] = field(default_factory=list)
    late: list[int] = field(default_factory=list)
    twice: list[int] = field(default_factory=list)
    reminders: int = 0

    def __post_init__(self) -> None:
        self.buffer = JitterBuffer(lambda packet, now: self.left.append((packet, now)), self, self._remind)
        self.buffer.follow(self.depth, (EVENT,))

    def discard(self, packet: Heard, *, late: bool) -> None:
        (self.late if late else self.twice).append(packet.sequence)

    def _remind(self) -> None:
        self.reminders += 1

    def until(self, at: int) -> None:
        """Let time pass, and what is due leave."""
        while (due := self.buffer.deadline) <= at:
            assert due > self.now or due == NEVER or due >= self.now
            self.now = max(self.now, due)
            self.buffer.handle_timeout(self.now)
        self.now = max(self.now, at)

    def come(
        self,
        number: int,
        at: int,
        *,
        timestamp: int | None = None,
        kind: int = 0,
        ssrc: int = 1,
        marker: bool = False,
    ) -> None:
        """A packet arrives at a time that is counted from the start."""
        self.until(START + at)
        moment = PACKET * number if timestamp is None else timestamp
        packet = Heard(kind, marker, number & 0xFFFF, moment & 0xFFFFFFFF, ssrc, b"\xff" * PACKET)
        self.buffer.put(packet, self.now)

    def rest(self) -> None:
        """Nothing more comes."""
        self.until(self.now + 10_000 * MS)

    @property
    def numbers(self) -> list[int]:
        return [packet.sequence for packet, _ in self.left]

    @property
    def times(self) -> list[int]:
        return [at - START for _, at in self.left]


def test_the_fastest_packet_waits_for_the_whole_depth_and_all_leave_evenly() -> None:
    bench = Bench()
    for number, late in enumerate((0, 40, 10, 59, 0, 30)):
        bench.come(number, PACKET * number + late * MS)
    bench.rest()
    assert bench.numbers == list(range(6))
    assert bench.times == [60 * MS + PACKET * number for number in range(6)]


def test_packets_that_were_overtaken_leave_in_their_turn() -> None:
    bench = Bench()
    for number, at in ((0, 0), (2, 41), (1, 55), (4, 81), (3, 82), (5, 100)):
        bench.come(number, at * MS)
    bench.rest()
    assert bench.numbers == list(range(6))
    assert [after - before for before, after in pairwise(bench.times)] == [PACKET] * 5


def test_the_first_one_may_be_overtaken_as_well() -> None:
    bench = Bench()
    bench.come(1, 5 * MS)
    bench.come(0, 6 * MS)
    assert bench.reminders == 2, "one that comes before the first is due sooner"
    bench.rest()
    assert bench.numbers == [0, 1]


def test_what_is_lost_leaves_a_gap_of_its_length() -> None:
    bench = Bench()
    for number in (0, 1, 4, 5):
        bench.come(number, PACKET * number)
    bench.rest()
    assert bench.numbers == [0, 1, 4, 5]
    assert bench.times == [60 * MS + PACKET * number for number in (0, 1, 4, 5)]


def test_what_comes_twice_leaves_once_and_what_comes_too_late_not_at_all() -> None:
    bench = Bench()
    bench.come(0, 0)
    bench.come(0, 1)
    bench.come(2, 40 * MS)
    bench.come(3, 60 * MS)
    bench.come(2, 61 * MS)
    bench.come(1, 101 * MS)
    bench.come(2, 102 * MS)
    bench.come(1, 103 * MS)
    bench.rest()
    assert bench.numbers == [0, 2, 3]
    assert bench.late == [1]
    assert bench.twice == [0, 2, 2, 1]


def test_one_that_is_late_in_its_turn_leaves_at_once() -> None:
    bench = Bench()
    bench.come(0, 0)
    bench.come(1, 150 * MS)
    bench.come(2, 151 * MS)
    bench.rest()
    assert bench.times == [60 * MS, 150 * MS, 151 * MS]
    assert not bench.late


def test_comfort_noise_and_pauses_keep_their_time__rfc3389() -> None:
    """The timestamps jump, the numbers do not."""
    bench = Bench()
    for number, (at, kind) in enumerate(((0, 0), (20, 0), (40, 13), (1540, 0), (1560, 0))):
        bench.come(number, at * MS + (7 * MS if number % 2 else 0), timestamp=at * MS, kind=kind)
    bench.rest()
    assert bench.times == [(60 + at) * MS for at in (0, 20, 40, 1540, 1560)]


@pytest.mark.parametrize("jump", [-1_000_000, -5_000, 5_000, 1_000_000, 1 << 31])
def test_a_clock_that_is_set_anew_is_followed_at_once(jump: int) -> None:
    bench = Bench()
    for number in range(5):
        bench.come(number, PACKET * number)
    for number in range(5, 10):
        bench.come(number, PACKET * number, timestamp=PACKET * number + jump)
    bench.rest()
    assert bench.numbers == list(range(10))
    assert bench.times == [60 * MS + PACKET * number for number in range(10)]


def test_events_leave_in_order_though_they_bear_the_time_of_their_beginning__rfc4733_2_5_1() -> None:
    bench = Bench()
    for number in range(3):
        bench.come(number, PACKET * number)
    for number in range(3, 12):
        bench.come(number, PACKET * number, timestamp=3 * PACKET, kind=EVENT, marker=number == 3)
    for number in range(12, 15):
        bench.come(number, PACKET * number + 5 * MS)
    bench.rest()
    assert bench.numbers == list(range(15))
    assert [packet.sequence for packet, _ in bench.left if packet.marker] == [3]
    assert bench.times == [60 * MS + PACKET * number for number in range(15)]


def test_another_stream_begins_anew_and_lets_the_old_one_out_first() -> None:
    bench = Bench()
    for number in range(3):
        bench.come(number, PACKET * number)
    bench.buffer.source_changed()
    bench.come(40_000, 60 * MS, timestamp=77, ssrc=2)
    bench.rest()
    assert bench.numbers == [0, 1, 2, 40_000]
    assert bench.times[-1] == 120 * MS


@pytest.mark.parametrize("to", [30_000, 60_000])
def test_numbers_that_jump_begin_anew_as_well(to: int) -> None:
    bench = Bench()
    bench.come(5000, 0)
    for number in range(3):
        bench.come(to + number, PACKET * (1 + number), timestamp=PACKET * number)
    bench.rest()
    assert bench.numbers == [5000, to, to + 1, to + 2]


def test_numbers_and_timestamps_that_wrap_go_on() -> None:
    bench = Bench()
    for number in range(65_530, 65_550):
        bench.come(number, PACKET * (number - 65_530), timestamp=(1 << 32) + PACKET * (number - 65_540))
    bench.rest()
    assert bench.numbers == [number & 0xFFFF for number in range(65_530, 65_550)]
    assert bench.times == [60 * MS + PACKET * number for number in range(20)]


@pytest.mark.parametrize("ppm", [-200, 200])
def test_a_clock_that_is_not_quite_ours_neither_fills_the_buffer_nor_empties_it(ppm: int) -> None:
    """Ten minutes at 200 ppm are 120 ms: twice the depth."""
    bench = Bench()
    chance = Random(5)
    for number in range(30_000):
        bench.come(number, round(PACKET * number * (1 - ppm / 1e6)) + chance.randrange(30 * MS))
    bench.rest()
    assert len(bench.left) == 30_000
    waits = [
        at - START - round(PACKET * number * (1 - ppm / 1e6)) for number, (_, at) in enumerate(bench.left)
    ]
    assert min(waits[WATCHED // PACKET :]) >= 55 * MS
    assert max(waits) <= 60 * MS + 30 * MS
    steps = [after - before for before, after in pairwise(bench.times)]
    assert sum(step != PACKET for step in steps[WATCHED // PACKET :]) < 0.05 * len(steps)


def test_a_way_that_becomes_longer_is_waited_for_again_after_a_while() -> None:
    bench = Bench()
    for number in range(1000):
        late = 0 if number < 100 else 50 + 15 * (number % 2)
        bench.come(number, PACKET * number + late * MS)
    bench.rest()
    steps = [after - before for before, after in pairwise(bench.times)]
    assert set(steps[:99]) == {PACKET}
    assert set(steps[99 + 2 * WATCHED // PACKET :]) == {PACKET}
    assert bench.times[-1] == (50 + 60) * MS + 999 * PACKET


def test_a_flood_is_held_no_longer_than_there_is_room() -> None:
    bench = Bench(depth=200 * MS)
    for number in range(1000):
        bench.come(number, number // 20)
    assert len(bench.buffer._held) <= MOST_HELD
    bench.rest()
    assert bench.numbers == list(range(1000))


def test_a_long_run_of_losses_takes_no_room() -> None:
    bench = Bench()
    for number in range(0, 60_000, 50):
        bench.come(number, 20 * number * MS)
    assert len(bench.buffer._skipped) <= 100


def test_what_waits_may_be_let_out_and_the_clock_goes_on() -> None:
    bench = Bench()
    for number in range(3):
        bench.come(number, PACKET * number)
    bench.buffer.flush()
    assert bench.numbers == [0, 1, 2]
    bench.come(2, 41 * MS)
    bench.come(3, 60 * MS)
    bench.rest()
    assert bench.twice == [2]
    assert bench.times[-1] == 120 * MS


@given(
    st.integers(1, 200),
    st.lists(st.tuples(st.integers(0, 1000), st.booleans(), st.booleans()), min_size=2, max_size=80),
    st.integers(0, 0xFFFF),
)
def test_whatever_is_late_by_less_than_the_depth_leaves_in_order_and_once(
    depth_ms: int, fates: list[tuple[int, bool, bool]], first: int
) -> None:
    """Lost, doubled and delayed at will: what leaves is in order, each once, and none has waited for longer."""
    depth = depth_ms * MS
    bench = Bench(depth=depth)
    arrivals: list[tuple[int, int]] = []
    for number, (thousandths, is_lost, is_doubled) in enumerate(fates):
        late = depth * thousandths // 1000
        if not is_lost:
            arrivals += [(PACKET * number + late, number)] * (1 + is_doubled)
    came = {number: at for at, number in sorted(arrivals, reverse=True)}
    for at, number in sorted(arrivals):
        bench.come(first + number, at, timestamp=PACKET * number)
    bench.rest()
    assert bench.numbers == [(first + number) & 0xFFFF for number in sorted(came)]
    assert not bench.late
    for number, time in zip(sorted(came), bench.times, strict=True):
        assert came[number] <= time <= came[number] + depth


@given(
    st.lists(st.tuples(st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF), st.integers(0, 5000)), max_size=60)
)
def test_whatever_comes_leaves_or_is_discarded_and_nothing_is_kept(fates: list[tuple[int, int, int]]) -> None:
    bench = Bench()
    at = 0
    for number, timestamp, after in fates:
        at += after
        bench.come(number, at, timestamp=timestamp, kind=EVENT if number % 7 == 0 else 0)
    bench.rest()
    assert len(bench.left) + len(bench.late) + len(bench.twice) == len(fates)
    assert bench.buffer.deadline == NEVER
