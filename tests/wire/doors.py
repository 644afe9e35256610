"""Flows under test: listening, answered by whoever hears them, and closed at the end."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from mediation.net.flows import Flows
from mediation.routing.wires import Wire
from mediation.settings.places import Listener
from mediation.sip.flow import Endpoint, Flow
from mediation.sip.message import Message, Request
from tests.wire.peers import Heard, TcpPeer, UdpPeer, reply, request


@asynccontextmanager
async def listening(
    heard: Heard, *listeners: Listener, tcp_idle_s: float = 60.0, keepalive_s: float = 0.0
) -> AsyncIterator[Flows]:
    flows = Flows(
        knows=heard.knows,
        on_message=heard.message_received,
        on_malformed=heard.malformed_received,
        on_failure=heard.failed,
        on_lost=heard.has_lost,
        on_silent=heard.silent.append,
        wire=lambda flow: Wire(tcp_idle_s, keepalive_s),
    )
    await flows.listen(listeners)
    try:
        yield flows
    finally:
        await flows.aclose()


def answering(flows: Flows, status: int = 200) -> Callable[[Message, Flow], None]:
    def answer(message: Message, flow: Flow) -> None:
        if isinstance(message, Request):
            flows.send(flow, reply(message, status))

    return answer


def options(peer: UdpPeer | TcpPeer, at: Endpoint) -> bytes:
    return request("OPTIONS", peer.at, at, transport="TCP" if isinstance(peer, TcpPeer) else "UDP")
