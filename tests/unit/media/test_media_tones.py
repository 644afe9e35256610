"""Keys that a party sounds in its audio (flow 19.3): said in another way to the other party, and heard once."""

from dataclasses import replace

import numpy as np
import pytest

from mediation.b2bua.plan import Stream
from mediation.media.clock import NEVER
from mediation.rtp.packet import build, read_header
from mediation.rtp.telephone_event import KEYS, EventReceiver, TelephoneEvent
from mediation_codecs.dtmf import key_tone
from mediation_codecs.dtmf_detector import ToneDetector
from mediation_codecs.g711 import Samples, decode, encode
from mediation_codecs.law import SILENCE, Law
from mediation_codecs.pcm import level_dbm0
from tests.unit.media.test_media_digits import BEGIN, EVENTS, INFO, SSRC, TONES, Line

SOURCES = {law: replace(TONES, law=law, payload_type=0 if law is Law.PCMU else 8) for law in Law}
VOICE: Samples = (1000 * np.sin(2 * np.pi * 300 / 8000 * np.arange(8000))).astype(np.int16)
LAWS = pytest.mark.parametrize("law", list(Law))


def speech(samples: int) -> Samples:
    """Something that is no tone."""
    return VOICE[:samples]


def said(line: Line, *parts: Samples, ptime_ms: int = 20, lost: tuple[int, ...] = ()) -> None:
    """Send a signal, and half a second of voice after it, in packets; some are lost on the way."""
    octets = encode(line.source.law, np.concatenate((*parts, speech(4000))))
    units = 8 * ptime_ms
    for index in range(len(octets) // units):
        line.pass_to(BEGIN + index * units)
        if index not in lost:
            payload = octets[index * units : (index + 1) * units]
            line.relay.carry_heard(
                build(line.source.payload_type, index, index * units, SSRC, payload), line.now
            )
    line.pass_to(line.now + 8000)


def events(line: Line) -> list[str | None]:
    """The keys that a receiver of events hears."""
    receiver = EventReceiver()
    heard = []
    for octets in line.sink.packets:
        kind, _, _, timestamp, *_ = read_header(octets)
        if kind == 101 and (event := receiver.packet_arrived(timestamp, octets[12:])):
            heard.append(event.key)
    return heard


def sounds(line: Line, law: Law) -> list[str]:
    """The keys that can be found in the audio that has left, each stretch in its place."""
    detector = ToneDetector()
    audio = [octets for octets in line.sink.packets if read_header(octets)[0] == line_type(law)]
    first = read_header(audio[0])[3]
    whole = np.zeros(8 * 4000, np.int16)
    for octets in audio:
        at = read_header(octets)[3] - first
        whole[at : at + len(octets) - 12] = decode(law, octets[12:])
    return [tone.key for tone in detector.feed(whole)]


def line_type(law: Law) -> int:
    return 0 if law is Law.PCMU else 8


@LAWS
@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("lead", [640, 653, 700, 777])
def test_a_tone_becomes_one_event_and_leaves_nothing_in_the_audio(law: Law, key: str, lead: int) -> None:
    line = Line(SOURCES[law], EVENTS)
    said(line, speech(lead), key_tone(key, 0, 800, 10))
    assert events(line) == [key]
    assert sounds(line, Law.PCMU) == []
    ends = [event for event in map(TelephoneEvent.parse, line.sent(101)) if event.end]
    assert len(ends) == 3
    assert ends[0].duration == pytest.approx(800, abs=160)
    numbers = [number for _, _, number, _ in line.left]
    assert numbers == list(range(1000, 1000 + len(numbers)))


@LAWS
@pytest.mark.parametrize("key", KEYS)
def test_a_tone_is_told_to_signalling_once_and_is_silence_in_the_audio(law: Law, key: str) -> None:
    line = Line(SOURCES[law], replace(INFO, law=law, payload_type=line_type(law)))
    said(line, speech(777), key_tone(key, 0, 960, 10))
    ((told, duration_ms),) = line.keys
    assert told == key
    assert duration_ms == pytest.approx(120, abs=6)
    audio = b"".join(line.sent(line_type(law)))
    sound = decode(law, audio)
    assert level_dbm0(sound[777 - 40 : 777 + 960 + 40]) < -25, "no part of it has left"
    assert set(audio[800:1700]) == {SILENCE[law]}
    assert np.array_equal(sound[:700], decode(law, encode(law, speech(700)))), "and nothing else was changed"
    assert np.array_equal(sound[1840:5600], decode(law, encode(law, speech(4000)))[103:3863])
    assert [stamp for *_, stamp in line.left] == list(range(50_000, 50_000 + 160 * len(line.left), 160))


@pytest.mark.parametrize("ptime_ms", [10, 20, 30, 40, 60])
def test_packets_of_any_length_will_do(ptime_ms: int) -> None:
    line = Line(SOURCES[Law.PCMA], replace(INFO, law=Law.PCMA))
    for key in KEYS:
        line = Line(SOURCES[Law.PCMA], INFO)
        said(line, speech(700), key_tone(key, 0, 320, 10), ptime_ms=ptime_ms)
        assert [told for told, _ in line.keys] == [key]
        assert level_dbm0(decode(Law.PCMA, b"".join(line.sent(8)))[690:1030]) < -25


def test_fast_dialling_is_heard_whole__q24() -> None:
    line = Line(SOURCES[Law.PCMU], EVENTS)
    said(line, *(part for key in KEYS for part in (speech(400), key_tone(key, 0, 400, 10))))
    assert events(line) == list(KEYS)


def test_a_packet_that_is_lost_in_a_tone_makes_no_second_key() -> None:
    line = Line(SOURCES[Law.PCMU], INFO)
    said(line, speech(800), key_tone("5", 0, 1600, 10), lost=(9,))
    assert [told for told, _ in line.keys] == ["5"]
    assert line.keys[0][1] == pytest.approx(200, abs=8)


def test_audio_leaves_40_ms_later_and_whole() -> None:
    line = Line(SOURCES[Law.PCMU], EVENTS)
    payloads = [bytes([number]) * 160 for number in range(10)]
    for number, payload in enumerate(payloads):
        line.audio(1, payload)
        assert line.sent(0) == payloads[: max(0, number - 1)]
    assert line.relay.deadline == line.now + 800
    line.pass_to(line.now + 800)
    assert line.sent(0) == payloads, "a source that stops is not kept back"
    assert line.relay.deadline == NEVER


def test_a_tone_with_which_the_source_stops_ends_too() -> None:
    line = Line(SOURCES[Law.PCMU], INFO)
    for index in range(6):
        line.audio(1, encode(Law.PCMU, key_tone("3", 160 * index, 160, 10)))
    line.pass_to(line.now + 8000)
    ((key, duration_ms),) = line.keys
    assert key == "3"
    assert duration_ms == pytest.approx(120, abs=8)


def test_what_is_held_goes_on_when_nobody_listens_for_tones_any_more() -> None:
    line = Line(SOURCES[Law.PCMU], EVENTS)
    payloads = [bytes([number]) * 160 for number in range(6)]
    for payload in payloads[:5]:
        line.audio(1, payload)
    line.configure(replace(EVENTS, payload_type=0), EVENTS)
    line.audio(1, payloads[5])
    assert line.sent(0) == payloads
    assert [number for _, _, number, _ in line.left] == list(range(1000, 1006))


@pytest.mark.parametrize(
    "after",
    [
        (SOURCES[Law.PCMA], replace(EVENTS, jitter_buffer_ms=0)),
        (replace(EVENTS, law=Law.PCMA, payload_type=8, jitter_buffer_ms=40), EVENTS),
    ],
    ids=["another law", "events"],
)
def test_what_is_held_goes_on_where_the_law_has_changed_or_keys_come_in_another_way(
    after: tuple[Stream, Stream],
) -> None:
    line = Line(replace(SOURCES[Law.PCMU], jitter_buffer_ms=after[0].jitter_buffer_ms), EVENTS)
    for number in range(10):
        if number == 5:
            line.pass_to(line.now + 159)
            line.configure(*after)
        samples = VOICE[160 * number : 160 * number + 160]
        line.audio(1, encode(line.source.law, samples))
    line.pass_to(line.now + 1600)
    heard = decode(Law.PCMU, b"".join(line.sent(0)))
    assert heard.size == 1600
    assert np.abs(heard.astype(int) - VOICE[:1600]).max() < 100
    assert [number for _, _, number, _ in line.left] == list(range(1000, 1010))


def test_packets_that_overtake_each_other_leave_in_order() -> None:
    line = Line(SOURCES[Law.PCMU], EVENTS)
    for number in (0, 1, 3, 2, 4, 5, 6, 7):
        octets = build(0, number, 160 * number, SSRC, bytes([number]) * 160)
        line.relay.carry_heard(octets, BEGIN + 160 * number)
    line.pass_to(BEGIN + 8000)
    assert line.sent(0) == [bytes([number]) * 160 for number in range(8)]
    assert [number for _, _, number, _ in line.left] == list(range(1000, 1008))


def test_tiny_packets_do_not_gather_without_end() -> None:
    line = Line(SOURCES[Law.PCMU], EVENTS)
    for number in range(200):
        line.relay.carry_heard(build(0, number, number, SSRC, b"\x55"), BEGIN + number)
    assert len(line.sink.packets) >= 200 - 33


def test_where_nobody_asks_for_it_audio_is_not_held() -> None:
    line = Line(SOURCES[Law.PCMU], SOURCES[Law.PCMA])
    line.audio(2)
    assert len(line.sink.packets) == 2
