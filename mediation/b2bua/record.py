"""One call, as it is written down when it is over: attempts inside, one cause."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from mediation.b2bua.causes import Cause
from mediation.b2bua.media_facts import StreamReport
from mediation.rtp.quality import Quality
from mediation.rtp.voip_metrics import VoipMetrics

SCHEMA = 1
"""Grows when a field changes its meaning or goes; new fields may come at any time."""


@dataclass(slots=True)
class Attempt:
    """One target tried. Times are seconds on the driver's clock."""

    trunk: str
    target: str
    call_id: str
    started: float
    ended: float | None = None
    cause: Cause | None = None
    """Why it failed; None while under way and for the attempt that was answered."""
    progressed: bool = False
    """Whether it rang, or said anything above 100."""
    transfer: bool = False
    """Whether a party has asked for it by a transfer."""
    calling: str = ""
    """The number in From as it left; `anonymous` where it was not told."""
    called: str = ""
    """The called number as it left."""
    address: str = ""
    """Where it went: transport, address and port; what a name stood for then."""


@dataclass(frozen=True, slots=True)
class Party:
    """One side of a call, as far as it came."""

    side: str
    trunk: str
    """Empty for the front-end side."""
    address: str
    """The peer's host and port of signalling."""
    call_id: str
    codec: str | None
    media: StreamReport | None
    """None: no media was measured."""
    srtp: str | None = None
    """The suite that audio was encrypted with last; None: it was not."""
    certificate: str = ""
    """The name in its certificate that it was known by; empty: by its address."""


@dataclass(frozen=True, slots=True)
class TransferRecord:
    """A party was to be replaced by another one."""

    by: str
    """`caller` or `callee`: who has asked for it, or was picked up from."""
    status: int
    """What came of it, as a SIP status."""
    at: float
    """Seconds on the driver's clock."""
    to: Party | None
    """Who sits there since; None: it failed."""


@dataclass(frozen=True, slots=True)
class RecordingRecord:
    """What was recorded of a call."""

    files: tuple[str, ...]
    complete: bool
    """Whether all that the parties have sent since the answer is in the files."""
    dropped: int | None
    """Packets that are not, because the disk was not fast enough; None: not known."""
    reason: str
    """Why it is not complete, where more is known than that."""


@dataclass(frozen=True, slots=True)
class AnnouncementRecord:
    """What the caller heard before it was refused."""

    sound: str
    """The file, or the tone and its country."""
    complete: bool
    """Whether it was heard to its end."""


@dataclass(frozen=True, slots=True)
class CallRecord:
    """Everything about one call. Times are seconds on the driver's clock; None: it did not come to that."""

    call: str
    caller: Party
    callee: Party | None
    """None: nobody was called."""
    calling_number: str
    """As we write it: after the rules of the trunk that it came from."""
    called_number: str
    """The same."""
    started: float
    ringing: float | None
    answered: float | None
    ended: float
    cause: Cause
    hung_up_by: str
    """`caller`, `callee` or `server`."""
    attempts: tuple[Attempt, ...]
    transfers: tuple[TransferRecord, ...] = ()
    recording: RecordingRecord | None = None
    """None: it was not to be recorded."""
    tag: str = ""
    """What a policy wanted to stand here; empty: nothing."""
    bypassed_s: float | None = None
    """For how many seconds after the answer audio went past us; None: never."""
    announcement: AnnouncementRecord | None = None
    """None: it was not refused, or without a sound."""

    @property
    def direction(self) -> str:
        """`outbound` when a front end has called, else `inbound`."""
        return "outbound" if self.caller.side == "front-end" else "inbound"

    def as_json(self, clock_offset_s: float) -> dict[str, object]:
        """Plain values for one JSON line; `clock_offset_s` makes wall-clock time of the driver's."""

        def at(moment: float | None) -> str | None:
            if moment is None:
                return None
            return datetime.fromtimestamp(moment + clock_offset_s, UTC).isoformat(timespec="milliseconds")

        talked = None if self.answered is None else round(self.ended - self.answered, 3)
        return {
            "schema": SCHEMA,
            "call": self.call,
            "direction": self.direction,
            "started_at": at(self.started),
            "ringing_at": at(self.ringing),
            "answered_at": at(self.answered),
            "ended_at": at(self.ended),
            "duration_s": talked,
            "calling": self.calling_number,
            "called": self.called_number,
            "verdict": str(self.cause.verdict),
            "reason": self.cause.reason,
            "status": self.cause.status,
            "q850": self.cause.q850,
            "hung_up_by": self.hung_up_by,
            "tag": self.tag or None,
            "caller": _party(self.caller),
            "callee": None if self.callee is None else _party(self.callee),
            "attempts": [_attempt(attempt, at(attempt.started)) for attempt in self.attempts],
            "transfers": [_transfer(transfer, at(transfer.at)) for transfer in self.transfers],
            "bypassed_s": None if self.bypassed_s is None else round(self.bypassed_s, 3),
            "recording": None if self.recording is None else _recording(self.recording),
            "announcement": None if self.announcement is None else asdict(self.announcement),
        }


