"""What has been counted of one direction of a call: what came of its source, and what has left for its sink."""

from collections import Counter
from typing import Final

from mediation.media.actions import Drop
from mediation.media.clock import CLOCK_HZ
from mediation.media.voice import Voice
from mediation.rtp.reception import Reception

NOBODY: Final = -1
"""No SSRC, and no moment."""


class Tally:
    """Either party may be replaced: the figures of the one begin anew, and those of the other go on."""

    __slots__ = (
        "_sent_at_reports", "_voice", "dropped", "heard", "malformed", "octets_received", "octets_sent",
        "ratio", "reception",
    )  # fmt: skip

    def __init__(self, voice: Voice) -> None:
        """What leaves, leaves by this voice."""
        self._voice = voice
        self._sent_at_reports = (0, 0)
        self.octets_sent = 0
        """Payload octets handed to the socket: the sender's octet count (RFC 3550 section 6.4.1)."""
        self.ratio = 1
        """How much faster than ours the source's clock is."""
        self.dropped: Counter[Drop] = Counter()
        """Packets that did not go on."""
        self.reception = Reception(NOBODY)
        """All that was counted of the source's packets."""
        self.octets_received = 0
        """Payload octets of the source."""
        self.malformed = 0
        """Datagrams of the source that are no RTP, or too long."""
        self.heard = NOBODY
        """When the last packet came; negative before the first."""

    def source_replaced(self) -> None:
        """Another party is the source."""
        self.reception = Reception(NOBODY)
        self.dropped = Counter({Drop.NOT_SENT: self.dropped[Drop.NOT_SENT]})
        self.octets_received = self.malformed = 0
        self.heard = NOBODY

    def sink_replaced(self, voice: Voice) -> None:
        """Another party is the sink, and hears this voice, which may have spoken before."""
        last, self._voice = self._voice, voice
        last.octets, last.not_sent = self.octets_sent, self.dropped[Drop.NOT_SENT]
        last.at_reports = self._sent_at_reports
        self.octets_sent, self.dropped[Drop.NOT_SENT] = voice.octets, voice.not_sent
        self._sent_at_reports = voice.at_reports

    def is_sending(self) -> bool:
        """Whether the report that leaves now is a sender's: packets have left since the last or the one before.

        RFC 3550 section 6.4. Asked once for each report.
        """
        sent = self.packets_sent
        before_last, last = self._sent_at_reports
        self._sent_at_reports = (last, sent)
        return sent != before_last

    @property
    def packets_sent(self) -> int:
        """Packets that left for the sink."""
        return self._voice.rewrite.packets - self.dropped[Drop.NOT_SENT]

    @property
    def packets_received(self) -> int:
        """Valid packets of the source, those that were dropped here included."""
        return self.reception.packets

    @property
    def lost(self) -> int:
        """RFC 3550 appendix A.3; duplicates can make it negative."""
        return self.reception.lost

    @property
    def jitter_ms(self) -> float | None:
        """Of the source's packets; None: not measured."""
        jitter = self.reception.jitter
        return None if jitter is None else jitter * 1000 / (CLOCK_HZ * self.ratio)
