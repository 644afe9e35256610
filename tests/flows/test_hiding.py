"""Two rich products talk through the server, and no word of the one is heard by the other that policy does not name.

RFC 3323 section 5.1 wants it for privacy, and every carrier for its own sake.
"""

from dataclasses import replace

import pytest

from mediation.settings.identity import FromPolicy, History, SendIdentity, TrunkIdentity
from mediation.settings.peers import Side
from tests.flows.hiding import Hiding
from tests.flows.pair import WAYS, Make, Pair
from tests.flows.peers import CALLED, Peer
from tests.flows.scenery import settings, trunk

TIGHT = TrunkIdentity()
WIDE = TrunkIdentity(reveal=True, send=SendIdentity.BOTH, history=History.BOTH, from_=FromPolicy.PAI,
                     accept_peer_pai_on_forward=True)  # fmt: skip
WORDS = {Side.FRONT_END: "inner", Side.GATEWAY: "outer"}
"""With what every word begins that a product of that side has for itself."""
PORTS = {Side.FRONT_END: 1, Side.GATEWAY: 2}
"""With what its ports begin."""


def rich(side: Side, number: str) -> str:
    """All the headers that products of the trade are seen to send, each with words of that side."""
    w, p = WORDS[side], PORTS[side]
    lines = [
        f"Via: SIP/2.0/TLS {w}-proxy.corp.example:{p}5071;branch=z9hG4bK{w}branch;received=172.16.{p}.7",
        f"Via: SIP/2.0/TCP {w}-pool.corp.example;branch=z9hG4bK{w}second;ms-received-port={p}5031",
        f"Organization: {w}-works GmbH",
        f"Server: {w}-server/7.0.1 ({w}-build)",
        f"Warning: 399 {w}-host.corp.example \"{w}-warning\"",
        f"Reply-To: <sip:{w}-desk@{w}-mail.corp.example>",
        f"In-Reply-To: {w}-earlier@{w}-host.corp.example",
        f"P-Asserted-Identity: \"Named\" <sip:{number}@{w}-registrar.corp.example:{p}5072;user=phone;x={w}-tgrp>",
        f"P-Asserted-Identity: <tel:{number};tgrp={w}-group;trunk-context={w}-context.corp.example;cpc=ordinary>",
        f"P-Preferred-Identity: <sip:{number}@{w}-registrar.corp.example>",
        f"Remote-Party-ID: \"Named\" <sip:{number}@{w}-rpid.corp.example>;party=calling;x={w}-rpid-parameter",
        f"Diversion: <sip:+4989111@{w}-diverted.corp.example;gr={w}-gruu>;reason=user-busy;x={w}-reason",
        f"History-Info: <sip:+4989111@{w}-history.corp.example;gr={w}-gruu?X-Own={w}-own>;index=1",
        f"History-Info: <sip:+4989112@{w}-target.corp.example;cause=302>;index=1.1;mp=1;x={w}-entry",
        f"Referred-By: <sip:+4989113@{w}-referrer.corp.example>;cid=\"{w}-cid@{w}-host.corp.example\"",
        f"P-Access-Network-Info: IEEE-802.11;i-wlan-node-id={w}-node",
        f"P-Visited-Network-ID: \"{w}-network\"",
        f"P-Charging-Function-Addresses: ccf={w}-ccf.corp.example",
        f"Geolocation: <https://{w}-lis.corp.example/{w}-location>",
        f"Accept-Contact: *;+sip.instance=\"<urn:uuid:{w}-instance>\"",
        f"Error-Info: <sip:{w}-announcement@{w}-media.corp.example>",
        f"Date: Sat, 13 Nov 2010 23:29:00 {w}-zone",
        f"Ms-Conversation-ID: {w}-conversation",
        f"X-MS-Correlation: {w}-correlation",
        f"Endpoint-View: {w}-endpoint",
        f"Proxy-Authorization: Digest username=\"{w}-user\", realm=\"{w}-realm\", nonce=\"{w}-nonce\"",
        f"Allow: INVITE, ACK, BYE, CANCEL, {w}-method",
        f"Supported: {w}-option-tag, timer, 100rel",
        f"Accept-Language: {w}-language",
        f"Reason: Q.850;cause=16;text=\"{w}-reason-text\";location={w}-place, SIP;cause=200;text=\"{w}-words\"",
    ]  # fmt: skip
    if side is Side.FRONT_END:  # of the other side's, policy names these
        lines += [
            f"Call-Info: <http://{w}-pictures.corp.example/{w}-face.png>;purpose=icon",
            f"Alert-Info: <http://{w}-rings.corp.example/{w}-ring.wav>",
        ]
    return "".join(f"{line}\r\n" for line in lines)


