"""VoIP metrics in RTCP are sent where both sides ask for them (RFC 3611 section 5)."""

import pytest

from mediation.sdp.audio import read_audio
from mediation.sdp.capabilities import Capabilities, LocalAudio
from mediation.sdp.description import Origin, SessionDescription
from mediation.sdp.negotiation import make_answer, make_offer, read_answer

US = LocalAudio("203.0.113.10", 20000)
ORIGIN = Origin("-", 7, 1, US.host)
LINE = "a=rtcp-xr:voip-metrics"


def described(*lines: str, session: str = "") -> SessionDescription:
    head = ["v=0", "o=them 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0"]
    if session:
        head.append(session)
    return SessionDescription.parse("\n".join([*head, "m=audio 4000 RTP/AVP 0", *lines]).encode())


def says(description: SessionDescription) -> bool:
    return ("rtcp-xr", "voip-metrics") in description.media[0].attributes


@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize("theirs", [True, False])
def test_metrics_are_agreed_on_where_both_ask_for_them__rfc3611_5_2(ours: bool, theirs: bool) -> None:
    capabilities = Capabilities(("PCMU",), rtcp_xr=ours)
    answer, agreed = make_answer(described(*([LINE] if theirs else [])), US, capabilities, ORIGIN)
    assert agreed.rtcp_xr is says(answer) is (ours and theirs)
    offer = make_offer(US, capabilities, ORIGIN)
    assert says(offer) is ours
    assert read_answer(offer, described(*([LINE] if theirs else []))).rtcp_xr is (ours and theirs)


@pytest.mark.parametrize(
    ("line", "asks"),
    [
        (LINE, True),
        ("a=rtcp-xr:rcvr-rtt=all:10 voip-metrics stat-summary=loss,dup", True),
        ("a=rtcp-xr:stat-summary=loss", False),
        ("a=rtcp-xr:voip-metrics=1", False),
        ("a=rtcp-xr:VOIP-METRICS", False),
        ("a=rtcp-xr", False),
        ("a=rtcp-xr:", False),
    ],
)
def test_what_asks_for_them__rfc3611_5_1(line: str, asks: bool) -> None:
    for description in (described(line), described(session=line)):
        assert read_audio(description, description.media[0]).voip_metrics is asks
