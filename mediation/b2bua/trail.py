"""The parties that a call has passed before it came to us, and what of them the other side is told."""

from dataclasses import dataclass
from typing import Self

from mediation.b2bua.diversion import Diversion, HistoryEntry, diversions_of, entries_of
from mediation.b2bua.passage import (
    ANONYMOUS_URI,
    Lines,
    Passage,
    addresses_of,
    at_our_host,
    elements_of,
    is_anonymous,
    mentions,
    shown_name,
)
from mediation.routing.numbers import number_of
from mediation.settings.identity import History, Identity
from mediation.sip.grammar import is_token
from mediation.sip.headers import Headers, NameAddress
from mediation.sip.parameters import Parameters
from mediation.sip.uri import SipUri, parse_uri

_DIVERSION_PARAMETERS = ("reason", "counter", "limit", "privacy", "screen")
"""RFC 5806 section 9; extensions stay behind."""
_HISTORY_PARAMETERS = ("index", "rc", "mp", "np")
"""RFC 7044 section 5."""


@dataclass(frozen=True, slots=True)
class Trail:
    """Who was called before, as far as it is believed."""

    diversions: tuple[Diversion, ...] = ()
    """The last one first."""
    entries: tuple[HistoryEntry, ...] = ()
    """In order."""
    referred_by: tuple[NameAddress, ...] = ()
    """Who transferred the call (RFC 3892); at most one."""

    @classmethod
    def of(cls, headers: Headers, identity: Identity) -> Self:
        """What the headers of an INVITE say."""
        if not identity.trust:
            return cls()
        return cls(
            elements_of(headers, "Diversion", Diversion.parse),
            elements_of(headers, "History-Info", HistoryEntry.parse),
            addresses_of(headers, "Referred-By")[:1],
        )

    @property
    def diverting(self) -> tuple[Diversion, ...]:
        """Who sent the call on, by either header."""
        return self.diversions or diversions_of(self.entries)

    @property
    def is_forward(self) -> bool:
        """Whether somebody has sent the call on."""
        return bool(self.diverting)

    @property
    def forwarder(self) -> tuple[NameAddress, ...]:
        """Who sent it on last; nobody when that party does not want to be named."""
        last = self.diverting[:1]
        return tuple(
            NameAddress(each.address.display_name, each.address.uri)
            for each in last
            if not each.is_private and not is_anonymous(each.address)
        )


NO_TRAIL = Trail()


@dataclass(frozen=True, slots=True)
class Veil:
    """Who must not be named to the destination."""

    everybody: bool = False
    private: bool = False
    """Those who want it themselves."""
    secrets: frozenset[str] = frozenset()
    """Whoever could be known by these."""

    def covers(self, address: NameAddress, *, is_private: bool) -> bool:
        """Whether this party is to be anonymous."""
        return self.everybody or (self.private and is_private) or mentions(str(address), self.secrets)


def trail_lines(trail: Trail, passage: Passage, target: str, veil: Veil) -> Lines:
    """History-Info, Diversion and Referred-By for the other side; `target` is the URI of the party called now.

    The header that came is kept; only what is missing is made of the other (RFC 7544 section 4).
    """
    history = passage.destination.identity.history
    lines: list[tuple[str, str]] = []
    if history.has_history_info:
        entries = trail.entries or entries_of(trail.diversions, target)
        called = number_of(parse_uri(target)) if entries else ""
        lines += [("History-Info", _entry(each, passage, veil, called)) for each in entries]
    if history.has_diversion:
        lines += [("Diversion", _diversion(each, passage, veil)) for each in trail.diverting]
    if history is not History.OFF:
        for referrer in trail.referred_by:
            uri = at_our_host(passage.written(referrer).uri, passage.host)
            if uri is not None and not veil.covers(referrer, is_private=False):
                lines.append(("Referred-By", f"{shown_name(referrer)}<{uri}>"))
    return tuple(lines)


def _diversion(diversion: Diversion, passage: Passage, veil: Veil) -> str:
    address = diversion.address
    parameters = _kept(address.parameters, _DIVERSION_PARAMETERS)
    uri = at_our_host(passage.written(address).uri, passage.host)
    if uri is None or veil.covers(address, is_private=diversion.is_private):
        return f"<{ANONYMOUS_URI}>{parameters}"
    return f"{shown_name(address)}<{uri}>{parameters}"


def _entry(entry: HistoryEntry, passage: Passage, veil: Veil, called: str) -> str:
    address = entry.address
    written = passage.written(address, called).uri
    parameters = _kept(address.parameters, _HISTORY_PARAMETERS)
    uri = at_our_host(written, passage.host)
    name = shown_name(address)
    cause = "" if entry.cause is None else f";cause={entry.cause}"
    if uri is None or veil.covers(address, is_private=entry.is_private):
        name, uri = "", ANONYMOUS_URI
    elif not isinstance(written, SipUri):
        cause = ""  # a number is kept as it came, with what stands in it
    return f"{name}<{uri}{cause}{_headers(entry)}>{parameters}"


def _headers(entry: HistoryEntry) -> str:
    """Of the headers in the URI, the two that belong to History-Info, in our words."""
    found = [] if entry.left_for is None else [f"Reason=SIP%3Bcause%3D{entry.left_for}"]
    if entry.is_private:
        found.append("Privacy=history")
    return f"?{'&'.join(found)}" if found else ""


def _kept(parameters: Parameters, names: tuple[str, ...]) -> Parameters:
    """The parameters of these names, where their values are plain words."""
    return Parameters(
        tuple(
            (name, value)
            for name, value in parameters.pairs
            if name.lower() in names and value is not None and is_token(value.strip('"'))
        )
    )
