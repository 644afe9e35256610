"""How packets get lost, counted exactly whatever else the network does with them."""

import random

from hypothesis import given
from hypothesis import strategies as st

from mediation.rtp.loss import NOTHING_LOST, Losses, LossRuns
from mediation.rtp.reception import Reception


def losses_of(*lost: int) -> Losses:
    runs = LossRuns()
    for number in lost:
        runs.add(number)
    return runs.losses([])


def received(*sequences: int, reception: Reception | None = None) -> Reception:
    reception = reception or Reception(7)
    for sequence in sequences:
        reception.packet_arrived(sequence & 0xFFFF, sequence * 160 & 0xFFFFFFFF, sequence * 160)
    return reception


def test_single_losses_far_from_each_other_are_gap__rfc3611_4_7_2() -> None:
    assert losses_of(10, 40, 80) == Losses(lost=3, runs=3)


def test_losses_with_fewer_than_16_packets_between_are_a_burst__rfc3611_4_7_2() -> None:
    assert losses_of(10, 26) == Losses(lost=2, runs=2, bursts=1, burst_packets=17, burst_lost=2)
    assert losses_of(10, 27) == Losses(lost=2, runs=2)


def test_a_burst_ends_with_its_last_loss() -> None:
    assert losses_of(10, 12, 13, 50, 51) == Losses(lost=5, runs=3, bursts=2, burst_packets=6, burst_lost=5)
    assert losses_of(10, 12, 13).burst_density() == 3 / 4
    assert losses_of(10, 12, 13, 100).gap_density(104) == 1 / 100


def test_a_long_run_is_counted_at_once() -> None:
    runs = LossRuns()
    runs.add(5, 1000)
    assert runs.losses([]) == Losses(lost=1000, runs=1, bursts=1, burst_packets=1000, burst_lost=1000)


def test_looking_changes_nothing() -> None:
    runs = LossRuns()
    runs.add(5)
    assert runs.losses([7]).bursts == runs.losses([7]).bursts == 1
    assert runs.losses([]) == Losses(lost=1, runs=1)


def test_the_burst_ratio_is_1_by_chance_and_more_in_runs__g107_7_5() -> None:
    chance = random.Random(7)
    lost = [number for number in range(100_000) if chance.random() < 0.05]
    assert 0.98 < losses_of(*lost).burst_ratio(100_000) < 1.02
    pairs = losses_of(*(number + more for number in range(0, 1000, 100) for more in (0, 1)))
    assert pairs.burst_ratio(1000) == 2 * (1 - 0.02)


def test_of_nothing_there_is_no_share() -> None:
    assert (NOTHING_LOST.burst_ratio(0), NOTHING_LOST.burst_density(), NOTHING_LOST.gap_density(0)) == (
        1,
        0,
        0,
    )


def test_a_late_packet_is_taken_out_of_the_losses() -> None:
    reception = received(1, 2, 5)
    assert reception.losses == Losses(lost=2, runs=1, bursts=1, burst_packets=2, burst_lost=2)
    received(3, reception=reception)
    assert reception.losses == Losses(lost=1, runs=1)


def test_no_duplicate_makes_up_for_a_loss() -> None:
    reception = received(1, 2, 4, 4, 4)
    assert (reception.lost, reception.losses.lost, reception.expected_of_all) == (-1, 1, 4)


def test_losses_of_all_sources_add_up_and_no_burst_reaches_over() -> None:
    reception = received(1, 2, 4)
    reception.source_changed(9)
    received(10, 11, 13, reception=reception)
    assert reception.losses == Losses(lost=2, runs=2)


def test_a_source_that_begins_anew_keeps_what_was_lost_before__rfc3550_a_1() -> None:
    reception = received(1, 2, 4, 30_000, 30_001, 30_003)
    assert (reception.losses.lost, reception.expected_of_all) == (2, 4 + 4)


@given(st.data(), st.integers(0, 0xFFFF), st.integers(20, 400))
def test_loss_reordering_and_duplication_are_counted_exactly(
    data: st.DataObject, first: int, count: int
) -> None:
    """A network that loses, doubles and delays by up to 50 packets; the first two come as they were sent."""
    chance = data.draw(st.randoms(use_true_random=False))
    loss, double, late = (data.draw(st.floats(0, 0.6)) for _ in range(3))
    sent = list(range(2, count))
    lost = {n for n in sent if chance.random() < loss}
    arrivals: list[tuple[float, int]] = []
    for n in sent:
        if n in lost:
            continue
        at = n + (chance.uniform(0, 50) if chance.random() < late else 0.0)
        arrivals.append((at, n))
        if chance.random() < double:
            arrivals.append((at + chance.uniform(0, 20), n))
    order = [n for _, n in sorted(arrivals)]
    reception = received(first, first + 1, *(first + n for n in order))

    highest, seen, reordered, duplicates = 1, {0, 1}, 0, 0
    for n in order:
        duplicates += n in seen
        reordered += n not in seen and n < highest
        seen.add(n)
        highest = max(highest, n)
    never = [n for n in range(highest + 1) if n not in seen]
    assert (reception.packets, reception.duplicates, reception.reordered) == (
        2 + len(order),
        duplicates,
        reordered,
    )
    assert reception.losses == losses_of(*never)
    assert reception.lost == len(never) - duplicates
    assert reception.expected_of_all == highest + 1
