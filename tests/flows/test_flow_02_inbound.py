"""Flow 2: a trunk calls the front end."""

from mediation.settings.peers import Side
from mediation.sip.flow import Transport
from tests.flows.pair import Make, Pair, inbound
from tests.flows.peers import Peer
from tests.flows.scenery import (
    FRONT_END,
    OTHER_FRONT_END,
    OTHER_SBC,
    OUTSIDE,
    SBC,
    settings,
    target,
    trunk,
)
from tests.flows.world import World

POOL = (FRONT_END, OTHER_FRONT_END)


def pool(make: Make) -> tuple[Pair, Peer]:
    """A trunk, the first front-end server and the second."""
    world = make(settings(front_ends=POOL))
    return inbound(world), Peer(world, Side.FRONT_END, OTHER_FRONT_END)


def test_a_call_from_a_trunk_is_put_to_the_first_front_end_server(world: World) -> None:
    call = inbound(world)
    call.connects()
    invite = call.callee.request("INVITE")
    assert invite.request_uri == f"sip:+493012345678@{FRONT_END}:5060"
    assert str(invite.from_).startswith('"Caller" <sip:+15550100@10.1.1.10:5060>;tag=')
    call.ends()
    record = call.record
    assert (record.caller.side, record.caller.trunk) == ("gateway", "itsp-a")
    assert record.as_json(0.0)["direction"] == "inbound"


def test_a_stranger_hears_nothing_and_costs_nothing(world: World) -> None:
    stranger = Peer(world, Side.GATEWAY, "203.0.113.99")
    for method in ("OPTIONS", "BYE", "REGISTER", "SUBSCRIBE"):
        stranger.asks(method)
    stranger.invites()
    stranger.cancels()
    stranger.acks()
    assert stranger.received == []
    assert world.idle
    assert world.facts == []
    assert world.records == []


def test_a_stranger_hears_nothing_when_its_message_is_malformed_either(world: World) -> None:
    stranger = Peer(world, Side.GATEWAY, "203.0.113.99")
    octets = b"INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.99;branch=z9hG4bK1\r\n\r\n"
    stranger.mutters(octets)
    stranger.mutters(b"nonsense\r\n\r\n")
    assert stranger.received == []


def test_a_front_end_server_is_a_stranger_on_the_gateway_interface(world: World) -> None:
    lost = Peer(world, Side.GATEWAY, FRONT_END)
    lost.invites()
    assert lost.received == []


def test_a_target_that_is_not_trusted_may_not_call(make: Make) -> None:
    call = inbound(make(settings(trunk(trusted=()))))
    call.caller.invites()
    assert call.caller.heard() == ["403"]
    assert call.callee.heard() == []
    assert call.world.records == []


def test_a_target_that_is_not_trusted_speaks_within_the_calls_that_it_was_given(make: Make) -> None:
    world = make(settings(trunk(trusted=())))
    sbc, front_end = Peer(world, Side.GATEWAY, SBC), Peer(world, Side.FRONT_END, FRONT_END)
    call = Pair(world, front_end, sbc)
    call.connects()
    sbc.hangs_up()
    assert sbc.heard() == ["200 BYE"]


def test_a_trusted_source_that_is_no_target_may_call(make: Make) -> None:
    call = inbound(make(settings(trunk(trusted=(OTHER_SBC,)))), sbc=OTHER_SBC)
    call.connects()
    call.ends()
    assert call.record.caller.address == f"{OTHER_SBC}:5060"


def test_a_number_that_is_not_ours_stays_404_so_that_the_itsp_does_not_hunt(world: World) -> None:
    call = inbound(world)
    call.dials()
    call.callee.says(404)
    assert call.caller.heard() == ["404"]


def test_a_uri_that_names_nobody_is_404(world: World) -> None:
    call = inbound(world)
    call.caller.invites(uri=f"sip:{OUTSIDE}")
    assert call.caller.heard() == ["100", "404"]


def test_a_front_end_server_that_refuses_hands_the_call_to_the_next(make: Make) -> None:
    call, other = pool(make)
    call.dials()
    call.callee.says(503)
    assert other.heard() == ["INVITE"]
    other.says(200, sdp=other.sdp())
    assert call.caller.heard() == ["200"]
    call.caller.acks()
    call.caller.hangs_up()
    assert [attempt.cause and attempt.cause.status for attempt in call.record.attempts] == [503, None]


def test_a_front_end_server_that_rings_keeps_the_call(make: Make) -> None:
    call, other = pool(make)
    call.rings()
    call.callee.says(503)
    assert call.caller.heard() == ["503"]
    assert other.heard() == []


def test_a_pool_that_is_down_is_503_with_retry_after_so_that_the_itsp_uses_another_site(make: Make) -> None:
    call, other = pool(make)
    call.callee.dead = other.dead = True
    call.caller.invites()
    assert call.caller.heard() == ["100", "503"]
    assert call.caller.response(503).retry_after
    assert call.record.cause.reason == "all-targets-down"


def test_a_global_refusal_is_passed_as_it_is__rfc3261_21_6(make: Make) -> None:
    call, other = pool(make)
    call.dials()
    call.callee.says(603)
    assert call.caller.heard() == ["603"]
    assert other.heard() == []


def test_an_invite_that_is_repeated_is_answered_by_the_same_100__rfc3261_17_2_1(call: Pair) -> None:
    call.dials()
    trying = call.caller.response(100)
    call.caller.repeats()
    assert call.caller.heard() == ["100"]
    assert call.caller.response(100) == trying
    assert call.callee.heard() == []
    call.callee.says(486)


def test_an_invite_that_is_repeated_is_answered_by_the_latest_response__rfc3261_17_2_1(call: Pair) -> None:
    call.rings()
    call.caller.repeats()
    assert call.caller.heard() == ["180"]
    call.callee.says(486)


def test_an_invite_that_is_repeated_after_the_answer_makes_no_second_call__rfc5407_3_1_1(call: Pair) -> None:
    call.answers()
    call.caller.repeats()
    assert call.caller.heard() == []
    call.advance(0.5)
    assert call.caller.heard() == ["200"]
    assert call.callee.heard() == []
    call.caller.acks()
    call.ends()


def test_the_same_invite_by_two_paths_is_482__rfc3261_8_2_2_2(call: Pair) -> None:
    line = call.caller.invites()
    tag = line.local.partition(";tag=")[2]
    call.caller.heard()
    call.caller.invites(call_id=line.call_id, tag=tag)
    assert call.caller.heard() == ["482"]
    assert call.callee.heard() == ["INVITE"]
    call.callee.says(486)


def test_over_tcp_answers_take_the_connection_that_the_request_came_by__rfc3261_18_2_2(make: Make) -> None:
    world = make(settings(trunk(targets=(target(SBC, Transport.TCP),))))
    sbc = Peer(world, Side.GATEWAY, SBC, transport=Transport.TCP, connection=7)
    call = Pair(world, sbc, Peer(world, Side.FRONT_END, FRONT_END))
    call.connects()
    assert str(sbc.response(200).contact) == f"<sip:{OUTSIDE}:5060;transport=tcp>"
    call.callee.hangs_up()
    assert sbc.heard() == ["BYE"]
