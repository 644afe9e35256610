"""A registration as a table: what must be true of every row."""

from mediation.sip.registration_table import ROWS, Act, Cue, State

ASKS = {Act.TRY_FIRST, Act.TRY_NEXT, Act.TRY_AGAIN, Act.REMOVE}
UNDER_WAY = {State.REGISTERING, State.REFRESHING, State.LEAVING, State.UNREGISTERING}
HELD = {State.REGISTERED, State.REFRESHING, State.HOLDING}


def test_one_request_is_under_way_at_a_time__rfc3261_10_2() -> None:
    answers = {Cue.GRANTED, Cue.CLEARED, Cue.AGAIN, Cue.NEXT, Cue.FAILED, Cue.DENIED}
    for (before, cue), (after, acts) in ROWS.items():
        asks = len(ASKS.intersection(acts))
        assert asks <= 1
        if asks:
            assert before not in UNDER_WAY or cue in answers, (before, cue)
            assert after in UNDER_WAY
        elif after in UNDER_WAY:  # it goes on waiting for the same answer
            assert before in UNDER_WAY
            assert cue not in answers


def test_whoever_waits_has_a_timer_that_ends_it() -> None:
    for (before, cue), (after, acts) in ROWS.items():
        if after in (State.WAITING, State.HOLDING, State.REFUSED) and cue is not Cue.EXPIRED:
            assert {Act.REST, Act.REST_LONG} & set(acts), (before, cue)
        if after is State.REGISTERED:
            assert {Act.TAKE, Act.RENEW_SOON} & set(acts), (before, cue)


def test_what_is_held_is_let_go_wherever_it_ends() -> None:
    for (before, cue), (after, acts) in ROWS.items():
        if before in HELD and after not in HELD | {State.LEAVING, State.UNREGISTERING}:
            assert Act.LOSE in acts, (before, cue)
        if after is State.OVER:
            assert acts[-1] is Act.END, (before, cue)


def test_a_stop_leads_to_the_end_from_everywhere() -> None:
    reached = {State.OVER}
    for _ in State:
        for (before, cue), (after, _) in ROWS.items():
            if after in reached and (cue is Cue.STOP or before in (State.LEAVING, State.UNREGISTERING)):
                reached.add(before)
    assert reached == set(State)
