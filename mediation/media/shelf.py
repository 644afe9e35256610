"""The sounds that we play, ready in both laws: made once, in memory that all workers share.

Signalling makes the shelf before the workers start (`stocking`) and hands each of them its descriptor. A worker only
takes frames from it: no file is opened and nothing is decoded while there are calls.
"""

import json
import mmap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from mediation.b2bua.sounds import Sound, SoundKind
from mediation_codecs.law import Law

LAWS: Final = (Law.PCMA, Law.PCMU)
"""The order of the two on the shelf."""
LENGTH_OCTETS: Final = 8
"""Before the index of what is on it: its length."""


class SoundFileError(Exception):
    """A file holds no sound that could be played."""

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(f"{file}: {reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Recording:
    """One sound, which goes on from its beginning when it has ended, if it is played again and again."""

    octets: bytes | mmap.mmap
    """Among others."""
    begins: Mapping[Law, int]
    """Where, in each law."""
    samples: int

    def frame(self, law: Law, at: int, samples: int) -> bytes:
        """So many samples from this one on, counted from when it began first; never more than it has."""
        begin = self.begins[law]
        start = at % self.samples
        beyond = start + samples - self.samples
        if beyond <= 0:
            return self.octets[begin + start : begin + start + samples]
        return self.octets[begin + start : begin + self.samples] + self.octets[begin : begin + beyond]


Shelf = Mapping[Sound, Recording]


def read_shelf(descriptor: int) -> Shelf:
    """What `write_shelf` has written."""
    octets = mmap.mmap(descriptor, 0, prot=mmap.PROT_READ)
    length = int.from_bytes(octets[:LENGTH_OCTETS])
    at = LENGTH_OCTETS + length
    shelf: dict[Sound, Recording] = {}
    for kind, name, samples in json.loads(octets[LENGTH_OCTETS:at]):
        begins = {law: at + place * samples for place, law in enumerate(LAWS)}
        shelf[Sound(SoundKind(kind), name)] = Recording(octets, begins, samples)
        at += len(LAWS) * samples
    return shelf
