"""Is this a host that can be sent to at once? Where it is none, the system would ask the DNS, and wait."""

import socket
from functools import lru_cache


@lru_cache(maxsize=4096)
def is_address(host: str, family: socket.AddressFamily) -> bool:
    """Whether `host` is an IP address of that family; an IPv6 one may name its scope.

    What a peer's Contact names may be anything: Python takes "" for every address and "<broadcast>" for all
    neighbours, and looks up the rest, digits with dots included.
    """
    try:
        socket.inet_pton(family, host.partition("%")[0] if family is socket.AF_INET6 else host)
    except (OSError, ValueError):
        return False
    return True


def family_of(host: str) -> socket.AddressFamily:
    """The family that a socket must have for this address."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET
