"""What media tell a call: answers to its commands, and what is noticed and measured meanwhile."""

from dataclasses import dataclass
from enum import StrEnum

from mediation.b2bua.plan import Endpoint
from mediation.rtp.quality import NOT_MEASURED, Quality


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
class MediaClosed:
    """The last word of a call's media: of the parties that sat in the seats at the end."""

    call: str
    caller: StreamReport
    callee: StreamReport
    unrecorded: int = 0
    """Packets that should have been recorded and were not."""


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
