"""How audio goes to and from one peer: a table that [internal] and each [[trunk]] have alike."""

from dataclasses import dataclass, field
from typing import Final

from mediation.sdp.crypto import SrtpMode, Suite
from mediation.settings.story import setting, story

USUAL_SUITES: Final = (Suite.AEAD_AES_256_GCM, Suite.AEAD_AES_128_GCM, Suite.AES_CM_128_HMAC_SHA1_80)


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
    rtcp_mux: bool = setting(False, doc="RTCP at the port of RTP where the peer knows it (RFC 5761).")
    rtcp_rsize: bool = setting(
        False, doc="Take RTCP of reduced size where the peer knows it (RFC 5506); ours is always whole."
    )
    dscp: int = setting(
        46,
        low=0,
        high=63,
        doc="Mark of the IP packets of audio and RTCP (DSCP, RFC 2474): 46 is EF, usual for voice. 0: none.",
    )
