"""How the audio of one party fared, both ways: what we heard of it, and what it says that it heard of us.

Each leg has two directions, so the two parties of a call make four. `remote` is what the party's own reports tell of
the stream that we send to it. What was not measured is None, never 0.
"""

from dataclasses import dataclass
from typing import Final

from mediation.rtp.e_model import CODECS, mos, r_factor
from mediation.rtp.loss import NOTHING_LOST, Losses
from mediation.rtp.voip_metrics import VoipMetrics

PACKETS_IN_A_BUFFER: Final = 2
"""How much of the jitter a listener's buffer takes up: what a packet may be late by, in mean deviations."""


@dataclass(frozen=True, slots=True)
class Rating:
    """An estimate by ITU-T G.107: of one leg in one direction, loss and delay of that leg in it."""

    r_factor: float
    """0 to 100; 93.2 is undisturbed."""
    mos: float
    """1 to 4.5: of a conversation, which suffers from delay."""
    mos_listening: float
    """The same to who only listens."""


@dataclass(frozen=True, slots=True)
class Quality:
    """One party's figures since it took its seat."""

    reordered: int = 0
    """Packets that came after one that was sent later."""
    duplicates: int = 0
    """Packets that came more than once, each time but the first."""
    losses: Losses = NOTHING_LOST
    jitter_mean_ms: float | None = None
    """Of the jitter, looked at once a second."""
    jitter_max_ms: float | None = None
    round_trip_ms: float | None = None
    """To the party and back, by its reports (RFC 3550 section 6.4.1): the mean of what they told."""
    round_trip_max_ms: float | None = None
    rating: Rating | None = None
    """What it sends, as it comes to us."""
    remote_loss: float | None = None
    """Which share of our packets the party has missed, 0.0 to 1.0."""
    remote_jitter_ms: float | None = None
    remote_rating: Rating | None = None
    """What we send, as it comes to the party."""
    voip_metrics: VoipMetrics | None = None
    """The last that it said by RTCP-XR."""
    one_way_s: float = 0.0
    """How long it sent nothing though it should, while the other party sent."""
    silent_audio_s: float = 0.0
    """How long there was nothing but silence in what it sent, without a break of four seconds and more."""
    discarded: int = 0
    """Packets that came too late for our jitter buffer, where there is one."""


NOT_MEASURED: Final = Quality()


def rate(
    codec: str,
    *,
    loss: float,
    burst_ratio: float = 1.0,
    round_trip_ms: float | None,
    jitter_ms: float | None,
    packet_ms: float,
    buffer_ms: float = 0.0,
) -> Rating | None:
    """Estimate one direction of a leg; None: a codec that nothing is known of.

    The delay is half of the round trip, the packet, and a jitter buffer as a phone would have it. Where ours has taken
    the jitter away already (`buffer_ms`), the one of the phone behind it holds no more than a packet.
    """
    known = CODECS.get(codec)
    if known is None:
        return None
    left_ms = 0.0 if buffer_ms else jitter_ms or 0.0
    buffered = buffer_ms + max(packet_ms, PACKETS_IN_A_BUFFER * left_ms)
    delay_ms = (round_trip_ms or 0.0) / 2 + packet_ms + buffered
    share = min(max(loss, 0.0), 1.0)
    conversation = r_factor(known, loss=share, burst_ratio=burst_ratio, delay_ms=delay_ms)
    listening = r_factor(known, loss=share, burst_ratio=burst_ratio)
    return Rating(conversation, mos(conversation), mos(listening))
