"""What each mode of latching lets in, and the published attacks on it: RTP bleed (CVE-2017-14099, CVE-2017-14114,
CVE-2025-53399) and injection (EnableSecurity ES2025-01). The strangers know our ports, and often more than that.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from mediation.media.latching import MOST_MISSED, QUIET, RENEWAL, WINDOW
from mediation.media.rtcp import build as build_report
from mediation.media.srtp import Protection
from mediation.rtp.packet import read_header
from mediation.sdp.crypto import MasterKey, SrtpKeys, Suite
from mediation.settings.peer_media import Latching
from tests.unit.media.attacked import NOISE, OTHER_SSRC, SSRC, VOICE, Attacked, attacked
from tests.unit.media.circuit import heard, packet

OFF, SDP_IP, FIRST, CONTINUOUS = Latching
KEYS = SrtpKeys(Suite.AES_CM_128_HMAC_SHA1_80, MasterKey(b"\1" * 30, b""), MasterKey(b"\2" * 30, b""))


@pytest.fixture
def call(request: pytest.FixtureRequest) -> Iterator[Attacked]:
    with attacked(request.param) as made:
        yield made


def modes(*which: Latching) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("call", which, ids=str, indirect=True)


every_mode = modes(*Latching)
learning = modes(FIRST, CONTINUOUS)


def party() -> Protection:
    """The caller's end of the keys."""
    protection = Protection()
    protection.apply(SrtpKeys(KEYS.suite, KEYS.receiving, KEYS.sending))
    return protection


# What each mode lets in


@every_mode
def test_before_anybody_is_heard_audio_goes_to_the_described_address(call: Attacked) -> None:
    call.name()
    assert call.hearers() == ["described"]


@every_mode
def test_the_described_address_and_port_are_heard_at_once(call: Attacked) -> None:
    call.name()
    call.send(call.caller, 0, 1)
    assert call.is_heard() == {"voice"}
    assert call.hearers() == ["described"]


@modes(OFF)
def test_off_another_port_of_the_described_address_is_nobody(call: Attacked) -> None:
    call.name()
    call.send(call.neighbour, 0, 50)
    call.pass_time(RENEWAL)
    call.send(call.neighbour, 50, 50)
    assert call.is_heard() == set()
    assert call.hearers() == ["described"]
    assert call.close().caller.rejected == 100


@modes(SDP_IP, FIRST, CONTINUOUS)
def test_otherwise_the_first_port_of_the_described_address_is_the_party(call: Attacked) -> None:
    call.name()
    call.send(call.neighbour, 0, 1)
    assert call.hearers() == ["neighbour"]


@modes(OFF, SDP_IP)
def test_a_party_behind_a_nat_is_not_heard_where_nothing_is_learned(call: Attacked) -> None:
    call.name()
    call.pass_time(RENEWAL)
    call.send(call.nat, 0, 50)
    assert call.is_heard() == set()
    assert call.hearers() == ["described"]


@learning
def test_a_party_behind_a_nat_is_found_when_the_described_address_is_silent(call: Attacked) -> None:
    call.name()
    call.send(call.nat, 0, 5)
    assert call.is_heard() == set()
    assert call.hearers() == ["described"]
    call.pass_time(WINDOW)
    call.send(call.nat, 5, 2)
    assert call.is_heard() == {"voice"}
    assert call.hearers() == ["nat"]


@learning
def test_two_packets_in_a_row_make_a_source_and_single_ones_do_not__rfc3550_a_1(call: Attacked) -> None:
    call.name()
    call.pass_time(WINDOW)
    for number in range(0, 400, 2):
        call.send(call.stranger, number, 1)
    for number in range(100):
        call.send(call.stranger, number, 1, ssrc=number)
    assert call.is_heard() == set()
    assert call.hearers() == ["described"]


