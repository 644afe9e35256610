"""Audio through the daemon with a stranger at one end: SIPp plays and echoes, FFmpeg listens."""

import random
import subprocess

import pytest

from mediation_codecs.g711 import encode
from mediation_codecs.law import Law
from mediation_codecs.tones import sine
from mediation_codecs.transcode import transcoder
from tests.interop.audio import loudest, read_wave, share
from tests.interop.phone import Phone, sdp
from tests.interop.rtp import Talker, converse
from tests.interop.scenarios import Options
from tests.interop.scene import PCMA, PCMU, Scene, Way
from tests.interop.sockets import await_socket

AUDIO_PORT = 46000
LAWS = {PCMU: Law.PCMU, PCMA: Law.PCMA}
WAYS = ("outbound", "inbound")


def noise(seconds: float) -> bytes:
    """Octets of every value, the same each time: no piece of them occurs twice."""
    return random.Random(711).randbytes(round(seconds * 8000))  # no secret


def there_and_back(ends: Way, octets: bytes) -> bytes:
    """What the tables make of octets that go to the called side and come back."""
    own, other = LAWS[ends.caller_law], LAWS[ends.callee_law]
    return transcoder(other, own)(transcoder(own, other)(octets))


@pytest.mark.interop("sipp")
@pytest.mark.parametrize("way", WAYS)
def test_what_sipp_echoes_comes_back_by_the_tables_of_g711(scene: Scene, way: str) -> None:
    ends = scene.way(way)
    echoed = there_and_back(ends, noise(2.0))
    with (
        scene.daemon(calls=1),
        scene.uas("uas_answer", ends.callee, law=ends.callee_law, echo=True, media_port=AUDIO_PORT),
        Phone(ends.caller) as phone,
        Talker.at((ends.caller[0], AUDIO_PORT), ends.caller_law) as talker,
    ):
        call_id = phone.invite(ends.door, talker.address, ends.caller_law)
        call = phone.answered(call_id, ends.door)
        talker.audio, talker.to = noise(2.0), call.audio
        converse([talker], 2.0)
        call.hang_up()
    heard = b"".join(talker.payloads())
    assert heard in echoed, "not what the tables say"
    assert len(heard) >= 0.9 * len(echoed)


@pytest.mark.interop("sipp")
@pytest.mark.parametrize("way", WAYS)
def test_audio_flows_both_ways_before_the_answer(scene: Scene, way: str) -> None:
    ends = scene.way(way)
    of_callee = Options(law=ends.callee_law, echo=True, media_port=AUDIO_PORT, pause_ms=2500)
    with (
        scene.daemon(calls=1),
        scene.uas("uas_early_media", ends.callee, **of_callee),
        Phone(ends.caller) as phone,
        Talker.at((ends.caller[0], AUDIO_PORT), ends.caller_law) as talker,
    ):
        call_id = phone.invite(ends.door, talker.address, ends.caller_law)
        talker.audio, talker.to = noise(1.0), phone.hear("SIP/2.0 183", call_id).audio
        converse([talker], 1.0)
        phone.answered(call_id, ends.door).hang_up()
    heard = b"".join(talker.payloads())
    assert heard in there_and_back(ends, noise(1.0)), "not what the tables say"
    assert len(heard) >= 0.9 * 8000


@pytest.mark.interop("sipp")
@pytest.mark.parametrize("way", WAYS)
def test_what_sipp_plays_arrives_by_the_tables_of_g711(scene: Scene, way: str) -> None:
    ends = scene.way(way)
    played = scene.folder / "played.raw"
    played.write_bytes(noise(1.0))
    arriving = transcoder(LAWS[ends.caller_law], LAWS[ends.callee_law])(noise(1.0) * 4)
    fill = {"file": str(played), "type": str(ends.caller_law), "codec": str(LAWS[ends.caller_law])}
    with (
        scene.daemon(calls=1),
        Phone(ends.callee) as phone,
        Talker.at((ends.callee[0], AUDIO_PORT), ends.callee_law) as talker,
        scene.placing("uac_media", ends.caller, ends.door, law=ends.caller_law, fill=fill, pause_ms=2500),
    ):
        phone.answer(talker.address, ends.callee_law)
        converse([talker], 2.0)
        phone.hung_up()
    heard = b"".join(talker.payloads())
    assert heard in arriving, "not what the tables say"
    assert len(heard) >= 8000


@pytest.mark.interop("ffmpeg")
@pytest.mark.doctor_finds("one-way-audio")  # FFmpeg only listens
@pytest.mark.parametrize("way", WAYS)
def test_ffmpeg_hears_the_tone_that_was_put_in(scene: Scene, way: str) -> None:
    """FFmpeg listens where the called side said, with that very description: an ear of another family."""
    ends = scene.way(way)
    ear = (ends.callee[0], AUDIO_PORT)
    description, recorded = scene.folder / "ear.sdp", scene.folder / "heard.wav"
    description.write_text(sdp(ear, ends.callee_law))
    listen = ["-protocol_whitelist", "file,rtp,udp", "-localaddr", ear[0], "-i", str(description)]
    command = ["ffmpeg", "-nostdin", "-y", "-loglevel", "error", *listen, "-t", "1.5", str(recorded)]
    with (
        scene.daemon(calls=1),
        Phone(ends.caller) as caller,
        Phone(ends.callee) as callee,
        Talker.at((ends.caller[0], AUDIO_PORT), ends.caller_law) as talker,
        subprocess.Popen(command, stdin=subprocess.DEVNULL) as ffmpeg,
    ):
        try:
            await_socket(ear, "udp", process=ffmpeg)
            call_id = caller.invite(ends.door, talker.address, ends.caller_law)
            callee.answer(ear, ends.callee_law)
            call = caller.answered(call_id, ends.door)
            talker.audio, talker.to = encode(LAWS[ends.caller_law], sine(1000, -10, 3)), call.audio
            converse([talker], 3.0)
            assert ffmpeg.wait(10) == 0
        finally:
            ffmpeg.kill()
        call.hang_up()
        callee.hung_up()
    samples, rate = read_wave(recorded)
    assert share(loudest(samples, 1.0, rate), rate, 1000) > 0.95
