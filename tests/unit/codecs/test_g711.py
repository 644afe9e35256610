"""G.711 by value: every code, every sample, against the Recommendation and two strangers."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation_codecs.g711 import DECODE, DIRECT, Samples, decode, encode
from mediation_codecs.law import SILENCE, Law
from mediation_codecs.transcode import transcoder, translation_table

with warnings.catch_warnings():  # deprecated since 3.11, gone with 3.13, then `audioop-lts` has its name
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

TABLES: dict[str, list[int]] = json.loads((Path(__file__).parent / "g711_tables.json").read_text())
EVERY_CODE = bytes(range(256))
EVERY_SAMPLE = np.arange(-32768, 32768, dtype=np.int32).astype(np.int16)
LAWS = list(Law)


def number_of(law: Law, octets: bytes) -> np.typing.NDArray[np.int32]:
    """Codes as steps on one ladder, from the lowest value to the highest: negative ones below 0."""
    codes = np.frombuffer(octets, np.uint8)
    magnitudes = ((codes ^ 0x55 if law is Law.PCMA else ~codes) & 0x7F).astype(np.int32)
    return np.where(codes & 0x80, magnitudes, -1 - magnitudes)


def steps_apart(law: Law, ours: bytes, theirs: bytes) -> int:
    return int(np.max(np.abs(number_of(law, ours) - number_of(law, theirs))))


def test_a_law_becomes_mu_law_by_table_4_for_all_256_codes() -> None:
    assert list(DIRECT[Law.PCMA, Law.PCMU]) == TABLES["a2u"]


def test_mu_law_becomes_a_law_by_table_3_for_all_256_codes() -> None:
    assert list(DIRECT[Law.PCMU, Law.PCMA]) == TABLES["u2a"]


@pytest.mark.parametrize(("there", "back"), [(Law.PCMA, Law.PCMU), (Law.PCMU, Law.PCMA)])
def test_there_and_back_again_changes_16_codes__so_equal_laws_are_left_alone(there: Law, back: Law) -> None:
    returned = transcoder(back, there)(transcoder(there, back)(EVERY_CODE))
    assert sum(a != b for a, b in zip(EVERY_CODE, returned, strict=True)) == 16
    assert translation_table(there, there) is None
    assert transcoder(there, there)(EVERY_CODE) is EVERY_CODE


def test_idle_octets_are_the_smallest_positive_values_and_convert_as_the_tables_say() -> None:
    assert decode(Law.PCMA, bytes([SILENCE[Law.PCMA]])).tolist() == [8]
    assert decode(Law.PCMU, bytes([SILENCE[Law.PCMU]])).tolist() == [0]
    assert transcoder(Law.PCMU, Law.PCMA)(b"\xff") == b"\xd5"
    assert transcoder(Law.PCMA, Law.PCMU)(b"\xd5") == b"\xfe"


@given(payload=st.binary(max_size=400))
def test_a_payload_is_converted_octet_by_octet_and_keeps_its_length(payload: bytes) -> None:
    converted = transcoder(Law.PCMA, Law.PCMU)(payload)
    assert list(converted) == [TABLES["a2u"][octet] for octet in payload]


def test_decoder_outputs_are_those_of_tables_1a_and_2a() -> None:
    # by hand from the Recommendation: ends of the first, a middle and the last segment
    a_law = {0xD5: 1, 0xDA: 31, 0xC5: 33, 0xCA: 63, 0x95: 264, 0xAA: 4032}
    mu_law = {0xFF: 0, 0xF0: 30, 0xEF: 33, 0xE0: 93, 0xBF: 495, 0x80: 8031}
    assert {code: int(DECODE[Law.PCMA][code]) // 8 for code in a_law} == a_law
    assert {code: int(DECODE[Law.PCMU][code]) // 4 for code in mu_law} == mu_law
    for law in LAWS:
        assert all(DECODE[law][code ^ 0x80] == -DECODE[law][code] for code in range(256))


@pytest.mark.parametrize("law", LAWS)
def test_decoding_equals_audioop_for_all_256_codes(law: Law) -> None:
    theirs = (audioop.alaw2lin if law is Law.PCMA else audioop.ulaw2lin)(EVERY_CODE, 2)
    assert decode(law, EVERY_CODE).astype("<i2").tobytes() == theirs


@pytest.mark.parametrize("law", LAWS)
def test_a_decoded_code_encodes_to_itself(law: Law) -> None:
    returned = bytearray(encode(law, decode(law, EVERY_CODE)))
    if law is Law.PCMU:
        assert returned[0x7F] == 0xFF, "µ-law has two zeros, and the positive one is sent"
        returned[0x7F] = 0x7F
    assert returned == EVERY_CODE


@pytest.mark.parametrize("law", LAWS)
def test_each_of_65536_samples_falls_between_the_decision_values_of_its_code(law: Law) -> None:
    decoded = decode(law, encode(law, EVERY_SAMPLE)).astype(np.int32)
    ladder = np.unique(DECODE[law]).astype(np.int32)
    place = np.searchsorted(ladder, decoded)
    halves = np.diff(ladder) / 2
    # a decision value lies half a step from its outputs; where the step doubles it may be two thirds
    reach = np.maximum(np.append(halves, np.inf)[place], np.insert(halves, 0, np.inf)[place]) * 4 / 3
    assert np.all(np.abs(decoded - EVERY_SAMPLE) <= reach)
    assert np.all(np.diff(decoded) >= 0), "a higher sample never takes a lower code"


@pytest.mark.parametrize("law", LAWS)
def test_encoding_stays_within_one_step_of_audioop_for_all_65536_samples(law: Law) -> None:
    theirs = (audioop.lin2alaw if law is Law.PCMA else audioop.lin2ulaw)(EVERY_SAMPLE.tobytes(), 2)
    assert steps_apart(law, encode(law, EVERY_SAMPLE), theirs) <= 1


@pytest.mark.parametrize("law", LAWS)
def test_encoding_stays_within_one_step_of_ffmpeg_for_all_65536_samples(law: Law) -> None:
    assert steps_apart(law, encode(law, EVERY_SAMPLE), ffmpeg_encodes(law, EVERY_SAMPLE)) <= 1


@pytest.mark.parametrize(("source", "sink"), [(Law.PCMA, Law.PCMU), (Law.PCMU, Law.PCMA)])
def test_conversion_stays_within_one_step_of_decoding_and_encoding_by_ffmpeg(source: Law, sink: Law) -> None:
    theirs = ffmpeg_encodes(sink, decode(source, EVERY_CODE))
    assert steps_apart(sink, transcoder(source, sink)(EVERY_CODE), theirs) <= 1


def test_samples_that_are_not_int16_are_refused_rather_than_wrapped() -> None:
    with pytest.raises(TypeError, match="int32"):
        encode(Law.PCMA, np.array([40000], np.int32))


def test_samples_need_not_lie_side_by_side_in_memory() -> None:
    assert encode(Law.PCMU, EVERY_SAMPLE[::2]) == encode(Law.PCMU, EVERY_SAMPLE)[::2]


def test_the_tables_cannot_be_changed_by_accident() -> None:
    with pytest.raises(ValueError, match="read-only"):
        DECODE[Law.PCMA][0] = 0


def ffmpeg_encodes(law: Law, samples: Samples) -> bytes:
    av = pytest.importorskip("av", reason="FFmpeg comes with the `lab` extra")
    encoder = av.CodecContext.create("pcm_alaw" if law is Law.PCMA else "pcm_mulaw", "w")
    encoder.sample_rate, encoder.layout, encoder.format = 8000, "mono", "s16"
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = 8000
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])