def route(side: Side) -> str:
    return f"Record-Route: <sip:{WORDS[side]}-edge.corp.example:{PORTS[side]}5073;lr;ftag={WORDS[side]}-ftag>\r\n"


def described(peer: Peer, version: int = 1) -> bytes:
    """A description as media servers write it."""
    w = WORDS[peer.side]
    attributes = [
        f"ice-ufrag:{w}-ufrag", f"ice-pwd:{w}-password", f"x-{w}-attribute:{w}-value", f"label:{w}-label",
        f"candidate:1 1 UDP 2130706431 172.16.{PORTS[peer.side]}.9 55123 typ host", f"cname:{w}-cname",
    ]  # fmt: skip
    lines = "".join(f"a={attribute}\r\n" for attribute in attributes)
    port = 41000 if peer.side is Side.FRONT_END else 42000
    plain = peer.sdp(port=port, version=version, lines=lines)
    return plain.replace(b"o=- ", f"o={w}-media-server ".encode()).replace(b"s=-", f"s={w}-session".encode())


def said_by(peer: Peer) -> str:
    return rich(peer.side, "+15550100")


@pytest.fixture(params=[TIGHT, WIDE], ids=["tight", "wide"])
def identity(request: pytest.FixtureRequest) -> TrunkIdentity:
    found = request.param
    assert isinstance(found, TrunkIdentity)
    return found


@pytest.fixture(params=list(WAYS))
def rich_call(request: pytest.FixtureRequest, make: Make, identity: TrunkIdentity) -> Pair:
    """Two products that say all they have, with a policy that names little or much."""
    world = make(settings(replace(trunk(), identity=identity)))
    call = WAYS[request.param](world)
    for peer in (call.caller, call.callee):
        peer.moves_to(
            f"sip:{WORDS[peer.side]}-contact@{peer.flow.remote[0]}:{PORTS[peer.side]}5074;x-line={WORDS[peer.side]}-line"
        )
    return call


def dialled(call: Pair) -> None:
    caller, w = call.caller, WORDS[call.caller.side]
    group = f";tgrp={w}-group;trunk-context={w}-context.corp.example;phone-context={w}-phone.example"
    caller.invites(
        uri=f"sip:{CALLED}{group}@{caller.flow.local[0]}:5060",
        from_=f'"Caller" <sip:+15550100{group}@{w}-from.corp.example;x={w}-from-parameter>',
        headers=said_by(caller) + route(caller.side),
        sdp=described(caller),
    )
    call.callee.says(100, headers=said_by(call.callee))


def assert_hidden(call: Pair) -> None:
    """The judge is content, and would not be if any single word had come through."""
    hiding = call.world.hiding
    hiding.check()
    for side, other in ((Side.FRONT_END, Side.GATEWAY), (Side.GATEWAY, Side.FRONT_END)):
        for octets in hiding._told[side]:
            assert WORDS[other].encode() not in octets
        assert any(WORDS[side].encode() in octets for octets in hiding._heard[side])


