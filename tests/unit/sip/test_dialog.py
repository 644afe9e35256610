"""Dialogs: ids, route sets, remote targets and sequence numbers (RFC 3261 section 12)."""

import pytest

from mediation.sip.agent import Agent, hostport, in_dialog_flow, is_address
from mediation.sip.dialog import Dialog, DialogId
from mediation.sip.errors import RemoteSipError
from mediation.sip.flow import Flow, Transport
from mediation.sip.message import Request, Response
from mediation.sip.names import Names
from mediation.sip.uri import SipUri
from tests.unit.sip.bench import TCP, UDP, US, Bench, message, parse

VIA = "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK-new"
TWO_PROXIES = (
    "Record-Route: <sip:p2.example;lr>\r\nRecord-Route: <sip:p1.example;lr>, <sip:p0.example;lr>\r\n"
)


def invite(extra: str = "") -> Request:
    """As it reached us, the last proxy first."""
    request = parse(
        message("INVITE sip:us@192.0.2.1 SIP/2.0", "INVITE", "z9hG4bK-1", sequence=7, extra=extra)
    )
    assert isinstance(request, Request)
    return request


def answer(extra: str = "") -> Response:
    """To an INVITE of ours."""
    text = message("SIP/2.0 200 OK", "INVITE", "z9hG4bK-1", to_tag="theirs", sequence=7, extra=extra)
    response = parse(text)
    assert isinstance(response, Response)
    return response


def as_server(extra: str = "") -> Dialog:
    return Dialog.as_server(invite(extra), "ours", local_sequence=100)


def as_client(extra: str = "") -> Dialog:
    return Dialog.as_client(invite(), answer(extra))


def test_the_called_side_takes_its_ids_from_the_request__rfc3261_12_1_1() -> None:
    dialog = as_server()
    assert dialog.id == DialogId("call-1", "ours", "one")
    assert (dialog.local, dialog.remote) == ("<sip:b@x>", "<sip:a@x>")
    assert dialog.remote_target == "sip:a@192.0.2.9"
    assert dialog.remote_sequence == 7


def test_the_calling_side_takes_its_ids_from_the_response__rfc3261_12_1_2() -> None:
    dialog = as_client()
    assert dialog.id == DialogId("call-1", "one", "theirs")
    assert (dialog.local, dialog.remote) == ("<sip:a@x>", "<sip:b@x>")
    assert (dialog.local_sequence, dialog.remote_sequence) == (7, -1)


def test_the_called_side_keeps_routes_in_order_and_the_calling_side_turns_them__rfc3261_12_1() -> None:
    routes = ("<sip:p2.example;lr>", "<sip:p1.example;lr>", "<sip:p0.example;lr>")
    assert as_server(TWO_PROXIES).route_set == routes
    assert as_client(TWO_PROXIES).route_set == routes[::-1]


def test_an_answer_without_contact_is_reached_at_the_request_uri() -> None:
    bare = answer().headers.without("Contact")
    dialog = Dialog.as_client(invite(), answer().replace(headers=bare))
    assert dialog.remote_target == "sip:us@192.0.2.1"


def test_an_invite_without_contact_makes_no_dialog__rfc3261_12_1_1() -> None:
    request = invite()
    with pytest.raises(RemoteSipError) as error:
        Dialog.as_server(
            request.replace(headers=request.headers.without("Contact")), "ours", local_sequence=1
        )
    assert error.value.status == 400


def test_a_request_within_it_carries_both_tags_and_counts_on__rfc3261_12_2_1_1() -> None:
    dialog = as_server()
    first, second = dialog.request("BYE", via=VIA), dialog.request("BYE", via=VIA)
    assert (first.request_uri, first.call_id) == ("sip:a@192.0.2.9", "call-1")
    assert (str(first.from_), str(first.to)) == ("<sip:b@x>;tag=ours", "<sip:a@x>;tag=one")
    assert (str(first.cseq), str(second.cseq)) == ("101 BYE", "102 BYE")
    assert first.max_forwards == 70


