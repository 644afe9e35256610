"""What is too long or too much is told so, by the right status, over UDP and TCP; and the next request is served."""

import pytest

from mediation.sip.framing import LONGEST_HEADER_SECTION, LONGEST_MESSAGE, MOST_HEADER_LINES
from mediation.sip.head import LONGEST_HEADER_LINE, LONGEST_REQUEST_URI
from mediation.sip.message import Response
from mediation.sip.validation import MOST_HOPS
from tests.interop.scene import Scene
from tests.wire.peers import TcpPeer, UdpPeer, request
from tests.wire.phones import left_in, serving

HOPS = ", ".join(["<sip:192.0.2.1;lr>"] * MOST_HOPS)
VIAS = ", ".join(["SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1"] * MOST_HOPS)

TOO_MUCH = {
    "a header line": (f"X: {'x' * (LONGEST_HEADER_LINE + 1)}\r\n", 400),
    "header lines": ("X: x\r\n" * MOST_HEADER_LINES, 400),
    "a header section": (f"X: {'x' * 8000}\r\n" * (LONGEST_HEADER_SECTION // 8000 + 1), 513),
    "Via values": (f"Via: {VIAS}\r\n", 400),
    "Route values": (f"Route: {HOPS}, <sip:192.0.2.1;lr>\r\n", 400),
    "Record-Route values": (f"Record-Route: {HOPS}\r\nRecord-Route: <sip:192.0.2.1;lr>\r\n", 400),
    "a Request-URI": ("", 414),
}
"""What is added to a request, and the status that it earns; the Request-URI is made long elsewhere."""
BREAKS = {"header lines", "a header section"}
"""Where nothing further is read of a stream."""


def asked(what: str, peer: UdpPeer | TcpPeer, scene: Scene) -> bytes:
    extra, status = TOO_MUCH[what]
    user = "u" * LONGEST_REQUEST_URI if status == 414 else ""
    transport = "TCP" if isinstance(peer, TcpPeer) else "UDP"
    return request("OPTIONS", peer.at, scene.internal, transport=transport, extra=extra, user=user)


@pytest.mark.parametrize("what", list(TOO_MUCH))
async def test_too_much_in_a_datagram(scene: Scene, what: str) -> None:
    async with serving(scene.configuration()) as server:
        with UdpPeer(scene.front_end[0]) as peer:
            peer.send(asked(what, peer, scene), scene.internal)
            assert (await peer.response()).status == TOO_MUCH[what][1]
            assert (await peer.asks(scene.internal)).status == 200
        assert left_in(server)["calls"] == 0


@pytest.mark.parametrize("what", list(TOO_MUCH))
async def test_too_much_on_a_connection(scene: Scene, what: str) -> None:
    async with serving(scene.configuration()):
        peer = await TcpPeer.connected(scene.front_end[0], scene.internal)
        peer.send(asked(what, peer, scene))
        assert (await peer.response()).status == TOO_MUCH[what][1]
        if what in BREAKS:
            assert await peer.rest() == b""
        else:
            peer.send(request("OPTIONS", peer.at, scene.internal, transport="TCP"))
            assert (await peer.response()).status == 200
        await peer.close()


async def test_a_body_that_is_announced_too_long_is_never_waited_for(scene: Scene) -> None:
    async with serving(scene.configuration()):
        peer = await TcpPeer.connected(scene.front_end[0], scene.internal)
        length = f"Content-Length: {LONGEST_MESSAGE}\r\n"
        peer.send(request("OPTIONS", peer.at, scene.internal, transport="TCP", length=length))
        answer = await peer.message()
        assert isinstance(answer, Response)
        assert answer.status == 513
        assert await peer.rest() == b""
        await peer.close()


async def test_as_much_as_is_allowed_is_served(scene: Scene) -> None:
    extra = f"X: {'x' * LONGEST_HEADER_LINE}\r\nRoute: {HOPS}\r\nRecord-Route: {HOPS}\r\n"
    extra += "Y: y\r\n" * (MOST_HEADER_LINES - 20)
    async with serving(scene.configuration()):
        with UdpPeer(scene.front_end[0]) as peer:
            peer.send(
                request("OPTIONS", peer.at, scene.internal, user="u" * 2000, extra=extra), scene.internal
            )
            assert (await peer.response()).status == 200
