"""One datagram socket: everything that fits into a datagram, and nothing that a peer sends or refuses ends it."""

import asyncio
import socket

import pytest

from mediation.net.address import family_of, is_address
from mediation.net.udp import MOST_AT_ONCE, UdpSocket
from mediation.sip.flow import Endpoint
from tests.interop.scene import Scene
from tests.wire.peers import PATIENCE_S, UdpPeer

LONGEST = 65_507
"""What IPv4 leaves of 65,535 octets."""


class Received:
    """A socket of ours, started, and what it received."""

    def __init__(self, host: str) -> None:
        self.datagrams: list[tuple[bytes, Endpoint]] = []
        self._news = asyncio.Event()
        self.socket = UdpSocket((host, 0), self._take)
        self.socket.start(asyncio.get_running_loop())

    def _take(self, octets: bytes, remote: Endpoint) -> None:
        self.datagrams.append((octets, remote))
        self._news.set()

    async def first(self, count: int) -> list[bytes]:
        async with asyncio.timeout(PATIENCE_S):
            while len(self.datagrams) < count:
                self._news.clear()
                await self._news.wait()
        return [octets for octets, _ in self.datagrams]


@pytest.mark.parametrize("size", [1, 1500, 8400, 65_506, LONGEST])
async def test_a_datagram_of_any_size_arrives_whole_and_leaves_whole(scene: Scene, size: int) -> None:
    ours = Received(scene.host(1))
    octets = bytes(i & 0xFF for i in range(size))
    with UdpPeer(scene.host(2)) as peer:
        peer.send(octets, ours.socket.local)
        assert await ours.first(1) == [octets]
        assert ours.datagrams[0][1] == peer.at
        assert ours.socket.send(octets, peer.at)
        assert await peer.datagram() == octets
    ours.socket.close()


async def test_an_empty_datagram_is_one_too(scene: Scene) -> None:
    ours = Received(scene.host(1))
    with UdpPeer(scene.host(2)) as peer:
        peer.send(b"", ours.socket.local)
        peer.send(b"after it", ours.socket.local)
        assert await ours.first(2) == [b"", b"after it"]
    ours.socket.close()


async def test_hundreds_that_wait_are_all_taken_in_order(scene: Scene) -> None:
    ours = Received(scene.host(1))
    sent = [b"%d" % number for number in range(5 * MOST_AT_ONCE + 7)]
    with UdpPeer(scene.host(2)) as peer:
        for octets in sent:
            peer.send(octets, ours.socket.local)
        assert await ours.first(len(sent)) == sent
    ours.socket.close()


async def test_a_flood_leaves_timers_their_turn(scene: Scene) -> None:
    ours = Received(scene.host(1))
    with UdpPeer(scene.host(2)) as peer:
        for _ in range(4 * MOST_AT_ONCE):
            peer.send(b"flood", ours.socket.local)
        seen_by_timer: list[int] = []
        asyncio.get_running_loop().call_later(0, lambda: seen_by_timer.append(len(ours.datagrams)))
        await ours.first(4 * MOST_AT_ONCE)
    assert seen_by_timer[0] <= MOST_AT_ONCE
    ours.socket.close()


NONSENSE_PORTS = [-1, 70_000, 2**31, 2**64]
NONSENSE_HOSTS = [
    "",
    "<broadcast>",
    "255.255.255.255",
    "999.1.1.1",
    "1.2.3",
    "12345678901",
    "127.0.0.1\0",
    "127.0.0.1\n",
    " 127.0.0.1",
    "no.such.host.invalid",
    "²",
    "é",
    "\ud800",
    "x" * 300,
    "a." + "b" * 64,
    "::1",
    "fe80::1%nowhere",
    "[::1]",
]


@pytest.mark.parametrize("port", NONSENSE_PORTS)
async def test_a_port_that_cannot_be_is_a_failure_and_no_exception(scene: Scene, port: int) -> None:
    ours = Received(scene.host(1))
    assert not ours.socket.send(b"x", (scene.host(2), port))
    ours.socket.close()


@pytest.mark.parametrize("host", NONSENSE_HOSTS, ids=ascii)
async def test_a_host_that_is_no_address_is_a_failure_and_no_exception(scene: Scene, host: str) -> None:
    ours = Received(scene.host(1))
    assert not ours.socket.send(b"x", (host, 5060))
    ours.socket.close()


@pytest.mark.parametrize("host", NONSENSE_HOSTS, ids=ascii)
def test_only_what_the_system_takes_without_a_look_up_is_an_address(host: str) -> None:
    if is_address(host, socket.AF_INET):
        socket.getaddrinfo(host, None, family=socket.AF_INET, flags=socket.AI_NUMERICHOST)


