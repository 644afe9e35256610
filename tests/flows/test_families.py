"""IPv4 on one side and IPv6 on the other: the two dialogs, and the two streams, share no address family (RFC 6157)."""

from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest

from mediation.b2bua.plan import Fax
from mediation.settings.peers import Side
from mediation.sip.flow import Transport
from mediation.sip.message import Request, Response
from tests.flows.fax_pair import FAX, describing, faxes
from tests.flows.pair import Make, Pair
from tests.flows.peers import Peer
from tests.flows.scenery import listeners, settings, target, trunk

FOUR, SIX = 4, 6
OURS = {
    (Side.FRONT_END, FOUR): "10.1.1.10",
    (Side.FRONT_END, SIX): "fd00:1::10",
    (Side.GATEWAY, FOUR): "198.51.100.10",
    (Side.GATEWAY, SIX): "2001:db8::10",
}
THEIRS = {
    (Side.FRONT_END, FOUR): "10.1.1.20",
    (Side.FRONT_END, SIX): "fd00:1::20",
    (Side.GATEWAY, FOUR): "198.51.100.30",
    (Side.GATEWAY, SIX): "2001:db8::30",
}


@pytest.fixture(params=list(Transport))
def transport(request: pytest.FixtureRequest) -> Transport:
    transport: Transport = request.param
    return transport


@pytest.fixture(params=["outbound", "inbound"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[(FOUR, SIX), (SIX, FOUR), (SIX, SIX)], ids=["4-6", "6-4", "6-6"])
def call(request: pytest.FixtureRequest, make: Make, transport: Transport, way: str) -> Pair:
    """Every way across, by every transport."""
    families = dict(zip(Side, request.param, strict=True))
    inside, outside = (THEIRS[side, families[side]] for side in Side)
    usual = settings(
        trunk(targets=(target(outside, transport),), mid_call=FAX),
        front_end_targets=(target(inside, transport),),
        mid_call=FAX,
        outside=OURS[Side.GATEWAY, families[Side.GATEWAY]],
    )
    own = OURS[Side.FRONT_END, families[Side.FRONT_END]]
    internal = replace(usual.internal, listen=listeners(own), trusted=(ip_network(inside),))
    world = make(replace(usual, internal=internal))
    front_end = Peer(world, Side.FRONT_END, inside, transport=transport)
    sbc = Peer(world, Side.GATEWAY, outside, transport=transport)
    return Pair(world, front_end, sbc) if way == "outbound" else Pair(world, sbc, front_end)


def families_of(message: Request | Response) -> set[tuple[str, int]]:
    """The families that SDP names, in word and in address."""
    lines = [line for line in message.body.decode().split("\r\n") if line.startswith(("c=", "o="))]
    return {(line.split()[-2], ip_address(line.split()[-1]).version) for line in lines}


def test_a_call_is_set_up_and_ended_across(call: Pair) -> None:
    call.rings()
    call.callee.says(200, sdp=call.callee.sdp())
    call.caller.acks()
    call.caller.reinvites()
    call.caller.acks()
    call.ends()
    assert call.record.cause.reason == "normal-clearing"


def test_each_side_reads_its_own_family_in_sdp__rfc8866_5_7(call: Pair) -> None:
    call.connects()
    for peer, message in (
        (call.caller, call.caller.response(200)),
        (call.callee, call.callee.request("INVITE")),
    ):
        version = ip_address(peer.flow.remote[0]).version
        assert families_of(message) == {(f"IP{version}", version)}
    call.ends()


def test_each_side_reads_its_own_family_in_via_contact_and_uri__rfc3261_25_1(call: Pair) -> None:
    call.connects()
    invite, host = call.callee.request("INVITE"), call.callee.flow.local[0]
    printed = f"[{host}]:5060" if ":" in host else f"{host}:5060"
    parameter = call.callee.flow.transport.parameter
    assert invite.headers.get("Contact") == f"<sip:{printed}{parameter}>"
    assert f" {printed};branch=" in (invite.headers.get("Via") or "")
    theirs = call.callee.flow.remote[0]
    assert f"@[{theirs}]:5060" in invite.request_uri or f"@{theirs}:5060" in invite.request_uri
    call.ends()


def test_media_is_bound_and_planned_in_both_families(call: Pair) -> None:
    call.connects()
    [command] = call.media.open.values()
    plan = call.media.plan
    for peer, local, stream in zip(
        (call.caller, call.callee), command.local_hosts, (plan.caller, plan.callee), strict=True
    ):
        version = ip_address(peer.flow.remote[0]).version
        assert ip_address(local).version == ip_address(stream.remote[0]).version == version
    call.ends()


def test_an_offer_of_the_other_family_alone_is_488(call: Pair) -> None:
    wrong = "2001:db8::99" if "." in call.caller.flow.remote[0] else "192.0.2.99"
    call.caller.invites(sdp=call.caller.sdp(host=wrong))
    assert call.caller.heard() == ["100", "488"]
    assert call.callee.heard() == []


def test_a_fax_crosses_between_the_families__t38_d_2_1(call: Pair) -> None:
    one, other = faxes(call, "callee")
    for peer, message in ((one, one.response(200)), (other, other.request("INVITE"))):
        version = ip_address(peer.flow.remote[0]).version
        assert families_of(message) == {(f"IP{version}", version)}
    assert call.media.fax.callee == Fax((one.flow.remote[0], 4500))
    assert call.media.fax.caller == Fax((other.flow.remote[0], 4700))
    wrong = "c=IN IP6 2001:db8::99" if "." in one.flow.remote[0] else "c=IN IP4 192.0.2.99"
    one.reinvites(describing(one, 3, "m=image 4600 udptl t38", wrong))
    assert one.heard() == ["488"]
    call.ends()
