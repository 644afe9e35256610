"""Flow 7: failover over the targets of a trunk and over trunks in order (RFC 3261 section 16.7 by analogy)."""

import pytest

from mediation.b2bua.outputs import Level
from mediation.b2bua.record import CallRecord
from mediation.settings.peers import Side
from mediation.settings.responses import ResponseRule
from mediation.settings.routes import Route
from mediation.settings.server import Sip
from mediation.settings.trunks import Trunk
from mediation.sip.flow import Transport
from tests.flows.pair import Make, Pair
from tests.flows.peers import Peer
from tests.flows.scenery import FRONT_END, OTHER_SBC, SBC, THIRD_SBC, settings, target, trunk

SBCS = (SBC, OTHER_SBC, THIRD_SBC)
TWO = trunk("itsp-a", SBC, OTHER_SBC)


class Hunt:
    """A front end and three SBCs, of which the trunks use some."""

    def __init__(
        self, make: Make, *trunks: Trunk, routes: tuple[Route, ...] = (), sip: Sip | None = None
    ) -> None:
        self.world = make(settings(*(trunks or (TWO,)), routes=routes, sip=sip or Sip()))
        self.caller = Peer(self.world, Side.FRONT_END, FRONT_END)
        self.first, self.second, self.third = (Peer(self.world, Side.GATEWAY, host) for host in SBCS)

    def dials(self) -> None:
        """The caller invites; the first SBC is trying."""
        self.caller.invites()
        assert self.caller.heard() == ["100"]
        assert self.first.heard() == ["INVITE"]
        self.first.says(100)

    def ends(self) -> None:
        """The second SBC answers, and the caller hangs up."""
        self.second.says(200, sdp=self.second.sdp())
        assert self.caller.heard() == ["200"]
        self.caller.acks()
        self.caller.hangs_up()

    @property
    def record(self) -> CallRecord:
        """The one call record."""
        return self.world.record

    def attempts(self) -> list[tuple[str, str | None]]:
        """Trunk and reason of each attempt."""
        return [
            (attempt.trunk, None if attempt.cause is None else attempt.cause.reason)
            for attempt in self.record.attempts
        ]


@pytest.fixture
def hunt(make: Make) -> Hunt:
    return Hunt(make)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_listed_code_sends_the_call_to_the_next_target(hunt: Hunt, status: int) -> None:
    hunt.dials()
    hunt.first.says(status)
    assert hunt.first.heard() == ["ACK"]
    assert hunt.second.heard() == ["INVITE"]
    assert hunt.caller.heard() == []
    hunt.ends()


def test_every_attempt_is_a_dialog_and_a_transaction_of_its_own__rfc3261_8_1_1(hunt: Hunt) -> None:
    hunt.dials()
    hunt.first.says(503)
    one, two = hunt.first.request("INVITE"), hunt.second.request("INVITE")
    assert one.call_id != two.call_id
    assert one.from_.tag != two.from_.tag
    assert one.top_via.branch != two.top_via.branch
    assert two.request_uri == f"sip:+493012345678@{OTHER_SBC}:5060"
    hunt.ends()


@pytest.mark.parametrize("status", [486, 600, 603, 604, 606, 401, 407, 302, 404, 480])
def test_the_called_party_or_a_code_that_is_not_listed_ends_the_hunt(hunt: Hunt, status: int) -> None:
    hunt.dials()
    hunt.first.says(status)
    assert hunt.second.heard() == []
    assert len(hunt.caller.heard()) == 1


def test_a_code_that_may_never_be_listed_does_not_fail_over_even_so(make: Make) -> None:
    hunt = Hunt(make, trunk("itsp-a", SBC, OTHER_SBC, failover_codes=(486, 603)))
    hunt.dials()
    hunt.first.says(486)
    assert hunt.second.heard() == []
    assert hunt.caller.heard() == ["486"]


