"""The judge of one received direction: is it the right audio, all of it, exact, in order and in time?

Every claim is looked at by itself and says what was measured, so that a failure names what is wrong: audio
of the wrong direction does not hide behind "packets were lost".
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from typing import Final

from mediation.lab.audio import is_silent
from mediation.lab.identify import LAW_NAME, Identifier, Kind, Match, ReceivedPacket, SentPacket, Voice
from mediation.lab.quality import burst_ratio, percentile
from mediation.rtp.e_model import WITHOUT_CONCEALMENT, mos, r_factor
from mediation_codecs.g711 import decode
from mediation_codecs.law import SILENCE, Law
from mediation_codecs.pcm import RATE_HZ

AUDIO_ARRIVES: Final = "audio arrives"
RIGHT_CALL: Final = "the right call"
RIGHT_DIRECTION: Final = "the right direction"
EXACT: Final = "every octet equals the ITU-T G.711 table"
UNTOUCHED: Final = "every octet is untouched"
NOTHING_LOST: Final = "no packet is lost"
IN_ORDER: Final = "packets are in order"
CONTINUOUS: Final = "sequence and timestamp are continuous"
PAYLOAD_TYPE: Final = "payload type as negotiated"
DELAY: Final = "added delay"
MOS: Final = "MOS"


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that was checked."""

    name: str
    passed: bool
    figure: str
    """What was measured, short: `601 packets`, `p50 0.3 ms p99 1.1 ms`."""
    detail: str = ""
    """What went wrong and where, or how it was measured."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What one receiver was promised."""

    call: str
    direction: str
    """Where the audio comes from, as in `Voice`."""
    source: Law
    """The law in which the talker sent it."""
    sink: Law
    """The law in which it must arrive."""
    payload_type: int
    event_payload_type: int | None = None
    """Packets of this type (RFC 4733) are no audio and are not judged."""
    ptime_ms: int = 20
    from_s: float = -inf
    """What was sent before, on the monotonic clock, need not arrive: the way was not open yet."""
    until_s: float = inf
    """What was sent after need not arrive: the way was closed."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is still good."""

    lost: int = 0
    delay_p99_ms: float = 50.0
    """Generous: the lab's three processes share their machine with whoever runs it."""
    mos: float = 4.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """All claims of one direction, and the figures they rest on."""

    claims: tuple[Claim, ...]
    delays_ms: tuple[float, ...]
    """Added delay of each packet that was found again, in order of arrival."""
    packets: int
    lost: int
    mos: float | None
    """None: not measured."""

    @property
    def passed(self) -> bool:
        """Whether every claim holds."""
        return all(claim.passed for claim in self.claims)


def judge(
    expectation: Expectation,
    sent: Sequence[SentPacket],
    received: Sequence[ReceivedPacket],
    *,
    strangers: Iterable[Voice] = (),
    limits: Limits = Limits(),
) -> Verdict:
    """Hold what arrived against what was sent.

    `strangers` is what others said: the other direction of this call, and other calls. This very call and
    direction may stand among them.
    """
    audio = [packet for packet in received if packet.payload_type != expectation.event_payload_type]
    others = [v for v in strangers if (v.call, v.direction) != (expectation.call, expectation.direction)]
    matches = _identified(Identifier(sent, expectation.source, expectation.sink, others), sent, audio)
    arrived = {match.index for match in matches if match.index >= 0}
    due = [i for i, p in enumerate(sent) if expectation.from_s <= p.sent_s <= expectation.until_s]
    present = [index in arrived for index in due]
    delays_ms = tuple(
        1000 * (packet.arrival_s - sent[match.index].sent_s)
        for packet, match in zip(audio, matches, strict=True)
        if match.index >= 0
    )
    score = _score(present, delays_ms, expectation.ptime_ms)
    claims = (
        _audio_arrives(expectation, audio),
        *_rightness(expectation, matches),
        _exactness(expectation, sent, audio, matches),
        _loss(present, due, limits),
        _order(audio),
        _continuity(expectation, audio, any_events=len(audio) != len(received)),
        _payload_type(expectation, audio),
        _delay(delays_ms, limits),
        _quality(score, limits),
    )
    return Verdict(claims, delays_ms, len(audio), present.count(False), score)


