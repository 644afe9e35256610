"""The whole signalling server in this process: real sockets at both doors, and a look at what it keeps inside."""

import asyncio
import json
import os
import random
import signal
from typing import Any

import pytest

from mediation.exit_codes import ExitCode
from mediation.lab.simulated_call import OVER
from mediation.media.engine import WorkerMediaEngine
from mediation.media.shelf import SoundFileError
from mediation.serving import _serve
from mediation.sip.flow import Transport
from mediation.sip.framing import LONGEST_MESSAGE
from mediation.sip.message import Request, Response
from mediation_codecs.law import Law
from tests.interop.scene import Scene
from tests.interop.six import SixPorts
from tests.wire.peers import TcpPeer, UdpPeer, invite, reply, request, spell, turned_away
from tests.wire.phones import Phone, left_in, nothing_left_in, serving, settings_of, until

NUMBER = "+493012345678"


def records(scene: Scene) -> list[dict[str, Any]]:
    file = scene.folder / "cdr.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


# OPTIONS


@pytest.mark.parametrize("side", ["internal", "gateway"])
async def test_options_are_answered_over_both_transports_on_both_sides(scene: Scene, side: str) -> None:
    asker, at = (scene.front_end[0], scene.internal) if side == "internal" else (scene.sbc[0], scene.gateway)
    async with serving(scene.configuration()):
        with UdpPeer(asker) as udp:
            answer = await udp.asks(at)
        tcp = await TcpPeer.connected(asker, at)
        tcp.send(request("OPTIONS", tcp.at, at, transport="TCP"))
        for response, transport in ((answer, ""), (await tcp.response(), ";transport=tcp")):
            assert response.status == 200
            assert response.headers.get("Contact") == f"<sip:{spell(at)}{transport}>"
            assert "INVITE" in response.allow
            assert (response.headers.get("Accept") or "").startswith("application/sdp, multipart/mixed")
        await tcp.close()


async def test_options_say_503_and_when_to_come_back_while_the_server_is_stopping(scene: Scene) -> None:
    async with serving(scene.configuration()) as server, Phone.plugged_in(scene.front_end) as front_end:
        with UdpPeer(*scene.sbc) as deaf, UdpPeer(scene.front_end[0]) as asker:
            front_end.calls(NUMBER, scene.internal)
            call = await deaf.request("INVITE")
            at_once = asyncio.Event()
            stopping = asyncio.create_task(server.stop(at_once))
            await front_end.notes_that("hears 503")
            answer = await asker.asks(scene.internal)
            assert answer.status == 503
            assert answer.retry_after
            deaf.send(reply(call, 487), scene.gateway)
            await stopping
    [record] = records(scene)
    assert (record["verdict"], record["reason"]) == ("us", "shutdown")


# strangers


async def test_a_stranger_gets_nothing_at_all_and_costs_nothing(scene: Scene) -> None:
    async with serving(scene.configuration()) as server:
        with UdpPeer(scene.stranger[0]) as udp:
            for octets in (
                invite(udp.at, scene.internal, number="00900123456"),
                request("OPTIONS", udp.at, scene.internal),
                request("REGISTER", udp.at, scene.internal),
                request("BYE", udp.at, scene.internal),
                b"INVITE broken",
                b"\r\n\r\n",
            ):
                udp.send(octets, scene.internal)
            await udp.hears_nothing()
        for octets in (b"", b"\r\n\r\n", invite(scene.stranger, scene.internal, transport="TCP")):
            await turned_away(scene.stranger[0], scene.internal, octets)
        assert not any(left_in(server).values())
        assert server._driver.flows.refused == 9
    assert not records(scene)


async def test_the_front_end_is_a_stranger_at_the_gateway_and_the_trunk_at_the_internal_side(
    scene: Scene,
) -> None:
    async with serving(scene.configuration()):
        with UdpPeer(scene.front_end[0]) as front_end, UdpPeer(scene.sbc[0]) as sbc:
            front_end.send(request("OPTIONS", front_end.at, scene.gateway), scene.gateway)
            sbc.send(request("OPTIONS", sbc.at, scene.internal), scene.internal)
            await front_end.hears_nothing()
            await sbc.hears_nothing()


# calls


@pytest.mark.parametrize("inside", [Transport.UDP, Transport.TCP])
@pytest.mark.parametrize("outside", [Transport.UDP, Transport.TCP])
async def test_a_call_goes_through_by_any_pair_of_transports_and_leaves_nothing(
    scene: Scene, inside: Transport, outside: Transport
) -> None:
    uri = f"sip:{spell(scene.sbc)};transport={outside}"
    async with (
        serving(scene.configuration(targets=(uri,)), quick=True) as server,
        Phone.plugged_in(scene.front_end) as front_end,
        Phone.plugged_in(scene.sbc, law=Law.PCMA) as sbc,
    ):
        front_end.calls(NUMBER, scene.internal, transport=inside)
        await front_end.notes_that("hears 200")
        front_end.hangs_up()
        await sbc.notes_that("is hung up on")
        await front_end.is_done()
        await nothing_left_in(server, "calls", "transactions", "dialogs", "deadlines")
        invited = next(m for m in sbc.seen if isinstance(m, Request))
        assert invited.top_via.transport.lower() == outside
    [record] = records(scene)
    assert (record["verdict"], record["called"], record["direction"]) == ("success", NUMBER, "outbound")


