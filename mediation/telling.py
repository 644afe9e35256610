"""What media and connections notice, as lines of the log, with what to do about each."""

from typing import Final

from mediation.media.notices import (
    CallAbandoned,
    NoDoor,
    Notice,
    RecorderLost,
    RecorderNotice,
    RecorderStarted,
    WorkerAdopted,
    WorkerLeft,
    WorkerLost,
    WorkerReclaimed,
    WorkerStarted,
)
from mediation.net.security import (
    CertificateExpires,
    CertificateRejected,
    CertificateTaken,
    ConnectionRefused,
)
from mediation.net.security import Notice as SecurityNotice
from mediation.ops.log import Logger
from mediation.sip.flow import Flow

DENIED_REMEDY: Final = (
    "CAP_SYS_NICE, or LimitRTPRIO= of systemd; or set media.real_time_priority to 0; for a door: see "
    "media.runtime_directory"
)

RECLAIMED_REMEDY: Final = "no call has lost anything; if it comes again, report the reason"
ADOPTED_REMEDY: Final = (
    "the process before this one has died: see why in the lines before; its calls go on, have no record, and end by "
    "themselves"
)
LEFT_REMEDY: Final = "it carries its calls without us and ends when they do; kill -9 PID ends both at once"

DOOR_REMEDY: Final = (
    "RuntimeDirectory= of systemd, or media.runtime_directory; until then audio ends with this process"
)
CERTIFICATE_REMEDY: Final = "the one before stays in use; mend the files, which are looked at every minute"


def tell_media(log: Logger, notice: Notice | RecorderNotice | NoDoor) -> None:
    """A line, or two."""
    match notice:
        case WorkerStarted(worker, pid, denied):
            log.info("media_worker.started", worker=worker, pid=pid)
            if denied:
                log.warning("media_worker.denied", worker=worker, reason=denied, remedy=DENIED_REMEDY)
        case WorkerLost(worker, reason, calls, moved):
            log.error("media_worker.lost", worker=worker, reason=reason, calls=calls, moved=moved)
        case WorkerReclaimed(worker, reason, calls):
            log.warning(
                "media_worker.reclaimed", worker=worker, reason=reason, calls=calls, remedy=RECLAIMED_REMEDY
            )
        case WorkerAdopted(worker, pid, orphans):
            log.warning(
                "media_worker.adopted", worker=worker, pid=pid, orphans=orphans, remedy=ADOPTED_REMEDY
            )
        case WorkerLeft(pid, reason, calls):
            log.warning("media_worker.left", pid=pid, reason=reason, calls=calls, remedy=LEFT_REMEDY)
        case CallAbandoned(worker, call, reason):
            log.info("orphan.ended", worker=worker, call=call, reason=reason)
        case NoDoor(reason):
            log.warning("media_worker.no_door", reason=reason, remedy=DOOR_REMEDY)
        case RecorderStarted(pid):
            log.info("recorder.started", pid=pid)
        case RecorderLost(reason, calls):
            log.error("recorder.lost", reason=reason, calls=calls)


def tell_security(log: Logger, notice: SecurityNotice) -> None:
    """A line."""
    match notice:
        case ConnectionRefused(flow, calling, reason, untold):
            host, port = flow.remote
            log.warning(
                "tls.peer_refused", peer=host, port=port, called=calling, reason=reason, untold=untold
            )
        case CertificateTaken(side, file, ends):
            log.info("tls.certificate_taken", side=str(side), file=file, ends=f"{ends:%Y-%m-%d}")
        case CertificateRejected(side, reason):
            log.error(
                "tls.certificate_rejected",
                side=str(side),
                reason=reason,
                remedy=CERTIFICATE_REMEDY,
            )
        case CertificateExpires(side, file, days_left):
            log.warning("tls.certificate_expires", side=str(side), file=file, days_left=days_left)


def tell_silence(log: Logger, flow: Flow) -> None:
    """A connection was ended because nobody answered our keep-alives."""
    host, port = flow.remote
    log.warning("connection.silent", transport=str(flow.transport), peer=host, port=port)
