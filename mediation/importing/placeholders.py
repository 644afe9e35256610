"""Addresses that stand for those that an export does not have: of documents (RFC 5737), so that none is anybody's."""

from collections.abc import Iterable, Iterator
from ipaddress import ip_network
from typing import Final

_NETWORKS: Final = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")


class Placeholders:
    """Gives out each address once, and none that the export has itself."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken: Final = {host.lower() for host in taken}
        self._addresses: Final = self._all()
        self._targets: Final[set[str]] = set()

    def address(self) -> str:
        """One more. StopIteration is not to be feared below topology.MOST_TRUNKS."""
        return next(self._addresses)

    def first_of(self, target: str) -> bool:
        """Whether no trunk before has a target at this host; calls are told apart by address alone."""
        host = target.removeprefix("sip:").partition(";")[0].rpartition(":")[0]
        is_first = host not in self._targets
        self._targets.add(host)
        return is_first

    def _all(self) -> Iterator[str]:
        for network in _NETWORKS:
            for address in ip_network(network).hosts():
                if str(address) not in self._taken:
                    yield str(address)