async def test_a_call_goes_through_over_ipv6_from_the_trunk_to_the_front_end(six: SixPorts) -> None:
    internal, gateway, front_end_at, sbc_at = (six.at(party) for party in range(4))
    inside, outside = (list(ports) for ports in six.audio)
    configuration = f"""
[internal]
listen = ["udp:{spell(internal)}", "tcp:{spell(internal)}"]
targets = ["sip:{spell(front_end_at)};transport=tcp"]
rtp_ports = {inside}
health.options = false
[gateway]
listen = ["udp:{spell(gateway)}"]
rtp_ports = {outside}
[[trunk]]
name = "itsp"
targets = ["sip:{spell(sbc_at)}"]
health.options = false
"""
    async with (
        serving(configuration, quick=True) as server,
        Phone.plugged_in(front_end_at) as front_end,
        Phone.plugged_in(sbc_at) as sbc,
    ):
        sbc.calls(NUMBER, gateway)
        await sbc.notes_that("hears 200")
        front_end.hangs_up()
        await sbc.notes_that("is hung up on")
        await nothing_left_in(server, "calls", "transactions", "dialogs", "deadlines")


async def test_a_target_that_refuses_connections_is_left_at_once_for_the_next_one(scene: Scene) -> None:
    targets = (f"sip:{spell(scene.sbc)};transport=tcp", f"sip:{spell(scene.second_sbc)}")
    async with (
        serving(scene.configuration(targets=targets)),
        Phone.plugged_in(scene.front_end) as front_end,
        Phone.plugged_in(scene.second_sbc, law=Law.PCMA),
    ):
        began = asyncio.get_running_loop().time()
        front_end.calls(NUMBER, scene.internal)
        await front_end.notes_that("hears 200")
        assert asyncio.get_running_loop().time() - began < 5
        front_end.hangs_up()
        await front_end.is_done()
    [record] = records(scene)
    assert [(a["reason"], a["status"]) for a in record["attempts"]] == [("unreachable", 503), (None, None)]


async def test_when_nobody_can_be_reached_the_caller_hears_503(scene: Scene) -> None:
    targets = (f"sip:{spell(scene.sbc)};transport=tcp", f"sip:{spell(scene.second_sbc)};transport=tcp")
    async with (
        serving(scene.configuration(targets=targets)) as server,
        Phone.plugged_in(scene.front_end) as front_end,
    ):
        front_end.calls(NUMBER, scene.internal, transport=Transport.TCP)
        await front_end.notes_that("hears 503")
        await nothing_left_in(server, "calls", "dialogs")
    [record] = records(scene)
    assert (record["verdict"], record["reason"], len(record["attempts"])) == ("trunk", "all-targets-down", 2)


# callers that vanish


ENDS = {"is cancelled", "is hung up on", "hears no ACK", OVER}


@pytest.mark.parametrize("behaviour", ["answer", "busy", "never-answer"])
async def test_fifty_invites_over_tcp_whose_connections_are_reset_leave_nothing_behind(
    scene: Scene, behaviour: str
) -> None:
    uri = f"sip:{spell(scene.sbc)};transport=tcp"
    configuration = scene.configuration(targets=(uri,), more="[sip]\nring_limit_s = 5\nsetup_limit_s = 5\n")
    async with (
        serving(configuration, quick=True) as server,
        Phone.plugged_in(scene.sbc, behaviour, Law.PCMA) as sbc,
    ):
        for _ in range(50):
            caller = await TcpPeer.connected(scene.front_end[0], scene.internal)
            caller.send(invite((scene.front_end[0], 9), scene.internal, transport="TCP"))
            await caller.writer.drain()
            caller.reset()
            await caller.close()
        await until(lambda: len(records(scene)) == 50)
        await nothing_left_in(server, "calls", "transactions", "dialogs", "deadlines")
        assert left_in(server)["connections"] <= 1, "the one to the SBC may stay"
        assert not server._media.engine.open, "media of a call that is over"  # type: ignore[attr-defined]  # InstantMedia
    assert all(noted in ENDS or noted.startswith("takes the call") for _, noted in sbc.notes), sbc.notes


