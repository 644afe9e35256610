"""One coherent stream leaves, whatever comes."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.rtp.packet import read_header
from mediation.rtp.rewrite import MAX_DROPOUT, MAX_MISORDER, Rewrite

OURS = 0x0000CAFE


@dataclass
class Direction:
    """A Rewrite that starts at sequence 100 and timestamp 5000; time is arrival, in 20 ms packets."""

    rewrite: Rewrite = field(default_factory=lambda: Rewrite(OURS, 100, 5000))
    now: int = 8_000_000

    def comes(
        self, sequence: int, timestamp: int, *, ssrc: int = 7, marker: bool = False, after: int = 160
    ) -> tuple[int, int, bool] | None:
        """(sequence, timestamp, marker) that leave; None: nothing did."""
        self.now += after
        header = self.rewrite.header(8, marker, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc, self.now)
        if header is None:
            return None
        payload_type, marked, left, stamped, by, start, end = read_header(header)
        assert (payload_type, by, start, end) == (8, OURS, 12, 12)
        return left, stamped, marked


@pytest.fixture
def direction() -> Direction:
    return Direction()


def test_the_first_packet_leaves_with_the_numbers_given_and_the_marker(direction: Direction) -> None:
    assert direction.comes(40_000, 77) == (100, 5000, True)
    assert direction.comes(40_001, 237) == (101, 5160, False)


def test_loss_reordering_and_duplicates_stay_visible(direction: Direction) -> None:
    came = [10, 11, 14, 13, 14, 12, 20, 15]
    left = [direction.comes(n, 160 * n) for n in came]
    assert [n[0] for n in left if n] == [100 + n - 10 for n in came]
    assert [n[1] for n in left if n] == [5000 + 160 * (n - 10) for n in came]


def test_both_counters_wrap(direction: Direction) -> None:
    direction.rewrite = Rewrite(OURS, 0xFFFF, 0xFFFFFFF0)
    assert direction.comes(0xFFFE, 0xFFFFFF00) == (0xFFFF, 0xFFFFFFF0, True)
    assert direction.comes(0xFFFF, 0xFFFFFFA0) == (0, 144, False)
    assert direction.comes(0x0000, 0x00000040) == (1, 304, False)


def test_the_source_s_own_marker_is_kept(direction: Direction) -> None:
    direction.comes(1, 160)
    assert direction.comes(2, 8320, marker=True, after=8160) == (101, 13160, True)


def test_silence_suppression_leaves_its_gap_in_time_only(direction: Direction) -> None:
    direction.comes(1, 160)
    minute = 60 * 8000
    assert direction.comes(2, 160 + minute, after=minute) == (101, 5000 + minute, False)


def test_the_source_s_own_marker_is_kept_after_a_long_silence(direction: Direction) -> None:
    direction.comes(1, 160)
    minute = 60 * 8000
    assert direction.comes(2, 160 + minute, marker=True, after=minute) == (101, 5000 + minute, True)


def test_another_source_goes_on_with_the_next_number_as_much_later_as_time_has_passed(
    direction: Direction,
) -> None:
    direction.comes(1, 160)
    direction.comes(2, 320)
    assert direction.comes(9001, 5, ssrc=9, after=4000) == (102, 5160 + 4000, True)
    assert direction.comes(9002, 165, ssrc=9) == (103, 5160 + 4160, False)
    assert direction.rewrite.switches == 1


def test_time_moves_by_a_packet_at_least_when_the_source_changes(direction: Direction) -> None:
    direction.comes(1, 160)
    assert direction.comes(9001, 5, ssrc=9, after=3) == (101, 5160, True)


def test_a_late_packet_of_the_old_source_does_not_bring_it_back(direction: Direction) -> None:
    for n in (1, 2, 4):
        direction.comes(n, 160 * n)
    direction.comes(9001, 5, ssrc=9)
    assert direction.comes(3, 480, after=1) is None
    assert direction.comes(9002, 165, ssrc=9, after=159) == (105, 5800, False)
    assert direction.rewrite.refused == 1


def test_nor_does_one_that_comes_when_the_new_source_has_stopped(direction: Direction) -> None:
    for n in (1, 2, 4):
        direction.comes(n, 160 * n)
    direction.comes(9001, 5, ssrc=9)
    assert direction.comes(3, 480, after=8000) is None
    assert direction.comes(4, 640, after=8000) is None


def test_of_two_sources_at_once_the_newer_is_heard__and_the_older_again_when_that_one_stops(
    direction: Direction,
) -> None:
    direction.comes(1, 160)
    direction.comes(9001, 0, ssrc=9)
    left = []
    for n in range(10):
        left.append(direction.comes(2 + n, 320 + 160 * n, after=80))
        left.append(direction.comes(9002 + n, 160 + 160 * n, ssrc=9, after=80))
    assert left[0::2] == [None] * 10
    assert [n[0] for n in left[1::2] if n] == list(range(102, 112))
    resumed = direction.comes(15, 2400, after=480)
    assert resumed == (112, 5160 + 1600 + 480, True)


def test_a_late_packet_from_before_the_switch_cannot_take_a_number_that_has_left(
    direction: Direction,
) -> None:
    direction.comes(1, 160)
    direction.comes(9001, 160, ssrc=9)
    assert direction.comes(9000, 0, ssrc=9, after=0) is None
    assert direction.comes(9003, 480, ssrc=9) == (103, 5480, False)
    assert direction.comes(9002, 320, ssrc=9, after=0) == (102, 5320, False)


def test_a_duplicate_of_the_first_packet_leaves_as_every_duplicate(direction: Direction) -> None:
    direction.comes(1, 160)
    direction.comes(2, 320)
    assert direction.comes(1, 160) == (100, 5000, False)


def test_after_a_while_all_late_packets_may_leave(direction: Direction) -> None:
    for n in range(300):
        direction.comes(n, 160 * n)
    assert direction.comes(299 - MAX_MISORDER, 160 * 199, after=0) == (299, 5000 + 160 * 199, False)


def test_a_stray_far_from_the_run_does_not_leave_and_changes_nothing(direction: Direction) -> None:
    direction.comes(1000, 0)
    assert direction.comes(1000 + MAX_DROPOUT, 99, after=0) is None
    assert direction.comes(999 - MAX_MISORDER, 99, after=0) is None
    assert direction.comes(1001, 160) == (101, 5160, False)


def test_a_gap_just_short_of_a_jump_stays_a_gap(direction: Direction) -> None:
    direction.comes(1000, 0)
    gap = MAX_DROPOUT - 1
    assert direction.comes(1000 + gap, 160 * gap, after=160 * gap) == (100 + gap, 5000 + 160 * gap, False)


def test_a_source_that_restarts_its_numbers_is_joined_by_its_second_packet__rfc3550_a_1(
    direction: Direction,
) -> None:
    direction.comes(1000, 0)
    assert direction.comes(30_000, 4_000_000) is None
    assert direction.comes(30_001, 4_000_160) == (101, 5000 + 320, True)
    assert direction.comes(30_002, 4_000_320) == (102, 5000 + 480, False)


def test_a_source_that_restarts_its_clock_only__keeps_its_numbers(direction: Direction) -> None:
    direction.comes(1, 1_000_000)
    assert direction.comes(3, 3_000_000_000, after=320) == (102, 5320, True)
    assert direction.comes(4, 3_000_000_160) == (103, 5480, False)
    assert direction.comes(5, 17, after=160) == (104, 5640, True)


def test_a_frozen_host_s_burst_keeps_the_source_s_times(direction: Direction) -> None:
    direction.comes(1, 160)
    left = [direction.comes(2 + n, 320 + 160 * n, after=24_000 if n == 0 else 0) for n in range(20)]
    assert left == [(101 + n, 5160 + 160 * n, False) for n in range(20)]


def test_all_packets_of_an_event_keep_the_time_of_its_beginning__rfc4733_2_5_1_2(
    direction: Direction,
) -> None:
    direction.comes(1, 160)
    event = [direction.comes(2 + n, 320, marker=n == 0) for n in range(8)]
    assert event == [(101 + n, 5160, n == 0) for n in range(8)]
    assert direction.comes(10, 320 + 8 * 160) == (109, 5160 + 8 * 160, False)


@pytest.mark.parametrize("held", [False, True])
def test_an_event_that_goes_on_after_a_switch_is_not_begun_twice__rfc4733_2_2_2(
    direction: Direction, held: bool
) -> None:
    direction.comes(1, 160)
    direction.comes(2, 320, marker=True)
    if held:
        direction.rewrite.withhold(3, 7)
    else:
        direction.rewrite.switch()
    first = 3 + held
    assert [direction.comes(first + n, 320) for n in range(3)] == [(102 + n, 5160, False) for n in range(3)]
    assert direction.comes(first + 3, 800) == (105, 5640, True)  # audio after it has the marker that is due


def test_an_event_beside_audio_keeps_its_time_and_the_audio_its_own(direction: Direction) -> None:
    left = []
    for n in range(50):
        left.append(direction.comes(1 + 2 * n, 160 * n))
        left.append(direction.comes(2 + 2 * n, 0, after=0))
    assert [n[0] for n in left if n] == list(range(100, 200))
    assert {n[1] for n in left[1::2] if n} == {5000}
    assert [n[1] for n in left[0::2] if n] == [5000 + 160 * n for n in range(50)]


def test_a_source_after_audio_and_an_event_at_once_comes_after_both(direction: Direction) -> None:
    direction.comes(1, 0)
    for n in range(1, 11):
        direction.comes(2 * n, 160 * n)
        direction.comes(2 * n + 1, 0, after=0)
    assert direction.comes(1, 0, ssrc=9) == (121, 5000 + 11 * 160, True)


def test_an_event_then_another_source_does_not_overlap_in_time(direction: Direction) -> None:
    for n in range(10):
        direction.comes(1 + n, 160)
    assert direction.comes(1, 0, ssrc=9) == (110, 5000 + 10 * 160, True)


@pytest.mark.parametrize("change", ["ssrc", "forgotten"])
def test_another_source_comes_after_all_that_was_cut_of_the_one_before__rfc3550_5_1(
    direction: Direction, change: str
) -> None:
    """A packet of 60 ms leaves in three; nobody's audio goes back in time."""
    direction.comes(1, 160)
    rewrite = direction.rewrite
    placed = rewrite.place(2, 320, 7, direction.now + 480)
    assert placed == (5160, False)
    for piece in range(3):
        rewrite.next_header(8, False, 5160 + 160 * piece)
    if change == "forgotten":
        rewrite.forget_source()
    assert direction.comes(9, 9_000_000, ssrc=8 if change == "ssrc" else 7, after=500) == (104, 5640, True)


