"""MediaPlan: the one value that media needs, and what comes back.

The core decides what each side of a call sends and takes; an engine of any kind (worker processes, a cluster,
the kernel) carries it out. Nothing else about media crosses this line.
"""

from dataclasses import dataclass

from mediation.settings.model import Side
from mediation_codecs.g711 import Law

Endpoint = tuple[str, int]
"""An IP address, without brackets, and a UDP port."""


@dataclass(frozen=True, slots=True)
class Stream:
    """Audio between us and one party: what it takes and what it sends."""

    remote: Endpoint
    """Where its description says that RTP must go (RFC 8866 section 5.7 and 5.14)."""
    remote_rtcp: Endpoint
    """The same for RTCP: the next port, unless `a=rtcp` says otherwise (RFC 3605)."""
    law: Law
    """The law it sends and takes."""
    payload_type: int
    """The number that stands for the law in both directions: 0 or 8, or a dynamic one."""
    event_payload_type: int | None
    """The number for telephone-event (RFC 4733) towards and from this party; None: it has none."""
    ptime_ms: int
    """The packet length it prefers."""
    sends: bool
    """We may take audio from it (its direction has `send`)."""
    takes: bool
    """We may send audio to it (its direction has `recv`)."""
    our_payload_type: int | None = None
    """Our own number for the law where it differs: the party should send with that (RFC 3264 section 5.1)."""
    our_event_payload_type: int | None = None
    """The same for telephone-event."""

    @property
    def taken_payload_types(self) -> tuple[int, ...]:
        """The numbers that the law may come with. Parties that ignore the rule above use one for both ways."""
        return tuple(n for n in (self.payload_type, self.our_payload_type) if n is not None)

    @property
    def taken_event_payload_types(self) -> tuple[int, ...]:
        """The numbers that telephone-event may come with."""
        return tuple(n for n in (self.event_payload_type, self.our_event_payload_type) if n is not None)


@dataclass(frozen=True, slots=True)
class MediaPlan:
    """Both sides of one call, whole: applying it replaces what was in force."""

    caller: Stream
    callee: Stream
    silence_s: float
    """Without RTP and RTCP from a party for so long, its audio is dead; 0 never asks."""


@dataclass(frozen=True, slots=True)
class OpenMedia:
    """Bind a pair of ports, RTP even and RTCP odd (RFC 3550 section 11), for each party of a call."""

    call: str
    caller: Side
    callee: Side
    local_hosts: tuple[str, str]
    """The addresses to bind for the caller's and for the callee's pair."""


@dataclass(frozen=True, slots=True)
class ApplyMedia:
    """Put a plan in force. A source lock is kept where the party's remote endpoint is the same as before."""

    call: str
    plan: MediaPlan


@dataclass(frozen=True, slots=True)
class CloseMedia:
    """Stop, report, and keep the ports swallowing late packets for a while."""

    call: str


@dataclass(frozen=True, slots=True)
class MediaOpened:
    """The ports that were bound: RTP endpoints of ours, to be put into descriptions."""

    call: str
    caller: Endpoint
    callee: Endpoint


@dataclass(frozen=True, slots=True)
class MediaRefused:
    """No ports, or no worker, for this call."""

    call: str
    reason: str


@dataclass(frozen=True, slots=True)
class MediaSilent:
    """Nothing, neither RTP nor RTCP, came from a party for `MediaPlan.silence_s`. Said once a plan."""

    call: str
    caller: bool
    """True: the caller's side went silent; False: the callee's."""


@dataclass(frozen=True, slots=True)
class MediaLost:
    """The engine that carried this call is gone; the call has no audio any more."""

    call: str
    reason: str


@dataclass(frozen=True, slots=True)
class StreamReport:
    """What was measured of one party's audio. A figure that was not measured is None, never 0."""

    packets_received: int
    packets_sent: int
    octets_received: int
    lost: int
    """RFC 3550 appendix A.3; duplicates can make it negative."""
    jitter_ms: float | None
    """RFC 3550 section 6.4.1, in milliseconds."""
    rejected: int
    """Packets from a source that is not this party's, or that are no RTP."""
    remote_lost: int | None = None
    """Loss as the party's own receiver reports tell it."""


@dataclass(frozen=True, slots=True)
class MediaClosed:
    """The last word of a call's media."""

    call: str
    caller: StreamReport
    callee: StreamReport


MediaCommand = OpenMedia | ApplyMedia | CloseMedia
MediaFact = MediaOpened | MediaRefused | MediaSilent | MediaLost | MediaClosed
