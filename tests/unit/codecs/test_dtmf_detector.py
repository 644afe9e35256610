"""DTMF found in G.711 audio: the grid of ITU-T Q.24, and what must not be taken for a key."""

from itertools import product

import numpy as np
import numpy.typing as npt
import pytest

from mediation_codecs.dtmf import key_tone
from mediation_codecs.dtmf_detector import Tone, ToneDetector
from mediation_codecs.g711 import decode, encode
from mediation_codecs.law import Law
from mediation_codecs.pcm import clipped, peak_of
from mediation_codecs.ringback import RINGBACK as RINGBACKS
from mediation_codecs.tones import DTMF_HZ, progress

KEYS = tuple(DTMF_HZ)
Signal = npt.NDArray[np.float64]
LAWS = pytest.mark.parametrize("law", list(Law))


def tone(
    key: str, ms: float, *, low: float = -10, high: float = -10, off: tuple[float, float] = (0, 0)
) -> Signal:
    """A key of these levels in dBm0, each tone so many hertz off; phases by chance, the same each time."""
    at = np.arange(round(8 * ms)) / 8000
    first, second = (hz + by for hz, by in zip(DTMF_HZ[key], off, strict=True))
    phase = (ord(key) * 0.7) % 6
    low_tone = peak_of(low) * np.sin(2 * np.pi * first * at + phase)
    return low_tone + peak_of(high) * np.sin(2 * np.pi * second * at + 2 * phase)


def found(*parts: Signal | int, law: Law = Law.PCMA, piece: int = 160) -> list[Tone]:
    """What a detector tells of signals and pauses (in samples), coded by a law; half a second of silence at the end."""
    whole = np.concatenate([np.zeros(part) if isinstance(part, int) else part for part in (*parts, 4000)])
    heard = decode(law, encode(law, clipped(whole)))
    detector = ToneDetector()
    told: list[Tone] = []
    for begin in range(0, len(heard), piece):
        told += detector.feed(heard[begin : begin + piece])
    assert detector.tone is None
    assert detector.samples == len(heard)
    return told


def keys(told: list[Tone]) -> str:
    """The keys that were told, each with an end."""
    begun, ended = ([one.key for one in told if (one.end is None) is still] for still in (True, False))
    assert begun == ended
    return "".join(begun)


LEADS = (0, 37, 91)
"""Where in a packet a key may begin."""
TWISTS = ((0, 0), (0, -8), (-4, 0))
"""Low and high tone: flat, 8 dB one way and 4 dB the other (table A.1, AT&T)."""


@LAWS
@pytest.mark.parametrize("key", KEYS)
def test_40_ms_are_a_key_at_every_level_twist_and_deviation_that_is_allowed__q24(key: str, law: Law) -> None:
    low_hz, high_hz = DTMF_HZ[key]
    for level, twist, signs, lead in product((-17, -10, -3), TWISTS, product((-1, 0, 1), repeat=2), LEADS):
        off = (signs[0] * (0.015 * low_hz + 2), signs[1] * (0.015 * high_hz + 2))
        sound = tone(key, 40, low=level + twist[0], high=level + twist[1], off=off)
        assert keys(found(lead, sound, law=law)) == key, (level, twist, signs, lead)


@LAWS
@pytest.mark.parametrize("key", KEYS)
def test_the_faintest_that_must_be_taken_are__q24(key: str, law: Law) -> None:
    for lead in LEADS:
        assert keys(found(lead, tone(key, 40, low=-25, high=-25), law=law)) == key


@pytest.mark.parametrize("key", KEYS)
def test_the_loudest_are_taken_though_they_are_cut__q24(key: str) -> None:
    assert keys(found(57, tone(key, 50, low=0, high=0))) == key


@pytest.mark.parametrize("key", KEYS)
def test_24_ms_are_no_key__q24(key: str) -> None:
    for level, twist, lead in product((-25, -10, -3), TWISTS, range(0, 40, 3)):
        sound = tone(key, 24, low=level + twist[0], high=level + twist[1])
        assert found(lead, sound) == [], (level, twist, lead)


@pytest.mark.parametrize("key", KEYS)
def test_a_frequency_3_5_percent_off_is_no_key__q24(key: str) -> None:
    low_hz, high_hz = DTMF_HZ[key]
    for sign, which, level, lead in product((-1, 1), (0, 1), (-20, -10), LEADS):
        off = (sign * 0.035 * low_hz, 0.0) if which == 0 else (0.0, sign * 0.035 * high_hz)
        assert found(lead, tone(key, 120, low=level, high=level, off=off)) == [], (sign, which, level, lead)


@pytest.mark.parametrize("key", KEYS)
def test_what_is_too_faint_is_no_key__q24(key: str) -> None:
    assert found(57, tone(key, 100, low=-36, high=-36)) == []


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("twist", [(0, -16), (-12, 0)])
def test_a_twist_beyond_all_lines_is_no_key(key: str, twist: tuple[int, int]) -> None:
    assert found(57, tone(key, 100, low=-6 + twist[0], high=-6 + twist[1])) == []


