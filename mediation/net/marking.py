"""What sockets get before they send: the interface that they are bound to, and the mark of their packets."""

import socket
from collections.abc import Iterator

from mediation.net.address import family_of
from mediation.routing.wires import Marking
from mediation.settings.draft import Draft
from mediation.settings.problems import Fault


def mark(sock: socket.socket, marking: Marking) -> None:
    """Bind to the interface, and let packets bear the mark. OSError: there is no such interface, or it is forbidden."""
    if marking.device:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, marking.device.encode())
    if sock.family is socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, marking.traffic_class)
    else:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, marking.traffic_class)


def missing_devices(draft: Draft) -> Iterator[Fault]:
    """Return the listeners that are bound to an interface which this machine has not."""
    for side in ("internal", "gateway"):
        for path, listener in draft.listeners(side):
            if not listener.device:
                continue
            try:
                socket.if_nametoindex(listener.device)
            except OSError:
                there = ", ".join(name for _, name in socket.if_nameindex())
                message = f'there is no network interface "{listener.device}"'
                yield Fault(path, message, f"bring it up, or give one of {there}")


def connecting_socket(host: str, marking: Marking) -> socket.socket:
    """A socket of ours that may connect from an address, from whichever port. OSError: it is not ours."""
    sock = socket.socket(family_of(host), socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        mark(sock, marking)
        sock.bind((host, 0))
    except OSError:
        sock.close()
        raise
    return sock
