"""What baresip hears of ours, measured in its own recording: ringing before the answer, and music on hold."""

import numpy as np
import pytest

from mediation_codecs.g711 import Samples
from mediation_codecs.pcm import RATE_HZ, level_at_dbm0
from tests.interop.audio import LEVEL_DBM0, read_wave, write_tone
from tests.interop.baresip import Baresip, telephone
from tests.interop.daemon import spell
from tests.interop.phone import CALLED
from tests.interop.scene import Scene
from tests.interop.script import Script

pytestmark = pytest.mark.interop("baresip")

LOW_HZ, HIGH_HZ, MUSIC_HZ = 440.0, 1000.0, 620.0
PIECE = RATE_HZ // 10


def recorded(phone: Baresip) -> Samples:
    """All that it has heard."""
    (recording,) = phone.recordings()
    samples, rate = read_wave(recording)
    assert rate == RATE_HZ
    return samples.astype(np.int16)


def levels(samples: Samples, frequency_hz: float) -> list[float]:
    """The level of one frequency in each tenth of a second."""
    pieces = samples[: samples.size // PIECE * PIECE].reshape(-1, PIECE)
    return [level_at_dbm0(piece, frequency_hz) for piece in pieces]


def pure(samples: Samples, frequency_hz: float, other_hz: float) -> list[int]:
    """The tenths of a second in which it heard one tone, at the level that it was played with, and not the other."""
    both = zip(levels(samples, frequency_hz), levels(samples, other_hz), strict=True)
    return [number for number, (one, other) in enumerate(both) if abs(one - LEVEL_DBM0) < 0.2 and other < -60]


@pytest.mark.interop("sipp")
@pytest.mark.doctor_finds("one-way-audio")  # SIPp does not speak
def test_the_caller_hears_it_ring_until_the_answer__rfc3960_3_2(scene: Scene) -> None:
    ends = scene.way("outbound")
    configuration = scene.configuration().replace(
        "[internal]\n", '[internal]\nearly_media.ringback = "gb"\n', 1
    )
    ladder = Script("uas").takes("INVITE").answers(180).waits(1500).answers(200, sdp="sendrecv").takes("ACK")
    _, ports = scene.wide_ports()
    with (
        scene.daemon(configuration, calls=1),
        scene.uas(ladder.is_hung_up(), ends.callee, law=ends.callee_law),
        telephone(
            scene.folder / "a", ends.caller, user="me", law="PCMU", tone_hz=LOW_HZ, ports=ports
        ) as caller,
    ):
        caller.dial(f"sip:{CALLED}@{spell(ends.door)}")
        caller.await_event("CALL_ESTABLISHED")
        caller.hang_up()
        caller.await_event("CALL_CLOSED")
        sound = recorded(caller)
    for frequency_hz in (400, 450):
        heard = np.array(levels(sound, frequency_hz))
        assert 4 <= (heard > -30).sum() <= 12, "two bursts of 0.4 s"
        assert np.sort(heard)[-3:] == pytest.approx(-13, abs=0.2)


def test_the_held_one_hears_music_and_then_the_holder_again__rfc3264_8_4(scene: Scene) -> None:
    ends = scene.way("inbound")
    write_tone(scene.folder / "music.wav", MUSIC_HZ, 2.0)
    configuration = scene.configuration(codecs='"PCMU"').replace(
        "[internal]\n",
        f'[internal]\nmid_call.music = "{scene.folder}/music.wav"\nmid_call.hold = "local"\n',
        1,
    )
    low, high = scene.wide_ports()
    callee_phone = telephone(
        scene.folder / "b", ends.callee, user=CALLED, law="PCMU", tone_hz=HIGH_HZ, ports=high
    )
    caller_phone = telephone(
        scene.folder / "a", ends.caller, user="me", law="PCMA", tone_hz=LOW_HZ, ports=low
    )
    with scene.daemon(configuration, calls=1), callee_phone as callee, caller_phone as caller:
        caller.dial(f"sip:{CALLED}@{spell(ends.door)}")
        for phone in (callee, caller):
            phone.await_event("CALL_ESTABLISHED")
        callee.await_recording(1.0)
        caller.hold()
        callee.await_recording(3.0)
        caller.resume()
        callee.await_recording(4.5)
        caller.hang_up()
        for phone in (caller, callee):
            phone.await_event("CALL_CLOSED")
        sound = recorded(callee)
    music, holder = pure(sound, MUSIC_HZ, LOW_HZ), pure(sound, LOW_HZ, MUSIC_HZ)
    assert len(music) >= 5
    before, after = [n for n in holder if n < music[0]], [n for n in holder if n > music[-1]]
    assert len(before) >= 3
    assert len(after) >= 3
    assert len(before) + len(music) + len(after) == len(music + holder), "one after the other"


def test_the_caller_hears_why_it_is_refused_to_the_end__rfc3960_4(scene: Scene) -> None:
    """There is no route: nobody is called."""
    ends = scene.way("outbound")
    write_tone(scene.folder / "sorry.wav", MUSIC_HZ, 2.0)
    announcement = (
        f'[[internal.announcement]]\nreason = "no-route"\nsound = "file:{scene.folder}/sorry.wav"\n'
    )
    route = '[[route]]\nmatch = "^[+]99"\ntrunks = ["itsp"]\n'
    _, ports = scene.wide_ports()
    phone = telephone(scene.folder / "a", ends.caller, user="me", law="PCMU", tone_hz=LOW_HZ, ports=ports)
    with scene.daemon(scene.configuration(more=announcement + route), calls=1), phone as caller:
        caller.dial(f"sip:{CALLED}@{spell(ends.door)}")
        caller.await_event("CALL_CLOSED")
        sound = recorded(caller)
    heard = np.array(levels(sound, MUSIC_HZ))
    assert 15 <= (np.abs(heard - LEVEL_DBM0) < 0.2).sum() <= 20, (
        "two seconds, less what the phone begins late"
    )
