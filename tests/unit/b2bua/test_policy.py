"""What crosses, as data; what callers and called are called on the other side."""

import pytest

from mediation.b2bua.policy import CROSSES, To, called_uri, calling_identity, crossing
from mediation.settings.model import Side
from mediation.sip.headers import Headers, NameAddress, header_key
from mediation.sip.message import Request
from mediation.sip.uri import SipUri, parse_uri

ROUTING = {"via", "route", "record-route", "contact", "from", "to", "call-id", "cseq", "max-forwards",
           "content-type", "content-length", "user-agent", "server", "allow", "supported", "require"}  # fmt: skip


def request(uri: str, *headers: tuple[str, str]) -> Request:
    return Request("INVITE", uri, Headers(headers))


def test_nothing_that_makes_a_message_work_crosses() -> None:
    assert not ROUTING & {header_key(name) for name in CROSSES}


def test_each_header_crosses_in_its_direction_only() -> None:
    asked = request("sip:x", *((name, f"value of {name}") for name in CROSSES), ("X-Own", "no"))
    for side, other in ((Side.FRONT_END, To.GATEWAY), (Side.GATEWAY, To.FRONT_END)):
        expected = {name for name, to in CROSSES.items() if to is not other}
        assert dict(crossing(asked, side)) == {name: f"value of {name}" for name in expected}


def test_every_line_of_a_header_crosses_in_order() -> None:
    asked = request("sip:x", ("History-Info", "one, two"), ("history-info", "three"))
    assert crossing(asked, Side.FRONT_END) == (("History-Info", "one, two"), ("History-Info", "three"))


@pytest.mark.parametrize(
    ("came", "goes"),
    [
        ("<sip:+4930@far.example;user=phone>;tag=x", "<sip:+4930@us>"),
        ('"A, B" <sip:+4930@far.example>', '"A, B" <sip:+4930@us>'),
        ("Bob <sips:bob:secret@far.example>", "Bob <sip:bob@us>"),
        ("<sip:far.example>", "<sip:us>"),
        ("<tel:+4930;phone-context=x>", "<sip:+4930@us>"),
        ("<urn:service:sos>", "<sip:us>"),
        ("<sip:anonymous@Anonymous.Invalid>", "<sip:anonymous@Anonymous.Invalid>"),
    ],
)
def test_the_caller_keeps_name_and_number_and_leaves_its_host_behind(came: str, goes: str) -> None:
    assert calling_identity(NameAddress.parse(came), "us") == goes
    NameAddress.parse(goes)


@pytest.mark.parametrize(
    ("came", "goes"),
    [
        ("sip:+4930@us.example:5070;transport=tcp", "sip:+4930@target:5060"),
        ("sip:+4930@us.example;user=phone;x=y", "sip:+4930@target:5060;user=phone"),
        ("sip:+4930@us.example;user=PHONE", "sip:+4930@target:5060;user=phone"),
        ("sip:+4930:secret@us.example", "sip:+4930@target:5060"),
        ("tel:+49-30;ext=5", "sip:+49-30@target:5060;user=phone"),
        ("sip:+4930%20x@us.example", "sip:+4930%20x@target:5060"),
    ],
)
def test_the_called_number_stands_at_the_target_and_brings_nothing_along(came: str, goes: str) -> None:
    made = called_uri(request(came), "target:5060")
    assert made == goes
    assert isinstance(parse_uri(made), SipUri)


def test_the_transport_stands_before_what_the_number_brings() -> None:
    made = called_uri(request("tel:+4930"), "target", ";transport=tcp")
    assert made == "sip:+4930@target;transport=tcp;user=phone"
