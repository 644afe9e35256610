"""What was received, counted as RFC 3550 counts it."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.rtp.reception import Reception, ReportBlock


def received(*sequences: int, reception: Reception | None = None) -> Reception:
    """A party whose packets of 20 ms arrive without jitter, in this order."""
    reception = reception or Reception(7)
    for sequence in sequences:
        reception.packet_arrived(sequence & 0xFFFF, sequence * 160 & 0xFFFFFFFF, sequence * 160)
    return reception


def report_of(reception: Reception) -> ReportBlock:
    report = reception.report()
    assert report is not None
    return report


def test_two_packets_in_sequence_make_a_source_valid_and_both_count__rfc3550_a_1() -> None:
    reception = received(10)
    assert (reception.valid, reception.packets, reception.report()) == (False, 0, None)
    received(11, reception=reception)
    assert (reception.valid, reception.packets, reception.lost) == (True, 2, 0)


def test_a_stray_before_the_stream_is_not_part_of_it__rfc3550_a_1() -> None:
    reception = received(5, 900, 901, 902)
    assert (reception.packets, reception.lost, reception.expected) == (3, 0, 3)


def test_the_answer_tells_whether_the_packet_is_valid() -> None:
    reception = Reception(7)
    assert [reception.packet_arrived(n, n, n) for n in (1, 2, 3, 30_000, 4)] == [
        False,
        True,
        True,
        False,
        True,
    ]


def test_gaps_are_losses__rfc3550_a_3() -> None:
    reception = received(1, 2, 5, 6, 10)
    assert (reception.expected, reception.packets, reception.lost) == (10, 5, 5)


def test_a_late_packet_is_reordered_and_no_loss() -> None:
    reception = received(1, 2, 4, 3, 5)
    assert (reception.lost, reception.reordered, reception.duplicates) == (0, 1, 0)


def test_duplicates_count_as_received_and_make_the_loss_negative__rfc3550_a_3() -> None:
    reception = received(1, 2, 3, 3, 2, 4)
    assert (reception.packets, reception.duplicates, reception.reordered) == (6, 2, 0)
    assert reception.lost == -2
    assert report_of(reception).cumulative_lost == -2


def test_a_packet_that_comes_late_and_twice_is_one_of_each() -> None:
    reception = received(1, 2, 5, 3, 3)
    assert (reception.reordered, reception.duplicates) == (1, 1)


def test_a_packet_from_before_the_first_is_not_counted() -> None:
    reception = received(11, 12, 10, 13)
    assert (reception.packets, reception.lost, reception.strays) == (3, 0, 1)


def test_late_packets_are_known_even_after_many_losses() -> None:
    reception = received(1, *range(2, 3000, 5))
    received(2992 - 50 + 1, 2992 - 50 + 1, reception=reception)
    assert (reception.reordered, reception.duplicates) == (1, 1)


def test_the_sequence_wraps_and_is_extended__rfc3550_a_1() -> None:
    reception = received(*range(0xFFFE, 0x10003))
    assert (reception.lost, reception.expected) == (0, 5)
    assert report_of(reception).extended_highest_sequence == 0x10002


def test_reordering_over_the_wrap_is_reordering() -> None:
    reception = received(0xFFFD, 0xFFFE, 0x10000, 0xFFFF, 0x10001)
    assert (reception.lost, reception.reordered) == (0, 1)


def test_a_lone_jump_is_a_stray__rfc3550_a_1() -> None:
    reception = received(1, 2, 40_000, 3)
    assert (reception.packets, reception.lost, reception.strays) == (3, 0, 1)


def test_a_jump_that_goes_on_is_a_new_beginning_and_keeps_the_totals__rfc3550_a_1() -> None:
    reception = received(1, 2, 4, 40_000, 40_001, 40_003)
    assert (reception.packets, reception.lost, reception.strays) == (6, 2, 0)
    assert report_of(reception) == ReportBlock(7, 64, 1, 40_003, 0)


def test_another_source_begins_anew_and_keeps_the_totals() -> None:
    reception = received(1, 2, 4)
    reception.source_changed(9)
    assert (reception.valid, reception.jitter, reception.report()) == (False, None, None)
    received(70, 71, 73, reception=reception)
    assert (reception.packets, reception.lost) == (6, 2)
    assert report_of(reception) == ReportBlock(9, 64, 1, 73, 0)


def test_a_source_that_never_became_valid_leaves_nothing_behind() -> None:
    reception = received(1, 2, 4)
    for ssrc in (8, 9):
        reception.source_changed(ssrc)
        received(70, reception=reception)
    assert (reception.packets, reception.lost) == (3, 1)


def test_the_fraction_is_of_the_interval_since_the_last_report__rfc3550_6_4_1() -> None:
    reception = received(1, 2, 3, 8)
    assert report_of(reception) == ReportBlock(7, 128, 4, 8, 0)
    received(9, 10, 11, 12, reception=reception)
    assert report_of(reception) == ReportBlock(7, 0, 4, 12, 0)
    received(16, reception=reception)
    assert report_of(reception) == ReportBlock(7, 192, 7, 16, 0)
    assert report_of(reception) == ReportBlock(7, 0, 7, 16, 0), "nothing was expected"


def test_late_packets_of_the_last_interval_do_not_make_a_fraction_negative__rfc3550_a_3() -> None:
    reception = received(1, 2, 5)
    report_of(reception)
    received(3, 4, 6, reception=reception)
    assert report_of(reception) == ReportBlock(7, 0, 0, 6, 0)


def test_cumulative_loss_stays_within_its_24_bits__rfc3550_6_4_1() -> None:
    reception = received(1, 2)
    for _ in range(0x800000 // 2999 + 2):
        reception.packet_arrived((reception.expected + 2999) & 0xFFFF, 0, 0)
    assert reception.lost > 0x7FFFFF
    assert report_of(reception).cumulative_lost == 0x7FFFFF


def test_jitter_is_that_of_appendix_a_8__rfc3550() -> None:
    rng = random.Random(8)
    reception, exact, before = Reception(7), 0.0, 0
    for n in range(500):
        delay = rng.randrange(400)
        reception.packet_arrived(n, (0xFFFFF000 + 160 * n) & 0xFFFFFFFF, 77_000 + 160 * n + delay)
        if n:
            exact += (abs(delay - before) - exact) / 16
        before = delay
    assert reception.jitter == pytest.approx(exact, abs=1)
    assert report_of(reception).jitter == pytest.approx(exact, abs=1)


def test_jitter_does_not_see_the_packets_of_one_telephone_event() -> None:
    reception = received(1, 2)
    for n in range(3, 53):
        reception.packet_arrived(n, 480, n * 160)
    received(53, 54, reception=reception)
    assert reception.jitter == 0


def test_a_source_that_sets_its_clock_anew_has_no_jitter_by_that() -> None:
    reception = received(1, 2)
    for n in range(3, 10):
        reception.packet_arrived(n, 3_000_000_000 + n * 160, n * 160)
    assert reception.jitter == 0


@given(
    first=st.integers(0, 0xFFFF),
    lost=st.sets(st.integers(2, 398)),
    doubled=st.sets(st.integers(2, 398)),
    swapped=st.sets(st.integers(1, 198)),
)
def test_whatever_happens_on_the_way_is_told_apart(
    first: int, lost: set[int], doubled: set[int], swapped: set[int]
) -> None:
    order = [n for n in range(400) if n not in lost]
    late = 0
    for place in swapped:
        if 2 * place + 1 < len(order):
            order[2 * place], order[2 * place + 1] = order[2 * place + 1], order[2 * place]
            late += 1
    came = [n for n in order for _ in range(2 if n in doubled else 1)]
    reception = received(*(first + n for n in came))
    doubles = len(came) - len(order)
    assert (reception.reordered, reception.duplicates) == (late, doubles)
    highest_lost = max(order) - len(order) + 1
    assert reception.lost == highest_lost - doubles
    assert reception.packets == len(came)