def test_an_ack_has_the_number_of_its_invite_and_does_not_count__rfc3261_13_2_2_4() -> None:
    dialog = as_client()
    assert str(dialog.request("ACK", via=VIA, sequence=7).cseq) == "7 ACK"
    assert str(dialog.request("BYE", via=VIA).cseq) == "8 BYE"


def test_a_peer_without_a_tag_is_addressed_without_one__rfc3261_12_2_1_1() -> None:
    text = message("SIP/2.0 200 OK", "INVITE", "z9hG4bK-1", sequence=7)
    response = parse(text)
    assert isinstance(response, Response)
    assert str(Dialog.as_client(invite(), response).request("BYE", via=VIA).to) == "<sip:b@x>"


def test_loose_routes_are_carried_in_order_and_the_uri_is_the_target__rfc3261_12_2_1_1() -> None:
    request = as_server(TWO_PROXIES).request("BYE", via=VIA)
    assert request.request_uri == "sip:a@192.0.2.9"
    assert request.headers.get_all("Route") == (
        "<sip:p2.example;lr>",
        "<sip:p1.example;lr>",
        "<sip:p0.example;lr>",
    )


def test_a_strict_router_stands_in_the_uri_and_the_target_in_the_last_route__rfc3261_12_2_1_1() -> None:
    dialog = as_server("Record-Route: <sip:strict.example>, <sip:p1.example;lr>\r\n")
    request = dialog.request("BYE", via=VIA)
    assert request.request_uri == "sip:strict.example"
    assert request.headers.get_all("Route") == ("<sip:p1.example;lr>", "<sip:a@192.0.2.9>")


def test_requests_go_to_the_first_route_or_else_to_the_target__rfc3261_12_2_1_1() -> None:
    assert str(as_server(TWO_PROXIES).next_hop) == "sip:p2.example;lr"
    assert str(as_server().next_hop) == "sip:a@192.0.2.9"


def test_headers_of_a_contact_uri_are_no_part_of_the_target__rfc3261_19_1_1() -> None:
    request = invite()
    headers = request.headers.with_("Contact", "<sip:a@192.0.2.9;x=y?Replaces=z>")
    dialog = Dialog.as_server(request.replace(headers=headers), "ours", local_sequence=1)
    assert dialog.remote_target == "sip:a@192.0.2.9;x=y"
    dialog.refresh_target(request.replace(headers=request.headers.with_("Contact", "<sip:b@192.0.2.9?x=y>")))
    assert dialog.remote_target == "sip:b@192.0.2.9"


def test_the_target_is_refreshed_by_a_new_contact_and_kept_without_one__rfc3261_12_2_2() -> None:
    dialog = as_server()
    dialog.refresh_target(invite().replace(headers=invite().headers.with_("Contact", "<sip:new@192.0.2.9>")))
    assert dialog.remote_target == "sip:new@192.0.2.9"
    dialog.refresh_target(answer().replace(headers=answer().headers.without("Contact")))
    assert dialog.remote_target == "sip:new@192.0.2.9"


def test_a_request_older_than_the_last_is_500__rfc3261_12_2_2() -> None:
    dialog = as_server()
    later = parse(message("BYE sip:us@192.0.2.1 SIP/2.0", "BYE", "z9hG4bK-2", to_tag="ours", sequence=9))
    older = parse(message("BYE sip:us@192.0.2.1 SIP/2.0", "BYE", "z9hG4bK-3", to_tag="ours", sequence=8))
    assert isinstance(later, Request)
    assert isinstance(older, Request)
    dialog.accept_sequence(later)
    with pytest.raises(RemoteSipError) as error:
        dialog.accept_sequence(older)
    assert error.value.status == 500
    assert dialog.remote_sequence == 9


