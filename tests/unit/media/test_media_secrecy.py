"""A call with SRTP on one side or on both, on real sockets: what each party hears, and what it can never hear."""

import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest

from mediation.b2bua.plan import Stream
from mediation.media.rtcp import build as build_report
from mediation.media.rtcp import parse
from mediation.media.srtp import Protection
from mediation.rtp.packet import read_header
from mediation.sdp.crypto import MasterKey, SrtpKeys, Suite
from mediation_codecs.law import Law
from tests.unit.media.circuit import CALLEE, STRANGER, Circuit, circuit, heard, own, packet, stream

SUITES = pytest.mark.parametrize("suite", list(Suite), ids=str)
SUITE = Suite.AES_CM_128_HMAC_SHA1_80
AS_PCMA = b"\xd5" * 160
"""What becomes of µ-law silence."""
AS_PCMU = b"\xfe" * 160
"""And of A-law silence."""
SILENCE = b"\xff" * 160


@pytest.fixture
def call() -> Iterator[Circuit]:
    with circuit() as made:
        yield made


def keys(seed: int, suite: Suite = SUITE, mki: bytes = b"") -> SrtpKeys:
    """Ours and theirs: no octet of them is the same for two seeds."""
    ours, theirs = (bytes([seed + half]) * suite.octets for half in (0, 100))
    return SrtpKeys(suite, MasterKey(ours, mki), MasterKey(theirs, mki))


def peer(of: SrtpKeys) -> Protection:
    """The other end of these keys."""
    protection = Protection()
    protection.apply(SrtpKeys(of.suite, of.receiving, of.sending))
    return protection


def secure(call: Circuit, caller: SrtpKeys | None = None, callee: SrtpKeys | None = None) -> None:
    call.apply(
        call.plan(
            replace(stream(call.caller, call.caller_rtcp), srtp=caller),
            replace(stream(call.callee, call.callee_rtcp, law=Law.PCMA), srtp=callee),
        )
    )


def plain(protection: Protection, sock: socket.socket) -> list[bytes]:
    """The payloads of what came to a party that decrypts."""
    opened = [protection.unprotect(octets) for octets in heard(sock)]
    return [each[12:] for each in opened if each is not None]


@SUITES
def test_srtp_on_one_side_and_rtp_on_the_other(call: Circuit, suite: Suite) -> None:
    agreed = keys(1, suite)
    caller = peer(agreed)
    secure(call, caller=agreed)
    for number in range(5):
        call.from_caller(caller.protect(packet(number, SILENCE)))
        call.from_callee(packet(number, AS_PCMA, payload_type=8))
        call.serve()
    sealed = heard(call.caller)
    assert [octets[12:] for octets in heard(call.callee)] == 5 * [AS_PCMA]
    assert all(len(octets) == 172 + suite.tag_octets and SILENCE[:8] not in octets for octets in sealed)
    assert [caller.unprotect(octets) is not None for octets in sealed] == 5 * [True]
    report = call.close().caller
    assert (report.packets_received, report.packets_sent, report.tampered) == (5, 5, 0)


def test_each_side_has_keys_of_its_own(call: Circuit) -> None:
    one, other = keys(1, Suite.AEAD_AES_128_GCM, b"\1"), keys(2)
    caller, callee = peer(one), peer(other)
    secure(call, one, other)
    for number in range(3):
        call.from_caller(caller.protect(packet(number, SILENCE)))
        call.from_callee(callee.protect(packet(number, AS_PCMA, payload_type=8)))
        call.serve()
    assert plain(caller, call.caller) == 3 * [AS_PCMU]
    assert plain(callee, call.callee) == 3 * [AS_PCMA]


def test_a_packet_without_the_tag_moves_no_destination_and_is_not_heard__es2025_01(call: Circuit) -> None:
    agreed = keys(1)
    caller, behind_nat = peer(agreed), call.other(own(3))
    secure(call, caller=agreed)
    for number in range(100):
        call.from_caller(packet(number, SILENCE), by=behind_nat)
        call.from_caller(peer(keys(9)).protect(packet(number, SILENCE)), by=behind_nat)
    call.serve()
    call.from_callee(packet(0, payload_type=8))
    call.serve()
    assert heard(behind_nat) == []
    assert len(plain(caller, call.caller)) == 1
    assert heard(call.callee) == []
    call.from_caller(caller.protect(packet(0, SILENCE)), by=behind_nat)
    call.from_callee(packet(1, payload_type=8))
    call.serve()
    assert len(plain(caller, behind_nat)) == 1
    assert call.close().caller.tampered == 200


def test_a_thousand_forged_packets_to_both_ports_end_nothing__cve_2021_41105(call: Circuit) -> None:
    agreed = keys(1)
    caller = peer(agreed)
    secure(call, caller=agreed)
    call.from_caller(caller.protect(packet(0, SILENCE)))
    call.serve()
    for number in range(500):
        call.from_caller(packet(number, SILENCE))
        call.caller_rtcp.sendto(
            b"\x80\xc9\0\1" + bytes(24), (call.pairs[0].host, call.pairs[0].rtcp.getsockname()[1])
        )
        if number % 50 == 0:
            call.serve()
    call.serve()
    call.from_caller(caller.protect(packet(1, SILENCE)))
    call.serve()
    assert len(heard(call.callee)) == 2
    closed = call.close()
    assert closed.caller.tampered + closed.caller.replayed == 1000
    assert closed.caller.packets_received == 2