def test_a_packet_of_ours_comes_after_all_of_ours_that_has_left(direction: Direction) -> None:
    direction.comes(1, 160)
    noise = direction.rewrite.next_timestamp(direction.now, 160)
    direction.rewrite.insert(8, True, noise, direction.now)
    assert direction.rewrite.next_timestamp(direction.now + 80, 160) == noise + 160


def test_what_left_of_ours_long_ago_does_not_move_the_time(direction: Direction) -> None:
    direction.comes(1, 0)
    direction.rewrite.insert(8, True, 5160, direction.now)
    for number in range(2, 60):  # three days of silence, told now and then
        direction.comes(number, (number - 1) * 0x0400_0000, after=0x0400_0000)
    newest = direction.rewrite.newest
    assert direction.comes(9, 77, ssrc=8) == (160, (newest + 160) & 0xFFFFFFFF, True)


def test_after_a_switch_the_same_run_goes_on_with_the_marker(direction: Direction) -> None:
    direction.comes(1, 160)
    direction.rewrite.switch()
    assert direction.comes(3, 480, after=320) == (102, 5320, True)
    assert direction.comes(4, 640) == (103, 5480, False)
    assert direction.rewrite.switches == 0


def test_after_a_switch_another_run_of_the_same_ssrc_is_joined_at_once(direction: Direction) -> None:
    direction.comes(1, 160)
    direction.rewrite.switch()
    assert direction.comes(30_000, 4_000_000_000, after=160) == (101, 5160, True)
    assert direction.comes(30_001, 4_000_000_160) == (102, 5320, False)


