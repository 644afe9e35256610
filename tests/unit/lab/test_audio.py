"""The lab's voice: the same for the same names, and everybody's own."""

import io
import wave
from pathlib import Path

import numpy as np
import pytest

from mediation.lab.audio import LEVEL_DBM0, is_silent, speech, wav, write_wav
from mediation_codecs.g711 import decode
from mediation_codecs.law import SILENCE, Law
from mediation_codecs.pcm import level_dbm0

PACKET = 160


def packets(octets: bytes) -> list[bytes]:
    return [octets[start : start + PACKET] for start in range(0, len(octets), PACKET)]


@pytest.mark.parametrize("law", Law)
def test_the_same_names_make_the_same_octets(law: Law) -> None:
    assert speech("a", "callee", law, 1.0) == speech("a", "callee", law, 1.0)
    assert len(speech("a", "callee", law, 1.0)) == 8000


@pytest.mark.parametrize("law", Law)
def test_no_two_packets_of_any_calls_and_directions_are_alike(law: Law) -> None:
    heard = [
        packet
        for call in ("outbound", "inbound", "early-media", "call-1", "call-11")
        for direction in ("caller", "callee")
        for packet in packets(speech(call, direction, law, 4.0))
    ]
    assert len(set(heard)) == len(heard) == 5 * 2 * 200


@pytest.mark.parametrize("direction", ["caller", "callee", "elsewhere"])
def test_it_is_as_loud_as_a_talker_and_stays_in_the_telephone_band(direction: str) -> None:
    samples = decode(Law.PCMA, speech("a", direction, Law.PCMA, 5.0))
    assert level_dbm0(samples) == pytest.approx(LEVEL_DBM0, abs=0.3)
    power = np.abs(np.fft.rfft(samples.astype(float))) ** 2
    frequencies = np.fft.rfftfreq(samples.size, 1 / 8000)
    inside = power[(frequencies > 270) & (frequencies < 3740)].sum()
    assert inside / power.sum() > 0.999


def test_it_has_syllables_and_breaths() -> None:
    samples = decode(Law.PCMU, speech("a", "caller", Law.PCMU, 6.0))
    levels = np.array([level_dbm0(samples[start : start + 400]) for start in range(0, samples.size, 400)])
    assert levels.max() > -14
    assert 0.1 < np.mean(levels < -30) < 0.5


@pytest.mark.parametrize("octets", [0, 1, 2, 160, 8001])
def test_any_length_can_be_had(octets: int) -> None:
    assert len(speech("a", "callee", Law.PCMU, octets / 8000)) == octets


def test_silence_is_told_from_speech() -> None:
    assert is_silent(decode(Law.PCMA, bytes([SILENCE[Law.PCMA]]) * 800))
    assert is_silent(decode(Law.PCMA, b""))
    assert not is_silent(decode(Law.PCMA, speech("a", "callee", Law.PCMA, 1.0)))


def test_two_channels_of_unequal_length_stand_in_one_wav_file(tmp_path: Path) -> None:
    left, right = np.array([1, -2, 3], np.int16), np.array([-32768], np.int16)
    write_wav(tmp_path / "call.wav", left, right)
    octets = (tmp_path / "call.wav").read_bytes()
    assert octets == wav(left, right)
    with wave.open(io.BytesIO(octets)) as back:
        assert (back.getnchannels(), back.getsampwidth(), back.getframerate()) == (2, 2, 8000)
        frames = np.frombuffer(back.readframes(10), "<i2").reshape(-1, 2)
    assert frames.tolist() == [[1, -32768], [-2, 0], [3, 0]]
