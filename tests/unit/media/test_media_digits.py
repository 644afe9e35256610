"""Keys between a party that says them in one way and one that hears them in another: one direction, time by hand."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from mediation.b2bua.plan import Stream
from mediation.media.actions import Drop
from mediation.media.clock import NEVER
from mediation.media.keypad import MOST_WAITING, PAUSE
from mediation.media.relay import Relay
from mediation.media.voice import Voice
from mediation.rtp.packet import build, read_header
from mediation.rtp.rewrite import Rewrite
from mediation.rtp.telephone_event import KEYS, MAX_DURATION, TelephoneEvent, key_packets
from mediation.settings.peer_media import Dtmf
from mediation_codecs.dtmf import key_tone
from mediation_codecs.g711 import decode, encode
from mediation_codecs.law import SILENCE, Law
from mediation_codecs.pcm import level_at_dbm0
from mediation_codecs.tones import DTMF_HZ
from tests.unit.media.test_media_relay import Sink

EVENTS = Stream(("192.0.2.1", 4000), ("192.0.2.1", 4001), Law.PCMU, 0, 101, 20, sends=True, takes=True)
INFO = replace(EVENTS, law=Law.PCMA, payload_type=8, event_payload_type=None, dtmf=Dtmf.INFO)
TONES = replace(INFO, dtmf=Dtmf.INBAND)
SSRC = 0xAAAA
BEGIN = 800_000


class Line:
    """One direction; audio comes every 20 ms, unless an event takes its place."""

    def __init__(self, source: Stream, sink: Stream) -> None:
        self.sink = Sink()
        self.keys: list[tuple[str, int]] = []
        self.reminded = 0
        self.relay = Relay(Voice(Rewrite(0x5555, 1000, 50_000), "us"), self._tell, self._remind)
        self.relay.sink = self.sink
        self.source, self.now, self.number = source, BEGIN, 0
        self.arrivals: list[int] = []
        self.configure(source, sink)

    def configure(self, source: Stream, sink: Stream) -> None:
        self.source = source
        self.relay.configure(source, sink)

    def _tell(self, key: str, duration_ms: int) -> None:
        self.keys.append((key, duration_ms))

    def _remind(self) -> None:
        self.reminded += 1

    def pass_to(self, now: int) -> None:
        """Let what is due happen on the way, each at its moment."""
        while self.relay.deadline <= now:
            self.now = max(self.now, self.relay.deadline)
            self.relay.handle_timeout(self.now)
        self.now = now

    def audio(self, packets: int = 1, payload: bytes = b"\x55" * 160) -> None:
        for _ in range(packets):
            self.pass_to(BEGIN + 160 * self.number)
            self._say(self.source.payload_type, payload, 160 * self.number)

    def event(self, key: str, duration: int, *, but: int = 0) -> None:
        """A key as a phone says it, without its last `but` packets. The numbers go on with the audio's."""
        start = 160 * self.number
        packets = list(key_packets(key, duration))
        for packet in packets[: len(packets) - but]:
            self.pass_to(BEGIN + start + packet.after)
            self._say(self.source.event_payload_type or 0, packet.payload, start, marker=packet.marker)

    def _say(self, kind: int, payload: bytes, timestamp: int, *, marker: bool = False) -> None:
        octets = build(kind, self.number & 0xFFFF, timestamp, SSRC, payload, marker=marker)
        self.number += 1
        self.relay.carry_heard(octets, self.now)

    @property
    def left(self) -> list[tuple[int, bool, int, int]]:
        """(payload type, marker, sequence, timestamp) of all that was sent."""
        return [read_header(octets)[:4] for octets in self.sink.packets]

    def sent(self, payload_type: int) -> list[bytes]:
        """The payloads of that type."""
        return [octets[12:] for octets in self.sink.packets if read_header(octets)[0] == payload_type]