def _transfer(transfer: TransferRecord, at: str | None) -> dict[str, object]:
    to = None if transfer.to is None else _party(transfer.to)
    return {"by": transfer.by, "status": transfer.status, "at": at, "to": to}


def _recording(recording: RecordingRecord) -> dict[str, object]:
    return {
        "files": list(recording.files),
        "complete": recording.complete,
        "dropped": recording.dropped,
        "reason": recording.reason or None,
    }


def _party(party: Party) -> dict[str, object]:
    return {
        "side": party.side,
        "trunk": party.trunk or None,
        "address": party.address,
        "certificate": party.certificate or None,
        "call_id": party.call_id,
        "codec": party.codec,
        "srtp": party.srtp,
        "media": None if party.media is None else _media(party.media),
    }


def _media(report: StreamReport) -> dict[str, object]:
    return {
        "packets_received": report.packets_received,
        "packets_sent": report.packets_sent,
        "octets_received": report.octets_received,
        "lost": report.lost,
        "jitter_ms": None if report.jitter_ms is None else round(report.jitter_ms, 2),
        "rejected": report.rejected,
        "remote_lost": report.remote_lost,
        "fax_received": report.fax_received,
        "fax_sent": report.fax_sent,
        "tampered": report.tampered,
        "replayed": report.replayed,
        **_quality(report.quality),
    }


def _quality(quality: Quality) -> dict[str, object]:
    """Both directions of a leg; `remote` is what we send, as the party tells how it came."""
    rating, remote = quality.rating, quality.remote_rating
    losses, metrics = quality.losses, quality.voip_metrics
    return {
        "reordered": quality.reordered,
        "duplicates": quality.duplicates,
        "discarded": quality.discarded,
        "loss_runs": losses.runs,
        "loss_bursts": losses.bursts,
        "jitter_mean_ms": _rounded(quality.jitter_mean_ms),
        "jitter_max_ms": _rounded(quality.jitter_max_ms),
        "round_trip_ms": _rounded(quality.round_trip_ms),
        "round_trip_max_ms": _rounded(quality.round_trip_max_ms),
        "r_factor": None if rating is None else round(rating.r_factor, 1),
        "mos": None if rating is None else round(rating.mos, 2),
        "remote_loss_percent": None if quality.remote_loss is None else round(100 * quality.remote_loss, 2),
        "remote_jitter_ms": _rounded(quality.remote_jitter_ms),
        "remote_r_factor": None if remote is None else round(remote.r_factor, 1),
        "remote_mos": None if remote is None else round(remote.mos, 2),
        "one_way_s": round(quality.one_way_s, 1),
        "silent_audio_s": round(quality.silent_audio_s, 1),
        "voip_metrics": None if metrics is None else _voip_metrics(metrics),
    }


def _voip_metrics(metrics: VoipMetrics) -> dict[str, object]:
    """What the party says itself of what it hears (RFC 3611 section 4.7)."""
    return {
        "loss_percent": round(100 * metrics.loss_rate, 1),
        "discard_percent": round(100 * metrics.discard_rate, 1),
        "burst_density_percent": round(100 * metrics.burst_density, 1),
        "burst_ms": metrics.burst_ms,
        "round_trip_ms": metrics.round_trip_ms or None,
        "end_system_ms": metrics.end_system_ms or None,
        "signal_dbm0": metrics.signal_dbm0,
        "noise_dbm0": metrics.noise_dbm0,
        "r_factor": metrics.r_factor,
        "mos_lq": metrics.mos_lq,
        "mos_cq": metrics.mos_cq,
        "buffer_ms": metrics.buffer_ms or None,
    }


def _rounded(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds, 2)


def _attempt(attempt: Attempt, started_at: str | None) -> dict[str, object]:
    cause = attempt.cause
    return {
        "trunk": attempt.trunk,
        "target": attempt.target,
        "address": attempt.address,
        "call_id": attempt.call_id,
        "calling": attempt.calling,
        "called": attempt.called,
        "started_at": started_at,
        "duration_ms": None if attempt.ended is None else round((attempt.ended - attempt.started) * 1000),
        "progressed": attempt.progressed,
        "transfer": attempt.transfer,
        "status": None if cause is None else cause.status,
        "q850": None if cause is None else cause.q850,
        "reason": None if cause is None else cause.reason,
    }
