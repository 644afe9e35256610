"""The profiles at work: each pair of them, filled in as their comments say, carries a call each way."""

from itertools import product
from pathlib import Path

import pytest

from mediation.profiles.catalogue import profiles
from mediation.sdp.description import SessionDescription
from mediation.settings.model import Settings
from mediation.settings.peers import Side
from mediation.settings.read import read
from mediation.sip.flow import Transport
from mediation.sip.locating import Srv
from mediation.sip.message import Request
from tests.flows.pair import Make, Pair
from tests.flows.peers import Peer
from tests.flows.test_secrecy import crypto
from tests.flows.world import World

INSIDE = ("direct-routing", "lync", "skype-for-business")
OUTSIDE = ("sipconnect-internet", "sipconnect-registering", "sipconnect-static")
FRONT_END = "10.1.1.20"
CLOUD = ("sip.pstnhub.microsoft.com", "sip2.pstnhub.microsoft.com", "sip3.pstnhub.microsoft.com")
SBC = {
    "sipconnect-internet": "198.51.100.11",
    "sipconnect-registering": "198.51.100.30",
    "sipconnect-static": "198.51.100.10",
}
FILLED_IN = (
    ("192.0.2.", "10.1.1."),
    ("203.0.113.", "198.51.100."),
    ('"52.112.0.0/14", "52.122.0.0/15"', '"10.1.1.0/24"'),
    (":5061", ":5060"),
)
"""Addresses and ports of the examples, and those that tests play on."""


def filled_in(folder: Path, inside: str, outside: str) -> Settings:
    text = profiles()[inside] + profiles()[outside]
    for example, ours in FILLED_IN:
        text = text.replace(example, ours)
    secret = folder / "itsp.secret"
    secret.write_text("correct horse\n")
    return read(text.replace("/etc/mediation/itsp.secret", str(secret)), f"{inside} and {outside}")


def peers(world: World, outside: str) -> tuple[Peer, Peer]:
    """Both sides, known to the DNS where they have names; the trunk that registers is registered."""
    for place, name in enumerate(CLOUD):
        world.dns.holds(name, f"10.1.1.{20 + place}")
    world.dns.holds("_sips._tcp.itsp.example", Srv(1, 0, 5060, "sbc.itsp.example"), kind="SRV")
    world.dns.holds("sbc.itsp.example", SBC[outside])
    transport = Transport.TLS if outside == "sipconnect-internet" else Transport.UDP
    front_end = Peer(world, Side.FRONT_END, FRONT_END, transport=Transport.TLS)
    sbc = Peer(world, Side.GATEWAY, SBC[outside], transport=transport)
    world.soon(lambda: world.engine.look_up(world.now))
    world.begin()
    if outside == "sipconnect-registering":
        takes_registration(sbc, expires_s=3600)
        assert list(world.engine.registrations.standings.values()) == [True]
    return front_end, sbc


def takes_registration(sbc: Peer, *, expires_s: int) -> None:
    """Answer the latest REGISTER, which asks for so long."""
    register = sbc.request("REGISTER")
    assert register.headers.get("Expires") == str(expires_s)
    line = next(line for line in sbc.lines if line.call_id == register.call_id)
    contact = f"Contact: {register.headers.get('Contact')};expires={expires_s}\r\n"
    sbc.says(200, to="REGISTER", headers=contact if expires_s else "", line=line)


def offer(peer: Peer) -> bytes:
    """Encrypted where the way is."""
    if peer.flow.transport is Transport.TLS:
        return peer.sdp(profile="RTP/SAVP", lines=crypto(11))
    return peer.sdp()


def answer(peer: Peer, invite: Request) -> bytes:
    """By the first m-line of what was offered, refusing the second of two for one audio."""
    first, *others = SessionDescription.parse(invite.body).media
    refused = "".join(f"m=audio 0 {each.protocol} 0\r\n" for each in others)
    encrypted = first.protocol == "RTP/SAVP"
    return peer.sdp(profile=first.protocol, lines=(crypto(22) if encrypted else "") + refused)


@pytest.mark.parametrize(("inside", "outside"), list(product(INSIDE, OUTSIDE)))
@pytest.mark.parametrize("caller", list(Side))
def test_a_call_goes_by_the_profiles(
    make: Make, tmp_path: Path, inside: str, outside: str, caller: Side
) -> None:
    world = make(filled_in(tmp_path, inside, outside))
    front_end, sbc = peers(world, outside)
    call = Pair(world, *((front_end, sbc) if caller is Side.FRONT_END else (sbc, front_end)))
    call.caller.heard(), call.callee.heard()
    call.caller.invites(sdp=offer(call.caller))
    assert call.caller.heard() == ["100"]
    invite = call.callee.request("INVITE")
    call.callee.says(200, sdp=answer(call.callee, invite))
    call.caller.acks()
    plan = world.media.plan
    for peer, stream in ((call.caller, plan.caller), (call.callee, plan.callee)):
        assert (stream.srtp is not None) is (peer.flow.transport is Transport.TLS)
    call.ends()
    world.stop()
    if outside == "sipconnect-registering":
        takes_registration(sbc, expires_s=0)


def test_direct_routing_goes_to_the_next_name_where_the_first_fails(make: Make, tmp_path: Path) -> None:
    world = make(filled_in(tmp_path, "direct-routing", "sipconnect-static"))
    first, sbc = peers(world, "sipconnect-static")
    second = Peer(world, Side.FRONT_END, "10.1.1.21", transport=Transport.TLS)
    sbc.invites()
    assert f"@{CLOUD[0]}:5060" in first.request("INVITE").request_uri
    first.says(503)
    assert f"@{CLOUD[1]}:5060" in second.request("INVITE").request_uri
    assert "sip:sbc.corp.example:5060" in str(second.request("INVITE").headers.get("Contact"))
    second.says(486)
