"""Flow 19: keys between a party that hears of them in signalling and one that hears them in its media."""

from typing import Any

import pytest

from mediation.b2bua.media_facts import KeyHeard
from mediation.settings.model import Settings
from mediation.settings.peer_media import Dtmf, InfoBody, PeerMedia
from mediation.settings.peer_terms import MidCall
from mediation.sip.dtmf_info import DtmfInfo
from mediation.sip.errors import RemoteSipError
from tests.flows.midcall import SIDES, across, stream
from tests.flows.pair import WAYS, Make, Pair
from tests.flows.peers import Peer
from tests.flows.scenery import settings, trunk

RELAY = "Content-Type: application/dtmf-relay\r\n"
PLAIN = "Content-Type: application/dtmf\r\n"
FIVE = b"Signal=5\r\nDuration=160\r\n"
EVENTS = PeerMedia()
INFO = PeerMedia(dtmf=Dtmf.INFO)
TONES = PeerMedia(dtmf=Dtmf.INBAND)
BY_WAY = pytest.mark.parametrize("way", list(WAYS))


def between(way: str, one: PeerMedia, other: PeerMedia, **terms: Any) -> Settings:
    """Settings for a caller on terms `one` and a callee on terms `other`."""
    inside, outside = (one, other) if way == "outbound" else (other, one)
    return settings(trunk(media=outside, **terms), media_terms=inside, **terms)


def connected(
    make: Make, way: str, by: str, media: tuple[PeerMedia, PeerMedia], **terms: Any
) -> tuple[Pair, Peer, Peer]:
    """A call in which the party `by` is on the first terms, and the other one on the second ones.

    Only who is on the usual terms knows telephone-event.
    """
    caller, callee = media if by == "caller" else media[::-1]
    call = WAYS[way](make(between(way, caller, callee, **terms)))
    for peer, own in ((call.caller, caller), (call.callee, callee)):
        if own is EVENTS:
            peer.codecs += " telephone-event"
    call.connects()
    one, other = (call.caller, call.callee) if by == "caller" else (call.callee, call.caller)
    one.heard(), other.heard()
    return call, one, other


def presses(call: Pair, by: str, key: str, duration_ms: int = 100) -> None:
    """What media says of a key that it has heard."""
    call.world.media_says(KeyHeard(call.world.call_id, by == "caller", key, duration_ms))


@BY_WAY
@SIDES
@pytest.mark.parametrize("hears", [EVENTS, TONES], ids=["events", "tones"])
def test_a_key_by_info_is_answered_by_us_and_heard_in_the_media(
    make: Make, way: str, by: str, hears: PeerMedia
) -> None:
    call, one, other = connected(make, way, by, (INFO, hears))
    one.asks("INFO", within=True, headers=RELAY, body=FIVE)
    assert one.heard() == ["200 INFO"]
    assert other.heard() == []
    assert call.media.pressed == [(across(by), "5", 160)]
    call.ends()


@BY_WAY
@SIDES
def test_a_key_in_the_media_is_said_by_info(make: Make, way: str, by: str) -> None:
    call, one, other = connected(make, way, by, (EVENTS, INFO))
    presses(call, by, "#", 120)
    assert other.heard() == ["INFO"]
    said = other.request("INFO")
    assert said.body == b"Signal=#\r\nDuration=120\r\n"
    assert said.headers.get("Content-Type") == "application/dtmf-relay"
    assert said.request_uri == other.contact
    other.says(200, to="INFO")
    assert one.heard() == []
    call.ends()


@SIDES
def test_a_peer_that_wants_the_key_alone_gets_it_alone(make: Make, by: str) -> None:
    plain = PeerMedia(dtmf=Dtmf.INFO, dtmf_info=InfoBody.PLAIN)
    call, _, other = connected(make, "outbound", by, (TONES, plain))
    presses(call, by, "A")
    said = other.request("INFO")
    assert (said.body, said.headers.get("Content-Type")) == (b"A", "application/dtmf")
    other.says(200, to="INFO")
    call.ends()


@SIDES
def test_keys_are_said_one_after_the_other_whatever_is_answered(make: Make, by: str) -> None:
    call, one, other = connected(make, "outbound", by, (EVENTS, INFO))
    for key in "123":
        presses(call, by, key)
    heard = []
    for status in (200, 415, 200):
        assert other.heard() == ["INFO"], "the next one waits, so that none overtakes"
        heard.append(other.request("INFO").body[7:8])
        other.says(status, to="INFO")
    assert heard == [b"1", b"2", b"3"]
    assert one.heard() == []
    call.ends()


