"""The reports on a REFER are a subscription: SUBSCRIBE within its dialog renews and ends it, and begins none.

RFC 3515 section 2.4, RFC 6665 sections 4.2.1 and 4.2.2.
"""

import pytest

from mediation.settings.peer_terms import TransferMode, Transfers
from mediation.sip.message import Request
from tests.flows.pair import Make, Pair
from tests.flows.peers import Peer
from tests.flows.test_flow_15_transfer import TO, Trio, notify, passing, three, trio

__all__ = ["passing", "three"]


def subscribes(peer: Peer, expires: int | None, event: str = "refer") -> None:
    wish = "" if expires is None else f"Expires: {expires}\r\n"
    peer.asks("SUBSCRIBE", within=True, headers=f"Event: {event}\r\n{wish}Contact: <{peer.contact}>\r\n")


def state(peer: Peer) -> str:
    """What the latest NOTIFY has said of the subscription."""
    return peer.request("NOTIFY").headers.get("Subscription-State") or ""


def referred(three: Trio) -> Peer:
    """A transfer is under way, and its target rings."""
    three.caller.refers(TO)
    three.target.says(180)
    assert three.caller.heard() == ["202 REFER", "NOTIFY", "NOTIFY"]
    assert three.target.heard() == ["INVITE"]
    return three.caller


def over(three: Trio) -> None:
    three.target.says(486)
    three.ends()


@pytest.mark.parametrize(
    ("asked", "granted"), [(60, 60), (200, 200), (300, 300), (7200, 300), (None, 300), (4_294_967_295, 300)]
)
def test_a_subscriber_may_renew_it_and_hears_how_it_stands__rfc6665_4_2_1_4(
    three: Trio, asked: int | None, granted: int
) -> None:
    caller = referred(three)
    three.advance(100)
    subscribes(caller, asked)
    assert caller.heard() == ["200 SUBSCRIBE", "NOTIFY"]
    accepted = caller.response(200)
    assert accepted.expires == granted
    assert accepted.contact is not None
    assert state(caller) == f"active;expires={granted}"
    assert caller.reports()[-1] == "180 active"
    over(three)
    assert caller.reports()[-1] == "486 terminated"


@pytest.mark.parametrize("asked", [1, 59])
def test_an_interval_that_is_too_brief_is_423_with_min_expires__rfc6665_4_2_1_1(
    three: Trio, asked: int
) -> None:
    caller = referred(three)
    subscribes(caller, asked)
    assert caller.heard() == ["423 SUBSCRIBE"]
    assert caller.response(423).headers.get("Min-Expires") == "60"
    over(three)
    assert caller.reports()[-1] == "486 terminated", "what there was stands"


def test_a_subscriber_may_end_it_and_the_transfer_goes_on__rfc6665_4_2_1_4(three: Trio) -> None:
    caller = referred(three)
    subscribes(caller, 0)
    assert caller.heard() == ["200 SUBSCRIBE", "NOTIFY"]
    assert caller.response(200).expires == 0
    assert state(caller) == "terminated;reason=timeout"
    subscribes(caller, 60)
    assert caller.heard() == ["481 SUBSCRIBE"]
    three.target.says(200, sdp=three.target.sdp())
    assert caller.heard() == ["BYE"]
    three.callee.hangs_up()


def test_it_runs_out_unless_it_is_renewed__rfc6665_4_2_2(make: Make) -> None:
    three = trio(make, "outbound")
    caller = referred(three)
    subscribes(caller, 60)
    three.advance(59.9)
    assert caller.heard() == ["200 SUBSCRIBE", "NOTIFY"]
    three.advance(0.2)
    assert caller.heard() == ["NOTIFY"]
    assert state(caller) == "terminated;reason=timeout"
    three.target.says(486)
    assert caller.heard() == []
    three.ends()


def test_reports_say_how_long_it_still_lasts__rfc6665_4_1_3(three: Trio) -> None:
    three.caller.refers(TO)
    assert state(three.caller) == "active;expires=300"
    three.advance(8)
    three.target.says(180)
    assert state(three.caller) == "active;expires=292"
    over(three)


