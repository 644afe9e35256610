"""One direction: which payload types leave, as what, and what is counted."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.b2bua.plan import Stream
from mediation.b2bua.wide import Wide
from mediation.media.actions import Drop
from mediation.media.clock import CLOCK_HZ
from mediation.media.relay import Relay
from mediation.media.voice import Voice
from mediation.rtp.packet import build, read_header
from mediation.rtp.rewrite import Rewrite
from mediation.rtp.telephone_event import TelephoneEvent, key_packets
from mediation_codecs.codec import Codec
from mediation_codecs.law import Law
from mediation_codecs.transcode import translation_table

MU = Stream(("192.0.2.1", 4000), ("192.0.2.1", 4001), Law.PCMU, 0, 101, 20, sends=True, takes=True)
A = Stream(("192.0.2.2", 4000), ("192.0.2.2", 4001), Law.PCMA, 8, 96, 20, sends=True, takes=True)
ALL_CODES = bytes(range(256))
SSRC = 0xAAAA
OURS = 0x5555


class Sink:
    """Keeps what a relay sends."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []
        self.error: OSError | None = None

    def recv(self, _limit: int, /) -> bytes:
        raise BlockingIOError

    def send(self, datagram: bytes, /) -> int:
        if self.error is not None:
            raise self.error
        self.packets.append(datagram)
        return len(datagram)


class Line:
    """A relay between two streams."""

    def __init__(self, source: Stream = MU, sink: Stream = A) -> None:
        self.sink = Sink()
        self.relay = Relay(Voice(Rewrite(OURS, 1000, 50_000), "us"))
        self.relay.sink = self.sink
        self.relay.configure(source, sink)

    def carry(
        self,
        number: int,
        payload: bytes = b"\x55" * 160,
        *,
        payload_type: int = 0,
        marker: bool = False,
        ssrc: int = SSRC,
    ) -> None:
        octets = build(payload_type, number & 0xFFFF, 160 * number, ssrc, payload, marker=marker)
        self.relay.carry(octets, 800_000 + 160 * number)

    @property
    def left(self) -> list[tuple[int, int, int, int]]:
        """(payload type, sequence, timestamp, SSRC) of all that was sent."""
        headers = [read_header(octets) for octets in self.sink.packets]
        return [(header[0], header[2], header[3], header[4]) for header in headers]


@pytest.mark.parametrize(("source", "sink"), [(MU, A), (A, MU)])
def test_every_octet_is_translated_by_the_tables_of_the_recommendation(source: Stream, sink: Stream) -> None:
    line = Line(source, sink)
    line.carry(0, ALL_CODES, payload_type=source.payload_type)
    table = translation_table(source.law, sink.law)
    assert table is not None
    assert line.sink.packets[0][12:] == table


def test_where_the_laws_agree_no_octet_is_touched() -> None:
    line = Line(A, A)
    line.carry(0, ALL_CODES, payload_type=8)
    assert line.sink.packets[0][12:] == ALL_CODES


def test_payload_types_are_those_of_each_party() -> None:
    line = Line(replace(MU, payload_type=110), replace(MU, payload_type=111))
    line.carry(0, ALL_CODES, payload_type=110)
    assert line.left[0][0] == 111
    assert line.sink.packets[0][12:] == ALL_CODES


@pytest.mark.parametrize("number", [97, 101])
def test_a_party_may_send_with_our_numbers_or_with_its_own__rfc3264_5_1(number: int) -> None:
    renumbered = replace(MU, event_payload_type=97, our_event_payload_type=101, our_payload_type=110)
    line = Line(renumbered, A)
    line.carry(0, b"\x05\x0a\x00\xa0", payload_type=number)
    line.carry(1, ALL_CODES, payload_type=110)
    line.carry(2, ALL_CODES, payload_type=0)
    assert [payload_type for payload_type, *_ in line.left] == [96, 8, 8]


