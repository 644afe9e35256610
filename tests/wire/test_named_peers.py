"""Peers that are known by their certificates alone, over real TLS from addresses that are nobody's (RFC 5922)."""

import asyncio
import json
import ssl
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from mediation.server import Server
from mediation.sip.message import Request, Response
from tests.interop.scene import Scene
from tests.wire.authority import Papers
from tests.wire.peers import PATIENCE_S, TcpPeer, invite, reply, request, turned_away
from tests.wire.phones import Phone, nothing_left_in, serving, until
from tests.wire.tls_scene import SBC_NAME, Secured

NUMBER = "+493012345678"
MOBILE_NAME = "branch.corp.example"
BY_NAME = f'trusted_names = ["{SBC_NAME}"]\nreuse_connections = true\n'


@pytest.fixture
def secured(scene: Scene) -> Secured:
    return Secured(scene)


@pytest.fixture
def log() -> Iterator[list[Any]]:
    with structlog.testing.capture_logs() as lines:
        yield lines


def configured(secured: Secured, trunk: str = BY_NAME, *, more: str = "") -> str:
    """One trunk that is known by its name, and whatever comes behind it; nobody listens at its target."""
    mobile = f'[[trunk]]\nname = "mobile"\ntargets = []\ntrusted_names = ["{MOBILE_NAME}"]\n'
    mobile += 'codecs = ["PCMA"]\nhealth.options = false\n'
    return secured.configuration(trunk=trunk, targets=(secured.to_sbc,), more=mobile + more)


async def from_anywhere(secured: Secured, papers: Papers | None = None, last: int = 66) -> TcpPeer:
    return await secured.comes(papers or secured.sbc, host=secured.scene.host(last), to=secured.gateway)


async def is_sent_off(peer: TcpPeer) -> None:
    """Its certificate is good, and names nobody of ours: a goodbye is all that it hears."""
    assert await peer.rest() == b""
    await peer.close()


def calls(secured: Secured, peer: TcpPeer) -> None:
    offer = invite(peer.at, secured.gateway, number=NUMBER, transport="TLS")
    peer.send(offer.replace(b"RTP/AVP 0", b"RTP/AVP 8"))


