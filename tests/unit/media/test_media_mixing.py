"""Where the audio of two parties lies in a recording: exact in virtual time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mediation.media.mixing import CHUNK, EARLY, LATE, WATCHED, Mix, Stereo
from mediation_codecs.g711 import decode, encode
from mediation_codecs.law import Law
from mediation_codecs.tones import sine

LEFT, RIGHT = 0, 1
BOTH_LAWS = pytest.mark.parametrize("law", list(Law))
TONE = encode(Law.PCMA, sine(1000, -10, 4.0))


def piece(number: int) -> bytes:
    """Packet `number` of 20 ms of a tone."""
    return TONE[160 * number : 160 * (number + 1)]


def sound(number: int) -> Stereo:
    return decode(Law.PCMA, piece(number))


class Recorded:
    """A mix and what it has given out."""

    def __init__(self) -> None:
        self.mix = Mix()
        self.out: list[Stereo] = []

    def hear(
        self, at: int, payload: bytes, timestamp: int, *, side: int = LEFT, ssrc: int = 1, law: Law = Law.PCMA
    ) -> None:
        self.out += self.mix.passes(at)
        self.mix.hear(side, law, payload, ssrc, timestamp % 2**32, at)

    def whole(self, end: int) -> Stereo:
        self.out += self.mix.rest(end)
        whole = np.concatenate([np.zeros((0, 2), np.int16), *self.out])
        assert whole.shape == (end, 2)
        return whole


@BOTH_LAWS
def test_each_party_lies_on_its_side_and_sounds_as_its_law_says(law: Law) -> None:
    recorded = Recorded()
    codes = bytes(range(256))
    recorded.hear(0, codes, 77, side=LEFT, law=law)
    recorded.hear(1000, codes[::-1], 5, side=RIGHT, law=law)
    whole = recorded.whole(2000)
    assert np.array_equal(whole[:256, LEFT], decode(law, codes))
    assert np.array_equal(whole[1000:1256, RIGHT], decode(law, codes[::-1]))
    assert np.count_nonzero(whole[256:, LEFT]) == np.count_nonzero(whole[:1000, RIGHT]) == 0


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, EARLY // 2), min_size=150, max_size=150), st.data())
def test_jitter_loss_reordering_and_repetition_move_nothing(
    first: int, jitter: list[int], data: st.DataObject
) -> None:
    lost = data.draw(st.sets(st.integers(1, 149), max_size=20))
    arrivals = [(160 * n + late, n) for n, late in enumerate([0, *jitter[1:]]) if n not in lost]
    arrivals += data.draw(st.lists(st.sampled_from(arrivals), max_size=5))
    recorded = Recorded()
    for at, number in sorted(arrivals):
        recorded.hear(at, piece(number), first + 160 * number)
    whole = recorded.whole(160 * 150)
    for number in range(150):
        there = whole[160 * number : 160 * (number + 1), LEFT]
        expected = np.zeros(160, np.int16) if number in lost else sound(number)
        assert np.array_equal(there, expected)


def test_a_burst_after_a_stall_lies_where_it_was_spoken() -> None:
    recorded = Recorded()
    recorded.hear(0, piece(0), 0)
    for number in range(1, 40):
        recorded.hear(160 * 40, piece(number), 160 * number)
    assert np.array_equal(recorded.whole(6400)[:, LEFT], decode(Law.PCMA, TONE[:6400]))


def test_what_comes_after_its_second_is_over_is_not_written_over_others() -> None:
    recorded = Recorded()
    recorded.hear(0, piece(0), 0)
    recorded.hear(5 * CHUNK, piece(1), 5 * CHUNK, side=RIGHT)
    recorded.hear(5 * CHUNK, piece(2), 160)
    assert not recorded.whole(6 * CHUNK)[160 : 5 * CHUNK].any()


@pytest.mark.parametrize("jump", [2**31, 2**31 - 1, 160 * 1000, 2**32 - 160 * 1000, EARLY + 161])
def test_a_timestamp_that_jumps_begins_anew_where_it_came(jump: int) -> None:
    recorded = Recorded()
    recorded.hear(0, piece(0), 0)
    recorded.hear(1600, piece(1), jump + 1600)
    recorded.hear(1760, piece(2), jump + 1760)
    whole = recorded.whole(2000)
    assert np.array_equal(whole[1600:1920, LEFT], decode(Law.PCMA, TONE[160:480]))


def test_another_sender_begins_where_it_came() -> None:
    recorded = Recorded()
    recorded.hear(0, piece(0), 0)
    recorded.hear(190, piece(1), 999_999, ssrc=2)
    recorded.hear(355, piece(2), 999_999 + 160, ssrc=2)
    whole = recorded.whole(600)
    assert np.array_equal(whole[190:510, LEFT], decode(Law.PCMA, TONE[160:480]))


def test_a_law_may_change_from_packet_to_packet() -> None:
    recorded = Recorded()
    other = encode(Law.PCMU, sine(1000, -10, 0.02))
    recorded.hear(0, piece(0), 0)
    recorded.hear(160, other, 160, law=Law.PCMU)
    whole = recorded.whole(320)[:, LEFT]
    assert np.array_equal(whole[160:], decode(Law.PCMU, other))


def test_a_first_packet_that_was_late_itself_moves_the_rest_forward_once() -> None:
    recorded = Recorded()
    recorded.hear(1000, piece(0), 0)
    for number in range(1, 20):
        recorded.hear(160 * number, piece(number), 160 * number) if 160 * number > 1000 else None
    whole = recorded.whole(3200)[:, LEFT]
    assert np.array_equal(whole[1760:3200], decode(Law.PCMA, TONE[1760:3200]))


@pytest.mark.parametrize("ppm", [-200, 200])
def test_a_clock_that_drifts_stays_within_a_packet_or_two_for_an_hour(ppm: int) -> None:
    mix = Mix()
    anchor = mix._anchors[LEFT]
    for number in range(0, 180_000, 5):
        at = 160 * number
        place = anchor.place(1, round(at * (1 + ppm / 1e6)), at)
        assert abs(place - at) <= EARLY + WATCHED * 200 // 10**6 + 160


def test_silence_of_any_length_is_written_in_pieces() -> None:
    recorded = Recorded()
    recorded.hear(0, piece(0), 0)
    recorded.hear(600 * CHUNK, piece(1), 600 * CHUNK)
    assert max(map(len, recorded.out)) == CHUNK
    whole = recorded.whole(600 * CHUNK + 160)
    assert np.array_equal(whole[-160:, LEFT], sound(1))
    assert not whole[160:-160].any()


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3 * LATE),
            st.integers(0, 2**32 - 1),
            st.integers(0, 1),
            st.integers(0, 3),
            st.binary(max_size=2036),
        ),
        max_size=30,
    )
)
def test_whatever_comes_a_recording_has_the_length_of_its_call(
    packets: list[tuple[int, int, int, int, bytes]],
) -> None:
    recorded, now = Recorded(), 0
    for later, timestamp, side, ssrc, payload in packets:
        now += later
        recorded.hear(now, payload, timestamp, side=side, ssrc=ssrc)
    recorded.whole(now + 2500)