@pytest.mark.parametrize("agreed", [0, 8, 96])
@pytest.mark.parametrize("changes_to", [0, 8])
@pytest.mark.parametrize("sink", [MU, A])
def test_a_party_may_change_its_law_without_a_word__rfc3264_6_1(
    agreed: int, changes_to: int, sink: Stream
) -> None:
    source = replace(MU if agreed == 0 else A, payload_type=agreed)
    line = Line(source, sink)
    for number in range(3):
        line.carry(number, ALL_CODES, payload_type=changes_to if number == 1 else agreed)
    laws = {0: Law.PCMU, 8: Law.PCMA, 96: Law.PCMA}
    tables = [translation_table(laws[number], sink.law) for number in (agreed, changes_to, agreed)]
    assert [octets[12:] for octets in line.sink.packets] == [
        ALL_CODES if table is None else ALL_CODES.translate(table) for table in tables
    ]
    assert {payload_type for payload_type, *_ in line.left} == {sink.payload_type}
    assert [sequence for _, sequence, _, _ in line.left] == [1000, 1001, 1002]


def test_beside_a_wide_codec_a_law_is_not_heard() -> None:
    source = replace(MU, payload_type=111, wide=Wide(Codec.OPUS))
    assert source.laws == ((111, Law.PCMU),)


def test_what_leaves_is_one_stream_of_ours__rfc3550_5_1() -> None:
    line = Line()
    for number in range(4):
        line.carry(number)
    line.carry(7000, ssrc=0xBBBB)
    line.carry(7001, ssrc=0xBBBB)
    assert [sequence for _, sequence, _, _ in line.left] == list(range(1000, 1006))
    assert {ssrc for *_, ssrc in line.left} == {OURS}
    stamps = [stamp for _, _, stamp, _ in line.left]
    assert [stamp - stamps[0] for stamp in stamps[:4]] == [0, 160, 320, 480]
    assert stamps[5] - stamps[4] == 160


def test_padding_csrc_and_extension_end_here__rfc3550_5_1() -> None:
    line = Line()
    header = bytes([0xB1, 0]) + bytes.fromhex("0001 000000a0 0000aaaa")
    csrc, extension, padding = b"CSRC", bytes.fromhex("BEDE0001 10ff0000"), b"\x00\x00\x00\x04"
    line.relay.carry(header + csrc + extension + ALL_CODES + padding, 0)
    sent = line.sink.packets[0]
    assert sent[0] == 0x80
    assert sent[12:] == translation_table(Law.PCMU, Law.PCMA)


def test_a_telephone_event_keeps_its_octets_and_its_time__rfc4733_2_3() -> None:
    line = Line()
    line.carry(0)
    press = list(key_packets("5", 800))
    for index, packet in enumerate(press):
        octets = build(101, 1 + index, 160, SSRC, packet.payload, marker=packet.marker)
        line.relay.carry(octets, 800_160 + packet.after)
    sent = line.sink.packets[1:]
    assert [octets[12:] for octets in sent] == [packet.payload for packet in press]
    assert {read_header(octets)[0] for octets in sent} == {96}
    assert {read_header(octets)[3] for octets in sent} == {50_160}
    assert [read_header(octets)[2] for octets in sent] == [1001 + index for index in range(len(press))]
    assert [read_header(octets)[1] for octets in sent] == [packet.marker for packet in press]
    assert TelephoneEvent.parse(sent[-1][12:]).end


def test_events_for_a_party_that_has_none_are_dropped_and_leave_no_gap() -> None:
    line = Line(MU, replace(A, event_payload_type=None))
    line.carry(0)
    line.carry(1, b"\x05\x0a\x00\xa0", payload_type=101)
    line.carry(2)
    assert [sequence for _, sequence, _, _ in line.left] == [1000, 1001]
    assert [stamp for _, _, stamp, _ in line.left] == [50_000, 50_320]
    assert line.relay.tally.dropped[Drop.EVENT] == 1


@pytest.mark.parametrize(
    ("payload_type", "reason"),
    [(13, Drop.COMFORT_NOISE), (19, Drop.UNKNOWN), (96, Drop.UNKNOWN), (9, Drop.UNKNOWN)],
)
def test_payload_types_that_were_not_agreed_on_do_not_leave(payload_type: int, reason: Drop) -> None:
    line = Line()
    line.carry(0)
    line.carry(1, b"\x40", payload_type=payload_type)
    line.carry(2)
    assert [sequence for _, sequence, _, _ in line.left] == [1000, 1001]
    assert line.relay.tally.dropped == {reason: 1}
    assert line.relay.tally.packets_received == 3


@pytest.mark.parametrize(("source", "sink"), [(replace(MU, sends=False), A), (MU, replace(A, takes=False))])
def test_nothing_leaves_against_the_direction__rfc3264_8_4(source: Stream, sink: Stream) -> None:
    line = Line(source, sink)
    for number in range(3):
        line.carry(number)
    assert line.sink.packets == []
    assert line.relay.tally.dropped == {Drop.CLOSED: 3}
    assert line.relay.tally.packets_received == 3


