"""What we are called by each side: the names of the settings in all that peers read, sockets' addresses in nothing."""

from dataclasses import replace

import pytest

from mediation.settings.addresses import parse_listener
from mediation.settings.model import Settings
from mediation.settings.peers import Side
from mediation.sip.flow import Transport
from mediation.sip.message import Request, Response
from tests.flows.pair import WAYS, Make, Pair
from tests.flows.peers import Peer
from tests.flows.scenery import FRONT_END, INSIDE, OUTSIDE, SBC, settings, target, trunk

NAMED = {
    Side.FRONT_END: (f"udp:{INSIDE} as 10.9.9.9:15060", "10.9.9.9:15060", "10.9.9.9"),
    Side.GATEWAY: (
        f"udp:{OUTSIDE} as sbc.example.com audio 203.0.113.9",
        "sbc.example.com:5060",
        "203.0.113.9",
    ),
}
"""As listened, as signalled, and as in SDP."""
BOUND = {Side.FRONT_END: INSIDE, Side.GATEWAY: OUTSIDE}


def named(**listeners: str) -> Settings:
    """The usual settings with listeners of one's own."""
    usual = settings()
    inside = (parse_listener(listeners.get("internal", f"udp:{INSIDE}")),)
    outside = (parse_listener(listeners.get("gateway", f"udp:{OUTSIDE}")),)
    return replace(
        usual,
        internal=replace(usual.internal, listen=inside),
        gateway=replace(usual.gateway, listen=outside),
    )


@pytest.fixture(params=list(WAYS))
def call(request: pytest.FixtureRequest, make: Make) -> Pair:
    world = make(named(internal=NAMED[Side.FRONT_END][0], gateway=NAMED[Side.GATEWAY][0]))
    return WAYS[request.param](world)


def audio_hosts(message: Request | Response) -> set[str]:
    lines = message.body.decode().split("\r\n")
    return {line.rpartition(" ")[2] for line in lines if line.startswith(("c=", "o="))}


def test_the_called_party_reads_our_name_in_via_contact_from_and_audio(call: Pair) -> None:
    call.dials()
    _, name, audio = NAMED[call.callee.side]
    invite = call.callee.request("INVITE")
    assert (invite.headers.get("Via") or "").startswith(f"SIP/2.0/UDP {name};branch=")
    assert invite.headers.get("Contact") == f"<sip:{name}>"
    assert f"@{name}>" in (invite.headers.get("From") or "")
    assert audio_hosts(invite) == {audio}
    call.callee.says(486)


def test_the_caller_reads_the_name_of_its_own_side_in_contact_and_audio(call: Pair) -> None:
    call.answers()
    _, name, audio = NAMED[call.caller.side]
    accepted = call.caller.response(200)
    assert accepted.headers.get("Contact") == f"<sip:{name}>"
    assert audio_hosts(accepted) == {audio}
    call.caller.acks()
    call.ends()


def test_no_peer_ever_reads_what_our_sockets_are_bound_to(call: Pair) -> None:
    call.rings()
    call.callee.says(200, sdp=call.callee.sdp())
    call.caller.acks()
    call.caller.reinvites()
    call.caller.acks()
    call.callee.reinvites()
    call.callee.acks()
    call.caller.asks("OPTIONS")
    call.ends()
    for peer in (call.caller, call.callee):
        bound = BOUND[peer.side].encode()
        # what the peers wrote themselves, in the URIs that they call us by, comes back to them in To
        told = [
            line
            for _, message in peer.received
            for line in bytes(message).split(b"\r\n")
            if not line.startswith((b"To:", b"From:"))
        ]
        assert not [line for line in told if bound in line]


def test_media_is_bound_to_the_sockets_address_all_the_same(call: Pair) -> None:
    call.connects()
    [command] = call.media.open.values()
    assert command.local_hosts == (BOUND[call.caller.side], BOUND[call.callee.side])
    call.ends()


def test_requests_within_the_dialog_reach_us_by_that_name_and_ours_bear_it(call: Pair) -> None:
    call.connects()
    assert call.callee.line.target == f"sip:{NAMED[call.callee.side][1]}"
    call.callee.hangs_up()
    assert call.callee.heard() == ["200 BYE"]
    bye = call.caller.request("BYE")
    assert bye.top_via.sent_by == tuple_of(NAMED[call.caller.side][1])


def test_a_warning_and_an_options_answer_bear_it_too__rfc3261_20_43(call: Pair) -> None:
    name = NAMED[call.caller.side][1]
    call.caller.invites(sdp=call.caller.sdp("G722"))
    assert (call.caller.response(488).headers.get("Warning") or "").startswith(f"305 {name} ")
    call.caller.asks("OPTIONS")
    assert call.caller.response(200).headers.get("Contact") == f"<sip:{name}>"


def test_a_name_holds_for_its_listener_alone__rfc5922(make: Make) -> None:
    usual = settings(trunk(targets=(target(SBC, Transport.TLS, 5061),)))
    listen = (
        parse_listener(f"udp:{OUTSIDE}:5060"),
        parse_listener(f"tls:{OUTSIDE}:5061 as sbc.example.com audio 203.0.113.9"),
    )
    world = make(replace(usual, gateway=replace(usual.gateway, listen=listen)))
    front_end, sbc = (
        Peer(world, Side.FRONT_END, FRONT_END),
        Peer(world, Side.GATEWAY, SBC, transport=Transport.TLS),
    )
    sbc.flow = replace(sbc.flow, remote=(SBC, 5061))
    world.join(sbc)
    front_end.invites()
    invite = sbc.request("INVITE")
    assert invite.headers.get("Contact") == "<sip:sbc.example.com:5061;transport=tls>"
    assert invite.top_via.sent_by == ("sbc.example.com", 5061)
    assert audio_hosts(invite) == {"203.0.113.9"}
    sbc.says(486)
    other = Peer(world, Side.GATEWAY, SBC)
    other.asks("OPTIONS")
    assert other.response(200).headers.get("Contact") == f"<sip:{OUTSIDE}:5060>"


def tuple_of(text: str) -> tuple[str, int]:
    host, _, port = text.partition(":")
    return host, int(port)