@learning
@pytest.mark.parametrize("octets", [b"", b"noise" * 9, packet(0, payload_type=77)])
def test_what_is_no_rtp_that_was_agreed_on_teaches_nothing(call: Attacked, octets: bytes) -> None:
    call.name()
    call.pass_time(WINDOW)
    for _ in range(10):
        call.from_caller(octets, by=call.stranger)
    call.serve_now()
    assert call.hearers() == ["described"]


@learning
def test_a_party_that_may_not_speak_is_not_looked_for(call: Attacked) -> None:
    call.name(call.description(sends=False))
    call.pass_time(RENEWAL)
    call.send(call.stranger, 0, 50)
    assert call.hearers() == ["described"]


@modes(FIRST)
def test_a_party_that_was_found_is_not_followed_elsewhere(call: Attacked) -> None:
    call.name()
    call.pass_time(WINDOW)
    call.send(call.nat, 0)
    call.pass_time(60 * 8000)
    call.send(call.roamed, 2, 10)
    assert call.hearers() == ["nat"]


@modes(CONTINUOUS)
def test_a_party_that_roams_is_followed_by_its_stream(call: Attacked) -> None:
    call.name()
    call.send(call.caller, 0)
    for number, (sock, place) in enumerate(
        ((call.roamed, "roamed"), (call.nat, "nat"), (call.caller, "described"))
    ):
        call.pass_time(QUIET)
        call.send(sock, 10 + 20 * number, 2)
        assert call.hearers() == [place]
    heard(call.callee)
    call.send(call.caller, 52, 1)
    assert call.is_heard() == {"voice"}


@modes(CONTINUOUS)
def test_a_party_that_roams_goes_on_for_the_callee_as_one_stream__rfc3550_5_1(call: Attacked) -> None:
    call.name()
    call.send(call.caller, 0, 3)
    call.pass_time(QUIET)
    call.send(call.roamed, 3, 3)
    sent = [read_header(octets) for octets in heard(call.callee)]
    assert len({header[4] for header in sent}) == 1
    assert [(header[2] - sent[0][2]) & 0xFFFF for header in sent] == [0, 1, 2, 4, 5]  # one was to convince us


@modes(CONTINUOUS)
@pytest.mark.parametrize(
    ("first", "ssrc"), [(2, OTHER_SSRC), (2 + MOST_MISSED, SSRC), (0xFFF0, SSRC), (0, SSRC)]
)
def test_whoever_has_not_its_stream_is_not_the_party_however_silent_it_is(
    call: Attacked, first: int, ssrc: int
) -> None:
    call.name()
    call.send(call.caller, 0)
    call.is_heard()
    call.pass_time(60 * 8000)
    call.send(call.stranger, first, 2 if first == 0 else 12, ssrc)
    assert call.is_heard() == set()
    assert call.hearers() == ["described"]


# RTP bleed: who hears


@every_mode
def test_spray_before_the_call_is_described_leaves_nothing_behind(call: Attacked) -> None:
    call.send(call.stranger, 0, 100)
    call.send(call.neighbour, 0, 100)
    call.name()
    call.send(call.stranger, 100, 1)
    call.send(call.caller, 0, 1)
    assert call.hearers() == ["described"]
    assert call.is_heard() == {"voice"}


@every_mode
def test_spray_that_waits_unread_while_signalling_names_the_party_is_late(call: Attacked) -> None:
    for number in range(50):
        call.from_caller(packet(number, NOISE, ssrc=OTHER_SSRC), by=call.stranger)
    call.name()
    call.serve_now()
    assert call.is_heard() == set()
    assert call.hearers() == ["described"]


@every_mode
def test_whoever_sprays_while_the_party_speaks_hears_nothing(call: Attacked) -> None:
    call.name()
    for number in range(100):
        call.send(call.stranger, number, 3, OTHER_SSRC)
        call.send(call.caller, number, 1)
        call.pass_time(160)
    assert call.hearers() == ["described"]
    assert call.is_heard() == {"voice"}