def test_after_hold_the_stream_goes_on_without_a_gap_and_with_time_passed() -> None:
    line = Line()
    line.carry(0)
    line.carry(1)
    line.relay.configure(replace(MU, sends=False), A)
    for number in range(2, 100):
        line.carry(number)
    line.relay.configure(MU, A)
    line.carry(100, marker=True)
    assert [sequence for _, sequence, _, _ in line.left] == [1000, 1001, 1002]
    assert [stamp for _, _, stamp, _ in line.left] == [50_000, 50_160, 50_000 + 160 * 100]


def test_a_change_of_law_keeps_the_stream_and_marks_its_first_packet__rfc3551_4_1() -> None:
    line = Line()
    line.carry(0)
    line.relay.configure(replace(MU, law=Law.PCMA, payload_type=8), A)
    line.carry(1, ALL_CODES, payload_type=8)
    line.carry(2, payload_type=8)
    assert [sequence for _, sequence, _, _ in line.left] == [1000, 1001, 1002]
    assert line.sink.packets[1][12:] == ALL_CODES
    assert [octets[1] >> 7 for octets in line.sink.packets] == [1, 1, 0]


def test_before_the_first_plan_nothing_leaves() -> None:
    relay = Relay(Voice(Rewrite(OURS, 1, 1), "us"))
    relay.sink = sink = Sink()
    relay.carry(build(0, 1, 160, SSRC, ALL_CODES), 0)
    assert sink.packets == []


@pytest.mark.parametrize(
    "octets", [b"", b"\x80", bytes(11), bytes(172), b"\x90" + bytes(11), b"\xa0" + bytes(20)]
)
def test_octets_that_are_no_rtp_are_counted_apart(octets: bytes) -> None:
    line = Line()
    line.relay.carry(octets, 0)
    assert line.relay.tally.malformed == 1
    assert line.relay.tally.packets_received == 0
    assert line.relay.tally.heard < 0


@pytest.mark.parametrize("error", [ConnectionRefusedError(), PermissionError(), OSError(105, "ENOBUFS")])
def test_an_error_of_the_socket_is_counted_and_ends_nothing(error: OSError) -> None:
    line = Line()
    line.carry(0)
    line.sink.error = error
    line.carry(1)
    line.sink.error = None
    line.carry(2)
    assert [sequence for _, sequence, _, _ in line.left] == [1000, 1002]
    assert line.relay.tally.dropped == {Drop.NOT_SENT: 1}
    assert line.relay.tally.packets_sent == 2


def test_octets_and_packets_are_counted_as_rfc3550_6_4_1_wants_them() -> None:
    line = Line()
    line.carry(0, bytes(160))
    line.carry(1, bytes(80))
    line.carry(2, bytes(4), payload_type=13)
    assert (line.relay.tally.packets_sent, line.relay.tally.octets_sent) == (2, 240)
    assert (line.relay.tally.packets_received, line.relay.tally.octets_received) == (3, 244)


def test_a_sender_reports_as_one_until_two_reports_after_its_last_packet__rfc3550_6_4() -> None:
    line = Line()
    assert line.relay.tally.is_sending() is False
    line.carry(0)
    assert [line.relay.tally.is_sending() for _ in range(3)] == [True, True, False]
    line.carry(1)
    assert line.relay.tally.is_sending() is True


def test_loss_is_seen_on_both_sides_of_the_relay() -> None:
    line = Line()
    for number in (0, 1, 2, 5, 6):
        line.carry(number)
    assert line.relay.tally.lost == 2
    assert [sequence for _, sequence, _, _ in line.left] == [1000, 1001, 1002, 1005, 1006]


