"""What a party hears of ours: frames by the clock, in one stream with what is relayed. Real sockets, time by hand."""

import os
from collections.abc import Iterator
from dataclasses import replace
from struct import unpack_from

import numpy as np
import pytest

from mediation.b2bua.media_facts import MediaSilent, SoundEnded
from mediation.b2bua.plan import ABSENT, MediaPlan, Stream
from mediation.b2bua.sounds import Sound, SoundKind
from mediation.media.shelf import Shelf, read_shelf
from mediation.media.stocking import write_shelf
from mediation.rtp.packet import Header, read_header
from mediation_codecs.g711 import decode, encode
from mediation_codecs.law import SILENCE, Law
from mediation_codecs.pcm import RATE_HZ, level_at_dbm0
from mediation_codecs.ringback import RINGBACK
from mediation_codecs.tones import progress, sine
from mediation_codecs.transcode import translation_table
from tests.unit.media.circuit import SECOND, Circuit, circuit, heard, packet, stream
from tests.unit.media.test_media_session import report

MUSIC = Sound(SoundKind.MUSIC, "tune")
RINGING = Sound(SoundKind.RINGBACK, "de")
TUNE = sine(1000.0, -12, 1.25)
WORDS = Sound(SoundKind.ANNOUNCEMENT, "words")
SPOKEN = sine(700.0, -12, 1.005)
CYCLE = progress(RINGBACK["de"], 5.0)
LAWS = pytest.mark.parametrize("law", list(Law))


@pytest.fixture(scope="module")
def shelf() -> Iterator[Shelf]:
    descriptor = write_shelf({RINGING: CYCLE, MUSIC: TUNE, WORDS: SPOKEN})
    yield read_shelf(descriptor)
    os.close(descriptor)


@pytest.fixture
def call(shelf: Shelf) -> Iterator[Circuit]:
    with circuit(shelf=shelf) as made:
        yield made


def headers(packets: list[bytes]) -> list[Header]:
    return [read_header(octets) for octets in packets]


def listen(call: Circuit, seconds: int) -> list[bytes]:
    """What the caller hears in so many seconds; a socket does not hold so much at once."""
    packets: list[bytes] = []
    for _ in range(seconds):
        call.advance(1)
        packets += heard(call.caller)
    return packets


def octets_of(packets: list[bytes]) -> bytes:
    return b"".join(octets[12:] for octets in packets)


def held(call: Circuit, law: Law = Law.PCMU, *, silence_s: float = 0, ptime_ms: int = 20) -> MediaPlan:
    """The callee holds, and the caller hears music."""
    caller = replace(stream(call.caller, call.caller_rtcp, law=law), plays=MUSIC, ptime_ms=ptime_ms)
    callee = stream(call.callee, call.callee_rtcp, law=Law.PCMA, takes=False)
    return call.plan(caller, callee, silence_s)


def alerted(call: Circuit, callee: Stream = ABSENT, law: Law = Law.PCMU) -> MediaPlan:
    """The caller hears that the callee rings."""
    return call.plan(replace(stream(call.caller, call.caller_rtcp, law=law), plays=RINGING), callee, 0)


@LAWS
def test_ringing_is_played_octet_for_octet_in_the_law_of_the_party(call: Circuit, law: Law) -> None:
    call.apply(alerted(call, law=law))
    packets = listen(call, 10)
    assert len(packets) == 501
    assert octets_of(packets)[:80_000] == encode(law, CYCLE) * 2
    assert {header[0] for header in headers(packets)} == {0 if law is Law.PCMU else 8}


@LAWS
def test_what_is_heard_has_the_frequency_the_cadence_and_the_level_of_the_country(
    call: Circuit, law: Law
) -> None:
    call.apply(alerted(call, law=law))
    sound = decode(law, octets_of(listen(call, 10)))
    for start_s in (0, 5):
        on = sound[start_s * RATE_HZ : (start_s + 1) * RATE_HZ]
        off = sound[(start_s + 1) * RATE_HZ : (start_s + 5) * RATE_HZ]
        assert level_at_dbm0(on[100:-100], 425) == pytest.approx(-10, abs=0.1)
        assert np.abs(off).max() <= 8, "nothing but the smallest value of the law"