def heard(received: Sequence[ReceivedPacket], law: Law, event_payload_type: int | None = None) -> bytes:
    """What a patient listener hears: each payload at its timestamp, silence in the gaps."""
    audio = [packet for packet in received if packet.payload_type != event_payload_type]
    if not audio:
        return b""
    places: dict[int, bytes] = {}
    place, timestamp = 0, audio[0].timestamp
    for packet in audio:
        place += _signed(packet.timestamp - timestamp, 32)
        timestamp = packet.timestamp
        places[place] = packet.payload
    begin = min(places)
    octets = bytearray()
    for place, payload in sorted(places.items()):
        gap = place - begin - len(octets)
        if gap > _LONGEST_GAP:  # a jump of the timestamp, not a pause: go on where we are
            begin, gap = begin + gap, 0
        octets += bytes([SILENCE[law]]) * max(0, gap)
        octets[max(0, place - begin) :] = payload
    return bytes(octets)


_LONGEST_GAP: Final = 30 * RATE_HZ


def _identified(
    identifier: Identifier, sent: Sequence[SentPacket], audio: Sequence[ReceivedPacket]
) -> list[Match]:
    """One match a packet; where octets were sent twice, the place that sequence numbers suggest."""
    matches: list[Match] = []
    index, sequence = -1, audio[0].sequence - 1 if audio else 0
    for packet in audio:
        near = index + _signed(packet.sequence - sequence, 16)
        match = identifier.match(packet.payload, near)
        matches.append(match)
        if match.index >= 0:
            index, sequence = match.index, packet.sequence
    return matches


def _audio_arrives(expectation: Expectation, audio: Sequence[ReceivedPacket]) -> Claim:
    octets = b"".join(packet.payload for packet in audio)
    figure = f"{len(audio)} packets, {len(octets) / RATE_HZ:.1f} s"
    if not audio:
        return Claim(AUDIO_ARRIVES, False, figure, "not one packet came")
    if is_silent(decode(expectation.sink, octets)):
        return Claim(AUDIO_ARRIVES, False, figure, "they hold nothing but silence")
    return Claim(AUDIO_ARRIVES, True, figure)


def _rightness(expectation: Expectation, matches: Sequence[Match]) -> tuple[Claim, Claim]:
    """Right call, right direction: each fails by what it found, and both when nothing of ours was found."""
    strangers = [match.stranger for match in matches if match.stranger is not None]
    other_calls = Counter(voice.call for voice in strangers if voice.call != expectation.call)
    other_ways = Counter(voice.direction for voice in strangers if voice.call == expectation.call)
    ours = sum(match.index >= 0 for match in matches)
    figure = f"{ours} of {len(matches)} packets"
    claims = []
    for name, others, what in (
        (RIGHT_CALL, other_calls, "of call"),
        (RIGHT_DIRECTION, other_ways, "spoken by"),
    ):
        found = ", ".join(f"{count} packets {what} {voice!r}" for voice, count in others.items())
        if not ours and not strangers:
            found = "nothing of what was sent is in it"
        claims.append(Claim(name, not found, figure, found))
    return claims[0], claims[1]


def _exactness(
    expectation: Expectation,
    sent: Sequence[SentPacket],
    audio: Sequence[ReceivedPacket],
    matches: Sequence[Match],
) -> Claim:
    name = UNTOUCHED if expectation.source is expectation.sink else EXACT
    wrong = sum(
        len(match.wrong_octets) if match.kind is Kind.DAMAGED else len(packet.payload)
        for packet, match in zip(audio, matches, strict=True)
        if match.kind is not Kind.EXACT
    )
    total = sum(len(packet.payload) for packet in audio)
    figure = f"{total - wrong:,} of {total:,} octets"
    first = next((i for i, match in enumerate(matches) if match.kind is not Kind.EXACT), None)
    if first is None:
        way = f"{LAW_NAME[expectation.source]} → {LAW_NAME[expectation.sink]}"
        return Claim(name, total > 0, figure, way if total else "nothing to compare")
    return Claim(name, False, figure, f"packet {first + 1}: {_fault(sent, audio[first], matches[first])}")


def _fault(sent: Sequence[SentPacket], packet: ReceivedPacket, match: Match) -> str:
    match match.kind:
        case Kind.DAMAGED:
            position = match.wrong_octets[0]
            octet, source = packet.payload[position], sent[match.index].payload[position]
            return f"octet {position} is 0x{octet:02X} for 0x{source:02X} sent"
        case Kind.WRONG_LAW:
            return f"translated wrongly: {match.note}"
        case Kind.STRANGER if match.stranger is not None:
            return f"audio of {match.stranger.call!r}, {match.stranger.direction!r}"
        case Kind.SILENT:
            return "silence that nobody sent"
        case _:
            return f"{len(packet.payload)} octets that nobody sent"


