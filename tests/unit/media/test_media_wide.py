"""A party that speaks G.722 or Opus: what the other one hears, in virtual time, by FFmpeg's codecs at both ends."""

import random
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mediation.b2bua.sounds import Sound, SoundKind
from mediation.media.voice import Voice
from mediation.media.wide_codecs import faulty_codecs
from mediation.rtp.rewrite import Rewrite
from mediation.rtp.telephone_event import EventReceiver, TelephoneEvent, key_packets
from mediation.sdp.opus import OpusWishes
from mediation.settings.draft import Draft
from mediation.settings.peer_media import Dtmf
from mediation_codecs.codec import Codec
from mediation_codecs.g711 import encode
from mediation_codecs.law import SILENCE, Law
from tests.unit.media.wide_scene import (
    Scene,
    decoded,
    encoded,
    frequency_hz,
    level_db,
    share,
    sine,
    stream,
)

PAIRS = [(one, other) for one in Codec for other in Codec if one.is_wide or other.is_wide]
FOREIGN = [(one, other) for one, other in PAIRS if one is not other]
TWINS = [Codec.G722, Codec.OPUS]
SILENT = bytes((SILENCE[Law.PCMA],)) * 160
AUDIO = {codec: encoded(codec, sine(codec, 1000, 0.1))[-1] for codec in Codec}
"""20 ms of a tone."""


def steps(scene: Scene) -> tuple[set[int], set[int]]:
    """By how much sequence numbers and timestamps go on from packet to packet."""
    headers = scene.headers
    pairs = list(pairwise(headers))
    return (
        {(after[2] - before[2]) & 0xFFFF for before, after in pairs},
        {(after[3] - before[3]) & 0xFFFFFFFF for before, after in pairs},
    )


