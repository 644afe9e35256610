"""Messages outside of calls, relayed by their number (RFC 3428)."""

from dataclasses import replace
from typing import Any

import pytest

from mediation.settings.identity import TrunkIdentity
from mediation.settings.kept import Secret
from mediation.settings.peer_terms import Bodies, Location, MidCall
from mediation.settings.peers import LargeRequests, Side
from mediation.settings.routes import Route
from mediation.sip.flow import Transport
from tests.flows.pair import Make, Pair, inbound, outbound
from tests.flows.peers import CALLED, Peer
from tests.flows.scenery import FRONT_END, OTHER_SBC, SBC, settings, target, trunk
from tests.flows.world import World

TEXT = "Content-Type: text/plain;charset=utf-8\r\n"
HELLO = "Grüß Gott".encode()


def pages(
    peer: Peer, body: bytes = HELLO, headers: str = TEXT, *, called: str = CALLED, hops: int = 70
) -> None:
    peer.asks(
        "MESSAGE",
        uri=f"sip:{called}@{peer.flow.local[0]}:5060",
        headers=headers,
        body=body,
        max_forwards=hops,
    )


def test_a_message_goes_to_the_other_side_by_its_number_and_its_answer_back__rfc3428_4(call: Pair) -> None:
    pages(
        call.caller,
        headers=f"{TEXT}Expires: 60\r\nReply-To: <sip:me@{call.caller.flow.remote[0]}>\r\n",
        hops=9,
    )
    assert call.caller.heard() == []
    assert call.callee.heard() == ["MESSAGE"]
    message = call.callee.request("MESSAGE")
    host = call.callee.flow.remote[0]
    assert message.request_uri == f"sip:{CALLED}@{host}:5060"
    assert message.headers.get("To") == f"<sip:{CALLED}@{host}:5060>"
    sender = (message.headers.get("From") or "").partition(";tag=")[0]
    assert sender == f"<sip:ping@{call.callee.flow.local[0]}:5060>"
    assert (message.body, message.headers.get("Content-Type")) == (HELLO, "text/plain;charset=utf-8")
    assert (message.max_forwards, message.expires) == (8, 60)
    assert not message.headers.has("Reply-To")
    call.callee.says(202, to="MESSAGE")
    assert call.caller.heard() == ["202 MESSAGE"]
    assert call.world.records == []
    assert [fact.name for fact in call.world.facts] == ["message.relayed"]


def test_a_message_names_no_contact__rfc3428_4(call: Pair) -> None:
    pages(call.caller)
    assert not call.callee.request("MESSAGE").headers.has("Contact")
    call.callee.says(200, to="MESSAGE", headers="Contact: <sip:x>\r\n")
    assert not call.caller.response(200).headers.has("Contact")
    assert call.caller.response(200).body == b""


def test_a_message_that_is_repeated_is_relayed_once_and_answered_again__rfc3261_17_2_2(call: Pair) -> None:
    pages(call.caller)
    call.caller.repeats()
    call.callee.says(200, to="MESSAGE")
    assert call.callee.heard() == ["MESSAGE"]
    assert call.caller.heard() == ["200 MESSAGE"]
    call.caller.repeats()
    assert call.caller.heard() == ["200 MESSAGE"]
    assert call.callee.heard() == []


@pytest.mark.parametrize(
    ("status", "told"), [(404, 404), (302, 480), (486, 486), (401, 403), (408, 504), (603, 603)]
)
def test_a_refusal_is_told_as_that_of_a_call_would_be__rfc3428_6(call: Pair, status: int, told: int) -> None:
    pages(call.caller)
    call.callee.says(status, to="MESSAGE")
    assert call.caller.heard() == [f"{told} MESSAGE"]
    assert [fact.name for fact in call.world.facts] == ["message.refused"]


