"""What a caller hears before a refusal, through the whole server and a real worker: all of it, and then the refusal."""

import json
import wave

import numpy as np
import pytest

from mediation.media.sound_files import read_sound
from mediation.rtp.packet import read_header
from mediation.sip.framing import parse_datagram
from mediation.sip.message import Response
from mediation_codecs.g711 import Samples, decode, encode
from mediation_codecs.law import Law
from mediation_codecs.pcm import level_at_dbm0
from mediation_codecs.tones import sine
from tests.interop.scene import Scene
from tests.wire.media_phones import udp
from tests.wire.peers import OFFER, UdpPeer, reply, request
from tests.wire.phones import nothing_left_in, serving

WORDS = sine(700, -12, 1.5)


def written(scene: Scene, samples: Samples) -> str:
    path = scene.folder / "words.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())
    return str(path)


@pytest.mark.parametrize("called", [True, False])
async def test_a_caller_hears_all_of_an_announcement_and_then_that_it_is_refused__rfc3960_4(
    scene: Scene, called: bool
) -> None:
    """Whether somebody was called and refused, or there was nobody to call."""
    status = 486 if called else 404
    rule = f'[[internal.announcement]]\nstatus = {status}\nsound = "file:{written(scene, WORDS)}"\n'
    route = "" if called else '[[route]]\nmatch = "^[+]99"\ntrunks = ["itsp"]\n'
    phone = udp(scene.front_end[0])
    with UdpPeer(*scene.front_end) as caller, UdpPeer(*scene.sbc) as sbc:
        async with serving(scene.configuration(more=rule + route), media=True, quick=True) as server:
            offer = OFFER.format(host=scene.front_end[0], port=phone.getsockname()[1], law=0)
            caller.send(
                request("INVITE", caller.at, scene.internal, user="+493012345678", body=offer), scene.internal
            )
            if called:
                invited = await sbc.request("INVITE")
                sbc.send(reply(invited, 486), scene.gateway)
            told = [parse_datagram(await caller.datagram()) for _ in range(2)]
            assert [message.status for message in told if isinstance(message, Response)] == [100, 183]
            refusal = await caller.response()
            assert refusal.status == status
            phone.setblocking(False)
            packets = []
            try:
                while True:
                    packets.append(phone.recv(2048))
            except BlockingIOError:
                pass
            caller.send(_ack(refusal, caller, scene), scene.internal)
            await nothing_left_in(server, "calls", "dialogs", "deadlines")
    phone.close()
    heads = [read_header(packet) for packet in packets]
    first = heads[0][3]
    sound = encode(Law.PCMU, read_sound(str(scene.folder / "words.wav")))
    for packet, head in zip(packets, heads, strict=True):
        place = (head[3] - first) & 0xFFFFFFFF
        assert packet[12:] == sound[place : place + 160]
    assert (heads[-1][3] - first) & 0xFFFFFFFF == 74 * 160, "the last frame came before the refusal"
    heard = np.concatenate([decode(Law.PCMU, packet[12:]) for packet in packets[10:60]])
    assert level_at_dbm0(heard, 700) > -20
    [record] = [json.loads(line) for line in (scene.folder / "cdr.jsonl").read_text().splitlines()]
    assert record["status"] == status
    assert record["announcement"] == {"sound": str(scene.folder / "words.wav"), "complete": True}


def _ack(refusal: Response, caller: UdpPeer, scene: Scene) -> bytes:
    number = refusal.cseq.number
    lines = [f"ACK sip:x@{scene.internal[0]} SIP/2.0", "Max-Forwards: 70", f"CSeq: {number} ACK"]
    for name in ("Via", "From", "To", "Call-ID"):
        lines += [f"{name}: {value}" for value in refusal.headers.get_all(name)[:1]]
    return ("\r\n".join([*lines, "Content-Length: 0"]) + "\r\n\r\n").encode()
