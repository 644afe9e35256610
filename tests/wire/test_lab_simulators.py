"""The lab's simulators alone, as processes, against whoever speaks SIP: here that is the test itself."""

import asyncio
import signal
import socket

import pytest

from mediation.lab.journal import JournalReader, Note, SeenMessage
from mediation.lab.simulated_call import OVER
from mediation.lab.stream import Recording
from mediation.rtp.packet import build, read_header
from mediation.sip.framing import parse_datagram
from mediation.sip.message import Request, Response
from tests.interop.scene import Scene
from tests.wire.peers import OFFER, PATIENCE_S, TcpPeer, UdpPeer, reply, request, spell
from tests.wire.processes import mediation

NUMBER = "+493012345678"
REMEDY = "another process listens there: stop it, or choose another port"
pytestmark = pytest.mark.usefixtures("marked")


def listening(scene: Scene, *more: str) -> tuple[str, ...]:
    return ("--listen", f"udp:{spell(scene.sbc)}", "--listen", f"tcp:{spell(scene.sbc)}", *more)


def invite(
    own: tuple[str, int],
    to: tuple[str, int],
    *,
    number: str = NUMBER,
    law: int = 8,
    transport: str = "UDP",
    port: int = 45000,
) -> bytes:
    offer = OFFER.format(host=own[0], port=port, law=law)
    return request("INVITE", own, to, user=number, body=offer, transport=transport)


def within(invite_octets: bytes, answer: Response, method: str, sequence: int | None = None) -> bytes:
    """A request within the dialog that an INVITE has made."""
    message = parse_datagram(invite_octets)
    assert isinstance(message, Request)
    number = message.cseq.number if sequence is None else sequence
    via = str(message.top_via).replace("branch=z9hG4bK", f"branch=z9hG4bK{method}")
    return (
        f"{method} {answer.contact.uri if answer.contact else ''} SIP/2.0\r\nVia: {via}\r\nMax-Forwards: 70\r\n"
        f"From: {message.headers.get('From')}\r\nTo: {answer.headers.get('To')}\r\nCall-ID: {message.call_id}\r\n"
        f"CSeq: {number} {method}\r\nContent-Length: 0\r\n\r\n"
    ).encode()


async def test_an_sbc_alone_rings_answers_talks_and_hangs_up(scene: Scene) -> None:
    async with mediation("lab", "sbc", *listening(scene)) as sbc:
        await sbc.says("sbc: listening on udp:")
        with UdpPeer(*scene.gateway) as caller, UdpPeer(scene.gateway[0]) as audio:
            caller.send(octets := invite(caller.at, scene.sbc, port=audio.at[1]), scene.sbc)
            assert (await caller.response(100)).status == 100
            assert (await caller.response(180)).status == 180
            answer = await caller.response(200)
            assert b"RTP/AVP 8" in answer.body
            caller.send(within(octets, answer, "ACK"), scene.sbc)
            payload_type, marker, first, _, ssrc, begin, end = read_header(packet := await audio.datagram())
            assert (payload_type, bool(marker), end - begin) == (8, True, 160)
            assert len(set(packet[begin:end])) > 10, "a voice, not silence"
            for step in range(1, 20):
                _, marker, sequence, _, same, _, _ = read_header(await audio.datagram())
                assert (sequence - first, bool(marker), same) == (step, False, ssrc)
            caller.send(within(octets, answer, "BYE", 999), scene.sbc)
            assert (await caller.response()).cseq.method == "BYE"
        await sbc.says(f"sbc: {NUMBER} is hung up on")
        sbc.process.send_signal(signal.SIGTERM)
        assert await sbc.ends() == 0
        assert "Traceback" not in sbc.said


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
async def test_a_number_has_its_own_behaviour_and_the_others_the_default(
    scene: Scene, transport: str
) -> None:
    chosen = ("--behaviour", "reject=404", "--behaviour", "+4911=busy", "--behaviour", "+4912=503")
    async with mediation("lab", "sbc", *listening(scene, *chosen)) as sbc:
        await sbc.says("listening")
        for number, status in (("+4911", 486), ("+4912", 503), ("+4913", 404)):
            if transport == "TCP":
                tcp = await TcpPeer.connected(scene.gateway[0], scene.sbc)
                tcp.send(invite(tcp.at, scene.sbc, number=number, transport="TCP"))
                assert (await tcp.response()).status == status
                await tcp.close()
            else:
                with UdpPeer(scene.gateway[0]) as udp:
                    udp.send(invite(udp.at, scene.sbc, number=number), scene.sbc)
                    assert (await udp.response()).status == status


async def test_a_front_end_alone_calls_whom_it_is_told_to(scene: Scene) -> None:
    own = ("--listen", f"udp:{spell(scene.front_end)}", "--name", "me")
    call = (
        "--to",
        f"sip:{spell(scene.internal)}",
        "--call",
        f"{NUMBER},talk=0.1",
        "--call",
        "112,at=0.1,cancel=0.1",
    )
    with UdpPeer(*scene.internal) as server:
        async with mediation("lab", "front-end", *own, *call) as front_end:
            called = await server.request("INVITE")
            assert f"sip:{NUMBER}@" in called.request_uri
            assert b"RTP/AVP 0" in called.body
            server.send(reply(called, 404), scene.front_end)
            await front_end.says(f"me: {NUMBER} hears 404")
            second = await server.request("INVITE")
            server.send(reply(second, 180), scene.front_end)
            cancel = await server.request("CANCEL")
            server.send(reply(cancel, 200), scene.front_end)
            server.send(reply(second, 487), scene.front_end)
            await front_end.says(f"me: 112 {OVER}")


