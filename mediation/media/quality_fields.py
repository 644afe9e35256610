"""The figures of quality as they go over the channel: lists of plain values, read as strictly as all else there."""

from mediation.rtp.loss import Losses
from mediation.rtp.quality import Quality, Rating
from mediation.rtp.voip_metrics import VoipMetrics

Fields = list[object]


def quality_fields(quality: Quality) -> Fields:
    """What `quality_of` reads."""
    losses = quality.losses
    return [
        [quality.reordered, quality.duplicates, quality.discarded],
        [losses.lost, losses.runs, losses.bursts, losses.burst_packets, losses.burst_lost],
        [quality.jitter_mean_ms, quality.jitter_max_ms, quality.round_trip_ms, quality.round_trip_max_ms],
        _rating_fields(quality.rating),
        [quality.remote_loss, quality.remote_jitter_ms],
        _rating_fields(quality.remote_rating),
        _metrics_fields(quality.voip_metrics),
        [quality.one_way_s, quality.silent_audio_s],
    ]


def quality_of(fields: object) -> Quality:
    """The figures; ValueError for anything else."""
    match fields:
        case [
            [int(reordered), int(duplicates), int(discarded)],
            [int(lost), int(runs), int(bursts), int(burst_packets), int(burst_lost)],
            [
                int() | float() | None as mean, int() | float() | None as longest,
                int() | float() | None as trip, int() | float() | None as longest_trip,
            ],
            list() | None as rating,
            [int() | float() | None as remote_loss, int() | float() | None as remote_jitter],
            list() | None as remote_rating,
            list() | None as metrics,
            [int() | float() as one_way_s, int() | float() as silent_audio_s],
        ]:  # fmt: skip
            return Quality(
                reordered, duplicates, Losses(lost, runs, bursts, burst_packets, burst_lost), mean, longest,
                trip, longest_trip, _rating(rating), remote_loss, remote_jitter, _rating(remote_rating),
                _metrics(metrics), one_way_s, silent_audio_s, discarded,
            )  # fmt: skip
    raise ValueError("no figures of quality")


def _rating_fields(rating: Rating | None) -> Fields | None:
    return None if rating is None else [rating.r_factor, rating.mos, rating.mos_listening]


def _rating(fields: Fields | None) -> Rating | None:
    match fields:
        case None:
            return None
        case [int() | float() as r_factor, int() | float() as mos, int() | float() as listening]:
            return Rating(r_factor, mos, listening)
    raise ValueError("no rating")


def _metrics_fields(metrics: VoipMetrics | None) -> Fields | None:
    """The block as it is on the wire."""
    return None if metrics is None else [bytes(metrics).hex()]


def _metrics(fields: Fields | None) -> VoipMetrics | None:
    match fields:
        case None:
            return None
        case [str(octets)]:
            metrics = VoipMetrics.parse(bytes.fromhex(octets))
            if metrics is not None:
                return metrics
    raise ValueError("no VoIP metrics")
