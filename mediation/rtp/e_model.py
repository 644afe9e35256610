"""How a call sounds, estimated from loss and delay: the E-model (ITU-T G.107).

Of its inputs we can measure two, the packets that are lost and how long the others take. All others have the default
values of table 3 of the Recommendation: handsets, rooms, and echo (TELR 65 dB), which is heard the more the later it
comes. Undisturbed, that is an R of 93.2. What a codec does to speech, and how well it takes loss, are figures of
ITU-T G.113 appendix I.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Codec:
    """What a codec does to the estimate."""

    impairment: float
    """Ie: what it takes away by itself."""
    robustness: float
    """Bpl: how much random loss it bears, in percent at which half of what is left is gone."""


CODECS: Final[Mapping[str, Codec]] = MappingProxyType(
    {
        "PCMU": Codec(0, 25.1),
        "PCMA": Codec(0, 25.1),
        "G722": Codec(0, 25.1),
        "opus": Codec(0, 25.1),
    }
)
"""By encoding name, with loss concealment in the phone, as next to all have it (ITU-T G.113 table I.4).

The scale ends at what G.711 can, so that wide codecs take nothing away on it. How well they bear loss the ITU does not
say in this scale: they are taken to bear it as well as G.711 does, and in truth Opus bears more.
"""

WITHOUT_CONCEALMENT: Final = Codec(0, 4.3)
"""G.711 in a phone that plays silence for what is lost (the same table)."""

WORST_R: Final = 0.0
BEST_R: Final = 100.0
WORST_MOS: Final = 1.0
BEST_MOS: Final = 4.5


def r_factor(codec: Codec, *, loss: float = 0.0, burst_ratio: float = 1.0, delay_ms: float = 0.0) -> float:
    """The transmission rating R, held between 0 and 100 (clause 7.1). Raises ValueError where `loss` is no share.

    `loss` is the share of packets that are lost, 0 to 1. `burst_ratio` is how long the runs of lost packets are by how
    long they would be by chance: below 1 is 1. `delay_ms` is from mouth to ear, one way.
    """
    if not 0 <= loss <= 1:
        raise ValueError(f"{loss} is no share of packets")
    rating = _undisturbed(round(max(0.0, delay_ms), 1)) - equipment_impairment(codec, loss, burst_ratio)
    return min(max(rating, WORST_R), BEST_R)


def mos(rating: float) -> float:
    """The mean opinion score that goes with an R, 1 to 4.5 (annex B).

    The polynomial of the annex dips below 1 where R is below 6.5, which no opinion can.
    """
    if rating <= WORST_R:
        return WORST_MOS
    if rating >= BEST_R:
        return BEST_MOS
    return max(WORST_MOS, 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6)


def equipment_impairment(codec: Codec, loss: float, burst_ratio: float = 1.0) -> float:
    """Ie-eff: what the codec takes away while packets are lost (clause 7.5)."""
    percent = 100 * loss
    return codec.impairment + (95 - codec.impairment) * percent / (
        percent / max(1.0, burst_ratio) + codec.robustness
    )


def delay_impairment(delay_ms: float) -> float:
    """Idd: what delay takes away by itself, without any echo (clause 7.4)."""
    if delay_ms <= 100:
        return 0.0
    x = math.log2(delay_ms / 100)
    return 25 * (math.pow(1 + x**6, 1 / 6) - 3 * math.pow(1 + (x / 3) ** 6, 1 / 6) + 2)


# The default values of table 3.
_SLR, _RLR = 8.0, 2.0  # loudness of sending and receiving, dB
_STMR = 15.0  # how loud one hears oneself, dB
_DS = _DR = 3.0  # how well the handset keeps the room out, dB
_TELR = 65.0  # how far the talker's echo is below the talker, dB
_WEPL = 110.0  # loss of the loop that a listener's echo takes, dB
_QDU = 1.0  # steps of quantizing
_PS = _PR = 35.0  # noise in both rooms, dB(A)
_NC, _NFOR = -70.0, -64.0  # noise of circuits, and the floor, dBm0p


def _noise() -> float:
    """No: all noise, as if it came in at the place of reference (clause 7.2)."""
    olr = _SLR + _RLR
    sender = _PS - _SLR - _DS - 100 + 0.004 * (_PS - olr - _DS - 14) ** 2
    room = _PR + 10 * math.log10(1 + math.pow(10, (10 - _STMR - _DR) / 10))
    receiver = _RLR - 121 + room + 0.008 * (room - 35) ** 2
    floor = _NFOR + _RLR
    return 10 * math.log10(sum(math.pow(10, level / 10) for level in (_NC, sender, receiver, floor)))


_NO: Final = _noise()
_RO: Final = 15 - 1.5 * (_SLR + _NO)
"""Signal to noise (clause 7.2)."""


def _loudness() -> float:
    """Iolr: too loud (clause 7.3.1)."""
    x = _SLR + _RLR + 0.2 * (64 + _NO - _RLR)
    return 20 * (math.pow(1 + (x / 8) ** 8, 1 / 8) - x / 8)


def _quantizing() -> float:
    """Iq: the noise of quantizing (clause 7.3.3)."""
    q = 37 - 15 * math.log10(_QDU)
    g = 1.07 + 0.258 * q + 0.0602 * q * q
    y = (_RO - 100) / 15 + 46 / 8.4 - g / 9
    z = 46 / 30 - g / 40
    return 15 * math.log10(1 + math.pow(10, y) + math.pow(10, z))


_SIMULTANEOUS: Final = _loudness() + _quantizing()
"""What Is has beside sidetone, which an early echo is part of."""


@lru_cache(maxsize=1024)
def _undisturbed(delay_ms: float) -> float:
    """R without any loss: Ro - Is - Id (clause 7.1)."""
    impairments = _SIMULTANEOUS + _sidetone(delay_ms) + _echoes(delay_ms) + delay_impairment(delay_ms)
    return _RO - impairments


def _sidetone(delay_ms: float) -> float:
    """Ist: hearing oneself too loud or too soft (clause 7.3.2)."""
    stmr = -10 * math.log10(math.pow(10, -_STMR / 10) + math.exp(-delay_ms / 4) * math.pow(10, -_TELR / 10))
    return (
        12 * math.pow(1 + ((stmr - 13) / 6) ** 8, 1 / 8)
        - 28 * math.pow(1 + ((stmr + 1) / 19.4) ** 35, 1 / 35)
        - 13 * math.pow(1 + ((stmr - 3) / 33) ** 13, 1 / 13)
        + 29
    )


def _echoes(delay_ms: float) -> float:
    """Idte and Idle: the echoes that talker and listener hear (clause 7.4). A round trip is twice the delay."""
    listener = 10.5 * (_WEPL + 7) * math.pow(2 * delay_ms + 1, -0.25)
    of_listener = (_RO - listener) / 2 + math.sqrt((_RO - listener) ** 2 / 4 + 169)
    if delay_ms < 1:  # an echo so early is sidetone
        return of_listener
    loudness = (
        _TELR - 40 * math.log10((1 + delay_ms / 10) / (1 + delay_ms / 150)) + 6 * math.exp(-0.3 * delay_ms**2)
    )
    apart = -1.5 * (_NO - _RLR) - (80 + 2.5 * (loudness - 14))
    of_talker = (apart / 2 + math.sqrt(apart**2 / 4 + 100) - 1) * (1 - math.exp(-delay_ms))
    return of_listener + of_talker