@pytest.mark.parametrize(
    ("accept", "told"), [("Accept: text/html\r\nAccept: a/b\r\n", "text/html, a/b"), ("", "text/plain")]
)
def test_a_refusal_of_its_kind_says_what_would_be_taken__rfc3261_21_4_13(
    call: Pair, accept: str, told: str
) -> None:
    pages(call.caller)
    call.callee.says(415, to="MESSAGE", headers=accept)
    assert call.caller.heard() == ["415 MESSAGE"]
    assert call.caller.response(415).headers.get("Accept") == told


def test_a_party_that_takes_no_messages_is_405_with_allow__rfc3261_21_4_6(call: Pair) -> None:
    pages(call.caller)
    call.callee.says(405, to="MESSAGE", headers="Allow: INVITE\r\n")
    assert call.caller.heard() == ["405 MESSAGE"]
    allow = (call.caller.response(405).headers.get("Allow") or "").split(", ")
    assert "OPTIONS" in allow
    assert "MESSAGE" not in allow


def test_who_sends_it_is_told_by_the_rules_of_calls__rfc3325_5(make: Make) -> None:
    call = outbound(make(settings(trunk(identity=TrunkIdentity()))))
    asserted = f"P-Asserted-Identity: <sip:+15550100@{FRONT_END}>\r\nPrivacy: id\r\n"
    pages(call.caller, headers=TEXT + asserted)
    message = call.callee.request("MESSAGE")
    assert (message.headers.get("From") or "").startswith('"Anonymous" <sip:anonymous@anonymous.invalid>')
    assert not message.headers.has("P-Asserted-Identity")
    assert message.headers.get("Privacy") == "id"
    call.callee.says(200, to="MESSAGE")


def two(make: Make, **terms: Any) -> tuple[World, Peer, Peer, Peer]:
    both = trunk("itsp-a", SBC, OTHER_SBC, **terms)
    world = make(settings(both))
    front_end = Peer(world, Side.FRONT_END, FRONT_END)
    return world, front_end, Peer(world, Side.GATEWAY, SBC), Peer(world, Side.GATEWAY, OTHER_SBC)


@pytest.mark.parametrize("status", [500, 503])
def test_a_target_that_refuses_for_itself_is_left_for_the_next__rfc3263_4_3(make: Make, status: int) -> None:
    _, front_end, first, second = two(make)
    pages(front_end)
    first.says(status, to="MESSAGE")
    assert second.heard() == ["MESSAGE"]
    second.says(200, to="MESSAGE")
    assert front_end.heard() == ["200 MESSAGE"]


def test_a_target_that_cannot_be_reached_is_left_at_once__rfc3261_8_1_3_1(make: Make) -> None:
    _, front_end, first, second = two(make)
    first.dead = second.dead = True
    pages(front_end)
    assert front_end.heard() == ["503 MESSAGE"]
    assert front_end.response(503).retry_after


def test_a_target_that_says_nothing_is_left_in_time_and_its_late_word_is_dropped(make: Make) -> None:
    world, front_end, first, second = two(make)
    pages(front_end)
    world.advance(10)
    assert second.heard() == ["MESSAGE"]
    first.says(200, to="MESSAGE")
    assert front_end.heard() == []
    second.says(200, to="MESSAGE")
    assert front_end.heard() == ["200 MESSAGE"]


def test_where_nobody_answers_it_is_504_before_the_sender_gives_up_and_never_408__rfc4320_4_2(
    make: Make,
) -> None:
    world, front_end, first, second = two(make)
    pages(front_end)
    world.advance(27.9)
    assert front_end.heard() == []
    world.advance(0.2)
    assert front_end.heard() == ["504 MESSAGE"]
    first.says(200, to="MESSAGE")
    second.says(200, to="MESSAGE")
    assert front_end.heard() == []


def test_a_last_word_wins_over_silence(make: Make) -> None:
    world, front_end, first, second = two(make, failover_codes=())
    pages(front_end)
    world.advance(10)
    second.says(503, to="MESSAGE")
    assert front_end.heard() == ["503 MESSAGE"]
    assert first.heard()[0] == "MESSAGE"