def test_a_call_with_early_media_and_changes_tells_no_side_of_the_other(rich_call: Pair) -> None:
    call = rich_call
    dialled(call)
    call.callee.says(183, sdp=described(call.callee), headers=said_by(call.callee) + route(call.callee.side))
    call.callee.says(180, headers=said_by(call.callee) + route(call.callee.side))
    call.callee.says(200, sdp=described(call.callee), headers=said_by(call.callee) + route(call.callee.side))
    call.caller.acks()
    call.caller.reinvites(described(call.caller, 2), headers=said_by(call.caller))
    call.caller.acks()
    call.callee.reinvites(described(call.callee, 2), headers=said_by(call.callee))
    call.callee.acks()
    call.caller.asks("OPTIONS", within=True, headers=said_by(call.caller))
    call.callee.hangs_up(headers=said_by(call.callee))
    assert call.caller.heard()[-1] == "BYE"
    assert_hidden(call)


@pytest.mark.parametrize("status", [302, 404, 486, 500, 503, 603])
def test_a_failure_tells_no_side_of_the_other(rich_call: Pair, status: int) -> None:
    dialled(rich_call)
    rich_call.callee.says(status, headers=said_by(rich_call.callee))
    assert rich_call.caller.heard()[-1] == ("480" if status == 302 else str(status))
    assert_hidden(rich_call)


def test_a_call_that_is_taken_back_tells_no_side_of_the_other(rich_call: Pair) -> None:
    dialled(rich_call)
    rich_call.callee.says(180, headers=said_by(rich_call.callee))
    rich_call.caller.cancels(headers=said_by(rich_call.caller))
    assert rich_call.callee.heard()[-1] == "CANCEL"
    rich_call.callee.says(200, to="CANCEL", headers=said_by(rich_call.callee))
    rich_call.callee.says(487, headers=said_by(rich_call.callee))
    assert_hidden(rich_call)


@pytest.mark.parametrize("header", ["X-Own: {}", "Contact: <sip:us:5060;x={}>", "Warning: 399 us \"{}\"",
                                    "X-Within: a{}b", "P-Asserted-Identity: <sip:+1@{}>"])  # fmt: skip
@pytest.mark.parametrize(
    "word", ["inner-proxy.corp.example", "inner-gruu", "inner-works", "fe-20-product", "fe-20-call-1",
             "fe-20-from-1", "172.16.1.9", "15071", "41000", "inner-method", "inner-ufrag", "inner-face.png"],
)  # fmt: skip
def test_the_judge_finds_every_word_wherever_it_comes_through(make: Make, header: str, word: str) -> None:
    world = make(settings())
    call = WAYS["outbound"](world)
    dialled(call)
    call.callee.says(486)
    judge = world.hiding
    assert judge.leaks(Side.GATEWAY) == {}
    copy = Hiding(judge.product, _heard=judge._heard, _told={**judge._told})
    leak = bytes(call.callee.request("INVITE")).replace(
        b"\r\n\r\n", f"\r\n{header.format(word)}\r\n\r\n".encode(), 1
    )
    copy._told[Side.GATEWAY] = [leak]
    if header.startswith("X-Within") and word.isdigit():
        return  # a number inside of a longer word is there by chance
    assert word in copy.leaks(Side.GATEWAY)[leak]


@pytest.mark.parametrize(
    "altered", [b"<place>inner-street 7a</place>", b"a place in the inner-street, in other words"]
)
def test_the_judge_lets_a_part_cross_only_as_the_other_side_has_said_it(make: Make, altered: bytes) -> None:
    call = WAYS["outbound"](make(settings()))
    place = b"<place>inner-street 7</place>"
    headers = "Priority: emergency\r\nContent-Type: application/pidf+xml\r\n"
    call.caller.invites(sdp=place, headers=headers)
    call.callee.says(486)
    judge = call.world.hiding
    assert place in call.callee.request("INVITE").body
    assert judge.leaks(Side.GATEWAY) == {}
    leak = bytes(call.callee.request("INVITE")).replace(place, altered)
    copy = Hiding(judge.product, _heard=judge._heard, _told={**judge._told, Side.GATEWAY: [leak]})
    assert "inner-street" in copy.leaks(Side.GATEWAY)[leak]
