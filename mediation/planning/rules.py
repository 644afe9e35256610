"""Rules between the values of a plan: what each of them alone cannot know."""

from collections.abc import Iterator
from itertools import chain
from typing import Final

from mediation.planning.model import Connection
from mediation.planning.numbers import DidRange, overlaps
from mediation.rtp.tunnels import Vpn
from mediation.settings.draft import EACH, Draft
from mediation.settings.faults import did_you_mean
from mediation.settings.positions import Path
from mediation.settings.problems import Fault, Severity
from mediation.settings.rules import lists_without_repetition, names_differ

MAX_ERLANG: Final = 200_000
"""Of a whole plan: as many calls at a time as a large country has."""

_UNIQUE_LISTS: Final[tuple[Path, ...]] = (
    ("trunk", EACH, "sites"),
    ("trunk", EACH, "serves"),
    ("plan", "records"),
)


def broken_rules(draft: Draft) -> Iterator[Fault]:
    """Return every rule that the draft breaks, and what is hardly meant."""
    return chain(
        names_differ(draft, "site"),
        names_differ(draft, "trunk"),
        _links_join_two_sites(draft),
        _offers_name_sites(draft),
        _internet_through_a_tunnel(draft),
        _traffic_is_known(draft),
        _traffic_is_possible(draft),
        _numbers_have_one_owner(draft),
        _busiest_are_its_own(draft),
        _localities_differ(draft),
        lists_without_repetition(draft, _UNIQUE_LISTS),
        _offers_for_nobody(draft),
    )


def _links_join_two_sites(draft: Draft) -> Iterator[Fault]:
    first: dict[frozenset[str], Path] = {}
    for path, ends in draft.each(("link", EACH, "sites"), tuple):
        yield from _unknown_sites(draft, path)
        pair = frozenset(ends)
        if None in pair:
            continue
        if len(pair) == 1:
            yield Fault(path, "a link joins two sites", "name the other one")
        elif pair in first:
            message = "another link joins these two sites already"
            yield Fault(path, message, "make one of them", related=first[pair])
        first.setdefault(pair, path)


def _offers_name_sites(draft: Draft) -> Iterator[Fault]:
    for path, _ in draft.each(("trunk", EACH, "sites"), tuple):
        yield from _unknown_sites(draft, path)


def _unknown_sites(draft: Draft, path: Path) -> Iterator[Fault]:
    names = [name for _, name in draft.each(("site", EACH, "name"), str)]
    if any(fault[0] == "site" and (len(fault) < 3 or fault[2] == "name") for fault in draft.faulty):
        return  # the one that is named may be among those that could not be read
    for place, name in draft.each((*path, EACH), str):
        if name not in names:
            listed = ", ".join(f'"{each}"' for each in names[:8])
            remedy = did_you_mean(name, names) or (f"there are {listed}" if listed else "add a [[site]]")
            yield Fault(place, f'there is no site "{name}"', remedy)


def _internet_through_a_tunnel(draft: Draft) -> Iterator[Fault]:
    for kind in ("trunk", "link"):
        for path, connection in draft.each((kind, EACH, "connection"), Connection):
            place = (*path[:-1], "vpn")
            if connection is Connection.INTERNET and draft.value(place, Vpn) is Vpn.NONE:
                message = "the Internet carries calls through a VPN only"
                yield Fault(path, message, 'add vpn = "esp", or "wireguard", "openvpn"')


def _traffic_is_known(draft: Draft) -> Iterator[Fault]:
    records = draft.value(("plan", "records"), tuple)
    for path, _ in draft.each(("site", EACH), dict):
        if not draft.sound(path):
            continue  # what is missing may be what was mistyped
        stated = draft.value((*path, "erlang_per_user"), float)
        users = draft.value((*path, "users"), int)
        if stated and users == 0:
            yield Fault((*path, "erlang_per_user"), "traffic of users, and there are none", "add users")
        if stated != 0 or records is None:
            continue
        if not records:
            remedy = "add erlang_per_user and users, or records to [plan]"
            yield Fault(path, "nothing tells its traffic", remedy, at_key=True)
        elif draft.value((*path, "dids"), tuple) == ():
            remedy = "add dids, or erlang_per_user and users"
            yield Fault(path, "nothing tells which calls of the records are its own", remedy, at_key=True)


def _traffic_is_possible(draft: Draft) -> Iterator[Fault]:
    """Beyond any company on Earth somebody has mistaken a unit."""
    growth = draft.value(("plan", "growth_percent"), float)
    if growth is None:
        return
    total = 0.0
    for path, users in draft.each(("site", EACH, "users"), int):
        total += users * (draft.value((*path[:-1], "erlang_per_user"), float) or 0.0) * (1 + growth / 100)
        if total > MAX_ERLANG:
            message = f"all sites so far have {total:,.0f} Erlang, and nobody has more than {MAX_ERLANG:,}"
            yield Fault(path, message, "mend users, erlang_per_user or growth_percent")
            return


def _numbers_have_one_owner(draft: Draft) -> Iterator[Fault]:
    ranges = list(draft.each(("site", EACH, "dids", EACH), DidRange))
    for first, second in overlaps(ranges):
        earlier, later = sorted((first, second), key=lambda path: (path[1], path[3]))
        yield Fault(later, "these numbers stand there twice", "give each to one site", related=earlier)


def _busiest_are_its_own(draft: Draft) -> Iterator[Fault]:
    for path, _ in draft.each(("site", EACH), dict):
        ranges = draft.value((*path, "dids"), tuple)
        total = 0.0
        for place, number in draft.each((*path, "busiest", EACH, "number"), str):
            if ranges is not None and not any(number in owned for owned in ranges):
                yield Fault(place, f"{number} is none of its numbers", "add it to dids")
        for place, percent in draft.each((*path, "busiest", EACH, "percent"), float):
            total += percent
            if not 0 <= percent <= 100 or total > 100:
                yield Fault(place, "these shares are no part of 100 %", "give each its percent of all calls")
                break


def _localities_differ(draft: Draft) -> Iterator[Fault]:
    countries = {country for _, country in draft.each(("site", EACH, "country"), str)}
    first: dict[str, Path] = {}
    for path, country in draft.each(("locality", EACH, "country"), str):
        if country in first:
            yield Fault(path, f"{country} stands there twice", "remove one of them", related=first[country])
        elif country not in countries and draft.sound(("site",)):
            message = f"no site is in {country}"
            yield Fault(path, message, "remove it, or mend the country", severity=Severity.WARNING)
        first.setdefault(country, path)


def _offers_for_nobody(draft: Draft) -> Iterator[Fault]:
    countries = {country for _, country in draft.each(("site", EACH, "country"), str)}
    for path, country in draft.each(("trunk", EACH, "country"), str):
        sites = draft.value((*path[:-1], "sites"), tuple)
        if sites == () and country not in countries and draft.sound(("site",)):
            message = f"no site is in {country}, so that no site can have this trunk"
            remedy = "add sites to it, or remove it"
            yield Fault(path, message, remedy, severity=Severity.WARNING)
