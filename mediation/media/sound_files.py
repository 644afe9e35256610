"""Sound files, read and written by PyAV, as `wide_codecs` does codecs. It is loaded only where there are such files.

Whatever FFmpeg can decode will do. It is mixed down to one channel of 8,000 samples a second. What is written is WAV.
"""

from collections.abc import Iterator
from io import RawIOBase
from typing import BinaryIO, Final

import av
import numpy as np

from mediation.media.shelf import SoundFileError
from mediation.settings.draft import Draft
from mediation.settings.problems import Fault
from mediation_codecs.g711 import Samples
from mediation_codecs.pcm import RATE_HZ, clipped

SHORTEST_S: Final = 1
LONGEST_S: Final = 600
"""Ten minutes: 10 MB in both laws."""

FADE_S: Final = 0.005
"""At both ends, so that the end and the beginning meet without a click."""

_REMEDY: Final = "give the path of a sound file that the server may read: WAV, MP3, Ogg, FLAC and others"


def read_sound(file: str) -> Samples:
    """The sound in a file. Raises SoundFileError."""
    try:
        with open(file, "rb") as octets:  # not by its name, which FFmpeg might take for an address
            sound = np.concatenate([np.zeros(0, np.int16), *_decoded(file, octets)])
    except FileNotFoundError as error:
        raise SoundFileError(file, "there is no such file") from error
    except OSError as error:
        raise SoundFileError(file, (error.strerror or str(error)).lower()) from error
    if sound.size < SHORTEST_S * RATE_HZ:
        raise SoundFileError(
            file, f"it lasts {sound.size / RATE_HZ:.2f} s, and less than {SHORTEST_S} s is a noise"
        )
    return _faded(sound)


def faulty_sounds(draft: Draft) -> Iterator[Fault]:
    """Every file that is named in the settings and cannot be played."""
    reasons: dict[str, str | None] = {}
    for path, file in draft.sound_files():
        if file not in reasons:
            reasons[file] = _why_not(file)
        if reason := reasons[file]:
            yield Fault(path, reason, _REMEDY)


class WavWriter:
    """A WAV file of two channels as it grows. OSError where it cannot be written.

    Until it is closed its header says that it is as long as it is: players read it to its end.
    """

    def __init__(self, file: RawIOBase) -> None:
        """The file is its owner's, and must be one that can be sought in."""
        self._container = av.open(file, "w", format="wav", options={"flush_packets": "1"})
        self._stream = self._container.add_stream("pcm_s16le", rate=RATE_HZ)
        self._stream.layout = "stereo"
        self._at = 0

    def write(self, samples: Samples) -> None:
        """Append samples, by two."""
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="stereo")
        frame.rate = RATE_HZ
        frame.pts = self._at
        self._at += len(samples)
        try:
            self._container.mux(self._stream.encode(frame))
        except av.FFmpegError as error:
            raise OSError(error.errno, error.strerror) from error

    def close(self) -> None:
        """Write what is still to be written, and the length."""
        try:
            self._container.mux(self._stream.encode(None))
            self._container.close()
        except av.FFmpegError as error:
            raise OSError(error.errno, error.strerror) from error


def _decoded(file: str, octets: BinaryIO) -> Iterator[Samples]:
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
    size = 0
    try:
        with av.open(octets, "r", metadata_errors="ignore") as container:
            if not container.streams.audio:
                raise SoundFileError(file, "there is no sound in it")
            for frame in (*container.decode(audio=0), None):
                for piece in resampler.resample(frame):
                    samples: Samples = piece.to_ndarray()[0]
                    size += samples.size
                    if size > LONGEST_S * RATE_HZ:
                        raise SoundFileError(file, f"it lasts longer than {LONGEST_S} s")
                    yield samples
    except (av.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SoundFileError(file, f"no sound can be read from it: {reason}") from error


def _faded(sound: Samples) -> Samples:
    ramp = np.linspace(0, 1, round(FADE_S * RATE_HZ), endpoint=False)
    gain = np.ones(sound.size)
    gain[: ramp.size] = ramp
    gain[-ramp.size :] = ramp[::-1]
    return clipped(sound * gain)


def _why_not(file: str) -> str | None:
    try:
        read_sound(file)
    except SoundFileError as error:
        return error.reason
    return None
