"""Says to one party in a wide codec what leaves for it in G.711: the line that a relay takes for the party's own.

Packets go out in the length that the party wants, with numbers of their own, which go on from those that it has seen
and come to an end where it speaks G.711 again. The clock of Opus is six times ours, and a timestamp is six times as
far from the first one (RFC 7160 section 4.1: the same SSRC, and no step in time).
"""

from typing import Final

import numpy as np

from mediation.b2bua.plan import Stream
from mediation.media.clock import UNITS_PER_MS
from mediation.media.course import Line
from mediation.media.wide_sound import Beside, CodecError, Codecs
from mediation.rtp.event_clock import EventsFaster
from mediation.rtp.packet import HEADER, HEADER_OCTETS, PLAIN, RtpError
from mediation.rtp.rewrite import MAX_DROPOUT
from mediation_codecs.codec import OPUS_FRAMES_MS, WIDE_RATE_HZ, Codec
from mediation_codecs.g711 import Samples, decode
from mediation_codecs.pcm import RATE_HZ
from mediation_codecs.resampling import Doubler

_HALF: Final = 1 << 31


def frame_ms(sink: Stream) -> int:
    """The length of packets that a party gets."""
    wanted = min(sink.ptime_ms, sink.max_ptime_ms or sink.ptime_ms)
    if sink.codec != Codec.OPUS:
        return wanted
    return next((each for each in OPUS_FRAMES_MS if each <= wanted), OPUS_FRAMES_MS[-1])


