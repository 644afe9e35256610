"""What is allowed and yet hardly meant: warnings, which stop nothing."""

from collections.abc import Iterator
from ipaddress import ip_address
from itertools import chain
from typing import Final

from mediation.settings.addresses import family
from mediation.settings.draft import EACH, Draft
from mediation.settings.model import Network
from mediation.settings.positions import Path
from mediation.settings.problems import Fault, Severity

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
    first: dict[str, Path] = {}
    for path, _ in draft.each(("route", EACH), dict):
        pattern = draft.value((*path, "match"), str)
        if pattern is None:
            continue
        catcher = first.get("") or first.get(pattern)
        if catcher is not None:
            message = "no number comes as far as this route: an earlier one matches the same numbers"
            yield _doubt(
                (*path, "match"), message, "put it above that one, or remove it", (*catcher, "match")
            )
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


def _doubt(path: Path, message: str, remedy: str, related: Path | None = None) -> Fault:
    return Fault(path, message, remedy, related=related, severity=Severity.WARNING)


def _internet(network: Network) -> str:
    return f"IPv{network.version} Internet"