def acknowledged(answer: Response) -> bytes:
    """The ACK to a 2xx."""
    lines = [f"ACK {answer.contact.uri if answer.contact else ''} SIP/2.0"]
    lines += ["Via: SIP/2.0/TLS wire.invalid;branch=z9hG4bK-wire-ack", "Max-Forwards: 70"]
    lines += [f"{name}: {answer.headers.get(name)}" for name in ("From", "To", "Call-ID")]
    lines += [f"CSeq: {answer.cseq.number} ACK", "Content-Length: 0"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def says(secured: Secured, peer: TcpPeer, *, alias: bool = True) -> Response:
    """Ask how the server is, and whether it wants the connection."""
    more = ";rport;alias" if alias else ";rport"
    peer.send(request("OPTIONS", peer.at, secured.gateway, transport="TLS", rport=more))
    return await peer.response()


async def record(scene: Scene) -> dict[str, Any]:
    """The one call record, which another thread writes."""
    file = scene.folder / "cdr.jsonl"
    await until(lambda: file.exists() and file.read_text().endswith("\n"))
    (line,) = file.read_text().splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def strangers(server: Server) -> dict[str, int]:
    return {str(fate): count for fate, count in server._security.handshakes.fates.items() if count}


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_two_trunks_at_one_listener_are_told_apart_by_their_certificates__rfc5922_7_1(
    secured: Secured, version: ssl.TLSVersion
) -> None:
    mobile = secured.authority.signs("mobile", MOBILE_NAME, "other.example")
    for papers, trunk, name in ((secured.sbc, "itsp", SBC_NAME), (mobile, "mobile", MOBILE_NAME)):
        async with (
            serving(configured(secured), quick=True) as server,
            Phone.plugged_in(secured.scene.front_end, "busy"),
        ):
            peer = await secured.comes(
                papers, host=secured.scene.host(66), to=secured.gateway, version=version
            )
            calls(secured, peer)
            assert (await peer.response()).status == 486
            await nothing_left_in(server, "calls")
            assert strangers(server) == {"proved": 1}
            caller = (await record(secured.scene))["caller"]
            assert (caller["trunk"], caller["certificate"]) == (trunk, name)
            assert caller["address"].startswith(secured.scene.host(66))
            await peer.close()
        (secured.scene.folder / "cdr.jsonl").unlink()


async def test_a_certificate_that_is_no_ones_is_refused_counted_and_told_once(
    secured: Secured, log: list[Any]
) -> None:
    nobody = secured.authority.signs("nobody", "nobody.example")
    async with serving(configured(secured)) as server:
        for last in (66, 67, 68):
            await is_sent_off(await from_anywhere(secured, nobody, last))
        await secured.is_refused(None, host=secured.scene.host(69), to=secured.gateway)
        await until(lambda: strangers(server) == {"refused": 4})
        assert server._driver.flows.refused == 4
        lines = [line for line in log if line["event"] == "tls.peer_refused"]
        assert len(lines) == 1, "one for all strangers, not one for each address"
        assert lines[0]["reason"] == (
            f"its certificate names nobody.example, and not {MOBILE_NAME} or {SBC_NAME}"
        )
        await nothing_left_in(server)


async def test_without_such_a_peer_a_stranger_is_turned_away_before_the_handshake(secured: Secured) -> None:
    async with serving(secured.configuration()) as server:
        await turned_away(secured.scene.host(66), secured.gateway)
        assert strangers(server) == {}
        # and at the other interface, where nobody is known so
    async with serving(configured(secured)) as server:
        await turned_away(secured.scene.host(66), secured.internal)
        assert strangers(server) == {}


async def test_an_address_that_is_written_must_be_right_as_well(secured: Secured) -> None:
    narrow = f'trusted_names = ["{SBC_NAME}"]\ntrusted = ["{secured.scene.host(67)}"]\n'
    async with serving(configured(secured, narrow), quick=True), Phone.plugged_in(secured.scene.front_end):
        await is_sent_off(await from_anywhere(secured))
        peer = await from_anywhere(secured, last=67)
        assert (await says(secured, peer)).status == 200
        await peer.close()


async def test_our_calls_go_by_the_connection_that_the_peer_has_opened__rfc5923_5(secured: Secured) -> None:
    """Nobody listens at the trunk's target: only its own connection, from elsewhere, can bring the INVITE."""
    async with (
        serving(configured(secured), quick=True) as server,
        Phone.plugged_in(secured.scene.front_end) as front_end,
    ):
        peer = await from_anywhere(secured)
        assert (await says(secured, peer)).status == 200
        front_end.calls(NUMBER, secured.scene.internal)
        asked = await peer.message()
        assert isinstance(asked, Request)
        assert asked.method == "INVITE"
        assert asked.request_uri.partition("@")[2].startswith(f"{SBC_NAME};transport=tls")
        assert secured.front_end_at[0].encode() not in bytes(asked)
        peer.send(reply(asked, 486))
        await front_end.notes_that("hears 486")
        await nothing_left_in(server, "calls")
        callee = (await record(secured.scene))["callee"]
        assert (callee["trunk"], callee["certificate"]) == ("itsp", SBC_NAME)
        ack = await peer.message()
        assert isinstance(ack, Request)
        assert ack.method == "ACK"
        await peer.close()
        await until(lambda: not server._engine.directory.connected("itsp"))
        front_end.calls(NUMBER, secured.scene.internal)
        await front_end.notes_that("hears 503")
        await nothing_left_in(server, "calls", "transactions")


async def test_half_open_handshakes_of_strangers_starve_neither_known_peers_nor_newcomers(
    secured: Secured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mediation.net.handshakes.MOST_STRANGE", 6)
    async with serving(configured(secured)) as server:
        flood = []
        for last in range(100, 112):
            peer = await TcpPeer.connected(secured.scene.host(last), secured.gateway)
            peer.send(b"\x16\x03\x01\x02\x00")
            flood.append(peer)
        await until(lambda: strangers(server).get("crowded") == 6)
        assert len(server._security.handshakes) == 6
        known = await secured.comes(secured.sbc, host=secured.scene.sbc[0], to=secured.gateway)
        assert (await says(secured, known)).status == 200
        newcomer = await from_anywhere(secured)
        assert (await says(secured, newcomer)).status == 200
        async with asyncio.timeout(PATIENCE_S):
            for peer in flood[:6]:
                assert await peer.rest() == b""
        for peer in (*flood, known, newcomer):
            await peer.close()
        await until(lambda: not len(server._security.handshakes))


async def test_one_address_that_tries_again_and_again_is_turned_away_unheard(secured: Secured) -> None:
    nobody = secured.authority.signs("nobody", "nobody.example")
    async with serving(configured(secured)) as server:
        for _ in range(30):
            try:
                peer = await secured.comes(nobody, host=secured.scene.host(66), to=secured.gateway)
            except OSError:
                continue
            peer.writer.transport.abort()
        await until(lambda: strangers(server).get("crowded", 0) >= 1)
        other = await from_anywhere(secured, last=67)
        assert (await says(secured, other)).status == 200
        await other.close()


async def test_a_branch_of_ours_on_a_line_without_an_address_calls_and_is_called(secured: Secured) -> None:
    """Two servers: the centre knows the branch by its certificate, and calls it by the connection that it keeps."""
    scene = secured.scene
    papers = secured.authority.signs("branch", MOBILE_NAME)
    inside, wandering, phone_at = scene.host(12), scene.host(66), (scene.host(21), 5060)
    branch = f"""
[internal]
listen = ["udp:{inside}"]
targets = ["sip:{phone_at[0]}"]
health.options = false
[gateway]
listen = ["tls:{wandering}"]
[gateway.tls]
certificate = "{papers.certificate}"
private_key = "{papers.private_key}"
authorities = "{secured.authority.file}"
[[trunk]]
name = "centre"
targets = ["sip:{secured.gateway[0]}:5061;transport=tls"]
tls_name = "ms.corp.example"
reuse_connections = true
health.interval_s = 1
health.suspect_interval_s = 1
[media]
workers = 1
"""
    centre = configured(secured).replace(
        '"branch.corp.example"]\n', '"branch.corp.example"]\nreuse_connections = true\n'
    )
    centre += '[[route]]\ntrunks = ["mobile"]\n'
    async with (
        serving(centre, quick=True) as server,
        serving(branch, quick=True) as there,
        Phone.plugged_in(scene.front_end) as front_end,
        Phone.plugged_in(phone_at) as phone,
    ):
        await until(lambda: len(server._engine.directory.connected("mobile")) == 1)
        front_end.calls(NUMBER, scene.internal)
        await front_end.notes_that("hears 200")
        phone.hangs_up()
        await front_end.notes_that("is hung up on")
        phone.calls(NUMBER, (inside, 5060))
        await phone.notes_that("hears 200")
        front_end.hangs_up()
        await phone.notes_that("is hung up on")
        for each in (server, there):
            await nothing_left_in(each, "calls", "dialogs")
        assert [connection.ours for connection in server._driver.flows._connections.values()] == [False]


async def test_a_call_is_ended_by_the_next_connection_of_a_peer_that_has_moved(secured: Secured) -> None:
    """Nobody can connect to it, and it has sent nothing since: its certificate says that it is the same."""
    async with (
        serving(configured(secured), quick=True) as server,
        Phone.plugged_in(secured.scene.front_end) as front_end,
    ):
        before = await from_anywhere(secured)
        calls(secured, before)
        answer = await before.response()
        assert answer.status == 200
        before.send(acknowledged(answer))
        await until(lambda: all(call.is_up for call in server._engine.calls.values()))
        await before.close()
        await until(lambda: not server._driver.flows._connections)
        after = await from_anywhere(secured, last=67)
        front_end.hangs_up()
        bye = await after.message()
        assert isinstance(bye, Request)
        assert bye.method == "BYE"
        after.send(reply(bye, 200))
        await nothing_left_in(server, "calls", "dialogs")
        await after.close()