def test_no_progress_for_10_s_sends_the_call_to_the_next_target(hunt: Hunt) -> None:
    hunt.dials()
    hunt.world.advance(9.9)
    assert hunt.second.heard() == []
    hunt.world.advance(0.1)
    assert hunt.first.heard() == ["CANCEL"]
    assert hunt.second.heard() == ["INVITE"]
    hunt.first.says(487)
    hunt.ends()
    assert hunt.attempts() == [("itsp-a", "no-progress"), ("itsp-a", None)]


def test_a_target_that_is_dead_silent_is_left_without_a_cancel__rfc3261_9_1(hunt: Hunt) -> None:
    hunt.caller.invites()
    hunt.world.advance(10)
    assert set(hunt.first.heard()) == {"INVITE"}
    assert hunt.second.heard() == ["INVITE"]
    hunt.caller.heard()
    hunt.ends()
    hunt.world.advance(31)
    assert "CANCEL" not in hunt.first.heard()


@pytest.mark.parametrize("codes", [(408, 503), ()])
def test_no_answer_within_timer_b_sends_the_call_on_whatever_codes_are_listed(
    make: Make, codes: tuple[int, ...]
) -> None:
    quick = Sip(t1_ms=50)  # 64 * T1 is over before the no-progress timer is
    hunt = Hunt(make, trunk("itsp-a", SBC, OTHER_SBC, failover_codes=codes), sip=quick)
    hunt.caller.invites()
    hunt.world.advance(3.2)
    assert hunt.second.heard()[:1] == ["INVITE"]
    hunt.second.says(486)
    assert hunt.caller.heard() == ["100", "486"]
    assert hunt.attempts()[0] == ("itsp-a", "no-response")


@pytest.mark.parametrize("codes", [(408, 503), ()])
def test_a_transport_error_sends_the_call_on_at_once_whatever_codes_are_listed(
    make: Make, codes: tuple[int, ...]
) -> None:
    hunt = Hunt(make, trunk("itsp-a", SBC, OTHER_SBC, failover_codes=codes))
    hunt.first.dead = True
    hunt.caller.invites()
    assert hunt.second.heard() == ["INVITE"]
    assert hunt.caller.heard() == ["100"]
    hunt.ends()
    assert hunt.attempts() == [("itsp-a", "unreachable"), ("itsp-a", None)]


@pytest.mark.parametrize("status", [180, 183])
def test_a_target_that_rang_keeps_the_call(hunt: Hunt, status: int) -> None:
    hunt.dials()
    hunt.first.says(status)
    hunt.world.advance(10)
    hunt.first.says(503)
    assert hunt.second.heard() == []
    assert hunt.caller.heard() == [str(status), "503"]


def test_a_target_that_answered_without_use_keeps_the_call_nobody_rings_twice(hunt: Hunt) -> None:
    hunt.dials()
    hunt.first.says(200)
    assert hunt.first.heard() == ["ACK", "BYE"]
    assert hunt.second.heard() == []
    assert hunt.caller.heard() == ["502"]


def test_a_late_answer_from_an_abandoned_target_is_acked_and_ended_at_once(hunt: Hunt) -> None:
    hunt.dials()
    hunt.world.advance(10)
    hunt.second.says(180)
    hunt.first.says(200, sdp=hunt.first.sdp())
    assert hunt.first.heard() == ["CANCEL", "ACK", "BYE"]
    assert hunt.caller.heard() == ["180"]
    late = [fact for fact in hunt.world.facts if fact.name == "leg.answered_too_late"]
    assert [(fact.level, fact.fields["side"]) for fact in late] == [(Level.WARNING, "gateway")]
    hunt.ends()
    assert hunt.attempts() == [("itsp-a", "no-progress"), ("itsp-a", None)]