class WideMouth:
    """Towards one party, as long as it speaks one codec. A `Line`."""

    __slots__ = (
        "_beside", "_came", "_doubler", "_encoder", "_events", "_frame", "_law", "_left", "_line", "_marker",
        "_newest", "_origin", "_pending", "_ratio", "_refusal", "_sink", "_start", "octets", "packets",
    )  # fmt: skip

    def __init__(self, source: Stream, sink: Stream, codecs: Codecs, beside: Beside, line: Line) -> None:
        """`beside` has more of what the source has said than what leaves in G.711. ValueError: `sink` has no codec."""
        if sink.wide is None:
            raise ValueError("no wide codec")
        is_narrow = source.wide is None or sink.wide.opus.playback_hz < WIDE_RATE_HZ
        rate_hz = RATE_HZ if is_narrow and sink.wide.codec is Codec.OPUS else WIDE_RATE_HZ
        self._beside = beside
        self._encoder = codecs.encoder(sink.wide, frame_ms(sink), rate_hz)
        self._doubler = Doubler() if rate_hz == WIDE_RATE_HZ else None
        self._frame = self._encoder.frame_ms * rate_hz // 1000
        self._sink = sink
        self._law = sink.law
        self._line = line
        self._ratio = sink.clock_hz // RATE_HZ
        self._events = EventsFaster(sink.wide.event_clock_hz // RATE_HZ, self._ratio)
        self._pending: Samples = np.zeros(0, np.int16)
        """Less than a frame."""
        self._start = 0
        """Where it begins, in our clock."""
        self._marker = False
        self._came = self._left = _NONE
        """The last sequence number that came, and the last one that has left."""
        self._origin = 0
        """The timestamp that is the same in both clocks."""
        self._newest = 0
        """The last timestamp that has left."""
        self._refusal: OSError | None = None
        """Why something of the packet at hand could not be sent."""
        self.packets = 0
        """How many more packets have left than have come, since this was set to 0."""
        self.octets = 0
        """The same of their payloads."""

    def follow(self, line: Line) -> None:
        """Speak by this line from now on."""
        self._line = line

    def recv(self, limit: int, /) -> bytes:
        """See `Line`."""
        return self._line.recv(limit)

    def send(self, packet: bytes, /) -> int:
        """See `Line`: a packet in G.711, or an event in its clock.

        What cannot be sent is lost, and all that the packet has besides goes on; the last error is told at the end.
        """
        _, kind, sequence, timestamp, ssrc = HEADER.unpack_from(packet)
        payload, number, marker = packet[HEADER_OCTETS:], kind & 0x7F, kind > 0x7F
        if self._came == _NONE:
            self._origin = self._newest = timestamp
            self._left = (sequence - 1) & 0xFFFF
        else:
            lost = (sequence - self._came - 1) & 0xFFFF
            self._left = (self._left + (lost if lost < MAX_DROPOUT else 0)) & 0xFFFF
        self._came = sequence
        if number == self._sink.payload_type:
            self._say(payload, timestamp, ssrc, marker=marker)
        elif number == self._sink.event_payload_type:
            self._flush(ssrc)
            self._say_event(payload, timestamp, ssrc, marker=marker)
        refusal, self._refusal = self._refusal, None
        if refusal is not None:
            raise refusal
        self.packets -= 1
        self.octets -= len(payload)
        return len(packet)

    def timestamp_of(self, timestamp: int) -> int:
        """The party's timestamp that goes with one of ours."""
        if self._came == _NONE:
            return timestamp
        step = ((timestamp - self._origin + _HALF) & 0xFFFFFFFF) - _HALF
        return (self._origin + step * self._ratio) & 0xFFFFFFFF

    def ahead(self, timestamp: int) -> tuple[int, int]:
        """By how much its sequence numbers, and what it has said last, are ahead of those that come, and of this one.

        A packet that came may have left in several.
        """
        if self._came == _NONE:
            return 0, 0
        place = self.timestamp_of(timestamp)
        step = (self._newest - place) & 0xFFFFFFFF
        return self._left - self._came, place - timestamp + (step if step < _HALF else 0)

    def _say(self, payload: bytes, timestamp: int, ssrc: int, *, marker: bool) -> None:
        beside = self._beside
        is_whole = payload == beside.narrow
        longest = self._sink.max_ptime_ms * UNITS_PER_MS
        if is_whole and beside.payload and not (longest and len(payload) > longest):
            self._flush(ssrc)
            self._emit(
                self._sink.payload_type, beside.payload, self.timestamp_of(timestamp), ssrc, marker=marker
            )
            return
        if self._doubler is None:
            samples = decode(self._law, payload)
        elif is_whole and beside.sound is not None:
            samples = beside.sound
        else:
            samples = self._doubler(decode(self._law, payload))
        per_unit = 1 if self._doubler is None else WIDE_RATE_HZ // RATE_HZ
        missing = (((timestamp - self._start + _HALF) & 0xFFFFFFFF) - _HALF) * per_unit - self._pending.size
        if self._pending.size and missing:
            if 0 < missing < self._frame - self._pending.size:
                self._pending = np.concatenate((self._pending, np.zeros(missing, np.int16)))
            else:
                self._flush(ssrc)
        if not self._pending.size:
            self._start, self._marker = timestamp, marker
        self._pending = np.concatenate((self._pending, samples))
        while self._pending.size >= self._frame:
            self._encode(self._pending[: self._frame], ssrc)
            self._pending = self._pending[self._frame :]
            self._start = (self._start + self._frame // per_unit) & 0xFFFFFFFF

    def _say_event(self, payload: bytes, timestamp: int, ssrc: int, *, marker: bool) -> None:
        number = self._sink.event_payload_type
        try:
            for at, event in self._events.packets(self.timestamp_of(timestamp), payload):
                if number is not None:
                    self._emit(number, event, at, ssrc, marker=marker)
                marker = False
        except RtpError:
            return

    def _flush(self, ssrc: int) -> None:
        """Let what waits for more leave, filled up with silence."""
        if self._pending.size:
            self._encode(np.pad(self._pending, (0, self._frame - self._pending.size)), ssrc)
            self._pending = self._pending[:0]

    def _encode(self, samples: Samples, ssrc: int) -> None:
        try:
            payload = self._encoder.encode(samples)
        except CodecError as error:
            self._refusal = OSError(str(error))
            return
        marker, self._marker = self._marker, False
        self._emit(self._sink.payload_type, payload, self.timestamp_of(self._start), ssrc, marker=marker)

    def _emit(self, number: int, payload: bytes, timestamp: int, ssrc: int, *, marker: bool) -> None:
        self._left = (self._left + 1) & 0xFFFF
        self._newest = timestamp
        header = HEADER.pack(PLAIN, number | 0x80 if marker else number, self._left, timestamp, ssrc)
        try:
            self._line.send(header + payload)
        except OSError as error:
            self._refusal = error
        else:
            self.packets += 1
            self.octets += len(payload)


_NONE: Final = -1