def test_no_number_is_left_out_and_none_comes_twice_while_a_key_sounds() -> None:
    line = Line(INFO, EVENTS)
    line.audio(3)
    line.relay.press("5", 160, line.now)
    line.audio(20)
    numbers = [number for _, _, number, _ in line.left]
    assert numbers == list(range(1000, 1000 + len(numbers)))


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("duration_ms", [40, 100, 160, 333])
@pytest.mark.parametrize("ptime_ms", [10, 20, 30, 60])
def test_a_key_said_by_info_becomes_the_packets_of_an_event__rfc4733_2_5_1(
    key: str, duration_ms: int, ptime_ms: int
) -> None:
    line = Line(INFO, replace(EVENTS, ptime_ms=ptime_ms))
    line.audio(3)
    began = line.now
    line.relay.press(key, duration_ms, began)
    line.audio(60)
    wanted = list(key_packets(key, 8 * duration_ms, packet_units=8 * ptime_ms))
    assert line.sent(101) == [packet.payload for packet in wanted]
    events = [header for header in line.left if header[0] == 101]
    assert [marker for _, marker, _, _ in events] == [packet.marker for packet in wanted]
    assert {stamp for *_, stamp in events} == {50_000 + 480}


def test_the_packets_of_a_key_leave_when_they_are_due() -> None:
    line = Line(INFO, EVENTS)
    line.relay.press("1", 50, line.now)
    due = []
    while line.relay.deadline != NEVER:
        due.append(line.relay.deadline - BEGIN)
        line.now = line.relay.deadline
        line.relay.handle_timeout(line.now)
    assert due[:5] == [160, 320, 400, 560, 720]
    assert len(line.sink.packets) == 5
    assert line.reminded == 1


def test_audio_goes_on_after_a_key_with_the_time_that_has_passed_and_a_marker() -> None:
    line = Line(INFO, EVENTS)
    line.audio(3)
    line.relay.press("1", 100, line.now)
    line.audio(20)
    audio = [header for header in line.left if header[0] == 0]
    assert [stamp for *_, stamp in audio[:3]] == [50_000, 50_160, 50_320]
    first = audio[3]
    assert first[1], "a talkspurt begins"
    assert (first[3] - 50_000) % 160 == 0
    assert 50_320 + 160 + 800 + 320 <= first[3] <= 50_320 + 160 + 800 + 320 + 160, (
        "behind the third end packet"
    )
    steps = {after[3] - before[3] for before, after in pairwise(audio[3:])}
    assert steps == {160}
    assert line.relay.tally.dropped[Drop.DIGIT] > 0
    assert set(line.relay.tally.dropped) == {Drop.DIGIT}


def test_keys_that_come_at_once_wait_for_each_other_and_none_is_lost() -> None:
    line = Line(INFO, EVENTS)
    line.audio(3)
    for key in "12*":
        line.relay.press(key, 80, line.now)
    line.audio(60)
    events = [
        (TelephoneEvent.parse(octets[12:]), read_header(octets)[3])
        for octets in line.sink.packets
        if read_header(octets)[0] == 101
    ]
    starts = dict.fromkeys(stamp for event, stamp in events)
    assert [event.key for event, _ in events if event.end] == list("111222***")
    for before, after in pairwise(starts):
        assert after - before >= 640 + PAUSE


def test_more_keys_than_can_be_meant_are_dropped() -> None:
    line = Line(INFO, EVENTS)
    for _ in range(100):
        line.relay.press("1", 40, line.now)
    line.pass_to(BEGIN + 60 * 8000)
    ends = [event for event in map(TelephoneEvent.parse, line.sent(101)) if event.end]
    assert len(ends) == 3 * (MOST_WAITING + 1)


def test_before_anything_was_heard_a_key_begins_the_stream() -> None:
    line = Line(INFO, EVENTS)
    line.relay.press("9", 100, line.now)
    line.pass_to(BEGIN + 8000)
    assert [number for _, _, number, _ in line.left] == list(range(1000, 1000 + len(line.left)))
    assert {stamp for *_, stamp in line.left} == {50_000}
    line.number = 50
    line.audio(2)
    assert [number for _, _, number, _ in line.left] == list(range(1000, 1000 + len(line.left)))
    assert [stamp for *_, stamp in line.left[-2:]] == [50_000 + 8000, 50_000 + 8160]