def test_gaps_in_the_sequence_are_no_fault__rfc3261_12_2_2() -> None:
    dialog = as_client()
    far = parse(message("BYE sip:us@192.0.2.1 SIP/2.0", "BYE", "z9hG4bK-2", to_tag="one", sequence=2**31 - 1))
    assert isinstance(far, Request)
    dialog.accept_sequence(far)
    assert dialog.remote_sequence == 2**31 - 1


# what an agent makes of it


@pytest.mark.parametrize(
    ("target", "remote"),
    [
        ("sip:a@192.0.2.50:5090", ("192.0.2.50", 5090)),
        ("sip:a@192.0.2.50", ("192.0.2.50", 5060)),
        ("sip:a@[2001:db8::9]:5062", ("2001:db8::9", 5062)),
        ("sip:a@name.example", ("192.0.2.9", 5060)),
        ("tel:+4930", ("192.0.2.9", 5060)),
    ],
)
def test_requests_go_to_an_address_or_to_where_a_named_peer_spoke_from(
    target: str, remote: tuple[str, int]
) -> None:
    dialog = as_server()
    dialog.remote_target = target
    flow = in_dialog_flow(dialog, TCP)
    assert (flow.remote, flow.local, flow.connection) == (remote, US, 7)


@pytest.mark.parametrize(
    ("target", "transport"),
    [
        ("sip:a@192.0.2.9;transport=tcp", Transport.TCP),
        ("sip:a@192.0.2.9;transport=TCP", Transport.TCP),
        ("sip:a@sbc.example;transport=tcp", Transport.TCP),
        ("sip:a@192.0.2.9", Transport.UDP),
        ("sip:a@192.0.2.9;transport=udp", Transport.UDP),
        ("sip:a@192.0.2.9;transport=tls", Transport.UDP),
    ],
)
def test_the_transport_of_a_large_invite_is_kept_where_the_next_hop_asks_for_it__rfc3261_18_1_1(
    target: str, transport: Transport
) -> None:
    dialog = as_server()
    dialog.remote_target = target
    went = Flow(Transport.TCP, ("192.0.2.1", 5062), UDP.remote)
    flow = in_dialog_flow(dialog, UDP, went)
    assert (flow.transport, flow.local) == (transport, went.local if transport is went.transport else US)
    assert in_dialog_flow(dialog, UDP).transport is Transport.UDP


@pytest.mark.parametrize(
    ("host", "expected"),
    [("192.0.2.1", True), ("2001:db8::1", True), ("a.example", False), ("1.example", False)],
)
def test_an_address_is_told_from_a_name(host: str, expected: bool) -> None:
    assert is_address(host) is expected


def test_our_contact_and_via_name_the_listener__rfc3261_8_1_1() -> None:
    six = Flow(Transport.TCP, ("2001:db8::1", 5070), ("2001:db8::2", 5060))
    assert Names().contact(UDP) == "<sip:192.0.2.1:5060>"
    assert Names().contact(six) == "<sip:[2001:db8::1]:5070;transport=tcp>"
    assert hostport(("2001:db8::1", 5070)) == "[2001:db8::1]:5070"
    agent: Agent = Bench().agent
    assert agent.via(six).startswith("SIP/2.0/TCP [2001:db8::1]:5070;branch=z9hG4bK")
    assert agent.via(six).endswith(";rport")
    assert agent.via(six) != agent.via(six)


def test_a_request_out_of_dialog_is_complete__rfc3261_8_1_1() -> None:
    agent = Bench().agent
    request = agent.request(
        "INVITE",
        "sip:b@192.0.2.9",
        UDP,
        identity="<sip:a@192.0.2.1>",
        destination="<sip:b@192.0.2.9>",
        body=b"v=0",
    )
    read = parse(bytes(request))
    assert isinstance(read, Request)
    assert read.from_.tag
    assert read.to.tag is None
    assert read.max_forwards == 70
    assert str(read.content_type) == "application/sdp"
    assert isinstance(read.contact and read.contact.uri, SipUri)
