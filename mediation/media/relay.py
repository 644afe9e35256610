"""One direction of a call: read the header, translate the payload, rewrite the header, send.

What can be decided before a packet comes is decided in `configure`: an `Action` for each payload type. Once packets
simply follow each other on the source's line, a `Course` carries them in no time and tells here what it did;
anything else comes back and is carried here. What a wide codec says or hears goes through `WideWay`.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from mediation.b2bua.plan import Stream
from mediation.media.actions import ALL_CLOSED, NO_ACTIONS, Drop, actions_by, reasons_by
from mediation.media.clock import CLOCK_HZ, NEVER
from mediation.media.course import NO_LINE, Course, Line
from mediation.media.digits import Tell
from mediation.media.ear import Ear
from mediation.media.fax_way import FaxWay
from mediation.media.outlet import Heard
from mediation.media.tally import NOBODY, Tally
from mediation.media.tap import SeatTap
from mediation.media.voice import Voice
from mediation.media.wide_plan import Ways, needs_way
from mediation.media.workshop import Workshop, is_wanted
from mediation.rtp.packet import HEADER, HEADER_OCTETS, PLAIN, RtpError, read_header
from mediation_codecs.law import Law

if TYPE_CHECKING:
    from mediation.media.wide_way import WideWay


class Relay:
    """From one party, the source, to the other, the sink."""

    __slots__ = (
        "_actions", "_course", "_key", "_laws", "_length", "_line", "_reasons", "_remind", "_rewrite", "_sink",
        "_source", "_ssrc", "_tally", "_tell", "_ways", "_wide", "_workshop", "ear", "fax", "tap",
    )  # fmt: skip

    def __init__(
        self,
        voice: Voice,
        tell: Tell | None = None,
        remind: Callable[[], None] | None = None,
        ways: Ways | None = None,
    ) -> None:
        """`voice` numbers what leaves. Until `configure` nothing does. `ways` are for wide codecs.

        `tell` is called with each key that signalling must say, `remind` when `deadline` may have come nearer.
        """
        self._tell = tell or _tell_nobody
        self._remind = remind or _remind_nobody
        self._workshop: Workshop | None = None
        self._course = Course(self, NO_LINE, NO_LINE)
        self._laws: dict[int, Law] = {}
        """Of each number that the source's audio may come with."""
        self._length = 0
        """Of the source's last audio packet, in samples."""
        self._rewrite = voice.rewrite
        self._tally = Tally(voice)
        self._ssrc = NOBODY
        self._actions = NO_ACTIONS
        self._reasons = ALL_CLOSED
        self._key: tuple[Law, int, Law, int] | None = None
        self.ear = Ear()
        """At the source's packets, while it is asked."""
        self.tap: SeatTap | None = None
        """Takes what the source sends to the recorder, packet by packet. Set before `configure`."""
        self._source: Line = NO_LINE
        self._sink: Line = NO_LINE
        self._line: Line = NO_LINE
        """To the sink itself, where `_sink` speaks for it."""
        self._wide: WideWay | None = None
        self._ways = ways
        self.fax = FaxWay()
        """Carries what comes while the call is a fax."""

    @property
    def source(self) -> Line:
        """Hears the source alone."""
        return self._source

    @source.setter
    def source(self, line: Line) -> None:
        self._source = self.fax.source = line
        self._course.lead(line, self._sink)

    @property
    def sink(self) -> Line:
        """Sends to the sink alone."""
        return self._sink

    @sink.setter
    def sink(self, line: Line) -> None:
        self._line = self._sink = self.fax.sink = line
        if self._wide is not None and self._wide.mouth is not None:
            self._wide.mouth.follow(line)
            self._sink = self._wide.mouth
        self._course.lead(self._source, self._sink)

    def close(self) -> None:
        """No packet more. What refers back is let go, so that no circle of references keeps what a call has had."""
        self._settle()
        self._course.close()
        self._workshop = self._wide = self.tap = None
        self._tell, self._remind = _tell_nobody, _remind_nobody

    def configure(self, source: Stream, sink: Stream) -> None:
        """Follow a plan. Where a law or its payload type changes, the stream goes on with a marker."""
        self._course.end()
        if not is_wanted(source, sink):
            self._let_workshop_go()  # before anything that it holds would get another meaning
        elif self._workshop is not None:
            self._workshop.hasten()
        self._open_wide_way(source, sink)
        key = (source.law, source.payload_type, sink.law, sink.payload_type)
        if self._key is not None and self._key != key:
            self._rewrite.switch()
        self._key = key
        self._rewrite.packet_units = sink.ptime_ms * CLOCK_HZ // 1000
        events = source.taken_event_payload_types
        self._laws = dict(source.laws)
        self.ear.expect(self._laws)
        if source.sends and sink.hears_across:
            number = sink.event_payload_type
            leaving = sink.law, sink.payload_type
            self._actions = actions_by(source.laws, *leaving, events, number, sink.comfort_noise)
            self._reasons = reasons_by(events)
        else:
            self._actions = NO_ACTIONS
            self._reasons = ALL_CLOSED
        if not is_wanted(source, sink):
            return
        if self._workshop is None:
            self._workshop = Workshop(self, self._tell, self._remind)
        self._workshop.follow(source, sink)

    def _open_wide_way(self, source: Stream, sink: Stream) -> None:
        fits = not needs_way(source, sink) if self._wide is None else self._wide.fits(source, sink)
        if not fits and self._workshop is not None:
            self._workshop.flush()  # by the way that it was meant for
        if self._wide is not None and not fits:
            self._close_wide_way()
            self.source_resumed()
        self._tally.ratio = source.clock_hz // CLOCK_HZ
        if self._wide is None and needs_way(source, sink):
            if self._ways is None:
                raise ValueError("a wide codec, and nothing that could transcode it")
            self._wide = self._ways.way(source, sink, self._line, self._remind)
            self.sink = self._line
            self.source_resumed()

    def _close_wide_way(self) -> None:
        """What leaves goes on from where it has come to."""
        self._settle()
        wide, self._wide = self._wide, None
        if wide is not None and wide.mouth is not None:
            self._rewrite.moved_on(*wide.mouth.ahead(self._rewrite.newest))
            self.sink = self._line

    def rest(self) -> None:
        """The call is a fax: nothing of its audio is to come any more."""
        self._course.end()
        self._let_workshop_go()
        self._close_wide_way()

    def _let_workshop_go(self) -> None:
        if self._workshop is not None:
            self._workshop.stop()
            self._workshop = None

    def press(self, key: str, duration_ms: int, now: int) -> None:
        """Let the sink hear a key that signalling has heard of the source."""
        if self._workshop is not None:
            self._workshop.press(key, duration_ms, now)

    @property
    def deadline(self) -> int:
        """When `handle_timeout` has something to do."""
        deadline = NEVER if self._workshop is None else self._workshop.deadline
        return deadline if self._wide is None else min(deadline, self._wide.ear.deadline)

    def handle_timeout(self, now: int) -> None:
        """What is due."""
        if self._wide is not None:
            self._pass_on(self._wide.ear.due(now), now)
        if self._workshop is not None:
            self._workshop.handle_timeout(now)

    @property
    def spoken(self) -> int:
        """See `Outlet`."""
        return self._length

    def next_timestamp(self, now: int) -> int:
        """See `Outlet`."""
        self._course.end()
        if self._workshop is not None:
            self._workshop.flush()
        return self._rewrite.next_timestamp(now, self._length)

    def insert(self, payload_type: int, payload: bytes, timestamp: int, moment: int, *, marker: bool) -> None:
        """See `Outlet`."""
        self._course.end()
        self._send_own(self._rewrite.insert(payload_type, marker, timestamp, moment), payload)

    def _send_own(self, header: bytes, payload: bytes) -> None:
        """Send what the source has not sent so, which is no octet of its."""
        try:
            self._sink.send(header + payload)
        except OSError:
            self._tally.dropped[Drop.NOT_SENT] += 1
        else:
            self._tally.octets_sent += len(payload)

    def source_moved(self) -> None:
        """Another sender may speak for the source from now on."""
        self._course.end()
        self._rewrite.switch()

    def source_resumed(self) -> None:
        """Audio after something else: its next packet begins a run, and what the source left out is no loss."""
        self._course.end()
        if self._workshop is not None:
            self._workshop.source_changed()
        self._ssrc = NOBODY
        self._rewrite.forget_source()

    def source_replaced(self) -> None:
        """Another party has taken the source's seat: its figures begin anew, what leaves goes on."""
        self._course.end()
        self._let_workshop_go()
        self._close_wide_way()
        self._tally.source_replaced()
        self.source_resumed()
        self.fax.received = self.fax.malformed = 0
        self.fax.heard = NOBODY

    def sink_replaced(self, voice: Voice) -> None:
        """Another party has taken the sink's seat, and hears this voice; the source's figures go on."""
        self._course.end()
        self._let_workshop_go()
        self._close_wide_way()
        self._tally.sink_replaced(voice)
        self._rewrite = voice.rewrite
        self._rewrite.forget_source()
        self.fax.sent = 0

    def listen(self) -> None:
        """Hold the source's next packet to the ear. A course does not listen: it begins again afterwards."""
        self._course.end()
        self.ear.is_open = True

    @property
    def course(self) -> Course:
        """What is to follow the source's line."""
        return self._course

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
            self._tally.malformed += 1
            return
        tally = self._tally
        tally.heard = arrival
        if ssrc != self._ssrc:
            self._ssrc = ssrc
            tally.reception.source_changed(ssrc)
            if self._workshop is not None:
                self._workshop.source_changed()
        payload = packet[start:end]
        tally.octets_received += len(payload)
        if self._wide is not None:
            tally.reception.packet_arrived(sequence, timestamp, arrival * tally.ratio)
            heard = Heard(payload_type, marker, sequence, timestamp, ssrc, payload)
            self._pass_on(self._wide.ear.take(heard, arrival), arrival)
            return
        tally.reception.packet_arrived(sequence, timestamp, arrival)
        if self.tap is not None:
            self.tap.hear(payload_type, packet, arrival)
        if self.ear.is_open:
            self.ear.take(payload_type, payload, arrival)
        if self._workshop is None:
            self._forward(payload_type, marker, sequence, timestamp, ssrc, payload, arrival)
        else:
            self._workshop.take(Heard(payload_type, marker, sequence, timestamp, ssrc, payload), arrival)

    def _pass_on(self, packets: Iterator[Heard], now: int) -> None:
        """Carry what a party's packet has become behind its door."""
        for packet in packets:
            if self.tap is not None:
                self.tap.hear(packet.payload_type, _written(packet), now)
            if self.ear.is_open:
                self.ear.take(packet.payload_type, packet.payload, now)
            if self._workshop is None:
                self.forward(packet, now)
            else:
                self._workshop.take(packet, now)

    def leaving(self, packet: Heard) -> int | None:
        """See `Outlet`."""
        return self._rewrite.leaving(packet.timestamp, packet.ssrc)

    def withhold(self, packet: Heard) -> None:
        """See `Outlet`."""
        self._rewrite.withhold(packet.sequence, packet.ssrc)
        self._drop(Drop.DIGIT)

    def discard(self, packet: Heard, *, late: bool) -> None:
        """See `Outlet`."""
        self._drop(Drop.LATE if late else Drop.DUPLICATE)

    def forward(self, packet: Heard, now: int) -> None:
        """See `Outlet`."""
        self._forward(
            packet.payload_type,
            packet.marker,
            packet.sequence,
            packet.timestamp,
            packet.ssrc,
            packet.payload,
            now,
        )

    def place(self, packet: Heard, now: int) -> tuple[bytes, int, bool] | None:
        """See `Outlet`."""
        action = self._actions[packet.payload_type]
        placed = (
            None
            if action is None
            else self._rewrite.place(packet.sequence, packet.timestamp, packet.ssrc, now)
        )
        if action is None or placed is None:
            self._drop(Drop.OUT_OF_RUN)
            return None
        self._length = len(packet.payload)
        _, table = action
        timestamp, marker = placed
        payload = packet.payload if table is None else packet.payload.translate(table)
        return payload, timestamp, marker or packet.marker

    def send_piece(self, payload: bytes, timestamp: int, *, marker: bool) -> None:
        """See `Outlet`."""
        number = (
            0 if self._key is None else self._key[3]
        )  # what waited for more is in the law of the plan by now
        self._send_own(self._rewrite.next_header(number, marker, timestamp), payload)

    def _forward(
        self,
        payload_type: int,
        marker: bool,
        sequence: int,
        timestamp: int,
        ssrc: int,
        payload: bytes,
        arrival: int,
    ) -> None:
        action = self._actions[payload_type]
        if action is None:
            self._rewrite.withhold(sequence, ssrc)
            self._drop(self._reasons[payload_type])
            return
        octets = len(payload)
        if payload_type in self._laws:
            self._length = octets
        payload_type, table = action
        header = self._rewrite.header(payload_type, marker, sequence, timestamp, ssrc, arrival)
        if header is None:
            self._drop(Drop.OUT_OF_RUN)
            return
        if table is not None:
            payload = payload.translate(table)
        try:
            self._sink.send(header + payload)
        except OSError:
            self._drop(Drop.NOT_SENT)
            return
        self._tally.octets_sent += len(payload)

    def followed(self, packets: int, octets: int, timestamp: int, arrival: int, jitter_16: int) -> None:
        """See `Carried`: as `carry` would have counted it."""
        tally = self._tally
        tally.reception.followed(packets, timestamp, arrival, jitter_16)
        self._rewrite.followed(packets, timestamp, arrival)
        tally.heard = arrival
        tally.octets_received += packets * octets
        tally.octets_sent += packets * octets

    def unsent(self, packets: int, octets: int) -> None:
        """See `Carried`."""
        self._tally.dropped[Drop.NOT_SENT] += packets
        self._tally.octets_sent -= packets * octets

    def play(self, payload_type: int, sequence: int, timestamp: int, payload: bytes, at: int) -> None:
        """One frame of ours, in the place of the source's; its numbers are those of the sound, which begins at 0."""
        self._course.end()
        header = self._rewrite.header(payload_type, False, sequence, timestamp & 0xFFFFFFFF, _OURSELVES, at)
        if header is None:
            return  # the source was heard this very moment
        if self.tap is not None and self._key is not None:
            self.tap.play(self._key[2], header + payload, at)
        self._send_own(header, payload)

    def sound_ended(self) -> None:
        """The source is heard again: what leaves goes on, with a marker, as much later as time has passed."""
        self._course.end()
        self._rewrite.forget_source()

    @property
    def ssrc(self) -> int:
        """Ours, towards the sink."""
        return self._rewrite.ssrc

    @property
    def tally(self) -> Tally:
        """All figures up to now."""
        self._settle()
        return self._tally

    def _settle(self) -> None:
        """Take down what has followed, and what a mouth has made of it."""
        self._course.settle()
        if self._wide is not None and self._wide.mouth is not None:
            mouth = self._wide.mouth
            self._rewrite.packets += mouth.packets
            self._tally.octets_sent += mouth.octets
            mouth.packets = mouth.octets = 0

    def timestamp_at(self, arrival: int) -> int:
        """The timestamp that a packet of ours would have that leaves at this moment."""
        self._course.settle()
        timestamp = self._rewrite.timestamp_at(arrival)
        mouth = None if self._wide is None else self._wide.mouth
        return timestamp if mouth is None else mouth.timestamp_of(timestamp)

    def _begin_course(self, packet: bytes, arrival: int) -> None:
        """Expect what follows a packet of a law that went its usual way."""
        if (
            self.ear.is_open
            or self._wide is not None
            or self.tap is not None
            or len(packet) <= HEADER_OCTETS
            or packet[0] != PLAIN
            or packet[1] not in self._laws
        ):
            return  # a marker, among others
        if self._workshop is not None and self._workshop.watches(len(packet) - HEADER_OCTETS):
            return
        action = self._actions[packet[1]]
        _, _, sequence, timestamp, ssrc = HEADER.unpack_from(packet)
        offsets = self._rewrite.offsets_after(sequence, timestamp, ssrc)
        jitter_16 = self._tally.reception.jitter_after(sequence, timestamp, ssrc)
        if action is not None and offsets is not None and jitter_16 is not None:
            payload_type, table = action
            leaving = (payload_type, self._rewrite.ssrc)
            self._course.begin(packet, arrival, jitter_16, offsets, leaving, table)

    def _drop(self, reason: Drop) -> None:
        self._tally.dropped[reason] += 1


def _written(packet: Heard) -> bytes:
    """A packet as it would be in RTP."""
    kind = packet.payload_type | packet.marker << 7
    return HEADER.pack(PLAIN, kind, packet.sequence, packet.timestamp, packet.ssrc) + packet.payload


def _tell_nobody(_key: str, _duration_ms: int) -> None:
    """The call is over."""


def _remind_nobody() -> None:
    """The same."""


_OURSELVES: Final = -3
"""Stands for an SSRC where a sound of ours is numbered."""