def test_what_the_source_sent_before_a_key_and_comes_late_does_not_leave() -> None:
    line = Line(INFO, EVENTS)
    line.audio(3)
    line.relay.press("1", 40, line.now)
    line.pass_to(line.now + 1600)
    sent = len(line.sink.packets)
    line.relay.carry_heard(build(8, 1, 160, SSRC, b"\x55" * 160), line.now)
    assert len(line.sink.packets) == sent


@pytest.mark.parametrize("law", list(Law))
@pytest.mark.parametrize("key", KEYS)
def test_a_key_for_a_party_that_knows_tones_alone_sounds_in_its_law__q23(law: Law, key: str) -> None:
    number = 0 if law is Law.PCMU else 8
    line = Line(INFO, replace(TONES, law=law, payload_type=number))
    line.audio(3)
    line.relay.press(key, 100, line.now)
    line.audio(12, b"\x2a" * 160)
    packets = [octets[12:] for octets in line.sink.packets]
    sound = decode(law, b"".join(packets[3:8]))
    assert {len(packet) for packet in packets} == {160}
    for hz in DTMF_HZ[key]:
        assert level_at_dbm0(sound, hz) == pytest.approx(-14.1 if hz < 1000 else -12.1, abs=0.3)
    assert np.array_equal(sound, decode(law, encode(law, key_tone(key, 0, 800, 10))))
    assert [stamp for *_, stamp in line.left] == list(range(50_000, 50_000 + 160 * len(packets), 160)), (
        "no gap"
    )
    assert [number for _, _, number, _ in line.left] == list(range(1000, 1000 + len(packets)))


def test_an_event_becomes_a_tone_as_long_and_as_loud_as_it__rfc4733_2_3() -> None:
    line = Line(EVENTS, TONES)
    line.audio(3)
    line.event("7", 1000)
    line.audio(10)
    assert line.sent(101) == line.sent(96) == []
    tone = decode(Law.PCMA, b"".join(line.sent(8)[3:10]))
    wanted = key_tone("7", 0, 1000, 10)
    assert np.array_equal(tone[:1000], decode(Law.PCMA, encode(Law.PCMA, wanted)))
    assert line.sent(8)[9][-120:] == bytes([SILENCE[Law.PCMA]]) * 120, "silence to the end of the packet"
    stamps = [stamp for *_, stamp in line.left]
    assert stamps == sorted(set(stamps))


def test_an_event_whose_end_is_lost_ends_by_itself() -> None:
    line = Line(EVENTS, TONES)
    line.audio(3)
    line.event("7", 800, but=3)
    line.pass_to(line.now + 8000)
    sound = line.sent(8)[3:]
    assert 5 <= len(sound) <= 16
    assert line.relay.deadline == NEVER


@pytest.mark.parametrize("key", KEYS)
def test_an_event_for_a_party_that_hears_by_info_is_told_once__rfc4733_2_5_1_4(key: str) -> None:
    line = Line(EVENTS, INFO)
    line.audio(3)
    line.event(key, 1280)
    line.audio(20)
    assert line.keys == [(key, 160)]
    assert {kind for kind, *_ in line.left} == {8}
    numbers = [number for _, _, number, _ in line.left]
    assert numbers == list(range(1000, 1000 + len(numbers))), "its packets are no loss"


@pytest.mark.parametrize("lost", [1, 2])
def test_one_packet_of_its_end_is_enough(lost: int) -> None:
    line = Line(EVENTS, INFO)
    line.event("#", 800, but=lost)
    assert line.keys == [("#", 100)]


def test_one_of_which_no_end_comes_is_told_with_what_was_heard_of_it() -> None:
    line = Line(EVENTS, INFO)
    line.event("#", 800, but=3)
    assert line.keys == []
    line.pass_to(line.now + 1600)
    assert line.keys == [("#", 80)]


def test_one_that_another_follows_without_an_end_is_told_first() -> None:
    line = Line(EVENTS, INFO)
    line.event("1", 800, but=3)
    line.audio()
    line.event("2", 800)
    assert line.keys == [("1", 80), ("2", 100)]


