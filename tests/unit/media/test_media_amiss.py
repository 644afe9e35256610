"""One-way and silent audio: told within five seconds, of the party that is not heard, and when it is over."""

from collections.abc import Iterator

import numpy as np
import pytest

from mediation.b2bua.media_facts import Amiss, MediaAmiss
from mediation.media.ear import is_silent, quiet_octets
from mediation_codecs.g711 import encode
from mediation_codecs.law import SILENCE, Law
from mediation_codecs.tones import sine
from tests.unit.media.circuit import Circuit, circuit, packet, stream

SPEECH = bytes(range(160))
MUTED = bytes([SILENCE[Law.PCMU]]) * 160
WITHIN_S = 5.0


@pytest.fixture
def call() -> Iterator[Circuit]:
    with circuit() as made:
        made.apply(made.plan(watched=True))
        yield made


class Speakers:
    """Both parties, packet by packet."""

    def __init__(self, call: Circuit) -> None:
        self.call = call
        self.number = 0

    def talk(self, seconds: float, caller: bytes | None = SPEECH, callee: bytes | None = SPEECH) -> None:
        """What each party sends meanwhile; None: nothing."""
        for _ in range(round(seconds * 50)):
            if caller is not None:
                self.call.from_caller(packet(self.number, caller))
            if callee is not None:
                self.call.from_callee(packet(self.number, callee, payload_type=8))
            self.number += 1
            self.call.serve_now()
            self.call.advance(0.02)


def amiss(caller: bool, what: Amiss, *, over: bool = False) -> MediaAmiss:
    return MediaAmiss("call", caller, what, over)


def test_both_are_heard_and_nothing_is_told(call: Circuit) -> None:
    Speakers(call).talk(12)
    assert call.amiss == []
    closed = call.close()
    assert (closed.caller.quality.one_way_s, closed.callee.quality.silent_audio_s) == (0, 0)


@pytest.mark.parametrize("caller", [True, False], ids=["caller", "callee"])
def test_who_sends_nothing_while_the_other_speaks_is_named_within_five_seconds(
    call: Circuit, caller: bool
) -> None:
    speakers = Speakers(call)
    silent = {"caller": None} if caller else {"callee": None}
    speakers.talk(2)
    speakers.talk(2.7, **silent)
    assert call.amiss == []
    speakers.talk(WITHIN_S - 2.7, **silent)
    assert call.amiss == [amiss(caller, Amiss.ONE_WAY)]
    speakers.talk(2, **silent)
    speakers.talk(1.1)
    assert call.amiss == [amiss(caller, Amiss.ONE_WAY), amiss(caller, Amiss.ONE_WAY, over=True)]
    closed = call.close()
    of = (closed.caller, closed.callee) if caller else (closed.callee, closed.caller)
    assert 7 <= of[0].quality.one_way_s <= 8.1
    assert of[1].quality.one_way_s == 0


def test_who_never_sends_anything_is_named_as_well(call: Circuit) -> None:
    Speakers(call).talk(WITHIN_S, caller=None)
    assert call.amiss == [amiss(True, Amiss.ONE_WAY)]
    assert call.close().caller.quality.one_way_s == pytest.approx(WITHIN_S)


def test_where_nobody_speaks_it_is_not_one_way(call: Circuit) -> None:
    speakers = Speakers(call)
    speakers.talk(1)
    speakers.talk(20, None, None)
    assert call.amiss == []


@pytest.mark.parametrize("caller", [True, False], ids=["caller", "callee"])
def test_who_sends_nothing_but_silence_is_named_within_five_seconds(call: Circuit, caller: bool) -> None:
    speakers = Speakers(call)
    muted = {"caller": MUTED} if caller else {"callee": b"\xd5" * 160}
    speakers.talk(2.5)
    speakers.talk(2.7, **muted)
    assert call.amiss == []
    speakers.talk(WITHIN_S - 2.7, **muted)
    assert call.amiss == [amiss(caller, Amiss.SILENT_AUDIO)]
    speakers.talk(5, **muted)
    speakers.talk(2.1)
    assert call.amiss[1:] == [amiss(caller, Amiss.SILENT_AUDIO, over=True)]
    closed = call.close()
    assert 10 <= (closed.caller if caller else closed.callee).quality.silent_audio_s <= 12.1


def test_a_pause_between_two_words_is_no_silence_however_it_falls(call: Circuit) -> None:
    """One word of 20 ms every 2.7 seconds: no look ever meets it, and still it is heard."""
    speakers = Speakers(call)
    for _ in range(6):
        speakers.talk(2.68, caller=MUTED)
        speakers.talk(0.02)
    assert call.amiss == []


