"""Finds DTMF in audio as ITU-T Q.24 wants it: which key, from when, until when.

Eight frequencies are measured over 15 ms, every 5 ms: the transform of each 5 ms is taken once (one product of
matrices for a whole packet), turned to a common phase and added to the two before it. A stretch is a hit where one low
and one high tone make up most of what sounds. Five hits in a row for one key are a key, if the phases of its tones
advance as those of the right frequencies do: that tells 1.5 % of deviation from 3.5 % where the short window alone
could not, and speech from keys.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mediation_codecs.g711 import Samples
from mediation_codecs.pcm import RATE_HZ, peak_of
from mediation_codecs.tones import DTMF_HZ

HOP: Final = 40
"""Samples between measurements: 5 ms."""

HOPS: Final = 3
"""Of a measurement."""

ENOUGH: Final = 5
"""Hits in a row that may be a key."""

FULL: Final = 4
"""Of them, those that a tone has filled, by their power. So 40 ms are a key, and 24 ms are not (Q.24 table A.1)."""

FILLED: Final = 0.7
"""Of the power of the strongest hit."""

OVER: Final = 5
"""Misses in a row that end a key: 10 ms of interruption do not, 40 ms always do."""

SHARE: Final = 0.58
"""Of the power, that both tones must have: full ones have it up to the edge of the tolerance."""

PURITY: Final = 0.87
"""The same where a tone has filled the measurement, corrected for how far its frequencies are off."""

FAINTEST: Final = float(peak_of(-30.0)) ** 2 / 2
"""The power of each tone below which it is none; those of -25 dBm0 must be found."""

STEEPEST: Final = 10 ** (7 / 10)
"""The high tone over the low one: at least up to 4 dB must be taken."""

FLATTEST: Final = 10 ** (-12 / 10)
"""The same downwards: 8 dB."""

TOLERANCE: Final = 0.024
"""Between 1.5 % and 2 Hz, which must be taken, and 3.5 %, which must not."""

LONGEST_DOUBT: Final = 20
"""Hits in a row that are no key: the next ones may be, by themselves."""

LEAD: Final = 90
"""Samples that a tone has sounded at its first hit, on average."""

TRAIL: Final = 26
"""Samples of silence that the last hit has seen, on average."""

_LOW: Final = (697, 770, 852, 941)
_HIGH: Final = (1209, 1336, 1477, 1633)
_FREQUENCIES: Final = np.array(_LOW + _HIGH, dtype=np.float64)
_KEY_AT: Final = {(_LOW.index(low), _HIGH.index(high)): key for key, (low, high) in DTMF_HZ.items()}
_CYCLE: Final = RATE_HZ // HOP
"""Hops after which all phases are where they were: the frequencies are whole numbers of hertz."""

_KERNEL: Final = np.exp(-2j * np.pi / RATE_HZ * np.outer(np.arange(HOP), _FREQUENCIES)).astype(np.complex64)
_TURNS: Final = np.exp(
    -2j * np.pi / RATE_HZ * HOP * np.outer(np.arange(2 * _CYCLE + 1), _FREQUENCIES)
).astype(np.complex64)
_NORM: Final = 2.0 / (HOP * HOPS) ** 2
_HZ_PER_RADIAN: Final = RATE_HZ / HOP / (2 * np.pi)

Complex = npt.NDArray[np.complex64]
Real = npt.NDArray[np.float32]
Powers = tuple[float, float, float]
"""Of the low tone, of the high one, and of all that sounds."""


@dataclass(frozen=True, slots=True)
class Tone:
    """A key, as far as it has been heard."""

    key: str
    begin: int
    """Samples since the detector began, those that were missing among them."""
    end: int | None
    """None: it sounds still."""


class ToneDetector:
    """Of one stream of samples. `feed` takes them as they come, in pieces of any length."""

    __slots__ = (
        "_ends", "_hits", "_hops", "_key", "_misses", "_phases", "_rest", "_tail", "_tail_power", "_tone", "_turn",
    )  # fmt: skip

    def __init__(self) -> None:
        self._rest: Real = np.zeros(0, np.float32)
        self._hops = 0
        """So many have been measured or were missing."""
        self._tail: Complex = np.zeros((HOPS - 1, 8), np.complex64)
        self._tail_power: Real = np.zeros(HOPS - 1, np.float32)
        self._key = ""
        self._hits: list[Powers] = []
        self._misses = 0
        self._turn = (0.0, 0.0)
        self._phases: Complex | None = None
        self._ends = 0
        self._tone: Tone | None = None

    @property
    def tone(self) -> Tone | None:
        """The key that sounds."""
        return self._tone

    @property
    def samples(self) -> int:
        """How many have been fed, those that were missing among them."""
        return self._hops * HOP + self._rest.size

    def skip(self, samples: int) -> None:
        """So many are missing: a tone that sounds before and after has sounded meanwhile."""
        self._hops += max(0, round((samples + self._rest.size) / HOP))
        self._rest = self._rest[:0]

    def give_up(self) -> Tone:
        """The samples have stopped: the end of the tone that sounds."""
        tone = self._tone
        if tone is None:
            raise ValueError("no tone sounds")
        self._tone, self._hits, self._key = None, [], ""
        return self._ended(tone)

    def feed(self, samples: Samples) -> list[Tone]:
        """What has begun and what has ended with these samples, in order."""
        if samples.size > RATE_HZ:
            return [*self.feed(samples[:RATE_HZ]), *self.feed(samples[RATE_HZ:])]
        signal = np.concatenate((self._rest, samples.astype(np.float32)))
        count = signal.size // HOP
        if count == 0:
            self._rest = signal
            return []
        blocks = signal[: count * HOP].reshape(count, HOP)
        self._rest = signal[count * HOP :]
        power = np.concatenate((self._tail_power, np.einsum("ij,ij->i", blocks, blocks)))
        turned = (blocks @ _KERNEL) * _TURNS[self._hops % _CYCLE :][:count]
        parts = np.concatenate((self._tail, turned))
        self._tail, self._tail_power = parts[-(HOPS - 1) :], power[-(HOPS - 1) :]
        before = self._hops
        self._hops += count
        total = (power[:-2] + power[1:-1] + power[2:]) / (HOP * HOPS)
        if self._tone is None and not self._hits and float(total.max()) < 2 * FAINTEST:
            return []
        windows = parts[:-2] + parts[1:-1] + parts[2:]
        levels = _NORM * (windows.real**2 + windows.imag**2)
        return self._judge(windows, levels, total, before)

    def _judge(self, windows: Complex, levels: Real, total: Real, before: int) -> list[Tone]:
        lows, highs = levels[:, :4].argmax(1).tolist(), levels[:, 4:].argmax(1).tolist()
        low, high = levels[:, :4].max(1), levels[:, 4:].max(1)
        hits = (
            (low + high > SHARE * total)
            & (low > FAINTEST)
            & (high > FAINTEST)
            & (high < STEEPEST * low)
            & (high > FLATTEST * low)
        )
        told: list[Tone] = []
        if self._tone is None and not self._hits and not hits.any():
            return told
        for index, hit in enumerate(hits.tolist()):
            at = (before + index + 1) * HOP
            if hit:
                place = lows[index], highs[index]
                phases = windows[index, [place[0], 4 + place[1]]]
                powers = float(low[index]), float(high[index]), float(total[index])
                self._hit(place, phases, powers, at, told)
            else:
                self._miss(told)
        return told

    def _hit(
        self, place: tuple[int, int], phases: Complex, powers: Powers, at: int, told: list[Tone]
    ) -> None:
        key = _KEY_AT[place]
        if self._tone is not None:
            if key == self._tone.key:
                self._misses, self._ends = 0, at
                return
            self._miss(told)  # and perhaps the first of another one
        if key != self._key or self._phases is None:
            self._key, self._hits, self._turn = key, [], (0.0, 0.0)
        else:
            steps = np.angle(phases * self._phases.conj()) * _HZ_PER_RADIAN
            self._turn = self._turn[0] + float(steps[0]), self._turn[1] + float(steps[1])
        self._hits.append(powers)
        self._phases = phases
        if self._tone is None and self._is_key(place):
            self._tone = Tone(key, max(0, at - (len(self._hits) - 1) * HOP - LEAD), None)
            self._hits = []
            self._misses, self._ends = 0, at
            told.append(self._tone)
        elif len(self._hits) >= LONGEST_DOUBT:
            self._hits, self._key = [], ""

    def _is_key(self, place: tuple[int, int]) -> bool:
        """Whether the hits of this run are those of a tone that is long enough, pure and in tune."""
        hits = self._hits
        if len(hits) < ENOUGH:
            return False
        limit = FILLED * max(low + high for low, high, _ in hits)
        full = [hit for hit in hits if hit[0] + hit[1] >= limit]
        off = [
            turn / (len(hits) - 1) for turn in self._turn
        ]  # in hertz, by how far the phases have gone astray
        if abs(off[0]) > TOLERANCE * _LOW[place[0]] or abs(off[1]) > TOLERANCE * _HIGH[place[1]]:
            return False
        low, high, total = (sum(powers) for powers in zip(*full, strict=True))
        pure = low / _seen(off[0]) + high / _seen(off[1])
        return len(full) >= FULL and pure > PURITY * total

    def _miss(self, told: list[Tone]) -> None:
        self._hits, self._key = [], ""
        if self._tone is None:
            return
        self._misses += 1
        if self._misses >= OVER:
            told.append(self._ended(self._tone))
            self._tone = None

    def _ended(self, tone: Tone) -> Tone:
        return Tone(tone.key, tone.begin, max(tone.begin + HOP, self._ends - TRAIL))


def _seen(off_hz: float) -> float:
    """How much of the power of a tone is seen that is so far off."""
    return float(np.sinc(off_hz * HOP * HOPS / RATE_HZ)) ** 2