async def test_a_caller_with_half_an_invite_is_no_call(scene: Scene) -> None:
    async with serving(scene.configuration()) as server:
        whole = invite((scene.front_end[0], 9), scene.internal, transport="TCP")
        for end in (10, len(whole) // 2, len(whole) - 1):
            caller = await TcpPeer.connected(scene.front_end[0], scene.internal)
            caller.send(whole[:end])
            await caller.writer.drain()
            caller.reset()
            await caller.close()
        await nothing_left_in(server)
    assert not records(scene)


# nonsense


def nonsense(scene: Scene, seed: int) -> bytes:
    """Octets that were an INVITE once, or never were anything."""
    chance = random.Random(seed)
    octets = bytearray(invite(scene.front_end, scene.internal, number="1"))
    match seed % 4:
        case 0:
            return chance.randbytes(chance.randrange(1, 1500))
        case 1:
            return bytes(octets[: chance.randrange(1, len(octets) - 200)])
        case 2:
            return b"INVITE sip:x SIP/2.0\r\n" + chance.randbytes(200) + b"\r\n\r\n"
        case _:
            octets[chance.randrange(20, 60)] = chance.randrange(256)
            return bytes(octets).replace(b"CSeq", b"C\0Seq")


async def test_a_flood_of_malformed_datagrams_leaves_options_answered_and_no_trace(scene: Scene) -> None:
    async with serving(scene.configuration(), quick=True) as server:
        with UdpPeer(*scene.front_end) as flooder, UdpPeer(scene.front_end[0]) as asker:
            for seed in range(400):
                flooder.send(nonsense(scene, seed), scene.internal)
                if seed % 40 == 39:
                    assert (await asker.asks(scene.internal)).status == 200
            flooder.send(b"x" * 65_507, scene.internal)
            assert (await asker.asks(scene.internal)).status == 200
        assert not server._engine.calls
        await nothing_left_in(server, "transactions")


async def test_what_is_broken_but_can_be_answered_is_answered_400(scene: Scene) -> None:
    async with serving(scene.configuration()):
        with UdpPeer(*scene.front_end) as peer:
            octets = request("OPTIONS", peer.at, scene.internal).replace(
                b"Max-Forwards: 70", b"Max-Forwards: x"
            )
            peer.send(octets, scene.internal)
            assert (await peer.response()).status == 400


async def test_a_message_too_long_for_us_is_513_over_tcp_and_ends_the_connection(scene: Scene) -> None:
    async with serving(scene.configuration()):
        peer = await TcpPeer.connected(scene.front_end[0], scene.internal)
        peer.send(request("OPTIONS", peer.at, scene.internal, transport="TCP", body="b" * LONGEST_MESSAGE))
        response = await peer.message()
        assert isinstance(response, Response)
        assert response.status == 513
        assert await peer.rest() == b""
        await peer.close()


# call records and media


async def test_no_record_is_lost_while_the_directory_of_the_file_is_away(scene: Scene) -> None:
    folder = scene.folder / "records"
    folder.mkdir()
    configuration = scene.configuration().replace(str(scene.folder / "cdr.jsonl"), str(folder / "cdr.jsonl"))
    async with (
        serving(configuration),
        Phone.plugged_in(scene.front_end) as front_end,
        Phone.plugged_in(scene.sbc, "busy"),
    ):
        for done in range(1, 7):
            if done == 3:
                folder.rename(away := scene.folder / "away")
            if done == 5:
                away.rename(folder)
            front_end.calls(f"{NUMBER}{done}", scene.internal)
            await front_end.is_done(done)
    found = [json.loads(line)["called"] for line in (folder / "cdr.jsonl").read_text().splitlines()]
    assert found == [f"{NUMBER}{done}" for done in range(1, 7)]


async def test_the_end_of_a_media_worker_ends_no_call(scene: Scene) -> None:
    async with (
        serving(scene.configuration(), media=True) as server,
        Phone.plugged_in(scene.front_end) as front_end,
        Phone.plugged_in(scene.sbc, law=Law.PCMA),
    ):
        front_end.calls(NUMBER, scene.internal)
        await front_end.notes_that("hears 200")
        media = server._media.engine
        assert isinstance(media, WorkerMediaEngine)
        [worker] = media.workers.values()
        os.kill(worker, signal.SIGKILL)
        await until(lambda: list(media.workers.values()) not in ([], [worker]))
        front_end.hangs_up()
        await front_end.is_done(1)
        front_end.calls(NUMBER + "9", scene.internal)
        await front_end.notes_that("hears 200", 2)
        front_end.hangs_up()
        await front_end.is_done(2)
    for record in records(scene):
        assert (record["verdict"], record["hung_up_by"]) == ("success", "caller")


# Sounds


async def test_a_sound_that_went_after_the_check_is_told_and_nothing_is_started(scene: Scene) -> None:
    music = f'mid_call.music = "{scene.folder}/gone.wav"'
    with pytest.raises(SoundFileError, match="there is no such file"):
        async with serving(scene.configuration(trunk=music)):
            pass
    assert (
        await _serve(settings_of(scene.configuration(trunk=music)), scene.folder / "mediation.toml")
        == ExitCode.CONFIGURATION
    )