def test_an_invite_that_nobody_answered_is_repeated_no_more_once_the_call_is_elsewhere(hunt: Hunt) -> None:
    hunt.caller.invites()
    hunt.world.advance(10)
    hunt.second.says(180)
    tried = len(hunt.first.times("INVITE"))
    assert tried == 5  # RFC 3261 section 17.1.1.2
    hunt.world.advance(21)
    assert len(hunt.first.times("INVITE")) == tried
    hunt.first.says(200, sdp=hunt.first.sdp())  # it has heard one of them after all
    assert hunt.first.heard()[-2:] == ["ACK", "BYE"]
    assert hunt.caller.heard() == ["100", "180"]
    hunt.ends()


def test_an_invite_whose_caller_gives_up_at_once_is_repeated_so_that_it_can_be_cancelled__rfc3261_9_1(
    hunt: Hunt,
) -> None:
    hunt.caller.invites()
    hunt.caller.cancels()
    hunt.world.advance(1)
    assert len(hunt.first.times("INVITE")) == 2
    hunt.first.says(180)
    assert hunt.first.heard()[-1] == "CANCEL"
    hunt.first.says(200, to="CANCEL")
    hunt.first.says(487)


def test_what_an_abandoned_target_still_says_reaches_nobody(hunt: Hunt) -> None:
    hunt.dials()
    hunt.world.advance(10)
    hunt.first.says(183, sdp=hunt.first.sdp())
    hunt.first.says(200, to="CANCEL")
    hunt.first.says(486)
    assert hunt.caller.heard() == []
    hunt.ends()


def test_a_caller_who_cancels_during_the_hunt_ends_every_attempt(hunt: Hunt) -> None:
    hunt.dials()
    hunt.world.advance(10)
    hunt.second.says(100)
    hunt.caller.cancels()
    assert hunt.caller.heard() == ["200 CANCEL", "487"]
    assert hunt.second.heard() == ["INVITE", "CANCEL"]
    assert hunt.third.heard() == []
    hunt.first.says(487)
    hunt.second.says(487)
    assert hunt.record.cause.reason == "cancelled"
    assert hunt.attempts() == [("itsp-a", "no-progress"), ("itsp-a", "cancelled")]


def test_trunks_are_tried_in_the_order_of_the_route(make: Make) -> None:
    route = Route(match="^\\+49", trunks=("itsp-b", "itsp-a"))
    hunt = Hunt(make, trunk("itsp-a", OTHER_SBC), trunk("itsp-b", SBC), routes=(route,))
    hunt.dials()
    hunt.first.says(503)
    assert hunt.second.heard() == ["INVITE"]
    hunt.ends()
    assert hunt.attempts() == [("itsp-b", "service-unavailable"), ("itsp-a", None)]


def test_a_peer_that_stands_in_two_trunks_is_tried_once(make: Make) -> None:
    hunt = Hunt(make, trunk("itsp-a", SBC), trunk("itsp-b", SBC, OTHER_SBC))
    hunt.dials()
    hunt.first.says(503)
    assert hunt.first.heard() == ["ACK"]
    assert hunt.second.heard() == ["INVITE"]
    hunt.ends()


def test_a_full_trunk_is_passed_over(make: Make) -> None:
    hunt = Hunt(make, trunk("itsp-a", SBC, max_calls=1), trunk("itsp-b", OTHER_SBC))
    hunt.dials()
    hunt.first.says(180)
    hunt.caller.heard()
    hunt.caller.invites()
    assert hunt.first.heard() == []
    assert hunt.second.heard() == ["INVITE"]
    hunt.second.says(486)
    hunt.first.says(486)


def test_a_failed_attempt_gives_its_place_on_the_trunk_back(make: Make) -> None:
    hunt = Hunt(make, trunk("itsp-a", SBC, max_calls=1), trunk("itsp-b", OTHER_SBC))
    hunt.dials()
    hunt.first.says(503)
    hunt.caller.invites()
    assert hunt.first.heard() == ["ACK", "INVITE"]
    hunt.first.says(486)
    hunt.second.says(486)


def test_a_list_exhausted_by_outages_is_503_so_that_the_front_end_tries_another_pool(hunt: Hunt) -> None:
    hunt.second.dead = True
    hunt.caller.invites()
    hunt.first.says(503)
    assert hunt.caller.heard() == ["100", "503"]
    assert hunt.record.cause.reason == "all-targets-down"


