"""Where the session description stands in a body."""

import pytest

from mediation.b2bua.content import session_of
from mediation.sdp.errors import SdpError
from mediation.sip.headers import Headers
from mediation.sip.message import Response

SDP = b"v=0\r\n"
MIXED = (
    b"--b\r\nContent-Type: application/isup\r\n\r\n\x01\x00\r\n"
    b"--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n\r\n--b--\r\n"
)


def response(body: bytes, *headers: tuple[str, str]) -> Response:
    return Response(200, "OK", Headers(headers), body)


@pytest.mark.parametrize(
    ("body", "headers", "found"),
    [
        (b"", (), b""),
        (SDP, (), SDP),
        (SDP, (("c", "APPLICATION/SDP"),), SDP),
        (
            SDP,
            (("Content-Type", "application/sdp"), ("Content-Disposition", "session;handling=required")),
            SDP,
        ),
        (MIXED, (("Content-Type", "multipart/mixed;boundary=b"),), SDP),
        (b"x", (("Content-Type", "application/isup"),), b""),
    ],
)
def test_a_description_is_found_alone_and_among_others__rfc5621_3(
    body: bytes, headers: tuple[tuple[str, str], ...], found: bytes
) -> None:
    assert session_of(response(body, *headers)) == found


def test_one_for_early_media_of_another_kind_is_none_of_the_session__rfc3959_4() -> None:
    headers = (
        ("Content-Type", "application/sdp"),
        ("Content-Disposition", "early-session;handling=optional"),
    )
    assert session_of(response(SDP, *headers)) == b""


def test_a_body_without_order_is_a_bad_description() -> None:
    with pytest.raises(SdpError, match="Without Parts"):
        session_of(response(b"--c--\r\n", ("Content-Type", "multipart/mixed;boundary=b")))