async def test_two_of_them_talk_to_each_other_and_write_everything_down(scene: Scene) -> None:
    ours, theirs = scene.folder / "ours.jsonl", scene.folder / "theirs.jsonl"
    own = ("--listen", f"tcp:{spell(scene.front_end)}", "--law", "PCMA", "--journal", str(ours))
    call = ("--to", f"sip:{spell(scene.sbc)};transport=tcp", "--call", f"{NUMBER},talk=60", "--wait")
    async with (
        mediation("lab", "sbc", *listening(scene, "--behaviour", "answer", "--journal", str(theirs))) as sbc,
        mediation("lab", "front-end", *own, *call) as front_end,
    ):
        await sbc.says("listening")
        await front_end.says("listening")
        front_end.tell(b"\n")
        await front_end.says("hears 200")
        await sbc.says("takes the call")
        front_end.process.send_signal(signal.SIGINT)
        assert await front_end.ends() == 0
        await sbc.says("is hung up on")
        sbc.process.send_signal(signal.SIGTERM)
        assert await sbc.ends() == 0
    for path, speaks_as in ((ours, "caller"), (theirs, "callee")):
        entries = list(JournalReader(path).read_on())
        [recording] = [entry for entry in entries if isinstance(entry, Recording)]
        assert (recording.call, recording.speaks_as, recording.law) == (NUMBER, speaks_as, "PCMA")
        methods = [
            e.message.method for e in entries if isinstance(e, SeenMessage) and isinstance(e.message, Request)
        ]
        assert methods == ["INVITE", "ACK", "BYE"]
        assert [entry.what for entry in entries if isinstance(entry, Note)][-1] == OVER


async def test_where_it_waits_for_a_line_the_end_of_its_input_is_its_own(scene: Scene) -> None:
    async with mediation("lab", "sbc", *listening(scene, "--wait")) as sbc:
        await sbc.says("listening")
        sbc.tell(None)
        assert await sbc.ends() == 0


async def test_without_wait_the_end_of_its_input_means_nothing(scene: Scene) -> None:
    async with mediation("lab", "sbc", *listening(scene)) as sbc:
        await sbc.says("listening")
        sbc.tell(None)
        with UdpPeer(scene.gateway[0]) as peer:
            assert (await peer.asks(scene.sbc)).status == 200


async def test_what_is_no_rtp_and_what_is_no_sip_ends_nothing(scene: Scene) -> None:
    async with mediation(
        "lab", "sbc", *listening(scene, "--behaviour", "answer", "--rtp-port", "45200")
    ) as sbc:
        await sbc.says("listening")
        with UdpPeer(*scene.gateway) as caller:
            caller.send(octets := invite(caller.at, scene.sbc), scene.sbc)
            answer = await caller.response()
            caller.send(within(octets, answer, "ACK"), scene.sbc)
            for packet in (b"", b"\x80", b"\xff" * 11, build(8, 1, 160, 7, b"x" * 160)):
                caller.send(packet, (scene.sbc[0], 45200))
            caller.send(b"INVITE nonsense", scene.sbc)
            assert (await caller.asks(scene.sbc)).status == 200
        await sbc.says("malformed message")


async def test_a_taken_address_is_exit_code_75_and_one_line(scene: Scene) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(scene.sbc)
        async with mediation("lab", "sbc", *listening(scene)) as sbc:
            assert await sbc.ends() == 75
            assert sbc.said == f"cannot listen at udp:{spell(scene.sbc)}: Address already in use; {REMEDY}\n"


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("sbc", "--help"), 0, "ring-then-answer"),
        (("front-end", "--help"), 0, "--listen"),
        (("--help",), 0, "front-end"),
        (("sbc",), 2, "--listen"),
        (("sbc", "--listen", "udp:127.0.0.1", "--behaviour", "anwser"), 2, "choose one of"),
        (("sbc", "--listen", "udp:127.0.0.1", "--to", "sip:127.0.0.1", "--call", "+1,at=x"), 2, "in seconds"),
        (("gateway",), 2, "No such command"),
    ],
)
async def test_the_command_line_of_the_product_leads_here(
    arguments: tuple[str, ...], status: int, says: str
) -> None:
    async with mediation("lab", *arguments) as command:
        assert await command.ends() == status
        assert says in command.said
        assert "Traceback" not in command.said


async def test_a_sea_of_calls_to_one_number_has_audio_of_its_own_each(scene: Scene) -> None:
    """Six at once, all to the same number: each hears a stream from another port."""
    async with mediation("lab", "sbc", *listening(scene, "--behaviour", "answer")) as sbc:
        await sbc.says("listening")
        with UdpPeer(*scene.gateway) as caller:
            ears = [UdpPeer(scene.gateway[0]) for _ in range(6)]
            try:
                for ear in ears:
                    caller.send(octets := invite(caller.at, scene.sbc, port=ear.at[1]), scene.sbc)
                    caller.send(within(octets, await caller.response(), "ACK"), scene.sbc)
                async with asyncio.timeout(PATIENCE_S):
                    loop = asyncio.get_running_loop()
                    heard = [await loop.sock_recvfrom(ear.socket, 2048) for ear in ears]
                assert len({remote for _, remote in heard}) == 6
            finally:
                for ear in ears:
                    ear.socket.close()
