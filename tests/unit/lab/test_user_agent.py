"""The scripted user agent beside its scripts: offers it cannot take, requests out of the blue, peers that vanish."""

from itertools import count

import pytest

from mediation.lab.simulated_call import OVER, StartAudio
from mediation.lab.user_agent import PORTS_END
from mediation.sip.flow import Endpoint
from mediation.sip.message import Request, Response
from mediation_codecs.law import Law
from tests.unit.lab.virtual import CALLED_AT, CALLER_AT, NUMBER, Network

STRANGER: Endpoint = ("10.0.0.9", 5060)
_SERIALS = count(1)


def network_of_one(behaviour: str = "answer", law: Law = Law.PCMU) -> Network:
    """One agent, and a stranger who is spoken for by the test."""
    network = Network()
    network.mute.add(STRANGER)
    network.join(CALLED_AT, behaviour, law)
    return network


def sdp(codecs: str = "0", port: int = 45000) -> str:
    return f"v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio {port} RTP/AVP {codecs}\r\n"


def request(
    method: str, body: str = "", *, to_tag: str = "", call_id: str = "c1", branch: str = "", sequence: int = 0
) -> bytes:
    serial = next(_SERIALS)
    kind = "Content-Type: application/sdp\r\n" if body else ""
    tag = f";tag={to_tag}" if to_tag else ""
    return (
        f"{method} sip:{NUMBER}@{CALLED_AT[0]} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {STRANGER[0]};branch=z9hG4bK{branch or serial}\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:s@{STRANGER[0]}>;tag=s\r\nTo: <sip:{NUMBER}@{CALLED_AT[0]}>{tag}\r\n"
        f"Call-ID: {call_id}\r\nCSeq: {sequence or serial} {method}\r\nContact: <sip:s@{STRANGER[0]}>\r\n"
        f"{kind}Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def answers(network: Network) -> list[Response]:
    return [
        m
        for _, sent, m in network.told[CALLED_AT].seen
        if sent and isinstance(m, Response) and m.status != 100
    ]


def test_options_are_answered_with_what_it_takes() -> None:
    network = network_of_one()
    network.inject(request("OPTIONS"), STRANGER, CALLED_AT)
    [answer] = answers(network)
    assert answer.status == 200
    assert "INVITE" in answer.allow
    assert answer.contact is not None


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        (request("BYE", to_tag="nobody"), 481),
        (request("INVITE", sdp(), to_tag="nobody"), 481),
        (request("CANCEL"), 481),
        (request("REGISTER"), 405),
        (request("MESSAGE", to_tag="nobody"), 405),
        (request("INVITE", sdp("8")), 488),
        (request("INVITE", sdp("9 18")), 488),
        (request("INVITE", "v=0\r\nnonsense"), 488),
    ],
)
def test_what_it_cannot_take_is_refused(octets: bytes, status: int) -> None:
    network = network_of_one()
    network.inject(octets, STRANGER, CALLED_AT)
    network.advance(60)
    assert [answer.status for answer in answers(network)][:1] == [status]
    assert network.idle()


def test_an_ack_for_nobody_is_dropped() -> None:
    network = network_of_one()
    network.inject(request("ACK", to_tag="nobody"), STRANGER, CALLED_AT)
    assert not answers(network)


def test_who_is_called_without_an_offer_makes_one_in_the_answer__rfc3261_13_2_1() -> None:
    network = network_of_one(law=Law.PCMA)
    network.inject(request("INVITE", sequence=1), STRANGER, CALLED_AT)
    [answer] = answers(network)
    assert b"RTP/AVP 8" in answer.body
    assert not network.told[CALLED_AT].audio
    network.inject(request("ACK", sdp("8"), to_tag=answer.to.tag or "", sequence=1), STRANGER, CALLED_AT)
    [(_, audio)] = network.told[CALLED_AT].audio
    assert isinstance(audio, StartAudio)
    assert (audio.remote, audio.law) == (("10.0.0.9", 45000), Law.PCMA)