def test_jitter_is_told_in_milliseconds_and_only_when_measured() -> None:
    line = Line()
    assert line.relay.tally.jitter_ms is None
    line.carry(0)
    line.carry(1)
    assert line.relay.tally.jitter_ms == 0
    octets = build(0, 2, 320, SSRC, bytes(160))
    line.relay.carry(octets, 800_320 + CLOCK_HZ // 100)  # 10 ms late
    assert line.relay.tally.jitter_ms == pytest.approx(10 / 16, abs=0.02)


# Other parties, other voices


def test_a_fax_goes_untouched_and_is_no_audio() -> None:
    line = Line()
    line.relay.fax.carry(ALL_CODES, 1)
    line.sink.error = OSError()
    line.relay.fax.carry(b"", 2)
    assert line.sink.packets == [ALL_CODES]
    assert (line.relay.fax.received, line.relay.fax.sent) == (2, 1)
    assert (line.relay.tally.packets_received, line.relay.tally.packets_sent, line.relay.tally.heard) == (
        0,
        0,
        -1,
    )
    assert line.relay.fax.heard == 2


def test_the_figures_of_a_new_source_and_of_a_new_sink_begin_anew_apart() -> None:
    line = Line()
    for number in range(10):
        line.carry(number)
    line.carry(10, payload_type=77)
    line.relay.carry(b"noise", 1)
    line.sink.error = OSError()
    line.carry(11)
    line.sink.error = None
    relay = line.relay
    assert (relay.tally.packets_received, relay.tally.octets_received, relay.tally.packets_sent) == (
        12,
        12 * 160,
        10,
    )
    relay.sink_replaced(Voice(Rewrite(0x7777, 1, 1), "other"))
    assert (relay.tally.packets_received, relay.tally.octets_received, relay.tally.malformed) == (
        12,
        12 * 160,
        1,
    )
    assert (relay.tally.packets_sent, relay.tally.octets_sent, relay.tally.dropped[Drop.NOT_SENT]) == (
        0,
        0,
        0,
    )
    line.carry(12)
    relay.source_replaced()
    assert (
        relay.tally.packets_received,
        relay.tally.octets_received,
        relay.tally.malformed,
        relay.tally.heard,
    ) == (0, 0, 0, -1)
    assert (relay.tally.packets_sent, relay.tally.octets_sent) == (1, 160)
    assert relay.tally.dropped[Drop.UNKNOWN] == 0
    for number in range(2):
        line.carry(number)
    assert (relay.tally.packets_received, relay.tally.octets_received, relay.tally.lost) == (2, 320, 0)
    assert (relay.tally.packets_sent, relay.tally.octets_sent) == (3, 480)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("says"), st.integers(1, 60), st.integers(0, 3)),
        st.tuples(st.just("source"), st.integers(0, 0xFFFF), st.integers(0, 2)),
        st.tuples(st.just("sink"), st.integers(0, 2), st.just(0)),
        st.tuples(st.just("pause"), st.integers(0, 2_000_000), st.just(0)),
    ),
    max_size=25,
)


@given(steps)
def test_whoever_sits_where_each_voice_is_one_stream__rfc3550_5_1(steps: list[tuple[str, int, int]]) -> None:
    voices = [Voice(Rewrite(0x100 + index, 0xFFF0, 0xFFFFFF00), str(index)) for index in range(3)]
    relay = Relay(voices[0])
    sinks = [Sink() for _ in voices]
    relay.sink = sinks[0]
    relay.configure(MU, A)
    sequence, timestamp, ssrc, arrival = 65_000, 5, SSRC, 1_000_000
    left_at: list[list[int]] = [[] for _ in voices]
    seat = 0
    for what, number, other in steps:
        match what:
            case "says":
                for _ in range(number):
                    relay.carry(
                        build(0, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc, b"x" * 160), arrival
                    )
                    left_at[seat].append(arrival)
                    sequence, timestamp, arrival = sequence + 1, timestamp + 160, arrival + 160
            case "source":
                relay.source_replaced()
                sequence, timestamp, ssrc = number, number * 77_777, SSRC + other
            case "sink":
                seat = number
                relay.sink_replaced(voices[seat])
                relay.sink = sinks[seat]
                relay.configure(MU, A)
            case "pause":
                arrival += number
                timestamp += number
    for index, sink in enumerate(sinks):
        headers = [read_header(octets) for octets in sink.packets]
        assert {header[4] for header in headers} <= {0x100 + index}
        assert [header[2] for header in headers] == [
            (0xFFF0 + place) & 0xFFFF for place in range(len(headers))
        ]
        for place in range(1, len(headers)):
            step = (headers[place][3] - headers[place - 1][3]) & 0xFFFFFFFF
            passed = left_at[index][place] - left_at[index][place - 1]
            assert step == max(160, passed)
        assert voices[index].rewrite.packets == len(headers)