def test_the_only_target_is_cancelled_when_it_makes_no_progress(make: Make) -> None:
    hunt = Hunt(make, trunk("itsp-a", SBC))
    hunt.dials()
    hunt.world.advance(10)
    assert hunt.first.heard() == ["CANCEL"]
    assert hunt.caller.heard() == ["503"]
    hunt.first.says(487)


def test_silence_of_all_targets_is_503_after_10_s_each(hunt: Hunt) -> None:
    hunt.caller.invites()
    hunt.world.advance(19.9)
    assert hunt.caller.heard() == ["100"]
    hunt.world.advance(0.1)
    assert hunt.caller.heard() == ["503"]
    hunt.world.advance(32)
    assert hunt.attempts() == [("itsp-a", "no-progress"), ("itsp-a", "no-progress")]
    assert hunt.record.cause.reason == "all-targets-down"


def test_a_list_exhausted_otherwise_gives_the_last_word_that_a_target_had(hunt: Hunt) -> None:
    hunt.dials()
    hunt.first.says(500)
    hunt.second.says(503)
    assert hunt.caller.heard() == ["500"]
    assert hunt.record.cause.status == 500


def test_retry_after_rests_a_target_for_later_calls__rfc3261_21_5_4(hunt: Hunt) -> None:
    hunt.dials()
    hunt.first.says(503, headers="Retry-After: 60\r\n")
    hunt.ends()
    hunt.first.heard(), hunt.second.heard()
    hunt.world.advance(59)
    hunt.caller.invites()
    assert (hunt.first.heard(), hunt.second.heard()) == ([], ["INVITE"])
    hunt.second.says(486)
    hunt.world.advance(1)
    hunt.caller.invites()
    assert hunt.first.heard() == ["INVITE"]
    hunt.first.says(486)


def test_a_503_without_retry_after_rests_nobody(hunt: Hunt) -> None:
    hunt.dials()
    hunt.first.says(503)
    hunt.ends()
    hunt.caller.invites()
    assert hunt.first.heard() == ["ACK", "INVITE"]
    hunt.first.says(486)


def test_a_resting_target_is_tried_when_nobody_else_is_left(hunt: Hunt) -> None:
    hunt.dials()
    hunt.first.says(503, headers="Retry-After: 60\r\n")
    hunt.ends()
    hunt.first.heard(), hunt.second.heard()
    hunt.caller.invites()
    hunt.second.says(503)
    assert hunt.second.heard() == ["INVITE", "ACK"]
    assert hunt.first.heard() == ["INVITE"]
    hunt.first.says(486)


def test_targets_over_another_transport_are_reached_over_it(make: Make) -> None:
    hunt = Hunt(make, trunk("itsp-a", targets=(target(SBC), target(THIRD_SBC, Transport.TCP))))
    third = Peer(hunt.world, Side.GATEWAY, THIRD_SBC, transport=Transport.TCP)
    hunt.dials()
    hunt.first.says(503)
    invite = third.request("INVITE")
    assert invite.request_uri == f"sip:+493012345678@{THIRD_SBC}:5060;transport=tcp"
    assert str(invite.top_via).startswith("SIP/2.0/TCP 198.51.100.10:5060")
    third.says(200, sdp=third.sdp())
    hunt.caller.acks()
    Pair(hunt.world, hunt.caller, third).ends()


def test_the_set_up_limit_holds_for_all_targets_together(make: Make) -> None:
    hunt = Hunt(make, sip=Sip(ring_limit_s=12, setup_limit_s=15))
    hunt.dials()
    hunt.world.advance(10)
    hunt.second.says(100)
    hunt.world.advance(5)
    assert hunt.caller.heard() == ["408"]
    assert hunt.second.heard() == ["INVITE", "CANCEL"]
    hunt.first.says(487)
    hunt.second.says(487)
    assert hunt.record.cause.reason == "setup-too-long"