@learning
def test_who_was_faster_than_a_party_that_began_late_is_out_once_it_speaks(call: Attacked) -> None:
    call.name()
    call.pass_time(WINDOW)
    call.send(call.stranger, 0, 5, OTHER_SSRC)
    assert call.hearers() == ["stranger"]  # the risk of these modes, without SRTP
    heard(call.callee)
    call.send(call.caller, 0, 3)
    call.send(call.stranger, 5, 50, OTHER_SSRC)
    assert call.hearers() == ["described"]
    assert call.is_heard() == {"voice"}


@learning
def test_a_flood_while_the_party_changes_something_takes_nothing_over(call: Attacked) -> None:
    call.name()
    call.pass_time(WINDOW)
    call.send(call.nat, 0, 3)
    call.is_heard()
    for change in range(1, 6):
        call.name(call.description(event=96 + change))  # a re-INVITE
        assert call.hearers() == ["nat"]
        call.pass_time(RENEWAL // 2)
        call.send(call.stranger, 0, 20, OTHER_SSRC)
        call.send(call.nat, 10 * change, 1)
        call.pass_time(RENEWAL)
        call.send(call.stranger, 20, 20, OTHER_SSRC)
    assert call.is_heard() == {"voice"}
    assert call.hearers() == ["nat"]


@learning
def test_a_party_that_describes_itself_anew_may_come_from_elsewhere(call: Attacked) -> None:
    call.name()
    call.pass_time(WINDOW)
    call.send(call.nat, 0)
    call.name()  # the same once more opens nothing
    call.pass_time(RENEWAL)
    call.send(call.roamed, 100, 5, OTHER_SSRC)
    assert call.hearers() == ["nat"]
    call.name(call.description(event=97))
    call.pass_time(RENEWAL)
    call.send(call.roamed, 105, 5, OTHER_SSRC)
    assert call.hearers() == ["roamed"]


@learning
def test_a_change_of_the_other_party_opens_nothing(call: Attacked) -> None:
    call.name()
    call.pass_time(WINDOW)
    call.send(call.nat, 0)
    call.apply(call.plan(caller=call.description(), silence_s=99.0))
    call.pass_time(RENEWAL)
    call.send(call.stranger, 0, 20, OTHER_SSRC)
    assert call.hearers() == ["nat"]


@every_mode
def test_while_the_party_is_on_hold_nobody_takes_its_place(call: Attacked) -> None:
    call.name()
    call.send(call.caller, 0)
    call.is_heard()
    call.name(call.description(sends=False))
    call.pass_time(60 * 8000)
    call.send(call.stranger, 2, 50)  # with its SSRC and its numbers
    assert call.hearers() == ["described"]
    call.name()
    call.send(call.stranger, 52, 50)
    assert call.hearers() == ["described"]
    assert call.is_heard() == set()


@every_mode
def test_after_a_transfer_the_party_before_is_a_stranger(call: Attacked) -> None:
    call.name()
    call.send(call.caller, 0)
    call.is_heard()
    call.name(call.description(call.roamed))
    for number in range(2, 20):
        call.pass_time(QUIET)
        call.send(call.caller, number, 2)
    assert call.is_heard() == set()
    assert call.hearers() == ["roamed"]


@every_mode
def test_a_port_of_a_call_that_is_over_says_nothing_to_anybody(call: Attacked) -> None:
    call.name()
    call.send(call.caller, 0)
    call.close()
    call.is_heard()
    heard(call.caller)
    for sock in (call.stranger, call.neighbour, call.caller):
        call.send(sock, 2, 20)
        call.from_callee(packet(20, payload_type=8))
    call.serve_now()
    assert call.is_heard() == set()
    assert all(heard(sock) == [] for sock in (call.stranger, call.neighbour, call.caller))


# Injection: who is heard


@every_mode
def test_guessed_ssrc_and_sequence_are_not_heard_while_the_party_speaks(call: Attacked) -> None:
    call.name()
    for number in range(0, 200, 2):
        call.send(call.caller, number, 1)
        call.send(call.stranger, number + 1, 3)
        call.pass_time(QUIET - 1)
    assert call.is_heard() == {"voice"}
    assert call.hearers() == ["described"]


@modes(OFF, FIRST, CONTINUOUS)
def test_a_neighbour_of_the_party_is_not_heard_once_it_has_spoken(call: Attacked) -> None:
    call.name()
    call.send(call.caller, 0)
    call.send(call.neighbour, 2, 50, OTHER_SSRC)
    call.pass_time(QUIET)
    call.send(call.neighbour, 52, 50, OTHER_SSRC)
    assert call.is_heard() == {"voice"}


# RTCP


def report(leaving: bool = True) -> bytes:
    return build_report(SSRC, "a@b", ntp=1, sender=None, block=None, leaving=leaving)


@every_mode
def test_a_bye_of_a_stranger_ends_nothing_and_brings_it_no_reports__rfc3550_6_6(call: Attacked) -> None:
    call.name()
    call.send(call.caller, 0)
    for _ in range(20):
        call.stranger.sendto(report(), (call.pairs[0].host, call.pairs[0].port + 1))
        call.from_caller(report(), by=call.stranger)
    call.serve_now()
    call.advance(20.0)
    assert heard(call.stranger) == []
    assert heard(call.caller_rtcp) != []
    call.send(call.caller, 2)
    assert call.is_heard() == {"voice"}
    assert call.close().caller.rejected == 40


@modes(OFF)
def test_off_reports_come_from_the_described_port_alone(call: Attacked) -> None:
    call.name()
    call.neighbour.sendto(report(), (call.pairs[0].host, call.pairs[0].port + 1))
    call.serve_now()
    call.advance(20.0)
    assert heard(call.neighbour) == []
    assert heard(call.caller_rtcp) != []


@learning
def test_reports_make_nobody_the_party_and_follow_who_is(call: Attacked) -> None:
    reports_by = call.other(call.nat.getsockname()[0])
    call.name()
    call.pass_time(WINDOW)
    to = (call.pairs[0].host, call.pairs[0].port + 1)
    reports_by.sendto(report(leaving=False), to)
    call.serve_now()
    call.advance(20.0)
    assert heard(reports_by) == []
    call.send(call.nat, 0)
    reports_by.sendto(report(leaving=False), to)
    call.serve_now()
    heard(call.caller_rtcp)
    call.advance(20.0)
    assert heard(reports_by) != []
    assert heard(call.caller_rtcp) == []


@modes(CONTINUOUS)
def test_reports_go_on_where_only_the_port_of_audio_has_changed(call: Attacked) -> None:
    reports_by, other_port = call.other(call.nat.getsockname()[0]), call.other(call.nat.getsockname()[0])
    to = (call.pairs[0].host, call.pairs[0].port + 1)
    call.name()
    call.pass_time(WINDOW)
    call.send(call.nat, 0)
    reports_by.sendto(report(leaving=False), to)
    call.serve_now()
    call.pass_time(QUIET)
    call.send(other_port, 2)
    call.advance(20.0)
    assert heard(reports_by) != []


@learning
def test_reports_at_the_port_of_audio_go_where_the_party_was_found__rfc5761_5(call: Attacked) -> None:
    told = call.description()
    call.name(replace(told, remote_rtcp=told.remote, rtcp_mux=True))
    call.pass_time(WINDOW)
    call.from_caller(report(leaving=False), by=call.stranger)
    call.send(call.nat, 0)
    call.from_caller(report(leaving=False), by=call.nat)
    call.serve_now()
    heard(call.caller)
    call.advance(20.0)
    assert heard(call.nat) != []
    assert heard(call.caller) == heard(call.stranger) == []
    assert call.close().caller.rejected == 2  # the stranger's, and the one packet that was to convince us


# Fax


@modes(OFF, SDP_IP)
def test_a_fax_behind_a_nat_is_not_heard_where_nothing_is_learned(call: Attacked) -> None:
    call.name_fax()
    call.pass_time(WINDOW)
    for number in range(10):
        call.from_caller(bytes([0, number, 1, 2, 3, 0]), by=call.nat)
    call.serve_now()
    assert heard(call.callee) == []


@learning
def test_a_fax_behind_a_nat_is_found_and_then_nobody_else(call: Attacked) -> None:
    call.name_fax()
    call.pass_time(WINDOW)
    for number in (0, 0, 1):
        call.from_caller(bytes([0, number, 1, 2, 3, 0]), by=call.nat)
    call.serve_now()
    call.pass_time(60 * 8000)
    for number in range(2, 20):
        call.from_caller(bytes([0, number, 1, 9, 9, 0]), by=call.stranger)
    call.serve_now()
    call.from_callee(b"\0\0\1\2\3\0")
    call.serve_now()
    assert heard(call.callee) == [b"\0\0\1\2\3\0", b"\0\1\1\2\3\0"]
    assert (len(heard(call.nat)), heard(call.stranger), heard(call.caller)) == (1, [], [])


@learning
def test_noise_makes_nobody_a_fax_and_a_described_one_takes_its_place_back(call: Attacked) -> None:
    call.name_fax()
    call.pass_time(WINDOW)
    for number in range(0, 100, 7):
        call.from_caller(bytes([0, number, 9]), by=call.stranger)
    call.serve_now()
    assert heard(call.callee) == []
    for sock, of in ((call.stranger, 9), (call.caller, 1)):
        for number in range(3):
            call.from_caller(bytes([0, number, of]), by=sock)
        call.serve_now()
    assert heard(call.callee)[-1] == b"\0\2\1"
    call.from_callee(b"\0\0\1\2\3\0")
    call.serve_now()
    assert (len(heard(call.caller)), heard(call.stranger)) == (1, [])


# SRTP: what is not authentic moves nothing (RFC 3711 section 3.3)


@every_mode
def test_a_thousand_forged_packets_move_nothing__cve_2021_41105(call: Attacked) -> None:
    sealing = party()
    call.name(call.description(srtp=KEYS))
    call.from_caller(sealing.protect(packet(0, VOICE)))
    call.serve_now()
    for number in range(1000):
        octets = bytearray(sealing.protect(packet(number + 1, NOISE)))
        octets[-1] ^= 1
        call.from_caller(bytes(octets), by=call.stranger)
        if not number % 50:
            call.serve_now()
    call.pass_time(60 * 8000)
    for number in range(1000, 1010):
        call.from_caller(packet(number, NOISE), by=call.stranger)
    call.serve_now()
    assert call.is_heard() == {"voice"}
    assert call.hearers() == ["described"]


@learning
def test_with_srtp_an_authentic_packet_is_believed_at_once_and_no_other(call: Attacked) -> None:
    sealing = party()
    call.name(call.description(srtp=KEYS))
    call.pass_time(WINDOW)
    call.send(call.stranger, 0, 20)
    assert call.hearers() == ["described"]
    call.name(call.description(event=97, srtp=KEYS))
    call.from_caller(sealing.protect(packet(0, VOICE)), by=call.nat)
    call.serve_now()
    assert call.is_heard() == {"voice"}
    assert call.hearers() == ["nat"]


@learning
def test_a_replayed_packet_moves_nothing__rfc3711_3_3_2(call: Attacked) -> None:
    sealing = party()
    call.name(call.description(srtp=KEYS))
    caught = [sealing.protect(packet(number, VOICE)) for number in range(5)]
    for octets in caught:
        call.from_caller(octets, by=call.nat)
    call.serve_now()
    call.pass_time(RENEWAL)
    for octets in caught:
        call.from_caller(octets, by=call.stranger)
    call.serve_now()
    assert call.hearers() == ["nat"]


@modes(CONTINUOUS)
def test_with_srtp_a_party_that_roams_is_followed_once_it_is_quiet(call: Attacked) -> None:
    sealing = party()
    call.name(call.description(srtp=KEYS))
    for number, sock in enumerate((call.caller, call.roamed, call.nat)):
        call.from_caller(sealing.protect(packet(number, VOICE)), by=sock)
        call.serve_now()
        call.pass_time(QUIET)
    assert call.hearers() == ["nat"]
