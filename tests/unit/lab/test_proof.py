"""The judge sees what was done to a stream, and names it."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from mediation.lab import proof
from mediation.lab.audio import speech
from mediation.lab.identify import ReceivedPacket, SentPacket, Voice
from mediation.lab.proof import Claim, Expectation, Limits, Verdict, heard, judge
from mediation_codecs.g711 import DIRECT, decode, encode
from mediation_codecs.law import SILENCE, Law

MU, A = Law.PCMU, Law.PCMA
PACKETS = 150
FROM_FRONT_END = Expectation("outbound", "front-end", source=MU, sink=A, payload_type=8)
TABLE = DIRECT[MU, A]

Stream = list[ReceivedPacket]


def sent_as(octets: bytes, *, sequence: int = 65_500, timestamp: int = 2**32 - 1600) -> list[SentPacket]:
    """Numbers that wrap within the stream."""
    return [
        SentPacket(
            sent_s=100.0 + 0.02 * index,
            sequence=(sequence + index) % 2**16,
            timestamp=(timestamp + 160 * index) % 2**32,
            payload=octets[160 * index : 160 * (index + 1)],
        )
        for index in range(len(octets) // 160)
    ]


SECONDS = PACKETS * 0.02
SENT = sent_as(speech("outbound", "front-end", MU, SECONDS))
STRANGERS = [
    Voice("outbound", "front-end", speech("outbound", "front-end", MU, SECONDS)),
    Voice("outbound", "gateway", speech("outbound", "gateway", A, SECONDS)),
    Voice("inbound", "front-end", speech("inbound", "front-end", MU, SECONDS)),
    Voice("inbound", "gateway", speech("inbound", "gateway", A, SECONDS)),
]


def relayed(sent: Sequence[SentPacket], table: bytes | None = TABLE) -> Stream:
    """What a perfect relay makes of it: numbers of its own, 0.3 ms later."""
    return [
        ReceivedPacket(
            arrival_s=packet.sent_s + 0.0003,
            sequence=(packet.sequence + 777) % 2**16,
            timestamp=(packet.timestamp + 99_999) % 2**32,
            payload_type=8,
            marker=index == 0,
            payload=packet.payload if table is None else packet.payload.translate(table),
            ssrc=0x1234,
        )
        for index, packet in enumerate(sent)
    ]


def verdict(received: Stream, **changes: object) -> Verdict:
    return judge(replace(FROM_FRONT_END, **changes), SENT, received, strangers=STRANGERS)  # type: ignore[arg-type]  # whatever a test names


def failed(received: Stream, **changes: object) -> dict[str, Claim]:
    return {claim.name: claim for claim in verdict(received, **changes).claims if not claim.passed}


def with_payloads(change: Callable[[int, bytes], bytes]) -> Stream:
    return [replace(p, payload=change(i, p.payload)) for i, p in enumerate(relayed(SENT))]


def test_a_perfect_stream_passes_every_claim() -> None:
    good = verdict(relayed(SENT))
    assert good.passed
    assert [claim.name for claim in good.claims] == [
        proof.AUDIO_ARRIVES,
        proof.RIGHT_CALL,
        proof.RIGHT_DIRECTION,
        proof.EXACT,
        proof.NOTHING_LOST,
        proof.IN_ORDER,
        proof.CONTINUOUS,
        proof.PAYLOAD_TYPE,
        proof.DELAY,
        proof.MOS,
    ]
    figures = {claim.name: claim.figure for claim in good.claims}
    assert figures[proof.AUDIO_ARRIVES] == "150 packets, 3.0 s"
    assert figures[proof.EXACT] == "24,000 of 24,000 octets"
    assert figures[proof.NOTHING_LOST] == "0 of 150 lost"
    assert figures[proof.DELAY] == "p50 0.3 ms  p99 0.3 ms"
    assert figures[proof.MOS] == "4.40"
    assert good.delays_ms == pytest.approx([0.3] * PACKETS)
    assert (good.packets, good.lost) == (PACKETS, 0)


def test_a_perfect_stream_of_one_law_passes_when_untouched() -> None:
    good = judge(
        Expectation("outbound", "front-end", MU, MU, 0),
        SENT,
        [replace(p, payload_type=0) for p in relayed(SENT, None)],
        strangers=STRANGERS,
    )
    assert good.passed
    assert proof.UNTOUCHED in {claim.name for claim in good.claims}


def test_nothing_received_fails_every_claim() -> None:
    assert set(failed([])) == {claim.name for claim in verdict([]).claims}


def test_one_wrong_octet_is_found_and_named() -> None:
    def flip(index: int, payload: bytes) -> bytes:
        return payload[:41] + bytes([payload[41] ^ 1]) + payload[42:] if index == 70 else payload

    wrong = failed(with_payloads(flip))
    assert set(wrong) == {proof.EXACT}
    assert wrong[proof.EXACT].figure == "23,999 of 24,000 octets"
    octet, source = SENT[70].payload.translate(TABLE)[41] ^ 1, SENT[70].payload[41]
    assert wrong[proof.EXACT].detail == f"packet 71: octet 41 is 0x{octet:02X} for 0x{source:02X} sent"


def test_a_table_with_one_wrong_entry_is_found() -> None:
    code = SENT[3].payload[0]
    table = TABLE[:code] + bytes([TABLE[code] ^ 0x80]) + TABLE[code + 1 :]
    wrong = failed(relayed(SENT, table))
    assert set(wrong) == {proof.EXACT}
    assert f"0x{code:02X} sent" in wrong[proof.EXACT].detail


def test_decoding_and_encoding_instead_of_the_table_is_found() -> None:
    recoded = b"".join(encode(A, decode(MU, bytes([code]))) for code in range(256))
    wrong = failed(relayed(SENT, recoded))
    assert set(wrong) == {proof.EXACT}


@pytest.mark.parametrize(
    ("table", "note"), [(None, "untouched"), (DIRECT[A, MU], "as if from A-law to µ-law")]
)
def test_the_wrong_law_is_named_and_the_audio_still_recognised(table: bytes | None, note: str) -> None:
    wrong = failed(relayed(SENT, table))
    assert set(wrong) == {proof.EXACT}
    assert wrong[proof.EXACT].detail == f"packet 1: translated wrongly: {note}"
    assert wrong[proof.EXACT].figure == "0 of 24,000 octets"


def test_translation_where_none_is_wanted_is_named() -> None:
    wrong = failed(relayed(SENT), sink=MU)
    assert wrong[proof.UNTOUCHED].detail.endswith("as if from µ-law to A-law")


@pytest.mark.parametrize("law", [MU, A])
def test_the_other_direction_is_recognised_in_whatever_law(law: Law) -> None:
    other = sent_as(speech("outbound", "gateway", A, SECONDS))
    wrong = failed(relayed(other, None if law is A else DIRECT[A, MU]))
    assert proof.RIGHT_CALL not in wrong
    assert wrong[proof.RIGHT_DIRECTION].detail == "150 packets spoken by 'gateway'"
    assert proof.AUDIO_ARRIVES not in wrong
    assert proof.NOTHING_LOST in wrong


def test_cross_talk_of_a_few_packets_is_found() -> None:
    other = sent_as(speech("inbound", "front-end", MU, SECONDS))
    stream = relayed(SENT)
    stream[40:43] = [
        replace(mine, payload=theirs.payload)
        for mine, theirs in zip(stream[40:43], relayed(other)[40:43], strict=True)
    ]
    wrong = failed(stream)
    assert wrong[proof.RIGHT_CALL].detail == "3 packets of call 'inbound'"
    assert proof.RIGHT_DIRECTION not in wrong
    assert wrong[proof.EXACT].detail == "packet 41: audio of 'inbound', 'front-end'"
    assert wrong[proof.NOTHING_LOST].figure == "3 of 150 lost"


def test_another_call_shifted_by_half_a_packet_is_still_found() -> None:
    other = speech("inbound", "front-end", MU, SECONDS)[80:]
    assert proof.RIGHT_CALL in failed(relayed(sent_as(other)))


def test_lost_packets_are_counted_and_placed() -> None:
    stream = relayed(SENT)
    del stream[100], stream[30:32]
    wrong = failed(stream)
    assert set(wrong) == {proof.NOTHING_LOST, proof.MOS}
    assert wrong[proof.NOTHING_LOST].figure == "3 of 150 lost"
    assert wrong[proof.NOTHING_LOST].detail == "the first of them is packet 31 of the sender"


def test_loss_is_seen_although_the_relay_renumbers_over_it() -> None:
    stream = relayed(SENT)
    closed_up = [
        replace(p, sequence=at.sequence, timestamp=at.timestamp)
        for p, at in zip(stream[:50] + stream[51:], stream, strict=False)
    ]
    assert set(failed(closed_up)) == {proof.NOTHING_LOST}


def test_packets_outside_the_promised_time_need_not_arrive() -> None:
    stream = relayed(SENT)[10:-5]
    assert proof.NOTHING_LOST in failed(stream)
    open_time = {"from_s": SENT[10].sent_s, "until_s": SENT[-6].sent_s}
    assert not failed(stream, **open_time)
    assert not failed(relayed(SENT), **open_time)


def test_swapped_packets_are_late() -> None:
    stream = relayed(SENT)
    stream[60], stream[61] = stream[61], stream[60]
    wrong = failed(stream)
    assert set(wrong) == {proof.IN_ORDER}
    assert wrong[proof.IN_ORDER].figure == "1 late, 0 twice"


def test_a_repeated_packet_is_seen() -> None:
    stream = relayed(SENT)
    stream.insert(61, stream[60])
    wrong = failed(stream)
    assert set(wrong) == {proof.IN_ORDER}
    assert wrong[proof.IN_ORDER].figure == "0 late, 1 twice"


def test_silence_is_not_audio() -> None:
    wrong = failed(with_payloads(lambda _index, payload: bytes([SILENCE[A]]) * len(payload)))
    assert wrong[proof.AUDIO_ARRIVES].detail == "they hold nothing but silence"
    assert {proof.RIGHT_CALL, proof.RIGHT_DIRECTION, proof.EXACT, proof.NOTHING_LOST} < set(wrong)


def test_a_silenced_stretch_is_found() -> None:
    wrong = failed(with_payloads(lambda i, payload: bytes([SILENCE[A]]) * 160 if 50 <= i < 60 else payload))
    assert wrong[proof.EXACT].detail == "packet 51: silence that nobody sent"


def test_noise_is_nobodys_audio() -> None:
    noise = speech("somebody", "unheard of", A, SECONDS)
    wrong = failed(with_payloads(lambda i, _payload: noise[160 * i : 160 * i + 160]))
    assert wrong[proof.RIGHT_CALL].detail == "nothing of what was sent is in it"
    assert wrong[proof.EXACT].detail == "packet 1: 160 octets that nobody sent"


def test_a_payload_type_that_was_not_negotiated_is_seen() -> None:
    stream = relayed(SENT)
    stream[9] = replace(stream[9], payload_type=0)
    wrong = failed(stream)
    assert set(wrong) == {proof.PAYLOAD_TYPE}
    assert (wrong[proof.PAYLOAD_TYPE].figure, wrong[proof.PAYLOAD_TYPE].detail) == (
        "0, 8",
        "8 was negotiated",
    )


def test_events_are_not_judged_as_audio() -> None:
    stream = relayed(SENT)
    for index in (20, 21, 22):
        stream[index] = replace(stream[index], payload_type=101, payload=b"\x05\x0a\x00\xa0")
    sent = SENT[:20] + SENT[23:]
    good = judge(replace(FROM_FRONT_END, event_payload_type=101), sent, stream, strangers=STRANGERS)
    assert good.passed


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"timestamp": 5}, "timestamp moves by"),
        ({"ssrc": 0x9999}, "source changes"),
        ({"sequence": 40_000}, "sequence jumps"),
    ],
)
def test_a_break_of_the_numbers_is_named(change: dict[str, int], what: str) -> None:
    stream = relayed(SENT)
    stream[75:] = [
        replace(
            p,
            sequence=(p.sequence + change.get("sequence", 0)) % 2**16,
            timestamp=p.timestamp + change.get("timestamp", 0),
            ssrc=change.get("ssrc", p.ssrc),
        )
        for p in stream[75:]
    ]
    wrong = failed(stream)
    assert wrong[proof.CONTINUOUS].figure == "1 break"
    assert wrong[proof.CONTINUOUS].detail.startswith(what)


def test_a_pause_announced_by_the_marker_is_no_break__rfc3551_4_1() -> None:
    stream = relayed(SENT)
    stream[75:] = [replace(p, timestamp=(p.timestamp + 8000) % 2**32) for p in stream[75:]]
    assert set(failed(stream)) == {proof.CONTINUOUS}
    stream[75] = replace(stream[75], marker=True)
    assert not failed(stream)


def test_late_audio_fails_by_its_slowest_hundredth() -> None:
    stream = relayed(SENT)
    for index in range(0, PACKETS, 50):
        stream[index] = replace(stream[index], arrival_s=stream[index].arrival_s + 0.08)
    wrong = failed(stream)
    assert set(wrong) == {proof.DELAY}
    assert wrong[proof.DELAY].figure == "p50 0.3 ms  p99 80.3 ms"
    assert judge(FROM_FRONT_END, SENT, stream, limits=Limits(delay_p99_ms=100)).passed


def test_audio_from_the_future_is_not_believed() -> None:
    stream = [replace(p, arrival_s=p.arrival_s - 1) for p in relayed(SENT)]
    assert "clocks differ" in failed(stream)[proof.DELAY].detail


def test_packets_of_equal_octets_are_told_apart_by_their_numbers() -> None:
    tone = bytes(range(160)) * PACKETS
    sent = sent_as(tone)
    stream = relayed(sent)
    assert judge(FROM_FRONT_END, sent, stream).passed
    assert judge(FROM_FRONT_END, sent, stream[:40] + stream[43:]).lost == 3


# What a listener hears


def test_a_listener_hears_every_packet_in_its_place_and_silence_for_what_is_missing() -> None:
    stream = relayed(SENT)
    whole = b"".join(p.payload for p in stream)
    gap = bytes([SILENCE[A]]) * 320
    assert heard(stream, A) == whole
    assert heard([*stream[:2], stream[3], stream[2], *stream[4:]], A) == whole
    assert heard(stream[:50] + stream[52:], A) == whole[:8000] + gap + whole[8320:]
    assert heard([], A) == b""


def test_a_listener_is_not_made_to_wait_by_a_jump_of_the_timestamp() -> None:
    stream = relayed(SENT)
    jumped = stream[:50] + [replace(p, timestamp=(p.timestamp + 2**30) % 2**32) for p in stream[50:]]
    assert heard(jumped, A) == b"".join(p.payload for p in stream)