# Q.850 causes, and responses that count as others


def q850(cause: int) -> str:
    return f"Reason: Q.850;cause={cause}\r\n"


@pytest.mark.parametrize("status", [480, 404, 433])
@pytest.mark.parametrize("cause", [34, 38, 41, 42, 44, 47])
def test_a_listed_cause_sends_the_call_on_whatever_the_code__rfc3326_2(
    hunt: Hunt, status: int, cause: int
) -> None:
    hunt.dials()
    hunt.first.says(status, headers=q850(cause))
    assert hunt.second.heard() == ["INVITE"]
    hunt.ends()


@pytest.mark.parametrize(("status", "cause"), [(480, 19), (486, 34), (603, 34), (487, 41), (404, 1)])
def test_another_cause_or_the_word_of_the_called_party_ends_the_hunt(
    hunt: Hunt, status: int, cause: int
) -> None:
    hunt.dials()
    hunt.first.says(status, headers=q850(cause))
    assert hunt.second.heard() == []
    assert len(hunt.caller.heard()) == 1


def test_a_code_that_only_implies_a_listed_cause_does_not_send_the_call_on(hunt: Hunt) -> None:
    hunt.dials()
    hunt.first.says(400)  # by RFC 3398 that would be 41
    assert hunt.second.heard() == []
    assert hunt.caller.heard() == ["400"]


def test_no_cause_is_listed_where_the_list_is_empty(make: Make) -> None:
    hunt = Hunt(make, trunk("itsp-a", SBC, OTHER_SBC, failover_causes=()))
    hunt.dials()
    hunt.first.says(480, headers=q850(34))
    assert hunt.caller.heard() == ["480"]


NO_CIRCUIT = ResponseRule(status=486, cause=34, becomes=503)


def test_busy_for_want_of_circuits_counts_as_503_by_a_rule_and_sends_the_call_on(make: Make) -> None:
    hunt = Hunt(make, trunk("itsp-a", SBC, OTHER_SBC, responses=(NO_CIRCUIT,)))
    hunt.dials()
    hunt.first.says(486, headers=q850(34))
    assert hunt.second.heard() == ["INVITE"]
    hunt.ends()
    (fact,) = (each for each in hunt.world.facts if each.name == "leg.response_translated")
    assert (fact.fields["trunk"], fact.fields["status"], fact.fields["becomes"]) == ("itsp-a", 486, 503)
    assert hunt.attempts() == [("itsp-a", "service-unavailable"), ("itsp-a", None)]


def test_the_same_code_with_another_cause_is_what_it_was(make: Make) -> None:
    hunt = Hunt(make, trunk("itsp-a", SBC, OTHER_SBC, responses=(NO_CIRCUIT,)))
    hunt.dials()
    hunt.first.says(486, headers=q850(17))
    assert hunt.second.heard() == []
    assert hunt.caller.heard() == ["486"]


def test_the_first_rule_that_fits_decides_and_the_caller_hears_what_it_makes(make: Make) -> None:
    rules = (
        ResponseRule(cause=21, becomes=603),
        ResponseRule(status=404, becomes=410),
        ResponseRule(status=404, becomes=484),
    )
    for status, headers, heard in ((480, q850(21), "603"), (404, "", "410"), (302, q850(21), "480")):
        hunt = Hunt(make, trunk("itsp-a", SBC, OTHER_SBC, responses=rules))
        hunt.dials()
        hunt.first.says(status, headers=headers)
        assert hunt.second.heard() == []
        assert hunt.caller.heard() == [heard]


def test_silence_is_no_response_that_a_rule_could_fit(make: Make) -> None:
    rule = ResponseRule(status=503, becomes=486)
    hunt = Hunt(make, trunk("itsp-a", SBC, OTHER_SBC, responses=(rule,)))
    hunt.first.dead = True
    hunt.caller.invites()
    assert hunt.second.heard() == ["INVITE"]
    hunt.caller.heard()
    hunt.ends()
