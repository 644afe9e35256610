"""How audio goes to and from one peer: a table that [internal] and each [[trunk]] have alike."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from mediation.sdp.crypto import SrtpMode, Suite
from mediation.settings.story import setting, story

USUAL_SUITES: Final = (Suite.AEAD_AES_256_GCM, Suite.AEAD_AES_128_GCM, Suite.AES_CM_128_HMAC_SHA1_80)


class Dtmf(StrEnum):
    """How keys that are pressed go to and from a peer (flow 19)."""

    RTP = "rtp"
    """As telephone-event (RFC 4733), or not at all."""
    INFO = "info"
    """By INFO, in signalling."""
    INBAND = "inband"
    """As tones in the audio (ITU-T Q.23)."""


class Latching(StrEnum):
    """Which source is taken for a peer's audio, and so gets ours (RFC 4961, RFC 7362)."""

    OFF = "off"
    """The very address and port that it has described."""
    SDP_IP = "sdp-ip"
    """The address that it has described; the first valid packet from there says the port."""
    FIRST_PACKET = "first-packet"
    """The first that sends what can be valid, after a while in which the address that it has described comes first."""
    CONTINUOUS = "continuous"
    """The same, and after that wherever its stream goes on, once it is quiet where it was."""

    @property
    def learns(self) -> bool:
        """Whether an address that was not described may be a party's."""
        return self in (Latching.FIRST_PACKET, Latching.CONTINUOUS)


class InfoBody(StrEnum):
    """The two bodies that say a key in INFO."""

    RELAY = "relay"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerMedia:
    """Audio with one peer, on the wire."""

    srtp: SrtpMode = field(
        default=SrtpMode.OFF,
        metadata=story(
            "Encryption of audio (SRTP): required (what comes without is 488, ours is RTP/SAVP), optional (offered, "
            "and taken where it is offered) or off. The two sides of a call need not agree."
        ),
    )
    srtp_suites: tuple[Suite, ...] = setting(
        USUAL_SUITES,
        at_least=1,
        doc="Ciphers to offer and to take (RFC 4568, RFC 7714), the preferred one first.",
    )
    srtp_twins: bool = setting(
        False,
        doc="Offer optional SRTP as two m-lines, RTP/SAVP and RTP/AVP, as Lync does, rather than as RTP/AVP with keys "
        "beside it (RFC 8643): for peers that know no middle way.",
    )
    srtp_without_tls: bool = setting(
        False,
        doc="Let keys be said over UDP and TCP, where anybody on the way can read them. false: without TLS, optional "
        "is off, and required takes no call.",
    )
    latching: Latching = field(
        default=Latching.SDP_IP,
        metadata=story(
            "From where a peer's audio is taken, and so to where ours goes. off: the address and port in its "
            "SDP, no others; no audio through a NAT. sdp-ip: any port of that address, the first one that "
            "sends; whoever shares the address could be faster. first-packet: for peers behind a NAT; after a "
            "fifth of a second without audio from the address in SDP any other one may be the peer's until "
            "signalling says more, and who knows the port and is faster is heard and hears. continuous: the "
            "same, and a peer that roams is followed by its SSRC and sequence numbers; who sees its packets can "
            "take its place while it is quiet. With SRTP every packet must be authentic before anything is "
            'learned, and the last two are safe: set srtp = "required" with them.'
        ),
    )
    rtcp_mux: bool = setting(False, doc="RTCP at the port of RTP where the peer knows it (RFC 5761).")
    rtcp_rsize: bool = setting(
        False, doc="Take RTCP of reduced size where the peer knows it (RFC 5506); ours is always whole."
    )
    rtcp_xr: bool = setting(
        False,
        doc="Tell the peer by RTCP how its audio comes to us, and ask it for the same: VoIP metrics (RFC 3611 section "
        "4.7), where it says a=rtcp-xr:voip-metrics too.",
    )
    dscp: int = setting(
        46,
        low=0,
        high=63,
        doc="Mark of the IP packets of audio and RTCP (DSCP, RFC 2474): 46 is EF, usual for voice. 0: none.",
    )
    comfort_noise: bool = setting(
        False,
        doc="Offer and take comfort noise (CN, payload type 13, RFC 3389). It passes where both sides take it.",
    )
    fill_silence: bool = setting(
        False,
        doc="Toward this peer, if it does not take comfort noise: noise of the level that the other side tells, until "
        "it speaks again. false: nothing is sent meanwhile.",
    )
    jitter_buffer_ms: int = setting(
        0,
        low=0,
        high=200,
        doc="Audio of this peer is held for so long at most, to go on in order and as evenly as it was sent; what "
        "comes when packets after it have left is discarded. For a peer behind a bad network, where those who hear it "
        "have small buffers. Every call pays for it with this delay, and more work. 0: it goes on as it comes.",
    )
    repacketize: bool = setting(
        False,
        doc="Toward this peer: packets of just the length that it asks for (ptime), cut and joined where they come "
        "otherwise. false: as they come; only what is above its maxptime is cut.",
    )
    dtmf: Dtmf = field(
        default=Dtmf.RTP,
        metadata=story(
            "Digits to and from a peer with whom telephone-event is not agreed on: rtp (there are none), info (SIP "
            "INFO, whatever mid_call.info says) or inband (tones in the audio, which are looked for and made). With "
            "telephone_event = false always so."
        ),
    )
    dtmf_info: InfoBody = field(
        default=InfoBody.RELAY,
        metadata=story(
            "The body of INFO with a digit: relay (application/dtmf-relay, which says how long) or plain "
            "(application/dtmf). Both are understood."
        ),
    )