def test_a_switch_before_the_first_packet_changes_nothing(direction: Direction) -> None:
    direction.rewrite.switch()
    assert direction.comes(1, 160) == (100, 5000, True)
    assert direction.comes(2, 320) == (101, 5160, False)


def test_a_late_packet_after_a_switch_leaves_the_marker_to_the_next(direction: Direction) -> None:
    for n in (1, 2, 4):
        direction.comes(n, 160 * n)
    direction.rewrite.switch()
    assert direction.comes(3, 480, after=0) == (102, 5320, False)
    assert direction.comes(5, 800) == (104, 5640, True)


def test_a_withheld_packet_leaves_no_gap_but_losses_beside_it_do(direction: Direction) -> None:
    direction.comes(1, 160)
    direction.comes(2, 320)
    for sequence in (4, 5, 7):  # 3 and 6 are lost on the way
        direction.rewrite.withhold(sequence, 7)
    assert direction.comes(8, 1280, after=960) == (104, 6120, True)
    assert direction.comes(9, 1440) == (105, 6280, False)


def test_a_late_packet_from_before_a_withheld_one_cannot_take_another_number(direction: Direction) -> None:
    direction.comes(1, 160)
    direction.rewrite.withhold(3, 7)
    assert direction.comes(2, 320) is None
    assert direction.comes(4, 640) == (102, 5480, True)


