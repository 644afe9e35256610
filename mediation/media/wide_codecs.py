"""Wide codecs by PyAV, which is imported here and in `sound_files`. Loaded only where a peer may speak one.

G.722 has 16,000 samples a second, Opus is asked for as many: speech has no use for more. A decoder of Opus knows what
to play for a packet that is missing; one of G.722 does not, and goes on with what it has played last.
"""

from collections.abc import Callable, Iterator
from typing import Final, Literal

import av
import numpy as np

from mediation.b2bua.plan import Stream
from mediation.b2bua.wide import Wide
from mediation.media.course import Line
from mediation.media.wide_sound import CodecError, Decoder, Encoder
from mediation.media.wide_way import WideWay
from mediation.settings.draft import Draft
from mediation.settings.problems import Fault
from mediation_codecs.codec import WIDE_RATE_HZ, Codec
from mediation_codecs.concealer import Concealer
from mediation_codecs.g711 import Samples
from mediation_codecs.resampling import Decimator

_OPUS_RATE_HZ: Final = 48_000
"""What its decoder always gives."""
_NARROW_BITRATE: Final = 20_000
_WIDE_BITRATE: Final = 32_000
"""Bits a second of speech (RFC 6716 section 2.1.1 has 8 to 12 and 16 to 20 thousand for bare speech)."""
_COMPLEXITY: Final = 3
"""Of 10. What more of it gains nobody hears in speech, and it costs up to twice as much."""
_EXPECTED_LOSS_PERCENT: Final = 5
"""How much of what is lost a packet repeats for those that know how to use it."""
_MOST_OCTETS: Final = 1500
"""Of a payload; FFmpeg's decoders are not to see what no packet can be."""


_NAMES: Final = {Codec.G722: "g722", Codec.OPUS: "libopus"}
"""What FFmpeg calls them."""


def faulty_codecs(draft: Draft) -> Iterator[Fault]:
    """Every wide codec that is named in the settings and that PyAV was built without."""
    for path, codec in draft.codecs():
        if codec.is_wide and _NAMES[codec] not in av.codecs_available:
            reason = f"the installed PyAV has no {_NAMES[codec]}"
            yield Fault(path, reason, "install PyAV from its own wheels, or leave the codec out")


class AvCodecs:
    """Makes decoders and encoders, one for each stream: they have a memory."""

    def way(self, source: Stream, sink: Stream, line: Line, remind: Callable[[], None]) -> WideWay:
        """See `wide_plan.Ways`."""
        return WideWay(source, sink, self, line, remind)

    def decoder(self, codec: Codec) -> Decoder:
        """What reads a party's stream."""
        return OpusDecoder() if codec is Codec.OPUS else G722Decoder()

    def encoder(self, wide: Wide, frame_ms: int, rate_hz: int) -> Encoder:
        """What writes a stream of packets of this length to a party."""
        if wide.codec is Codec.G722:
            return AvEncoder(_NAMES[wide.codec], WIDE_RATE_HZ, frame_ms, {"frame_size": str(16 * frame_ms)})
        wishes = wide.opus
        usual = _NARROW_BITRATE if rate_hz < WIDE_RATE_HZ else _WIDE_BITRATE
        options = {
            "application": "voip",
            "frame_duration": str(frame_ms),
            "b": str(min(usual, wishes.bitrate or usual)),
            "vbr": "off" if wishes.constant else "on",
            "compression_level": str(_COMPLEXITY),
        }
        if wishes.fec:
            options |= {"fec": "1", "packet_loss": str(_EXPECTED_LOSS_PERCENT)}
        return AvEncoder(_NAMES[wide.codec], rate_hz, frame_ms, options)


class G722Decoder:
    """G.722 at 64 kbit/s (RFC 3551 section 4.5.2)."""

    def __init__(self) -> None:
        self._context = _decoder(_NAMES[Codec.G722], WIDE_RATE_HZ)
        self._concealer = Concealer(WIDE_RATE_HZ)

    def decode(self, payload: bytes) -> Samples:
        """See `Decoder`."""
        return self._concealer.heard(_decoded(self._context, payload))

    def conceal(self, count: int) -> Samples:
        """See `Decoder`."""
        return self._concealer.made(count)

    def is_pause(self, _payload: bytes) -> bool:
        """See `Decoder`: G.722 has none."""
        return False


class OpusDecoder:
    """Opus in one channel; what comes in two is mixed (RFC 7587)."""

    def __init__(self) -> None:
        self._context = _decoder(_NAMES[Codec.OPUS], _OPUS_RATE_HZ)
        self._slower = Decimator(_OPUS_RATE_HZ // WIDE_RATE_HZ)
        self._configuration = _MONO_20_MS
        self._over = np.zeros(0, np.int16)
        """Of what was made for a gap that was shorter."""

    def decode(self, payload: bytes) -> Samples:
        """See `Decoder`."""
        samples = self._slower(_decoded(self._context, payload))
        self._configuration = payload[0] & 0xFC
        self._over = self._over[:0]
        return samples

    def conceal(self, count: int) -> Samples:
        """See `Decoder`. A packet of nothing but its first octet stands for a lost frame (RFC 6716 section 3.2.1)."""
        made = self._over
        while made.size < count:
            frame = self._slower(_decoded(self._context, bytes((self._configuration,))))
            made = np.concatenate((made, frame))
        self._over = made[count:]
        return made[:count]

    def is_pause(self, payload: bytes) -> bool:
        """See `Decoder`: a frame without a sound, as discontinuous transmission has it (RFC 7587 section 3.1.3)."""
        return len(payload) <= 2


_MONO_20_MS: Final = 9 << 3
"""The first octet of an Opus packet: SILK, 16 kHz, one frame of 20 ms (RFC 6716 section 3.1)."""


class AvEncoder:
    """One of FFmpeg's, fed frame by frame."""

    def __init__(self, name: str, rate_hz: int, frame_ms: int, options: dict[str, str]) -> None:
        self.rate_hz = rate_hz
        self.frame_ms = frame_ms
        self._context = _context(name, "w")
        self._context.sample_rate = rate_hz
        self._context.format = "s16"
        self._context.layout = "mono"
        self._context.options = options
        self._context.open()
        self._at = 0

    def encode(self, samples: Samples) -> bytes:
        """See `Encoder`."""
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = self.rate_hz
        frame.pts = self._at
        self._at += samples.size
        try:
            return b"".join(bytes(packet) for packet in self._context.encode(frame))
        except av.FFmpegError as error:
            raise CodecError(str(error)) from error


def _decoder(name: str, rate_hz: int) -> av.AudioCodecContext:
    context = _context(name, "r")
    context.sample_rate = rate_hz
    context.layout = "mono"
    context.open()
    return context


def _context(name: str, mode: Literal["r", "w"]) -> av.AudioCodecContext:
    context = av.CodecContext.create(name, mode)
    if not isinstance(context, av.AudioCodecContext):
        raise TypeError(f"{name} is no codec of audio")
    return context


def _decoded(context: av.AudioCodecContext, payload: bytes) -> Samples:
    if not 0 < len(payload) <= _MOST_OCTETS:  # none at all would end the stream
        raise CodecError(f"{len(payload)} octets")
    try:
        frames = context.decode(av.Packet(payload))
    except (av.FFmpegError, ValueError) as error:
        raise CodecError(str(error)) from error
    if not frames:
        raise CodecError("nothing in it")
    return np.concatenate(
        [np.frombuffer(memoryview(frame.planes[0]), np.int16, frame.samples) for frame in frames]
    )
