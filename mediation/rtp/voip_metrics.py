"""The VoIP metrics block of RTCP extended reports (RFC 3611 sections 2, 3 and 4.7), written and read.

An extended report is a packet of type 207 in a compound one: the sender's SSRC, then blocks, of which only this one
(type 7) concerns us. What is wrong with one block takes nothing away from the others, and nothing from the packets
around it.
"""

import struct
from dataclasses import dataclass
from typing import Final

EXTENDED_REPORT: Final = 207
"""The RTCP packet type (RFC 3611 section 2)."""

UNKNOWN: Final = 127
"""Says that a value is not known, where one octet holds it (RFC 3611 section 4.7)."""

CONCEALED: Final = 3 << 6
"""Receiver configuration: standard loss concealment, nothing known of the jitter buffer (RFC 3611 section 4.7.6)."""
FIXED_BUFFER: Final = 2 << 4
"""Beside it: a jitter buffer that does not adapt."""


@dataclass(frozen=True, slots=True)
class VoipMetrics:
    """What a receiver says of one source. Shares are 0.0 to 1.0, times are in milliseconds; None: it does not know."""

    ssrc: int
    loss_rate: float = 0.0
    """Which share of the packets never came."""
    discard_rate: float = 0.0
    """Which share came too late for its jitter buffer, or too early."""
    burst_density: float = 0.0
    """Which share of the packets of bursts was lost or discarded."""
    gap_density: float = 0.0
    burst_ms: int = 0
    """How long a burst takes on the average."""
    gap_ms: int = 0
    round_trip_ms: int = 0
    """0 also where it does not know."""
    end_system_ms: int = 0
    """The delay within the phone."""
    signal_dbm0: int | None = None
    noise_dbm0: int | None = None
    echo_loss_db: int | None = None
    """RERL: the echo that is left."""
    r_factor: int | None = None
    """0 to 100, of this leg; delay is in it."""
    external_r_factor: int | None = None
    """Of what is behind the receiver."""
    mos_lq: float | None = None
    """1.0 to 5.0: how it sounds to who only listens."""
    mos_cq: float | None = None
    """The same to who talks as well, whom delay disturbs."""
    gmin: int = 16
    configuration: int = CONCEALED
    buffer_ms: int = 0
    """The jitter buffer's delay now, its longest now, and its longest ever."""
    buffer_max_ms: int = 0
    buffer_limit_ms: int = 0

    def __bytes__(self) -> bytes:
        """The block, of 36 octets. What is beyond its field is held at the field's end."""
        return _BLOCK.pack(
            _BLOCK_TYPE, 0, _WORDS, self.ssrc,
            _share(self.loss_rate), _share(self.discard_rate),
            _share(self.burst_density), _share(self.gap_density),
            _short(self.burst_ms), _short(self.gap_ms),
            _short(self.round_trip_ms), _short(self.end_system_ms),
            _level(self.signal_dbm0), _level(self.noise_dbm0), _small(self.echo_loss_db), _octet(self.gmin),
            _small(self.r_factor), _small(self.external_r_factor), _mos(self.mos_lq), _mos(self.mos_cq),
            _octet(self.configuration), 0, _short(self.buffer_ms),
            _short(self.buffer_max_ms), _short(self.buffer_limit_ms),
        )  # fmt: skip

    @classmethod
    def parse(cls, block: bytes) -> "VoipMetrics | None":
        """Read a block; None: it is another one, or not as long as this one is."""
        if len(block) != _BLOCK.size:
            return None
        (
            block_type, _, words, ssrc, lost, discarded, burst_density, gap_density, burst_ms, gap_ms,
            round_trip_ms, end_system_ms, signal, noise, echo_loss, gmin, r, external_r, mos_lq, mos_cq,
            configuration, _, buffer_ms, buffer_max_ms, buffer_limit_ms,
        ) = _BLOCK.unpack(block)  # fmt: skip
        if (block_type, words) != (_BLOCK_TYPE, _WORDS):
            return None
        return cls(
            ssrc, lost / 256, discarded / 256, burst_density / 256, gap_density / 256, burst_ms, gap_ms,
            round_trip_ms, end_system_ms, _read_level(signal), _read_level(noise),
            None if echo_loss == UNKNOWN else echo_loss, _read_up_to(r, 100), _read_up_to(external_r, 100),
            _read_mos(mos_lq), _read_mos(mos_cq), gmin, configuration, buffer_ms, buffer_max_ms, buffer_limit_ms,
        )  # fmt: skip


def extended_report(sender: int, metrics: VoipMetrics) -> bytes:
    """An RTCP packet with this block alone, to follow a report in a compound packet."""
    block = bytes(metrics)
    return _HEAD.pack(_VERSION, EXTENDED_REPORT, 1 + len(block) // 4, sender) + block


def find_metrics(compound: bytes, ssrc: int) -> VoipMetrics | None:
    """The last VoIP metrics about this source in a compound packet; None: there are none, or none that make sense.

    Whatever octets come, nothing is raised: where a length leads out of the datagram, the search ends.
    """
    found: VoipMetrics | None = None
    start = 0
    while start + 8 <= len(compound):
        end = start + 4 + 4 * int.from_bytes(compound[start + 2 : start + 4], "big")
        if end > len(compound):
            break
        if compound[start + 1] == EXTENDED_REPORT and compound[start] >> 6 == 2:
            found = _find_block(compound[start + 8 : end], ssrc) or found
        start = end
    return found


def _find_block(blocks: bytes, ssrc: int) -> VoipMetrics | None:
    found: VoipMetrics | None = None
    start = 0
    while start + 4 <= len(blocks):
        end = start + 4 + 4 * int.from_bytes(blocks[start + 2 : start + 4], "big")
        metrics = VoipMetrics.parse(blocks[start:end])
        if metrics is not None and metrics.ssrc == ssrc:
            found = metrics
        start = end
    return found


_VERSION: Final = 2 << 6
_HEAD: Final = struct.Struct("!BBHI")
_BLOCK: Final = struct.Struct("!BBHI4B4H4B4BBBH2H")
_BLOCK_TYPE: Final = 7
_WORDS: Final = 8


def _octet(value: float) -> int:
    return min(max(int(value), 0), 0xFF)


def _share(value: float) -> int:
    return _octet(value * 256)


def _short(value: float) -> int:
    return min(max(int(value), 0), 0xFFFF)


def _small(value: int | None) -> int:
    """Up to 126, for 127 says that nothing is known."""
    return UNKNOWN if value is None else min(_octet(value), UNKNOWN - 1)


def _level(value: int | None) -> int:
    """Two's complement in one octet."""
    return UNKNOWN if value is None else min(max(value, -128), UNKNOWN - 1) & 0xFF


def _mos(value: float | None) -> int:
    """Ten times the score, 10 to 50."""
    return UNKNOWN if value is None else min(max(round(10 * value), 10), 50)


def _read_level(octet: int) -> int | None:
    return None if octet == UNKNOWN else octet - (octet & 0x80) * 2


def _read_up_to(octet: int, highest: int) -> int | None:
    return octet if octet <= highest else None


def _read_mos(octet: int) -> float | None:
    return octet / 10 if 10 <= octet <= 50 else None