@pytest.mark.parametrize("ptime_ms", [10, 20, 30, 40, 60])
def test_frames_leave_by_the_clock_in_the_packet_length_of_the_party(call: Circuit, ptime_ms: int) -> None:
    call.apply(held(call, ptime_ms=ptime_ms))
    samples = 8 * ptime_ms
    for number in range(50):
        call.advance(0 if number == 0 else ptime_ms / 1000)
        (one,) = heard(call.caller)
        assert len(one) == 12 + samples


def test_a_sound_goes_on_from_its_beginning_when_it_has_ended(call: Circuit) -> None:
    call.apply(held(call))
    call.advance(3)
    assert octets_of(heard(call.caller))[:20_000] == encode(Law.PCMU, TUNE) * 2


def test_it_is_one_stream_from_relaying_to_playing_and_back__rfc3550_5_1(call: Circuit) -> None:
    call.apply(call.plan(silence_s=0))
    for number in range(10):
        call.from_callee(packet(number, payload_type=8))
        call.serve()
        call.advance(0.02)
    call.apply(held(call))
    call.advance(1.995)
    call.apply(call.plan(silence_s=0))
    call.advance(0.205)
    for number in range(300, 310):  # it has sent all the while, and was not heard
        call.from_callee(packet(number, payload_type=8))
        call.serve()
        call.advance(0.02)
    came = headers(heard(call.caller))
    assert len(came) == 10 + 100 + 10
    assert len({header[4] for header in came}) == 1
    assert [(header[2] - came[0][2]) & 0xFFFF for header in came] == list(range(120))
    assert [place for place, header in enumerate(came) if header[1]] == [0, 10, 110]
    times = [(header[3] - came[0][3]) & 0xFFFFFFFF for header in came]
    assert times[:110] == list(range(0, 110 * 160, 160))
    assert times[110] == times[0] + 2.4 * SECOND, "as much later as time has passed"
    assert times[110:] == list(range(times[110], times[110] + 1600, 160))


def test_a_held_party_that_sent_for_an_hour_is_heard_again_at_once(call: Circuit) -> None:
    call.apply(call.plan(silence_s=0))
    call.from_callee(packet(0, payload_type=8))
    call.serve()
    call.apply(held(call))
    call.advance(0.1)
    for number in (30_000, 40_000):
        call.from_callee(packet(number, payload_type=8))
        call.serve()
    heard(call.caller)
    call.apply(call.plan(silence_s=0))
    call.from_callee(packet(40_001, payload_type=8))
    call.serve()
    assert len(heard(call.caller)) == 1


def test_the_holder_is_not_heard_beside_the_music_and_hears_nothing(call: Circuit) -> None:
    call.apply(held(call))
    call.from_callee(packet(0, b"\x11" * 160, payload_type=8))
    call.from_caller(packet(0))
    call.serve()
    call.advance(0.1)
    assert octets_of(heard(call.caller)) == encode(Law.PCMU, TUNE)[: 6 * 160]
    assert heard(call.callee) == []


def test_the_same_sound_goes_on_through_a_plan_that_changes_something_else(call: Circuit) -> None:
    call.apply(held(call))
    call.advance(0.195)
    call.apply(held(call, silence_s=1000))
    call.advance(0.205)
    packets = heard(call.caller)
    assert octets_of(packets) == encode(Law.PCMU, TUNE)[: 21 * 160]


def test_a_law_that_changes_takes_the_sound_with_it(call: Circuit) -> None:
    call.apply(held(call))
    call.advance(0.195)
    call.apply(held(call, Law.PCMA))
    call.advance(0.205)
    packets = heard(call.caller)
    assert octets_of(packets[:10]) == encode(Law.PCMU, TUNE)[:1600]
    assert octets_of(packets[10:]) == encode(Law.PCMA, TUNE)[1600 : 21 * 160]
    assert [place for place, header in enumerate(headers(packets)) if header[1]] == [0, 10]


def test_ringing_gives_way_to_early_media_at_once_and_for_good__rfc3960_3_2(call: Circuit) -> None:
    callee = stream(call.callee, call.callee_rtcp, law=Law.PCMA)
    call.apply(alerted(call, callee))
    call.advance(1)
    heard(call.caller)
    for number in range(5):
        call.from_callee(packet(number, b"\xd5" * 160, payload_type=8))
        call.serve()
        call.advance(0.02)
    call.advance(10)
    packets = heard(call.caller)
    assert octets_of(packets) == (b"\xd5" * 800).translate(translation_table(Law.PCMA, Law.PCMU))
    assert len({header[4] for header in headers(packets)}) == 1
    assert headers(packets)[0][1], "a talkspurt begins"
    call.apply(alerted(call, replace(callee, ptime_ms=30)))
    call.advance(1)
    assert heard(call.caller) == []


