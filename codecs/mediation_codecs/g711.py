"""ITU-T G.711: A-law and µ-law, and the direct conversion between them.

Octets are as RTP carries them (RFC 3551 section 4.5.14): A-law with its even bits inverted, µ-law with all
of them. Linear samples are int16: A-law's 13-bit numbers times 8, µ-law's 14-bit ones times 4.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from mediation_codecs.law import Law

Samples = npt.NDArray[np.int16]
"""Linear PCM, 8,000 samples a second."""


def decode(law: Law, octets: bytes) -> Samples:
    """Linear samples for a payload, one for each octet."""
    return DECODE[law][np.frombuffer(octets, np.uint8)]


def encode(law: Law, samples: Samples) -> bytes:
    """The payload for linear samples, by the decision values of the Recommendation (tables 1a to 2b).

    A sample equal to a decision value takes the larger code; negative samples mirror the positive ones; what
    is above the last decision value takes the last code. Raises TypeError for anything but int16: a wrapped
    sample is a loud click, so the caller has to choose how it clips.
    """
    if samples.dtype != np.int16:
        raise TypeError(f"linear samples are int16, not {samples.dtype}")
    return _ENCODE[law][samples.view(np.uint16)].tobytes()


# Tables 3 and 4 of G.711, in the Recommendation's own terms: "decoder output value numbers", counted from the
# smallest value on, for one polarity; the other polarity is the same. The index is the source's number.
# Decoding and encoding again is not this conversion: the nearest level is another one for many octets.
#
# deviates: a note of 1988 to both tables makes A-81 of µ-80 and µ-79 of A-80, so that A-µ-A keeps 7 bits;
# nothing here relies on them. The two values numbered 80 are nearest to each other and stay so.

_MU_TO_A: Final = (  # table 3: µ-law numbers 0 to 127 → A-law numbers 1 to 128
    1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8,
    9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
    25, 27, 29, 31, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44,
    46, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62,
    64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79,
    80, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95, 96,
    97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112,
    113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127, 128,
)  # fmt: skip
_A_TO_MU: Final = (  # table 4: A-law numbers 1 to 128 → µ-law numbers 0 to 127
    1, 3, 5, 7, 9, 11, 13, 15, 16, 17, 18, 19, 20, 21, 22, 23,
    24, 25, 26, 27, 28, 29, 30, 31, 32, 32, 33, 33, 34, 34, 35, 35,
    36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 48, 49, 49,
    50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 64,
    65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80,
    80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95,
    96, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111,
    112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127,
)  # fmt: skip

_POSITIVE: Final = 0x80
_NUMBERS: Final = range(128)  # 16 * segment + step, counted from 0 in both laws


def _a_octet(number: int) -> int:
    """The octet of a positive A-law value, numbered from 0; even bits are inverted on the line."""
    return (_POSITIVE | number) ^ 0x55


def _mu_octet(number: int) -> int:
    """The octet of a positive µ-law value, numbered from 0; all magnitude bits are inverted."""
    return _POSITIVE | (number ^ 0x7F)


def _a_value(number: int) -> int:
    """The decoder's output, scale 4,096 (table 1a, column 8): two linear segments, then six that double."""
    segment, step = divmod(number, 16)
    return 2 * step + 1 if segment == 0 else (2 * step + 33) << (segment - 1)


def _a_decision(number: int) -> int:
    """The smallest magnitude that takes this number, scale 4,096 (table 1a, column 5)."""
    segment, step = divmod(number, 16)
    return 2 * step if segment == 0 else (step + 16) << segment


def _mu_value(number: int) -> int:
    """The decoder's output, scale 8,159 (table 2a, column 8)."""
    segment, step = divmod(number, 16)
    return ((2 * step + 33) << segment) - 33


def _mu_decision(number: int) -> int:
    """The smallest magnitude that takes this number, scale 8,159 (table 2a, column 5)."""
    segment, step = divmod(number, 16)
    return max(0, ((step + 16) << (segment + 1)) - 33)


def _decode_table(octets: list[int], magnitudes: list[int]) -> Samples:
    """Linear value by octet; the octet without the sign bit is the negative twin."""
    table = np.zeros(256, np.int16)
    for octet, magnitude in zip(octets, magnitudes, strict=True):
        table[octet] = magnitude
        table[octet ^ _POSITIVE] = -magnitude
    table.flags.writeable = False
    return table


def _encode_table(octets: list[int], decisions: list[int]) -> npt.NDArray[np.uint8]:
    """Octet by linear value, whose two's complement read as an unsigned number is the index."""
    linear = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    numbers = np.searchsorted(np.array(decisions), np.abs(linear), side="right") - 1
    table = np.array(octets, np.uint8)[numbers]
    table[linear < 0] ^= _POSITIVE
    table.flags.writeable = False
    return table


def _direct_table(conversion: tuple[int, ...], source: list[int], sink: list[int]) -> bytes:
    """Sink octet by source octet, both polarities."""
    table = bytearray(256)
    for number, target in enumerate(conversion):
        table[source[number]] = sink[target]
        table[source[number] ^ _POSITIVE] = sink[target] ^ _POSITIVE
    return bytes(table)


_A_OCTETS: Final = [_a_octet(number) for number in _NUMBERS]
_MU_OCTETS: Final = [_mu_octet(number) for number in _NUMBERS]

DECODE: Final[dict[Law, Samples]] = {
    Law.PCMA: _decode_table(_A_OCTETS, [8 * _a_value(number) for number in _NUMBERS]),
    Law.PCMU: _decode_table(_MU_OCTETS, [4 * _mu_value(number) for number in _NUMBERS]),
}
"""256 linear values for each law, by octet. Read only."""

_ENCODE: Final = {
    Law.PCMA: _encode_table(_A_OCTETS, [8 * _a_decision(number) for number in _NUMBERS]),
    Law.PCMU: _encode_table(_MU_OCTETS, [4 * _mu_decision(number) for number in _NUMBERS]),
}

DIRECT: Final[dict[tuple[Law, Law], bytes]] = {
    (Law.PCMU, Law.PCMA): _direct_table(tuple(number - 1 for number in _MU_TO_A), _MU_OCTETS, _A_OCTETS),
    (Law.PCMA, Law.PCMU): _direct_table(_A_TO_MU, _A_OCTETS, _MU_OCTETS),
}
"""Tables 3 and 4 as octet to octet, (source, sink): the argument of `bytes.translate`."""
