"""Requests that are large for a datagram, in whole calls (RFC 3261 section 18.1.1)."""

from dataclasses import replace

import pytest

from mediation.b2bua.outputs import Fact
from mediation.settings.model import Settings
from mediation.settings.peers import LargeRequests, Side
from mediation.sip.carriage import LONGEST_OVER_UDP
from mediation.sip.flow import Flow, Transport
from tests.flows.pair import Make
from tests.flows.peers import Peer
from tests.flows.scenery import FRONT_END, OTHER_SBC, SBC, settings, trunk
from tests.flows.world import World

LONG = f"User-to-User: {'00' * 700};encoding=hex\r\n"
"""Crosses, and makes an INVITE large."""


class Cast:
    """A caller, and a callee that has two ears: one for datagrams, one for connections."""

    def __init__(self, world: World, *, inbound: bool = False) -> None:
        self.world = world
        sides = (Side.GATEWAY, Side.FRONT_END) if inbound else (Side.FRONT_END, Side.GATEWAY)
        hosts = (SBC, FRONT_END) if inbound else (FRONT_END, SBC)
        self.caller = Peer(world, sides[0], hosts[0])
        self.udp = Peer(world, sides[1], hosts[1])
        self.tcp = Peer(world, sides[1], hosts[1], transport=Transport.TCP)

    def facts(self) -> list[Fact]:
        return [fact for fact in self.world.facts if fact.name == "request.large_over_udp"]


def limited(rule: LargeRequests) -> Settings:
    """Settings that say it for both sides."""
    usual = settings()
    return replace(
        usual,
        internal=replace(usual.internal, large_requests=rule),
        trunks=tuple(replace(each, large_requests=rule) for each in usual.trunks),
    )


@pytest.fixture(params=["outbound", "inbound"])
def cast(request: pytest.FixtureRequest, make: Make) -> Cast:
    return Cast(make(settings()), inbound=request.param == "inbound")


def test_an_ordinary_invite_of_ours_is_far_from_large(cast: Cast) -> None:
    cast.caller.invites()
    assert cast.tcp.heard() == []
    assert len(bytes(cast.udp.request("INVITE"))) < 900
    cast.udp.says(486)


def test_a_large_invite_goes_by_tcp_and_says_so(cast: Cast) -> None:
    cast.caller.invites(headers=LONG)
    assert (cast.udp.heard(), cast.tcp.heard()) == ([], ["INVITE"])
    invite = cast.tcp.request("INVITE")
    assert len(bytes(invite)) > LONGEST_OVER_UDP
    assert invite.top_via.transport == "TCP"
    assert (invite.headers.get("Contact") or "").endswith(";transport=tcp>")
    cast.tcp.says(486)
    assert cast.tcp.heard() == ["ACK"]
    assert cast.caller.heard() == ["100", "486"]
    assert cast.facts() == []


def test_the_dialog_stays_with_tcp_where_the_peer_asks_for_it(cast: Cast) -> None:
    cast.tcp.moves_to(f"{cast.tcp.contact};transport=tcp")
    cast.caller.invites(headers=LONG)
    cast.tcp.says(200, sdp=cast.tcp.sdp())
    cast.caller.acks()
    cast.caller.hangs_up()
    assert (cast.udp.heard(), cast.tcp.heard()) == ([], ["INVITE", "ACK", "BYE"])


def test_small_requests_of_the_dialog_are_datagrams_where_the_peer_asks_for_nothing__rfc3263_4_1(
    cast: Cast,
) -> None:
    cast.caller.invites(headers=LONG)
    cast.tcp.says(200, sdp=cast.tcp.sdp())
    cast.caller.acks()
    cast.udp.line = cast.tcp.line
    cast.udp.lines.append(cast.tcp.line)
    cast.caller.hangs_up()
    assert (cast.udp.heard(), cast.tcp.heard()) == (["ACK", "BYE"], ["INVITE"])


def test_the_peer_ends_the_call_by_the_contact_that_it_was_told(cast: Cast) -> None:
    cast.tcp.moves_to(f"{cast.tcp.contact};transport=tcp")
    cast.caller.invites(headers=LONG)
    cast.tcp.says(200, sdp=cast.tcp.sdp())
    cast.caller.acks()
    assert cast.tcp.line.target.endswith(";transport=tcp")
    cast.tcp.hangs_up()
    assert cast.caller.heard() == ["100", "200", "BYE"]


