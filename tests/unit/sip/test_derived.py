"""Messages that follow from another by rule (RFC 3261 sections 8.2.6, 9.1, 17.1.1.3 and 18.2)."""

import pytest

from mediation.sip.derived import ack_to_failure, cancel, reason_phrase, reply, response_flow, stamp_source
from mediation.sip.headers import Headers
from mediation.sip.ids import MAGIC_COOKIE, IdSource
from mediation.sip.message import Request, Response
from tests.unit.sip.bench import TCP, THEM, UDP, message, parse


def request(method: str = "INVITE", *, via: str = "", to_tag: str = "", extra: str = "") -> Request:
    text = message(
        f"{method} sip:us@192.0.2.1 SIP/2.0", method, "z9hG4bK-1", via=via, to_tag=to_tag, extra=extra
    )
    parsed = parse(text)
    assert isinstance(parsed, Request)
    return parsed


def test_a_reply_echoes_what_must_be_echoed_octet_for_octet__rfc3261_8_2_6_2() -> None:
    asked = request(
        extra='Via: SIP/2.0/UDP far.example;branch=z9hG4bK-0 ; x = "y"\r\nRecord-Route: <sip:p;lr>\r\n'
    )
    response = reply(asked, 486)
    for name in ("Via", "From", "To", "Call-ID", "CSeq"):
        assert response.headers.get_all(name) == asked.headers.get_all(name)
    assert not response.headers.has("Record-Route")
    assert (response.status, response.reason) == (486, "Busy Here")


def test_a_tag_is_added_where_there_is_none_and_only_there__rfc3261_8_2_6_2() -> None:
    assert reply(request(), 200, to_tag="ours").to.tag == "ours"
    assert reply(request(to_tag="theirs"), 200, to_tag="ours").to.tag == "theirs"
    assert reply(request(), 100).to.tag is None


@pytest.mark.parametrize("to", ["sip:b@x", "<sip:b@x>", '"B" <sip:b@x>', "<sip:b@x?a=b>", "<sip:b@x>;x=y"])
def test_a_tag_is_added_to_an_address_in_any_form(to: str) -> None:
    asked = request()
    asked = asked.replace(headers=asked.headers.with_("To", to))
    assert reply(asked, 200, to_tag="ours").to.tag == "ours"


def test_a_to_that_nobody_can_read_is_echoed_as_it_came() -> None:
    asked = request().replace(headers=request().headers.with_("To", "<<broken"))
    assert reply(asked, 400, to_tag="ours").headers.get("To") == "<<broken"


def test_a_100_gives_the_timestamp_back__rfc3261_8_2_6_1() -> None:
    asked = request(extra="Timestamp: 54\r\n")
    assert reply(asked, 100).headers.get("Timestamp") == "54"
    assert not reply(asked, 180).headers.has("Timestamp")


@pytest.mark.parametrize(
    ("status", "phrase"), [(200, "OK"), (299, "OK"), (499, "Bad Request"), (699, "Busy Everywhere")]
)
def test_an_unknown_status_has_the_phrase_of_its_class__rfc3261_8_1_3_2(status: int, phrase: str) -> None:
    assert reason_phrase(status) == phrase


def test_a_cancel_is_the_invites_twin__rfc3261_9_1() -> None:
    invite = request(extra="Route: <sip:p1;lr>\r\nRoute: <sip:p2;lr>\r\nRequire: x\r\nContent-Type: a/b\r\n")
    twin = cancel(invite, (("Reason", "Q.850;cause=16"),))
    assert (twin.method, twin.request_uri, str(twin.cseq)) == ("CANCEL", invite.request_uri, "1 CANCEL")
    assert twin.vias == (invite.top_via,)
    assert twin.routes == invite.routes
    assert (twin.from_, twin.to, twin.call_id) == (invite.from_, invite.to, invite.call_id)
    assert twin.headers.get("Reason") == "Q.850;cause=16"
    assert not twin.headers.has("Require")
    assert not twin.headers.has("Content-Type")
    parse(bytes(twin))


def test_an_ack_to_a_failure_takes_the_to_of_the_response__rfc3261_17_1_1_3() -> None:
    invite = request(extra="Route: <sip:p1;lr>\r\n")
    response = reply(invite, 486, to_tag="theirs")
    ack = ack_to_failure(invite, response)
    assert (ack.method, ack.to.tag, str(ack.cseq)) == ("ACK", "theirs", "1 ACK")
    assert ack.vias == (invite.top_via,)
    assert ack.routes == invite.routes


def test_received_says_where_a_request_really_came_from__rfc3261_18_2_1() -> None:
    named = stamp_source(request(via="SIP/2.0/UDP host.example;branch=z9hG4bK-1"), THEM)
    assert named.top_via.received == THEM[0]
    honest = request()
    assert stamp_source(honest, THEM) is honest


def test_rport_is_filled_with_the_source_port__rfc3581_4() -> None:
    stamped = stamp_source(
        request(via="SIP/2.0/UDP 192.0.2.9:5060;rport;branch=z9hG4bK-1"), ("192.0.2.9", 33000)
    )
    assert (stamped.top_via.rport, stamped.top_via.received) == (33000, "192.0.2.9")
    assert stamped.top_via.branch == "z9hG4bK-1"


def test_only_the_topmost_via_is_stamped_wherever_the_others_stand() -> None:
    asked = request(via="SIP/2.0/UDP a;branch=z9hG4bK-1, SIP/2.0/UDP b;branch=z9hG4bK-2")
    asked = asked.replace(headers=asked.headers.append("v", "SIP/2.0/UDP c;branch=z9hG4bK-3"))
    top, *rest = stamp_source(asked, THEM).vias
    assert top.received == THEM[0]
    assert [via.received for via in rest] == [None, None]
    assert [via.host for via in rest] == ["b", "c"]


def test_a_stamp_is_octets_that_read_again_over_ipv6_too__rfc5118_4_5() -> None:
    stamped = stamp_source(request(via="SIP/2.0/UDP host;rport;branch=z9hG4bK-1"), ("2001:db8::9", 5060))
    again = parse(bytes(stamped))
    assert again.top_via.received == "2001:db8::9"


def test_answers_over_a_stream_keep_the_connection_and_know_the_listening_port__rfc3261_18_2_2() -> None:
    flow = response_flow(request(via="SIP/2.0/TCP 192.0.2.9:5090;branch=z9hG4bK-1;rport"), TCP)
    assert (flow.connection, flow.remote) == (7, ("192.0.2.9", 5090))
    assert response_flow(request(), UDP) == UDP


def test_ids_are_unique_and_tell_nothing_of_the_host__rfc3261_8_1_1_7() -> None:
    numbers = iter(range(1, 100))
    ids = IdSource(lambda octets: f"{next(numbers):0{2 * octets}x}")
    branches = {ids.branch() for _ in range(10)}
    assert len(branches) == 10
    assert all(branch.startswith(MAGIC_COOKIE) for branch in branches)
    assert "@" not in ids.call_id()
    assert len(ids.tag()) * 4 >= 32  # bits, RFC 3261 section 19.3
    assert 0 < IdSource(lambda octets: "f" * 2 * octets).sequence_number() < 2**31
    assert IdSource(lambda octets: "f" * 2 * octets).session_id() < 2**62


def test_a_reply_without_any_header_to_echo_is_still_a_reply() -> None:
    assert reply(Request("OPTIONS", "sip:x", Headers()), 400) == Response(400, "Bad Request", Headers())
