"""MediaPlan: the one value that media needs.

The core decides what each side of a call sends and takes; an engine of any kind (worker processes, a cluster,
the kernel) carries it out. What it is asked for is in `media_commands`, what comes back in `media_facts`. Nothing else
about media crosses this line.
"""

from dataclasses import dataclass
from typing import Final

from mediation.b2bua.sounds import Sound
from mediation.b2bua.wide import Wide
from mediation.sdp.crypto import SrtpKeys
from mediation.settings.peer_media import Dtmf, Latching
from mediation_codecs.codec import Codec
from mediation_codecs.law import Law

Endpoint = tuple[str, int]
"""An IP address, without brackets, and a UDP port."""


_LAWS: Final = ((0, Law.PCMU), (8, Law.PCMA))
"""Static payload types (RFC 3551 section 6)."""


@dataclass(frozen=True, slots=True)
class Stream:
    """Audio between us and one party: what it takes and what it sends."""

    remote: Endpoint
    """Where its description says that RTP must go (RFC 8866 section 5.7 and 5.14)."""
    remote_rtcp: Endpoint
    """The same for RTCP: the next port, unless `a=rtcp` says otherwise (RFC 3605)."""
    law: Law
    """The law it sends and takes; with a wide codec the one that stands for it on our side of its port."""
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
    alternatives: tuple[Endpoint, ...] = ()
    """Further endpoints that may speak for the party before anybody has: those of its forks (RFC 3960 section
    3.1). The first valid packet from `remote` or from one of these decides, and the others are strangers from
    then on, until signalling names other endpoints."""
    srtp: SrtpKeys | None = None
    """What audio and RTCP are encrypted with, each way with a key of its own; None: they are not.

    Keys that stay go on counting packets. Other ones begin anew, and what the party has sent with the key before is
    understood until it uses the new one."""
    alternative_srtp: tuple[SrtpKeys | None, ...] = ()
    """The same of each of `alternatives`; empty: none has keys."""
    rtcp_mux: bool = False
    """RTCP comes and goes by the RTP port (RFC 5761); `remote_rtcp` is `remote` then."""
    rtcp_reduced: bool = False
    """RTCP without a report in front is taken (RFC 5506)."""
    dscp: int = 0
    """Mark of the packets that leave for it (RFC 2474 section 3)."""
    comfort_noise: bool = False
    """It takes comfort noise (RFC 3389), payload type 13."""
    fill_silence: bool = False
    """Where it takes none, noise is made for it in its law."""
    max_ptime_ms: int = 0
    """It takes no longer packets; 0: any."""
    repacketize: bool = False
    """It gets packets of `ptime_ms` and no others."""
    dtmf: Dtmf = Dtmf.RTP
    """How digits come from this party and go to it: telephone-event, if it has a number, or what stands in its place.

    Where the other party's are of another kind, one becomes the other."""
    rtcp_xr: bool = False
    """Our reports have VoIP metrics of what the party sends (RFC 3611 section 4.7)."""
    plays: Sound | None = None
    """What we play to it, if it takes anything; None: it hears the party across."""
    latching: Latching = Latching.SDP_IP
    """Which sources may be the party."""
    jitter_buffer_ms: int = 0
    """What it sends goes on in order, evenly, and so much later; 0: as it comes."""
    wide: Wide | None = None
    """What it speaks in place of a law."""

    @property
    def hears_across(self) -> bool:
        """Whether it hears what the party across sends: it takes audio, and nothing of ours in the place of that."""
        return self.takes and (self.plays is None or self.plays.gives_way)

    @property
    def codec(self) -> str:
        """What it sends and takes."""
        return str(self.law if self.wide is None else self.wide.codec)

    @property
    def clock_hz(self) -> int:
        """Of its timestamps."""
        return Codec(self.codec).clock_hz

    @property
    def taken_payload_types(self) -> tuple[int, ...]:
        """The numbers that the law may come with. Parties that ignore the rule above use one for both ways."""
        return tuple(n for n in (self.payload_type, self.our_payload_type) if n is not None)

    @property
    def laws(self) -> tuple[tuple[int, Law], ...]:
        """The law of each number that its audio may come with: those that were agreed on first, then those that
        everybody has for a law, to which it may change without a word (RFC 3264 section 6.1). No others beside a wide
        codec."""
        laws = dict.fromkeys(self.taken_payload_types, self.law)
        if self.wide is None:
            for number, law in _LAWS:
                if number not in self.taken_event_payload_types:
                    laws.setdefault(number, law)
        return tuple(laws.items())

    @property
    def taken_event_payload_types(self) -> tuple[int, ...]:
        """The numbers that telephone-event may come with."""
        return tuple(n for n in (self.event_payload_type, self.our_event_payload_type) if n is not None)


ABSENT: Final = Stream(("", 0), ("", 0), Law.PCMA, 8, None, 20, sends=False, takes=False)
"""Stands in a plan for a party that has not described itself: the one across hears what we play, or nothing."""


@dataclass(frozen=True, slots=True)
class Fax:
    """T.38 between us and one party: UDPTL datagrams, relayed untouched (ITU-T T.38 clause 9)."""

    remote: Endpoint
    """Where its description says that UDPTL must go."""
    latching: Latching = Latching.SDP_IP
    """Which sources may be the party. UDPTL has nothing by which a party that roams could be followed."""


@dataclass(frozen=True, slots=True)
class RecordingOrder:
    """What is written down of a call's audio, and under which name."""

    name: str
    """The path of its files without their endings."""
    wav: bool
    pcap: bool
    max_length_s: int = 0
    """No more of it; 0: all."""

    @property
    def files(self) -> tuple[str, ...]:
        """The paths of its files."""
        endings = (("wav", self.wav), ("pcap", self.pcap))
        return tuple(f"{self.name}.{ending}" for ending, wanted in endings if wanted)


@dataclass(frozen=True, slots=True)
class MediaPlan:
    """Both sides of one call, whole: applying it replaces what was in force."""

    caller: Stream
    callee: Stream
    silence_s: float
    """Without RTP and RTCP from a party for so long, its audio is dead; 0 never asks."""
    caller_pair: int = 0
    """Which pair of ports the caller's seat has: another one when another party has taken the seat."""
    callee_pair: int = 1
    watched: bool = False
    """Whether MediaAmiss is told: of a party that sends nothing, or nothing but silence."""
    hold_silence_s: float = 0.0
    """The same limit for a party that is on hold: it may not speak, or hears nothing."""
    first_silence_s: float | None = None
    """The same limit for one that has never been heard in its seat; None: no other than for those that have."""
    recording: RecordingOrder | None = None
    """How the call is recorded, from this plan on to its end; None: it is not. It stays the same while there is one."""

    def __post_init__(self) -> None:
        _two_pairs(self.caller_pair, self.callee_pair)


@dataclass(frozen=True, slots=True)
class FaxPlan:
    """Both sides of one call while it is a fax, whole: it takes the place of a MediaPlan, and one of those its.

    A value of its own, so that no plan can have a fax on one side and audio on the other: nothing here turns one
    into the other. Nor can it have a silence limit: in T.38 the side that listens says nothing for as long as
    a page takes, so silence tells nothing of the call; the fax machines have timers of their own (ITU-T T.30).
    """

    caller: Fax
    callee: Fax
    caller_pair: int = 0
    callee_pair: int = 1

    def __post_init__(self) -> None:
        _two_pairs(self.caller_pair, self.callee_pair)


def _two_pairs(caller: int, callee: int) -> None:
    """A bug of ours, and better found here than heard as an echo."""
    if caller == callee:
        raise ValueError(f"both seats on pair {caller}")