def test_a_large_invite_is_cancelled_where_it_went__rfc3261_9_1(cast: Cast) -> None:
    cast.caller.invites(headers=LONG)
    cast.tcp.says(180)
    cast.caller.cancels()
    assert (cast.udp.heard(), cast.tcp.heard()) == ([], ["INVITE", "CANCEL"])
    assert cast.tcp.request("CANCEL").top_via == cast.tcp.request("INVITE").top_via
    cast.tcp.says(487)


def test_where_tcp_is_refused_the_call_goes_by_udp_at_once(cast: Cast) -> None:
    cast.tcp.dead = True
    cast.caller.invites(headers=LONG)
    assert cast.udp.heard() == ["INVITE"]
    invite = cast.udp.request("INVITE")
    assert invite.top_via.transport == "UDP"
    assert "transport=" not in (invite.headers.get("Contact") or "")
    cast.udp.says(180)
    cast.caller.cancels()
    cast.udp.says(487)
    assert cast.udp.heard() == ["CANCEL", "ACK"]
    [fact] = cast.facts()
    assert fact.fields["reason"] == "TCP is refused"
    assert fact.fields["octets"] == len(bytes(invite))


def test_a_connection_that_ends_without_an_answer_is_a_refusal(cast: Cast) -> None:
    cast.caller.invites(headers=LONG)
    flow = replace(cast.tcp.flow, connection=3)
    cast.world.soon(lambda: cast.world.engine.connection_lost(flow, cast.world.now))
    assert cast.udp.heard() == ["INVITE"]
    cast.udp.says(486)


def test_a_target_that_hears_neither_is_left_for_the_next_one(make: Make) -> None:
    cast = Cast(make(settings(trunk("itsp-a", SBC, OTHER_SBC))))
    other = Peer(cast.world, Side.GATEWAY, OTHER_SBC, transport=Transport.TCP)
    cast.tcp.dead = cast.udp.dead = True
    cast.caller.invites(headers=LONG)
    assert other.heard() == ["INVITE"]
    other.says(486)
    [record] = cast.world.records
    assert [attempt.cause and attempt.cause.reason for attempt in record.attempts] == ["unreachable", "busy"]


@pytest.mark.parametrize("inbound", [False, True])
def test_a_peer_that_wants_datagrams_gets_them_and_the_operator_is_told_once(
    make: Make, inbound: bool
) -> None:
    cast = Cast(make(limited(LargeRequests.UDP)), inbound=inbound)
    for _ in range(2):
        cast.caller.invites(headers=LONG)
        cast.udp.says(486)
        assert (cast.udp.heard(), cast.tcp.heard()) == (["INVITE", "ACK"], [])
    [fact] = cast.facts()
    assert fact.fields["reason"] == 'large_requests is "udp"'


def test_without_a_tcp_listener_there_is_no_choice(make: Make) -> None:
    usual = settings()
    udp = tuple(each for each in usual.gateway.listen if each.transport is Transport.UDP)
    world = make(replace(usual, gateway=replace(usual.gateway, listen=udp)))
    caller, callee = Peer(world, Side.FRONT_END, FRONT_END), Peer(world, Side.GATEWAY, SBC)
    caller.invites(headers=LONG)
    assert callee.heard() == ["INVITE"]
    callee.says(486)
    assert [fact.fields["reason"] for fact in world.facts if fact.name == "request.large_over_udp"] == [
        "there is no tcp: listener"
    ]


def test_a_peer_that_is_known_by_its_network_alone_has_its_trunks_rule(make: Make) -> None:
    flow = Flow(Transport.UDP, settings().gateway.listen[0].endpoint, ("198.51.100.77", 5060))
    wide = replace(trunk(trusted=("198.51.100.0/24",)), large_requests=LargeRequests.UDP)
    world = make(settings(wide))
    carriage = world.engine.agent.layer._carriage
    assert carriage is not None
    assert carriage._stream(flow) == 'large_requests is "udp"'