@SIDES
def test_a_call_may_end_while_keys_wait(make: Make, by: str) -> None:
    call, one, other = connected(make, "outbound", by, (EVENTS, INFO))
    for key in "123":
        presses(call, by, key)
    one.hangs_up()
    assert other.heard() == ["INFO", "BYE"]
    other.says(200, to="INFO")
    assert other.heard() == []
    assert call.over


def test_a_peer_that_answers_none_hears_no_more_than_it_can_mean(make: Make) -> None:
    call, _, other = connected(make, "outbound", "caller", (EVENTS, INFO))
    for _ in range(100):
        presses(call, "caller", "1")
    count = 0
    while other.heard() == ["INFO"]:
        count += 1
        other.says(200, to="INFO")
    assert count == 33
    call.ends()


@SIDES
def test_between_two_that_say_keys_by_info_it_crosses_in_the_others_words(make: Make, by: str) -> None:
    call, one, other = connected(
        make, "outbound", by, (PeerMedia(dtmf=Dtmf.INFO, dtmf_info=InfoBody.PLAIN), INFO)
    )
    one.asks("INFO", within=True, headers=PLAIN + "Info-Package: infoDtmf\r\n", body=b"*")
    said = other.request("INFO")
    assert said.body == b"Signal=*\r\nDuration=160\r\n"
    assert said.headers.get("Content-Type") == "application/dtmf-relay"
    assert said.headers.get("Info-Package") == "infoDtmf"
    assert one.heard() == [], "it is for the other party to answer"
    other.says(200, to="INFO")
    assert one.heard() == ["200 INFO"]
    call.ends()


@SIDES
def test_one_in_the_same_words_crosses_octet_for_octet(make: Make, by: str) -> None:
    call, one, other = connected(make, "outbound", by, (INFO, INFO))
    one.asks("INFO", within=True, headers=RELAY, body=b"Signal= 5\nDuration= 90\n")
    assert other.request("INFO").body == b"Signal= 5\nDuration= 90\n"
    other.says(200, to="INFO")
    call.ends()


@SIDES
@pytest.mark.parametrize("body", [b"Signal=\r\n", b"Signal=!\r\n", b"Signal=16\r\n", b"hello"])
def test_a_body_that_says_no_key_is_400(make: Make, by: str, body: bytes) -> None:
    call, one, other = connected(make, "outbound", by, (INFO, EVENTS))
    one.asks("INFO", within=True, headers=RELAY, body=body)
    assert one.heard() == ["400 INFO"]
    assert other.heard() == []
    assert call.media.pressed == []
    call.ends()


@SIDES
def test_where_telephone_event_is_agreed_on_info_with_a_key_crosses_as_it_is(make: Make, by: str) -> None:
    call, one, other = connected(make, "outbound", by, (EVENTS, TONES))
    one.asks("INFO", within=True, headers=RELAY, body=FIVE)
    assert other.heard() == ["INFO"], "or the key would be heard twice: it comes as an event, too"
    other.says(200, to="INFO")
    assert call.media.pressed == []
    call.ends()


@SIDES
def test_a_key_for_a_party_that_has_no_way_for_it_crosses_as_it_is(make: Make, by: str) -> None:
    call, one, other = connected(make, "outbound", by, (INFO, EVENTS))
    other.codecs = other.codecs.removesuffix(" telephone-event")
    other.reinvites(other.sdp(version=2))
    other.acks()
    one.heard(), other.heard()
    one.asks("INFO", within=True, headers=RELAY, body=FIVE)
    assert other.heard() == ["INFO"]
    other.says(200, to="INFO")
    assert one.heard() == ["200 INFO"]
    assert call.media.pressed == []
    call.ends()


@SIDES
def test_keys_by_info_need_no_relaying_of_info(make: Make, by: str) -> None:
    call, one, other = connected(make, "outbound", by, (INFO, EVENTS), mid_call=MidCall(info=False))
    one.asks("INFO", within=True, headers=RELAY, body=FIVE)
    one.asks("INFO", within=True, headers="Content-Type: text/plain\r\n", body=b"hello")
    one.asks("MESSAGE", within=True, headers="Content-Type: text/plain\r\n", body=b"hello")
    assert one.heard() == ["200 INFO", "405 INFO", "405 MESSAGE"]
    assert other.heard() == []
    call.ends()


