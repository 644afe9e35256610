"""The messages between signalling and whoever carries a call's media, and how each goes over a `channel`."""

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
    MediaLost,
    MediaOpened,
    MediaRefused,
    MediaSilent,
    PairOpened,
    PairRefused,
    SoundEnded,
    StreamReport,
)
from mediation.b2bua.plan import FaxPlan
from mediation.media.plan_fields import fax_plan, media_plan, plan_fields
from mediation.media.quality_fields import quality_fields, quality_of
from mediation.settings.peers import Side

Fields = list[object]

CallFact = (
    MediaOpened | MediaRefused | PairOpened | PairRefused | MediaSilent | MediaAmiss | KeyHeard | SoundEnded
    | MediaLost | MediaClosed
)  # fmt: skip
"""What a worker says of a call; what a recorder says of it is in `recording_messages`."""

CallMessage = MediaCommand | CallFact


def call_fields(message: CallMessage) -> Fields:
    """A message as a list whose first item names it."""
    match message:
        case OpenMedia(call, caller, callee, local_hosts):
            return ["open", call, caller, callee, *local_hosts]
        case ApplyMedia(call, plan):
            return ["fax" if isinstance(plan, FaxPlan) else "apply", call, *plan_fields(plan)]
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


def call_message(fields: object) -> CallMessage | None:
    """The message in such a list; None, or ValueError: it is none of these."""
    match fields:
        case ["open", str(call), str(caller), str(callee), str(caller_host), str(callee_host)]:
            return OpenMedia(call, Side(caller), Side(callee), (caller_host, callee_host))
        case ["apply", str(call), *plan]:
            return ApplyMedia(call, media_plan(plan))
        case ["fax", str(call), *plan]:
            return ApplyMedia(call, fax_plan(plan))
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
    return None


def _report_fields(report: StreamReport) -> Fields:
    return [
        report.packets_received, report.packets_sent, report.octets_received, report.lost, report.jitter_ms,
        report.rejected, report.remote_lost, report.fax_received, report.fax_sent, report.tampered,
        report.replayed, quality_fields(report.quality),
    ]  # fmt: skip


def _report(fields: Fields) -> StreamReport:
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
    raise ValueError("no report")
