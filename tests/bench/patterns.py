"""What is said on each stream: no two streams say the same, and each packet tells its stream and its number.

A frame of 160 octets is two for the number, two for the stream, and 156 out of a long noise, from a place that
follows from both. Stream and number are spelt in codes that both laws' tables keep apart, so that they can be
read behind a transcoder; what each of the 160 octets must be follows from them.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from mediation_codecs.g711 import DIRECT
from mediation_codecs.law import Law

Octets = NDArray[np.uint8]
Numbers = NDArray[np.int64]

FRAME: Final = 160
DIGITS: Final = 128
"""A number has two digits of this base, so numbers come again after 16,384 packets: 327 s."""
NUMBERS: Final = DIGITS * DIGITS

_NOISE: Final = 1 << 16
_LABEL: Final = 4

Pair = tuple[Law, Law]
PAIRS: Final[tuple[Pair, ...]] = tuple((source, sink) for source in Law for sink in Law)
"""A stream's kind is an index of this: the law that is said and the law that must be heard."""


def tables_of_the_itu() -> list[bytes]:
    """What our own transcoder makes of each code, for each kind."""
    return [bytes(range(256)) if source is sink else DIRECT[source, sink] for source, sink in PAIRS]


def _digits(tables: Octets) -> Octets:
    """128 codes that no table sends to the same code."""
    digits: list[int] = []
    taken: list[set[int]] = [set() for _ in tables]
    for code in range(256):
        heard = [int(table[code]) for table in tables]
        if len(digits) < DIGITS and all(one not in before for one, before in zip(heard, taken, strict=True)):
            digits.append(code)
            for one, before in zip(heard, taken, strict=True):
                before.add(one)
    return np.array(digits, np.uint8)


class Patterns:
    """Frames of many streams at a time. `kinds` has the kind of each stream, `by_kind` what each makes of a code."""

    def __init__(self, kinds: Numbers, by_kind: Sequence[bytes]) -> None:
        self._kinds = kinds
        tables = np.array([list(table) for table in by_kind], np.uint8)
        self._digits = _digits(tables)
        self._heard_digits = tables[:, self._digits]
        self._values = np.full((len(tables), 256), -1, np.int64)
        for kind, heard in enumerate(self._heard_digits):
            self._values[kind, heard] = np.arange(DIGITS)
        noise = np.random.default_rng(711).integers(0, 256, _NOISE + FRAME, np.uint8)
        self._said = sliding_window_view(noise, FRAME - _LABEL)
        self._heard = sliding_window_view(tables[:, noise], FRAME - _LABEL, axis=1)

    def said(self, streams: Numbers, numbers: Numbers) -> Octets:
        """One row for each packet."""
        rows = np.empty((len(streams), FRAME), np.uint8)
        for column, digit in enumerate(_label(streams, numbers)):
            rows[:, column] = self._digits[digit]
        rows[:, _LABEL:] = self._said[_places(streams, numbers)]
        return rows

    def numbers(self, streams: Numbers, rows: Octets) -> Numbers:
        """Which number each of these payloads has; negative: none that was ever said."""
        kinds = self._kinds[streams]
        high, low = self._values[kinds, rows[:, 0]], self._values[kinds, rows[:, 1]]
        return np.where((high < 0) | (low < 0), -1, high * DIGITS + low)

    def right(self, streams: Numbers, numbers: Numbers, rows: Octets) -> NDArray[np.bool_]:
        """Whether every octet of a payload is the one that its stream must have at that number."""
        kinds = self._kinds[streams]
        wanted = np.empty((len(streams), FRAME), np.uint8)
        for column, digit in enumerate(_label(streams, numbers)):
            wanted[:, column] = self._heard_digits[kinds, digit]
        wanted[:, _LABEL:] = self._heard[kinds, _places(streams, numbers)]
        same: NDArray[np.bool_] = (wanted == rows).all(axis=1)
        return same


def _label(streams: Numbers, numbers: Numbers) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    named = numbers % NUMBERS
    return named // DIGITS, named % DIGITS, streams // DIGITS % DIGITS, streams % DIGITS


def _places(streams: Numbers, numbers: Numbers) -> Numbers:
    return (streams * 7919 + numbers % NUMBERS * 613) % _NOISE
