"""A call that becomes a fax and audio again, through a whole server and its media workers (ITU-T T.38 annex D)."""

import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mediation.rtp.packet import build
from mediation.sdp.description import SessionDescription
from mediation.sip.flow import Endpoint
from mediation.sip.message import Message, Response
from mediation_codecs.law import Law
from mediation_codecs.transcode import translation_table
from tests.interop.scene import Scene, Way
from tests.wire.peers import PATIENCE_S, UdpPeer, request
from tests.wire.phones import nothing_left_in, serving

NUMBER = "+442071838750"
CODES = bytes(range(160))
AUDIO = "m=audio {port} RTP/AVP {law}\r\n"
FAX = (
    "m=image {port} udptl t38\r\na=T38FaxVersion:0\r\na=T38MaxBitRate:14400\r\n"
    "a=T38FaxRateManagement:transferredTCF\r\na=T38FaxMaxDatagram:1400\r\na=T38FaxUdpEC:t38UDPRedundancy\r\n"
)
PAGE = [
    b"\x00",
    bytes(range(256)),
    build(0, 1, 160, 7, CODES, marker=False),
    *(number.to_bytes(2) + bytes([number % 256]) * (7 * number) for number in range(1, 200)),
]
"""UDPTL datagrams of all lengths, and one that looks like audio: whatever they hold is not ours to read."""


class Machine(UdpPeer):
    """A fax machine with a handset: SIP by hand, and one socket for audio and UDPTL."""

    def __init__(self, at: Endpoint, law: int) -> None:
        super().__init__(*at)
        self.law = law
        self.media = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.media.setblocking(False)
        self.media.bind((at[0], 0))
        self.to: Endpoint = ("", 0)
        """Where the server takes what we send."""
        self._server: Endpoint = ("", 0)
        self._dialog = ("", "", "")
        """Call-ID, our From and their To."""
        self._sequence = 1
        self._version = 0
        self._number = 0

    def describes(self, m_line: str) -> str:
        """A session with this m-line."""
        self._version += 1
        host, port = self.media.getsockname()
        head = f"v=0\r\no=- 70001 {self._version} IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
        return head + m_line.format(port=port, law=self.law)

    def learns(self, message: Message) -> None:
        """Read where the server takes media."""
        body = SessionDescription.parse(message.body)
        (media,) = body.media
        connection = body.connection_of(media)
        assert connection is not None
        self.to = (connection.address, media.port)

    async def calls(self, door: Endpoint) -> None:
        """Place a call that is answered."""
        self._server = door
        octets = request("INVITE", self.at, door, user=NUMBER, body=self.describes(AUDIO))
        self.send(octets, door)
        await self._answered("INVITE")

    async def asks_for(self, m_line: str) -> None:
        """Change the session, and hear the answer."""
        self._sequence += 1
        self._says("INVITE", self.describes(m_line))
        await self._answered("INVITE")

    async def takes(self, m_line: str) -> None:
        """Be asked, and agree."""
        invite = await self.request("INVITE")
        self.learns(invite)
        lines = [f"{name}: {value}" for name in ("Via", "From") for value in invite.headers.get_all(name)]
        to = invite.headers.get("To") or ""
        if invite.to.tag is None:
            to += ";tag=machine"
            self._dialog = (invite.call_id, to, invite.headers.get("From") or "")
            self._server = invite.top_via.host, invite.top_via.port or 5060
        lines += [f"To: {to}", f"Call-ID: {invite.call_id}", f"CSeq: {invite.cseq}"]
        body = self.describes(m_line)
        self.send(self._message("SIP/2.0 200 OK", lines, body), self._server)
        await self.request("ACK")

    async def hangs_up(self) -> None:
        """End the call."""
        self._sequence += 1
        self._says("BYE")
        await self._final("BYE")

    async def is_hung_up_on(self) -> None:
        """Hear the end."""
        bye = await self.request("BYE")
        lines = [f"{name}: {bye.headers.get(name)}" for name in ("Via", "From", "To", "Call-ID", "CSeq")]
        self.send(self._message("SIP/2.0 200 OK", lines), self._server)

    def says(self, octets: bytes) -> None:
        """Send a datagram of media."""
        self.media.sendto(octets, self.to)

    def speaks(self) -> None:
        """Send every code as audio."""
        self.says(build(self.law, self._number, 160 * self._number, 7, CODES, marker=False))
        self._number += 1

    async def hears_from(self) -> tuple[bytes, Endpoint]:
        """The next datagram of media, and who has sent it."""
        async with asyncio.timeout(PATIENCE_S):
            return await asyncio.get_running_loop().sock_recvfrom(self.media, 2048)

    async def hears(self, wait_s: float = PATIENCE_S) -> bytes:
        """The next datagram of media."""
        async with asyncio.timeout(wait_s):
            return await asyncio.get_running_loop().sock_recv(self.media, 2048)

    async def _answered(self, method: str) -> None:
        response = await self._final(method)
        assert response.status == 200, response.status
        self._dialog = (
            response.call_id,
            response.headers.get("From") or "",
            response.headers.get("To") or "",
        )
        self._sequence = response.cseq.number
        self.learns(response)
        self._says("ACK")

    async def _final(self, method: str) -> Response:
        while True:
            response = await self.response()
            if response.cseq.method == method:
                return response

    def _says(self, method: str, body: str = "") -> None:
        call_id, own, theirs = self._dialog
        host, port = self.at
        lines = [
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK-fax-{method}-{self._sequence}-{port}",
            "Max-Forwards: 70", f"From: {own}", f"To: {theirs}", f"Call-ID: {call_id}",
            f"CSeq: {self._sequence} {method}",
        ]  # fmt: skip
        self.send(self._message(f"{method} sip:{self._server[0]} SIP/2.0", lines, body), self._server)

    def _message(self, first: str, lines: list[str], body: str = "") -> bytes:
        host, port = self.at
        more = [f"Contact: <sip:machine@{host}:{port}>", f"Content-Length: {len(body)}"]
        if body:
            more.append("Content-Type: application/sdp")
        return ("\r\n".join([first, *lines, *more]) + "\r\n\r\n" + body).encode()


