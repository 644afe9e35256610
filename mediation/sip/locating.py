"""Where a domain is served (RFC 3263): what must be asked of the DNS, and what the answers mean.

A pure function of what is known: it says what is to be asked next, or where to go. Whoever keeps the answers decides
how long they are good.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from mediation.sip.flow import Transport

MOST_SERVICES: Final = 32
"""SRV records of one name that are looked at; more are of no use, and an answer can be forged to have many."""
MOST_ADDRESSES: Final = 16
"""Addresses of one host that are looked at, of each family."""

_PREFIX: Final = {Transport.UDP: "_sip._udp.", Transport.TCP: "_sip._tcp.", Transport.TLS: "_sips._tcp."}
"""Where SRV records stand (RFC 3263 section 4.1)."""
_SERVICE: Final = {"SIP+D2U": Transport.UDP, "SIP+D2T": Transport.TCP, "SIPS+D2T": Transport.TLS}
"""What NAPTR records call each transport (sections 4.1 and 10.1)."""


class Kind(StrEnum):
    """The types of records that are asked for."""

    NAPTR = "NAPTR"
    SRV = "SRV"
    A = "A"
    AAAA = "AAAA"


@dataclass(frozen=True, slots=True)
class Question:
    """What can be asked of the DNS."""

    name: str
    """In small letters, without the dot at its end."""
    kind: Kind

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Naptr:
    """A rule that leads on (RFC 3403 section 4.1)."""

    order: int
    preference: int
    flags: str
    service: str
    replacement: str


@dataclass(frozen=True, slots=True)
class Srv:
    """A server of a service (RFC 2782)."""

    priority: int
    weight: int
    port: int
    target: str
    """Empty: the service is decidedly not available."""


Record = Naptr | Srv | str
"""An address is its text, without brackets."""
Known = Mapping[Question, Sequence[Record]]
"""What the DNS has said; a question without records has been answered with none."""


@dataclass(frozen=True, slots=True)
class Sought:
    """A domain, and what its URI says about the way to it."""

    name: str
    """In small letters, without the dot at its end."""
    port: int | None = None
    transport: Transport | None = None
    secure: bool = False
    """Whether nothing but TLS will do (`sips:`)."""


@dataclass(frozen=True, slots=True)
class Service:
    """One server of a domain."""

    priority: int
    """The lowest is tried first."""
    weight: int
    """Its share among those of the same priority."""
    transport: Transport
    port: int
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Located:
    """Where the domain is served, as far as it is known. No services: nowhere."""

    services: tuple[Service, ...]
    asked: frozenset[Question]
    """What this follows from."""


@dataclass(frozen=True, slots=True)
class Missing:
    """What must be asked before more can be said."""

    questions: tuple[Question, ...]


@dataclass(slots=True)
class _Book:
    """What is known, and what was looked for in it."""

    known: Known
    asked: set[Question] = field(default_factory=set)
    missing: list[Question] = field(default_factory=list)

    def records(self, name: str, kind: Kind) -> Sequence[Record] | None:
        question = Question(name, kind)
        self.asked.add(question)
        if question not in self.known:
            self.missing.append(question)
        return self.known.get(question)


def locate(sought: Sought, doors: Sequence[tuple[Transport, Kind]], known: Known) -> Located | Missing:
    """Where a domain is served, or what must be asked first.

    `doors` are the transports that we speak, each with the family of addresses that we speak it by (`A` or `AAAA`), the
    preferred ones first. A domain without SRV records is a host (section 4.2).
    """
    book = _Book(known)
    services = _services(sought, doors, book)
    if book.missing:
        return Missing(tuple(dict.fromkeys(book.missing)))
    return Located(tuple(service for service in services if service.addresses), frozenset(book.asked))


def _services(sought: Sought, doors: Sequence[tuple[Transport, Kind]], book: _Book) -> list[Service]:
    transports = _transports(sought, doors)
    if not transports:
        return []
    usual = transports[0]
    if sought.port is not None:
        return [_host(sought.name, usual, sought.port, doors, book)]
    places = _srv_places(sought, transports, book)
    if places is None:
        return []
    answers = [(transport, book.records(name, Kind.SRV)) for transport, name in places]
    if book.missing:
        return []
    for transport, records in answers:
        found = [record for record in records or () if isinstance(record, Srv)][:MOST_SERVICES]
        if found:
            return [
                _host(each.target, transport, each.port, doors, book, each.priority, each.weight)
                for each in found
                if each.target
            ]
    usual = places[0][0] if len(places) == 1 else usual
    return [_host(sought.name, usual, usual.default_port, doors, book)]


def _transports(sought: Sought, doors: Sequence[tuple[Transport, Kind]]) -> list[Transport]:
    """Those that may be used, the usual one first: that is UDP where we speak it (section 4.1)."""
    spoken = {transport for transport, _ in doors}
    if sought.transport is not None:
        wanted = [sought.transport]
    else:
        wanted = [Transport.TLS] if sought.secure else list(Transport)
    return [transport for transport in wanted if transport in spoken]


def _srv_places(
    sought: Sought, transports: list[Transport], book: _Book
) -> list[tuple[Transport, str]] | None:
    """The names that SRV records are to be found at, each with its transport; None: not known yet."""
    usual = [(transport, _PREFIX[transport] + sought.name) for transport in transports]
    if sought.transport is not None:
        return usual
    records = book.records(sought.name, Kind.NAPTR)
    if records is None:
        return None
    usable = [
        (record.order, record.preference, place, transport, record.replacement)
        for place, record in enumerate(records)
        if isinstance(record, Naptr)
        and record.flags.lower() == "s"
        and record.replacement
        and (transport := _SERVICE.get(record.service.upper())) in transports
    ]
    return [(transport, name) for *_, transport, name in sorted(usable)[:1]] or usual


def _host(
    name: str,
    transport: Transport,
    port: int,
    doors: Sequence[tuple[Transport, Kind]],
    book: _Book,
    priority: int = 0,
    weight: int = 0,
) -> Service:
    """A server by the addresses of its host, in the order of the families that we speak."""
    families = dict.fromkeys(kind for spoken, kind in doors if spoken is transport)
    addresses: list[str] = []
    for kind in families:
        records = book.records(name, kind) or ()
        addresses += [record for record in records if isinstance(record, str)][:MOST_ADDRESSES]
    return Service(priority, weight, transport, port, tuple(dict.fromkeys(addresses)))


def in_order(services: Sequence[Service], draw: Callable[[int, int], int]) -> list[Service]:
    """The servers in the order in which one call tries them (RFC 2782, "Usage rules").

    Of those with the same priority, each place is drawn among those that are left, by weight; `draw` gives a whole
    number from the first to the second, both included. Those without weight stand first in the draw, so that they
    have a very small chance.
    """
    order: list[Service] = []
    for priority in sorted({service.priority for service in services}):
        left = [service for service in services if service.priority == priority]
        left.sort(key=lambda service: service.weight > 0)
        while left:
            point = draw(0, sum(service.weight for service in left)) if len(left) > 1 else 0
            for index, service in enumerate(left):
                point -= service.weight
                if point <= 0:
                    order.append(left.pop(index))
                    break
    return order