def test_a_new_offer_moves_the_audio_and_a_bad_one_does_not() -> None:
    network = network_of_one()
    network.inject(request("INVITE", sdp(), sequence=1), STRANGER, CALLED_AT)
    tag = answers(network)[0].to.tag or ""
    network.inject(request("ACK", to_tag=tag, sequence=1), STRANGER, CALLED_AT)
    network.inject(request("INVITE", sdp(port=46000), to_tag=tag, sequence=2), STRANGER, CALLED_AT)
    network.inject(request("ACK", to_tag=tag, sequence=2), STRANGER, CALLED_AT)
    network.inject(request("INVITE", sdp("8", 47000), to_tag=tag, sequence=3), STRANGER, CALLED_AT)
    assert [answer.status for answer in answers(network)] == [200, 200, 488]
    ports = [audio.remote[1] for _, audio in network.told[CALLED_AT].audio if isinstance(audio, StartAudio)]
    assert ports == [45000, 46000]


def test_a_caller_that_never_acknowledges_is_hung_up_on__rfc3261_13_3_1_4() -> None:
    network = network_of_one()
    network.agents[STRANGER] = network.agents[
        CALLED_AT
    ]  # something that takes octets and does nothing with them
    network.loses = lambda message: True
    network.inject(request("INVITE", sdp()), STRANGER, CALLED_AT)
    network.advance(100)
    told = network.told[CALLED_AT]
    assert told.words() == ["takes the call: answer", "hears no ACK", OVER]
    assert told.sent().count("200") > 5
    assert "BYE" in told.sent()
    assert network.idle()


def test_a_server_that_cannot_be_reached_ends_the_call() -> None:
    network = Network()
    network.join(CALLER_AT)
    network.call()
    told = network.told[CALLER_AT]
    assert told.words() == ["fails: transport", OVER]
    assert (100.0, "", "cannot reach 10.0.0.2:5060") in told.notes
    assert network.idle()


def test_a_server_that_never_answers_ends_the_call_after_32_seconds__rfc3261_17_1_1_2() -> None:
    network = Network()
    network.join(CALLER_AT)
    network.join(CALLED_AT)
    network.loses = lambda message: True
    network.call()
    network.advance(40)
    told = network.told[CALLER_AT]
    assert told.words() == ["fails: timeout", OVER]
    assert told.when(OVER) == pytest.approx(132.0)


def test_what_the_server_should_not_have_sent_is_noted() -> None:
    network = network_of_one()
    network.inject(b"INVITE nonsense", STRANGER, CALLED_AT)
    network.inject(
        b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKnone\r\nFrom: <sip:a@b>;tag=1\r\n"
        b"To: <sip:c@d>;tag=2\r\nCall-ID: stray\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n",
        STRANGER,
        CALLED_AT,
    )
    malformed, stray = network.told[CALLED_AT].words("")
    assert malformed.startswith("malformed message from 10.0.0.9:5060")
    assert stray == "stray 200"


def test_every_call_has_a_port_of_its_own_and_the_numbers_begin_again_at_the_end() -> None:
    network = Network()
    caller = network.join(CALLER_AT)
    network.join(CALLED_AT)
    caller._next_port = PORTS_END - 4
    for number in range(4):
        network.call(number=f"+{number}")
    ports = [audio.local[1] for _, audio in network.told[CALLER_AT].audio]
    assert ports == [PORTS_END - 4, PORTS_END - 2, 40000, 40002]


def test_all_calls_can_be_hung_up_whatever_they_are_doing() -> None:
    network = Network()
    caller = network.join(CALLER_AT)
    network.join(CALLED_AT, "answer", n1="never-answer", n2="slow", n3="early-media")
    for number in ("+0", "+1", "+2", "+3"):
        network.call(talk_s=1000, number=number)
    network.advance(0.5)
    caller.hang_up_all(network.now)
    network.advance(60)
    assert not caller.calls
    assert network.idle()


def test_two_calls_to_one_number_are_two_calls() -> None:
    network = Network()
    network.join(CALLER_AT)
    network.join(CALLED_AT)
    network.call(talk_s=1)
    network.call(talk_s=2)
    network.advance(40)
    for at in (CALLER_AT, CALLED_AT):
        outputs = [output for _, output in network.told[at].audio]
        assert len({output.local for output in outputs}) == 2, "each start and each stop says whose it is"
        assert len(outputs) == 4
    assert network.idle()


def test_a_retransmitted_invite_is_one_call() -> None:
    network = network_of_one("never-answer")
    octets = request("INVITE", sdp(), branch="same", sequence=5)
    for _ in range(3):
        network.inject(octets, STRANGER, CALLED_AT)
    assert len(network.agents[CALLED_AT].calls) == 1
    assert [m for _, sent, m in network.told[CALLED_AT].seen if isinstance(m, Request) and not sent]
