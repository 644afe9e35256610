"""mediation.sip.session_timer: RFC 4028, one leg at a time."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.sip.errors import RemoteSipError
from mediation.sip.headers import Headers
from mediation.sip.message import Request, Response
from mediation.sip.session_interval import LOWEST_INTERVAL_S, Refresher
from mediation.sip.session_timer import (
    HIGHEST_MIN_SE_S,
    MOST_422,
    REFRESHER,
    Preference,
    RunningTimer,
    SessionTimer,
    TimerMode,
    TimerPolicy,
    TimerRefusal,
)

UAC, UAS = Refresher.UAC, Refresher.UAS
Lines = tuple[tuple[str, str], ...]
SUPPORTS: Lines = (("Supported", "timer"),)


def invite(*headers: tuple[str, str]) -> Request:
    return Request("INVITE", "sip:a", Headers(headers))


def response(status: int, *headers: tuple[str, str]) -> Response:
    return Response(status, "", Headers(headers))


def timer(mode: TimerMode = TimerMode.ANSWER, **policy: object) -> SessionTimer:
    return SessionTimer(TimerPolicy(mode, **policy))  # type: ignore[arg-type]


def asks(seconds: int, refresher: str = "", *, supports: bool = True) -> Request:
    """An INVITE that wants a timer."""
    value = f"{seconds};refresher={refresher}" if refresher else str(seconds)
    return invite(("Session-Expires", value), *(SUPPORTS if supports else ()))


def refused(ours: SessionTimer, request: Request) -> tuple[int, dict[str, str]]:
    with pytest.raises(TimerRefusal) as caught:
        ours.judge(request)
    return caught.value.status, dict(caught.value.headers)


def exchange(ours: SessionTimer, *answer: tuple[str, str]) -> RunningTimer | None:
    """A request of ours and its 2xx."""
    return ours.read_2xx(invite(*ours.request_headers()), response(200, *answer))


# the UAS: section 9


@pytest.mark.parametrize(("supports", "named"), list(product((True, False), (None, UAC, UAS))))
@pytest.mark.parametrize("preference", Preference)
def test_who_refreshes_is_as_in_table_2__rfc4028_9(
    supports: bool, named: Refresher | None, preference: Preference
) -> None:
    expected = {
        (False, None): {UAS}, (False, UAC): {UAS}, (False, UAS): {UAS},
        (True, None): {UAC, UAS}, (True, UAC): {UAC}, (True, UAS): {UAS},
    }[supports, named]  # fmt: skip
    assert set(REFRESHER[supports, named]) == expected
    answer = timer(refresher=preference).judge(asks(600, named or "", supports=supports))
    assert answer.running is not None
    refresher = UAS if answer.running.we_refresh else UAC
    assert refresher in expected
    assert dict(answer.headers)["Session-Expires"] == f"600;refresher={refresher}"
    if len(expected) == 2:
        assert refresher is (UAS if preference is Preference.US else UAC)


def test_table_2_has_every_row__rfc4028_9() -> None:
    assert REFRESHER.keys() == set(product((True, False), (None, *Refresher)))


@pytest.mark.parametrize(("supports", "refresher"), [(True, "uac"), (True, "uas"), (False, "")])
def test_require_stands_in_the_2xx_for_a_uac_that_must_act_on_it__rfc4028_9(
    supports: bool, refresher: str
) -> None:
    answer = timer().judge(asks(600, refresher, supports=supports))
    assert (("Require", "timer") in answer.headers) is supports


@pytest.mark.parametrize("seconds", [0, 1, 89])
def test_an_interval_too_small_is_422_with_our_minimum__rfc4028_9(seconds: int) -> None:
    assert refused(timer(), asks(seconds)) == (422, {"Min-SE": "90"})
    assert refused(timer(min_se_s=300), asks(299)) == (422, {"Min-SE": "300"})
    assert timer(min_se_s=300).judge(asks(300)).running == RunningTimer(300, we_refresh=False)


def test_no_policy_goes_below_90_seconds__rfc4028_5() -> None:
    assert refused(timer(min_se_s=10), asks(60)) == (422, {"Min-SE": "90"})


def test_a_uac_without_timers_is_not_refused_for_what_a_proxy_asks__rfc4028_9() -> None:
    answer = timer().judge(asks(30, supports=False))
    assert (answer.headers, answer.running) == ((), None)
    answer = timer().judge(asks(90, supports=False))
    assert answer.headers == (("Session-Expires", "90;refresher=uas"),)
    assert answer.running == RunningTimer(90, we_refresh=True)


def test_a_uac_that_does_not_ask_gets_a_timer_only_from_who_offers__rfc4028_9() -> None:
    assert timer().judge(invite(*SUPPORTS)).headers == ()
    answer = timer(TimerMode.OFFER, expires_s=900).judge(invite(*SUPPORTS))
    assert dict(answer.headers) == {"Session-Expires": "900;refresher=uac", "Require": "timer"}
    alone = timer(TimerMode.OFFER, expires_s=900).judge(invite())
    assert alone.headers == (("Session-Expires", "900;refresher=uas"),)
    assert alone.running == RunningTimer(900, we_refresh=True)


def test_the_2xx_may_shorten_but_not_below_min_se_and_never_lengthens__rfc4028_9() -> None:
    def given(asked: int, min_se: int) -> int:
        request = invite(("Session-Expires", str(asked)), ("Min-SE", str(min_se)), *SUPPORTS)
        running = timer(TimerMode.OFFER, expires_s=900).judge(request).running
        assert running is not None
        return running.interval_s

    assert given(3600, 90) == 900
    assert given(3600, 1200) == 1200
    assert given(600, 90) == 600


def test_a_timer_that_is_off_answers_without_one__rfc4028_9() -> None:
    off = timer(TimerMode.OFF)
    assert not off.listed
    assert off.request_headers() == ()
    for request in (asks(1800), asks(1800, "uas"), asks(10), asks(1800, supports=False), invite()):
        answer = off.judge(request)
        assert (answer.headers, answer.running) == ((), None)


def test_a_timer_that_is_off_yields_to_a_peer_that_demands_it__rfc4028_7_1() -> None:
    off = timer(TimerMode.OFF)
    answer = off.judge(invite(("Session-Expires", "600"), ("Require", "timer")))
    assert dict(answer.headers) == {"Session-Expires": "600;refresher=uac", "Require": "timer"}
    assert refused(off, invite(("Session-Expires", "60"), ("Require", "timer"))) == (422, {"Min-SE": "90"})


def test_a_peer_without_what_we_require_is_421__rfc3261_21_4_16() -> None:
    assert refused(timer(TimerMode.REQUIRE), invite()) == (421, {"Require": "timer"})
    assert refused(timer(TimerMode.REQUIRE), asks(600, supports=False)) == (421, {"Require": "timer"})
    assert timer(TimerMode.REQUIRE).judge(invite(("Require", "timer"))).running is not None


def test_a_request_that_cannot_be_read_earns_400() -> None:
    for header in (("Session-Expires", "x"), ("Min-SE", "x"), ("x", "90;refresher=me")):
        with pytest.raises(RemoteSipError) as caught:
            timer().judge(invite(header))
        assert caught.value.status == 400


def test_nothing_holds_before_the_2xx_has_gone__rfc4028_9() -> None:
    ours = timer()
    answer = ours.judge(asks(600))
    assert ours.running is None
    ours.adopt(answer)
    assert ours.running == RunningTimer(600, we_refresh=False)


def test_a_refresh_without_an_interval_ends_the_timer__rfc4028_9() -> None:
    ours = timer()
    ours.adopt(ours.judge(asks(600)))
    ours.adopt(ours.judge(invite(*SUPPORTS)))
    assert ours.running is None


# the UAC: section 7


def test_a_request_carries_what_the_policy_wants__rfc4028_7_1() -> None:
    assert timer().request_headers() == ()
    assert timer(TimerMode.OFFER).request_headers() == (("Session-Expires", "1800"),)
    assert timer(TimerMode.OFFER, refresher=Preference.US).request_headers() == (
        ("Session-Expires", "1800;refresher=uac"),
    )
    assert timer(TimerMode.OFFER, refresher=Preference.THEM).request_headers() == (
        ("Session-Expires", "1800;refresher=uas"),
    )
    assert dict(timer(TimerMode.REQUIRE, expires_s=600, min_se_s=120).request_headers()) == {
        "Session-Expires": "600",
        "Min-SE": "120",
        "Require": "timer",
    }


def test_an_interval_of_ours_is_never_below_our_minimum__rfc4028_7_1() -> None:
    assert dict(timer(TimerMode.OFFER, expires_s=100, min_se_s=200).request_headers()) == {
        "Session-Expires": "200",
        "Min-SE": "200",
    }


def test_timer_is_listed_unless_off__rfc4028_7_1() -> None:
    assert {mode: timer(mode).listed for mode in TimerMode} == {
        TimerMode.OFF: False,
        TimerMode.ANSWER: True,
        TimerMode.OFFER: True,
        TimerMode.REQUIRE: True,
    }


@pytest.mark.parametrize("mode", TimerMode)
def test_the_2xx_says_who_refreshes__rfc4028_7_2(mode: TimerMode) -> None:
    assert exchange(timer(mode), ("Session-Expires", "700;refresher=uac")) == RunningTimer(
        700, we_refresh=True
    )
    running = exchange(timer(mode), ("Session-Expires", "700;refresher=uas"))
    assert running == (None if mode is TimerMode.OFF else RunningTimer(700, we_refresh=False))


def test_a_2xx_that_does_not_say_who_refreshes_leaves_it_to_us__rfc4028_7_2() -> None:
    assert exchange(timer(), ("Session-Expires", "700")) == RunningTimer(700, we_refresh=True)


def test_a_2xx_without_an_interval_leaves_the_timer_to_who_wants_it__rfc4028_7_2() -> None:
    assert exchange(timer(TimerMode.OFFER, expires_s=500)) == RunningTimer(500, we_refresh=True)
    assert exchange(timer(TimerMode.ANSWER)) is None
    assert exchange(timer(TimerMode.OFF)) is None


def test_a_2xx_without_an_interval_ends_a_timer_that_only_the_peer_wanted__rfc4028_7_2() -> None:
    ours = timer()
    ours.adopt(ours.judge(asks(600)))
    assert exchange(ours) is None
    assert ours.request_headers() == ()


def test_a_2xx_with_nonsense_is_one_without_an_interval() -> None:
    assert exchange(timer(TimerMode.OFFER), ("Session-Expires", "soon")) == RunningTimer(
        1800, we_refresh=True
    )


def test_a_peer_cannot_make_us_flood_it__rfc4028_5() -> None:
    assert exchange(timer(), ("Session-Expires", "1;refresher=uac")) == RunningTimer(90, we_refresh=True)


@pytest.mark.parametrize("we_refresh", [True, False])
def test_the_roles_stay_through_refreshes__rfc4028_7_4(we_refresh: bool) -> None:
    ours = timer(TimerMode.OFFER)
    exchange(
        ours, ("Session-Expires", f"600;refresher={'uac' if we_refresh else 'uas'}"), ("Require", "timer")
    )
    assert ours.request_headers() == (("Session-Expires", f"600;refresher={'uac' if we_refresh else 'uas'}"),)


def test_the_roles_stay_when_the_peer_has_asked__rfc4028_7_4() -> None:
    ours = timer()
    ours.adopt(ours.judge(asks(600, "uac")))
    assert ours.request_headers() == (("Session-Expires", "600;refresher=uas"),)
    ours.adopt(ours.judge(asks(600, "uas")))
    assert ours.request_headers() == (("Session-Expires", "600;refresher=uac"),)


def test_a_refresh_is_never_below_the_min_se_that_a_request_brought__rfc4028_7_4() -> None:
    ours = timer()
    ours.adopt(ours.judge(invite(("Session-Expires", "900"), ("Min-SE", "500"), *SUPPORTS)))
    assert dict(ours.request_headers())["Min-SE"] == "500"
    exchange(ours, ("Session-Expires", "300;refresher=uac"))
    assert dict(ours.request_headers()) == {"Session-Expires": "500;refresher=uac", "Min-SE": "500"}


def test_a_422_raises_the_interval_for_the_whole_session__rfc4028_7_3() -> None:
    ours = timer(TimerMode.OFFER, expires_s=600)
    first = invite(*ours.request_headers())
    assert ours.read_422(first, response(422, ("Min-SE", "1200")))
    again = ours.request_headers()
    assert dict(again) == {"Session-Expires": "1200", "Min-SE": "1200"}
    assert ours.read_422(invite(*again), response(422, ("Min-SE", "2400")))
    exchange(ours, ("Session-Expires", "2400;refresher=uac"))
    assert dict(ours.request_headers()) == {"Session-Expires": "2400;refresher=uac", "Min-SE": "2400"}


@pytest.mark.parametrize("min_se", [None, "x", "0", "90", "1799", "1800", str(HIGHEST_MIN_SE_S + 1)])
def test_a_422_that_leads_nowhere_is_not_followed__rfc4028_7_3(min_se: str | None) -> None:
    ours = timer(TimerMode.OFFER)
    before = ours.request_headers()
    headers = () if min_se is None else (("Min-SE", min_se),)
    assert not ours.read_422(invite(*before), response(422, *headers))
    assert ours.request_headers() == before


def test_a_422_to_a_request_that_asked_for_nothing_is_not_followed() -> None:
    assert not timer().read_422(invite(), response(422, ("Min-SE", "1200")))


def test_422_is_not_followed_for_ever() -> None:
    ours = timer(TimerMode.OFFER)
    followed = 0
    while ours.read_422(invite(*ours.request_headers()), response(422, ("Min-SE", str(2000 + followed)))):
        followed += 1
    assert followed == MOST_422


# both: section 10


@pytest.mark.parametrize(("interval_s", "bye_s"), [(90, 60.0), (96, 64.0), (1800, 1768.0)])
def test_bye_comes_before_the_expiration_by_a_third_or_32_seconds__rfc4028_10(
    interval_s: int, bye_s: float
) -> None:
    assert RunningTimer(interval_s, we_refresh=False).expires_after_s == bye_s
    assert RunningTimer(interval_s, we_refresh=True).expires_after_s == bye_s


def test_we_refresh_at_half_and_the_peer_when_it_likes__rfc4028_7_2() -> None:
    assert RunningTimer(1801, we_refresh=True).refresh_after_s == 900.5
    assert RunningTimer(1801, we_refresh=False).refresh_after_s is None


INTERVALS = st.integers(LOWEST_INTERVAL_S, 5000)


@given(
    st.sampled_from(TimerMode), st.sampled_from(TimerMode), st.sampled_from(Preference),
    st.sampled_from(Preference), INTERVALS, INTERVALS, st.integers(0, 400), st.integers(0, 400),
)  # fmt: skip
def test_two_of_us_agree_with_exactly_one_refresher__rfc4028_9(
    caller_mode: TimerMode, callee_mode: TimerMode, caller_likes: Preference, callee_likes: Preference,
    caller_s: int, callee_s: int, caller_min_s: int, callee_min_s: int,
) -> None:  # fmt: skip
    """Both ends of one leg are ours: whatever they want, they come to one timer or to none on both sides."""
    caller = SessionTimer(TimerPolicy(caller_mode, caller_s, caller_min_s, caller_likes))
    callee = SessionTimer(TimerPolicy(callee_mode, callee_s, callee_min_s, callee_likes))
    listed = SUPPORTS if caller.listed else ()
    for _ in range(3):
        request = invite(*caller.request_headers(), *listed)
        try:
            answer = callee.judge(request)
        except TimerRefusal as refusal:
            if refusal.status == 421:
                assert (callee_mode, caller_mode) == (TimerMode.REQUIRE, TimerMode.OFF)
                return
            assert caller.read_422(request, response(422, *refusal.headers))  # noqa: PT017
            continue
        break
    else:
        raise AssertionError("no agreement")
    callee.adopt(answer)
    theirs, ours = caller.read_2xx(request, response(200, *answer.headers)), callee.running
    if theirs is None or ours is None:
        # one side may work the timer alone, but nobody waits for refreshes that do not come
        assert all(running is None or running.we_refresh for running in (theirs, ours))
        return
    assert theirs.interval_s == ours.interval_s >= LOWEST_INTERVAL_S
    assert theirs.we_refresh is not ours.we_refresh