def _loss(present: Sequence[bool], due: Sequence[int], limits: Limits) -> Claim:
    lost = present.count(False)
    detail = ""
    if lost:
        first = due[present.index(False)]
        detail = f"the first of them is packet {first + 1} of the sender"
    return Claim(NOTHING_LOST, bool(due) and lost <= limits.lost, f"{lost} of {len(due)} lost", detail)


def _order(audio: Sequence[ReceivedPacket]) -> Claim:
    late, twice, where = 0, 0, ""
    place, newest, seen = 0, -1, set[int]()
    for count, packet in enumerate(audio):
        if count:
            place += _signed(packet.sequence - audio[count - 1].sequence, 16)
        again, behind = place in seen, place < newest
        twice += again
        late += behind and not again
        if (again or behind) and not where:
            where = f"first at packet {count + 1}, sequence {packet.sequence}"
        newest = max(newest, place)
        seen.add(place)
    return Claim(IN_ORDER, bool(audio) and not where, f"{late} late, {twice} twice", where)


def _continuity(expectation: Expectation, audio: Sequence[ReceivedPacket], *, any_events: bool) -> Claim:
    """One source, whose timestamp moves as its sequence number does (RFC 3550 section 5.1)."""
    samples = expectation.ptime_ms * RATE_HZ // 1000
    breaks: list[str] = []
    for before, packet in pairwise(audio):
        steps = _signed(packet.sequence - before.sequence, 16)
        ticks = _signed(packet.timestamp - before.timestamp, 32)
        if packet.ssrc != before.ssrc:
            breaks.append(f"source changes at sequence {packet.sequence}")
        elif abs(steps) > _LONGEST_STEP:
            breaks.append(f"sequence jumps from {before.sequence} to {packet.sequence}")
        elif packet.marker or (any_events and steps != 1):
            continue  # a talkspurt begins after a pause; events have taken sequence numbers
        elif ticks != steps * samples:
            breaks.append(
                f"timestamp moves by {ticks} at sequence {packet.sequence}, not by {steps * samples}"
            )
    figure = "1 break" if len(breaks) == 1 else f"{len(breaks)} breaks"
    return Claim(CONTINUOUS, bool(audio) and not breaks, figure, breaks[0] if breaks else "")


_LONGEST_STEP: Final = 3000
"""MAX_DROPOUT of RFC 3550 appendix A.1: a larger step is another numbering, not loss."""


def _payload_type(expectation: Expectation, audio: Sequence[ReceivedPacket]) -> Claim:
    types = Counter(packet.payload_type for packet in audio)
    figure = ", ".join(str(number) for number in sorted(types)) or "none"
    passed = set(types) == {expectation.payload_type}
    return Claim(PAYLOAD_TYPE, passed, figure, "" if passed else f"{expectation.payload_type} was negotiated")


def _delay(delays_ms: Sequence[float], limits: Limits) -> Claim:
    if not delays_ms:
        return Claim(DELAY, False, "not measured", "no packet was recognised")
    p50, p99 = percentile(delays_ms, 0.5), percentile(delays_ms, 0.99)
    detail = ""
    if min(delays_ms) < 0:
        detail = "a packet arrived before it was sent: the clocks differ"
    elif p99 > limits.delay_p99_ms:
        detail = f"more than {limits.delay_p99_ms:g} ms"
    return Claim(DELAY, not detail, f"p50 {p50:.1f} ms  p99 {p99:.1f} ms", detail)


def _score(present: Sequence[bool], delays_ms: Sequence[float], ptime_ms: int) -> float | None:
    """Delay as a listener has it: a packet is spoken whole before it leaves; the latest set the buffer.

    What is lost is heard as a gap: the judge conceals nothing.
    """
    if not present or not delays_ms:
        return None
    loss = present.count(False) / len(present)
    delay_ms = ptime_ms + max(0.0, percentile(delays_ms, 0.99))
    rating = r_factor(WITHOUT_CONCEALMENT, loss=loss, burst_ratio=burst_ratio(present), delay_ms=delay_ms)
    return mos(rating)


def _quality(score: float | None, limits: Limits) -> Claim:
    if score is None:
        return Claim(MOS, False, "not measured", "no packet was recognised")
    return Claim(MOS, score >= limits.mos, f"{score:.2f}", "ITU-T G.107, by delay and loss")


def _signed(difference: int, bits: int) -> int:
    """A difference of counters of so many bits, the short way round."""
    half = 1 << (bits - 1)
    return (difference + half) % (1 << bits) - half
