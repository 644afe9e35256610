"""SRTP with strangers: PJSIP, baresip and FFmpeg encrypt and decrypt by code of their own, and say so in their way."""

import json
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from mediation_codecs.g711 import encode
from mediation_codecs.law import Law
from mediation_codecs.tones import sine
from tests.interop import baresip
from tests.interop.audio import loudest, read_wave, share
from tests.interop.daemon import Daemon, spell
from tests.interop.phone import CALLED, Phone, sdp
from tests.interop.pjsip import Pjsip, telephone
from tests.interop.rtp import Talker, converse
from tests.interop.scene import Scene
from tests.interop.sockets import await_socket
from tests.interop.test_baresip import HIGH_HZ, LOW_HZ, tones_heard
from tests.interop.test_pjsip import PAPERS, hears, over

WAYS = ("outbound", "inbound")
SHA80, SHA32 = "AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32"
SUITES = ("AEAD_AES_256_GCM", "AEAD_AES_128_GCM", SHA80, SHA32)
AUDIO_PORT = 46000


def media(mode: str, *suites: str, tls: bool = False, mux: bool = False) -> str:
    """The lines of a table of audio; `twins` is optional, and offered so."""
    flags = {"srtp_twins": mode == "twins", "srtp_without_tls": not tls, "rtcp_mux": mux}
    lines = [f'srtp = "{"optional" if mode == "twins" else mode}"']
    lines += [f"{key} = {str(value).lower()}" for key, value in flags.items()]
    if suites:
        lines.append("srtp_suites = [" + ", ".join(f'"{suite}"' for suite in suites) + "]")
    return "\n".join(lines) + "\n"


def configured(scene: Scene, inside: str, outside: str) -> str:
    """A configuration with these tables of audio."""
    return scene.configuration(trunk=f"[trunk.media]\n{outside}", more=f"[internal.media]\n{inside}")


def suites_of(daemon: Daemon, *, forgiven: int = 0) -> list[str | None]:
    """What the one call was encrypted with, on the caller's side and on the callee's.

    `forgiven`: so many packets of each may have had no good tag.
    """
    (record,) = daemon.records()
    for party in (record["caller"], record["callee"]):
        assert party["media"]["tampered"] <= forgiven, record
        assert party["media"]["replayed"] == 0, record
    return [record[party]["srtp"] for party in ("caller", "callee")]


def shows_no_keys(scene: Scene) -> None:
    """Nothing that we have written down has a key in it."""
    for file in scene.folder.glob("*"):
        if file.is_file() and file.suffix not in (".pcapng", ".sdp", ".wav", ".toml"):
            assert b"inline:" not in file.read_bytes(), file


# PJSIP


@contextmanager
def pjsip_inside(scene: Scene, way: str, mode: str, **srtp: Any) -> Iterator[tuple[Pjsip, Pjsip, Daemon]]:
    """PJSIP is the front end, over TLS and with SRTP as `srtp` says; the other end knows UDP and RTP."""
    text, front_end, door = over(scene, "tls")
    text += f"[internal.media]\n{media(mode, *SUITES, tls=True, mux=srtp.get('rtcp_mux', False))}"
    papers, authority = PAPERS[scene.block]
    secure = [str(papers.certificate), str(papers.private_key), str(authority.file)]
    front = telephone(
        scene.folder / "fe", front_end, 0, answers=[180, 200], transport="tls", papers=secure, **srtp
    )
    itsp = telephone(scene.folder / "itsp", scene.sbc, 8, answers=[180, 200])
    with scene.daemon(text, calls=1) as daemon, front as front_phone, itsp as itsp_phone:
        if way == "outbound":
            caller, callee, uri = front_phone, itsp_phone, f"sip:{CALLED}@{spell(door)};transport=tls"
        else:
            caller, callee, uri = itsp_phone, front_phone, f"sip:{CALLED}@{spell(scene.gateway)}"
        caller.do("dial", uri=uri)
        for phone in (caller, callee):
            phone.is_up()
        yield front_phone, itsp_phone, daemon
        caller.do("hang up", line=1)
        for phone in (caller, callee):
            phone.is_down()


@pytest.mark.interop("pjsua2")
@pytest.mark.parametrize(
    ("way", "mode", "srtp"),
    [
        ("outbound", "required", "mandatory"),
        ("inbound", "required", "mandatory"),
        ("outbound", "optional", "mandatory"),
        ("outbound", "optional", "optional"),
        ("inbound", "optional", "optional"),
        ("inbound", "twins", "mandatory"),
    ],
)
def test_pjsip_speaks_srtp_and_the_trunk_rtp(scene: Scene, way: str, mode: str, srtp: str) -> None:
    with pjsip_inside(scene, way, mode, srtp=srtp) as (front, itsp, daemon):
        for phone in (front, itsp):
            hears(phone)
            assert phone.count()["lost"] == 0
    agreed = suites_of(daemon)
    assert (agreed[0] is None, agreed[1] is None) == ((False, True) if way == "outbound" else (True, False))
    shows_no_keys(scene)


