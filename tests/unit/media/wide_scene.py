"""One direction with a wide codec, in virtual time: a source that sends a tone, and what its sink makes of it."""

from dataclasses import dataclass, field
from fractions import Fraction

import av
import numpy as np
import numpy.typing as npt

from mediation.b2bua.plan import MediaPlan, Stream
from mediation.b2bua.wide import Wide
from mediation.media.relay import Relay
from mediation.media.voice import Voice
from mediation.media.wide_codecs import AvCodecs
from mediation.media.wide_plan import inside
from mediation.rtp.packet import build, read_header
from mediation.rtp.rewrite import Rewrite
from mediation_codecs.codec import Codec
from mediation_codecs.law import Law

LAW_NUMBERS = {Codec.PCMU: 0, Codec.PCMA: 8, Codec.G722: 9, Codec.OPUS: 111}
SSRC = 0xAAAA
OURS = 0x5555
UNITS = 160
"""Of 20 ms, on the media clock."""
_FFMPEG = {Codec.PCMU: "pcm_mulaw", Codec.PCMA: "pcm_alaw", Codec.G722: "g722", Codec.OPUS: "libopus"}
_RATES = {Codec.PCMU: 8_000, Codec.PCMA: 8_000, Codec.G722: 16_000, Codec.OPUS: 48_000}

Signal = npt.NDArray[np.float64]


def stream(codec: Codec, *, event: int | None = 101, ptime_ms: int = 20, event_clock_hz: int = 0) -> Stream:
    """A party that speaks a codec."""
    wide = Wide(codec, event_clock_hz or codec.clock_hz) if codec.is_wide else None
    law = Law.PCMU if wide is not None else Law(codec)
    at = ("192.0.2.1", 4000), ("192.0.2.1", 4001)
    return Stream(*at, law, LAW_NUMBERS[codec], event, ptime_ms, sends=True, takes=True, wide=wide)


def sine(codec: Codec, frequency_hz: float, seconds: float, peak: float = 8000.0) -> npt.NDArray[np.int16]:
    """A tone at the rate that a codec is fed with."""
    rate = _RATES[codec]
    turns = 2 * np.pi * frequency_hz * np.arange(round(seconds * rate)) / rate
    return np.asarray(np.rint(peak * np.sin(turns)), np.int16)


def encoded(
    codec: Codec, samples: npt.NDArray[np.int16], ptime_ms: int = 20, *, channels: int = 1
) -> list[bytes]:
    """The payloads of a sound, by FFmpeg's encoder; the same one in each channel."""
    context = av.CodecContext.create(_FFMPEG[codec], "w")
    assert isinstance(context, av.AudioCodecContext)
    rate = _RATES[codec]
    size = rate * ptime_ms // 1000
    layout = "mono" if channels == 1 else "stereo"
    context.sample_rate, context.format, context.layout = rate, av.AudioFormat("s16"), av.AudioLayout(layout)
    context.time_base = Fraction(1, rate)
    if codec is Codec.G722:
        context.options = {"frame_size": str(size)}
    if codec is Codec.OPUS:
        context.options = {"frame_duration": str(ptime_ms), "application": "voip"}
    context.open()
    payloads = []
    for begin in range(0, samples.size - size + 1, size):
        piece = np.repeat(samples[begin : begin + size], channels)[None]
        frame = av.AudioFrame.from_ndarray(piece, "s16", layout)
        frame.sample_rate, frame.pts = rate, begin
        payloads += [bytes(packet) for packet in context.encode(frame)]
    return payloads


def decoded(codec: Codec, payloads: list[bytes]) -> tuple[Signal, int]:
    """What a party with FFmpeg's decoder hears, and the rate of that."""
    context = av.CodecContext.create(_FFMPEG[codec], "r")
    assert isinstance(context, av.AudioCodecContext)
    context.sample_rate, context.layout = _RATES[codec], av.AudioLayout("mono")
    context.open()
    frames = [frame for payload in payloads for frame in context.decode(av.Packet(payload))]
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]).astype(np.float64), _RATES[codec]