def test_a_key_that_is_pressed_is_sound(call: Circuit) -> None:
    speakers = Speakers(call)
    for _ in range(5):
        speakers.talk(2.5, caller=MUTED)
        call.from_caller(packet(speakers.number, b"\x05\x0a\x00\xa0", payload_type=101))
        speakers.number += 1
    assert call.amiss == []


def test_comfort_noise_is_silence__rfc3389(call: Circuit) -> None:
    speakers = Speakers(call)
    for _ in range(100):
        call.from_caller(packet(speakers.number, b"\x40", payload_type=13))
        call.serve_now()
        speakers.number += 1
        call.advance(0.1)
    assert amiss(True, Amiss.SILENT_AUDIO) in call.amiss
    assert amiss(True, Amiss.ONE_WAY) not in call.amiss


def test_on_hold_nobody_is_missed_and_what_was_amiss_is_over(call: Circuit) -> None:
    speakers = Speakers(call)
    speakers.talk(6, caller=None)
    assert call.amiss == [amiss(True, Amiss.ONE_WAY)]
    held = stream(call.caller, call.caller_rtcp, sends=False)
    call.apply(call.plan(held, watched=True))
    speakers.talk(10, caller=None)
    assert call.amiss[1:] == [amiss(True, Amiss.ONE_WAY, over=True)]
    call.apply(call.plan(watched=True))
    speakers.talk(2.7, caller=None)
    assert len(call.amiss) == 2
    speakers.talk(2.3, caller=None)
    assert call.amiss[2:] == [amiss(True, Amiss.ONE_WAY)]


@pytest.mark.parametrize("sent", [None, MUTED], ids=["nothing", "silence"])
def test_who_holds_is_not_missed_while_the_other_one_speaks_on__rfc3264_8_4(
    call: Circuit, sent: bytes | None
) -> None:
    """Hold that is met on one side: the party across hears our music, and has not been told to stop."""
    holder = stream(call.caller, call.caller_rtcp, takes=False)
    call.apply(call.plan(holder, watched=True))
    Speakers(call).talk(8, caller=sent)
    assert call.amiss == []


def test_a_refresh_of_the_plan_is_no_recovery(call: Circuit) -> None:
    speakers = Speakers(call)
    speakers.talk(6, caller=None)
    call.apply(call.plan(silence_s=60, watched=True))
    speakers.talk(4, caller=None)
    assert call.amiss == [amiss(True, Amiss.ONE_WAY)]


def test_a_fax_is_not_listened_to(call: Circuit) -> None:
    speakers = Speakers(call)
    speakers.talk(6, caller=None)
    call.apply(call.fax())
    assert call.amiss[1:] == [amiss(True, Amiss.ONE_WAY, over=True)]
    call.advance(20)
    assert len(call.amiss) == 2


def test_without_a_plan_that_is_watched_nothing_is_told(call: Circuit) -> None:
    call.apply(call.plan())
    Speakers(call).talk(8, caller=None, callee=b"\xd5" * 160)
    assert call.amiss == []


def test_what_leaves_is_the_same_octet_for_octet_while_it_is_listened_to(call: Circuit) -> None:
    speakers = Speakers(call)
    speakers.talk(7, caller=MUTED)
    closed = call.close()
    assert (closed.callee.packets_sent, closed.caller.packets_received, closed.caller.lost) == (350, 350, 0)


# What is silence


@pytest.mark.parametrize("law", list(Law))
def test_a_tone_is_heard_down_to_the_level_that_no_room_has(law: Law) -> None:
    quiet = quiet_octets(law)
    assert not is_silent(encode(law, sine(440.0, -45.0, 0.02)), quiet)
    assert is_silent(encode(law, sine(440.0, -65.0, 0.02)), quiet)


def test_silence_is_silence_in_the_law_that_was_not_agreed_on__rfc3264_6_1(call: Circuit) -> None:
    idle = encode(Law.PCMA, 8 * np.sign(sine(440.0, -10.0, 0.02)))
    for number in range(300):
        call.from_caller(packet(number, idle, payload_type=8))
        call.serve_now()
        call.advance(0.02)
    assert amiss(True, Amiss.SILENT_AUDIO) in call.amiss


@pytest.mark.parametrize("law", list(Law))
def test_one_octet_over_and_over_is_silence_whatever_it_is(law: Law) -> None:
    quiet = quiet_octets(law)
    assert all(is_silent(bytes([octet]) * 160, quiet) for octet in range(256))
    assert not is_silent(b"\x00" * 159 + b"\x01", quiet)
    assert is_silent(b"", quiet)
