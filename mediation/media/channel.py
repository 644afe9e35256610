"""The messages between signalling and a media worker, over a Unix socket that keeps their bounds.

Each message is one SOCK_SEQPACKET datagram of JSON: a list whose first item names the message. Both ends are
ours, yet decoding is strict: what is not exactly a message is a ChannelError, never half a command.
"""

import json
import os
import socket
from collections import deque
from typing import Final

from mediation.b2bua.media_commands import (
    ApplyMedia,
    CloseMedia,
    ClosePair,
    MediaCommand,
    OpenMedia,
    OpenPair,
    PressKey,
)
from mediation.b2bua.media_facts import (
    Amiss,
    KeyHeard,
    MediaAmiss,
    MediaClosed,
    MediaFact,
    MediaLost,
    MediaOpened,
    MediaRefused,
    MediaSilent,
    PairOpened,
    PairRefused,
    RecordingEnded,
    RecordingFailed,
    SoundEnded,
    StreamReport,
)
from mediation.b2bua.plan import Endpoint, Fax, FaxPlan, MediaPlan, RecordingOrder, Stream
from mediation.b2bua.sounds import Sound, SoundKind
from mediation.media.quality_fields import quality_fields, quality_of
from mediation.media.recording_messages import (
    BeginRecording,
    ConfigureRecorder,
    FinishRecording,
    RecordingMessage,
    order_fields,
    order_of,
    recording_fields,
    recording_message,
)
from mediation.media.wide_fields import wide_fields, wide_of
from mediation.media.worker_messages import (
    Adopt,
    Configure,
    EndWorker,
    Held,
    Hello,
    OrphanEnded,
    Ready,
    Reopen,
    WorkerMessage,
    WorkerStatistics,
    worker_fields,
    worker_message,
)
from mediation.sdp.crypto import MasterKey, SrtpKeys, Suite
from mediation.settings.peer_media import Dtmf, Latching
from mediation.settings.peers import Side
from mediation_codecs.law import Law

LARGEST: Final = 32_768
"""Octets of a message. The usual ones have up to 700; keys add 200, and each fork 300."""

MOST_SHOWN: Final = 60
"""Characters of a message that an error shows. Keys stand behind them."""

MAX_BACKLOG: Final = 20_000
"""Messages waiting for a reader that does not read. More, and the reader is as good as dead."""


class ChannelError(Exception):
    """The other end is gone, has stopped reading, or has sent what is no message."""


Message = MediaCommand | MediaFact | WorkerMessage | RecordingMessage


def encode(message: Message) -> bytes:
    """A message as it goes over the channel."""
    return _to_json(_fields(message)).encode("ascii")


def decode(octets: bytes) -> Message:
    """The message; ChannelError for anything else."""
    try:
        return _message(json.loads(octets))
    except (ValueError, RecursionError) as error:  # not UTF-8, no JSON, no such side or law
        raise ChannelError(f"no message: {error}") from error


class Channel:
    """One end of the socket. Neither sending nor receiving ever waits."""

    def __init__(self, sock: socket.socket) -> None:
        """Takes the socket over: `close` closes it."""
        sock.setblocking(False)
        self._socket = sock
        self._backlog: deque[bytes] = deque()

    def fileno(self) -> int:
        """For epoll and add_reader."""
        return self._socket.fileno()

    @property
    def waiting(self) -> int:
        """Messages not yet sent; while there are any, call `flush` when the socket becomes writable."""
        return len(self._backlog)

    def send(self, message: Message) -> None:
        """Send now, or keep it until `flush`. ChannelError: the other end is gone or does not read."""
        self.send_encoded(encode(message))

    def send_encoded(self, octets: bytes) -> None:
        """The same of what `encode` has made."""
        if len(self._backlog) >= MAX_BACKLOG:
            raise ChannelError(f"{MAX_BACKLOG} messages wait to be read")
        self._backlog.append(octets)
        self.flush()

    def flush(self) -> None:
        """Send what waits, as far as the socket takes it. ChannelError: the other end is gone."""
        backlog = self._backlog
        try:
            while backlog:
                self._socket.send(backlog[0])
                backlog.popleft()
        except BlockingIOError:
            pass
        except OSError as error:
            raise ChannelError(f"the other end is gone: {error.strerror}") from error

    def receive(self) -> Message | None:
        """The next message, None when there is none yet. ChannelError: the end, or no message."""
        try:
            octets = self._socket.recv(LARGEST)
        except BlockingIOError:
            return None
        except OSError as error:
            raise ChannelError(f"the other end is gone: {error.strerror}") from error
        return _decoded(octets)

    @property
    def unsent(self) -> tuple[bytes, ...]:
        """What waits."""
        return tuple(self._backlog)

    def receive_with_descriptors(self, most: int) -> tuple[Message, list[int]] | None:
        """The same as `receive` of a message that may bring descriptors. They are the caller's to close."""
        try:
            octets, descriptors, _, _ = socket.recv_fds(self._socket, LARGEST, most)
        except BlockingIOError:
            return None
        except OSError as error:
            raise ChannelError(f"the other end is gone: {error.strerror}") from error
        try:
            return _decoded(octets), descriptors
        except ChannelError:
            for descriptor in descriptors:
                os.close(descriptor)
            raise

    def close(self) -> None:
        """Close the socket: the other end reads the end of the channel."""
        self._socket.close()


