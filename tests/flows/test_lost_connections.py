"""Connections that are lost while a call is being set up, or is up (flow 1, flow 7; RFC 3261 section 18.4)."""

import pytest

from mediation.settings.peers import Side
from mediation.sip.flow import Flow, Transport
from tests.flows.pair import Make, Pair
from tests.flows.peers import Peer
from tests.flows.scenery import FRONT_END, OTHER_SBC, SBC, settings, target, trunk

STREAMS = (Transport.TCP, Transport.TLS)


def lose(peer: Peer, connection: int, *, dead: bool) -> None:
    """The connection ends; `dead`: and no other can be made."""
    peer.dead = dead
    world, flow = peer.world, Flow(peer.flow.transport, peer.flow.local, peer.flow.remote, connection)
    world.soon(lambda: world.engine.connection_lost(flow, world.now))


@pytest.fixture(params=STREAMS)
def call(request: pytest.FixtureRequest, make: Make) -> Pair:
    """A front end that calls by connection 7, and an SBC that is connected to by stream."""
    first, second = target(SBC, request.param), target(OTHER_SBC)
    world = make(settings(trunk(targets=(first, second))))
    front_end = Peer(world, Side.FRONT_END, FRONT_END, transport=request.param, connection=7)
    return Pair(world, front_end, Peer(world, Side.GATEWAY, SBC, transport=request.param))


@pytest.mark.parametrize("dead", [True, False])
def test_a_caller_who_is_lost_while_it_rings_has_cancelled__flow_1(call: Pair, dead: bool) -> None:
    call.rings()
    lose(call.caller, 7, dead=dead)
    assert call.callee.heard() == ["CANCEL"]
    call.callee.says(200, to="CANCEL")
    call.callee.says(487)
    assert call.callee.heard() == ["ACK"]
    assert call.caller.heard() == ([] if dead else ["487"]), "by another connection, if one can be made"
    assert (call.record.cause.reason, call.record.hung_up_by) == ("cancelled", "caller")


def test_a_caller_who_is_lost_before_the_trunk_has_said_anything_is_cancelled_later(call: Pair) -> None:
    call.caller.invites()
    assert call.callee.heard() == ["INVITE"]
    lose(call.caller, 7, dead=True)
    assert call.callee.heard() == []
    call.callee.says(100)
    assert call.callee.heard() == ["CANCEL"]
    call.callee.says(487)


def test_the_end_of_another_connection_of_the_same_peer_changes_nothing(call: Pair) -> None:
    call.rings()
    lose(call.caller, 8, dead=False)
    assert call.callee.heard() == []
    call.answers()
    call.ends()


def test_a_call_that_is_up_outlives_its_connections(call: Pair) -> None:
    call.connects()
    lose(call.caller, 7, dead=False)
    lose(call.callee, 3, dead=False)
    assert call.caller.heard() == []
    call.ends()
    assert call.record.cause.reason == "normal-clearing"


def test_a_target_that_is_lost_before_it_has_said_anything_is_left_for_the_next_at_once__flow_7(
    call: Pair,
) -> None:
    second = Peer(call.world, Side.GATEWAY, OTHER_SBC)
    call.caller.invites()
    assert call.callee.heard() == ["INVITE"]
    lose(call.callee, 3, dead=True)
    assert second.heard() == ["INVITE"]
    second.says(486)
    assert [attempt.cause and attempt.cause.reason for attempt in call.record.attempts] == [
        "unreachable",
        "busy",
    ]


def test_a_target_that_is_lost_after_it_has_rung_may_answer_by_another_connection(call: Pair) -> None:
    call.rings()
    lose(call.callee, 3, dead=False)
    call.answers()
    call.ends()
