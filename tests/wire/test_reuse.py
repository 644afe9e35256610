"""One TLS connection for the requests of both sides, and nobody else's requests by it (RFC 5923)."""

import asyncio
from typing import Any

import pytest

from mediation.sip.flow import Endpoint, Transport
from mediation.sip.message import Request
from mediation_codecs.law import Law
from tests.interop.scene import Scene
from tests.wire.authority import Papers
from tests.wire.peers import TcpPeer, reply, request
from tests.wire.phones import Phone, nothing_left_in, serving, until
from tests.wire.tls_scene import FRONT_END_NAME, SBC_NAME, Secured

NUMBER = "+493012345678"
TLS = Transport.TLS


@pytest.fixture
def secured(scene: Scene) -> Secured:
    return Secured(scene)


def reusing(secured: Secured, *, reuse: bool = True, internal: str = f'peers = ["{FRONT_END_NAME}"]') -> str:
    """Front ends are called by TLS, and trusted by network."""
    text = secured.configuration(front_end=secured.to_front_end, internal=internal)
    ports = "rtp_ports = [20000, 29999]\n"
    assert text.count(ports) == 1
    lines = f'trusted = ["{secured.scene.block}.16/28"]\nreuse_connections = {str(reuse).lower()}\n'
    return text.replace(ports, ports + lines)


async def claims(
    secured: Secured, sent_by: str, *, papers: Papers | None = None, host: str = "", alias: str = ";alias"
) -> TcpPeer:
    """A front end that connects, asks how we are, and says in its Via whose requests may come by its connection."""
    peer = await secured.comes(papers or secured.front_end, host=host)
    octets = request(
        "OPTIONS", secured.front_end_at, secured.internal, transport="TLS", rport=f";rport{alias}"
    )
    place = f"TLS {secured.front_end_at[0]}:5061;".encode()
    assert octets.count(place) == 1
    peer.send(octets.replace(place, f"TLS {sent_by};".encode()))
    assert (await peer.response()).status == 200
    return peer


async def calls_in(sbc: Phone, to: Endpoint, times: int = 1) -> str:
    """A call from the trunk to the front ends; what the SBC hears in the end, if it is no answer."""
    sbc.calls(NUMBER, to)
    await until(lambda: len([1 for _, noted in sbc.notes if noted.startswith("hears ")]) >= times)
    return [noted for _, noted in sbc.notes if noted.startswith("hears ")][-1]


@pytest.mark.parametrize(
    "place", ["ADDRESS:5061", "ADDRESS", f"{FRONT_END_NAME}:5061", FRONT_END_NAME.upper()]
)
async def test_our_requests_go_by_the_connection_that_the_peer_has_opened__rfc5923_5(
    secured: Secured, place: str
) -> None:
    """Nobody listens at the front end's address: only its own connection can bring the INVITE."""
    sent_by = place.replace("ADDRESS", secured.front_end_at[0])
    async with (
        serving(reusing(secured), quick=True) as server,
        Phone.plugged_in(secured.scene.sbc, law=Law.PCMA) as sbc,
    ):
        peer = await claims(secured, sent_by)
        sbc.calls(NUMBER, secured.scene.gateway)
        invite = await peer.message()
        assert isinstance(invite, Request)
        assert invite.method == "INVITE"
        assert invite.top_via.parameters.has("alias")
        assert invite.request_uri.startswith(f"sip:{NUMBER}@{secured.front_end_at[0]}:5061")
        peer.send(reply(invite, 486))
        ack = await peer.message()
        assert isinstance(ack, Request)
        assert ack.method == "ACK"
        await sbc.notes_that("hears 486")
        await nothing_left_in(server, "calls", "transactions", "dialogs")
        await peer.close()


@pytest.mark.parametrize(
    ("sent_by", "bears"),
    [
        ("OTHER:5061", FRONT_END_NAME),  # from its own address for another's
        (f"{FRONT_END_NAME}:5061", "fe2.corp.example"),  # in another's name
        (f"{SBC_NAME}:5061", FRONT_END_NAME),
    ],
)
async def test_no_peer_can_claim_what_is_not_its_own__rfc5923_5(
    secured: Secured, sent_by: str, bears: str
) -> None:
    """Both are front ends that we would call, with good certificates; one claims to be the other."""
    papers = secured.authority.signs("claimant", bears)
    peers = f'peers = ["{FRONT_END_NAME}", "fe2.corp.example"]'
    host = secured.scene.host(21)
    async with (
        serving(reusing(secured, internal=peers)) as server,
        Phone.plugged_in(secured.scene.sbc, law=Law.PCMA) as sbc,
    ):
        sent_by = sent_by.replace("OTHER", secured.front_end_at[0])
        peer = await claims(secured, sent_by, papers=papers, host=host)
        assert server._driver.flows._aliases.peers == []
        assert await calls_in(sbc, secured.scene.gateway) == "hears 503"
        await peer.close()


