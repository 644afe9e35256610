"""RFC 4475 and RFC 5118: the verdict on every message, and the values in those that are well formed.

`verdicts.json` says what may be; `CHOSEN` says what we do where both is allowed. `values.json` was taken from
the messages by other means than the code under test.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from mediation.sip.framing import MalformedMessage, StreamFramer, parse_datagram
from mediation.sip.headers import Headers
from mediation.sip.message import Message, Request, Response
from mediation.sip.uri import OpaqueUri, SipUri

HERE = Path(__file__).parent
MESSAGES = HERE / "messages"
VERDICTS: list[dict[str, Any]] = json.loads((MESSAGES / "verdicts.json").read_text("utf-8"))["messages"]
VALUES: list[dict[str, Any]] = json.loads((HERE / "values.json").read_text("utf-8"))
CHOSEN = {
    "ltgtruri": "bad",
    "lwsstart": "bad",
    "trws": "bad",
    "escruri": "bad",
    "baddate": "ok",  # Date means nothing to us
    "regbadct": "bad",
    "badaspec": "bad",
    "baddn": "bad",  # not for its display name: its blank line is missing
    "badbranch": "bad",
    "inv2543": "bad",  # not for its age: a dialog needs a Contact
    "ipv6-bug-abnf-3-colons": "bad",
}


def octets(name: str) -> bytes:
    path = MESSAGES / f"{name}.dat"
    return (path if path.exists() else MESSAGES / "rfc5118" / f"{name}.sip").read_bytes()


def parsed(name: str) -> Message:
    message = parse_datagram(octets(name))
    assert message is not None
    return message


def request(name: str) -> Request:
    message = parsed(name)
    assert isinstance(message, Request)
    return message


def rows(parse: str, kind: str | None = None) -> list[Any]:
    return [
        pytest.param(row, id=row["id"])
        for row in VERDICTS
        if CHOSEN.get(row["id"], row["parse"]) == parse and kind in (None, row["kind"])
    ]


def test_the_shelf_is_complete() -> None:
    assert len(VERDICTS) == 61
    assert len(list(MESSAGES.rglob("*.dat"))) == 49
    assert len(list(MESSAGES.rglob("*.sip"))) == 12
    assert {row["id"] for row in VERDICTS if row["parse"] == "either"} == set(CHOSEN)
    assert [row["id"] for row in VALUES] == [row.values[0]["id"] for row in rows("ok")]


@pytest.mark.parametrize("row", rows("ok"))
def test_well_formed_messages_are_accepted(row: dict[str, Any]) -> None:
    message = parsed(row["id"])
    assert isinstance(message, Response if row["kind"] == "response" else Request)


@pytest.mark.parametrize("row", rows("bad", "request"))
def test_malformed_requests_earn_their_status_and_can_be_answered(row: dict[str, Any]) -> None:
    with pytest.raises(MalformedMessage) as caught:
        parse_datagram(octets(row["id"]))
    if "codes" in row:
        assert caught.value.status in row["codes"]
    assert caught.value.status != 500
    answerable = caught.value.request
    assert answerable is not None
    assert answerable.headers.has("Via")
    assert answerable.headers.has("CSeq")
    if row["id"] != "badinv01":  # its only Via is what is wrong with it
        assert answerable.top_via.host


def test_an_unknown_method_is_told_so_before_its_cseq__rfc4475_3_1_2_18() -> None:
    with pytest.raises(MalformedMessage) as caught:
        parse_datagram(octets("mismatch02"))
    assert caught.value.status == 501


@pytest.mark.parametrize("row", rows("bad", "response"))
def test_malformed_responses_are_refused_and_never_answered(row: dict[str, Any]) -> None:
    with pytest.raises(MalformedMessage) as caught:
        parse_datagram(octets(row["id"]))
    assert caught.value.request is None


@pytest.mark.parametrize("row", [pytest.param(row, id=row["id"]) for row in VALUES])
def test_values_are_those_of_the_message(row: dict[str, Any]) -> None:
    message = parsed(row["id"])
    start = message.method if isinstance(message, Request) else str(message.status)
    assert {
        "id": row["id"],
        "start": start,
        "call_id": message.call_id,
        "cseq": message.cseq.number,
        "from_tag": message.from_.tag,
        "to_tag": message.to.tag,
        "vias": len(message.vias),
        "top_branch": message.top_via.branch,
        "body_octets": len(message.body),
    } == row
    if isinstance(message, Request):
        assert message.cseq.method == message.method


@pytest.mark.parametrize("row", rows("ok"))
def test_printed_messages_read_as_the_same(row: dict[str, Any]) -> None:
    message = parsed(row["id"])
    again = parse_datagram(bytes(message))
    assert again is not None
    without_length = again.replace(headers=again.headers.without("Content-Length"))
    assert without_length == message.replace(headers=message.headers.without("Content-Length"))


@pytest.mark.parametrize("row", rows("ok"))
def test_a_stream_gives_the_same_message_octet_by_octet(row: dict[str, Any]) -> None:
    message = parsed(row["id"])
    framer = StreamFramer()
    seen = []
    for octet in bytes(message):
        framer.feed(bytes([octet]))
        if (found := framer.next_message()) is not None:
            seen.append(found)
    assert [bytes(found) for found in seen] == [bytes(message)]


@pytest.mark.parametrize("name", ["clerr", "ncl", "mcl01", "inv2543"])
def test_a_stream_never_takes_a_body_for_a_message__rfc4475_3_1_2_2(name: str) -> None:
    framer = StreamFramer()
    framer.feed(octets(name))
    if name == "clerr":
        assert framer.next_message() is None
        assert not framer.broken
        return
    with pytest.raises(MalformedMessage):
        framer.next_message()
    assert framer.broken
    assert framer.next_message() is None


def test_every_part_of_a_tortuous_invite_is_understood__rfc4475_3_1_1_1() -> None:
    invite = request("wsinv")
    assert [(via.transport, via.host, via.branch) for via in invite.vias] == [
        ("UDP", "192.0.2.2", "390skdjuw"),
        ("TCP", "spindle.example.com", "z9hG4bK9ikj8"),
        ("UDP", "192.168.255.111", "z9hG4bK30239"),
    ]
    assert invite.from_.display_text == 'J Rosenberg \\"'
    assert invite.max_forwards == 68
    contact = invite.contact
    assert contact is not None
    assert contact.display_text == 'Quoted string ""'
    assert contact.parameters.pairs == (("newparam", "newvalue"), ("secondparam", None), ("q", "0.33"))
    assert [str(route.uri) for route in invite.routes] == [
        "sip:services.example.com;lr;unknownwith=value;unknown-no-value"
    ]
    assert invite.headers.get("Subject") == ""
    assert invite.headers.get("NewFangledHeader") == "newfangled value continued newfangled value"
    assert invite.headers.get("unknownheaderwithunusualvalue") == ";;,,;;,;"
    assert invite.uri == SipUri("sip", "vivekg", "chair-dnrc.example.com", None, invite.uri.parameters)  # type: ignore[union-attr]  # it is one
    assert invite.uri.parameters.has("unknownparam")


def test_every_legal_character_is_kept__rfc4475_3_1_1_2() -> None:
    message = request("intmeth")
    assert isinstance(message.uri, SipUri)
    assert message.uri.host == "example.com"
    assert message.uri.user == (
        "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"
    )
    assert message.to.display_text == "BEL:\x07 NUL:\x00 DEL:\x7f"
    assert message.from_.display_name == "token1~` token2'+_ token3*%!.-"
    assert message.from_.parameters.get("fromParam''~+*_!.-%") == '"работающий"'
    assert message.headers.get("extensionHeader-!.%*+_`'~") == "\ufeff大停電"


def test_escapes_are_kept_and_decoded_only_where_asked__rfc4475_3_1_1_3() -> None:
    message = request("esc01")
    assert isinstance(message.uri, SipUri)
    assert (message.uri.user, message.uri.host) == ("sips%3Auser%40example.com", "example.net")
    assert message.uri.user_unescaped == "sips:user@example.com"
    assert isinstance(message.to.uri, SipUri)
    assert message.to.uri.user_unescaped == "user"
    assert message.contact is not None
    assert str(message.contact.uri) == "sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31"
    assert not message.contact.uri.parameters.has("lr")  # type: ignore[union-attr]  # it is a SipUri


def test_an_escaped_nul_does_not_end_a_user__rfc4475_3_1_1_4() -> None:
    message = request("escnull")
    users = [contact.uri.user_unescaped for contact in message.contacts if isinstance(contact.uri, SipUri)]
    assert users == ["\x00", "\x00\x00"]


def test_an_escaped_name_is_another_name__rfc4475_3_1_1_5() -> None:
    assert [str(contact.uri) for contact in request("esc02").contacts] == [
        "sip:alias1@host1.example.com",
        "sip:alias3@host3.example.com",
    ]


def test_a_second_request_in_a_datagram_is_noise__rfc4475_3_1_1_8() -> None:
    assert bytes(request("dblreq")).endswith(b"Content-Length: 0\r\n\r\n")


def test_semicolons_before_the_at_sign_belong_to_the_user__rfc4475_3_1_1_9() -> None:
    uri = request("semiuri").uri
    assert isinstance(uri, SipUri)
    assert (uri.user, uri.host, uri.parameters.pairs) == ("user;par=u%40example.net", "example.com", ())


def test_unknown_transports_are_read__rfc4475_3_1_1_10() -> None:
    assert [via.transport for via in request("transports").vias] == ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]


def test_a_binary_body_is_not_touched__rfc4475_3_1_1_11() -> None:
    message = request("mpart01")
    assert message.body == octets("mpart01").partition(b"\r\n\r\n")[2]
    assert message.content_type is not None
    assert message.content_type.essence == "multipart/mixed"
    assert message.content_type.parameters.get("boundary") == "7a9cbec02ceef655"


def test_reason_phrases_may_be_utf8_or_empty__rfc4475_3_1_1_12_and_13() -> None:
    first, second = parsed("unreason"), parsed("noreason")
    assert isinstance(first, Response)
    assert isinstance(second, Response)
    assert (first.status, first.reason) == (200, "= 2**3 * 5**2 но сто девяносто девять - простое")
    assert (second.status, second.reason) == (100, "")


def test_foreign_schemes_are_uris_too__rfc4475_3_3_2_to_4() -> None:
    assert request("unkscm").uri == OpaqueUri("nobodyknowsthisscheme", "totallyopaquecontent")
    assert request("novelsc").uri == OpaqueUri("soap.beep", "//192.0.2.103:3002")
    message = request("unksm2")
    assert [str(message.to.uri), str(message.from_.uri)] == ["isbn:2983792873", "http://www.example.com"]
    assert message.contact is not None
    assert str(message.contact.uri) == "name:John_Smith"


def test_option_tags_are_read__rfc4475_3_3_5() -> None:
    assert request("bext01").require == ("nothingSupportsThis", "nothingSupportsThisEither")


def test_parameters_after_a_bare_uri_are_the_headers__rfc4475_3_3_12_and_13() -> None:
    bare, bracketed = request("cparam01").contact, request("cparam02").contact
    assert bare is not None
    assert bracketed is not None
    assert bare.parameters.has("unknownparam")
    assert isinstance(bracketed.uri, SipUri)
    assert bracketed.uri.parameters.has("unknownparam")
    assert not bracketed.parameters


def test_headers_in_a_contact_are_kept_raw__rfc4475_3_3_14() -> None:
    contact = request("regescrt").contact
    assert contact is not None
    assert isinstance(contact.uri, SipUri)
    assert contact.uri.headers == "Route=%3Csip:sip.example.com%3E"


def test_a_port_stands_outside_the_brackets__rfc5118_4_3_and_4() -> None:
    ambiguous, unambiguous = request("port-ambiguous").uri, request("port-unambiguous").uri
    assert isinstance(ambiguous, SipUri)
    assert isinstance(unambiguous, SipUri)
    assert (ambiguous.host, ambiguous.effective_port) == ("2001:db8::10:5070", 5060)
    assert (unambiguous.host, unambiguous.effective_port) == ("2001:db8::10", 5070)


@pytest.mark.parametrize("name", ["via-received-param-with-delim", "via-received-param-no-delim"])
def test_received_is_read_with_and_without_brackets__rfc5118_4_5(name: str) -> None:
    assert request(name).top_via.received == "2001:db8::9:255"


def test_a_display_name_with_a_comma_is_let_through__rfc4475_3_1_2_15() -> None:
    message = parse_datagram(octets("baddn") + b"\r\n")
    assert message is not None
    assert message.from_.display_name == "Bell, Alexander"


def test_an_error_still_shows_what_an_answer_needs__rfc3261_8_2_6() -> None:
    with pytest.raises(MalformedMessage) as caught:
        parse_datagram(octets("lwsstart"))
    assert caught.value.request is not None
    assert caught.value.request.method == "INVITE"
    assert caught.value.request.uri == SipUri("sip", "user", "example.com")
    assert isinstance(caught.value.request.headers, Headers)
