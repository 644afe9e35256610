"""Connections are taken as long as there are descriptors, and turned away, not kept waiting, when there are none."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator

import pytest

from mediation.net import listener as net_listener
from mediation.net.listener import MOST_AT_ONCE, TcpListener
from mediation.sip.flow import Endpoint
from tests.interop.scene import Scene
from tests.wire.peers import PATIENCE_S, TcpPeer, turned_away
from tests.wire.phones import until


class Taking:
    """A listener, what it took, and what it complained of."""

    def __init__(self, at: Endpoint) -> None:
        self.taken: list[tuple[socket.socket, Endpoint]] = []
        self.complaints: list[OSError] = []
        self.listener = TcpListener(
            at, lambda *connection: self.taken.append(connection), self.complaints.append
        )
        self.listener.start(asyncio.get_running_loop())
        self.at = at

    def close(self) -> None:
        self.listener.close()
        for connection, _ in self.taken:
            connection.close()

    def fails(self, *errors: int) -> None:
        """Let the next attempts to accept fail so, one by one; 0: that one succeeds."""
        self.listener._socket = _Failing(self.listener._socket, list(errors))  # type: ignore[assignment]


class _Failing:
    def __init__(self, real: socket.socket, errors: list[int]) -> None:
        self._real, self._errors = real, errors

    def accept(self) -> tuple[socket.socket, Endpoint]:
        if self._errors and (error := self._errors.pop(0)):
            raise OSError(error, "as the test wants it")
        return self._real.accept()

    def fileno(self) -> int:
        return self._real.fileno()

    def close(self) -> None:
        self._real.close()


@pytest.fixture
async def taking(scene: Scene) -> AsyncIterator[Taking]:
    taking = Taking(scene.internal)
    yield taking
    taking.close()


async def test_a_connection_comes_with_the_address_of_its_peer(scene: Scene, taking: Taking) -> None:
    peer = await TcpPeer.connected(scene.host(2), taking.at)
    await until(lambda: bool(taking.taken))
    [(connection, remote)] = taking.taken
    assert remote == peer.at
    assert not connection.getblocking()
    await peer.close()


async def test_many_at_once_are_all_taken(scene: Scene, taking: Taking) -> None:
    peers = await asyncio.gather(
        *(TcpPeer.connected(scene.host(2), taking.at) for _ in range(2 * MOST_AT_ONCE + 5))
    )
    await until(lambda: len(taking.taken) == len(peers))
    for peer in peers:
        await peer.close()


async def test_without_descriptors_a_peer_is_turned_away_at_once(scene: Scene, taking: Taking) -> None:
    taking.fails(errno.EMFILE)
    await turned_away(scene.host(2), taking.at)
    assert [error.errno for error in taking.complaints] == [errno.EMFILE]
    assert not taking.taken
    peer = await TcpPeer.connected(scene.host(2), taking.at)
    await until(lambda: bool(taking.taken))
    await peer.close()


async def test_without_even_a_reserve_it_rests_and_then_goes_on(
    scene: Scene, taking: Taking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(net_listener, "PAUSE_S", 0.05)
    taking.listener._spend_reserve()
    taking.fails(errno.ENFILE)
    peer = await TcpPeer.connected(scene.host(2), taking.at)
    await until(lambda: bool(taking.taken))
    assert len(taking.complaints) == 1, "it did not try again and again"
    assert taking.listener._reserve is not None
    await peer.close()


async def test_resting_it_can_be_closed(scene: Scene, taking: Taking) -> None:
    taking.listener._spend_reserve()
    taking.fails(errno.ENFILE)
    peer = await TcpPeer.connected(scene.host(2), taking.at)
    await until(lambda: bool(taking.complaints))
    taking.listener.close()
    taking.listener.close()
    async with asyncio.timeout(PATIENCE_S):
        assert await peer.rest() == b""
    await peer.close()


async def test_a_connection_that_ended_in_the_queue_is_passed_over(scene: Scene, taking: Taking) -> None:
    taking.fails(errno.ECONNABORTED, errno.EPERM)
    peer = await TcpPeer.connected(scene.host(2), taking.at)
    await until(lambda: bool(taking.taken))
    assert not taking.complaints
    await peer.close()
