"""Whole calls between IPv4 and IPv6, audio included, with every socket real (RFC 6157)."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import product

import pytest

from mediation.lab.simulated_call import StartAudio
from mediation.net.security import Security
from mediation.rtp.packet import build
from mediation.sip.flow import Endpoint, Transport
from mediation.sip.message import Request
from mediation_codecs.law import Law
from mediation_codecs.transcode import translation_table
from tests.interop.scene import Scene
from tests.interop.six import SIX, SixPorts
from tests.wire.authority import Authority, Papers
from tests.wire.peers import PATIENCE_S, spell
from tests.wire.phones import Phone, nothing_left_in, serving, settings_of, until

NUMBER = "+493012345678"
CODES = bytes(range(160))
TABLES = {
    (Law.PCMU, Law.PCMA): translation_table(Law.PCMU, Law.PCMA) or b"",
    (Law.PCMA, Law.PCMU): translation_table(Law.PCMA, Law.PCMU) or b"",
}


@dataclass
class Ends:
    """Where everybody is, and by which transport they speak."""

    scene: Scene
    six: SixPorts
    transport: Transport
    internal: Endpoint
    gateway: Endpoint
    front_end: Endpoint
    sbc: Endpoint

    def __post_init__(self) -> None:
        self.authority = Authority(self.scene.folder)
        ours = {self.internal[0], self.gateway[0]}
        self.server = self.authority.signs("server", *ours)
        self.papers = {at: self.authority.signs(f"peer-{at[1]}-{':' in at[0]}", at[0]) for at in self.peers}

    @property
    def peers(self) -> tuple[Endpoint, Endpoint]:
        return self.front_end, self.sbc

    def uri(self, at: Endpoint) -> str:
        return f"sip:{spell(at)};transport={self.transport}"

    def tls(self, side: str, papers: Papers) -> str:
        if self.transport is not Transport.TLS:
            return ""
        return (
            f'[{side}.tls]\ncertificate = "{papers.certificate}"\nprivate_key = "{papers.private_key}"\n'
            f'authorities = "{self.authority.file}"\n'
        )

    def configuration(self) -> str:
        inside, outside = (list(ports) for ports in self.six.audio)
        return (
            f'[internal]\nlisten = ["{self.transport}:{spell(self.internal)}"]\n'
            f'targets = ["{self.uri(self.front_end)}"]\nrtp_ports = {inside}\ncodecs = ["PCMU"]\n'
            "health.options = false\n"
            f"{self.tls('internal', self.server)}"
            f'[gateway]\nlisten = ["{self.transport}:{spell(self.gateway)}"]\nrtp_ports = {outside}\n'
            f"{self.tls('gateway', self.server)}"
            f'[[trunk]]\nname = "itsp"\ntargets = ["{self.uri(self.sbc)}"]\ncodecs = ["PCMA"]\n'
            "health.options = false\n[media]\nworkers = 1\noutlive_signalling_s = 0\n"
        )

    @asynccontextmanager
    async def phone(self, at: Endpoint, law: Law) -> AsyncIterator[Phone]:
        """Somebody at one end, who speaks all three transports."""
        if self.transport is not Transport.TLS:
            async with Phone.plugged_in(at, law=law) as phone:
                yield phone
            return
        ours = self.internal if at == self.front_end else self.gateway
        security = Security(
            settings_of(
                f'[internal]\nlisten = ["tls:{spell(at)}"]\ntargets = ["{self.uri(ours)}"]\n'
                f"{self.tls('internal', self.papers[at])}"
                '[gateway]\nlisten = ["udp:127.0.0.1"]\n[[trunk]]\nname = "n"\ntargets = ["sip:127.0.0.2"]\n'
            ),
            lambda notice: None,
        )
        security.load()
        elsewhere = self.six.at(5 + self.peers.index(at)) if at[0] == SIX else (at[0], 5090)
        async with Phone.plugged_in(elsewhere, law=law, tls=(at, security)) as phone:
            yield phone


def ends(scene: Scene, six: SixPorts, inside: int, outside: int, transport: Transport) -> Ends:
    """Free addresses in these families."""
    internal, front_end = (scene.internal, scene.front_end) if inside == 4 else (six.at(0), six.at(1))
    gateway, sbc = (scene.gateway, scene.sbc) if outside == 4 else (six.at(2), six.at(3))
    return Ends(scene, six, transport, internal, gateway, front_end, sbc)


@contextmanager
def mouth(stream: StartAudio) -> Iterator[socket.socket]:
    """The socket that a phone has described."""
    family = socket.AF_INET6 if ":" in stream.local[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as made:
        made.setblocking(False)
        made.bind(stream.local)
        yield made


async def heard_through(speaker: StartAudio, listener: StartAudio) -> bytes:
    """What of every code arrives at the other end."""
    loop = asyncio.get_running_loop()
    with mouth(speaker) as one, mouth(listener) as other:
        async with asyncio.timeout(PATIENCE_S):
            number = 0
            while True:  # the plan reaches the worker in its own time: what comes before is dropped
                octets = build(speaker.payload_type, number, 160 * number, 7, CODES, marker=False)
                one.sendto(octets, speaker.remote)
                number += 1
                try:
                    async with asyncio.timeout(0.1):
                        return (await loop.sock_recv(other, 2048))[12:]
                except TimeoutError:
                    continue


@pytest.mark.parametrize("way", ["outbound", "inbound"])
@pytest.mark.parametrize(("inside", "outside"), [(4, 6), (6, 4)])
@pytest.mark.parametrize("transport", list(Transport))
async def test_a_whole_call_crosses_between_the_families_with_its_audio(
    scene: Scene, six: SixPorts, transport: Transport, inside: int, outside: int, way: str
) -> None:
    there = ends(scene, six, inside, outside, transport)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serving(there.configuration(), media=True, quick=True))
        front_end = await stack.enter_async_context(there.phone(there.front_end, Law.PCMU))
        sbc = await stack.enter_async_context(there.phone(there.sbc, Law.PCMA))
        caller, callee, door = (
            (front_end, sbc, there.internal) if way == "outbound" else (sbc, front_end, there.gateway)
        )
        caller.calls(NUMBER, door, transport=transport)
        await caller.notes_that("hears 200")
        await until(lambda: bool(caller.streams and callee.streams))
        for one, other in ((caller, callee), (callee, caller)):
            local, remote = one.streams[-1].local, one.streams[-1].remote
            assert (":" in local[0]) == (":" in remote[0])
            table = TABLES[one.agent.law, other.agent.law]
            assert await heard_through(one.streams[-1], other.streams[-1]) == CODES.translate(table)
        assert (":" in caller.streams[-1].local[0]) != (":" in callee.streams[-1].local[0])
        callee.hangs_up()
        await caller.notes_that("is hung up on")
        await nothing_left_in(server, "calls", "transactions", "dialogs", "deadlines")
        for phone, method in product((callee,), ("INVITE", "ACK")):
            [request] = [m for m in phone.seen if isinstance(m, Request) and m.method == method]
            assert request.top_via.transport == transport.upper()
            assert (":" in request.top_via.host) == (":" in phone.streams[-1].local[0])