def test_allow_names_info_where_keys_come_by_it(make: Make) -> None:
    call = WAYS["outbound"](make(between("outbound", EVENTS, INFO, mid_call=MidCall(info=False))))
    call.dials()
    assert "INFO" in (call.callee.request("INVITE").headers.get("Allow") or "")
    call.callee.says(486)
    assert "INFO" not in (call.caller.response(486).headers.get("Allow") or "")


@SIDES
def test_a_peer_that_does_not_list_info_hears_no_keys(make: Make, by: str) -> None:
    call = WAYS["outbound"](make(between("outbound", EVENTS, INFO)))
    call.caller.codecs += " telephone-event"
    call.caller.invites()
    call.callee.says(200, sdp=call.callee.sdp(), headers="Allow: INVITE, ACK, BYE, CANCEL\r\n")
    call.caller.acks()
    call.callee.heard()
    presses(call, "caller", "1")
    assert call.callee.heard() == []
    call.ends()


@BY_WAY
@pytest.mark.parametrize(("own", "said"), [(EVENTS, Dtmf.RTP), (INFO, Dtmf.INFO), (TONES, Dtmf.INBAND)])
@SIDES
def test_the_plan_says_how_each_party_says_keys(
    make: Make, way: str, by: str, own: PeerMedia, said: Dtmf
) -> None:
    call, *_ = connected(make, way, by, (own, EVENTS))
    assert stream(call, by).dtmf is said
    assert stream(call, across(by)).dtmf is Dtmf.RTP
    call.ends()


def test_a_peer_that_takes_telephone_event_needs_neither(make: Make) -> None:
    call = WAYS["outbound"](make(between("outbound", INFO, TONES)))
    for peer in (call.caller, call.callee):
        peer.codecs += " telephone-event"
    call.connects()
    assert (stream(call, "caller").dtmf, stream(call, "callee").dtmf) == (Dtmf.RTP, Dtmf.RTP)
    call.ends()


def test_a_key_before_the_answer_is_heard_already__flow_3(make: Make) -> None:
    call = WAYS["outbound"](make(between("outbound", EVENTS, INFO)))
    call.caller.codecs += " telephone-event"
    call.dials()
    call.callee.says(183, sdp=call.callee.sdp())
    assert call.caller.heard() == ["183"]
    call.callee.heard()
    presses(call, "caller", "0")
    assert call.callee.heard() == ["INFO"]
    call.callee.says(200, to="INFO")
    call.callee.asks("INFO", within=True, headers=RELAY, body=FIVE)
    assert call.callee.heard() == ["200 INFO"]
    assert call.media.pressed == [("caller", "5", 160)]
    call.callee.says(486)


def test_a_key_of_a_call_that_is_over_is_nobodys(make: Make) -> None:
    call, *_ = connected(make, "outbound", "caller", (EVENTS, INFO))
    name = call.world.call_id
    call.ends()
    call.world.media_says(KeyHeard(name, True, "1", 100))
    assert call.callee.heard() == []


@pytest.mark.parametrize(
    ("body", "key"),
    [
        (b"Signal=5\r\nDuration=160\r\n", DtmfInfo("5", 160)),
        (b"Signal= 5\r\nDuration= 250\r\n", DtmfInfo("5", 250)),
        (b"signal=a\nduration=100", DtmfInfo("A", 100)),
        (b"Duration=100\r\nSignal=#\r\n", DtmfInfo("#", 100)),
        (b"Signal=10\r\n", DtmfInfo("*")),
        (b"Signal=11\r\n", DtmfInfo("#")),
        (b"Signal=15\r\n", DtmfInfo("D")),
        (b"Signal=7\r\nDuration=0\r\n", DtmfInfo("7")),
        (b"Signal=7\r\nDuration=1\r\n", DtmfInfo("7", 40)),
        (b"Signal=7\r\nDuration=999999\r\n", DtmfInfo("7", 8000)),
        (b"9", DtmfInfo("9")),
        (b" *\r\n", DtmfInfo("*")),
    ],
)
def test_what_gateways_write_is_read(body: bytes, key: DtmfInfo) -> None:
    assert DtmfInfo.parse(body) == key


@pytest.mark.parametrize("key", "0123456789*#ABCD")
def test_every_key_is_read_as_it_is_written(key: str) -> None:
    said = DtmfInfo(key, 321)
    assert DtmfInfo.parse(bytes(said)) == said


@pytest.mark.parametrize("body", [b"", b"\xff", b"55 5", b"Signal=x", b"Signal=\xd9\xa5", b"Signal=5" * 1000])
def test_what_says_no_key_is_refused(body: bytes) -> None:
    with pytest.raises(RemoteSipError):
        DtmfInfo.parse(body)