def test_it_is_named_by_the_number_of_its_refer__rfc3515_2_4_6(three: Trio) -> None:
    caller = referred(three)
    first = caller.line.sequence
    three.target.says(486)
    caller.refers(TO)
    second = caller.line.sequence
    caller.heard()
    for event, answer in (("refer", "481"), (f"refer;id={first}", "481"), (f"refer;id={second}", "200")):
        subscribes(caller, 100, event)
        assert caller.heard()[0] == f"{answer} SUBSCRIBE"
    three.target.line = three.target.lines[-1]
    assert caller.request("NOTIFY").headers.get("Event") == f"refer;id={second}"
    over(three)


def test_the_first_may_be_named_with_and_without_its_number__rfc3515_2_4_6(three: Trio) -> None:
    caller = referred(three)
    for event in ("refer", f"refer;id={caller.line.sequence}"):
        subscribes(caller, 100, event)
        assert caller.heard() == ["200 SUBSCRIBE", "NOTIFY"]
        assert caller.request("NOTIFY").headers.get("Event") == "refer"
    over(three)


def test_where_no_reports_are_wanted_there_is_nothing_to_renew__rfc4488_4(three: Trio) -> None:
    three.caller.refers(TO, headers="Refer-Sub: false\r\n")
    three.caller.heard()
    subscribes(three.caller, 60)
    assert three.caller.heard() == ["481 SUBSCRIBE"]
    over(three)


def test_a_refer_that_was_passed_on_is_reported_under_the_same_rules(passing: Trio) -> None:
    passing.caller.refers(TO)
    passing.callee.says(202, to="REFER")
    notify(passing, 180, "active")
    passing.caller.heard(), passing.callee.heard()
    subscribes(passing.caller, 90)
    assert passing.caller.heard() == ["200 SUBSCRIBE", "NOTIFY"]
    assert (state(passing.caller), passing.callee.heard()) == ("active;expires=90", [])
    notify(passing, 200, "terminated;reason=noresource")
    assert passing.caller.reports()[-1] == "200 terminated"
    passing.ends()


def test_it_ends_with_the_call__rfc6665_4_5_2(three: Trio) -> None:
    caller = referred(three)
    caller.hangs_up()
    three.target.says(486)
    assert three.callee.heard() == ["BYE"]
    assert caller.heard() == ["200 BYE"]
    assert not [m for _, m in caller.received if isinstance(m, Request) and "timeout" in str(m.headers)]
    assert len(three.world.engine.agent.deadlines) == 0


# what is no renewal


@pytest.mark.parametrize("by", ["caller", "callee"])
def test_nothing_begins_by_subscribe_within_a_call__rfc6665_4_2_1(call: Pair, by: str) -> None:
    call.connects()
    one = call.caller if by == "caller" else call.callee
    one.heard()
    subscribes(one, 300)
    subscribes(one, 300, "dialog")
    one.asks("SUBSCRIBE", within=True, headers="Event: ;\r\n")
    one.asks("SUBSCRIBE", within=True)
    assert one.heard() == ["481 SUBSCRIBE", "489 SUBSCRIBE", "400 SUBSCRIBE", "400 SUBSCRIBE"]
    assert one.response(489).headers.get("Allow-Events") == "refer"
    call.ends()


def test_our_messages_within_calls_say_that_it_may_be_said_and_those_outside_do_not__rfc3261_20_5(
    call: Pair,
) -> None:
    call.connects()
    assert "SUBSCRIBE" in call.callee.request("INVITE").allow
    assert "SUBSCRIBE" in call.caller.response(200).allow
    call.caller.asks("OPTIONS")
    assert "SUBSCRIBE" not in call.caller.response(200).allow
    call.ends()


def test_where_no_transfers_are_taken_it_is_405_within_a_call_too(make: Make) -> None:
    call = trio(make, transfer=Transfers(mode=TransferMode.OFF))
    subscribes(call.caller, 60)
    assert call.caller.heard() == ["405 SUBSCRIBE"]
    assert "SUBSCRIBE" not in call.caller.response(405).allow
    call.ends()
