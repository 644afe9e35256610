"""Comfort noise between a party that describes it and one that takes it, has none, or gets it made (RFC 3389)."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from mediation.b2bua.plan import Stream
from mediation.b2bua.sounds import Sound, SoundKind
from mediation.media.actions import Drop
from mediation.media.clock import NEVER
from mediation.rtp.packet import build, read_header
from mediation.rtp.telephone_event import key_packets
from mediation.settings.peer_media import Dtmf
from mediation_codecs.g711 import decode, encode
from mediation_codecs.law import Law
from mediation_codecs.noise import PERIOD, noise
from mediation_codecs.pcm import level_dbm0
from mediation_codecs.tones import sine
from tests.unit.media.circuit import circuit, heard, packet, stream
from tests.unit.media.test_media_digits import BEGIN, EVENTS, SSRC, Line

SOURCE = replace(EVENTS, comfort_noise=True)
TAKES = replace(EVENTS, law=Law.PCMA, payload_type=8, comfort_noise=True)
STRIPS = replace(TAKES, comfort_noise=False)
FILLED = replace(STRIPS, fill_silence=True)


def silence(line: Line, payload: bytes = b"\x2d") -> None:
    """The source describes its noise, at the time of its next audio packet, and says nothing more."""
    line.pass_to(BEGIN + 160 * line.number)
    line.relay.carry_heard(build(13, line.number, 160 * line.number, SSRC, payload), line.now)
    line.number += 1


def resumes(line: Line, packets: int) -> None:
    """The source speaks again after so many packet times."""
    at = BEGIN + 160 * (line.number + packets)
    line.pass_to(at - 1)
    line.now = at
    line.relay.carry_heard(
        build(0, line.number, 160 * (line.number + packets), SSRC, b"\x55" * 160, marker=True), at
    )


def test_it_passes_where_both_take_it_octet_for_octet__rfc3389_3() -> None:
    line = Line(SOURCE, TAKES)
    line.audio(2)
    silence(line, b"\x2d\x11\x22")
    line.audio(1)
    assert [kind for kind, *_ in line.left] == [8, 8, 13, 8]
    assert line.sent(13) == [b"\x2d\x11\x22"]
    assert [number for _, _, number, _ in line.left] == list(range(1000, 1004))
    assert [stamp for *_, stamp in line.left] == [50_000, 50_160, 50_320, 50_480]


def test_it_is_left_out_where_the_other_party_takes_none_and_leaves_no_gap() -> None:
    line = Line(SOURCE, STRIPS)
    line.audio(2)
    silence(line)
    line.audio(1)
    assert [kind for kind, *_ in line.left] == [8, 8, 8]
    assert [number for _, _, number, _ in line.left] == [1000, 1001, 1002]
    assert line.relay.tally.dropped == {Drop.COMFORT_NOISE: 1}


@pytest.mark.parametrize("law", list(Law))
@pytest.mark.parametrize("level", [30, 45, 60])
def test_it_becomes_noise_of_its_level_in_the_law_of_the_other_party(law: Law, level: int) -> None:
    number = 0 if law is Law.PCMU else 8
    line = Line(SOURCE, replace(FILLED, law=law, payload_type=number))
    line.audio(5)
    silence(line, bytes([level]))
    line.pass_to(line.now + 16_400)
    made = decode(law, b"".join(line.sent(number)[5:]))
    assert made.size >= 15_000
    assert level_dbm0(made) == pytest.approx(6.18 - level, abs=0.5)
    assert len(np.unique(made)) > 3, "noise, and no tone"


def test_noise_has_the_numbers_and_the_time_of_what_it_stands_for() -> None:
    line = Line(SOURCE, FILLED)
    line.audio(5)
    silence(line)
    resumes(line, 50)
    assert [number for _, _, number, _ in line.left] == list(range(1000, 1000 + len(line.left)))
    stamps = [stamp for *_, stamp in line.left]
    assert stamps[:-1] == list(range(50_000, stamps[-2] + 1, 160))
    assert stamps[-1] - stamps[-2] in (160, 320), "speech finds its place free"
    assert line.left[-1][1]
    sent = len(line.sink.packets)
    line.pass_to(line.now + 8000)
    assert len(line.sink.packets) == sent, "who speaks is not disturbed"
    assert line.relay.deadline == NEVER


@pytest.mark.parametrize("source_ms", [10, 20, 30, 60])
@pytest.mark.parametrize("sink_ms", [10, 20, 30, 60])
def test_noise_never_lies_where_speech_does_whatever_the_length_of_packets(
    source_ms: int, sink_ms: int
) -> None:
    line = Line(SOURCE, replace(FILLED, ptime_ms=sink_ms))
    units, at = 8 * source_ms, 0
    for number in range(8):
        if number == 4:
            line.pass_to(BEGIN + at)
            line.relay.carry_heard(build(13, number, at, SSRC, b"\x2d"), line.now)
            at += 8 * 240
        else:  # a packet comes when its last sample has been said
            line.pass_to(BEGIN + at + units)
            line.relay.carry_heard(build(0, number, at, SSRC, b"\x55" * units), line.now)
            at += units
    spans = [(read_header(octets)[3], len(octets) - 12) for octets in line.sink.packets]
    assert len(spans) > 7, "there was noise"
    assert all(before + length <= after for (before, length), (after, _) in pairwise(spans))


def test_a_length_that_changes_while_there_is_noise_moves_no_time_back() -> None:
    line = Line(SOURCE, FILLED)
    line.audio(5)
    silence(line)
    line.pass_to(line.now + 1600)
    line.configure(SOURCE, replace(FILLED, ptime_ms=60))
    line.pass_to(line.now + 3200)
    spans = [(read_header(octets)[3], len(octets) - 12) for octets in line.sink.packets]
    assert all(before + length <= after for (before, length), (after, _) in pairwise(spans))


def test_another_level_takes_effect_at_once() -> None:
    line = Line(SOURCE, FILLED)
    line.audio(5)
    silence(line, b"\x1e")
    line.pass_to(line.now + 8000)
    before = len(line.sink.packets)
    line.relay.carry_heard(build(13, line.number, 160 * line.number + 8000, SSRC, b"\x3c"), line.now)
    line.pass_to(line.now + 8000)
    after = decode(Law.PCMA, b"".join(octets[12:] for octets in line.sink.packets[before:]))
    assert level_dbm0(after) == pytest.approx(6.18 - 60, abs=1.5)


def test_one_without_a_level_says_nothing() -> None:
    line = Line(SOURCE, FILLED)
    line.audio(2)
    silence(line, b"")
    assert line.relay.deadline == NEVER


def test_a_key_sounds_in_the_place_of_noise() -> None:
    line = Line(SOURCE, replace(FILLED, event_payload_type=None, dtmf=Dtmf.INBAND))
    line.audio(5)
    silence(line)
    line.pass_to(line.now + 1600)
    for key in key_packets("5", 800):
        line.pass_to(BEGIN + 160 * 20 + key.after)
        line._say(101, key.payload, 160 * 20, marker=key.marker)
    line.pass_to(line.now + 1600)
    spans = sorted((read_header(octets)[3], len(octets) - 12) for octets in line.sink.packets)
    assert all(first + length <= second for (first, length), (second, _) in pairwise(spans))


@pytest.mark.parametrize("sink", [FILLED, replace(STRIPS, event_payload_type=None, dtmf=Dtmf.INBAND)])
def test_beside_music_of_ours_nothing_is_made_of_what_nobody_hears(sink: Stream) -> None:
    """The holder is silent, and presses a key: whoever hears music hears music and nothing in between."""
    line = Line(SOURCE, replace(sink, plays=Sound(SoundKind.MUSIC, "a file")))
    line.audio(2)
    silence(line)
    for key in key_packets("5", 800):
        line.pass_to(BEGIN + 160 * 10 + key.after)
        line._say(101, key.payload, 160 * 10, marker=key.marker)
    line.relay.press("7", 100, line.now)
    line.pass_to(line.now + 4000)
    assert line.sink.packets == []


def test_noise_gives_way_to_a_key_that_passes_and_comes_back_after_it__rfc4733_2_5_1_2() -> None:
    line = Line(SOURCE, replace(FILLED, event_payload_type=96))
    line.audio(5)
    silence(line)
    line.pass_to(line.now + 1600)
    before = len(line.sink.packets)
    for key in key_packets("5", 1600):
        line.pass_to(BEGIN + 160 * 20 + key.after)
        line._say(101, key.payload, 160 * 20, marker=key.marker)
    pressed = [(kind, marker) for kind, marker, *_ in line.left[before:]]
    first = pressed.index((96, True))
    assert pressed[first + 1 :] == [(96, False)] * 11
    line.pass_to(line.now + 1600)
    assert [kind for kind, *_ in line.left[before + len(pressed) :]].count(8) >= 4
    assert [number for _, _, number, _ in line.left] == list(range(1000, 1000 + len(line.left)))
    assert all((after[3] - first[3]) & 0xFFFFFFFF < 0x80000000 for first, after in pairwise(line.left))


def test_noise_goes_round_without_a_gap() -> None:
    whole = noise(Law.PCMA, 40, 0, PERIOD)
    assert noise(Law.PCMA, 40, PERIOD - 80, 160) == whole[-80:] + whole[:80]
    assert noise(Law.PCMA, 40, 3 * PERIOD + 5, 160) == whole[5:165]
    assert set(noise(Law.PCMA, 127, 0, 1000)) <= {0x55, 0xD5}


def test_no_noise_is_made_for_a_modem__v152() -> None:
    """Its answer, 2100 Hz, was heard: what follows is data."""
    line = Line(SOURCE, FILLED)
    answer = encode(Law.PCMU, sine(2100.0, -12, 1.0))
    for number in range(50):
        line.pass_to(BEGIN + 160 * number)
        line.relay.carry_heard(build(0, number, 160 * number, SSRC, answer[160 * number :][:160]), line.now)
    line.number = 50
    silence(line)
    line.pass_to(line.now + 8000)
    assert len(line.left) == 50


def test_a_modem_is_heard_on_the_shortest_road_as_well__v152() -> None:
    """By the packets that are held to the ear, one a second."""
    answer = encode(Law.PCMU, sine(2100.0, -12, 3.0))
    with circuit() as call:
        caller = replace(stream(call.caller, call.caller_rtcp), comfort_noise=True)
        callee = replace(stream(call.callee, call.callee_rtcp, law=Law.PCMA), fill_silence=True)
        call.apply(call.plan(caller, callee, 0, watched=True))
        for number in range(150):
            call.from_caller(packet(number, answer[160 * number :][:160]))
            call.serve_now()
            call.advance(0.02)
        heard(call.callee)
        call.from_caller(build(13, 150, 160 * 150, 0x1111, b"\x2d"))
        call.serve()
        call.advance(1)
        assert heard(call.callee) == []
