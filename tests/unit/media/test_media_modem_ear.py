"""What is taken for the answer of a fax or a modem, and what never is."""

import numpy as np
import pytest

from mediation.media.modem_ear import EVERY, ModemEar, is_answer
from mediation_codecs.g711 import Samples, encode
from mediation_codecs.law import Law
from mediation_codecs.pcm import RATE_HZ, clipped
from mediation_codecs.tones import dtmf, mixed, sine

LAWS = pytest.mark.parametrize("law", list(Law))


def ansam(seconds: float) -> Samples:
    """2100 Hz that swells by a fifth 15 times a second and turns its phase every 450 ms (ITU-T V.8)."""
    at = np.arange(round(seconds * RATE_HZ))
    turned = 1 - 2 * (at // 3600 % 2)
    swell = 1 + 0.2 * np.sin(2 * np.pi * 15 * at / RATE_HZ)
    return clipped(8000 * turned * swell * np.sin(2 * np.pi * 2100 * at / RATE_HZ))


def heard(law: Law, sound: Samples, octets: int = 160) -> bool:
    ear = ModemEar()
    payload = encode(law, sound)
    for at in range(0, len(payload) - octets + 1, octets):
        ear.hear(law, payload[at : at + octets], 8_000_000 + at)
    return ear.is_sure


@LAWS
@pytest.mark.parametrize("octets", [80, 160, 240, 480])
@pytest.mark.parametrize(
    "answer", [sine(2100, -12, 2.6), sine(2085, -31, 2.6), ansam(3.0)], ids=["CED", "soft", "ANSam"]
)
def test_an_answer_is_known_before_it_ends__v25(law: Law, octets: int, answer: Samples) -> None:
    assert not heard(law, answer[:EVERY], octets)
    assert heard(law, answer[:RATE_HZ], octets)


@LAWS
@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(80_000, np.int16),
        sine(2000, -12, 10),
        sine(1020, -12, 10),
        mixed((440, 480), -19, 10),
        mixed((2100, 700), -15, 10),
        np.tile(dtmf("9", 0.1), 60),
        sine(2100, -12, 0.35),
        clipped(np.random.default_rng(1).normal(0, 3000, 80_000)),
    ],
    ids=["silence", "near", "reference", "ringing", "two", "keys", "short", "noise"],
)
def test_nothing_else_is(law: Law, sound: Samples) -> None:
    assert not heard(law, sound)


@LAWS
def test_packets_of_any_length_are_looked_at(law: Law) -> None:
    assert not is_answer(law, b"")
    assert not is_answer(law, b"\x00")