@pytest.mark.interop("pjsua2")
@pytest.mark.parametrize("suite", [SHA80, SHA32])
def test_pjsip_understands_each_suite(scene: Scene, suite: str) -> None:
    with pjsip_inside(scene, "outbound", "required", srtp="mandatory", suites=[suite]) as (
        front,
        itsp,
        daemon,
    ):
        for phone in (front, itsp):
            hears(phone)
    assert suites_of(daemon)[0] == suite


@pytest.mark.interop("pjsua2")
@pytest.mark.parametrize("way", WAYS)
def test_pjsip_holds_resumes_and_changes_nothing_of_its_keys_or_everything(scene: Scene, way: str) -> None:
    with pjsip_inside(scene, way, "required", srtp="mandatory") as (front, itsp, daemon):
        hears(front)
        front.do("hold", line=1)
        front.hears("media", state="local hold")
        front.do("resume", line=1)
        front.hears("media", state="active")
        for phone in (front, itsp):
            hears(phone)
    assert any(suites_of(daemon))


@pytest.mark.interop("pjsua2")
def test_pjsip_has_rtcp_at_the_port_of_rtp(scene: Scene) -> None:
    with pjsip_inside(scene, "outbound", "required", srtp="mandatory", rtcp_mux=True) as (front, itsp, _):
        for phone in (front, itsp):
            hears(phone)
        offered = front.sent("INVITE")[0]
        assert "a=rtcp-mux" in offered
        assert "a=rtcp-mux" in next(text for text in front.took("SIP/2.0 200") if "m=audio" in text)


@pytest.mark.interop("pjsua2")
def test_pjsip_without_srtp_is_refused_where_it_is_required(scene: Scene) -> None:
    text, front_end, door = over(scene, "tls")
    text += f"[internal.media]\n{media('required', tls=True)}"
    papers, authority = PAPERS[scene.block]
    secure = [str(papers.certificate), str(papers.private_key), str(authority.file)]
    front = telephone(scene.folder / "fe", front_end, 0, transport="tls", papers=secure)
    with scene.daemon(text, calls=1), front as phone:
        phone.do("dial", uri=f"sip:{CALLED}@{spell(door)};transport=tls")
        assert phone.is_down()["status"] == 488


# baresip


@pytest.mark.interop("baresip")
@pytest.mark.parametrize(
    ("way", "inside", "outside", "mux"),
    [
        ("outbound", "srtp-mand", "", False),
        ("inbound", "srtp-mand", "", False),
        ("outbound", "srtp-mand", "srtp-mand", False),
        ("outbound", "srtp", "srtp", True),
    ],
)
def test_baresip_hears_baresip_whoever_of_them_speaks_srtp(
    scene: Scene, way: str, inside: str, outside: str, mux: bool
) -> None:
    """Each hears the tone of the other; where both speak SRTP, each has keys of its own with us."""
    modes = {"srtp-mand": "required", "srtp": "optional", "": "off"}
    text = configured(scene, media(modes[inside], mux=mux), media(modes[outside], mux=mux))
    ends, laws = scene.way(way), ("PCMU", "PCMA") if way == "outbound" else ("PCMA", "PCMU")
    of_caller, of_callee = (inside, outside) if way == "outbound" else (outside, inside)
    low, high = scene.wide_ports()
    callee_phone = baresip.telephone(
        scene.folder / "b",
        ends.callee,
        user=CALLED,
        law=laws[1],
        tone_hz=HIGH_HZ,
        ports=high,
        srtp=of_callee,
        mux=mux,
    )
    caller_phone = baresip.telephone(
        scene.folder / "a",
        ends.caller,
        user="me",
        law=laws[0],
        tone_hz=LOW_HZ,
        ports=low,
        srtp=of_caller,
        mux=mux,
    )
    with scene.daemon(text, calls=1) as daemon, callee_phone as callee, caller_phone as caller:
        caller.dial(f"sip:{CALLED}@{spell(ends.door)}")
        for phone in (callee, caller):
            phone.await_event("CALL_ESTABLISHED")
        for phone in (callee, caller):
            phone.await_recording(2.0)
        caller.hang_up()
        for phone in (caller, callee):
            phone.await_event("CALL_CLOSED")
    assert tones_heard(callee)[0] > 0.95
    assert tones_heard(caller)[1] > 0.95
    # its first RTCP packets may go out before it has its keys
    agreed = suites_of(daemon, forgiven=3)
    assert [each is not None for each in agreed] == [bool(of_caller), bool(of_callee)]
    shows_no_keys(scene)


# FFmpeg


def keyed(text: str, suite: str, key: str, *, mandatory: bool = True) -> str:
    """A description with a key in it."""
    return (text.replace("RTP/AVP", "RTP/SAVP") if mandatory else text) + f"a=crypto:1 {suite} inline:{key}\n"


