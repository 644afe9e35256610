"""What is allowed and yet hardly meant: warnings, which stop nothing."""

from collections.abc import Iterator
from ipaddress import ip_address
from itertools import chain
from typing import Final

from mediation.settings.addresses import family
from mediation.settings.connection_rules import unmarked_connections
from mediation.settings.draft import EACH, Draft
from mediation.settings.latching import learned_from_anybody
from mediation.settings.places import Network
from mediation.settings.policy_rules import policy_doubts
from mediation.settings.positions import Path
from mediation.settings.problems import Fault, Severity
from mediation.settings.registration_rules import registration_doubts
from mediation.settings.screening_rules import screening_doubts
from mediation.settings.secrecy import keys_in_the_open
from mediation.settings.source_rules import nobody_to_call
from mediation.sip.flow import Transport

_NARROWER: Final = (("prefixes", tuple), ("usages", tuple), ("hours", tuple), ("then_next", bool))
"""What lets numbers go on to another route."""
_EVERYTHING: Final = frozenset({"", ".*", "^", "^.*", ".*$", "^.*$", "$"})
"""Patterns that are found in every number."""


def doubts(draft: Draft) -> Iterator[Fault]:
    """Return what the operator should look at once."""
    return chain(
        _trunks_without_route(draft),
        _routes_never_reached(draft),
        _everybody_trusted(draft),
        _more_calls_than_ports(draft),
        _loopback_to_elsewhere(draft),
        _private_audio(draft),
        _tls_without_use(draft),
        _anybody_with_a_certificate(draft),
        nobody_to_call(draft),
        keys_in_the_open(draft),
        learned_from_anybody(draft),
        registration_doubts(draft),
        policy_doubts(draft),
        screening_doubts(draft),
        unmarked_connections(draft),
    )


def _trunks_without_route(draft: Draft) -> Iterator[Fault]:
    used = {name for _, name in draft.each(("route", EACH, "trunks", EACH), str)}
    known = {name for _, name in draft.names()}
    if not used or not used <= known or not draft.sound(("route",)):
        return  # a name that is mistyped is told as an error, and once is enough
    for path, name in draft.names():
        if name not in used:
            message = f'no route names trunk "{name}": it gets no calls'
            yield _doubt(path, message, "name it in a [[route]], unless it only brings calls in")


def _routes_never_reached(draft: Draft) -> Iterator[Fault]:
    """A route that is asked after one that takes the same numbers, all of them and always."""
    first: dict[str, Path] = {}
    ranks: dict[Path, tuple[float, float]] = {}
    for path, _ in draft.each(("route", EACH), dict):
        priority, cost = draft.value((*path, "priority"), int), draft.value((*path, "cost"), float)
        if priority is not None and cost is not None:
            ranks[path] = priority, cost
    for path in sorted(ranks, key=lambda path: ranks[path]):
        pattern = draft.value((*path, "match"), str)
        if pattern is None:
            continue
        catcher = first.get("") or first.get(pattern)
        # one with beginnings is asked before those of its priority that have none
        behind = catcher is not None and not (
            draft.value((*path, "prefixes"), tuple) and ranks[catcher][0] == ranks[path][0]
        )
        # and one with usages by calls that may not go by the other at all
        behind = behind and not draft.value((*path, "usages"), tuple)
        if catcher is not None and behind:
            message = "no number comes as far as this route: an earlier one matches the same numbers"
            yield _doubt(
                (*path, "match"), message, "put it above that one, or remove it", (*catcher, "match")
            )
        if not any(draft.value((*path, key), kind) for key, kind in _NARROWER):
            first.setdefault("" if pattern in _EVERYTHING else pattern, path)


def _everybody_trusted(draft: Draft) -> Iterator[Fault]:
    for holder in chain([("internal",)], draft.trunks()):
        for path, network in draft.sources(holder):
            if network.prefixlen == 0:
                who = "places calls at your cost" if holder == ("internal",) else "can call every front end"
                message = f"{network} is the whole {_internet(network)}: anybody {who}"
                yield _doubt(path, message, "name the networks that you mean")


