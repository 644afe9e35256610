"""Marks of packets, and sockets bound to an interface: as the kernel sees them."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from mediation.media.ports import PortPool, connected_twin
from mediation.media.ports import mark as mark_audio
from mediation.net.listener import TcpListener
from mediation.net.marking import connecting_socket, missing_devices
from mediation.net.udp import UdpSocket
from mediation.routing.wires import Marking
from mediation.settings.draft import Draft
from mediation.settings.places import Listener
from mediation.sip.flow import Endpoint, Transport
from tests.interop.scene import Scene

CS3, EF = 24, 46
LOOPBACK = "lo"


@contextmanager
def watcher(host: str) -> Iterator[socket.socket]:
    """A socket that is told the mark of what arrives."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.settimeout(10)
        sock.bind((host, 0))
        if family is socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
        yield sock


def mark_of_next(sock: socket.socket) -> int:
    _, ancillary, _, _ = sock.recvmsg(2048, 64)
    ((_, _, octets),) = ancillary
    return octets[0] >> 2


def unheard(_octets: bytes, _remote: Endpoint) -> None:
    raise AssertionError("nobody sends to us")


@pytest.mark.parametrize("six", [False, True])
def test_datagrams_of_signalling_bear_the_mark__rfc2474_3(scene: Scene, six: bool) -> None:
    ours, theirs = ("::1", "::1") if six else (scene.host(1), scene.host(2))
    with watcher(theirs) as peer, closing(UdpSocket((ours, 0), unheard, marking=Marking("", CS3))) as made:
        assert made.send(b"x", peer.getsockname()[:2])
        assert mark_of_next(peer) == CS3


def test_audio_bears_the_mark_by_the_line_by_the_door_and_by_rtcp__rfc2474_3(scene: Scene) -> None:
    pair = PortPool(41000, 41099, quarantine=0).take(scene.host(1))
    with watcher(scene.host(2)) as peer, closing(pair):
        mark_audio(pair.rtp, EF)
        mark_audio(pair.rtcp, EF)
        with connected_twin(pair.rtp, peer.getsockname()) as line:
            line.send(b"x")
            assert mark_of_next(peer) == EF
        for sock in (pair.rtp, pair.rtcp):
            sock.sendto(b"x", peer.getsockname())
            assert mark_of_next(peer) == EF


def test_what_is_bound_to_an_interface_sends_and_hears_by_it(scene: Scene) -> None:
    heard: list[socket.socket] = []
    marking = Marking(LOOPBACK, CS3)
    pool = PortPool(41100, 41199, quarantine=0, devices={scene.host(1): LOOPBACK})
    with closing(UdpSocket((scene.host(1), 0), unheard, marking=marking)) as datagrams:
        assert datagrams.send(b"x", (scene.host(2), 9))
    listener = TcpListener(
        (scene.host(1), 5060), lambda sock, remote: heard.append(sock), lambda error: None, marking
    )
    with (
        closing(listener),
        connecting_socket(scene.host(2), marking) as caller,
        closing(pool.take(scene.host(1))) as pair,
    ):
        caller.setblocking(True)
        caller.connect((scene.host(1), 5060))
        for sock in (caller, pair.rtp, pair.rtcp):
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16).strip(b"\0") == b"lo"
        assert caller.getsockopt(socket.IPPROTO_IP, socket.IP_TOS) >> 2 == CS3
        with connected_twin(pair.rtp, (scene.host(2), 9)) as line:
            assert line.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16).strip(b"\0") == b"lo"


async def test_a_connection_that_was_accepted_bears_the_mark_of_its_listener(scene: Scene) -> None:
    taken: asyncio.Future[socket.socket] = asyncio.get_running_loop().create_future()
    listener = TcpListener(
        (scene.host(1), 5060),
        lambda sock, remote: taken.set_result(sock),
        lambda error: None,
        Marking("", CS3),
    )
    listener.start(asyncio.get_running_loop())
    with closing(listener), socket.create_connection((scene.host(1), 5060)):
        accepted = await asyncio.wait_for(taken, 10)
        mark = accepted.getsockopt(socket.IPPROTO_IP, socket.IP_TOS)
        accepted.close()
    assert mark >> 2 == CS3


def test_an_interface_that_is_not_there_is_told_with_those_that_are() -> None:
    listeners = tuple(Listener(Transport.UDP, "127.0.0.1", 5060, device=name) for name in ("lo", "wg77"))
    (fault,) = missing_devices(Draft({"gateway": {"listen": listeners}}))
    assert fault.path == ("gateway", "listen", 1)
    assert fault.message == 'there is no network interface "wg77"'
    assert "lo" in fault.remedy


def test_a_socket_bound_to_an_interface_that_is_not_there_is_an_error_of_the_system(scene: Scene) -> None:
    with pytest.raises(OSError, match="No such device"):
        UdpSocket((scene.host(1), 0), unheard, marking=Marking("wg77", 0))
    with pytest.raises(OSError, match="No such device"):
        connecting_socket(scene.host(1), Marking("wg77", 0))