def our_key(body: str, suite: str) -> str:
    """The key in a description of ours."""
    line = next(line for line in body.splitlines() if line.startswith("a=crypto:") and suite in line)
    return line.split("inline:")[1].split("|")[0]


@pytest.mark.interop("ffmpeg")
@pytest.mark.doctor_finds("one-way-audio")  # FFmpeg only listens
@pytest.mark.parametrize(("way", "suite"), list(zip(WAYS, (SHA80, SHA32), strict=True)))
def test_ffmpeg_decrypts_what_we_encrypt(scene: Scene, way: str, suite: str) -> None:
    ends = scene.way(way)
    ear = (ends.callee[0], AUDIO_PORT)
    description, recorded = scene.folder / "ear.sdp", scene.folder / "heard.wav"
    listen = ["-protocol_whitelist", "file,rtp,udp,srtp", "-localaddr", ear[0], "-i", str(description)]
    command = ["ffmpeg", "-nostdin", "-y", "-loglevel", "error", *listen, "-t", "1.5", str(recorded)]
    secure, plain = media("required", suite), media("off")
    text = configured(scene, *((plain, secure) if way == "outbound" else (secure, plain)))
    with (
        scene.daemon(text, calls=1) as daemon,
        Phone(ends.caller) as caller,
        Phone(ends.callee) as callee,
        Talker.at((ends.caller[0], AUDIO_PORT), ends.caller_law) as talker,
    ):
        call_id = caller.invite(ends.door, talker.address, ends.caller_law)
        invite = callee.hear("INVITE ")
        assert "RTP/SAVP" in invite.body
        description.write_text(keyed(sdp(ear, ends.callee_law), suite, our_key(invite.body, suite)))
        with subprocess.Popen(command, stdin=subprocess.DEVNULL) as ffmpeg:
            try:
                await_socket(ear, "udp", process=ffmpeg)
                answer = keyed(sdp(ear, ends.callee_law), suite, b64encode(b"\5" * 30).decode())
                callee.reply(invite, "200 OK", answer)
                callee.hear("ACK ", invite["Call-ID"])
                call = caller.answered(call_id, ends.door)
                law = Law.PCMU if ends.caller_law == 0 else Law.PCMA
                talker.audio, talker.to = encode(law, sine(1000, -10, 3)), call.audio
                converse([talker], 3.0)
                assert ffmpeg.wait(10) == 0
            finally:
                ffmpeg.kill()
        call.hang_up()
        callee.hung_up()
    samples, rate = read_wave(recorded)
    assert share(loudest(samples, 1.0, rate), rate, 1000) > 0.95
    assert suites_of(daemon) == [None, suite]


@pytest.mark.interop("ffmpeg")
@pytest.mark.doctor_finds("one-way-audio")  # FFmpeg only speaks
@pytest.mark.parametrize("suite", [SHA80, SHA32])
def test_we_decrypt_what_ffmpeg_encrypts(scene: Scene, suite: str) -> None:
    ends = scene.way("outbound")
    theirs = b64encode(bytes(range(30))).decode()
    mouth = (ends.callee[0], AUDIO_PORT)
    with (
        scene.daemon(configured(scene, media("off"), media("required", suite)), calls=1) as daemon,
        Phone(ends.caller) as caller,
        Phone(ends.callee) as callee,
        Talker.at((ends.caller[0], AUDIO_PORT), ends.caller_law) as talker,
    ):
        call_id = caller.invite(ends.door, talker.address, ends.caller_law)
        invite = callee.hear("INVITE ")
        callee.reply(invite, "200 OK", keyed(sdp(mouth, ends.callee_law), suite, theirs))
        callee.hear("ACK ", invite["Call-ID"])
        call = caller.answered(call_id, ends.door)
        host, port = invite.audio
        to = f"srtp://{host}:{port}?localaddr={mouth[0]}&localrtpport={mouth[1]}&localrtcpport={mouth[1] + 1}"
        play = [
            "-re",
            "-f",
            "lavfi",
            "-i",
            "sine=frequency=1000:sample_rate=8000:duration=2",
            "-c:a",
            "pcm_alaw",
        ]
        seal = ["-f", "rtp", "-payload_type", "8", "-srtp_out_suite", suite, "-srtp_out_params", theirs]
        command = ["ffmpeg", "-nostdin", "-loglevel", "error", *play, *seal, to]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as ffmpeg:
            talker.audio, talker.to = encode(Law.PCMU, sine(400, -10, 2)), call.audio
            converse([talker], 2.2)
            assert ffmpeg.wait(10) == 0
        call.hang_up()
        callee.hung_up()
    (record,) = daemon.records()
    assert record["callee"]["media"]["packets_received"] > 10, json.dumps(record)
    # FFmpeg cuts the tag of RTCP to 32 bits with that of RTP, which RFC 4568 section 6.2.2 does not
    assert suites_of(daemon, forgiven=1 if suite == SHA32 else 0) == [None, suite]
    assert len(talker.payloads()) > 10