def test_one_that_is_longer_than_a_packet_can_tell_is_one_key__rfc4733_2_5_1_3() -> None:
    line = Line(EVENTS, INFO)
    start = 4000
    for after in range(400, MAX_DURATION, 400):
        line.pass_to(BEGIN + after)
        line._say(101, bytes(TelephoneEvent(5, end=False, volume=10, duration=after)), start)
    for repetition in range(3):
        line.pass_to(BEGIN + MAX_DURATION + 160 * (repetition + 1))
        rest = bytes(TelephoneEvent(5, end=True, volume=10, duration=800))
        line._say(101, rest, (start + MAX_DURATION) & 0xFFFFFFFF)
    line.pass_to(line.now + 8000)
    assert line.keys == [("5", round((MAX_DURATION + 800) / 8))]


def test_a_long_key_is_said_in_parts__rfc4733_2_5_1_3() -> None:
    line = Line(INFO, EVENTS)
    line.relay.press("5", 9000, line.now)
    line.pass_to(BEGIN + 80_000)
    events = [(read_header(octets)[3], TelephoneEvent.parse(octets[12:])) for octets in line.sink.packets]
    assert {stamp for stamp, _ in events} == {50_000, 50_000 + MAX_DURATION}
    assert max(event.duration for stamp, event in events if stamp == 50_000) == MAX_DURATION
    ends = [(stamp, event.duration) for stamp, event in events if event.end]
    assert ends == [(50_000 + MAX_DURATION, 72_000 - MAX_DURATION)] * 3


def test_the_flash_is_no_key() -> None:
    line = Line(EVENTS, INFO)
    for end in (False, True, True, True):
        line._say(101, bytes(TelephoneEvent(16, end=end, volume=10, duration=400)), 4000)
    line.pass_to(line.now + 8000)
    assert line.keys == []
    assert line.sink.packets == []


@pytest.mark.parametrize("payload", [b"", b"\x05", b"\x05\x0a\x00"])
def test_what_is_no_event_says_nothing(payload: bytes) -> None:
    line = Line(EVENTS, INFO)
    line._say(101, payload, 4000)
    assert line.keys == []
    assert line.sink.packets == []


def test_a_key_goes_on_over_a_reinvite_with_the_new_number_and_is_heard_once() -> None:
    line = Line(INFO, EVENTS)
    line.audio(3)
    line.relay.press("5", 160, line.now)
    line.audio(3)
    line.configure(INFO, replace(EVENTS, event_payload_type=97))
    line.audio(20)
    packets = [packet.payload for packet in key_packets("5", 1280)]
    assert line.sent(101) + line.sent(97) == packets
    assert line.sent(101)
    assert line.sent(97)


def test_an_event_goes_on_over_a_reinvite_and_is_told_once() -> None:
    line = Line(EVENTS, INFO)
    line.audio(3)
    line.event("5", 800, but=4)
    line.configure(
        replace(EVENTS, event_payload_type=97, our_event_payload_type=101), replace(INFO, ptime_ms=30)
    )
    for _ in range(3):
        line._say(97, bytes(TelephoneEvent(5, end=True, volume=10, duration=800)), 480)
    assert line.keys == [("5", 100)]


def test_a_party_that_takes_nothing_hears_no_key() -> None:
    line = Line(INFO, replace(EVENTS, takes=False))
    line.relay.press("5", 160, line.now)
    assert line.relay.deadline == NEVER
    assert line.sink.packets == []


def test_on_hold_a_party_still_hears_of_keys_by_signalling() -> None:
    line = Line(EVENTS, replace(INFO, takes=False))
    line.event("5", 800)
    assert line.keys == [("5", 100)]


@pytest.mark.parametrize(
    ("source", "sink"),
    [(EVENTS, EVENTS), (INFO, INFO), (TONES, TONES), (EVENTS, replace(INFO, dtmf=Dtmf.RTP))],
)
def test_where_both_are_alike_or_one_has_no_way_nothing_is_done(source: Stream, sink: Stream) -> None:
    line = Line(source, sink)
    line.relay.press("5", 160, line.now)
    assert line.relay.deadline == NEVER
    assert line.sink.packets == []
