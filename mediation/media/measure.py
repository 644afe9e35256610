"""The figures of one party's audio: jitter as it is looked at, loss as it is counted, and what the party reports.

Nothing here is done for a packet. Times are whole numbers of the media clock.
"""

from mediation.b2bua.plan import Stream
from mediation.media.actions import Drop
from mediation.media.clock import CLOCK_HZ
from mediation.media.relay import Relay
from mediation.media.rtcp import Correspondence
from mediation.rtp.quality import Quality, Rating, rate
from mediation.rtp.voip_metrics import CONCEALED, FIXED_BUFFER, VoipMetrics


class Measure:
    """Of one party, from when it takes its seat. `inward` carries what it sends."""

    __slots__ = ("_inward", "_jitter_max", "_jitter_sum", "_looks", "_reports", "packets_reported")

    def __init__(self, inward: Relay, reports: Correspondence) -> None:
        self._inward = inward
        self._reports = reports
        self._looks = 0
        self._jitter_sum = self._jitter_max = 0.0
        self.packets_reported = 0
        """What we had sent when the party's last report about it came."""

    def look(self) -> None:
        """Take down the jitter of this moment."""
        jitter_ms = self._inward.tally.jitter_ms
        if jitter_ms is not None:
            self._looks += 1
            self._jitter_sum += jitter_ms
            self._jitter_max = max(self._jitter_max, jitter_ms)

    def quality(self, stream: Stream | None, one_way: int = 0, silent_audio: int = 0) -> Quality:
        """All figures; `stream` is what was agreed with the party last. The last two are how long it was amiss."""
        reception, reports = self._inward.tally.reception, self._reports
        trips = reports.round_trips
        return Quality(
            reordered=reception.reordered,
            duplicates=reception.duplicates,
            losses=reception.losses,
            discarded=self._discarded,
            jitter_mean_ms=self._jitter_mean_ms,
            jitter_max_ms=self._jitter_max if self._looks else self._inward.tally.jitter_ms,
            round_trip_ms=None if trips.mean_s is None else 1000 * trips.mean_s,
            round_trip_max_ms=None if trips.mean_s is None else 1000 * trips.longest_s,
            rating=None if stream is None else self._rating(stream),
            remote_loss=self._remote_loss,
            remote_jitter_ms=None if stream is None else self._remote_jitter_ms(stream),
            remote_rating=None if stream is None else self._remote_rating(stream),
            voip_metrics=reports.voip_metrics,
            one_way_s=one_way / CLOCK_HZ,
            silent_audio_s=silent_audio / CLOCK_HZ,
        )

    def voip_metrics(self, stream: Stream) -> VoipMetrics | None:
        """What to tell the party of its own stream by RTCP-XR; None: nothing came of it."""
        reception = self._inward.tally.reception
        rating = self._rating(stream)
        if rating is None or not reception.valid:
            return None
        losses, expected = reception.losses, reception.expected_of_all
        ptime_ms = stream.ptime_ms
        gaps = losses.bursts + 1  # one before each burst, and one after the last
        trip_s = self._reports.round_trips.last_s
        return VoipMetrics(
            ssrc=reception.ssrc,
            loss_rate=losses.lost / expected,
            discard_rate=self._discarded / expected,
            burst_density=losses.burst_density(),
            gap_density=losses.gap_density(expected),
            burst_ms=ptime_ms * losses.burst_packets // losses.bursts if losses.bursts else 0,
            gap_ms=ptime_ms * (expected - losses.burst_packets) // gaps,
            round_trip_ms=0 if trip_s is None else round(1000 * trip_s),
            r_factor=round(rating.r_factor),
            mos_lq=rating.mos_listening,
            mos_cq=rating.mos,
            configuration=CONCEALED | FIXED_BUFFER if stream.jitter_buffer_ms else CONCEALED,
            buffer_ms=stream.jitter_buffer_ms,
            buffer_max_ms=stream.jitter_buffer_ms,
            buffer_limit_ms=stream.jitter_buffer_ms,
        )

    def _rating(self, stream: Stream) -> Rating | None:
        """Of what came from the party."""
        reception = self._inward.tally.reception
        expected = reception.expected_of_all
        if not expected:
            return None
        losses = reception.losses
        missed = (losses.lost + self._discarded) / expected
        return self._rate(
            stream, missed, self._jitter_mean_ms, losses.burst_ratio(expected), stream.jitter_buffer_ms
        )

    def _remote_rating(self, stream: Stream) -> Rating | None:
        """Of what came to the party, as it says: by chance, for a report does not tell how the lost ones lay."""
        loss = self._remote_loss
        return None if loss is None else self._rate(stream, loss, self._remote_jitter_ms(stream))

    def _rate(
        self,
        stream: Stream,
        loss: float,
        jitter_ms: float | None,
        burst_ratio: float = 1.0,
        buffer_ms: int = 0,
    ) -> Rating | None:
        trip_s = self._reports.round_trips.mean_s
        return rate(
            stream.codec,
            loss=loss,
            burst_ratio=burst_ratio,
            round_trip_ms=None if trip_s is None else 1000 * trip_s,
            jitter_ms=jitter_ms,
            packet_ms=stream.ptime_ms,
            buffer_ms=buffer_ms,
        )

    @property
    def _discarded(self) -> int:
        return self._inward.tally.dropped[Drop.LATE]

    @property
    def _jitter_mean_ms(self) -> float | None:
        return self._jitter_sum / self._looks if self._looks else self._inward.tally.jitter_ms

    @property
    def _remote_loss(self) -> float | None:
        lost = self._reports.remote_lost
        if lost is None or self.packets_reported <= 0:
            return None
        return min(max(0, lost) / self.packets_reported, 1.0)

    def _remote_jitter_ms(self, stream: Stream) -> float | None:
        jitter = self._reports.remote_jitter
        return None if jitter is None else jitter * 1000 / stream.clock_hz