@pytest.mark.parametrize("key", KEYS)
def test_one_tone_alone_is_no_key(key: str) -> None:
    assert found(57, tone(key, 200, low=-60)) == []
    assert found(57, tone(key, 200, high=-60)) == []


@LAWS
@pytest.mark.parametrize("key", KEYS)
def test_a_pause_of_40_ms_parts_two_presses_of_one_key__q24(key: str, law: Law) -> None:
    for lead in LEADS:
        assert keys(found(lead, tone(key, 40), 320, tone(key, 40), 320, tone(key, 40), law=law)) == 3 * key


@pytest.mark.parametrize("key", KEYS)
def test_an_interruption_of_10_ms_does_not__q24(key: str) -> None:
    for lead, at in product(LEADS, (400, 443, 517)):
        sound = tone(key, 120)
        sound[at : at + 80] = 0
        assert keys(found(lead, sound)) == key, (lead, at)


@pytest.mark.parametrize("piece", [1, 39, 80, 160, 240, 480, 4000])
def test_it_does_not_matter_how_audio_is_cut_into_packets(piece: int) -> None:
    whole = [part for key in KEYS for part in (tone(key, 50), 360)]
    assert keys(found(*whole, piece=piece)) == "".join(KEYS)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("ms", [40, 75, 150, 1000])
def test_begin_and_end_are_told_to_a_few_milliseconds(key: str, ms: int) -> None:
    for lead in (800, 813, 837, 891):
        begun, ended = found(lead, tone(key, ms))
        assert begun.begin == ended.begin == pytest.approx(lead, abs=48)
        assert ended.end == pytest.approx(lead + 8 * ms, abs=48)


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_known_before_40_ms_have_sounded__flow_19_3(key: str) -> None:
    for lead in range(0, 40, 7):
        detector = ToneDetector()
        signal = clipped(np.concatenate((np.zeros(lead), tone(key, 45, low=-12, high=-8))))
        known = next(end for end in range(1, len(signal)) if detector.feed(signal[end - 1 : end]))
        assert known - lead <= 320


@pytest.mark.parametrize("key", KEYS)
def test_it_hears_what_we_say_ourselves(key: str) -> None:
    for volume in (0, 3, 10, 20, 36):
        assert keys(found(57, key_tone(key, 0, 400, volume).astype(np.float64))) == key


@pytest.mark.parametrize("key", KEYS)
def test_a_packet_that_is_lost_does_not_part_a_key(key: str) -> None:
    signal = clipped(np.concatenate((np.zeros(57), tone(key, 160), np.zeros(800))))
    detector, told = ToneDetector(), []
    for begin in range(0, len(signal) // 160 * 160, 160):
        if begin == 640:
            detector.skip(160)
        else:
            told += detector.feed(signal[begin : begin + 160])
    assert keys(told) == key
    assert told[-1].end == pytest.approx(57 + 1280, abs=48)


@pytest.mark.parametrize("key", KEYS)
def test_noise_of_20_db_below_hides_no_key(key: str) -> None:
    chance = np.random.default_rng(ord(key))
    sound = np.concatenate((np.zeros(91), tone(key, 60), np.zeros(400)))
    noise = chance.standard_normal(sound.size) * peak_of(-27) / np.sqrt(2)
    assert keys(found(sound + noise)) == key


def spoken(seconds: int, chance: np.random.Generator) -> Signal:
    """Vowels of a voice that goes up and down: pulses of the vocal cords through four resonances, and pauses."""
    parts = []
    for _ in range(seconds * 5):
        first = chance.uniform(80, 320)
        pitch = np.linspace(first, first * chance.uniform(0.8, 1.25), 1600)
        turns = 2 * np.pi * np.cumsum(pitch) / 8000
        formants = chance.uniform((250, 700, 1800, 2800), (900, 2400, 3000, 3700))
        widths = chance.uniform(40, 160, 4)
        sound = np.zeros(1600)
        for harmonic in range(1, 40):
            hz = harmonic * pitch
            weight = sum(
                1 / (1 + ((hz - peak) / width) ** 2) for peak, width in zip(formants, widths, strict=True)
            )
            sound += (hz < 3700) * weight / harmonic**0.5 * np.sin(harmonic * turns + chance.uniform(0, 6))
        parts.append(sound / np.abs(sound).max() * chance.choice([0, 1, 1, 1]) * chance.uniform(2000, 24000))
    return np.concatenate(parts)


def test_a_voice_is_no_key() -> None:
    chance = np.random.default_rng(24)
    assert keys(found(spoken(120, chance))) == ""


def test_noise_and_music_are_no_key() -> None:
    chance = np.random.default_rng(25)
    noise = chance.standard_normal(60 * 8000) * 4000
    assert keys(found(noise)) == ""
    scale = 220 * 2 ** (np.arange(40) / 12)
    at = np.arange(2400) / 8000
    chords = [
        sum(5000 * np.sin(2 * np.pi * hz * at) for hz in chance.choice(scale, count))
        for count in chance.integers(3, 6, 200)
    ]
    assert keys(found(*chords)) == ""


@pytest.mark.parametrize("country", list(RINGBACKS))
def test_tones_of_the_network_are_no_key(country: str) -> None:
    assert found(progress(RINGBACKS[country], 6.0).astype(np.float64)) == []
