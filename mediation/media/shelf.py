"""The sounds that we play, ready in both laws: made once, in memory that all workers share.

Signalling makes the shelf before the workers start and hands each of them its descriptor. A worker only takes frames
from it: no file is opened and nothing is decoded while there are calls.
"""

import json
import mmap
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from mediation.b2bua.plan import Sound, SoundKind
from mediation.b2bua.sounds import music_of, ringback_of
from mediation.settings.model import Internal, Settings, Trunk
from mediation_codecs.g711 import Law, Samples, encode
from mediation_codecs.ringback import RINGBACK
from mediation_codecs.tones import progress

_LAWS: Final = (Law.PCMA, Law.PCMU)
_LENGTH_OCTETS: Final = 8


class SoundFileError(Exception):
    """A file holds no sound that could be played."""

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(f"{file}: {reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Recording:
    """One sound, which goes on from its beginning when it has ended."""

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


def sounds_in(settings: Settings) -> dict[Sound, Samples]:
    """All that may be played by these settings. Raises SoundFileError."""
    found: dict[Sound, Samples] = {}
    peers: tuple[Internal | Trunk, ...] = (settings.internal, *settings.trunks)
    for peer in peers:
        for sound in (ringback_of(peer.early_media), music_of(peer.mid_call)):
            if sound is not None and sound not in found:
                found[sound] = _samples_of(sound)
    return found


def write_shelf(sounds: Mapping[Sound, Samples]) -> int:
    """Put sounds into memory that has no name; its descriptor is the caller's to close."""
    index = json.dumps([[sound.kind, sound.name, samples.size] for sound, samples in sounds.items()]).encode()
    descriptor = os.memfd_create("mediation-sounds", os.MFD_CLOEXEC)
    with open(descriptor, "wb", closefd=False) as shelf:
        shelf.write(len(index).to_bytes(_LENGTH_OCTETS) + index)
        for samples in sounds.values():
            shelf.writelines(encode(law, samples) for law in _LAWS)
    return descriptor


def read_shelf(descriptor: int) -> Shelf:
    """What `write_shelf` has written."""
    octets = mmap.mmap(descriptor, 0, prot=mmap.PROT_READ)
    length = int.from_bytes(octets[:_LENGTH_OCTETS])
    at = _LENGTH_OCTETS + length
    shelf: dict[Sound, Recording] = {}
    for kind, name, samples in json.loads(octets[_LENGTH_OCTETS:at]):
        begins = {law: at + place * samples for place, law in enumerate(_LAWS)}
        shelf[Sound(SoundKind(kind), name)] = Recording(octets, begins, samples)
        at += len(_LAWS) * samples
    return shelf


def _samples_of(sound: Sound) -> Samples:
    match sound.kind:
        case SoundKind.RINGBACK:
            cadence = RINGBACK[sound.name]
            return progress(cadence, sum(cadence.pattern_s))
        case SoundKind.MUSIC:
            from mediation.media.sound_files import read_sound  # what decodes files is large

            return read_sound(sound.name)