def test_ringing_is_not_begun_over_early_media_that_is_heard(call: Circuit) -> None:
    callee = stream(call.callee, call.callee_rtcp, law=Law.PCMA)
    call.apply(call.plan(callee=callee, silence_s=0))
    for number in range(5):
        call.from_callee(packet(number, payload_type=8))
        call.serve()
        call.advance(0.02)
    call.apply(alerted(call, callee))
    call.advance(1)
    assert len(heard(call.caller)) == 5


def test_frames_that_are_far_too_late_are_left_out_and_their_time_with_them(call: Circuit) -> None:
    call.apply(held(call))
    call.advance(0.1)
    call.now += SECOND  # the worker was held up
    call.session.handle_timeout(call.now)
    call.advance(0.1)
    came = heard(call.caller)
    numbers = headers(came)
    assert [(header[2] - numbers[0][2]) & 0xFFFF for header in numbers] == list(range(len(numbers)))
    assert (numbers[-1][3] - numbers[0][3]) & 0xFFFFFFFF == call.now - 1000 * SECOND
    assert octets_of(came)[-160:] == encode(Law.PCMU, TUNE)[-400:-240], "1.2 s from the beginning"


def test_frames_that_are_a_little_late_follow_at_once(call: Circuit) -> None:
    call.apply(held(call))
    call.advance(0)
    call.now += 3 * 160
    call.session.handle_timeout(call.now)
    assert octets_of(heard(call.caller)) == encode(Law.PCMU, TUNE)[:640]


def test_a_party_that_takes_nothing_is_played_nothing(call: Circuit) -> None:
    plan = held(call)
    call.apply(replace(plan, caller=replace(plan.caller, takes=False)))
    call.advance(1)
    assert heard(call.caller) == []


def test_a_sound_that_no_shelf_has_is_silence_and_costs_no_call(call: Circuit) -> None:
    plan = held(call)
    call.apply(replace(plan, caller=replace(plan.caller, plays=Sound(SoundKind.MUSIC, "unknown"))))
    call.advance(1)
    assert heard(call.caller) == []
    call.close()


def test_what_is_played_is_counted_as_sent_and_reported__rfc3550_6_4_1(call: Circuit) -> None:
    call.apply(held(call))
    packets = listen(call, 10)
    sender_report = heard(call.caller_rtcp)[-1]
    assert sender_report[1] == 200
    ssrc, _, _, timestamp, sent, octets = unpack_from("!IIIIII", sender_report, 4)
    assert ssrc == read_header(packets[0])[4]
    assert octets == 160 * sent
    nearest = packets[sent - 1]
    assert 0 <= timestamp - read_header(nearest)[3] <= 160, (
        "the moment of the report, on the line of what is played"
    )
    closed = call.close()
    assert closed.caller.packets_sent == len(packets) == 501
    assert closed.callee.octets_received == 0
    assert closed.callee.packets_received == 0


def test_a_fax_ends_the_music(call: Circuit) -> None:
    call.apply(held(call))
    call.advance(0.1)
    call.apply(call.fax())
    heard(call.caller)
    call.advance(1)
    assert heard(call.caller) == []
    call.apply(call.plan(silence_s=0))
    call.from_callee(packet(0, payload_type=8))
    call.serve()
    assert len(heard(call.caller)) == 1


def test_another_party_in_the_seat_across_begins_the_sound_anew(call: Circuit) -> None:
    """A transfer: the next target rings, where the last one had been heard already."""
    call.apply(alerted(call, stream(call.callee, call.callee_rtcp, law=Law.PCMA)))
    call.advance(0.1)
    call.from_callee(packet(0, payload_type=8))
    call.serve()
    call.advance(0.1)
    heard(call.caller)
    call.open_pair(2, 1)
    call.apply(replace(alerted(call), callee_pair=2))
    call.advance(0.1)
    assert octets_of(heard(call.caller)) == encode(Law.PCMU, CYCLE)[: 6 * 160]


