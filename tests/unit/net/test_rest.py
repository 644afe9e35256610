"""Peers that cannot be reached are left alone, longer each time, and not for ever."""

from mediation.net.rest import FIRST_S, LONGEST_S, MOST_REMEMBERED, Rests


def test_each_failure_doubles_the_rest_up_to_a_limit_and_a_word_ends_it() -> None:
    rests: Rests[str] = Rests()
    assert not rests.lasts("sbc", 0.0)
    now, pauses = 0.0, []
    for _ in range(10):
        rests.failed("sbc", now)
        pause = next(s / 10 for s in range(1, 10_000) if not rests.lasts("sbc", now + s / 10))
        pauses.append(pause)
        now += pause
    assert pauses[:4] == [FIRST_S, 1.0, 2.0, 4.0]
    assert pauses[-1] == LONGEST_S
    assert not rests.lasts("other", now)
    rests.failed("sbc", now)
    rests.over("sbc")
    assert not rests.lasts("sbc", now)
    assert not rests


def test_peers_whose_rest_is_over_make_room_for_others() -> None:
    rests: Rests[int] = Rests()
    for peer in range(3 * MOST_REMEMBERED):
        rests.failed(peer, float(peer))
    assert len(rests) <= MOST_REMEMBERED
