"""Flow 19.4 and ptime: what descriptions say of comfort noise and packet lengths, and what the plan makes of it."""

import pytest

from mediation.sdp.description import SessionDescription
from mediation.settings.peer_media import PeerMedia
from mediation.sip.message import Message
from tests.flows.midcall import SIDES, stream
from tests.flows.pair import WAYS, Make, Pair
from tests.flows.scenery import settings, trunk

TAKES = PeerMedia(comfort_noise=True)
FILLED = PeerMedia(fill_silence=True)
USUAL = PeerMedia()


def between(make: Make, one: PeerMedia, other: PeerMedia) -> Pair:
    """A call from a front end on terms `one` to a trunk on terms `other`."""
    return WAYS["outbound"](make(settings(trunk(media=other), media_terms=one)))


def noisy(sdp: bytes) -> bytes:
    """A description that lists 13 as well, without an rtpmap: it is a static number (RFC 3551 section 6)."""
    lines = sdp.split(b"\r\n")
    return b"\r\n".join(line + b" 13" if line.startswith(b"m=") else line for line in lines)


def formats(message: Message) -> tuple[str, ...]:
    return SessionDescription.parse(message.body).media[0].formats


def talk(call: Pair, caller: bool, callee: bool) -> None:
    """Connect; each party lists 13, or does not."""
    offer, answer = call.caller.sdp(), call.callee.sdp()
    call.caller.invites(sdp=noisy(offer) if caller else offer)
    call.callee.says(200, sdp=noisy(answer) if callee else answer)
    call.caller.acks()
    call.caller.heard(), call.callee.heard()


@pytest.mark.parametrize(("terms", "said"), [(TAKES, True), (USUAL, False), (FILLED, False)])
def test_it_is_offered_and_taken_by_setting__rfc3389_4(make: Make, terms: PeerMedia, said: bool) -> None:
    call = between(make, terms, terms)
    talk(call, caller=True, callee=said)
    offer = call.callee.request("INVITE")
    assert ("13" in formats(offer)) is said
    assert (b"a=rtpmap:13 CN/8000" in offer.body) is said
    assert ("13" in formats(call.caller.response(200))) is said
    assert formats(offer)[0] != "13", "it is no codec"
    call.ends()


@pytest.mark.parametrize("caller", [True, False])
@pytest.mark.parametrize("callee", [True, False])
def test_each_party_has_it_that_lists_it(make: Make, caller: bool, callee: bool) -> None:
    call = between(make, TAKES, TAKES)
    talk(call, caller, callee)
    assert (stream(call, "caller").comfort_noise, stream(call, "callee").comfort_noise) == (caller, callee)
    assert ("13" in formats(call.caller.response(200))) is caller
    call.ends()


@SIDES
def test_noise_is_made_where_the_setting_says_so(make: Make, by: str) -> None:
    call = between(make, *((FILLED, USUAL) if by == "caller" else (USUAL, FILLED)))
    talk(call, caller=True, callee=True)
    assert stream(call, by).fill_silence
    assert not stream(call, "callee" if by == "caller" else "caller").fill_silence
    call.ends()


def test_13_alone_is_no_codec_in_common(make: Make) -> None:
    call = between(make, TAKES, TAKES)
    call.caller.invites(sdp=call.caller.sdp().replace(b"RTP/AVP 0", b"RTP/AVP 13"))
    assert "488" in call.caller.heard()


def test_13_under_another_name_is_nothing(make: Make) -> None:
    call = between(make, TAKES, TAKES)
    call.caller.invites(sdp=noisy(call.caller.sdp()) + b"a=rtpmap:13 VDVI/8000\r\n")
    call.callee.says(200, sdp=call.callee.sdp())
    call.caller.acks()
    assert not stream(call, "caller").comfort_noise
    call.ends()


@SIDES
@pytest.mark.parametrize(
    ("lines", "ptime_ms", "max_ptime_ms"),
    [("", 20, 0), ("a=ptime:30\r\n", 30, 0), ("a=ptime:30\r\na=maxptime:20\r\n", 20, 20), ("a=maxptime:40\r\n", 20, 40),
     ("a=maxptime:5\r\n", 20, 0), ("a=maxptime:150\r\n", 20, 0)],
)  # fmt: skip
def test_the_plan_knows_what_packets_a_party_takes__rfc8866_6_4(
    make: Make, by: str, lines: str, ptime_ms: int, max_ptime_ms: int
) -> None:
    call = between(make, PeerMedia(repacketize=True), USUAL)
    call.caller.invites(sdp=call.caller.sdp(lines=lines if by == "caller" else ""))
    call.callee.says(200, sdp=call.callee.sdp(lines=lines if by == "callee" else ""))
    call.caller.acks()
    party = stream(call, by)
    assert (party.ptime_ms, party.max_ptime_ms) == (ptime_ms, max_ptime_ms)
    assert party.repacketize is (by == "caller")
    call.ends()