@contextmanager
def machines(way: Way) -> Iterator[tuple[Machine, Machine]]:
    """Both ends of a call."""
    with Machine(way.caller, way.caller_law) as caller, Machine(way.callee, way.callee_law) as callee:
        try:
            yield caller, callee
        finally:
            caller.media.close()
            callee.media.close()


LAWS = {0: Law.PCMU, 8: Law.PCMA}


async def hear_each_other(one: Machine, other: Machine) -> None:
    """Audio crosses, code by code, both ways."""
    for speaker, listener in ((one, other), (other, one)):
        table = translation_table(LAWS[speaker.law], LAWS[listener.law])
        expected = CODES if table is None else CODES.translate(table)
        async with asyncio.timeout(PATIENCE_S):
            while (
                True
            ):  # the plan reaches the worker in its own time: what comes before it is dropped, or of the fax
                speaker.speaks()
                try:
                    heard = await listener.hears(0.1)
                except TimeoutError:
                    continue
                if heard[12:] == expected:
                    break
        for _ in range(10):
            speaker.speaks()
            assert (await listener.hears())[12:] == expected


async def fax_to_each_other(one: Machine, other: Machine) -> None:
    """Datagrams cross octet for octet, in order, both ways."""
    for sender, receiver in ((one, other), (other, one)):
        async with asyncio.timeout(PATIENCE_S):
            while True:
                sender.says(b"hello")
                try:
                    heard = await receiver.hears(0.1)
                except TimeoutError:
                    continue
                if heard == b"hello":
                    break
        for datagram in PAGE:
            sender.says(datagram)
            while (heard := await receiver.hears()) == b"hello":
                pass
            assert heard == datagram


@pytest.mark.parametrize("by", ["caller", "callee"])
@pytest.mark.parametrize("direction", ["outbound", "inbound"])
async def test_a_page_crosses_octet_for_octet_and_audio_is_heard_before_and_after_it__t38_9(
    scene: Scene, direction: str, by: str
) -> None:
    way = scene.way(direction)
    may_fax = "\n[internal.mid_call]\nfax = true\n"
    configuration = scene.configuration(trunk="\n[trunk.mid_call]\nfax = true\n", more=may_fax)
    async with serving(configuration, media=True) as server:
        with machines(way) as (caller, callee):
            await asyncio.gather(caller.calls(way.door), callee.takes(AUDIO))
            one, other = (caller, callee) if by == "caller" else (callee, caller)
            await hear_each_other(one, other)
            ports = one.to, other.to
            await asyncio.gather(one.asks_for(FAX), other.takes(FAX))
            assert (one.to, other.to) == ports, "UDPTL has the ports of the audio"
            await fax_to_each_other(one, other)
            await asyncio.gather(other.asks_for(AUDIO), one.takes(AUDIO))
            assert (one.to, other.to) == ports
            await hear_each_other(one, other)
            await asyncio.gather(one.hangs_up(), other.is_hung_up_on())
            await nothing_left_in(server, "calls", "dialogs")
    (line,) = (scene.folder / "cdr.jsonl").read_text().splitlines()
    record = json.loads(line)
    assert record["verdict"] == "success"
    for party in ("caller", "callee"):
        media = record[party]["media"]
        assert media["fax_received"] > len(PAGE)
        assert media["fax_sent"] > len(PAGE)
        assert media["packets_received"] > 20, "audio of before and after"