# who may not


def test_a_number_that_leads_nowhere_is_404__rfc3261_21_4_5(make: Make) -> None:
    call = outbound(make(settings(trunk(), routes=(Route(match=r"^\+1", trunks=("itsp-a",)),))))
    pages(call.caller)
    call.caller.asks("MESSAGE", headers=TEXT, body=HELLO)
    assert call.caller.heard() == ["404 MESSAGE", "404 MESSAGE"]


OFF = MidCall(info=False)


def test_a_peer_that_may_send_none_hears_405_with_allow__rfc3261_21_4_6(make: Make) -> None:
    call = inbound(make(settings(trunk(mid_call=OFF))))
    pages(call.caller)
    assert call.caller.heard() == ["405 MESSAGE"]
    assert "MESSAGE" not in (call.caller.response(405).headers.get("Allow") or "MESSAGE")


def test_for_a_peer_that_shall_get_none_it_is_405_with_allow__rfc3261_21_4_6(make: Make) -> None:
    call = outbound(make(settings(trunk(mid_call=OFF))))
    pages(call.caller)
    assert call.caller.heard() == ["405 MESSAGE"]
    allow = (call.caller.response(405).headers.get("Allow") or "MESSAGE").split(", ")
    assert "INVITE" in allow
    assert "MESSAGE" not in allow
    assert call.callee.heard() == []


def test_a_source_that_may_not_call_may_not_page__rfc3261_21_4_4(make: Make) -> None:
    call = inbound(make(settings(trunk(trusted=()))))
    pages(call.caller)
    assert call.caller.heard() == ["403 MESSAGE"]


def test_a_trunk_that_must_prove_itself_is_challenged__rfc3428_11_2(make: Make) -> None:
    guarded = replace(trunk(), username="u", password=Secret("env:X", "p"), authenticate=True)
    call = inbound(make(settings(guarded)))
    pages(call.caller)
    assert call.caller.heard() == ["401 MESSAGE"]
    assert (call.caller.response(401).headers.get("WWW-Authenticate") or "").startswith("Digest ")
    assert call.callee.heard() == []


def test_a_challenge_of_the_itsp_is_answered__rfc3261_22_2(make: Make) -> None:
    call = outbound(make(settings(replace(trunk(), username="u", password=Secret("env:X", "p")))))
    pages(call.caller)
    asked = 'WWW-Authenticate: Digest realm="itsp", nonce="once", algorithm=SHA-256, qop="auth"\r\n'
    call.callee.says(401, to="MESSAGE", headers=asked)
    assert call.callee.heard() == ["MESSAGE", "MESSAGE"]
    again = call.callee.request("MESSAGE")
    assert "Digest username=" in (again.headers.get("Authorization") or "")
    assert again.body == HELLO
    call.callee.says(200, to="MESSAGE")
    assert call.caller.heard() == ["200 MESSAGE"]


def test_no_hops_left_is_483__rfc3261_16_3(call: Pair) -> None:
    pages(call.caller, hops=0)
    assert call.caller.heard() == ["483 MESSAGE"]


def test_a_message_that_comes_back_is_482__rfc3261_16_3(call: Pair) -> None:
    pages(call.caller)
    ours, callee = call.callee.request("MESSAGE"), call.callee
    lines = [f"MESSAGE sip:{CALLED}@{callee.flow.local[0]} SIP/2.0"]
    lines += [f"Via: SIP/2.0/UDP {callee.flow.remote[0]}:5060;branch=z9hG4bK-back"]
    lines += [f"Via: {value}" for value in ours.headers.get_all("Via")]
    lines += [f"{name}: {ours.headers.get(name)}" for name in ("From", "To", "Call-ID", "CSeq")]
    callee.sends(lines, headers=TEXT, body=HELLO)
    assert callee.heard() == ["MESSAGE", "482 MESSAGE"]
    callee.line = callee.lines[0]
    callee.says(482, to="MESSAGE")
    assert call.caller.heard() == ["482 MESSAGE"]


