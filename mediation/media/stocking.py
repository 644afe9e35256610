"""Makes the sounds that we play, before there are calls: what decodes and encodes is loaded where there are any."""

import json
import os
from collections.abc import Iterable, Mapping

from mediation.b2bua.sounds import Sound, SoundKind
from mediation.media.shelf import LAWS, LENGTH_OCTETS
from mediation_codecs.g711 import Samples, encode
from mediation_codecs.refusal_tones import RefusalTone, refusal_tone
from mediation_codecs.ringback import RINGBACK
from mediation_codecs.tones import chained, progress


def made(sounds: Iterable[Sound]) -> dict[Sound, Samples]:
    """The sounds themselves. Raises SoundFileError."""
    return {sound: _samples_of(sound) for sound in sounds}


def write_shelf(sounds: Mapping[Sound, Samples]) -> int:
    """Put sounds into memory that has no name; its descriptor is the caller's to close."""
    index = json.dumps([[sound.kind, sound.name, samples.size] for sound, samples in sounds.items()]).encode()
    descriptor = os.memfd_create("mediation-sounds", os.MFD_CLOEXEC)
    with open(descriptor, "wb", closefd=False) as shelf:
        shelf.write(len(index).to_bytes(LENGTH_OCTETS) + index)
        for samples in sounds.values():
            shelf.writelines(encode(law, samples) for law in LAWS)
    return descriptor


def _samples_of(sound: Sound) -> Samples:
    match sound.kind:
        case SoundKind.RINGBACK:
            cadence = RINGBACK[sound.name]
            return progress(cadence, sum(cadence.pattern_s))
        case SoundKind.TONE:
            kind, _, country = sound.name.partition(":")
            return chained(refusal_tone(RefusalTone(kind), country))
        case SoundKind.MUSIC | SoundKind.ANNOUNCEMENT:
            from mediation.media.sound_files import read_sound  # what decodes files is large

            return read_sound(sound.name)
