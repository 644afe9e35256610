"""Hears that a fax or a modem answers: 2100 Hz (ITU-T V.25, CED and ANSam), which lasts for seconds.

Twice a second 10 ms are looked at, so that it costs next to nothing; two that are nearly nothing but this tone are no
voice. Packets that take the shortest road do not come by here, but for those that are held to the `ear` once a second:
that is enough as well. From then on nothing may be made up in this direction: repeated samples and noise are data to a
modem (ITU-T V.152).
"""

from typing import Final

import numpy as np

from mediation.media.clock import UNITS_PER_MS
from mediation_codecs.g711 import decode
from mediation_codecs.law import Law
from mediation_codecs.pcm import RATE_HZ

ANSWER_HZ: Final = 2100.0

EVERY: Final = 400 * UNITS_PER_MS
"""From one look to the next, at least: shorter signals are none."""
LOOK: Final = RATE_HZ // 100
"""Samples that are looked at: few, for the tone may be 15 Hz beside its place."""
ENOUGH: Final = 2
"""Looks. The tone turns its phase every 450 ms, and so may be missed now and then."""
PURE: Final = 0.8
"""The least share of all power."""
LOUD: Final = 100.0
"""A sine of this peak is heard: -47 dBm0, softer than any answer (V.25)."""


class ModemEar:
    """At the audio of one direction. Times are of the media clock."""

    __slots__ = ("_heard", "_next", "is_sure")

    def __init__(self) -> None:
        self._next = self._heard = 0
        self.is_sure = False
        """Whether it is a fax or a modem that is heard."""

    def hear(self, law: Law, payload: bytes, now: int) -> None:
        """A packet of audio."""
        if now < self._next or self.is_sure:
            return
        self._next = now + EVERY
        self._heard = self._heard + 1 if is_answer(law, payload) else max(0, self._heard - 1)
        self.is_sure = self._heard >= ENOUGH


def is_answer(law: Law, payload: bytes) -> bool:
    """Whether it is nearly nothing but 2100 Hz."""
    if len(payload) < LOOK:
        return False
    samples = decode(law, payload[:LOOK]).astype(np.float64)
    power = float(samples @ samples)
    return power > LOUD * LOUD / 2 * LOOK and float(2 * np.abs(samples @ _TURNS) ** 2 / LOOK) > PURE * power


_TURNS: Final = np.exp(-2j * np.pi * ANSWER_HZ / RATE_HZ * np.arange(LOOK))