def test_a_server_that_stops_relays_none__rfc3261_21_5_4(call: Pair) -> None:
    call.world.stop()
    pages(call.caller)
    assert call.caller.heard() == ["503 MESSAGE"]
    assert call.callee.heard() == []


def test_one_for_a_dialog_that_is_none_is_481__rfc3261_12_2_2(call: Pair) -> None:
    call.connects()
    call.caller.hangs_up()
    call.caller.heard(), call.callee.heard()
    call.caller.asks("MESSAGE", within=True, headers=TEXT, body=HELLO)
    assert call.caller.heard() == ["481 MESSAGE"]
    assert call.callee.heard() == []


@pytest.mark.parametrize(
    ("kind", "bodies", "passes"),
    [
        ("application/isup", Bodies(), False),
        ("application/isup", Bodies(isup=True), True),
        ("application/pidf+xml", Bodies(), False),
        ("application/pidf+xml", Bodies(location=Location.KEEP), True),
    ],
)
def test_what_does_not_cross_in_calls_does_not_in_messages__rfc5621_8(
    make: Make, kind: str, bodies: Bodies, passes: bool
) -> None:
    call = outbound(make(settings(trunk(bodies=bodies), bodies=bodies)))
    pages(call.caller, b"fe-octets", f"Content-Type: {kind}\r\n")
    if passes:
        assert call.callee.request("MESSAGE").body == b"fe-octets"
        call.callee.says(200, to="MESSAGE")
    else:
        assert call.caller.heard() == ["415 MESSAGE"]
        assert call.caller.response(415).headers.has("Accept")


# the 1300-octet rule


LARGE = b"x" * 1300


def test_a_large_one_goes_by_tcp__rfc3428_8(make: Make) -> None:
    world = make(settings())
    front_end = Peer(world, Side.FRONT_END, FRONT_END)
    datagrams = Peer(world, Side.GATEWAY, SBC)
    stream = Peer(world, Side.GATEWAY, SBC, transport=Transport.TCP)
    pages(front_end, LARGE)
    assert (datagrams.heard(), stream.heard()) == ([], ["MESSAGE"])
    stream.says(200, to="MESSAGE")
    assert front_end.heard() == ["200 MESSAGE"]


def test_a_large_one_that_no_stream_takes_is_no_datagram__rfc3428_8(make: Make) -> None:
    world = make(settings())
    front_end = Peer(world, Side.FRONT_END, FRONT_END)
    datagrams = Peer(world, Side.GATEWAY, SBC)
    stream = Peer(world, Side.GATEWAY, SBC, transport=Transport.TCP)
    stream.dead = True
    pages(front_end, LARGE)
    assert datagrams.heard() == []
    assert front_end.heard() == ["503 MESSAGE"]


def test_a_large_one_for_a_target_of_datagrams_alone_is_513__rfc3428_8(make: Make) -> None:
    _, front_end, first, second = two(make, large_requests=LargeRequests.UDP)
    pages(front_end, LARGE)
    assert front_end.heard() == ["513 MESSAGE"]
    assert (first.heard(), second.heard()) == ([], [])


def test_a_large_one_goes_to_the_first_target_that_may_have_it__rfc3428_8(make: Make) -> None:
    small = trunk("itsp-a", SBC, large_requests=LargeRequests.UDP)
    large = trunk("itsp-b", targets=(target(OTHER_SBC, Transport.TCP),))
    world = make(settings(small, large))
    front_end = Peer(world, Side.FRONT_END, FRONT_END)
    first = Peer(world, Side.GATEWAY, SBC)
    second = Peer(world, Side.GATEWAY, OTHER_SBC, transport=Transport.TCP)
    pages(front_end, LARGE)
    assert (first.heard(), second.heard()) == ([], ["MESSAGE"])
    second.says(200, to="MESSAGE")