def test_a_stream_withheld_for_minutes_goes_on_with_the_next_number(direction: Direction) -> None:
    direction.comes(1, 160)
    for n in range(2, 10_000):
        direction.rewrite.withhold(n, 7)
    assert direction.comes(10_000, 1_600_000, after=1_599_840) == (101, 5000 + 1_599_840, True)


def test_withholding_what_is_late_or_of_another_source_changes_nothing(direction: Direction) -> None:
    direction.rewrite.withhold(1, 7)
    direction.comes(10, 160)
    for sequence, ssrc in ((10, 7), (9, 7), (11, 9), (10 + MAX_DROPOUT, 7)):
        direction.rewrite.withhold(sequence, ssrc)
    assert direction.comes(11, 320) == (101, 5160, False)


@pytest.mark.parametrize("sequence", [3, 2, 1, 50, 40_000], ids=["next", "same", "late", "ahead", "far"])
def test_after_a_source_is_forgotten_its_numbers_mean_nothing(direction: Direction, sequence: int) -> None:
    direction.comes(1, 160)
    direction.comes(2, 320)
    direction.rewrite.forget_source()
    assert direction.comes(sequence, 99, after=8000) == (102, 5160 + 8000, True)
    assert direction.comes(sequence + 1, 259) == (103, 5160 + 8160, False)


def test_a_source_that_comes_back_after_another_is_no_leftover_once_it_was_forgotten(
    direction: Direction,
) -> None:
    direction.comes(50_000, 160, ssrc=7)
    direction.comes(1, 160, ssrc=9)
    direction.rewrite.forget_source()
    assert direction.comes(10_000, 160, ssrc=7) == (102, 5320, True)


def test_before_the_first_packet_there_is_nothing_to_forget(direction: Direction) -> None:
    direction.rewrite.forget_source()
    assert direction.comes(40_000, 77, after=99_999) == (100, 5000, True)


def test_what_is_withheld_of_a_source_that_was_forgotten_closes_no_gap(direction: Direction) -> None:
    direction.comes(1, 160)
    direction.rewrite.forget_source()
    direction.rewrite.withhold(2, 7)
    assert direction.comes(3, 480, after=320) == (101, 5320, True)


def test_the_timestamp_of_a_moment_goes_on_without_a_source__rfc3550_6_4_1(direction: Direction) -> None:
    direction.comes(1, 160)
    direction.rewrite.forget_source()
    assert direction.rewrite.timestamp_at(direction.now + 800) == 5800


def test_the_timestamp_of_a_moment_follows_the_newest_packet__rfc3550_6_4_1(direction: Direction) -> None:
    assert direction.rewrite.timestamp_at(direction.now) == 5000
    direction.comes(1, 160)
    assert direction.rewrite.timestamp_at(direction.now + 800) == 5800
    for n in range(5):
        direction.comes(2 + n, 320)  # an event: its timestamp stands still, time does not
    assert direction.rewrite.timestamp_at(direction.now) == 5160 + 4 * 160


def test_headers_are_counted_as_the_packets_that_leave(direction: Direction) -> None:
    for n in (1, 2, 2, 30_000):
        direction.comes(n, 160 * n)
    assert (direction.rewrite.packets, direction.rewrite.refused) == (3, 1)


@given(
    runs=st.lists(
        st.tuples(
            st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF), st.integers(0, 9000), st.integers(1, 12)
        ),
        min_size=1,
        max_size=8,
    )
)
def test_however_sources_follow_one_another_one_unbroken_stream_leaves(
    runs: list[tuple[int, int, int, int]],
) -> None:
    direction = Direction()
    expected = (99, 4840, False)
    for ssrc, (sequence, timestamp, pause, length) in enumerate(runs):
        for n in range(length):
            waited = pause if n == 0 else 160
            left = direction.comes(sequence + n, timestamp + 160 * n, ssrc=ssrc, after=waited)
            later = 160 if left and left[0] == 100 else max(160, waited)
            expected = (expected[0] + 1, expected[1] + later, n == 0)
            assert left == expected
