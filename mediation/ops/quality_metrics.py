"""Figures for Prometheus of how calls sounded: by trunk, and by whether the audio came from the peer or went to it.

Taken when a call is over. A trunk has its name from the settings, so the count of series is that of the trunks; the
front-end servers are one peer. A call of which something was not measured is not in that figure.
"""

from collections.abc import Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

from mediation.b2bua.media_facts import StreamReport
from mediation.rtp.quality import Rating

LABELS: Final = ("interface", "trunk")
RECEIVED: Final = "received"
SENT: Final = "sent"

MOS_BUCKETS: Final = (1.5, 2.0, 2.58, 3.1, 3.6, 4.03, 4.34, 4.5)
"""Among them the limits of satisfaction: R of 50, 60, 70, 80 and 90 (ITU-T G.109)."""
LOSS_BUCKETS: Final = (0.0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 1.0)
JITTER_BUCKETS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
TRIP_BUCKETS: Final = (0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0)


class QualityMetrics:
    """All of them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def histogram(name: str, doc: str, buckets: Sequence[float], *more: str) -> Histogram:
            return Histogram(name, doc, (*LABELS, *more), registry=registry, buckets=buckets)

        def counter(name: str, doc: str, *more: str) -> Counter:
            return Counter(name, doc, (*LABELS, *more), registry=registry)

        self._mos = histogram(
            "mediation_mos",
            "How each call sounded, as ITU-T G.107 estimates it: 1 to 4.5.",
            MOS_BUCKETS,
            "stream",
        )
        self._loss = histogram(
            "mediation_rtp_loss_ratio",
            "Share of the packets of each call that was lost.",
            LOSS_BUCKETS,
            "stream",
        )
        self._jitter = histogram(
            "mediation_rtp_jitter_seconds",
            "Jitter of each call: its mean as received, the last that the peer told as sent.",
            JITTER_BUCKETS,
            "stream",
        )
        self._round_trip = histogram(
            "mediation_rtp_round_trip_seconds",
            "Time to the peer and back, by RTCP, of each call.",
            TRIP_BUCKETS,
        )
        self._packets = counter("mediation_rtp_packets", "Packets of audio of calls that are over.", "stream")
        self._lost = counter(
            "mediation_rtp_packets_lost",
            "Packets of these that never came; as sent, those that the peer told of.",
            "stream",
        )
        self._one_way = counter(
            "mediation_one_way_calls", "Calls in which the peer sent nothing while the other party spoke."
        )
        self._silent = counter(
            "mediation_silent_calls", "Calls in which there was nothing but silence in what the peer sent."
        )

    def call_ended(self, interface: str, trunk: str, report: StreamReport) -> None:
        """One party of a call that is over."""
        quality = report.quality
        at = (interface, trunk)
        expected = report.packets_received - quality.duplicates + quality.losses.lost
        self._stream(at, RECEIVED, quality.rating, quality.jitter_mean_ms)
        self._stream(at, SENT, quality.remote_rating, quality.remote_jitter_ms)
        if expected:
            self._loss.labels(*at, RECEIVED).observe(quality.losses.lost / expected)
        if quality.remote_loss is not None:
            self._loss.labels(*at, SENT).observe(quality.remote_loss)
        if quality.round_trip_ms is not None:
            self._round_trip.labels(*at).observe(quality.round_trip_ms / 1000)
        self._packets.labels(*at, RECEIVED).inc(report.packets_received)
        self._packets.labels(*at, SENT).inc(report.packets_sent)
        self._lost.labels(*at, RECEIVED).inc(quality.losses.lost)
        self._lost.labels(*at, SENT).inc(max(0, report.remote_lost or 0))
        self._one_way.labels(*at).inc(quality.one_way_s > 0)
        self._silent.labels(*at).inc(quality.silent_audio_s > 0)

    def _stream(
        self, at: tuple[str, str], stream: str, rating: Rating | None, jitter_ms: float | None
    ) -> None:
        if rating is not None:
            self._mos.labels(*at, stream).observe(rating.mos)
        if jitter_ms is not None:
            self._jitter.labels(*at, stream).observe(jitter_ms / 1000)