def test_a_packet_that_is_sent_once_more_is_not_heard_twice(call: Circuit) -> None:
    agreed = keys(1)
    once = peer(agreed).protect(packet(0, SILENCE))
    secure(call, caller=agreed)
    for _ in range(3):
        call.from_caller(once)
    call.serve()
    assert len(heard(call.callee)) == 1
    assert call.close().caller.replayed == 2


@SUITES
def test_reports_are_encrypted_both_ways__rfc3711_3_4(call: Circuit, suite: Suite) -> None:
    agreed = keys(1, suite)
    caller = peer(agreed)
    secure(call, caller=agreed)
    call.from_caller(caller.protect(packet(0, SILENCE)))
    call.serve()
    call.advance(6)
    (datagram,) = heard(call.caller_rtcp)[:1]
    opened = caller.unprotect_report(datagram)
    assert opened is not None
    parse(opened, 0)
    answer = build_report(0x1111, "a", ntp=1, sender=None, block=None)
    to = call.pairs[0].rtcp.getsockname()[:2]
    call.caller_rtcp.sendto(caller.protect_report(answer), to)
    call.caller_rtcp.sendto(answer, to)
    call.serve()
    closed = call.close().caller
    assert (closed.tampered, closed.rejected) == (1, 0)


def test_a_new_plan_with_the_same_keys_goes_on_counting(call: Circuit) -> None:
    agreed = keys(1)
    caller = peer(agreed)
    secure(call, caller=agreed)
    for number in range(32_700, 32_820):
        call.from_caller(caller.protect(packet(number, SILENCE)))
        call.from_callee(packet(number, payload_type=8))
        call.serve()
        if number % 40 == 0:
            held = replace(stream(call.caller, call.caller_rtcp, takes=number % 80 > 0), srtp=agreed)
            call.apply(call.plan(held))
    sent = heard(call.caller)
    assert all(caller.unprotect(octets) is not None for octets in sent)
    assert len(sent) > 60
    assert call.close().caller.tampered == 0


def test_new_keys_are_used_from_the_next_plan_on(call: Circuit) -> None:
    agreed, fresh = keys(1), keys(3, Suite.AEAD_AES_256_GCM)
    caller, renewed = peer(agreed), peer(fresh)
    secure(call, caller=agreed)
    call.from_caller(caller.protect(packet(0, SILENCE)))
    call.serve()
    secure(call, caller=fresh)
    call.from_caller(caller.protect(packet(1, SILENCE)))  # was on its way
    call.from_caller(renewed.protect(packet(2, SILENCE)))
    call.from_caller(caller.protect(packet(3, SILENCE)))
    call.from_callee(packet(0, payload_type=8))
    call.serve()
    assert len(heard(call.callee)) == 3
    assert len(plain(renewed, call.caller)) == 1
    assert call.close().caller.tampered == 1


def test_a_side_that_goes_over_to_plain_rtp_is_heard_at_once_and_back(call: Circuit) -> None:
    agreed = keys(1)
    caller = peer(agreed)
    secure(call)
    call.from_caller(packet(0, SILENCE))
    call.serve()
    secure(call, caller=agreed)
    call.from_caller(caller.protect(packet(1, SILENCE)))
    call.from_caller(packet(2, SILENCE))
    call.from_callee(packet(0, payload_type=8))
    call.serve()
    assert len(heard(call.callee)) == 2
    assert len(plain(caller, call.caller)) == 1
    secure(call)
    call.from_caller(packet(3, SILENCE))
    call.from_callee(packet(1, AS_PCMA, payload_type=8))
    call.serve()
    assert len(heard(call.callee)) == 1
    assert [octets[12:] for octets in heard(call.caller)] == [AS_PCMU]


def test_a_fax_goes_in_the_clear_and_audio_comes_back_with_its_keys__t38_9(call: Circuit) -> None:
    agreed = keys(1)
    caller = peer(agreed)
    secure(call, caller=agreed)
    call.from_caller(caller.protect(packet(0, SILENCE)))
    call.serve()
    call.apply(call.fax())
    call.from_caller(b"UDPTL one")
    call.from_callee(b"UDPTL two")
    call.serve()
    assert heard(call.callee)[-1] == b"UDPTL one"
    assert heard(call.caller) == [b"UDPTL two"]
    secure(call, caller=agreed)
    call.from_caller(caller.protect(packet(1, SILENCE)))
    call.from_callee(packet(1, payload_type=8))
    call.serve()
    assert len(heard(call.callee)) == 1
    assert len(plain(caller, call.caller)) == 1


