"""MediaPlan: the one value that media needs, and what comes back.

The core decides what each side of a call sends and takes; an engine of any kind (worker processes, a cluster,
the kernel) carries it out. Nothing else about media crosses this line.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mediation.b2bua.sounds import Sound
from mediation.b2bua.wide import Wide
from mediation.rtp.quality import NOT_MEASURED, Quality
from mediation.sdp.crypto import SrtpKeys
from mediation.settings.peer_media import Dtmf, Latching
from mediation.settings.peers import Side
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
    def unsaid_laws(self) -> tuple[tuple[int, Law], ...]:
        """Numbers that everybody has for a law, of those that were not agreed on: a party may change to one of them
        without a word (RFC 3264 section 6.1). There is none beside a wide codec."""
        if self.wide is not None:
            return ()
        said = (*self.taken_payload_types, *self.taken_event_payload_types)
        return tuple((number, law) for number, law in _LAWS if number not in said)

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


@dataclass(frozen=True, slots=True)
class OpenMedia:
    """Bind a pair of ports, RTP even and RTCP odd (RFC 3550 section 11), for each party of a call.

    The caller's is pair 0, the callee's is pair 1.
    """

    call: str
    caller: Side
    callee: Side
    local_hosts: tuple[str, str]
    """The addresses to bind for the caller's and for the callee's pair."""


@dataclass(frozen=True, slots=True)
class ApplyMedia:
    """Put a plan in force. A source lock is kept where the party's pair and its endpoints are the same as before.

    Where addresses are learned that nobody has described, a party that has described itself in another way may be
    heard from elsewhere as well, though the one that was locked on comes first.

    Where a seat gets another pair, its party is another one: its lock, its figures and its reports begin anew,
    while the stream that the other seat hears goes on as one (RFC 3550 section 5.1). The pair that was left
    swallows what comes until it is closed or taken again. A plan on a pair that is not open is a bug of ours.
    """

    call: str
    plan: MediaPlan | FaxPlan


@dataclass(frozen=True, slots=True)
class OpenPair:
    """Bind one more pair of ports for a call, for a party that may take a seat.

    Answered by PairOpened or PairRefused, in the order of asking, or by the end of the call's media: MediaClosed,
    MediaLost or MediaRefused, whichever comes. Before MediaOpened it is refused.
    """

    call: str
    side: Side
    local_host: str
    """The address to bind."""


@dataclass(frozen=True, slots=True)
class ClosePair:
    """Send a pair into quarantine: it swallows late packets for a while. CloseMedia does so with all that are left.

    A pair that the plan in force uses (0 and 1 before the first plan) or that is not open: a bug of ours, which
    costs the call its media.
    """

    call: str
    pair: int


@dataclass(frozen=True, slots=True)
class PressKey:
    """Let a party hear a key that the other one has pressed by signalling: as events or tones, as the plan says.

    Keys go one after the other. One that cannot be said is dropped: the party takes nothing, or has no way for it.
    """

    call: str
    caller: bool
    """True: the caller hears it; False: the callee."""
    key: str
    """One of 0 to 9, *, #, A to D."""
    duration_ms: int


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
class PairOpened:
    """A further pair of a call is bound."""

    call: str
    pair: int
    """2, 3 and so on: no number comes twice in a call."""
    endpoint: Endpoint
    """Our RTP endpoint, to be put into a description."""


@dataclass(frozen=True, slots=True)
class PairRefused:
    """No further pair for this call now. Its media go on as they are."""

    call: str
    reason: str


@dataclass(frozen=True, slots=True)
class MediaSilent:
    """Neither RTP nor RTCP came from a party for as long as the plan allows. Said once a plan, never of a fax."""

    call: str
    caller: bool
    """True: the caller's side went silent; False: the callee's."""


class Amiss(StrEnum):
    """What can be wrong with a party's audio."""

    ONE_WAY = "one_way"
    """Nothing comes of it, while the other party sends."""
    SILENT_AUDIO = "silent_audio"
    """There is nothing but silence in what comes of it."""


@dataclass(frozen=True, slots=True)
class MediaAmiss:
    """A party that should be heard is not, since a few seconds; or that is over. Said only where a plan is watched."""

    call: str
    caller: bool
    """True: the caller is who is not heard; False: the callee."""
    what: Amiss
    over: bool


@dataclass(frozen=True, slots=True)
class KeyHeard:
    """A party has pressed a key in its media, and the other one's plan says that it hears keys by signalling.

    Said once for each, when it has been let go, or nothing more was heard of it."""

    call: str
    caller: bool
    """True: the caller has pressed it; False: the callee."""
    key: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class SoundEnded:
    """What was to be played to a party once has been heard, or there is no such sound."""

    call: str
    caller: bool
    """True: the caller has heard it; False: the callee."""


@dataclass(frozen=True, slots=True)
class MediaLost:
    """The engine that carried this call is gone; the call has no audio any more."""

    call: str
    reason: str


@dataclass(frozen=True, slots=True)
class StreamReport:
    """What was measured of one party's media. A figure that was not measured is None, never 0.

    Packets and octets are those of audio; datagrams of a fax are counted apart, for nothing tells which are lost.
    """

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
    fax_received: int = 0
    """UDPTL datagrams from the party."""
    fax_sent: int = 0
    """UDPTL datagrams to the party."""
    tampered: int = 0
    """Packets that did not prove to be the party's: SRTP and SRTCP with a wrong tag, or none (RFC 3711 section 3.3)."""
    replayed: int = 0
    """Packets of SRTP and SRTCP that came before, or so late that this cannot be told."""
    quality: Quality = NOT_MEASURED
    """How the audio fared, both ways."""


@dataclass(frozen=True, slots=True)
class RecordingFailed:
    """Something of a call cannot be recorded. The call goes on, and so may its recording. Said once for a reason."""

    call: str
    reason: str


@dataclass(frozen=True, slots=True)
class RecordingEnded:
    """The files of a recording are whole. Comes before the last word of the call's media, or never."""

    call: str
    files: tuple[str, ...]
    """Their paths; none: nothing could be written."""
    dropped: int = 0
    """Packets that are not in it, because the disk was not fast enough."""
    cut: bool = False
    """Whether the call was longer than a recording may be."""


@dataclass(frozen=True, slots=True)
class MediaClosed:
    """The last word of a call's media: of the parties that sat in the seats at the end."""

    call: str
    caller: StreamReport
    callee: StreamReport
    unrecorded: int = 0
    """Packets that should have been recorded and were not."""


MediaCommand = OpenMedia | ApplyMedia | OpenPair | ClosePair | PressKey | CloseMedia
MediaFact = (
    MediaOpened
    | MediaRefused
    | PairOpened
    | PairRefused
    | MediaSilent
    | MediaAmiss
    | KeyHeard
    | SoundEnded
    | MediaLost
    | RecordingFailed
    | RecordingEnded
    | MediaClosed
)
