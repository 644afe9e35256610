"""One leg's part of a media plan: what was agreed with its peer, and what the peer's terms add."""

from dataclasses import replace

from mediation.b2bua.leg import Leg
from mediation.b2bua.plan import Fax, Stream
from mediation.b2bua.wide import wide_of
from mediation.sdp.audio import Direction
from mediation.settings.peer_media import Dtmf
from mediation.settings.peer_terms import Follow
from mediation.sip.session_table import Stage
from mediation_codecs.law import Law


def media_of(leg: Leg) -> Stream | Fax | None:
    """The part; None while nothing is agreed, or what is agreed passes us by."""
    terms, stage = leg.terms, leg.session.stage
    if leg.said.fax is not None:
        return Fax(leg.said.fax, terms.latching)
    audio = leg.audio
    if audio is None or audio.direct:
        return None
    if stage in (Stage.ENDING, Stage.ENDED):  # it has gone, and the other party stays for now
        audio = replace(audio, direction=Direction.INACTIVE)
    many = terms.early_media.follow is Follow.MEDIA and stage is Stage.PROCEEDING
    others = leg.said.other_parties if many else ()
    wide = wide_of(audio)
    return Stream(
        remote=audio.remote,
        remote_rtcp=audio.remote_rtcp,
        law=Law.PCMU if wide is not None else Law(audio.codec),
        wide=wide,
        payload_type=audio.payload_type,
        event_payload_type=audio.event_payload_type,
        ptime_ms=audio.ptime_ms,
        sends=audio.direction.takes,
        takes=audio.direction.sends,
        our_payload_type=None if audio.incoming is None else audio.incoming.law,
        our_event_payload_type=None if audio.incoming is None else audio.incoming.event,
        srtp=audio.srtp,
        rtcp_mux=audio.rtcp_mux,
        rtcp_reduced=audio.rtcp_reduced,
        rtcp_xr=audio.rtcp_xr,
        dscp=terms.dscp,
        comfort_noise=audio.comfort_noise,
        fill_silence=terms.fill_silence or wide is not None,
        max_ptime_ms=audio.max_ptime_ms,
        repacketize=terms.repacketize,
        dtmf=leg.dtmf or Dtmf.RTP,
        alternatives=tuple(each.remote for each in others),
        alternative_srtp=tuple(each.srtp for each in others),
        latching=terms.latching,
        jitter_buffer_ms=terms.jitter_buffer_ms,
    )
