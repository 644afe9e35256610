"""What becomes of media workers, as lines of the log."""

from typing import Final, Protocol

from mediation.media.notices import (
    CallAbandoned,
    Notice,
    WorkerAdopted,
    WorkerLeft,
    WorkerLost,
    WorkerReclaimed,
    WorkerStarted,
)

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


class Log(Protocol):
    """As far as it is needed here."""

    def info(self, event: str, **fields: object) -> object:
        """Something has changed."""

    def warning(self, event: str, **fields: object) -> object:
        """Somebody should look today."""

    def error(self, event: str, **fields: object) -> object:
        """Our bug."""


def tell_notice(log: Log, notice: Notice) -> None:
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
