"""Packets that overtake each other."""

from hypothesis import given
from hypothesis import strategies as st

from mediation.media.clock import NEVER
from mediation.media.ordering import MOST_HELD, PATIENCE, Ordering
from mediation.media.outlet import Heard


def packet(sequence: int) -> Heard:
    return Heard(0, False, sequence & 0xFFFF, 160 * sequence, 1, b"x")


class Source:
    """Keeps what comes out: sequence numbers, and how many are missing before each."""

    def __init__(self) -> None:
        self.reminders = 0
        self.ordering = Ordering(self._remind)
        self.out: list[tuple[int, int]] = []

    def _remind(self) -> None:
        self.reminders += 1

    def say(self, *sequences: int, now: int = 0) -> None:
        for sequence in sequences:
            self.out += [
                (each.sequence, missing) for each, missing in self.ordering.take(packet(sequence), now)
            ]

    def wait(self, now: int) -> None:
        self.out += [(each.sequence, missing) for each, missing in self.ordering.due(now)]


def test_what_comes_in_order_does_not_wait() -> None:
    source = Source()
    source.say(65_534, 65_535, 65_536, 65_537)
    assert source.out == [(65_534, 0), (65_535, 0), (0, 0), (1, 0)]
    assert (source.ordering.deadline, source.reminders) == (NEVER, 0)


def test_who_was_overtaken_is_put_back() -> None:
    source = Source()
    source.say(1, 4, 3, 2, 5)
    assert [sequence for sequence, _ in source.out] == [1, 2, 3, 4, 5]
    assert source.ordering.deadline == NEVER


def test_who_does_not_come_in_time_is_missing_and_dropped_when_it_comes() -> None:
    source = Source()
    source.say(1, 4, now=100)
    source.wait(100 + PATIENCE - 1)
    assert source.out == [(1, 0)]
    source.wait(100 + PATIENCE)
    source.say(2, 3, 4, 5)
    assert source.out == [(1, 0), (4, 2), (5, 0)]
    assert source.ordering.late == 3


def test_two_holes_are_both_given_up() -> None:
    source = Source()
    source.say(1, 3, 6)
    source.wait(PATIENCE)
    assert source.out == [(1, 0), (3, 1), (6, 2)]


def test_too_many_are_not_held() -> None:
    source = Source()
    source.say(1, *range(3, 4 + MOST_HELD))
    assert source.out[:2] == [(1, 0), (3, 1)]
    assert len(source.out) == 2 + MOST_HELD


def test_a_stray_goes_nowhere_and_a_source_that_begins_anew_is_followed__rfc3550_a_1() -> None:
    source = Source()
    source.say(1, 2, 30_000, 3)
    assert [sequence for sequence, _ in source.out] == [1, 2, 3]
    source.say(40_000, 40_001, 40_002)
    assert [sequence for sequence, _ in source.out] == [1, 2, 3, 40_001, 40_002]


@given(st.lists(st.integers(0, 60), max_size=60))
def test_nothing_comes_out_twice_or_backwards(sequences: list[int]) -> None:
    source = Source()
    for index, sequence in enumerate(sequences):
        source.say(sequence, now=40 * index)
        source.wait(40 * index + 20)
    source.wait(1_000_000)
    numbers = [sequence for sequence, _ in source.out]
    assert numbers == sorted(set(numbers))
    assert all(
        after - before == missing + 1
        for before, (after, missing) in zip(numbers, source.out[1:], strict=False)
    )
