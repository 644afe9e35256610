"""What a stream plays where a packet of it is missing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation_codecs.concealer import Concealer
from mediation_codecs.g711 import Samples


def voice(pitch_hz: float, rate: int, count: int, begin: int = 0) -> Samples:
    at = np.arange(begin, begin + count) / rate
    waves = (np.sin(2 * np.pi * pitch_hz * harmonic * at) / harmonic for harmonic in (1, 2, 3, 5))
    return np.asarray(np.rint(4000 * sum(waves)), np.int16)


@pytest.mark.parametrize("rate", [8_000, 16_000])
@pytest.mark.parametrize("pitch_hz", [80, 125, 200, 320])
def test_a_voice_goes_on_with_its_period(rate: int, pitch_hz: float) -> None:
    concealer, frame = Concealer(rate), rate // 50
    for index in range(5):
        concealer.heard(voice(pitch_hz, rate, frame, index * frame))
    made = concealer.made(frame).astype(np.float64)
    meant = voice(pitch_hz, rate, frame, 5 * frame).astype(np.float64)
    likeness = np.dot(made, meant) / np.sqrt(np.dot(made, made) * np.dot(meant, meant))
    assert likeness > 0.95


def test_it_fades_and_is_silent_after_60_ms() -> None:
    concealer = Concealer(8_000)
    concealer.heard(voice(200, 8_000, 480))
    powers = [float(np.mean(concealer.made(160).astype(np.float64) ** 2)) for _ in range(5)]
    assert powers[0] > powers[1] > powers[2] > powers[3] == powers[4] == 0


def test_what_comes_after_is_blended_in_without_a_click() -> None:
    concealer = Concealer(8_000)
    concealer.heard(voice(200, 8_000, 480))
    made = concealer.made(160)
    after = concealer.heard(np.full(160, 3000, np.int16))
    assert abs(int(after[0]) - int(made[-1])) < 3000
    assert (after[32:] == 3000).all()


def test_what_follows_nothing_missing_is_not_touched() -> None:
    samples = voice(200, 8_000, 160)
    assert Concealer(8_000).heard(samples) is samples


def test_before_anything_was_heard_there_is_silence() -> None:
    assert not Concealer(8_000).made(160).any()


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 700)), max_size=20), st.integers(0, 2**32 - 1))
def test_it_makes_just_as_much_as_is_asked_for(steps: list[tuple[bool, int]], seed: int) -> None:
    concealer, chance = Concealer(8_000), np.random.default_rng(seed)
    for is_heard, count in steps:
        given_ = chance.integers(-32_768, 32_768, count).astype(np.int16)
        out = concealer.heard(given_) if is_heard else concealer.made(count)
        assert out.size == count
        assert out.dtype == np.int16
