"""mediation.sip.message"""

import pytest

from mediation.sip.errors import LocalSipError, RemoteSipError
from mediation.sip.headers import CSeq, Headers, Via
from mediation.sip.message import Message, Request, Response, View

INVITE = Request(
    "INVITE",
    "sip:bob@biloxi.example.com",
    Headers(
        [
            ("Via", "SIP/2.0/UDP a;branch=z9hG4bK2, SIP/2.0/TCP b;branch=z9hG4bK1"),
            ("Via", "SIP/2.0/UDP c;branch=z9hG4bK0"),
            ("From", "Alice <sip:alice@a>;tag=1"),
            ("To", "<sip:bob@b>"),
            ("CSeq", "7 INVITE"),
            ("Call-ID", "id@a"),
            ("m", '"x, y" <sip:alice@a>;q=0.7, sip:second@a'),
            ("Route", "<sip:p1;lr>,<sip:p2;lr>"),
            ("Record-Route", "<sip:r1;lr>"),
            ("Max-Forwards", "0070"),
            ("Expires", "60"),
            ("c", "application/sdp"),
            ("Require", "100rel, timer"),
            ("k", "replaces,"),
            ("Supported", ""),
            ("Allow", "INVITE, ACK"),
            ("Allow", "BYE"),
        ]
    ),
    b"v=0\r\n",
)


def with_header(name: str, value: str) -> Request:
    return INVITE.replace(headers=INVITE.headers.with_(name, value))


def test_views_read_the_headers() -> None:
    assert [via.branch for via in INVITE.vias] == ["z9hG4bK2", "z9hG4bK1", "z9hG4bK0"]
    assert INVITE.top_via == INVITE.vias[0]
    assert INVITE.replace().top_via.host == "a"
    assert (INVITE.from_.tag, INVITE.to.tag, INVITE.call_id, INVITE.cseq) == (
        "1",
        None,
        "id@a",
        CSeq(7, "INVITE"),
    )
    assert [str(contact.uri) for contact in INVITE.contacts] == ["sip:alice@a", "sip:second@a"]
    assert INVITE.contact == INVITE.contacts[0]
    assert [str(route) for route in INVITE.routes] == ["<sip:p1;lr>", "<sip:p2;lr>"]
    assert [str(route) for route in INVITE.record_routes] == ["<sip:r1;lr>"]
    assert (INVITE.max_forwards, INVITE.expires) == (70, 60)
    assert INVITE.content_type is not None
    assert INVITE.content_type.essence == "application/sdp"
    assert INVITE.require == ("100rel", "timer")
    assert INVITE.supported == ("replaces",)
    assert INVITE.allow == ("INVITE", "ACK", "BYE")
    assert str(INVITE.uri) == "sip:bob@biloxi.example.com"


def test_a_view_is_read_once() -> None:
    assert INVITE.from_ is INVITE.from_
    assert INVITE.vias is INVITE.vias
    assert isinstance(Request.from_, View)


def test_views_of_headers_that_may_be_missing() -> None:
    bare = Request("OPTIONS", "sip:a", Headers())
    assert (bare.contact, bare.contacts, bare.routes, bare.require) == (None, (), (), ())
    assert (bare.max_forwards, bare.expires, bare.retry_after, bare.content_type) == (None, None, None, None)
    assert not bare.contact_is_star
    for missing in ("from_", "to", "cseq", "call_id", "vias", "top_via"):
        with pytest.raises(RemoteSipError) as caught:
            getattr(bare, missing)
        assert caught.value.status == 400


@pytest.mark.parametrize(
    ("name", "value", "view"),
    [
        ("Via", "", "top_via"),
        ("Via", "", "vias"),
        ("Via", "SIP/2.0/UDP a,,", "vias"),
        ("From", "", "from_"),
        ("To", '"x <sip:a>', "to"),
        ("CSeq", "INVITE 7", "cseq"),
        ("Call-ID", "", "call_id"),
        ("Call-ID", "a b", "call_id"),
        ("Call-ID", "a\x1b", "call_id"),
        ("Contact", "<sip:a>,", "contacts"),
        ("Contact", '"<sip:a>,b', "contacts"),
        ("Route", "<sip:a", "routes"),
        ("Max-Forwards", "256", "max_forwards"),
        ("Max-Forwards", "-1", "max_forwards"),
        ("Max-Forwards", "", "max_forwards"),
        ("Max-Forwards", "7_0", "max_forwards"),
        ("Max-Forwards", "\u0667", "max_forwards"),
        ("Expires", "4294967296", "expires"),
        ("Expires", "9" * 5000, "expires"),
        ("Content-Type", "sdp", "content_type"),
    ],
)
def test_a_view_of_nonsense_earns_400(name: str, value: str, view: str) -> None:
    request = with_header(name, value)
    for _ in range(2):
        with pytest.raises(RemoteSipError) as caught:
            getattr(request, view)
        assert caught.value.status == 400


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        ("18000;duration=3600", 18000),
        ("120 (in a meeting)", 120),
        ("soon", None),
        ("9" * 24, None),
    ],
)
def test_retry_after_is_a_hint__rfc3261_20_33(value: str, seconds: int | None) -> None:
    assert Response(503, "", Headers([("Retry-After", value)])).retry_after == seconds


