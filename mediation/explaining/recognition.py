"""By what a peer's calls are known, in words: certificates, addresses, and the sockets of ours that it calls at."""

from collections.abc import Iterator

from mediation.routing.bearers import is_target
from mediation.routing.directory import FRONT_END_POOL, Holder, holders
from mediation.settings.model import Settings


def recognized_by(settings: Settings, name: str) -> tuple[str, ...]:
    """What tells that a call is of a trunk, or with FRONT_END_POOL of a front-end server; empty: nothing does."""
    holder = next(each for each in holders(settings) if each.name == name)
    ways = tuple(_ways(holder))
    every = settings.internal.listen if name == FRONT_END_POOL else settings.gateway.listen
    if not ways or len(holder.listeners) == len(every):
        return ways
    return (*ways, f"at {_either(each.socket for each in holder.listeners)} alone")


def _ways(holder: Holder) -> Iterator[str]:
    peer = holder.peer
    networks = _either(
        str(each.network_address if each.num_addresses == 1 else each) for each in peer.trusted
    )
    if peer.trusted_names:
        place = "any address" if is_target(holder) or not networks else networks
        yield f"a certificate for {_either(peer.trusted_names)}, over TLS from {place}"
    if is_target(holder):
        if peer.targets:
            yield f"the addresses of its targets: {_either(each.uri for each in peer.targets)}"
    elif networks and not peer.trusted_names:
        yield f"the address: {networks}"


def _either(words: Iterator[str] | tuple[str, ...]) -> str:
    return " or ".join(words)
