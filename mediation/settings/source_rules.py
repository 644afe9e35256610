"""Who may call as whom: that everybody can be known, and nobody taken for somebody else."""

from collections.abc import Iterator
from itertools import chain

from mediation.settings.addresses import covers
from mediation.settings.draft import EACH, Draft
from mediation.settings.places import Network, Target
from mediation.settings.positions import Path
from mediation.settings.problems import Fault, Severity
from mediation.sip.flow import Transport

_INTERNAL: Path = ("internal",)


def broken_source_rules(draft: Draft) -> Iterator[Fault]:
    """Return where somebody could not be known, or be taken for another one."""
    yield from _sources_differ(draft)
    yield from _names_differ(draft)
    for holder in _holders(draft):
        if _names(draft, holder):
            yield from _names_can_be_shown(draft, holder)
        yield from _somebody_to_reach(draft, holder)


def nobody_to_call(draft: Draft) -> Iterator[Fault]:
    """Return trunks without targets whose connections are not for our calls either."""
    for holder in _holders(draft):
        reuses = draft.value((*holder, "reuse_connections"), bool)
        if _has_no_targets(draft, holder) and _names(draft, holder) and reuses is False:
            message = "it has no targets, and its connections are not for our calls: it can only call us"
            remedy = "add reuse_connections = true, unless that is meant"
            yield Fault((*holder, "targets"), message, remedy, severity=Severity.WARNING)


def _holders(draft: Draft) -> Iterator[Path]:
    return chain([_INTERNAL], draft.trunks())


def _names(draft: Draft, holder: Path) -> tuple[str, ...]:
    """Those that it is known by; none where they cannot be read."""
    return draft.value((*holder, "trusted_names"), tuple) or ()


def _has_no_targets(draft: Draft, holder: Path) -> bool:
    """Whether the list is there, and empty."""
    given = any(True for _ in draft.each((*holder, "targets"), tuple))
    return given and draft.value((*holder, "targets"), tuple) == ()


def _names_can_be_shown(draft: Draft, holder: Path) -> Iterator[Fault]:
    """A name is worth something where a certificate was asked for, and seen to be good."""
    side = "internal" if holder == _INTERNAL else "gateway"
    place = (*holder, "trusted_names")
    asks = (side, "tls", "verify")
    if draft.value(asks, bool) is False:
        message = f"nobody shows a name to [{side}]: verify = false asks for no certificates"
        yield Fault(place, message, "remove verify = false, or trust addresses", related=asks)
    secure = any(each.transport is Transport.TLS for _, each in draft.doors(holder))
    if draft.sound((side, "listen")) and draft.sound((*holder, "local")) and not secure:
        message = f"names are shown over TLS, and it has no tls: listener of [{side}]"
        yield Fault(place, message, f'add "tls:ADDRESS:5061" to {side}.listen', related=(side, "listen"))


def _somebody_to_reach(draft: Draft, holder: Path) -> Iterator[Fault]:
    """Where there are no targets, calls need a connection that it has opened, and it must be known to have."""
    if not _has_no_targets(draft, holder) or not draft.sound((*holder, "trusted_names")):
        return
    place = (*holder, "targets")
    if not _names(draft, holder):
        remedy = (
            'write at least one: targets = ["sip:ADDRESS"], or add trusted_names for who connects to us alone'
        )
        yield Fault(place, "the list is empty", remedy)
    ours = (*holder, "registration", "address_of_record")
    if holder != _INTERNAL and any(address for _, address in draft.each(ours, str)):
        yield Fault(ours, "there is no target to register with", "add targets", related=place)


def _names_differ(draft: Draft) -> Iterator[Fault]:
    """A name at one listener is one trunk's."""
    seen: list[tuple[str, Path, Path]] = []
    for trunk in draft.trunks():
        for path, name in draft.each((*trunk, "trusted_names", EACH), str):
            for other, place, theirs in seen:
                if other == name.lower() and theirs != trunk and _share_a_door(draft, theirs, trunk):
                    message = f"a certificate for {name} could be that of another trunk as well"
                    remedy = "give each trunk a name of its own, or a listener of its own (local)"
                    yield Fault(path, message, remedy, related=place)
                    break
            seen.append((name.lower(), path, trunk))


def _sources_differ(draft: Draft) -> Iterator[Fault]:
    """Who has no name is known by the address that its calls come from, so that no two trunks can share one."""
    names = {path[:-1]: name for path, name in draft.names()}
    told: set[tuple[Path, Path]] = set()
    wider: list[tuple[Path, Network]] = []
    for path, network in _widest_first(draft):
        while wider and not covers(wider[-1][1], network):
            wider.pop()
        for other, _ in wider:
            first, later = sorted((other, path))
            trunks = first[:2], later[:2]
            if trunks[0] == trunks[1] or trunks in told or not _share_a_door(draft, *trunks):
                continue
            if not _ports_differ(draft, *trunks, network):
                told.add(trunks)
                address = network.network_address if network.num_addresses == 1 else network
                message = f'calls from {address} could belong to trunk "{names.get(trunks[0], "?")}" as well'
                remedy = (
                    "make them one trunk, give each a listener of its own (local), or set trusted in one: trusted = [] "
                    "means that it places no calls"
                )
                yield Fault(later, message, remedy, related=first)
        wider.append((path, network))


def _ports_differ(draft: Draft, one: Path, other: Path, address: Network) -> bool:
    """Whether a datagram's port tells two trunks apart: both are trusted as targets alone, and by UDP."""
    if _is_written(draft, one) or _is_written(draft, other):
        return False
    there = [_targets_at(draft, trunk, address) for trunk in (one, other)]
    by_udp = all(each.transport is Transport.UDP for targets in there for each in targets)
    ports = [{each.port for each in targets} for targets in there]
    return by_udp and ports[0].isdisjoint(ports[1])


def _is_written(draft: Draft, trunk: Path) -> bool:
    """Whether it says itself which addresses are trusted."""
    return any(True for _ in draft.each((*trunk, "trusted"), tuple))


def _targets_at(draft: Draft, trunk: Path, address: Network) -> list[Target]:
    return [each for _, each in draft.targets(trunk) if each.host == str(address.network_address)]


def _share_a_door(draft: Draft, one: Path, other: Path) -> bool:
    sockets = [{listener.socket for _, listener in draft.doors(trunk)} for trunk in (one, other)]
    return not sockets[0].isdisjoint(sockets[1])


def _widest_first(draft: Draft) -> list[tuple[Path, Network]]:
    """Return all addresses that say who calls so that a network comes right before everything inside it.

    Beside names, those that are written say so only together with a name.
    """
    trunks = (each for each in draft.trunks() if not (_names(draft, each) and _is_written(draft, each)))
    sources = [found for trunk in trunks for found in draft.sources(trunk)]
    return sorted(
        sources, key=lambda each: (each[1].version, int(each[1].network_address), each[1].prefixlen)
    )
