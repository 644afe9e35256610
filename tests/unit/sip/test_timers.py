"""T1, T2, T4 and the rows that run (RFC 3261 section 17 and table 4)."""

from hypothesis import given
from hypothesis import strategies as st

from mediation.sip import timers
from mediation.sip.timers import Deadlines, TimerValues


def test_the_base_values_are_those_of_the_rfc__rfc3261_17_1_1_1() -> None:
    values = TimerValues()
    assert (values.t1_s, values.t2_s, values.t4_s) == (0.5, 4.0, 5.0)
    assert values.transaction_s == 32.0


def test_timer_d_is_32_s_at_least__rfc3261_17_1_1_2() -> None:
    assert TimerValues(t1_s=0.1).wait_d_s == 32.0
    assert TimerValues(t1_s=1.0).wait_d_s == 64.0


def test_nothing_runs_at_first() -> None:
    deadlines: Deadlines[str] = Deadlines()
    assert deadlines.next_deadline() is None
    assert deadlines.pop_due(1e9) is None
    assert len(deadlines) == 0


def test_the_earliest_comes_first_and_only_when_it_is_due() -> None:
    deadlines: Deadlines[str] = Deadlines()
    deadlines.start("late", 5.0)
    deadlines.start("early", 2.0)
    assert deadlines.next_deadline() == 2.0
    assert deadlines.pop_due(1.9) is None
    assert deadlines.pop_due(2.0) == "early"
    assert deadlines.pop_due(2.0) is None
    assert deadlines.pop_due(9.0) == "late"
    assert deadlines.next_deadline() is None


def test_those_of_the_same_moment_come_in_the_order_they_were_started() -> None:
    deadlines: Deadlines[str] = Deadlines()
    for key in "cab":
        deadlines.start(key, 1.0)
    assert [deadlines.pop_due(1.0) for _ in range(3)] == ["c", "a", "b"]


def test_starting_again_moves_a_timer() -> None:
    deadlines: Deadlines[str] = Deadlines()
    deadlines.start("one", 1.0)
    deadlines.start("one", 3.0)
    assert len(deadlines) == 1
    assert deadlines.pop_due(2.0) is None
    assert deadlines.pop_due(3.0) == "one"


def test_a_stopped_timer_does_not_come_and_one_that_does_not_run_may_be_stopped() -> None:
    deadlines: Deadlines[str] = Deadlines()
    deadlines.start("one", 1.0)
    deadlines.stop("one")
    deadlines.stop("two")
    assert "one" not in deadlines
    assert deadlines.next_deadline() is None


def test_keys_need_no_order() -> None:
    deadlines: Deadlines[object] = Deadlines()
    first, second = object(), object()
    deadlines.start(first, 1.0)
    deadlines.start(second, 1.0)
    assert deadlines.pop_due(1.0) is first


def test_stopped_rows_are_swept_out_so_that_memory_follows_what_runs() -> None:
    deadlines: Deadlines[int] = Deadlines()
    deadlines.start(-1, 1e6)
    for key in range(20 * timers._COMPACT_ABOVE):
        deadlines.start(key, 10.0)
        deadlines.stop(key)
    assert len(deadlines._heap) <= timers._COMPACT_ABOVE + 1
    assert deadlines.next_deadline() == 1e6


def test_many_that_run_are_never_swept() -> None:
    deadlines: Deadlines[int] = Deadlines()
    count = 3 * timers._COMPACT_ABOVE
    for key in range(count):
        deadlines.start(key, float(key))
    assert [deadlines.pop_due(1e9) for _ in range(count)] == list(range(count))


KEYS, TIMES = st.integers(0, 5), st.integers(0, 20)


@given(st.lists(st.one_of(st.tuples(st.just("start"), KEYS, TIMES), st.tuples(st.just("stop"), KEYS, TIMES))))
def test_it_agrees_with_a_plain_dictionary(steps: list[tuple[str, int, int]]) -> None:
    deadlines: Deadlines[int] = Deadlines()
    model: dict[int, int] = {}
    for verb, key, at in steps:
        if verb == "start":
            deadlines.start(key, at)
            model[key] = at
        else:
            deadlines.stop(key)
            model.pop(key, None)
        assert deadlines.next_deadline() == min(model.values(), default=None)
    assert len(deadlines) == len(model)
    due = []
    while (key_due := deadlines.pop_due(10)) is not None:
        due.append(key_due)
    assert sorted(due) == sorted(key for key, at in model.items() if at <= 10)
    assert [model[key] for key in due] == sorted(model[key] for key in due)
