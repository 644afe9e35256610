"""Test audio that sounds like somebody humming sentences, and whose every packet tells whose it is.

Deterministic: the name of the call and the direction choose the voice, its melody and its noise. Whoever
knows the names can make the same octets again, and find any 20 ms of them anywhere.
"""

import hashlib
import io
import wave
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from mediation_codecs.g711 import Samples, encode
from mediation_codecs.law import Law
from mediation_codecs.pcm import RATE_HZ, clipped, level_dbm0, peak_of

LEVEL_DBM0: Final = -18.0
"""Mean power of the whole signal, pauses included: a talker on a telephone."""
BAND_HZ: Final = (300.0, 3400.0)
"""The telephone band; 10 % beyond it nothing is left."""

_PITCH_HZ: Final = {"caller": 110.0, "callee": 196.0}
"""The lowest note by direction: a deep and a high voice, so that the ear knows who speaks."""
_MELODY: Final = (0, 2, 4, 7, 9)  # semitones of a pentatonic scale: no two of them sound wrong together
_VOWELS_HZ: Final = (
    (310, 2200, 2900),
    (480, 1900, 2550),
    (720, 1250, 2500),
    (520, 950, 2450),
    (340, 800, 2300),
)
_FORMANT_GAIN: Final = (1.0, 0.7, 0.35)
_FORMANT_WIDTH_HZ: Final = (90.0, 130.0, 190.0)
_CONTROL_RATE_HZ: Final = 500
"""How often the loudness of a harmonic is computed; between, it is drawn as a line."""
_ROOM_DBM0: Final = -48.0
"""The noise under everything, loud enough that no two packets of a pause are alike."""

Signal = npt.NDArray[np.float64]


def speech(call: str, direction: str, law: Law, seconds: float) -> bytes:
    """So many seconds of this call's voice in this direction, 8,000 octets each.

    The same names, law and length give the same octets; other names give others in every packet of 20 ms. A
    longer signal of the same names is another one.
    """
    seed = hashlib.sha256(f"{call}\0{direction}".encode()).digest()
    chance = np.random.default_rng(np.frombuffer(seed, np.uint32))
    count = round(seconds * RATE_HZ)
    if count == 0:
        return b""
    pitch_hz = _PITCH_HZ.get(direction, 150.0)
    voiced, hissing = _voice(chance, count, pitch_hz)
    room = chance.standard_normal(count)
    signal = _band(voiced + _hiss(chance, hissing))
    signal *= peak_of(LEVEL_DBM0) / max(_peak(signal), 1e-9)
    signal += _band(room) * peak_of(_ROOM_DBM0) / max(_peak(room), 1e-9)
    return encode(law, clipped(signal))


def wav(*channels: Samples) -> bytes:
    """One channel or two as a WAV file, 16 bits at 8 kHz; the shorter one is filled up with silence."""
    frames = np.zeros((max(len(samples) for samples in channels), len(channels)), "<i2")
    for index, samples in enumerate(channels):
        frames[: len(samples), index] = samples
    target = io.BytesIO()
    with wave.open(target, "wb") as out:
        out.setnchannels(len(channels))
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        out.writeframes(frames.tobytes())
    return target.getvalue()


def write_wav(path: Path, *channels: Samples) -> None:
    """The same, into a file: left is what the first party said, right what the second did."""
    path.write_bytes(wav(*channels))


def is_silent(samples: Samples, below_dbm0: float = -45.0) -> bool:
    """Nobody speaks: no samples, or nothing louder than a quiet line."""
    return level_dbm0(samples) < below_dbm0


def _voice(chance: np.random.Generator, count: int, pitch_hz: float) -> tuple[Signal, Signal]:
    """The voiced part, and the loudness of the hissing part, syllable by syllable."""
    step = RATE_HZ // _CONTROL_RATE_HZ
    times = np.arange(0, count + step, step) / RATE_HZ
    loudness, hiss = np.zeros_like(times), np.zeros_like(times)
    centres: list[float] = []
    notes: list[float] = []
    vowels: list[tuple[int, int, int]] = []
    begin, left_in_phrase = 0.0, int(chance.integers(4, 8))
    while begin < times[-1]:
        length = float(chance.uniform(0.15, 0.29))
        stress = float(chance.uniform(0.55, 1.0))
        loudness += stress * _bump(times, begin + 0.03, length)
        if chance.random() < 0.6:
            hiss += 0.35 * stress * _bump(times, begin - 0.015, float(chance.uniform(0.05, 0.09)))
        centres.append(begin + length / 2)
        notes.append(float(chance.choice(_MELODY)) - (4.0 if left_in_phrase == 1 else 0.0))
        vowels.append(_VOWELS_HZ[int(chance.integers(len(_VOWELS_HZ)))])
        begin += length
        left_in_phrase -= 1
        if left_in_phrase == 0:  # a breath
            begin += float(chance.uniform(0.18, 0.32))
            left_in_phrase = int(chance.integers(4, 8))
    semitones = np.interp(times, centres, notes) + 0.25 * np.sin(2 * np.pi * 5.1 * times)
    pitch = pitch_hz * 2.0 ** (semitones / 12)
    formants = [np.interp(times, centres, [vowel[index] for vowel in vowels]) for index in range(3)]
    samples = np.arange(count) / RATE_HZ
    phase = 2 * np.pi * np.cumsum(np.interp(samples, times, pitch)) / RATE_HZ
    signal = np.zeros(count)
    for harmonic in range(1, int(BAND_HZ[1] / (pitch_hz * 0.7)) + 1):
        frequency = harmonic * pitch
        heard = (frequency > BAND_HZ[0]) & (frequency < BAND_HZ[1])
        if heard.any():
            strength = loudness * heard * _resonance(frequency, formants)
            signal += np.interp(samples, times, strength) * np.sin(harmonic * phase)
    return signal, np.interp(samples, times, hiss)


def _resonance(frequency: Signal, formants: list[Signal]) -> Signal:
    """How loud the mouth makes this frequency."""
    gain = np.full_like(frequency, 0.02)
    for centre, width, strength in zip(formants, _FORMANT_WIDTH_HZ, _FORMANT_GAIN, strict=True):
        gain += strength / (1.0 + ((frequency - centre) / width) ** 2)
    return gain


def _bump(times: Signal, begin: float, length: float) -> Signal:
    """A syllable: up within its first third, down within the rest, smooth at both ends."""
    place = np.clip((times - begin) / length, 0.0, 1.0)
    return np.sin(np.pi * place**0.7) ** 2


def _hiss(chance: np.random.Generator, loudness: Signal) -> Signal:
    noise = chance.standard_normal(loudness.size)
    return loudness * _band(noise, 1800.0)


def _band(signal: Signal, low_hz: float = BAND_HZ[0]) -> Signal:
    """What of it lies in the band, with edges a tenth wide."""
    spectrum = np.fft.rfft(signal)
    frequencies = np.fft.rfftfreq(signal.size, 1 / RATE_HZ)
    rise = np.clip((frequencies - 0.9 * low_hz) / (0.1 * low_hz), 0.0, 1.0)
    fall = np.clip((1.1 * BAND_HZ[1] - frequencies) / (0.1 * BAND_HZ[1]), 0.0, 1.0)
    return np.fft.irfft(spectrum * rise * fall, signal.size)


def _peak(signal: Signal) -> float:
    """The peak of a sine of equal power."""
    return float(np.sqrt(2 * np.mean(signal * signal)))