def _more_calls_than_ports(draft: Draft) -> Iterator[Fault]:
    limits = [(path, calls, "gateway") for path, calls in draft.each(("trunk", EACH, "max_calls"), int)]
    for side in ("internal", "gateway"):
        limits += [(path, calls, side) for path, calls in draft.each(("sip", "max_calls"), int)]
    for path, calls, side in limits:
        ports = draft.value((side, "rtp_ports"), tuple)
        room = (ports[1] - ports[0] + 1) // 2 if ports is not None else calls
        if calls > room:
            message = f"{calls} calls, and {side}.rtp_ports has room for {room} on an address"
            yield _doubt(path, message, "two ports carry one call: widen the range", (side, "rtp_ports"))


def _loopback_to_elsewhere(draft: Draft) -> Iterator[Fault]:
    holders: list[tuple[Path, str]] = [(("internal",), "internal")]
    holders += [(trunk, "gateway") for trunk in draft.trunks()]
    for holder, side in holders:
        local: dict[str, bool] = {}
        for _, listener in draft.listeners(side):
            where = family(listener.host)
            local[where] = local.get(where, True) and ip_address(listener.host).is_loopback
        for path, target in draft.targets(holder):
            outside = not ip_address(target.host).is_loopback
            if outside and local.get(family(target.host), False) and draft.sound((side, "listen")):
                message = f"[{side}] listens on the loopback only, and {target.host} is another machine"
                yield _doubt(path, message, f"listen on an address that {target.host} can reach")


def _private_audio(draft: Draft) -> Iterator[Fault]:
    """A peer on the Internet cannot send audio to an address that exists in our own network only."""
    holders: list[tuple[Path, str]] = [(("internal",), "internal")]
    holders += [(trunk, "gateway") for trunk in draft.trunks()]
    doors = {}
    for holder, side in holders:
        for _, target in draft.targets(holder):
            if ip_address(target.host).is_global:
                doors[side, family(target.host)] = target.host
    for side in ("internal", "gateway"):
        for path, listener in draft.listeners(side):
            peer = doors.get((side, family(listener.host)))
            audio = ip_address(listener.audio_host)
            if peer is not None and audio.is_private and not audio.is_loopback:
                message = f"SDP will name {audio}, which {peer} cannot reach"
                yield _doubt(path, message, f'write "{listener.socket} as NAME audio ADDRESS"')


def _tls_without_use(draft: Draft) -> Iterator[Fault]:
    for path, name in draft.each(("trunk", EACH, "tls_name"), str):
        spoken = [target.transport for _, target in draft.targets(path[:-1])]
        may_be = [named.spoken for _, named in draft.named(path[:-1])]
        unused = (spoken or may_be) and Transport.TLS not in (*spoken, *may_be) and None not in may_be
        if name and unused and draft.sound((*path[:-1], "targets")):
            message = "no target of this trunk is reached by TLS: its name is never looked at"
            yield _doubt(path, message, 'write ";transport=tls" behind the targets that speak it')


def _anybody_with_a_certificate(draft: Draft) -> Iterator[Fault]:
    """Public authorities give a certificate to everybody who asks."""
    for side in ("internal", "gateway"):
        table = (side, "tls")
        certificate = draft.value((*table, "certificate"), str)
        verify = draft.value((*table, "verify"), bool)
        if not certificate or verify is None:
            continue
        if not verify:
            message = "who connects by TLS needs no certificate: its address alone says who it is"
            yield _doubt((*table, "verify"), message, "set it to true, unless these peers have none")
        named = draft.value((*table, "authorities"), str) or draft.value((*table, "peers"), tuple)
        if side == "internal" and named is not None and not named:
            message = "neither authorities nor peers are named: a certificate for any name is good"
            yield _doubt((*table, "certificate"), message, f"add authorities or peers to [{side}.tls]")


def _doubt(path: Path, message: str, remedy: str, related: Path | None = None) -> Fault:
    return Fault(path, message, remedy, related=related, severity=Severity.WARNING)


def _internet(network: Network) -> str:
    return f"IPv{network.version} Internet"
