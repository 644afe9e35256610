"""Ports for audio: bound in pairs, the longest-rested first, and kept deaf for a while after a call.

RTP has the even port and RTCP the next one (RFC 3550 section 11). A pair that a call has given back stays
bound for the quarantine: late packets are swallowed, they neither reach the next call nor bounce.
"""

import errno
import socket
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from mediation.b2bua.plan import Endpoint

MAX_TRIES: Final = 1000
"""Ports of one range that are tried for one call when others sit on them: other programs, or workers that a main
process before us has left behind. It takes ten milliseconds, and the next call finds these at the end of the queue."""

RESERVED: Final = 20
"""One in so many pairs is kept from new calls."""

_NO_DEVICES: Final[Mapping[str, str]] = {}
_LONGEST_DEVICE: Final = 16
"""Octets of the name of a network interface, with the zero behind it."""

_CLASS: Final = {
    socket.AF_INET: (socket.IPPROTO_IP, socket.IP_TOS),
    socket.AF_INET6: (socket.IPPROTO_IPV6, socket.IPV6_TCLASS),
}
"""What holds the mark of packets, by family."""

_SWALLOWS: Final = 1
"""Receive buffer of a quarantined socket; the kernel makes it the least it knows, about one packet."""


class NoPorts(Exception):  # noqa: N818 - it reads as what there is
    """No pair can be had now. `str()` says why."""


@dataclass(frozen=True, slots=True)
class PortPair:
    """Two bound sockets, not connected, not blocking."""

    host: str
    port: int
    """The even one, of RTP."""
    rtp: socket.socket
    rtcp: socket.socket

    def close(self) -> None:
        """Let the ports go."""
        self.rtp.close()
        self.rtcp.close()


class PortPool:
    """One interface's ports, or one worker's share of them. Times are on the caller's clock, in its unit."""

    def __init__(
        self,
        first: int,
        last: int,
        *,
        quarantine: float,
        share: tuple[int, int] = (0, 1),
        start: int = 0,
        buffer_octets: int = 0,
        devices: Mapping[str, str] = _NO_DEVICES,
    ) -> None:
        """Even ports from `first` on, with their odd neighbours up to `last`; every n-th from the i-th on.

        `buffer_octets`: what may wait at each RTP socket; 0: the system's own size. `devices`: the network interface
        that the ports of an address are bound to.

        `start`: which one is handed out first, counted round the range. By chance, so that a worker in a dead
        one's place does not begin with the ports that its calls have just lost.
        """
        even = range(first + first % 2, last, 2)[share[0] :: share[1]]
        self._own = even
        self.reserve = len(even) // RESERVED
        """So many pairs are not for new calls, but for those that are up: one more party, or a place to go on."""
        turned = start % len(even) if even else 0
        self._free = deque((*even[turned:], *even[:turned]))
        self._resting: deque[tuple[float, PortPair]] = deque()
        self._quarantine = quarantine
        self._buffer_octets = buffer_octets
        self._devices = devices

    @property
    def free(self) -> int:
        """Pairs that may be handed out now."""
        return len(self._free)

    @property
    def resting(self) -> int:
        """Pairs in quarantine."""
        return len(self._resting)

    def take(self, host: str, *, for_new_call: bool = False) -> PortPair:
        """Bind the pair that has rested longest, both ports or neither. Raises NoPorts.

        A port that another program holds goes to the end of the queue and the next one is tried.
        """
        if for_new_call and 0 < len(self._free) <= self.reserve:
            raise NoPorts("nearly all ports are in use")
        for _ in range(min(len(self._free), MAX_TRIES)):
            port = self._free.popleft()
            try:
                pair = self._bind_pair(host, port)
            except OSError as error:
                self._free.append(port)
                if error.errno != errno.EADDRINUSE:
                    raise NoPorts(f"cannot bind {host}: {error.strerror or error}") from error
                continue
            return pair
        raise NoPorts("no free port")

    def take_again(self, host: str, port: int) -> PortPair:
        """Bind the pair that a call had in a worker that has died. It may be of that one's share. Raises NoPorts."""
        try:
            pair = self._bind_pair(host, port)
        except OSError as error:
            raise NoPorts(f"cannot bind {host}:{port} again: {error.strerror or error}") from error
        if port in self._free:
            self._free.remove(port)
        return pair

    def give_back(self, pair: PortPair) -> None:
        """Take back a pair that was never told to anybody: it needs no quarantine."""
        self._let_go(pair)

    def release(self, pair: PortPair, now: float) -> None:
        """Take back a pair that nobody watches any more: it swallows what comes during its quarantine."""
        for sock in (pair.rtp, pair.rtcp):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SWALLOWS)
        self._resting.append((now + self._quarantine, pair))
        self.expire(now)

    def expire(self, now: float) -> None:
        """Close the pairs whose quarantine is over; their ports may be handed out again, after all others."""
        while self._resting and self._resting[0][0] <= now:
            self._let_go(self._resting.popleft()[1])

    def close(self) -> None:
        """Close what is in quarantine."""
        while self._resting:
            self._resting.popleft()[1].close()

    def _bind_pair(self, host: str, port: int) -> PortPair:
        device = self._devices.get(host, "").encode()
        rtp = _bind(host, port, device)
        if self._buffer_octets:
            rtp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._buffer_octets)
        try:
            return PortPair(host, port, rtp, _bind(host, port + 1, device))
        except BaseException:
            rtp.close()
            raise

    def _let_go(self, pair: PortPair) -> None:
        pair.close()
        if pair.port in self._own:  # else it is of another worker's share, which has it already
            self._free.append(pair.port)


def mark(sock: socket.socket, dscp: int) -> None:
    """Let the packets that leave by a socket bear a mark (RFC 2474 section 3)."""
    sock.setsockopt(*_CLASS[sock.family], dscp << 2)


def connected_twin(door: socket.socket, remote: Endpoint) -> socket.socket:
    """A second socket on the port of `door` that hears `remote` alone and sends to it alone.

    The kernel gives a packet to the socket that fits it best: what comes from `remote` reaches the twin, and
    what comes from anybody else reaches the door. So the twin needs no look at the source of each packet, and
    sending by it is cheaper. Before it was connected it may have caught others' packets: look at the source
    of those that are there already. OSError: there is no way to `remote`, and the door hears everything.
    """
    twin = socket.socket(door.family, socket.SOCK_DGRAM)
    door.setsockopt(
        socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
    )  # for this moment: else others could share the port
    try:
        twin.setblocking(False)
        twin.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        twin.setsockopt(*_CLASS[door.family], door.getsockopt(*_CLASS[door.family]))
        device = door.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, _LONGEST_DEVICE)
        if device.strip(b"\0"):
            twin.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device)
        # The kernel tells twice what it was asked for.
        room = door.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2
        twin.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        twin.bind(door.getsockname())
        twin.connect(remote)
    except BaseException:
        twin.close()
        raise
    finally:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    return twin


def _bind(host: str, port: int, device: bytes) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if device:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device)
        sock.bind((host, port))
    except BaseException:
        sock.close()
        raise
    return sock
