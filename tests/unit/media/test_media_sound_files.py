"""Sound files: what can be played, and what is said of the rest."""

import os
import wave
from pathlib import Path

import av
import numpy as np
import pytest

from mediation.b2bua.sounds import Sound, SoundKind
from mediation.media.repertoire import sounds_of
from mediation.media.shelf import SoundFileError, read_shelf
from mediation.media.sound_files import LONGEST_S, read_sound
from mediation.media.stocking import made, write_shelf
from mediation.settings.announcements import Announcement
from mediation.settings.peer_terms import EarlyMedia, MidCall
from mediation_codecs.g711 import Samples, decode
from mediation_codecs.law import Law
from mediation_codecs.pcm import clipped, dominant_hz, level_at_dbm0
from mediation_codecs.tones import mixed, sine
from tests.flows.scenery import settings, trunk


def wav(path: Path, samples: Samples, rate: int = 8000, channels: int = 1) -> str:
    """A WAV file of that rate; `samples` are interleaved."""
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, 2, rate, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())
    return str(path)


def test_a_wav_of_our_rate_is_taken_as_it_is_but_for_its_ends(tmp_path: Path) -> None:
    tone = sine(1000, -10, 2)
    sound = read_sound(wav(tmp_path / "tone.wav", tone))
    assert sound.size == tone.size
    assert np.array_equal(sound[40:-40], tone[40:-40])
    assert sound[0] == sound[-1] == 0


@pytest.mark.parametrize("rate", [11_025, 16_000, 44_100, 48_000])
def test_stereo_of_another_rate_is_mixed_and_resampled_with_its_level(tmp_path: Path, rate: int) -> None:
    at = np.arange(2 * rate) / rate
    one = clipped(8000 * np.sin(2 * np.pi * 440 * at))
    both = np.column_stack([one, one]).reshape(-1)
    sound = read_sound(wav(tmp_path / "stereo.wav", both, rate, 2))
    assert sound.size == pytest.approx(16_000, abs=16)
    assert dominant_hz(sound) == pytest.approx(440, abs=0.2)
    expected = 20 * np.log10(8000 / 32768) + 3.14
    assert level_at_dbm0(sound[400:-400], 440) == pytest.approx(expected, abs=0.1)


def test_what_ffmpeg_knows_can_be_played(tmp_path: Path) -> None:
    path = str(tmp_path / "tone.flac")
    with av.open(path, "w") as container:
        stream = container.add_stream("flac", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(sine(600, -10, 1.5).reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = 8000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    assert dominant_hz(read_sound(path)) == pytest.approx(600, abs=0.2)


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "there is no such file"), (b"", "no sound can be read"), (b"rubbish" * 1000, "no sound can be read"),
     (b"RIFF\x24\x00\x00\x00WAVEfmt ", "no sound"), (b"#EXTM3U\nhttp://127.0.0.1:9/x.wav\n", "no sound")],
)  # fmt: skip
def test_a_file_without_sound_is_refused_with_the_reason(
    tmp_path: Path, content: bytes | None, says: str
) -> None:
    path = tmp_path / "music"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SoundFileError, match=says):
        read_sound(str(path))


def test_a_directory_is_no_sound(tmp_path: Path) -> None:
    with pytest.raises(SoundFileError, match="directory"):
        read_sound(str(tmp_path))


def test_sounds_too_short_and_too_long_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SoundFileError, match=r"it lasts 0.50 s"):
        read_sound(wav(tmp_path / "short.wav", sine(1000, -10, 0.5)))
    with pytest.raises(SoundFileError, match="longer than 600 s"):
        read_sound(wav(tmp_path / "long.wav", np.zeros((LONGEST_S + 1) * 8000, np.int16)))


def test_the_shelf_has_each_sound_of_the_settings_once_in_both_laws(tmp_path: Path) -> None:
    file = wav(tmp_path / "music.wav", mixed((350, 440), -13, 1.5))
    music, ringing = MidCall(music=file), EarlyMedia(ringback="us")
    announced = (Announcement(sound="tone:unobtainable:de"), Announcement(sound=f"file:{file}"))
    every = settings(
        trunk("itsp-a", mid_call=music, announcements=announced),
        trunk("itsp-b", "198.51.100.31", early_media=ringing, announcements=announced),
        mid_call=music,
    )
    sounds = made(sounds_of(every))
    assert list(sounds) == [
        Sound(SoundKind.MUSIC, file),
        Sound(SoundKind.TONE, "unobtainable:de"),
        Sound(SoundKind.ANNOUNCEMENT, file),
        Sound(SoundKind.RINGBACK, "us"),
    ]
    descriptor = write_shelf(sounds)
    shelf = read_shelf(descriptor)
    os.close(descriptor)
    for sound, samples in sounds.items():
        for law in Law:
            octets = shelf[sound].frame(law, 0, 8000)
            assert np.abs(decode(law, octets).astype(int) - samples[:8000]).max() < 300
            around = shelf[sound].frame(law, samples.size - 80, 160)
            assert around == shelf[sound].frame(law, samples.size - 80, 80) + shelf[sound].frame(law, 0, 80)
