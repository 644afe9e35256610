"""The life of a call as a table: every cell decided, and what must be true of every row."""

from itertools import product

from mediation.b2bua.call_table import ABSORBED, CALL, IMPOSSIBLE, Act, Cue, Phase, undecided

ROWS = [(before, cue, after, acts) for (before, cue), (after, acts) in CALL.items()]
ENDINGS = [row for row in ROWS if row[2] is Phase.CLEARING]
FROM_THE_CALLER = {Cue.CALLER_ENDED}
FROM_THE_CALLEE = {Cue.REFUSED, Cue.CALLEE_ENDED}


def test_every_phase_has_one_answer_for_every_cue() -> None:
    assert undecided() == set()
    assert set(CALL) | set(ABSORBED) | set(IMPOSSIBLE) == set(product(Phase, Cue))


def test_silence_has_a_reason() -> None:
    assert all(reason.strip() for reason in (*ABSORBED.values(), *IMPOSSIBLE.values()))


def test_once_clearing_nothing_more_happens() -> None:
    assert {cue for phase, cue in ABSORBED if phase is Phase.CLEARING} == set(Cue)


def test_every_phase_is_reached_and_all_lead_to_the_end() -> None:
    reached, ends = {Phase.OPENING}, {Phase.CLEARING}
    for _ in Phase:
        reached |= {after for before, _, after, _ in ROWS if before in reached}
        ends |= {before for before, _, after, _ in ROWS if after in ends}
    assert reached == ends == set(Phase)


def test_an_ending_drops_every_leg_that_has_not_ended_by_itself() -> None:
    for before, cue, _, acts in ENDINGS:
        assert (Act.DROP_CALLER in acts) == (cue not in FROM_THE_CALLER), (before, cue)
        called = before is not Phase.OPENING
        assert (Act.DROP_CALLEE in acts) == (called and cue not in FROM_THE_CALLEE), (before, cue)


def test_an_ending_stops_all_timers_and_closes_media_that_may_be_open() -> None:
    for before, cue, _, acts in ENDINGS:
        if cue is Cue.BARRED:
            continue  # nothing was started yet
        assert Act.STOP_TIMERS in acts, (before, cue)
        assert (Act.CLOSE_MEDIA in acts) or cue is Cue.MEDIA_REFUSED, (before, cue)


def test_only_a_call_that_never_rang_goes_to_the_next_target() -> None:
    assert {before for before, _, _, acts in ROWS if Act.TRY_NEXT in acts} == {Phase.OPENING, Phase.TRYING}


def test_the_answer_and_the_first_progress_stop_what_waited_for_them() -> None:
    assert CALL[Phase.TRYING, Cue.PROGRESS][1][0] is Act.STOP_NO_PROGRESS
    for phase in (Phase.TRYING, Phase.ALERTING):
        assert CALL[phase, Cue.ANSWERED][1][0] is Act.STOP_TIMERS


def test_every_act_has_its_place_in_the_table() -> None:
    assert {act for row in ROWS for act in row[3]} == set(Act)
