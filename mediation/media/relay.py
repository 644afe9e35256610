"""One direction of a call: read the header, translate the payload, rewrite the header, send.

What can be decided before a packet comes is decided in `configure`: an `Action` for each payload type. Once packets
simply follow each other on the source's line, a `Course` carries them in no time and tells here what it did;
anything else comes back and is carried here. While the call is a fax, its datagrams go the same way
untouched: the parties hear them by `hear_fax` instead of `hear`.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from typing import Final

from mediation.b2bua.plan import SoundKind, Stream
from mediation.media.course import LARGEST, Course, Line
from mediation.rtp.packet import HEADER, HEADER_OCTETS, PLAIN, RtpError, read_header
from mediation.rtp.reception import Reception, ReportBlock
from mediation.rtp.rewrite import Rewrite
from mediation_codecs.g711 import Law
from mediation_codecs.transcode import translation_table

CLOCK_HZ: Final = 8000
"""The clock of a media worker: the timestamp units of G.711 and telephone-event. Times are whole numbers."""

COMFORT_NOISE: Final = 13
"""Payload type of RFC 3389."""

Action = tuple[int, bytes | None]
"""(payload type to leave with, table to translate the payload by; None: the octets stay as they are)."""


class Drop(Enum):
    """Why a packet of the right source did not go on."""

    CLOSED = auto()
    """Its party may not send now, or the other one takes nothing."""
    EVENT = auto()
    """A telephone-event for a party that has none."""
    COMFORT_NOISE = auto()
    """RFC 3389: never agreed on so far."""
    UNKNOWN = auto()
    """A payload type that was not agreed on."""
    OUT_OF_RUN = auto()
    """`Rewrite` refused it: a stray, or older than the last switch."""
    NOT_SENT = auto()
    """The socket refused it."""


@dataclass(eq=False, slots=True)
class Voice:
    """What one pair's party hears as ours while the pair is open: one SSRC and CNAME, whoever is at the other end.

    The counts are laid down here while no relay speaks with it.
    """

    rewrite: Rewrite
    cname: str
    octets: int = 0
    not_sent: int = 0
    at_reports: tuple[int, int] = (0, 0)


class _NoLine:
    """To and from a party whose address is not known or cannot be reached."""

    def recv(self, _limit: int, /) -> bytes:
        raise OSError("no line")

    def send(self, _datagram: bytes, /) -> int:
        raise OSError("no line")


NO_LINE: Final[Line] = _NoLine()


class Relay:
    """From one party, the source, to the other, the sink."""

    __slots__ = (
        "_actions", "_course", "_dropped_octets", "_heard", "_key", "_laws", "_octets_sent", "_reasons",
        "_reception", "_rewrite", "_sent_at_reports", "_sink", "_source", "_ssrc", "_voice", "dropped",
        "fax_received", "fax_sent", "malformed",
    )  # fmt: skip

    def __init__(self, voice: Voice) -> None:
        """`voice` numbers what leaves. Until `configure` nothing does."""
        self._voice = voice
        self._course = Course(self, NO_LINE, NO_LINE)
        self._laws: tuple[int, ...] = ()
        self._rewrite = voice.rewrite
        self._reception = Reception(_NOBODY)
        self._ssrc = _NOBODY
        self._actions = _NO_ACTIONS
        self._reasons = _ALL_CLOSED
        self._key: tuple[Law, int, Law, int] | None = None
        self._sent_at_reports = (0, 0)
        self._dropped_octets = 0
        self._octets_sent = 0
        self.dropped: Counter[Drop] = Counter()
        """Packets that did not go on."""
        self.malformed = 0
        """Datagrams of the source that are no RTP, or too long."""
        self._heard = _NOBODY
        self._source: Line = NO_LINE
        self._sink: Line = NO_LINE
        self.fax_received = 0
        """UDPTL datagrams of the source."""
        self.fax_sent = 0
        """UDPTL datagrams handed to the socket."""

    @property
    def source(self) -> Line:
        """Hears the source alone."""
        return self._source

    @source.setter
    def source(self, line: Line) -> None:
        self._source = line
        self._course.lead(line, self._sink)

    @property
    def sink(self) -> Line:
        """Sends to the sink alone."""
        return self._sink

    @sink.setter
    def sink(self, line: Line) -> None:
        self._sink = line
        self._course.lead(self._source, line)

    def close(self) -> None:
        """No packet more. The course is let go, so that no circle of references keeps what a call has had."""
        self._course.close()

    def configure(self, source: Stream, sink: Stream) -> None:
        """Follow a plan. Where a law or its payload type changes, the stream goes on with a marker."""
        self._course.end()
        key = (source.law, source.payload_type, sink.law, sink.payload_type)
        if self._key is not None and self._key != key:
            self._rewrite.switch()
        self._key = key
        self._rewrite.packet_units = sink.ptime_ms * CLOCK_HZ // 1000
        events = source.taken_event_payload_types
        self._laws = source.taken_payload_types
        is_drowned = sink.plays is not None and sink.plays.kind is SoundKind.MUSIC
        if source.sends and sink.takes and not is_drowned:
            self._actions = _actions(key, source.taken_payload_types, events, sink.event_payload_type)
            self._reasons = _reasons(events)
        else:
            self._actions = _NO_ACTIONS
            self._reasons = _ALL_CLOSED

    def source_moved(self) -> None:
        """Another sender may speak for the source from now on."""
        self._course.end()
        self._rewrite.switch()

    def source_resumed(self) -> None:
        """Audio after something else: its next packet begins a run, and what the source left out is no loss."""
        self._course.end()
        self._ssrc = _NOBODY
        self._rewrite.forget_source()

    def source_replaced(self) -> None:
        """Another party has taken the source's seat: its figures begin anew, what leaves goes on."""
        self._course.end()
        self._reception = Reception(_NOBODY)
        self.source_resumed()
        self.dropped = Counter({Drop.NOT_SENT: self.dropped[Drop.NOT_SENT]})
        self._dropped_octets = -self._octets_sent
        self.malformed = self.fax_received = 0
        self._heard = _NOBODY

    def sink_replaced(self, voice: Voice) -> None:
        """Another party has taken the sink's seat, and hears this voice; the source's figures go on."""
        self._course.end()
        last = self._voice
        last.octets, last.not_sent, last.at_reports = (
            self._octets_sent,
            self.dropped[Drop.NOT_SENT],
            self._sent_at_reports,
        )
        self._voice = voice
        self._rewrite = voice.rewrite
        self._rewrite.forget_source()
        self._dropped_octets += self._octets_sent - voice.octets
        self._octets_sent = voice.octets
        self.dropped[Drop.NOT_SENT] = voice.not_sent
        self._sent_at_reports = voice.at_reports
        self.fax_sent = 0

    @property
    def hear(self) -> Callable[[int], None]:
        """What is to be called whenever the source's line can be read."""
        return self._course.hear

    def carry_heard(self, packet: bytes, arrival: int) -> None:
        """See `Carried`: a datagram from the source's line. If more of its kind may follow, the course is set."""
        self.carry(packet, arrival)
        self._begin_course(packet, arrival)

    def carry(self, packet: bytes, arrival: int) -> None:
        """One datagram of the source, on its way."""
        self._course.end()
        try:
            payload_type, marker, sequence, timestamp, ssrc, start, end = read_header(packet)
        except RtpError:
            self.malformed += 1
            return
        self._heard = arrival
        if ssrc != self._ssrc:
            self._ssrc = ssrc
            self._reception.source_changed(ssrc)
        self._reception.packet_arrived(sequence, timestamp, arrival)
        action = self._actions[payload_type]
        if action is None:
            self._rewrite.withhold(sequence, ssrc)
            self._drop(self._reasons[payload_type], end - start)
            return
        payload_type, table = action
        header = self._rewrite.header(payload_type, marker, sequence, timestamp, ssrc, arrival)
        if header is None:
            self._drop(Drop.OUT_OF_RUN, end - start)
            return
        payload = packet[start:end]
        if table is not None:
            payload = payload.translate(table)
        try:
            self._sink.send(header + payload)
        except OSError:
            self._drop(Drop.NOT_SENT, end - start)
            return
        self._octets_sent += end - start

    def followed(self, packets: int, octets: int, timestamp: int, arrival: int, jitter_16: int) -> None:
        """See `Carried`: as `carry` would have counted it."""
        self._reception.followed(packets, timestamp, arrival, jitter_16)
        self._rewrite.followed(packets, timestamp, arrival)
        self._heard = arrival
        self._octets_sent += packets * octets

    def unsent(self, octets: int) -> None:
        """See `Carried`."""
        self._drop(Drop.NOT_SENT, octets)
        self._octets_sent -= octets

    def play(self, payload_type: int, sequence: int, timestamp: int, payload: bytes, at: int) -> None:
        """One frame of ours, in the place of the source's; its numbers are those of the sound, which begins at 0."""
        self._course.end()
        header = self._rewrite.header(payload_type, False, sequence, timestamp & 0xFFFFFFFF, _OURSELVES, at)
        if header is None:
            return  # the source was heard this very moment
        try:
            self._sink.send(header + payload)
        except OSError:
            self.dropped[Drop.NOT_SENT] += 1
            return
        self._octets_sent += len(payload)
        self._dropped_octets -= len(payload)

    def sound_ended(self) -> None:
        """The source is heard again: what leaves goes on, with a marker, as much later as time has passed."""
        self._course.end()
        self._rewrite.forget_source()

    def hear_fax(self, arrival: int) -> None:
        """A datagram is there to be read while the call is a fax."""
        try:
            datagram = self._source.recv(LARGEST)
        except OSError:
            return
        self.carry_fax(datagram, arrival)

    def carry_fax(self, datagram: bytes, _arrival: int) -> None:
        """One UDPTL datagram of the source: not a bit of it is ours to change (ITU-T T.38 clause 9.1)."""
        if len(datagram) >= LARGEST:
            self.malformed += 1
            return
        self.fax_received += 1
        try:
            self._sink.send(datagram)
        except OSError:
            return
        self.fax_sent += 1

    @property
    def ssrc(self) -> int:
        """Ours, towards the sink."""
        return self._rewrite.ssrc

    @property
    def heard(self) -> int:
        """When the last packet came; negative before the first."""
        self._course.settle()
        return self._heard

    @property
    def octets_sent(self) -> int:
        """Payload octets handed to the socket: the sender's octet count (RFC 3550 section 6.4.1)."""
        self._course.settle()
        return self._octets_sent

    @property
    def packets_sent(self) -> int:
        """Packets that left for the sink."""
        self._course.settle()
        return self._rewrite.packets - self.dropped[Drop.NOT_SENT]

    @property
    def packets_received(self) -> int:
        """Valid packets of the source, those that were dropped here included."""
        self._course.settle()
        return self._reception.packets

    @property
    def octets_received(self) -> int:
        """Payload octets of the source."""
        return self.octets_sent + self._dropped_octets

    @property
    def lost(self) -> int:
        """RFC 3550 appendix A.3; duplicates can make it negative."""
        self._course.settle()
        return self._reception.lost

    @property
    def jitter_ms(self) -> float | None:
        """Of the source's packets; None: not measured."""
        self._course.settle()
        jitter = self._reception.jitter
        return None if jitter is None else jitter * 1000 / CLOCK_HZ

    def reception_report(self) -> ReportBlock | None:
        """What to tell the source of its packets, beginning the next interval; None: nothing came."""
        self._course.settle()
        return self._reception.report()

    def is_sending(self) -> bool:
        """Whether the report that leaves now is a sender's: packets have left since the last or the one before.

        RFC 3550 section 6.4. Asked once for each report.
        """
        sent = self.packets_sent
        before_last, last = self._sent_at_reports
        self._sent_at_reports = (last, sent)
        return sent != before_last

    def timestamp_at(self, arrival: int) -> int:
        """The timestamp that a packet of ours would have that leaves at this moment."""
        self._course.settle()
        return self._rewrite.timestamp_at(arrival)

    def _begin_course(self, packet: bytes, arrival: int) -> None:
        """Expect what follows a packet of a law that went its usual way."""
        if len(packet) <= HEADER_OCTETS or packet[0] != PLAIN or packet[1] not in self._laws:
            return  # a marker, among others
        action = self._actions[packet[1]]
        _, _, sequence, timestamp, ssrc = HEADER.unpack_from(packet)
        offsets = self._rewrite.offsets_after(sequence, timestamp, ssrc)
        jitter_16 = self._reception.jitter_after(sequence, timestamp, ssrc)
        if action is not None and offsets is not None and jitter_16 is not None:
            payload_type, table = action
            leaving = (payload_type, self._rewrite.ssrc)
            self._course.begin(packet, arrival, jitter_16, offsets, leaving, table)

    def _drop(self, reason: Drop, octets: int) -> None:
        self.dropped[reason] += 1
        self._dropped_octets += octets