def test_whoever_comes_back_to_a_seat_goes_on_with_its_keys(call: Circuit) -> None:
    agreed, others = keys(1), keys(2)
    callee, target = peer(agreed), peer(others)
    sock = call.other(CALLEE)
    secure(call, callee=agreed)
    for number in range(3):
        call.from_callee(callee.protect(packet(number, payload_type=8)))
        call.from_caller(packet(number, SILENCE))
        call.serve()
    pair = call.open_pair(2, seat=1)
    guest = replace(stream(sock, law=Law.PCMA), srtp=others)
    call.apply(call.plan(callee=guest, pairs=(0, 2)))
    sock.sendto(target.protect(packet(0, payload_type=8)), (pair.host, pair.port))
    call.from_caller(packet(3, SILENCE))
    call.serve()
    assert len(plain(target, sock)) == 1
    secure(call, callee=agreed)
    call.from_callee(callee.protect(packet(3, payload_type=8)))
    call.from_caller(packet(4, SILENCE))
    call.serve()
    assert len(plain(callee, call.callee)) == 4
    assert len(heard(call.caller)) == 5
    assert call.close().callee.tampered == 0


def test_of_two_forks_with_keys_the_first_that_speaks_is_the_party(call: Circuit) -> None:
    one, other = keys(1), keys(2)
    fork, forked = call.other(own(6)), peer(other)
    callee = stream(call.callee, call.callee_rtcp, law=Law.PCMA)
    plan = call.plan(
        callee=replace(callee, srtp=one, alternatives=(fork.getsockname(),), alternative_srtp=(other,))
    )
    call.apply(plan)
    call.from_callee(packet(0, payload_type=8), by=fork)
    call.from_callee(forked.protect(packet(0, payload_type=8)), by=fork)
    call.serve()
    call.from_caller(packet(0, SILENCE))
    call.serve()
    assert len(heard(call.caller)) == 1
    assert plain(forked, fork) == [AS_PCMA]


# RTCP at the port of RTP, and of reduced size


def muxed(call: Circuit, agreed: SrtpKeys | None, *, reduced: bool = False) -> Stream:
    described = stream(call.caller, call.caller)
    return replace(described, srtp=agreed, rtcp_mux=True, rtcp_reduced=reduced)


@pytest.mark.parametrize("agreed", [None, keys(1)], ids=["rtp", "srtp"])
@pytest.mark.parametrize("speaks_first", [True, False])
def test_reports_and_audio_share_a_port__rfc5761_4(
    call: Circuit, agreed: SrtpKeys | None, speaks_first: bool
) -> None:
    caller = peer(agreed) if agreed else Protection()
    call.apply(call.plan(muxed(call, agreed)))
    if speaks_first:
        call.from_caller(caller.protect(packet(0, SILENCE)))
    report = build_report(0x1111, "a", ntp=1 << 32, sender=None, block=None)
    call.from_caller(caller.protect_report(report))
    call.from_caller(caller.protect(packet(1, SILENCE)))
    call.from_caller(caller.protect(packet(2, SILENCE)))
    call.serve()
    call.advance(6)
    came = [octets for octets in heard(call.caller) if 192 <= octets[1] <= 223]
    opened = [caller.unprotect_report(octets) for octets in came]
    assert opened
    assert all(each is not None and parse(each, 0) is not None for each in opened)
    assert heard(call.caller_rtcp) == []
    assert len(heard(call.callee)) == 2 + speaks_first
    closed = call.close().caller
    assert (closed.packets_received, closed.lost, closed.rejected, closed.tampered) == (
        2 + speaks_first,
        0,
        0,
        0,
    )


def test_a_report_of_a_stranger_at_the_port_of_rtp_is_rejected(call: Circuit) -> None:
    stranger = call.other(STRANGER)
    call.apply(call.plan(muxed(call, None)))
    call.from_caller(packet(0, SILENCE))
    call.serve()
    report = build_report(0x1111, "a", ntp=1, sender=None, block=None)
    call.from_caller(report, by=stranger)
    call.serve()
    assert call.close().caller.rejected == 1


def test_behind_a_nat_reports_follow_the_audio__rfc5761_5_1(call: Circuit) -> None:
    behind_nat = call.other(own(3))
    call.apply(call.plan(muxed(call, None)))
    call.from_caller(packet(0, SILENCE), by=behind_nat)
    call.serve()
    call.advance(6)
    assert [octets for octets in heard(behind_nat) if 192 <= octets[1] <= 223]


@pytest.mark.parametrize("reduced", [True, False])
def test_rtcp_of_reduced_size_is_taken_where_it_was_agreed__rfc5506_3_4_2(
    call: Circuit, reduced: bool
) -> None:
    call.apply(call.plan(muxed(call, None, reduced=reduced)))
    call.from_caller(packet(0, SILENCE))
    call.serve()
    call.from_caller(b"\x80\xcb\x00\x01\x00\x00\x11\x11")  # a BYE alone
    call.serve()
    assert call.close().caller.rejected == (0 if reduced else 1)


def test_the_header_is_ours_whatever_encrypts_it(call: Circuit) -> None:
    agreed = keys(1)
    secure(call, caller=agreed)
    call.from_callee(packet(0, payload_type=8, ssrc=0x7777))
    call.serve()
    payload_type, _, _, _, ssrc, _, _ = read_header(heard(call.caller)[0])
    assert payload_type == 0
    assert ssrc != 0x7777
