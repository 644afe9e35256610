"""A media plan as it goes over the channel: lists of plain values, read as strictly as all else there."""

from mediation.b2bua.plan import Endpoint, Fax, FaxPlan, MediaPlan, RecordingOrder, Stream
from mediation.b2bua.sounds import Sound, SoundKind
from mediation.media.recording_messages import order_fields, order_of
from mediation.media.wide_fields import wide_fields, wide_of
from mediation.sdp.crypto import MasterKey, SrtpKeys, Suite
from mediation.settings.peer_media import Dtmf, Latching
from mediation_codecs.law import Law

Fields = list[object]


def plan_fields(plan: MediaPlan | FaxPlan) -> Fields:
    """What `media_plan` or `fax_plan` reads."""
    if isinstance(plan, FaxPlan):
        faxes = ([*fax.remote, fax.latching] for fax in (plan.caller, plan.callee))
        return [*faxes, plan.caller_pair, plan.callee_pair]
    seats = _stream_fields(plan.caller), _stream_fields(plan.callee)
    limits = plan.hold_silence_s, plan.first_silence_s
    order = None if plan.recording is None else order_fields(plan.recording)
    return [*seats, plan.silence_s, plan.caller_pair, plan.callee_pair, plan.watched, *limits, order]


def media_plan(fields: Fields) -> MediaPlan:
    """The plan of a call's audio; ValueError for anything else."""
    match fields:
        case [
            list(a), list(b), int() | float() as silence_s, int(m), int(n), bool(watched),
            int() | float() as hold_silence_s, int() | float() | None as first_silence_s, list() | None as order,
        ]:  # fmt: skip
            return MediaPlan(
                _stream(a),
                _stream(b),
                silence_s,
                m,
                n,
                watched,
                hold_silence_s,
                first_silence_s,
                _order(order),
            )
    raise ValueError("no plan")


def fax_plan(fields: Fields) -> FaxPlan:
    """The plan of a fax; ValueError for anything else."""
    match fields:
        case [list(a), list(b), int(m), int(n)]:
            return FaxPlan(_fax(a), _fax(b), m, n)
    raise ValueError("no plan of a fax")


def _stream_fields(stream: Stream) -> Fields:
    keys = stream.alternative_srtp or (None,) * len(stream.alternatives)
    return [
        *stream.remote, *stream.remote_rtcp, stream.law, stream.payload_type, stream.event_payload_type,
        stream.ptime_ms, stream.sends, stream.takes, stream.our_payload_type, stream.our_event_payload_type,
        stream.rtcp_mux, stream.rtcp_reduced, stream.dscp, stream.comfort_noise, stream.fill_silence,
        stream.max_ptime_ms, stream.repacketize, stream.dtmf, stream.rtcp_xr, _key_fields(stream.srtp),
        None if stream.plays is None else [stream.plays.kind, stream.plays.name], stream.latching,
        stream.jitter_buffer_ms,
        wide_fields(stream.wide),
        *([*endpoint, _key_fields(key)] for endpoint, key in zip(stream.alternatives, keys, strict=True)),
    ]  # fmt: skip


def _key_fields(keys: SrtpKeys | None) -> Fields | None:
    if keys is None:
        return None
    return [
        keys.suite,
        *(text for key in (keys.sending, keys.receiving) for text in (key.octets.hex(), key.mki.hex())),
    ]


def _stream(fields: Fields) -> Stream:
    match fields:
        case [
            str(host), int(port), str(rtcp_host), int(rtcp_port), str(law), int(payload_type),
            int() | None as event_payload_type, int(ptime_ms), bool(sends), bool(takes),
            int() | None as our_payload_type, int() | None as our_event_payload_type,
            bool(rtcp_mux), bool(rtcp_reduced), int(dscp), bool(comfort_noise), bool(fill_silence), int(max_ptime_ms),
            bool(repacketize), str(dtmf), bool(rtcp_xr), list() | None as keys, list() | None as plays,
            str(latching), int(jitter_buffer_ms), list() | None as wide, *alternatives,
        ]:  # fmt: skip
            remote: Endpoint = (host, port)
            others = [_alternative(each) for each in alternatives]
            return Stream(
                remote,
                (rtcp_host, rtcp_port),
                Law(law),
                payload_type,
                event_payload_type,
                ptime_ms,
                sends,
                takes,
                our_payload_type,
                our_event_payload_type,
                tuple(endpoint for endpoint, _ in others),
                _keys(keys),
                tuple(key for _, key in others) if any(key for _, key in others) else (),
                rtcp_mux,
                rtcp_reduced,
                dscp,
                comfort_noise,
                fill_silence,
                max_ptime_ms,
                repacketize,
                Dtmf(dtmf),
                rtcp_xr,
                _sound(plays),
                Latching(latching),
                jitter_buffer_ms,
                wide_of(wide),
            )
    raise ValueError("no stream")


def _fax(fields: Fields) -> Fax:
    match fields:
        case [str(host), int(port), str(latching)]:
            return Fax((host, port), Latching(latching))
    raise ValueError("no fax")


def _alternative(fields: object) -> tuple[Endpoint, SrtpKeys | None]:
    match fields:
        case [str(host), int(port), list() | None as keys]:
            return (host, port), _keys(keys)
    raise ValueError("no endpoint of a fork")


def _keys(fields: Fields | None) -> SrtpKeys | None:
    match fields:
        case None:
            return None
        case [str(suite), str(ours), str(our_mki), str(theirs), str(their_mki)]:
            sending = MasterKey(bytes.fromhex(ours), bytes.fromhex(our_mki))
            return SrtpKeys(Suite(suite), sending, MasterKey(bytes.fromhex(theirs), bytes.fromhex(their_mki)))
    raise ValueError("no keys")


def _sound(fields: Fields | None) -> Sound | None:
    match fields:
        case None:
            return None
        case [str(kind), str(name)]:
            return Sound(SoundKind(kind), name)
    raise ValueError("no sound")


def _order(fields: Fields | None) -> RecordingOrder | None:
    order = None if fields is None else order_of(fields)
    if fields is not None and order is None:
        raise ValueError("no order to record")
    return order