def test_contact_star_is_no_address__rfc3261_10_2_2() -> None:
    request = with_header("Contact", "*")
    assert request.contact_is_star
    assert request.contacts == ()


def test_content_length_is_set_in_its_old_place() -> None:
    request = Request("X", "sip:a", Headers([("l", "99"), ("Y", "z"), ("Content-Length", "3")]), b"12")
    assert bytes(request) == b"X sip:a SIP/2.0\r\nl: 2\r\nY: z\r\n\r\n12"


def test_content_length_is_appended_where_there_was_none() -> None:
    assert (
        bytes(Response(200, "OK", Headers([("Y", "z")])))
        == b"SIP/2.0 200 OK\r\nY: z\r\nContent-Length: 0\r\n\r\n"
    )


def test_octets_that_are_no_utf8_come_out_as_they_came_in() -> None:
    value = b'"J\xf6rg" \xc3\xa4'.decode("utf-8", "surrogateescape")
    assert b'X: "J\xf6rg" \xc3\xa4\r\n' in bytes(Request("X", "sip:a", Headers([("X", value)])))


@pytest.mark.parametrize(
    "message",
    [
        Request("X", "sip:a", Headers([("Y", "a\r\nVia: b")])),
        Request("X", "sip:a", Headers([("Y", "a\n")])),
        Request("X", "sip:a\r", Headers()),
        Response(200, "OK\r\n", Headers()),
    ],
)
def test_a_line_break_of_ours_never_reaches_the_wire(message: Message) -> None:
    with pytest.raises(LocalSipError):
        bytes(message)


def test_messages_are_equal_by_content() -> None:
    assert INVITE.replace() == INVITE
    assert hash(INVITE) == hash(INVITE.replace())
    assert INVITE.replace(body=b"") != INVITE
    assert Request("ACK", INVITE.request_uri, INVITE.headers, INVITE.body) != INVITE
    assert Response(200, "OK", Headers()) != Response(200, "", Headers())
    assert Response(200, "OK", Headers()) == Response(200, "OK", Headers())
    assert Response(200, "OK", INVITE.headers) != INVITE


def test_a_replaced_message_has_views_of_its_own() -> None:
    assert INVITE.cseq.number == 7
    assert with_header("CSeq", "8 INVITE").cseq.number == 8
    response = Response(200, "OK", INVITE.headers)
    assert response.replace(body=b"x").body == b"x"
    assert response.replace(headers=Headers()).headers == Headers()


def test_another_top_via_leaves_the_lower_ones_and_every_other_view() -> None:
    request = Request(
        "OPTIONS",
        "sip:a@b",
        Headers(
            [
                ("v", "SIP/2.0/UDP one;branch=z9hG4bK1;rport, SIP/2.0/UDP two;branch=z9hG4bK2"),
                ("Via", "SIP/2.0/TCP three"),
                ("From", "<sip:x@y>;tag=1"),
            ]
        ),
    )
    read_before = request.vias, request.from_
    changed = request.with_top_via(Via.parse("SIP/2.0/UDP one;branch=z9hG4bK1;rport=7;received=192.0.2.1"))
    assert [via.host for via in changed.vias] == ["one", "two", "three"]
    assert changed.top_via.rport == 7
    assert changed.from_ is read_before[1]
    assert changed == Request("OPTIONS", "sip:a@b", changed.headers)
    assert request.top_via.rport is None


def test_no_repr_shows_a_key_of_srtp__rfc4568_7() -> None:
    body = b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:SECRET/KEY+=|2^31|1:1\r\na=ptime:20\r\n"
    request = Request("INVITE", "sip:a@example.com", Headers([("Call-ID", "x")]), body)
    response = Response(200, "OK", Headers([("Call-ID", "x")]), body)
    for message in (request, response):
        assert "SECRET" not in repr(message)
        assert "inline:...|2^31|1:1" in repr(message)
        assert b"SECRET/KEY+=" in message.body
