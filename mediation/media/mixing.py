"""Two streams of audio side by side in time: a caller's on the left, a callee's on the right.

A packet's place is told by its timestamp, counted from where its stream was anchored: there by its arrival. So jitter
does not move audio, loss leaves silence of the right length, and what came late or twice lies where it belongs. A
stream is anchored anew where its timestamps say nothing of the time any more: another sender, a jump, a clock that
has drifted away. All positions are samples since the recording began, which are units of the media clock.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from mediation_codecs.g711 import decode
from mediation_codecs.law import Law

Stereo = npt.NDArray[np.int16]
"""Samples by two."""

RATE_HZ: Final = 8000

EARLY: Final = 320
"""What comes so long before its place shows that the anchor was late itself: 40 ms."""

LATE: Final = RATE_HZ
"""Nothing is waited for longer. A timestamp that lies further back has jumped."""

DRIFT: Final = 320
WATCHED: Final = 5 * RATE_HZ
"""When the fastest packet of so long a time was later than DRIFT, the clocks have gone apart, or the way is longer."""

CHUNK: Final = RATE_HZ
"""Samples that are given out at a time."""

_ROOM: Final = CHUNK + LATE + EARLY + 4096


class Anchor:
    """Tells the places of one party's packets."""

    __slots__ = ("_fastest", "_offset", "_since", "_ssrc")

    def __init__(self) -> None:
        self._ssrc = -1
        self._offset = 0
        """Place of timestamp 0, as far as this stream goes."""
        self._fastest = 0
        self._since = 0

    def place(self, ssrc: int, timestamp: int, at: int) -> int:
        """Where the packet belongs that came at this position."""
        if ssrc != self._ssrc:
            self._ssrc = ssrc
            return self._drop(timestamp, at)
        late = _signed(at - timestamp - self._offset)
        if not -EARLY <= late <= LATE:
            return self._drop(timestamp, at)
        self._fastest = min(self._fastest, late)
        if at - self._since >= WATCHED:
            if self._fastest > DRIFT:
                return self._drop(timestamp, at)
            self._fastest, self._since = LATE, at
        return at - late

    def _drop(self, timestamp: int, at: int) -> int:
        self._offset = at - timestamp
        self._fastest, self._since = LATE, at
        return at


class Mix:
    """What is not given out yet. Call `passes` before each `hear`."""

    def __init__(self) -> None:
        self._anchors = Anchor(), Anchor()
        self._samples: Stereo = np.zeros((_ROOM, 2), np.int16)
        self._begin = 0
        """The position of the first of them."""
        self._latest = 0
        self.end = 0
        """Where the last of what was heard ends."""

    def hear(self, side: int, law: Law, payload: bytes, ssrc: int, timestamp: int, at: int) -> None:
        """A packet of a party, 0 left or 1 right, that came at this position."""
        place = self._anchors[side].place(ssrc, timestamp, at) - self._begin
        self._latest = max(self._latest, at)
        samples = decode(law, payload)
        if place >= _ROOM:
            return  # nobody has called `passes`
        if place < 0:
            samples, place = samples[-place:], 0
        samples = samples[: _ROOM - place]
        self._samples[place : place + samples.size, side] = samples
        self.end = max(self.end, self._begin + place + samples.size)

    def passes(self, at: int) -> Iterator[Stereo]:
        """The time is this position: give out whatever nothing can belong to any more, in pieces."""
        self._latest = max(self._latest, at)
        while self._latest - LATE - self._begin >= CHUNK:
            yield self._shift(CHUNK)

    def rest(self, end: int) -> Iterator[Stereo]:
        """Everything up to this position."""
        while (left := end - self._begin) > 0:
            yield self._shift(min(CHUNK, left))

    def _shift(self, samples: int) -> Stereo:
        out = self._samples[:samples].copy()
        self._samples[:-samples] = self._samples[samples:]
        self._samples[-samples:] = 0
        self._begin += samples
        return out


def _signed(difference: int) -> int:
    """Timestamps begin again after 2**32."""
    return (difference + 0x80000000) % 0x100000000 - 0x80000000