def _decoded(octets: bytes) -> Message:
    if not octets:
        raise ChannelError("the other end is gone")
    return decode(octets)


def pair() -> tuple[socket.socket, socket.socket]:
    """The two ends of a new channel."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


_to_json = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode

Fields = list[object]


def _fields(message: Message) -> Fields:
    match message:
        case OpenMedia(call, caller, callee, local_hosts):
            return ["open", call, caller, callee, *local_hosts]
        case ApplyMedia(call, plan):
            return ["fax" if isinstance(plan, FaxPlan) else "apply", call, *_plan_fields(plan)]
        case OpenPair(call, side, local_host):
            return ["open pair", call, side, local_host]
        case ClosePair(call, pair_number):
            return ["close pair", call, pair_number]
        case PressKey(call, to_caller, key, duration_ms):
            return ["press", call, to_caller, key, duration_ms]
        case CloseMedia(call):
            return ["close", call]
        case MediaOpened(call, caller_at, callee_at):
            return ["opened", call, *caller_at, *callee_at]
        case MediaRefused(call, reason):
            return ["refused", call, reason]
        case PairOpened(call, pair_number, endpoint):
            return ["pair opened", call, pair_number, *endpoint]
        case PairRefused(call, reason):
            return ["pair refused", call, reason]
        case MediaSilent(call, is_caller):
            return ["silent", call, is_caller]
        case SoundEnded(call, is_caller):
            return ["sound ended", call, is_caller]
        case KeyHeard(call, is_caller, key, duration_ms):
            return ["key", call, is_caller, key, duration_ms]
        case MediaAmiss(call, is_caller, what, over):
            return ["amiss", call, is_caller, what, over]
        case MediaLost(call, reason):
            return ["lost", call, reason]
        case MediaClosed(call, caller_report, callee_report, unrecorded):
            return ["closed", call, _report_fields(caller_report), _report_fields(callee_report), unrecorded]
        case (
            BeginRecording() | FinishRecording() | ConfigureRecorder() | RecordingFailed() | RecordingEnded()
        ):
            return recording_fields(message)
        case (
            Configure() | Reopen() | Ready() | WorkerStatistics()
            | Hello() | Adopt() | Held() | OrphanEnded() | EndWorker()
        ):  # fmt: skip
            return worker_fields(message)


def _message(fields: object) -> Message:
    match fields:
        case ["open", str(call), str(caller), str(callee), str(caller_host), str(callee_host)]:
            return OpenMedia(call, Side(caller), Side(callee), (caller_host, callee_host))
        case [
            "apply", str(call), list(a), list(b), int() | float() as silence_s, int(m), int(n), bool(watched),
            int() | float() as hold_silence_s, int() | float() | None as first_silence_s, list() | None as order,
        ]:  # fmt: skip
            plan = MediaPlan(
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
            return ApplyMedia(call, plan)
        case ["fax", str(call), list(a), list(b), int(m), int(n)]:
            return ApplyMedia(call, FaxPlan(_fax(a), _fax(b), m, n))
        case ["open pair", str(call), str(side), str(host)]:
            return OpenPair(call, Side(side), host)
        case ["close pair", str(call), int(n)]:
            return ClosePair(call, n)
        case ["press", str(call), bool(to_caller), str(key), int(duration_ms)]:
            return PressKey(call, to_caller, key, duration_ms)
        case ["close", str(call)]:
            return CloseMedia(call)
        case ["opened", str(call), str(host), int(port), str(other_host), int(other_port)]:
            return MediaOpened(call, (host, port), (other_host, other_port))
        case ["refused", str(call), str(reason)]:
            return MediaRefused(call, reason)
        case ["pair opened", str(call), int(n), str(host), int(port)]:
            return PairOpened(call, n, (host, port))
        case ["pair refused", str(call), str(reason)]:
            return PairRefused(call, reason)
        case ["silent", str(call), bool(is_caller)]:
            return MediaSilent(call, is_caller)
        case ["sound ended", str(call), bool(is_caller)]:
            return SoundEnded(call, is_caller)
        case ["key", str(call), bool(is_caller), str(key), int(duration_ms)]:
            return KeyHeard(call, is_caller, key, duration_ms)
        case ["amiss", str(call), bool(is_caller), str(what), bool(over)]:
            return MediaAmiss(call, is_caller, Amiss(what), over)
        case ["lost", str(call), str(reason)]:
            return MediaLost(call, reason)
        case ["closed", str(call), list(caller_fields), list(callee_fields), int(unrecorded)]:
            return MediaClosed(call, _report(caller_fields), _report(callee_fields), unrecorded)
    if (message := recording_message(fields) or worker_message(fields)) is not None:
        return message
    raise ChannelError(f"no message: {str(fields)[:MOST_SHOWN]}")


def _plan_fields(plan: MediaPlan | FaxPlan) -> Fields:
    if isinstance(plan, FaxPlan):
        faxes = ([*fax.remote, fax.latching] for fax in (plan.caller, plan.callee))
        return [*faxes, plan.caller_pair, plan.callee_pair]
    seats = _stream_fields(plan.caller), _stream_fields(plan.callee)
    limits = plan.hold_silence_s, plan.first_silence_s
    order = None if plan.recording is None else order_fields(plan.recording)
    return [*seats, plan.silence_s, plan.caller_pair, plan.callee_pair, plan.watched, *limits, order]


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


def _stream(fields: list[object]) -> Stream:
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
    raise ChannelError(f"no stream: {str(fields)[:MOST_SHOWN]}")


def _fax(fields: list[object]) -> Fax:
    match fields:
        case [str(host), int(port), str(latching)]:
            return Fax((host, port), Latching(latching))
    raise ChannelError(f"no fax: {str(fields)[:MOST_SHOWN]}")


def _alternative(fields: object) -> tuple[Endpoint, SrtpKeys | None]:
    match fields:
        case [str(host), int(port), list() | None as keys]:
            return (host, port), _keys(keys)
    raise ChannelError("no endpoint of a fork")


def _keys(fields: list[object] | None) -> SrtpKeys | None:
    match fields:
        case None:
            return None
        case [str(suite), str(ours), str(our_mki), str(theirs), str(their_mki)]:
            sending = MasterKey(bytes.fromhex(ours), bytes.fromhex(our_mki))
            return SrtpKeys(Suite(suite), sending, MasterKey(bytes.fromhex(theirs), bytes.fromhex(their_mki)))
    raise ChannelError("no keys")


def _sound(fields: list[object] | None) -> Sound | None:
    match fields:
        case None:
            return None
        case [str(kind), str(name)]:
            return Sound(SoundKind(kind), name)
    raise ChannelError("no sound")


def _order(fields: list[object] | None) -> RecordingOrder | None:
    order = None if fields is None else order_of(fields)
    if fields is not None and order is None:
        raise ChannelError("no order to record")
    return order


def _report_fields(report: StreamReport) -> Fields:
    return [
        report.packets_received, report.packets_sent, report.octets_received, report.lost, report.jitter_ms,
        report.rejected, report.remote_lost, report.fax_received, report.fax_sent, report.tampered,
        report.replayed, quality_fields(report.quality),
    ]  # fmt: skip


def _report(fields: list[object]) -> StreamReport:
    match fields:
        case [
            int(received), int(sent), int(octets), int(lost), int() | float() | None as jitter_ms,
            int(rejected), int() | None as remote_lost, int(fax_received), int(fax_sent), int(tampered),
            int(replayed), list(quality),
        ]:  # fmt: skip
            return StreamReport(
                received, sent, octets, lost, jitter_ms, rejected, remote_lost, fax_received, fax_sent, tampered,
                replayed, quality_of(quality),
            )  # fmt: skip
    raise ChannelError(f"no report: {str(fields)[:MOST_SHOWN]}")
