"""Rules of RFC 3261 that nobody misses until a network loses something: timers, ACKs, routes, and the way back."""

import pytest

from mediation.settings.peers import Side
from mediation.settings.server import Sip
from mediation.sip.flow import Transport
from mediation.sip.message import Request
from tests.flows.midcall import SIDES, sides
from tests.flows.pair import WAYS, Make, Pair
from tests.flows.peers import Peer
from tests.flows.scenery import FRONT_END, INSIDE, SBC, settings, trunk

DOUBLED = [0.0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
"""Timer A from T1 on, without a bound (section 17.1.1.2)."""
BOUNDED = [0.0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
"""Timers E and G from T1 to T2 (sections 17.1.2.2 and 17.2.1)."""


def since(times: list[float]) -> list[float]:
    """Counted from the first."""
    return [at - times[0] for at in times]


# timers


@SIDES
def test_an_invite_is_repeated_with_doubling_and_given_up_after_64_t1__rfc3261_17_1_1_2(
    call: Pair, by: str
) -> None:
    one, other = sides(call, by)
    one.reinvites(one.sdp(direction="sendonly", version=2))
    call.advance(100)
    times = other.times("INVITE")[1 if other is call.callee else 0 :]
    assert since(times) == DOUBLED
    assert other.times("BYE")[0] - times[0] == 32.0


@SIDES
@pytest.mark.parametrize("method", ["INFO", "BYE"])
def test_any_other_request_is_repeated_up_to_t2_and_given_up_after_64_t1__rfc3261_17_1_2_2(
    call: Pair, by: str, method: str
) -> None:
    one, other = sides(call, by)
    other.answers_bye = False
    if method == "BYE":
        one.hangs_up()
    else:
        one.asks(method, within=True)
    call.advance(31.9)
    assert since(other.times(method)) == BOUNDED
    call.advance(100)
    assert len(other.times(method)) == len(BOUNDED)


@SIDES
def test_a_provisional_response_slows_the_repetition_of_any_other_request_down__rfc3261_17_1_2_2(
    call: Pair, by: str
) -> None:
    one, other = sides(call, by)
    one.asks("INFO", within=True)
    call.advance(0.6)
    other.says(100, to="INFO")
    call.advance(10)
    assert since(other.times("INFO")) == [0.0, 0.5, 1.5, 5.5, 9.5]
    other.says(200, to="INFO")
    call.ends()


def test_a_failure_is_repeated_up_to_t2_until_its_ack__rfc3261_17_2_1(call: Pair) -> None:
    call.caller.acks_failures = False
    call.rings()
    call.callee.says(486)
    call.advance(100)
    assert since(call.caller.times("486")) == BOUNDED


def test_a_failure_is_repeated_no_more_behind_its_ack__rfc3261_17_2_1(call: Pair) -> None:
    call.rings()
    call.callee.says(486)
    call.advance(100)
    assert call.caller.heard() == ["486"]


def test_over_a_stream_neither_requests_nor_failures_are_repeated__rfc3261_17(make: Make) -> None:
    world = make(settings())
    front_end = Peer(world, Side.FRONT_END, FRONT_END, transport=Transport.TCP, connection=7)
    front_end.acks_failures = False
    call = Pair(world, front_end, Peer(world, Side.GATEWAY, SBC))
    call.dials()
    call.callee.says(486)
    call.advance(100)
    assert call.caller.heard() == ["486"]


def test_over_a_stream_a_2xx_is_repeated_all_the_same__rfc3261_13_3_1_4(make: Make) -> None:
    world = make(settings())
    front_end = Peer(world, Side.FRONT_END, FRONT_END, transport=Transport.TCP, connection=7)
    call = Pair(world, front_end, Peer(world, Side.GATEWAY, SBC))
    call.answers()
    call.advance(31.9)
    assert since(call.caller.times("200")) == BOUNDED
    call.caller.acks()
    call.ends()


@pytest.mark.parametrize("way", list(WAYS))
def test_all_of_them_follow_the_base_that_is_set__rfc3261_table_4(make: Make, way: str) -> None:
    call = WAYS[way](make(settings(sip=Sip(t1_ms=100, t2_ms=400))))
    call.answers()
    call.advance(6.3)
    assert since(call.caller.times("200"))[:6] == pytest.approx([0.0, 0.1, 0.3, 0.7, 1.1, 1.5])
    call.advance(0.2)
    assert call.caller.heard()[-1] == "BYE"
    assert call.record.cause.reason == "no-ack"


# ACK


def test_the_ack_to_a_failure_stays_on_its_hop_and_that_to_a_2xx_is_a_request_of_its_own__rfc3261_17_1_1_3(
    call: Pair,
) -> None:
    call.dials()
    call.callee.says(486)
    invite, ack = call.callee.request("INVITE"), call.callee.request("ACK")
    assert ack.top_via == invite.top_via
    assert ack.request_uri == invite.request_uri
    call.caller.heard(), call.callee.heard()
    call.connects()
    invite, ack = call.callee.request("INVITE"), call.callee.request("ACK")
    assert ack.top_via.branch != invite.top_via.branch
    assert ack.request_uri == call.callee.contact
    assert ack.cseq.number == invite.cseq.number
    call.ends()


@SIDES
def test_the_2xx_to_a_later_invite_of_ours_is_acked_each_time_it_comes__rfc3261_13_2_2_4(
    call: Pair, by: str
) -> None:
    one, other = sides(call, by)
    one.reinvites(one.sdp(direction="sendonly", version=2))
    other.says(200, sdp=other.sdp(direction="recvonly", version=2))
    ack = other.request("ACK")
    other.repeats()
    assert other.heard() == ["INVITE", "ACK", "ACK"]
    assert other.request("ACK") == ack
    assert one.heard() == ["100", "200"]
    one.acks()
    call.ends()


# what is asked within a dialog


@SIDES
@pytest.mark.parametrize("method", ["INVITE", "UPDATE", "INFO", "BYE", "REFER"])
def test_an_extension_that_we_lack_is_420_within_a_call_too__rfc3261_8_2_2_3(
    call: Pair, by: str, method: str
) -> None:
    one, other = sides(call, by)
    demand = "Require: magic\r\n"
    if method == "INVITE":
        one.reinvites(headers=demand)
    else:
        one.asks(
            method, within=True, headers=demand + ("Refer-To: <sip:1@10.1.1.10>\r\n" * (method == "REFER"))
        )
    assert one.heard() == ["420" if method == "INVITE" else f"420 {method}"]
    assert one.response(420).headers.get("Unsupported") == "magic"
    assert other.heard() == []
    call.ends()


@pytest.mark.parametrize("by", ["caller", "callee"])
def test_options_within_a_call_tell_what_it_takes_and_count__rfc3261_11_2_and_12_2_2(
    call: Pair, by: str
) -> None:
    one, other = sides(call, by)
    one.asks("OPTIONS", within=True)
    assert one.heard() == ["200 OPTIONS"]
    assert "UPDATE" in (one.response(200).headers.get("Allow") or "")
    assert one.response(200).headers.get("Accept")
    one.line.sequence -= 2
    one.asks("INFO", within=True)
    assert one.heard() == ["500 INFO"]
    assert other.heard() == []
    one.line.sequence += 2
    call.ends()


@SIDES
@pytest.mark.parametrize("method", ["INVITE", "UPDATE", "INFO", "BYE"])
def test_a_request_older_than_the_last_is_500_and_changes_nothing__rfc3261_12_2_2(
    call: Pair, by: str, method: str
) -> None:
    one, other = sides(call, by)
    for _ in range(2):
        one.updates()
    newest = one.line.sequence
    one.heard()
    one.line.sequence = newest - 2
    if method == "INVITE":
        one.reinvites(one.sdp(port=4900, version=2))
    elif method == "BYE":
        one.hangs_up()
    else:
        one.asks(method, within=True, body=one.sdp(port=4900, version=2) if method == "UPDATE" else b"")
    assert one.heard() == ["500" if method == "INVITE" else f"500 {method}"]
    assert other.heard() == []
    assert len(call.media.plans) == 1
    one.line.sequence = newest
    call.ends()


# routes


def routed(peer: Peer, *names: str, strict: bool = False) -> str:
    """Record-Route lines; every proxy of the names stands at the peer's own address, so that it hears what passes."""
    loose = "" if strict else ";lr"
    host = peer.flow.remote[0]
    return "".join(f"Record-Route: <sip:{name}@{host}:5060{loose}>\r\n" for name in names)


def users(request: Request) -> list[str]:
    """The proxies that a request is to visit, in order."""
    return [str(route.uri).partition(":")[2].partition("@")[0] for route in request.routes]


def test_routes_of_the_caller_are_kept_in_order_and_those_of_the_callee_are_turned__rfc3261_12_1(
    call: Pair,
) -> None:
    call.caller.invites(headers=routed(call.caller, "near", "far"))
    call.callee.says(200, sdp=call.callee.sdp(), headers=routed(call.callee, "far", "near"))
    assert users(call.callee.request("ACK")) == ["near", "far"]
    assert call.callee.request("ACK").request_uri == call.callee.contact
    told = [str(each.uri) for each in call.caller.response(200).record_routes]
    assert ["near" in told[0], "far" in told[1]] == [True, True], "as they came (section 12.1.1)"
    call.caller.acks()
    call.callee.hangs_up()
    assert users(call.caller.request("BYE")) == ["near", "far"]
    assert call.caller.request("BYE").request_uri == call.caller.contact


@SIDES
def test_a_strict_router_stands_in_the_uri_and_the_target_comes_last__rfc3261_12_2_1_1(
    call: Pair, by: str
) -> None:
    one, other = (call.caller, call.callee) if by == "caller" else (call.callee, call.caller)
    strict = routed(one, "strict", strict=True)
    call.caller.invites(headers=strict if by == "caller" else "")
    call.callee.says(200, sdp=call.callee.sdp(), headers=strict if by == "callee" else "")
    call.caller.acks()
    other.hangs_up()
    bye = one.request("BYE")
    assert bye.request_uri.startswith("sip:strict@")
    assert [str(route.uri) for route in bye.routes] == [one.contact]


@SIDES
def test_routes_stay_as_they_are_whatever_comes_later__rfc3261_12_2(call: Pair, by: str) -> None:
    """A target refresh changes the target and never the routes."""
    one, other = (call.caller, call.callee) if by == "caller" else (call.callee, call.caller)
    first = routed(one, "first")
    call.caller.invites(headers=first if by == "caller" else "")
    call.callee.says(200, sdp=call.callee.sdp(), headers=first if by == "callee" else "")
    call.caller.acks()
    moved = "sip:elsewhere@" + one.contact.partition("@")[2]
    one.moves_to(moved)
    one.reinvites(one.sdp(version=2), headers=routed(one, "second"))
    one.acks()
    other.hangs_up()
    bye = one.request("BYE")
    assert users(bye) == ["first"]
    assert bye.request_uri == moved


# the way back


@pytest.mark.parametrize(
    ("via", "goes_to", "says"),
    [
        (f"{FRONT_END}:5060", (FRONT_END, 5060), ""),
        (f"{FRONT_END}", (FRONT_END, 5060), ""),
        (f"{FRONT_END}:5080", (FRONT_END, 5080), ""),
        ("phone.example:5070", (FRONT_END, 5070), f"received={FRONT_END}"),
        ("10.9.9.9:5070;rport", (FRONT_END, 5060), "rport=5060"),
        (f"{FRONT_END}:5080;rport", (FRONT_END, 5060), f"received={FRONT_END}"),
        (f"{FRONT_END};maddr=10.9.9.9", (FRONT_END, 5060), ""),
        ("[2001:db8::7]:5090", (FRONT_END, 5090), f"received={FRONT_END}"),
    ],
)
def test_a_response_goes_where_via_and_the_source_say__rfc3261_18_2_2(
    make: Make, via: str, goes_to: tuple[str, int], says: str
) -> None:
    """`maddr` is not honoured: whoever may write it could aim our answers at others."""
    world = make(settings())
    peer = Peer(world, Side.FRONT_END, FRONT_END)
    host, _, parameters = via.partition(";")
    parameters = f";{parameters}" if parameters else ""
    peer.sends([
        f"OPTIONS sip:{INSIDE} SIP/2.0",
        f"Via: SIP/2.0/UDP {host};branch=z9hG4bK-way-back{parameters}",
        f"From: <sip:ping@{FRONT_END}>;tag=1", f"To: <sip:{INSIDE}>", "Call-ID: way-back", "CSeq: 1 OPTIONS",
        "Max-Forwards: 70",
    ])  # fmt: skip
    if goes_to == (FRONT_END, 5060):
        assert peer.heard() == ["200 OPTIONS"]
        assert says in (peer.response(200).headers.get("Via") or "")
    else:
        (sent,) = world.astray
        assert sent.flow.remote == goes_to
        assert says.encode() in sent.octets


def test_an_answer_over_a_stream_takes_the_connection_of_its_request_whatever_its_via_says__rfc3261_18_2_2(
    make: Make,
) -> None:
    world = make(settings(trunk()))
    peer = Peer(world, Side.FRONT_END, FRONT_END, transport=Transport.TCP, connection=7)
    peer.sends([
        f"OPTIONS sip:{INSIDE} SIP/2.0",
        "Via: SIP/2.0/TCP 10.9.9.9:5099;branch=z9hG4bK-stream",
        f"From: <sip:ping@{FRONT_END}>;tag=1", f"To: <sip:{INSIDE}>", "Call-ID: stream", "CSeq: 1 OPTIONS",
        "Max-Forwards: 70",
    ])  # fmt: skip
    assert peer.heard() == ["200 OPTIONS"]
