"""Tones put in, tones looked for: what a recording holds is judged by its spectrum."""

import wave
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from mediation_codecs.pcm import RATE_HZ
from mediation_codecs.tones import sine

LEVEL_DBM0: Final = -10.0
WIDTH_HZ: Final = 15.0


def write_tone(path: Path, frequency_hz: float, seconds: float) -> None:
    """Write a WAV file of one tone, 8000 samples a second, 16 bits."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(sine(frequency_hz, LEVEL_DBM0, seconds).astype("<i2").tobytes())


def read_wave(path: Path) -> tuple[npt.NDArray[np.float64], int]:
    """Return the first channel of a 16-bit WAV file, and its rate.

    The length in its head is not asked for: a recorder that was stopped may never have filled it in.
    """
    octets = path.read_bytes()
    with wave.open(str(path), "rb") as file:
        channels, rate = file.getnchannels(), file.getframerate()
    data = octets.index(b"data") + 8
    samples = np.frombuffer(octets[data : data + (len(octets) - data) // 2 * 2], "<i2")
    return samples[::channels].astype(np.float64), rate


def share(samples: npt.NDArray[np.float64], rate: int, frequency_hz: float) -> float:
    """Return how much of the power lies at one frequency: nearly 1 for that tone, nearly 0 for another."""
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1 / rate)
    total = float(power[frequencies > 50].sum())
    near = float(power[np.abs(frequencies - frequency_hz) < WIDTH_HZ].sum())
    return near / total if total > 0 else 0.0


def loudest(samples: npt.NDArray[np.float64], seconds: float, rate: int) -> npt.NDArray[np.float64]:
    """Return the piece of this length with the most power: a conversation without the silence round it."""
    length = round(seconds * rate)
    assert len(samples) >= length, f"only {len(samples) / rate:.2f} s of audio"
    sums = np.concatenate(([0.0], np.cumsum(samples**2)))
    start = int(np.argmax(sums[length:] - sums[:-length]))
    return samples[start : start + length]
