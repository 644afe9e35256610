"""Packets of another length than they come, only where the party that hears them must have it so (RFC 8866 6.4)."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.b2bua.plan import Stream
from mediation.media.actions import Drop
from mediation.media.clock import NEVER
from mediation.rtp.packet import build, read_header
from mediation_codecs.concealment import concealed
from mediation_codecs.g711 import decode, encode
from mediation_codecs.law import SILENCE, Law
from mediation_codecs.tones import sine
from tests.unit.media.test_media_digits import BEGIN, EVENTS, SSRC, Line

AS_IT_COMES = EVENTS
CHANCE = bytes((31 * number + number // 256) & 0xFF for number in range(80_000))
"""An octet string in which no stretch comes again soon."""


def exactly(ptime_ms: int) -> Stream:
    return replace(EVENTS, ptime_ms=ptime_ms, repacketize=True)


def at_most(max_ptime_ms: int) -> Stream:
    return replace(EVENTS, ptime_ms=min(20, max_ptime_ms), max_ptime_ms=max_ptime_ms)


class Source:
    """Says the octets of CHANCE in packets of any lengths."""

    def __init__(self, line: Line) -> None:
        self.line, self.at, self.number = line, 0, 0

    def says(self, ptime_ms: int, packets: int = 1, *, lost: bool = False, marker: bool = False) -> None:
        for _ in range(packets):
            units = 8 * ptime_ms
            self.line.pass_to(BEGIN + self.at)
            if not lost:
                octets = build(
                    0, self.number & 0xFFFF, self.at, SSRC, CHANCE[self.at : self.at + units], marker=marker
                )
                self.line.relay.carry_heard(octets, self.line.now)
            self.at, self.number = self.at + units, self.number + 1


def lengths(line: Line) -> list[int]:
    return [(len(octets) - 12) // 8 for octets in line.sink.packets]


def check(line: Line) -> None:
    """Each octet has left once, at its time, in packets without a gap in their numbers."""
    numbers = [number for _, _, number, _ in line.left]
    assert numbers == list(range(1000, 1000 + len(numbers)))
    for octets in line.sink.packets:
        at = read_header(octets)[3] - 50_000
        assert octets[12:].rstrip(bytes((SILENCE[Law.PCMU],))) in CHANCE[at : at + len(octets)]


@pytest.mark.parametrize("came", [10, 20, 30, 40, 50, 60])
@pytest.mark.parametrize("wanted", [10, 20, 30, 40, 50, 60])
def test_every_length_becomes_every_other_one(came: int, wanted: int) -> None:
    line = Line(EVENTS, exactly(wanted))
    Source(line).says(came, 60)
    assert set(lengths(line)) == {wanted}
    assert sum(lengths(line)) == 60 * came // wanted * wanted
    check(line)
    assert b"".join(octets[12:] for octets in line.sink.packets) == CHANCE[: 8 * sum(lengths(line))]
    assert [stamp for *_, stamp in line.left] == list(
        range(50_000, 50_000 + 8 * sum(lengths(line)), 8 * wanted)
    )


@pytest.mark.parametrize("came", [10, 20, 30, 60])
def test_where_nothing_demands_it_packets_leave_as_they_come(came: int) -> None:
    line = Line(EVENTS, replace(EVENTS, ptime_ms=30))
    Source(line).says(came, 10)
    assert lengths(line) == [came] * 10


@pytest.mark.parametrize(("came", "leaves"), [(10, 10), (20, 20), (30, 20), (40, 20), (60, 20)])
def test_what_is_above_maxptime_is_cut_and_the_rest_left_alone__rfc8866_6_4(came: int, leaves: int) -> None:
    line = Line(EVENTS, at_most(20))
    Source(line).says(came, 12)
    assert set(lengths(line)) == {leaves}
    check(line)


def test_a_source_that_changes_its_packets_without_a_word_is_followed() -> None:
    line = Line(EVENTS, exactly(20))
    source = Source(line)
    for ptime_ms in (20, 30, 30, 10, 10, 10, 60, 20, 20, 20):
        source.says(ptime_ms, 4)
    assert set(lengths(line)) == {20}
    check(line)
    assert b"".join(octets[12:] for octets in line.sink.packets) == CHANCE[: 8 * sum(lengths(line))]


def test_packets_of_the_right_length_take_the_shortest_road() -> None:
    line = Line(EVENTS, exactly(20))
    source = Source(line)
    source.says(20, 10)
    state = line.relay.course._state
    assert (state.octets, state.sequence, state.timestamp) == (172, source.number, source.at)


@pytest.mark.parametrize("wanted", [20, 40])
@pytest.mark.parametrize("lost", [True, False])
def test_what_is_missing_between_packets_that_are_joined_is_made_up_if_it_was_lost__g711_i(
    wanted: int, lost: bool
) -> None:
    """And if nothing was said, which the numbers tell, it is silence."""
    line = Line(EVENTS, exactly(wanted))
    source = Source(line)
    source.says(10, 5)
    source.says(10, lost=True)
    source.number -= not lost
    source.says(10, 10)
    assert set(lengths(line)) == {wanted}
    sound = b"".join(octets[12:] for octets in line.sink.packets)
    made = concealed(Law.PCMU, CHANCE[:400], 80) if lost else bytes((SILENCE[Law.PCMU],)) * 80
    assert sound == (CHANCE[:400] + made + CHANCE[480:1280])[: len(sound)]
    assert [number for _, _, number, _ in line.left] == list(range(1000, 1000 + len(line.left)))
    assert [stamp for *_, stamp in line.left] == list(range(50_000, 50_000 + len(sound), 8 * wanted))


@pytest.mark.parametrize("missing", [1, 2, 3, 4])
def test_a_voice_goes_on_where_packets_were_lost_and_fades__g711_i(missing: int) -> None:
    """A steady tone of 100 Hz: for 10 ms nobody could tell, and after 60 ms there is silence."""
    tone = encode(Law.PCMU, sine(100.0, -12, 2.0))
    line = Line(EVENTS, exactly(30))
    for number in range(40):
        line.pass_to(BEGIN + 160 * number)
        if not 20 <= number < 20 + missing:
            octets = build(0, number, 160 * number, SSRC, tone[160 * number : 160 * number + 160])
            line.relay.carry_heard(octets, line.now)
    sound = np.zeros(40 * 160, np.int16)
    for octets in line.sink.packets:
        at = read_header(octets)[3] - 50_000
        sound[at : at + len(octets) - 12] = decode(Law.PCMU, octets[12:])
    hole = sound[3200 : 3200 + 160 * missing].astype(int)
    whole = decode(Law.PCMU, tone)[3200 : 3200 + 160 * missing].astype(int)
    assert np.abs(hole[:80] - whole[:80]).max() <= 512, "no more than the law's own steps"
    loudness = [np.abs(hole[at : at + 80]).max() for at in range(0, min(480, hole.size), 80)]
    assert loudness == sorted(loudness, reverse=True)
    assert not hole[480:].any()
    assert [number for _, _, number, _ in line.left] == list(range(1000, 1000 + len(line.left)))


def test_nothing_is_made_up_for_a_modem__v152() -> None:
    """Its answer, 2100 Hz, was heard; what is lost then is silence."""
    line = Line(EVENTS, exactly(30))
    answer = encode(Law.PCMU, sine(2100.0, -12, 3.0))
    for number in range(60):
        line.pass_to(BEGIN + 160 * number)
        if number != 50:
            octets = build(0, number, 160 * number, SSRC, answer[160 * number : 160 * number + 160])
            line.relay.carry_heard(octets, line.now)
    sound = b"".join(octets[12:] for octets in line.sink.packets)
    assert sound[8000:8160] == bytes((SILENCE[Law.PCMU],)) * 160
    assert sound[7840:8000] == answer[7840:8000]


def test_packets_that_went_by_meanwhile_are_no_loss() -> None:
    line = Line(EVENTS, exactly(20))
    source = Source(line)
    source.says(10, 4)
    source.says(20, 3)
    source.says(10, 4)
    check(line)
    assert b"".join(octets[12:] for octets in line.sink.packets) == CHANCE[: 8 * sum(lengths(line))]


def test_what_stays_over_when_the_source_stops_is_filled_up() -> None:
    line = Line(EVENTS, exactly(20))
    Source(line).says(10, 3)
    assert lengths(line) == [20]
    line.pass_to(line.now + 960)
    assert lengths(line) == [20, 20]
    assert line.sink.packets[-1][12:] == CHANCE[160:240] + bytes((SILENCE[Law.PCMU],)) * 80
    assert line.relay.deadline == NEVER


def test_a_talkspurt_keeps_its_marker_and_its_pause() -> None:
    line = Line(EVENTS, exactly(30))
    source = Source(line)
    source.says(20, 3, marker=False)
    line.pass_to(line.now + 4000)
    source.at = 4800
    source.says(20, 1, marker=True)
    source.says(20, 5)
    markers = [(stamp - 50_000, marker) for _, marker, _, stamp in line.left]
    assert (4800, True) in markers
    assert sum(marker for stamp, marker in markers if stamp > 0) == 1
    check(line)


def test_one_that_comes_twice_or_late_is_not_heard_again() -> None:
    line = Line(EVENTS, exactly(20))
    source = Source(line)
    source.says(10, 6)
    for number in (5, 3, 2):
        line.relay.carry_heard(
            build(0, number, 80 * number, SSRC, CHANCE[80 * number : 80 * number + 80]), line.now
        )
    source.says(10, 6)
    assert lengths(line) == [20] * 6
    check(line)


def test_a_law_that_changes_without_a_word_is_joined_to_the_other__rfc3264_6_1() -> None:
    tone = sine(400.0, -10.0, 0.4)
    line = Line(EVENTS, exactly(60))
    for number in range(12):
        samples = tone[160 * number : 160 * number + 160]
        line.pass_to(BEGIN + 160 * number)
        law, kind = ((Law.PCMU, 0), (Law.PCMA, 8))[number % 2]
        line.relay.carry_heard(build(kind, number, 160 * number, SSRC, encode(law, samples)), line.now)
    assert lengths(line) == [60] * 4
    heard = decode(Law.PCMU, b"".join(octets[12:] for octets in line.sink.packets))
    assert np.abs(heard.astype(int) - tone[: heard.size]).max() < 300


def test_one_that_was_joined_and_comes_twice_is_not_heard_alone() -> None:
    """It would fit as it is, and its number has left with what it was joined to."""
    line = Line(EVENTS, at_most(20))
    source = Source(line)
    source.says(30)
    source.says(10)
    line.relay.carry_heard(build(0, 1, 240, SSRC, CHANCE[240:320]), line.now)
    source.says(10, 2)
    assert lengths(line) == [20, 20, 10, 10]
    check(line)
    assert line.relay.tally.dropped == {Drop.DUPLICATE: 1}


def test_a_key_takes_its_place_between_packets_that_are_cut() -> None:
    source = replace(EVENTS, event_payload_type=None, dtmf=EVENTS.dtmf.INFO)
    line = Line(source, exactly(20))
    voice = Source(line)
    voice.says(30, 5)
    line.relay.press("5", 100, line.now)
    voice.says(30, 20)
    assert len(line.sent(101)) == 7
    numbers = [number for _, _, number, _ in line.left]
    assert numbers == list(range(1000, 1000 + len(numbers)))


def test_another_length_by_signalling_holds_at_once() -> None:
    line = Line(EVENTS, exactly(20))
    source = Source(line)
    source.says(30, 4)
    line.configure(EVENTS, exactly(60))
    source.says(30, 8)
    assert lengths(line)[:6] == [20] * 6
    assert set(lengths(line)[6:]) == {60}
    check(line)


@pytest.mark.parametrize("goes_on", [True, False])
def test_what_waits_goes_on_in_the_law_that_is_agreed_on_meanwhile(goes_on: bool) -> None:
    """Without a click: all that leaves under a number is in the law of that number."""
    tone = encode(Law.PCMU, sine(400.0, -10.0, 0.4))
    line = Line(EVENTS, replace(exactly(60), law=Law.PCMA, payload_type=8))
    for number in range(20 if goes_on else 4):
        if number == 4:
            line.configure(EVENTS, exactly(60))
        line.audio(1, tone[160 * number : 160 * number + 160])
    line.configure(EVENTS, exactly(60))
    line.pass_to(line.now + 4000)
    sent = [(read_header(packet)[0], packet[12:]) for packet in line.sink.packets]
    assert [number for number, _ in sent] == [8] + [0] * (len(sent) - 1)
    heard = np.concatenate([decode({0: Law.PCMU, 8: Law.PCMA}[number], octets) for number, octets in sent])
    said = decode(Law.PCMU, tone)[: 3200 if goes_on else 640]
    assert np.abs(heard[: said.size].astype(int) - said).max() < 300  # as exact as the laws are


@given(
    st.lists(st.tuples(st.sampled_from((10, 20, 30, 40, 60)), st.booleans()), max_size=40),
    st.sampled_from((10, 20, 30, 60)),
)
def test_whatever_comes_each_packet_has_its_time_and_its_number(
    packets: list[tuple[int, bool]], wanted: int
) -> None:
    line = Line(EVENTS, exactly(wanted))
    source = Source(line)
    source.says(wanted)
    for ptime_ms, lost in packets:
        source.says(ptime_ms, lost=lost)
    line.pass_to(line.now + 8000)
    assert set(lengths(line)) == {wanted}
    spans = [(stamp, stamp + 8 * wanted) for *_, stamp in line.left]
    assert all(end <= begin for (_, end), (begin, _) in pairwise(spans)), "none over another"