@dataclass
class Sink:
    """Keeps what a relay sends."""

    packets: list[bytes] = field(default_factory=list)
    refuses: bool = False

    def recv(self, _limit: int, /) -> bytes:
        raise BlockingIOError

    def send(self, datagram: bytes, /) -> int:
        if self.refuses:
            raise ConnectionRefusedError
        self.packets.append(datagram)
        return len(datagram)


class Scene:
    """A relay from a source to a sink."""

    def __init__(self, source: Stream, sink: Stream) -> None:
        self.line = Sink()
        self.reminders = 0
        self.keys: list[str] = []
        """What signalling is told of."""
        self.relay = Relay(Voice(Rewrite(OURS, 1000, 50_000), "us"), self._tell, self._reminded, AvCodecs())
        self.relay.sink = self.line
        self.now = 800_000
        self.apply(source, sink)

    def _tell(self, key: str, _duration_ms: int) -> None:
        self.keys.append(key)

    def _reminded(self) -> None:
        self.reminders += 1

    def apply(self, source: Stream, sink: Stream) -> None:
        """Another plan."""
        plan = inside(MediaPlan(source, sink, 30.0))
        self.source, self.sink = plan.caller, plan.callee
        self.relay.configure(self.source, self.sink)

    def say(
        self,
        sequence: int,
        timestamp: int,
        payload: bytes,
        *,
        payload_type: int | None = None,
        marker: bool = False,
        after: int = UNITS,
        ssrc: int = SSRC,
    ) -> None:
        """A packet of the source, so much later than the last one."""
        self.pass_time(after)
        number = self.source.payload_type if payload_type is None else payload_type
        octets = build(number, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc, payload, marker=marker)
        self.relay.carry(octets, self.now)

    def pass_time(self, units: int) -> None:
        """Let the clock do what is due meanwhile."""
        until = self.now + units
        while (deadline := self.relay.deadline) <= until:
            self.now = max(self.now, deadline)
            self.relay.handle_timeout(self.now)
        self.now = until

    def tell(
        self, payloads: list[bytes], ptime_ms: int = 20, *, lost: frozenset[int] = frozenset(), begin: int = 0
    ) -> None:
        """All of them, one after the other, but those that are lost."""
        ticks = self.source.clock_hz * ptime_ms // 1000
        for index, payload in enumerate(payloads, begin):
            if index - begin in lost:
                self.pass_time(8 * ptime_ms)
            else:
                self.say(index, index * ticks, payload, after=8 * ptime_ms)

    @property
    def headers(self) -> list[tuple[int, bool, int, int, int]]:
        """Of all that has left: payload type, marker, sequence, timestamp, SSRC."""
        return [read_header(packet)[:5] for packet in self.line.packets]

    @property
    def payloads(self) -> list[bytes]:
        """Of all audio that has left."""
        number = self.sink.payload_type
        return [packet[12:] for packet in self.line.packets if packet[1] & 0x7F == number]

    def heard(self) -> tuple[Signal, int]:
        """What the sink hears."""
        codec = Codec(self.sink.codec)
        return decoded(codec, self.payloads)


def level_db(samples: Signal, peak: float = 8000.0) -> float:
    """How loud a tone is, by that of one with this peak."""
    return float(20 * np.log10(np.sqrt(2 * np.mean(samples**2)) / peak + 1e-12))


def frequency_hz(samples: Signal, rate: int) -> float:
    """Where most of the power is."""
    power = np.abs(np.fft.rfft(samples * np.hanning(samples.size)))
    return float(np.argmax(power) * rate / samples.size)


def share(samples: Signal, rate: int, tone_hz: float) -> float:
    """How much of the power is within 30 Hz of a tone."""
    power = np.abs(np.fft.rfft(samples * np.hanning(samples.size))) ** 2
    near = np.abs(np.fft.rfftfreq(samples.size, 1 / rate) - tone_hz) < 30
    return float(power[near].sum() / power.sum())
