"""What a worker does for a call that is recorded: its packets, as they came and decrypted, are handed to the recorder.

They gather for a fifth of a second, so that a recorded packet costs next to nothing more than any other that does not
take the shortest road. Nothing here waits for anybody.
"""

from collections.abc import Callable
from typing import Final

from mediation.b2bua.plan import Endpoint, Stream
from mediation.media.tape import (
    KIND_OF,
    OWN_FLOWS,
    RTP_FLOWS,
    Kind,
    Tape,
    packed_batch,
    packed_flows,
    packed_record,
)
from mediation_codecs.law import Law

GATHER: Final = 1600
"""Units of the media clock: 0.2 s."""

MOST_OCTETS: Final = 16_384
"""Of a batch, before it is sent in any case."""

Whereabouts = Callable[[], tuple[tuple[Endpoint | None, Endpoint], ...]]
"""Of each flow where it comes from now, and where it goes to (see `tape`)."""


class Tap:
    """Of one call, from the plan that orders it to the end of its media."""

    __slots__ = (
        "_call",
        "_everything",
        "_octets",
        "_packets",
        "_records",
        "_since",
        "_tape",
        "_whereabouts",
        "dropped",
    )

    def __init__(self, call: str, tape: Tape, whereabouts: Whereabouts, *, everything: bool) -> None:
        """`everything`: also what is no audio, and RTCP."""
        self._call = call.encode("utf-8")
        self._tape = tape
        self._whereabouts = whereabouts
        self._records: list[bytes] = []
        self._packets = self._octets = self._since = 0
        self.dropped = 0
        """Packets that the recorder did not get."""
        self._everything = everything

    def of(self, seat: int) -> "SeatTap":
        """The part of it at the caller's seat, 0, or the callee's, 1."""
        return SeatTap(self, seat, everything=self._everything)

    def add(self, flow: int, kind: Kind, arrival: int, packet: bytes) -> None:
        """One packet more."""
        if not self._packets:
            self._since = arrival
        self._records.append(packed_record(flow, kind, arrival, packet))
        self._packets += 1
        self._octets += len(packet)
        if arrival - self._since >= GATHER or self._octets >= MOST_OCTETS:
            self.flush()

    def flush(self) -> None:
        """Hand on what has gathered; or drop it, where nobody takes it now."""
        if not self._packets:
            return
        batch = packed_batch(self._call, self._packets, packed_flows(self._whereabouts()), self._records)
        if not self._tape.send(batch):
            self.dropped += self._packets
        self._records = []
        self._packets = self._octets = 0

    def close(self) -> None:
        """The call's media end."""
        self.flush()
        self._whereabouts = tuple  # no circle of references keeps what the call has had


class SeatTap:
    """At what the party in one seat sends."""

    __slots__ = ("_everything", "_kinds", "_seat", "_tap")

    def __init__(self, tap: Tap, seat: int, *, everything: bool) -> None:
        self._tap = tap
        self._seat = seat
        self._everything = everything
        self._kinds: dict[int, Kind] = {}

    def follow(self, stream: Stream, *, heard: bool) -> None:
        """What its payload types mean from now on. A party that may not send is not heard, nor is one in whose place
        the other one hears a sound of ours."""
        laws = stream.laws if stream.sends and heard else ()
        self._kinds = {number: KIND_OF[law] for number, law in laws}

    def hear(self, payload_type: int, packet: bytes, arrival: int) -> None:
        """A valid RTP packet of its."""
        kind = self._kinds.get(payload_type, Kind.OTHER)
        if kind or self._everything:
            self._tap.add(self._seat, kind, arrival, packet)

    def play(self, law: Law, packet: bytes, at: int) -> None:
        """A packet of ours that is heard in its place: as sound alone, for it is nothing that the party has sent."""
        self._tap.add(OWN_FLOWS + self._seat, KIND_OF[law], at, packet)

    def hear_report(self, datagram: bytes, arrival: int) -> None:
        """Valid RTCP of its."""
        if self._everything:
            self._tap.add(RTP_FLOWS + self._seat, Kind.OTHER, arrival, datagram)
