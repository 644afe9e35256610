"""The life of a call as a table: what must be true of every row."""

from mediation.b2bua.call_table import ABSORBED, CALL, Act, Cue, Phase

ROWS = [(before, cue, after, acts) for (before, cue), (after, acts) in CALL.items()]
ENDINGS = [row for row in ROWS if row[2] is Phase.CLEARING]
FROM_THE_CALLER = {Cue.CALLER_ENDED}
FROM_THE_CALLEE = {Cue.CALLEE_ENDED}


def test_once_clearing_nothing_more_happens() -> None:
    assert {cue for phase, cue in ABSORBED if phase is Phase.CLEARING} == set(Cue)


def test_every_phase_is_reached_and_all_lead_to_the_end() -> None:
    reached, ends = {Phase.JUDGING}, {Phase.CLEARING}
    for _ in Phase:
        reached |= {after for before, _, after, _ in ROWS if before in reached}
        ends |= {before for before, _, after, _ in ROWS if after in ends}
    assert reached == ends == set(Phase)


def test_an_ending_drops_every_leg_that_has_not_ended_by_itself() -> None:
    for before, cue, _, acts in ENDINGS:
        assert (Act.DROP_CALLER in acts) == (cue not in FROM_THE_CALLER), (before, cue)
        talks = before is Phase.TALKING
        assert (Act.DROP_CALLEE in acts) == (talks and cue not in FROM_THE_CALLEE), (before, cue)
        assert (Act.STOP_SEEKING in acts) == (before is Phase.SEEKING), (before, cue)


def test_an_ending_stops_whoever_was_about_to_take_a_seat() -> None:
    for before, cue, _, acts in ENDINGS:
        assert (Act.STOP_SUCCESSION in acts) == (before in (Phase.SEEKING, Phase.TALKING)), (before, cue)


def test_an_ending_stops_the_timer_and_closes_media_that_may_be_open() -> None:
    for before, cue, _, acts in ENDINGS:
        assert (Act.STOP_TIMERS in acts) == (before is not Phase.TALKING), (before, cue)
        not_open = before is Phase.JUDGING or cue is Cue.MEDIA_REFUSED
        assert (Act.CLOSE_MEDIA in acts) != not_open, (before, cue)


def test_an_ending_drops_the_question_to_a_policy_unless_the_answer_has_brought_it() -> None:
    for before, cue, _, acts in ENDINGS:
        waits = before is Phase.JUDGING and cue is not Cue.BARRED
        assert (Act.STOP_ASKING in acts) == waits, (before, cue)


def test_every_way_to_talk_stops_the_timer_of_the_set_up() -> None:
    for before, cue, after, acts in ROWS:
        if before is not Phase.TALKING and after is Phase.TALKING:
            assert acts[0] is Act.STOP_TIMERS, (before, cue)
            assert Act.CONNECT in acts