_NOBODY: Final = -1
_OURSELVES: Final = -3
"""Stands for an SSRC where a sound of ours is numbered."""
_NO_ACTIONS: Final[tuple[Action | None, ...]] = (None,) * 128
_ALL_CLOSED: Final[tuple[Drop, ...]] = (Drop.CLOSED,) * 128


@lru_cache(maxsize=1024)
def _actions(
    key: tuple[Law, int, Law, int],
    source_types: tuple[int, ...],
    source_events: tuple[int, ...],
    sink_event: int | None,
) -> tuple[Action | None, ...]:
    """By payload type. One table serves all the calls that have the same key; a law's number wins over an event's."""
    source_law, _, sink_law, sink_type = key
    actions: list[Action | None] = [None] * 128
    if sink_event is not None:
        for source_event in source_events:
            actions[source_event] = (sink_event, None)
    for source_type in source_types:
        actions[source_type] = (sink_type, translation_table(source_law, sink_law))
    return tuple(actions)


@lru_cache(maxsize=128)
def _reasons(source_events: tuple[int, ...]) -> tuple[Drop, ...]:
    """Why a payload type without an action is dropped."""
    reasons = [Drop.UNKNOWN] * 128
    reasons[COMFORT_NOISE] = Drop.COMFORT_NOISE
    for source_event in source_events:
        reasons[source_event] = Drop.EVENT
    return tuple(reasons)
