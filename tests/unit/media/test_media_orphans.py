"""When the audio of a call is over that nobody commands."""

import pytest

from mediation.media.orphans import LEFT, QUIET, Sign, why_over

SINCE, LIMIT = 1_000_000, 100 * QUIET


def why(now: int, caller: Sign, callee: Sign) -> str:
    return why_over((caller, callee), SINCE, LIMIT, now)


def talks(now: int) -> Sign:
    return Sign(now - 1, has_left=False)


def test_while_one_party_is_heard_a_call_goes_on_until_its_limit() -> None:
    never = Sign(-1, has_left=False)
    for now in (SINCE, SINCE + QUIET, SINCE + LIMIT - 1):
        assert why(now, talks(now), never) == why(now, never, talks(now)) == ""
    assert "as long as it may" in why(SINCE + LIMIT, talks(SINCE + LIMIT), talks(SINCE + LIMIT))


@pytest.mark.parametrize("heard", [-1, SINCE - QUIET, SINCE])
def test_two_silent_parties_have_hung_up_counted_from_when_it_became_an_orphan(heard: int) -> None:
    silent = Sign(heard, has_left=False)
    assert why(SINCE + QUIET - 1, silent, silent) == ""
    assert "fallen silent" in why(SINCE + QUIET, silent, silent)


def test_a_party_that_has_said_bye_and_nothing_since_has_hung_up__rfc3550_6_6() -> None:
    left = Sign(SINCE, has_left=True)
    assert why(SINCE + LEFT - 1, left, talks(SINCE)) == ""
    assert "has left" in why(SINCE + LEFT, left, talks(SINCE + LEFT))
    assert "has left" in why(SINCE + LEFT, talks(SINCE + LEFT), left)


def test_a_party_that_talks_on_after_bye_has_only_left_a_stream__rfc3550_6_6() -> None:
    now = SINCE + LEFT
    assert why(now, Sign(now - 1, has_left=True), talks(now)) == ""