def test_an_ipv6_address_may_name_its_scope() -> None:
    assert is_address("fe80::1%lo", family_of("fe80::1%lo"))


async def test_more_than_a_datagram_holds_is_a_failure(scene: Scene) -> None:
    ours = Received(scene.host(1))
    with UdpPeer(scene.host(2)) as peer:
        assert not ours.socket.send(bytes(LONGEST + 1), peer.at)
    ours.socket.close()


async def test_a_closed_port_at_the_other_end_ends_nothing(scene: Scene) -> None:
    ours = Received(scene.host(1))
    with UdpPeer(scene.host(2)) as peer:
        nobody = (scene.host(3), 9)
        for _ in range(20):
            assert ours.socket.send(b"refused by ICMP", nobody)
        peer.send(b"still there?", ours.socket.local)
        assert await ours.first(1) == [b"still there?"]
        assert ours.socket.send(b"yes", peer.at)
        assert await peer.datagram() == b"yes"
    ours.socket.close()


async def test_a_full_send_buffer_is_a_loss_and_no_failure(scene: Scene) -> None:
    ours = Received(scene.host(1))

    class Full:
        def sendto(self, octets: bytes, remote: Endpoint) -> int:
            raise BlockingIOError

    real, ours.socket._socket = ours.socket._socket, Full()  # type: ignore[assignment]  # a socket at its limit
    assert ours.socket.send(b"x", (scene.host(2), 5060))
    ours.socket._socket = real
    ours.socket.close()


async def test_ipv6_works_alike() -> None:
    ours = Received("::1")
    with UdpPeer("::1") as peer:
        peer.send(b"six", ours.socket.local)
        assert await ours.first(1) == [b"six"]
        assert ours.datagrams[0][1] == peer.at, "host and port, without flow label and scope"
        assert ours.socket.send(b"back", peer.at)
        assert await peer.datagram() == b"back"
        assert not ours.socket.send(b"x", ("127.0.0.1", peer.at[1]))
    ours.socket.close()


async def test_a_closed_socket_takes_nothing_sends_nothing_and_may_be_closed_again(scene: Scene) -> None:
    ours = Received(scene.host(1))
    ours.socket.close()
    ours.socket.close()
    assert not ours.socket.send(b"x", (scene.host(2), 5060))


async def test_closing_within_what_it_received_ends_the_drain(scene: Scene) -> None:
    taken: list[bytes] = []
    done = asyncio.Event()

    def take(octets: bytes, remote: Endpoint) -> None:
        taken.append(octets)
        ours.close()
        done.set()

    ours = UdpSocket((scene.host(1), 0), take)
    ours.start(asyncio.get_running_loop())
    with UdpPeer(scene.host(2)) as peer:
        for _ in range(3):
            peer.send(b"x", ours.local)
        async with asyncio.timeout(PATIENCE_S):
            await done.wait()
    assert taken == [b"x"]


async def test_a_socket_that_was_never_started_closes_too(scene: Scene) -> None:
    UdpSocket((scene.host(1), 0), lambda octets, remote: None).close()


def test_an_address_that_is_not_ours_cannot_be_bound_and_leaves_no_socket() -> None:
    with pytest.raises(OSError, match="assign"):
        UdpSocket(("192.0.2.1", 5060), lambda octets, remote: None)


@pytest.mark.parametrize("host", ["127", "::1"])
async def test_a_peer_that_is_not_there_is_told_by_its_address__rfc3261_18_4(scene: Scene, host: str) -> None:
    host = scene.host(1) if host == "127" else host
    gone: asyncio.Queue[Endpoint] = asyncio.Queue()
    with UdpPeer(host) as peer:
        closed = peer.at
    ours = UdpSocket((host, 0), lambda octets, remote: None, gone.put_nowait)
    ours.start(asyncio.get_running_loop())
    try:
        assert ours.send(b"INVITE", closed)
        async with asyncio.timeout(PATIENCE_S):
            assert await gone.get() == closed
        assert gone.empty()
    finally:
        ours.close()


async def test_what_icmp_says_of_one_peer_costs_the_next_one_no_datagram(scene: Scene) -> None:
    with UdpPeer(scene.host(3)) as gone:
        closed = gone.at
    ours = UdpSocket((scene.host(1), 0), lambda octets, remote: None)
    with UdpPeer(scene.host(2)) as peer:
        for number in range(20):
            ours.send(b"to nobody", closed)
            assert ours.send(b"%d" % number, peer.at)
        assert [await peer.datagram() for _ in range(20)] == [b"%d" % number for number in range(20)]
    ours.close()
