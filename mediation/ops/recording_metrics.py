"""Figures about recordings, for a server that records."""

from prometheus_client import CollectorRegistry, Counter

from mediation.b2bua.record import CallRecord


class RecordingMetrics:
    """How many recordings are whole, and what went wrong."""

    def __init__(self, registry: CollectorRegistry) -> None:
        ended = Counter(
            "mediation_recordings",
            "Recordings of calls that are over: whether all of the call is in them.",
            ("result",),
            registry=registry,
        )
        self._complete, self._incomplete = ended.labels("complete"), ended.labels("incomplete")
        self._failures = Counter(
            "mediation_recording_failures",
            "What could not be recorded: recording.failed in the log.",
            registry=registry,
        )

    def call_ended(self, record: CallRecord) -> None:
        """A call is over."""
        if record.recording is not None:
            (self._complete if record.recording.complete else self._incomplete).inc()

    def told(self, name: str) -> None:
        """The engine has told something."""
        if name == "recording.failed":
            self._failures.inc()