# Once


def announced(call: Circuit, law: Law = Law.PCMU, sound: Sound = WORDS) -> MediaPlan:
    """The caller hears why it is refused."""
    return call.plan(replace(stream(call.caller, call.caller_rtcp, law=law), plays=sound), ABSENT, 0)


@LAWS
def test_an_announcement_is_heard_once_filled_up_with_silence_and_its_end_is_told(
    call: Circuit, law: Law
) -> None:
    call.apply(announced(call, law))
    call.advance(1.0)
    assert call.heard_out == []
    call.advance(0.21)
    assert call.heard_out == [], "a phone may have it in its buffer"
    call.advance(0.02)
    assert call.heard_out == [SoundEnded("call", caller=True)]
    call.advance(5)
    octets = octets_of(heard(call.caller))
    assert len(octets) == 51 * 160
    assert octets[:8040] == encode(law, SPOKEN)
    assert set(octets[8040:]) == {SILENCE[law]}
    assert len(call.heard_out) == 1


def test_the_same_plan_with_another_address_goes_on_and_does_not_begin_again(call: Circuit) -> None:
    plan = announced(call)
    call.apply(plan)
    call.advance(0.505)
    heard(call.caller)
    call.apply(replace(plan, caller=replace(plan.caller, ptime_ms=40)))
    call.advance(0.04)
    assert octets_of(heard(call.caller))[:320] == encode(Law.PCMU, SPOKEN)[26 * 160 : 28 * 160]
    call.advance(3)
    assert len(call.heard_out) == 1
    call.apply(plan)
    call.advance(3)
    assert len(call.heard_out) == 1


def test_an_announcement_that_no_shelf_has_ends_at_once(call: Circuit) -> None:
    call.apply(announced(call, sound=Sound(SoundKind.ANNOUNCEMENT, "new")))
    assert call.heard_out == [SoundEnded("call", caller=True)]


# Silence on hold, and before the first packet


def silences(call: Circuit, plan: MediaPlan, seconds: float) -> set[bool]:
    """Who has been told to be silent by then: True, the caller."""
    call.apply(plan)
    call.advance(seconds)
    return {fact.caller for fact in call.silent}


def test_a_party_that_holds_has_the_limit_of_hold(call: Circuit) -> None:
    plan = call.plan(callee=stream(call.callee, call.callee_rtcp, takes=False), silence_s=0)
    plan = replace(plan, hold_silence_s=60.0)
    assert silences(call, plan, 59.9) == set()
    call.advance(0.2)
    assert call.silent == [MediaSilent("call", caller=False)]


def test_a_party_that_may_not_speak_is_asked_only_if_it_has_sent_rtcp(call: Circuit) -> None:
    caller = stream(call.caller, call.caller_rtcp, sends=False)
    plan = replace(call.plan(caller, silence_s=0), hold_silence_s=60.0)
    assert silences(call, plan, 100) == set()
    call.caller_rtcp.sendto(report(0, 0), (call.pairs[0].host, call.pairs[0].port + 1))
    call.serve()
    call.advance(59.9)
    assert call.silent == []
    call.advance(0.2)
    assert call.silent == [MediaSilent("call", caller=True)]


def test_who_hears_music_counts_as_active(call: Circuit) -> None:
    plan = replace(held(call, silence_s=30), hold_silence_s=600.0)
    assert silences(call, plan, 29.9) == set()
    call.advance(0.2)
    assert {fact.caller for fact in call.silent} == {True}, "the holder has the limit of hold"


def test_before_the_first_packet_there_is_a_limit_of_its_own(call: Circuit) -> None:
    plan = replace(call.plan(silence_s=30), first_silence_s=10.0)
    call.apply(plan)
    call.advance(5)
    call.from_caller(packet(0))
    call.serve()
    call.advance(5.1)
    assert [fact.caller for fact in call.silent] == [False]
    call.advance(24.8)
    assert len(call.silent) == 1
    call.advance(0.2)
    assert [fact.caller for fact in call.silent] == [False, True]


def test_a_first_limit_of_0_waits_for_ever(call: Circuit) -> None:
    assert silences(call, replace(call.plan(silence_s=30), first_silence_s=0.0), 1000) == set()