async def test_a_claim_holds_for_the_address_that_it_comes_from_and_no_other(secured: Secured) -> None:
    """In its own good name, from another address: it is known by that address, which nobody calls."""
    async with (
        serving(reusing(secured)) as server,
        Phone.plugged_in(secured.scene.sbc, law=Law.PCMA) as sbc,
    ):
        peer = await claims(secured, FRONT_END_NAME, host=secured.scene.host(21))
        assert server._driver.flows._aliases.peers == [(secured.internal, (secured.scene.host(21), 5061))]
        assert await calls_in(sbc, secured.scene.gateway) == "hears 503"
        await peer.close()


async def test_a_place_that_is_held_is_not_taken_by_another_name_at_the_same_address(
    secured: Secured,
) -> None:
    """Two servers behind one address, each with a good certificate: the second one claims the port of the first."""
    peers = f'peers = ["{FRONT_END_NAME}", "fe2.corp.example"]'
    async with serving(reusing(secured, internal=peers)) as server:
        first = await claims(secured, FRONT_END_NAME)
        second = await claims(
            secured, "fe2.corp.example", papers=secured.authority.signs("second", "fe2.corp.example")
        )
        aliases = server._driver.flows._aliases._connections
        assert [connection.remote for connection in aliases.values()] == [first.at]
        renewed = await claims(secured, FRONT_END_NAME)
        assert [connection.remote for connection in aliases.values()] == [renewed.at], "the newer one lives"
        for peer in (first, second, renewed):
            await peer.close()


async def test_a_connection_stands_for_one_place_the_last_it_named(secured: Secured) -> None:
    async with serving(reusing(secured)) as server:
        peer = await secured.comes(secured.front_end)
        host = secured.front_end_at[0]
        for port in (5061, 6000, 6001):
            octets = request("OPTIONS", (host, port), secured.internal, transport="TLS", rport=";alias")
            peer.send(octets)
            assert (await peer.response()).status == 200
        assert server._driver.flows._aliases.peers == [(secured.internal, (host, 6001))]
        await peer.close()


@pytest.mark.parametrize(
    ("reuse", "alias", "internal"),
    [
        (False, ";alias", f'peers = ["{FRONT_END_NAME}"]'),
        (True, "", f'peers = ["{FRONT_END_NAME}"]'),
        (True, ";alias", "peers = []"),
        (True, ";alias", f'peers = ["{FRONT_END_NAME}"]\nverify = false'),
    ],
    ids=["not allowed", "not asked for", "no name expected", "no certificate demanded"],
)
async def test_without_setting_request_or_proof_there_is_no_reuse(
    secured: Secured, reuse: bool, alias: str, internal: str
) -> None:
    async with (
        serving(reusing(secured, reuse=reuse, internal=internal)) as server,
        Phone.plugged_in(secured.scene.sbc, law=Law.PCMA) as sbc,
    ):
        peer = await claims(secured, FRONT_END_NAME, alias=alias)
        assert server._driver.flows._aliases.peers == []
        assert await calls_in(sbc, secured.scene.gateway) == "hears 503"
        await peer.close()


async def test_when_that_connection_ends_the_call_that_waits_on_it_is_left_at_once(secured: Secured) -> None:
    async with (
        serving(reusing(secured)) as server,
        Phone.plugged_in(secured.scene.sbc, law=Law.PCMA) as sbc,
    ):
        peer = await claims(secured, FRONT_END_NAME)
        began = asyncio.get_running_loop().time()
        sbc.calls(NUMBER, secured.scene.gateway)
        assert isinstance(await peer.message(), Request)
        peer.writer.transport.abort()
        await sbc.notes_that("hears 503")
        assert asyncio.get_running_loop().time() - began < 5
        assert server._driver.flows._aliases.peers == []
        await nothing_left_in(server, "calls", "dialogs", "connections")
        again = await claims(secured, FRONT_END_NAME)
        sbc.calls(NUMBER, secured.scene.gateway)
        invite = await again.message()
        assert isinstance(invite, Request)
        again.send(reply(invite, 486))
        await sbc.notes_that("hears 486")
        await again.close()


@pytest.mark.parametrize(("setting", "asked"), [("reuse_connections = true", True), ("", False)])
async def test_our_connections_are_open_to_the_peers_requests_and_say_so_where_they_may__rfc5923_5(
    secured: Secured, setting: str, asked: bool
) -> None:
    text = secured.configuration(targets=(secured.to_sbc,), trunk=f'tls_name = "{SBC_NAME}"\n{setting}')
    came: asyncio.Queue[TcpPeer] = asyncio.Queue()
    context: Any = secured.authority.context(secured.sbc, server=True)
    listening = await asyncio.start_server(
        lambda r, w: came.put_nowait(TcpPeer(r, w)), *secured.sbc_at, ssl=context
    )
    async with serving(text), secured.phone("front-end") as front_end:
        front_end.calls(NUMBER, secured.internal, transport=TLS)
        sbc = await asyncio.wait_for(came.get(), 20)
        invite = await sbc.message()
        assert isinstance(invite, Request)
        assert invite.top_via.parameters.has("alias") is asked
        sbc.send(request("OPTIONS", secured.sbc_at, secured.gateway, transport="TLS"))
        assert (await sbc.response()).status == 200
        sbc.send(reply(invite, 486))
        await front_end.notes_that("hears 486")
        await sbc.close()
    listening.close()
    await listening.wait_closed()