@pytest.mark.parametrize(("source", "sink"), PAIRS)
def test_a_tone_arrives_with_its_level_and_without_a_hole(source: Codec, sink: Codec) -> None:
    scene = Scene(stream(source), stream(sink))
    scene.tell(encoded(source, sine(source, 1000, 1.0)))
    samples, rate = scene.heard()
    middle = samples[rate // 4 : rate * 3 // 4]
    assert level_db(middle) == pytest.approx(0.0, abs=0.3)
    assert frequency_hz(middle, rate) == pytest.approx(1000, abs=2)
    assert share(middle, rate, 1000) > 0.999
    assert steps(scene) == ({1}, {sink.clock_hz // 50})
    assert {header[0] for header in scene.headers} == {scene.sink.payload_type}
    assert {header[4] for header in scene.headers} == {0x5555}


@pytest.mark.parametrize(("source", "sink"), [(Codec.G722, Codec.OPUS), (Codec.OPUS, Codec.G722)])
def test_between_two_wide_codecs_nothing_is_lost_to_g711(source: Codec, sink: Codec) -> None:
    scene = Scene(stream(source), stream(sink))
    scene.tell(encoded(source, sine(source, 6000, 1.0)))
    samples, rate = scene.heard()
    middle = samples[rate // 4 : rate * 3 // 4]
    assert level_db(middle) == pytest.approx(0.0, abs=1.5)
    assert frequency_hz(middle, rate) == pytest.approx(6000, abs=2)


@pytest.mark.parametrize("codec", TWINS)
def test_between_two_with_one_codec_no_octet_is_touched(codec: Codec) -> None:
    payloads = encoded(codec, sine(codec, 1000, 0.4))
    scene = Scene(stream(codec), stream(codec))
    scene.tell(payloads, lost=frozenset({7}))
    assert scene.payloads == [*payloads[:7], *payloads[8:]]
    assert steps(scene) == (
        {1, 2},
        {codec.clock_hz // 50, codec.clock_hz // 25},
    )  # what is lost stays visible


@pytest.mark.parametrize(("source", "sink"), FOREIGN)
def test_five_percent_of_loss_make_no_hole(source: Codec, sink: Codec) -> None:
    chance = random.Random(7)
    lost = frozenset(index for index in range(20, 140) if chance.random() < 0.05)
    scene = Scene(stream(source), stream(sink))
    scene.tell(encoded(source, sine(source, 1000, 3.0)), lost=lost)
    assert steps(scene) == ({1}, {sink.clock_hz // 50})
    samples, rate = scene.heard()
    frame = rate // 100
    levels = [level_db(samples[at : at + frame]) for at in range(rate // 4, rate * 11 // 4, frame)]
    assert min(levels) > -12
    assert max(levels) < 3
    assert scene.relay.tally.lost == len(lost)  # what is made up for is lost all the same


@pytest.mark.parametrize("source", [Codec.PCMA, Codec.G722])
def test_what_is_made_for_a_long_hole_fades_to_silence_within_60_ms(source: Codec) -> None:
    scene = Scene(stream(source), stream(Codec.PCMA if source.is_wide else Codec.G722))
    scene.tell(encoded(source, sine(source, 500, 1.0)), lost=frozenset(range(20, 28)))
    samples, rate = scene.heard()
    begin = 20 * rate // 50
    assert level_db(samples[begin : begin + rate // 100]) > -6
    assert level_db(samples[begin + 7 * rate // 100 : begin + 15 * rate // 100]) < -40
    assert steps(scene)[0] == {1}


def test_a_hole_of_more_than_200_ms_is_one_in_time_as_well() -> None:
    scene = Scene(stream(Codec.OPUS), stream(Codec.PCMA))
    scene.tell(encoded(Codec.OPUS, sine(Codec.OPUS, 500, 1.0)), lost=frozenset(range(20, 35)))
    assert steps(scene) == ({1}, {160, 16 * 160})


@pytest.mark.parametrize(("source", "sink"), FOREIGN)
def test_packets_that_were_overtaken_are_put_back(source: Codec, sink: Codec) -> None:
    payloads = encoded(source, sine(source, 1000, 0.4))
    ticks = source.clock_hz // 50
    straight, crossed = Scene(stream(source), stream(sink)), Scene(stream(source), stream(sink))
    straight.tell(payloads)
    order = [*range(5), 6, 5, 7, 9, 8, *range(10, 20)]
    for index in order:
        crossed.say(index, index * ticks, payloads[index], after=160 if index not in (5, 8) else 40)
    assert crossed.payloads == straight.payloads
    assert steps(crossed) == ({1}, {sink.clock_hz // 50})


def test_a_packet_that_comes_after_it_was_made_up_for_is_not_heard_twice() -> None:
    payloads = encoded(Codec.OPUS, sine(Codec.OPUS, 1000, 0.4))
    scene = Scene(stream(Codec.OPUS), stream(Codec.PCMA))
    for index in [*range(5), 6, 7, 5, *range(8, 20)]:
        scene.say(index, index * 960, payloads[index])
    assert len(scene.payloads) == 20
    assert steps(scene) == ({1}, {160})


def test_a_packet_waits_10_ms_for_the_one_that_it_has_overtaken() -> None:
    payloads = encoded(Codec.G722, sine(Codec.G722, 1000, 0.4))
    scene = Scene(stream(Codec.G722), stream(Codec.PCMA))
    scene.say(0, 0, payloads[0])
    scene.say(2, 320, payloads[2])
    assert len(scene.payloads) == 1
    scene.pass_time(79)
    assert len(scene.payloads) == 1
    scene.pass_time(1)
    assert len(scene.payloads) == 3
    assert scene.reminders


@pytest.mark.parametrize("codec", TWINS)
@pytest.mark.parametrize("ptime_ms", [10, 20, 40, 60])
def test_each_side_gets_packets_of_the_length_that_it_wants(codec: Codec, ptime_ms: int) -> None:
    towards = Scene(stream(Codec.PCMA), stream(codec, ptime_ms=ptime_ms))
    towards.tell(encoded(Codec.PCMA, sine(Codec.PCMA, 1000, 0.6)))
    assert steps(towards) == ({1}, {codec.clock_hz * ptime_ms // 1000})
    assert towards.relay.tally.packets_sent == len(towards.line.packets) == 600 // ptime_ms
    assert towards.relay.tally.octets_sent == sum(map(len, towards.payloads))
    back = Scene(stream(codec), stream(Codec.PCMA))
    payloads = encoded(codec, sine(codec, 1000, 0.6), ptime_ms)
    back.tell(payloads, ptime_ms)
    assert steps(back) == ({1}, {160})
    assert {len(payload) for payload in back.payloads} == {160}
    assert back.relay.tally.octets_received == sum(map(len, payloads))
    assert back.relay.tally.packets_received == len(payloads)


@pytest.mark.parametrize(("wanted_ms", "longest_ms", "given_ms"), [(30, 0, 20), (50, 0, 40), (60, 20, 20)])
def test_opus_comes_in_frames_that_it_has(wanted_ms: int, longest_ms: int, given_ms: int) -> None:
    sink = replace(stream(Codec.OPUS, ptime_ms=wanted_ms), max_ptime_ms=longest_ms)
    scene = Scene(stream(Codec.PCMA), sink)
    scene.tell(encoded(Codec.PCMA, sine(Codec.PCMA, 1000, 0.4)))
    assert steps(scene) == ({1}, {48 * given_ms})


def press(scene: Scene, duration_ms: int, clock_hz: int, audio_hz: int, begin: int = 10) -> None:
    """Audio, a key, and audio after it, on the source's clocks."""
    codec = Codec(scene.source.codec)
    payloads = encoded(codec, sine(codec, 1000, 1.0))
    ticks = audio_hz // 50
    for index in range(begin):
        scene.say(index, index * ticks, payloads[index])
    sequence = begin
    events = list(key_packets("5", duration_ms * clock_hz // 1000, packet_units=clock_hz // 50))
    for event in events:
        scene.say(sequence, begin * ticks, event.payload, payload_type=101, marker=event.marker)
        sequence += 1
    after = begin + duration_ms // 20
    for index in range(5):
        scene.say(sequence + index, (after + index) * ticks, payloads[begin + index])


@pytest.mark.parametrize(
    ("source", "sink"),
    [
        (stream(Codec.PCMA), stream(Codec.OPUS)),
        (stream(Codec.OPUS), stream(Codec.PCMA)),
        (stream(Codec.OPUS), stream(Codec.G722)),
        (stream(Codec.G722), stream(Codec.OPUS)),
        (stream(Codec.OPUS), stream(Codec.OPUS)),
        (stream(Codec.OPUS, event_clock_hz=8000), stream(Codec.PCMA)),
        (stream(Codec.PCMA), stream(Codec.OPUS, event_clock_hz=8000)),
    ],
    ids=lambda each: f"{each.codec}{'' if each.wide is None else each.wide.event_clock_hz}",
)
def test_a_key_has_its_duration_in_the_clock_of_each_side__rfc4733_2_1(source: object, sink: object) -> None:
    scene = Scene(source, sink)  # type: ignore[arg-type]  # streams, of which pytest knows no type
    said_hz = 8_000 if scene.source.wide is None else scene.source.wide.event_clock_hz
    heard_hz = 8_000 if scene.sink.wide is None else scene.sink.wide.event_clock_hz
    press(scene, 200, said_hz, scene.source.clock_hz)
    events = [
        (header, TelephoneEvent.parse(packet[12:]))
        for header, packet in zip(scene.headers, scene.line.packets, strict=True)
        if header[0] == 101
    ]
    assert [event.duration for _, event in events] == [
        *(index * heard_hz // 50 for index in range(1, 10)),
        *[heard_hz // 5] * 3,
    ]
    assert [event.end for _, event in events] == [False] * 9 + [True] * 3
    assert [header[1] for header, _ in events] == [True] + [False] * 11
    first = scene.headers[0][3]
    tick = scene.sink.clock_hz // 50
    assert {(header[3] - first) & 0xFFFFFFFF for header, _ in events} == {10 * tick}
    assert steps(scene)[0] == {1}
    audio_after = [header for header in scene.headers if header[0] != 101][10]
    assert (audio_after[3] - first) & 0xFFFFFFFF == 20 * tick


def test_a_long_key_becomes_segments_where_the_clock_is_faster__rfc4733_2_5_1_3() -> None:
    scene = Scene(stream(Codec.PCMA), stream(Codec.OPUS))
    press(scene, 4000, 8_000, 8_000)
    receiver, told = EventReceiver(), []
    for header, packet in zip(scene.headers, scene.line.packets, strict=True):
        if header[0] == 101:
            event = receiver.packet_arrived(header[3], packet[12:])
            told += [] if event is None else [event]
    assert [event.key for event in told] == ["5"]
    assert receiver.duration == 4 * 48_000
    assert receiver.ended


def test_segments_are_one_key_where_the_clock_is_slower__rfc4733_2_5_1_3() -> None:
    scene = Scene(stream(Codec.OPUS), stream(Codec.PCMA))
    event = TelephoneEvent(7, end=False, volume=10, duration=0)
    sequence = 0
    for begin, durations in ((0, range(960, 65_535, 960)), (65_535, range(960, 30_720, 960))):
        for duration in durations:
            payload = bytes(replace(event, duration=duration))
            scene.say(sequence, begin, payload, payload_type=101)
            sequence += 1
        last = replace(event, duration=65_535 if not begin else 30_720, end=bool(begin))
        scene.say(sequence, begin, bytes(last), payload_type=101)
        sequence += 1
    events = [TelephoneEvent.parse(packet[12:]) for packet in scene.line.packets]
    assert len({header[3] for header in scene.headers}) == 1
    assert events[-1].end
    assert events[-1].duration == (65_535 + 30_720) // 6 == 16_042


def test_a_pause_of_opus_is_filled_with_the_noise_that_its_decoder_knows__rfc7587_3_1_3() -> None:
    scene = Scene(stream(Codec.OPUS), stream(Codec.PCMA))
    payloads = encoded(Codec.OPUS, sine(Codec.OPUS, 1000, 0.4))
    scene.tell(payloads[:10])
    scene.say(10, 10 * 960, b"\xf8")  # a frame without a sound; and 400 ms later another one
    scene.pass_time(20 * 160)
    scene.say(11, 31 * 960, b"\xf8", after=0)
    scene.pass_time(5 * 160)
    for index in range(10):
        scene.say(12 + index, (36 + index) * 960, payloads[index])
    assert steps(scene) == ({1}, {160})
    assert len(scene.payloads) == 46
    assert {len(payload) for payload in scene.payloads} == {160}


def test_who_falls_silent_for_good_in_a_pause_is_not_replaced_for_ever() -> None:
    scene = Scene(stream(Codec.OPUS), stream(Codec.PCMA))
    scene.tell(encoded(Codec.OPUS, sine(Codec.OPUS, 1000, 0.2)))
    scene.say(10, 10 * 960, b"\xf8")
    scene.pass_time(10 * 8000)
    assert 55 < len(scene.payloads) < 65


@pytest.mark.parametrize(
    "rubbish", [b"", b"\xff", b"\xff\xff\xff\xff", b"\x03", bytes(1600), b"garbage" * 30]
)
@pytest.mark.parametrize("codec", TWINS)
def test_what_is_no_codec_costs_no_more_than_its_packet(codec: Codec, rubbish: bytes) -> None:
    payloads = encoded(codec, sine(codec, 1000, 0.4))
    scene = Scene(stream(codec), stream(Codec.PCMA))
    ticks = codec.clock_hz // 50
    for index, payload in enumerate(payloads):
        scene.say(index, index * ticks, rubbish if index == 10 else payload)
    samples, rate = scene.heard()
    assert level_db(samples[-rate // 10 :]) == pytest.approx(0.0, abs=0.5)


@pytest.mark.parametrize("codec", TWINS)
def test_a_codec_that_changes_goes_on_as_one_stream__rfc7160_4_1(codec: Codec) -> None:
    scene = Scene(stream(Codec.PCMA), stream(Codec.PCMA))
    scene.tell([SILENT] * 10)
    for sink in (stream(codec, ptime_ms=40), stream(Codec.PCMA), stream(codec), stream(Codec.PCMU)):
        before, sent = scene.headers[-1], len(scene.line.packets)
        scene.apply(stream(Codec.PCMA), sink)
        scene.tell([SILENT] * 10, begin=sent)
        after = scene.headers[sent:]
        assert after[0][1], "the marker"
        assert (after[0][2] - before[2]) & 0xFFFF == 1
        assert 0 < (after[0][3] - before[3]) & 0xFFFFFFFF <= 48_000
        assert scene.relay.tally.packets_sent == len(scene.line.packets)
    assert steps(scene)[0] == {1}


@pytest.mark.parametrize("codec", TWINS)
def test_a_source_whose_codec_changes_is_heard_on(codec: Codec) -> None:
    scene = Scene(stream(Codec.PCMA), stream(Codec.PCMU))
    scene.tell(encoded(Codec.PCMA, sine(Codec.PCMA, 1000, 0.2)))
    for source, begin in ((codec, 10), (Codec.PCMA, 50)):
        scene.apply(stream(source), stream(Codec.PCMU))
        scene.tell(encoded(source, sine(source, 1000, 0.2)), begin=begin)
    assert len(scene.payloads) == 30
    assert steps(scene)[0] == {1}
    samples, rate = scene.heard()
    for place in (10, 30, 50):
        assert level_db(samples[place * rate // 100 : (place + 5) * rate // 100]) == pytest.approx(
            0.0, abs=0.5
        )


def test_another_source_begins_anew() -> None:
    payloads = encoded(Codec.OPUS, sine(Codec.OPUS, 1000, 0.4))
    scene = Scene(stream(Codec.OPUS), stream(Codec.PCMA))
    for index in range(10):
        scene.say(index, index * 960, payloads[index])
    for index in range(10):
        scene.say(30_000 + index, 1_000_000 + index * 960, payloads[10 + index], ssrc=0xBBBB)
    assert len(scene.payloads) == 20
    assert steps(scene) == ({1}, {160})


def test_music_is_heard_in_the_partys_codec() -> None:
    scene = Scene(stream(Codec.PCMA), replace(stream(Codec.OPUS), plays=Sound(SoundKind.MUSIC, "x")))
    law = scene.sink.law
    sound = encoded(Codec(str(law)), sine(Codec(str(law)), 440, 1.0))
    for number, payload in enumerate(sound):
        scene.relay.play(scene.sink.payload_type, number, 160 * number, payload, scene.now)
        scene.pass_time(160)
    samples, rate = scene.heard()
    assert steps(scene) == ({1}, {960})
    assert frequency_hz(samples[rate // 2 :], rate) == pytest.approx(440, abs=2)


def test_another_party_in_the_seat_has_a_codec_of_its_own() -> None:
    scene = Scene(stream(Codec.PCMA), stream(Codec.OPUS))
    scene.tell([SILENT] * 5)
    scene.relay.sink_replaced(Voice(Rewrite(0x7777, 5, 6), "us"))
    scene.apply(stream(Codec.PCMA), stream(Codec.PCMA))
    scene.tell([SILENT] * 5, begin=5)
    assert [packet[12:] for packet in scene.line.packets[5:]] == [SILENT] * 5
    assert [header[2] for header in scene.headers[5:]] == [5, 6, 7, 8, 9]
    assert {header[4] for header in scene.headers[5:]} == {0x7777}


def test_comfort_noise_of_a_telephone_line_is_noise_in_a_codec_that_knows_none__rfc3389() -> None:
    source = replace(stream(Codec.PCMA), comfort_noise=True)
    scene = Scene(source, replace(stream(Codec.OPUS), fill_silence=True))
    scene.tell([SILENT] * 10)
    scene.say(10, 1600, b"\x28", payload_type=13)  # -40 dBov
    scene.pass_time(50 * 160)
    assert len(scene.payloads) == pytest.approx(60, abs=2)
    assert steps(scene) == ({1}, {960})
    samples, rate = scene.heard()
    assert -60 < level_db(samples[rate // 2 :], 32_768) < -30


def test_a_fax_passes_untouched_where_a_wide_codec_was_spoken_before__t38_9_1() -> None:
    scene = Scene(stream(Codec.PCMA), stream(Codec.OPUS))
    scene.tell([SILENT] * 3)
    scene.relay.fax.carry(b"\x00\x01\x02", scene.now)
    assert scene.line.packets[-1] == b"\x00\x01\x02"


def test_nothing_of_a_pause_is_heard_once_the_call_is_a_fax() -> None:
    scene = Scene(stream(Codec.OPUS), stream(Codec.PCMA))
    scene.tell(encoded(Codec.OPUS, sine(Codec.OPUS, 1000, 0.1)))
    scene.say(5, 5 * 960, b"\xf8")
    left = len(scene.line.packets)
    scene.relay.rest()
    scene.pass_time(8000)
    assert len(scene.line.packets) == left


@pytest.mark.parametrize(("source", "sink"), FOREIGN)
def test_a_jitter_buffer_evens_out_what_a_wide_party_says_as_well(source: Codec, sink: Codec) -> None:
    scene = Scene(replace(stream(source), jitter_buffer_ms=60), stream(sink))
    payloads = encoded(source, sine(source, 1000, 0.6))
    ticks = source.clock_hz // 50
    for index, payload in enumerate(payloads):
        scene.say(index, index * ticks, payload, after=(40, 280)[index % 2])
    scene.pass_time(8000)
    assert steps(scene) == ({1}, {sink.clock_hz // 50})
    samples, rate = scene.heard()
    assert level_db(samples[rate // 4 : rate // 2]) == pytest.approx(0.0, abs=0.5)


def test_what_is_recorded_is_what_the_side_with_g711_would_hear() -> None:
    recorded: list[tuple[int, bytes]] = []

    class Tap:
        def hear(self, payload_type: int, packet: bytes, _arrival: int) -> None:
            recorded.append((payload_type, packet))

    scene = Scene(stream(Codec.OPUS), stream(Codec.PCMA))
    scene.relay.tap = Tap()  # type: ignore[assignment]  # all of one that a relay needs
    scene.tell(encoded(Codec.OPUS, sine(Codec.OPUS, 1000, 0.4)), lost=frozenset({5}))
    assert [payload_type for payload_type, _ in recorded] == [111] * 20
    assert [packet[12:] for _, packet in recorded] == scene.payloads
    assert [packet[2:4] for _, packet in recorded] == [index.to_bytes(2, "big") for index in range(20)]


@pytest.mark.parametrize("codec", TWINS)
def test_keys_that_sound_in_a_wide_codec_are_found_and_made__q24(codec: Codec) -> None:
    rate = 48_000 if codec is Codec.OPUS else 16_000
    at = np.arange(rate // 5) / rate
    five = 6000 * (np.sin(2 * np.pi * 770 * at) + np.sin(2 * np.pi * 1336 * at))
    sound = np.concatenate((np.zeros(rate // 5), five, np.zeros(rate // 5)))
    heard = Scene(
        replace(stream(codec, event=None), dtmf=Dtmf.INBAND),
        replace(stream(Codec.PCMA, event=None), dtmf=Dtmf.INFO),
    )
    heard.tell(encoded(codec, np.asarray(np.rint(sound), np.int16)))
    heard.pass_time(8000)
    assert heard.keys == ["5"]
    said = Scene(
        replace(stream(Codec.PCMA, event=None), dtmf=Dtmf.INFO),
        replace(stream(codec, event=None), dtmf=Dtmf.INBAND),
    )
    said.tell([SILENT] * 10)
    said.relay.press("5", 200, said.now)
    said.tell([SILENT] * 20, begin=10)
    samples, rate = said.heard()
    tone = samples[rate * 25 // 100 : rate * 35 // 100]
    assert share(tone, rate, 770) + share(tone, rate, 1336) > 0.95
    assert steps(said) == ({1}, {codec.clock_hz // 50})


@pytest.mark.parametrize("codec", list(Codec))
def test_a_change_of_codec_comes_after_all_frames_of_the_one_before__rfc3550_5_1(codec: Codec) -> None:
    """Packets of 60 ms leave in frames of 20."""
    scene = Scene(stream(Codec.PCMA), stream(Codec.OPUS))
    scene.tell([SILENT * 3] * 4, 60)
    scene.apply(stream(Codec.PCMA), stream(codec, ptime_ms=10))
    scene.say(4, 4 * 480, SILENT[:80], after=80)
    numbers, times = steps(scene)
    assert numbers == {1}
    assert max(times) < 0x80000000


def test_a_law_that_changes_without_a_word_is_heard_as_well__rfc3264_6_1() -> None:
    scene = Scene(stream(Codec.PCMA), stream(Codec.G722))
    for index in range(40):
        law, number = ((Codec.PCMA, 8), (Codec.PCMU, 0))[index // 3 % 2]
        tone = sine(law, 1000, 0.82)[160 * index : 160 * index + 160]
        scene.say(index, 160 * index, encode(Law(law), tone), payload_type=number)
    samples, rate = scene.heard()
    assert share(samples[rate // 4 :], rate, 1000) > 0.99
    assert steps(scene)[0] == {1}


@pytest.mark.parametrize("sink", [Codec.G722, Codec.OPUS])
def test_a_socket_that_refuses_costs_what_was_to_leave_and_nothing_else(sink: Codec) -> None:
    """As it does when the party's host has said that nobody listens there yet (RFC 1122 section 4.1.3.3)."""
    scene = Scene(stream(Codec.PCMA), stream(sink))
    scene.tell([SILENT] * 5)
    scene.line.refuses = True
    scene.tell([SILENT * 3] * 2, 60, begin=5)
    scene.line.refuses = False
    for index in range(6):
        scene.say(7 + index, 30_000 + 160 * index, SILENT, after=160 if index else 4000)
    numbers, _ = steps(scene)
    assert numbers == {1, 7}  # a hole where six were lost
    assert scene.relay.tally.packets_sent == len(scene.line.packets) == 11
    assert scene.relay.tally.octets_sent == sum(map(len, scene.payloads))
    assert scene.relay.tally.octets_received == 17 * 160


def test_what_waits_to_be_encoded_never_leaves_as_it_is() -> None:
    """Packets of 30 ms for a phone that takes 20: half of one waits when the plan changes."""
    sink = replace(stream(Codec.OPUS), max_ptime_ms=20)
    scene = Scene(stream(Codec.PCMA), sink)
    scene.tell([SILENT + SILENT[:80]] * 3, 30)
    scene.apply(stream(Codec.PCMA), replace(sink, event_payload_type=96))
    scene.tell([SILENT] * 3, begin=5)
    assert max(map(len, scene.payloads)) < 100
    assert steps(scene)[0] == {1}


def test_two_channels_of_opus_are_one() -> None:
    scene = Scene(stream(Codec.OPUS), stream(Codec.PCMA))
    scene.tell(encoded(Codec.OPUS, sine(Codec.OPUS, 1000, 0.6), channels=2))
    samples, rate = scene.heard()
    assert level_db(samples[rate // 4 :]) == pytest.approx(0.0, abs=0.5)


def test_a_phone_that_plays_no_more_than_8_khz_gets_no_more() -> None:
    wishes = OpusWishes(playback_hz=8_000, bitrate=8_000, fec=True, constant=True)
    sink = stream(Codec.OPUS)
    assert sink.wide is not None
    scene = Scene(stream(Codec.G722), replace(sink, wide=replace(sink.wide, opus=wishes)))
    scene.tell(encoded(Codec.G722, sine(Codec.G722, 1000, 0.4)))
    assert {len(payload) for payload in scene.payloads} == {20}  # 8 kbit/s
    assert {payload[0] >> 3 for payload in scene.payloads} <= {1, 0, 2}  # SILK, narrow band


def test_a_report_tells_the_time_of_the_sinks_clock__rfc3550_6_4_1() -> None:
    scene = Scene(stream(Codec.PCMA), stream(Codec.OPUS))
    scene.tell([SILENT] * 20)
    assert scene.relay.timestamp_at(scene.now) == scene.headers[-1][3]
    assert scene.relay.timestamp_at(scene.now + 800) == scene.headers[-1][3] + 4800


def test_jitter_is_measured_in_the_sources_clock__rfc3550_6_4_1() -> None:
    scene = Scene(stream(Codec.OPUS), stream(Codec.PCMA))
    payload = encoded(Codec.OPUS, sine(Codec.OPUS, 1000, 0.1))[0]
    for index in range(60):
        scene.say(index, 960 * index, payload, after=160 if index % 2 else 240)
    assert scene.relay.tally.jitter_ms == pytest.approx(5.0, abs=1.0)


def test_a_wide_party_is_silent_where_its_decoder_hears_nothing() -> None:
    scene = Scene(stream(Codec.OPUS), stream(Codec.PCMA))
    scene.tell(encoded(Codec.OPUS, np.zeros(48_000, np.int16))[:20])
    scene.relay.listen()
    scene.tell(encoded(Codec.OPUS, np.zeros(48_000, np.int16))[20:30], begin=20)
    assert scene.relay.ear.silent_since > 0
    samples, _ = decoded(Codec.PCMA, scene.payloads)
    assert np.abs(samples).max() < 20


def test_the_last_figures_are_those_of_what_was_on_the_wire() -> None:
    towards = Scene(stream(Codec.PCMA), stream(Codec.OPUS, ptime_ms=40))
    towards.tell([SILENT] * 20)
    towards.relay.close()
    assert towards.relay.tally.packets_sent == len(towards.line.packets) == 10
    assert towards.relay.tally.octets_sent == sum(map(len, towards.payloads))
    assert towards.relay.tally.octets_received == 3200
    back = Scene(stream(Codec.OPUS), stream(Codec.PCMA))
    payload = encoded(Codec.OPUS, sine(Codec.OPUS, 1000, 0.1))[0]
    for index in range(60):
        back.say(index, 960 * index, payload, after=160 if index % 2 else 240)
    back.relay.close()
    assert back.relay.tally.jitter_ms == pytest.approx(5.0, abs=1.0)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(FOREIGN),
    st.lists(
        st.tuples(
            st.integers(-20, 40),  # how far the sequence number goes on
            st.sampled_from([0, 80, 160, 960, 1600, 20_000, -160, -960, -100_000]),
            st.sampled_from(["audio", "audio", "audio", "event", "noise", "other", "rubbish"]),
            st.integers(0, 800),
            st.sampled_from([1, 1, 1, 1, 2]),
        ),
        max_size=40,
    ),
)
def test_whatever_comes_what_leaves_is_one_stream(
    pair: tuple[Codec, Codec], packets: list[tuple[int, int, str, int, int]]
) -> None:
    source, sink = pair
    scene = Scene(stream(source), stream(sink))
    payloads = {"event": b"\x05\x0a\x00\xa0", "noise": b"\x28", "other": b"x", "rubbish": b"\xff\x00" * 40}
    audio, numbers = AUDIO[source], {"event": 101, "noise": 13, "other": 99}
    sequence, timestamp = 65_500, 0xFFFF_F000
    for ahead, step, kind, after, ssrc in packets:
        sequence, timestamp = sequence + ahead, timestamp + step
        payload = payloads.get(kind, audio)
        scene.say(sequence, timestamp, payload, payload_type=numbers.get(kind), after=after, ssrc=ssrc)
    scene.pass_time(20_000)
    if len({ssrc for *_, ssrc in packets}) < 2:  # of two that speak by turns not everything leaves
        assert steps(scene)[0] <= {1}
    assert all(scene.payloads)
    assert scene.relay.tally.packets_sent == len(scene.line.packets)
    assert scene.relay.tally.octets_sent == sum(len(packet) - 12 for packet in scene.line.packets)
    assert scene.relay.tally.octets_received >= 0


def test_a_codec_that_pyav_lacks_is_told_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    draft = Draft({"internal": {"codecs": (Codec.PCMU, Codec.OPUS)}, "trunk": ({"codecs": (Codec.G722,)},)})
    assert list(faulty_codecs(draft)) == []
    monkeypatch.setattr("mediation.media.wide_codecs.av.codecs_available", {"g722"})
    (fault,) = faulty_codecs(draft)
    assert fault.path == ("internal", "codecs", 1)
    assert "libopus" in fault.message
