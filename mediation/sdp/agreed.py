"""What a negotiation of audio has come to."""

from dataclasses import dataclass, field

from mediation.sdp.audio import AudioStream, Direction, Endpoint
from mediation.sdp.crypto import SrtpKeys


@dataclass(frozen=True, slots=True)
class PayloadTypes:
    """The numbers of one direction."""

    law: int
    event: int | None


@dataclass(frozen=True, slots=True)
class AgreedAudio:
    """What both sides have said, as we need it to send and to take."""

    remote: Endpoint
    """Where our RTP goes. Address 0.0.0.0, or port 0: nowhere, and `direction` says so too."""
    remote_rtcp: Endpoint
    codec: str
    payload_type: int
    """On packets that we send."""
    event_payload_type: int | None
    """The number of telephone-event on packets that we send; None: the other side does not take it."""
    ptime_ms: int
    direction: Direction
    """Ours."""
    theirs: Direction = Direction.SENDRECV
    """The other side's, as it said it."""
    incoming: PayloadTypes | None = None
    """The numbers on packets that we take, where they differ (RFC 3264 section 5.1: each side sends with the
    numbers that the other one has written). None: the same."""
    srtp: SrtpKeys | None = None
    """What audio and RTCP are encrypted with; None: they are not."""
    rtcp_mux: bool = False
    """RTCP goes by the ports of RTP, both ways; `remote_rtcp` says so too."""
    rtcp_reduced: bool = False
    """RTCP without a report in front is taken."""
    rtcp_xr: bool = False
    """Both sides have asked for VoIP metrics."""
    place: int = 0
    """Of the m-line, from 0."""
    comfort_noise: bool = False
    """Whether both take it."""
    max_ptime_ms: int = 0
    """The other side takes no longer packets (RFC 8866 section 6.4); 0: it did not say."""
    parameters: str = ""
    """What the other side says of its codec in `a=fmtp`, raw."""
    event_clock_hz: int = 8_000
    """Of telephone-event, where there is any."""
    described: AudioStream | None = field(default=None, compare=False, repr=False)
    """The other side's audio as it described it."""
    direct: bool = False
    """What we said was not ours but another party's (see `sdp.direct`): the audio passes us by."""

    @property
    def is_switched_off(self) -> bool:
        """Whether the other side has switched it off for now (see `sdp.switched_off`)."""
        return self.remote[1] == 0
