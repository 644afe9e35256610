"""What one side of ours brings to a negotiation of audio."""

from dataclasses import dataclass

from mediation.sdp.crypto import Crypto, SrtpMode, Suite


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What we would take on one side of a call."""

    codecs: tuple[str, ...]
    """Of `Codec`, in our order of preference."""
    telephone_event: bool = True
    ptime_ms: int = 20
    """The packet length we ask for, and assume where the other side does not say."""
    srtp: SrtpMode = SrtpMode.OFF
    suites: tuple[Suite, ...] = ()
    """For SRTP, in our order of preference."""
    twins: bool = False
    """Where SRTP is optional: offer two m-lines, encrypted and not, rather than one that leaves it open."""
    rtcp_mux: bool = False
    """Offer and take RTCP at the port of RTP (RFC 5761)."""
    rtcp_reduced: bool = False
    """Offer and take RTCP without a report in front (RFC 5506). Ours always has one."""
    comfort_noise: bool = False
    """Offer and take it (RFC 3389)."""
    rtcp_xr: bool = False
    """Ask for VoIP metrics in RTCP, and give them to who asks (RFC 3611 section 5)."""


@dataclass(frozen=True, slots=True)
class LocalAudio:
    """Where we take audio, or a fax."""

    host: str
    """An IP address, without brackets."""
    port: int
    """RTP; RTCP is the next one (RFC 3550 section 11)."""
    crypto: tuple[Crypto, ...] = ()
    """Our keys, one for each suite, most wanted first; none: nothing can be encrypted."""
