"""Who was called before: Diversion (RFC 5806) and History-Info (RFC 7044, RFC 4244), each made of the other (RFC 7544).

Diversion names those who sent the call on, the last one first. History-Info names every target in order, the present
one last; what made a target of it stands beside it as the `cause` of RFC 4458, or, in the older way, as an escaped
Reason of the one before.
"""

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Self

from mediation.sip.errors import RemoteSipError
from mediation.sip.grammar import number
from mediation.sip.headers import NameAddress, Parameters, unquoted
from mediation.sip.uri import OpaqueUri, SipUri, parse_uri, unescaped

MOST_ENTRIES = 20
"""Entries that we read or write; RFC 7544 section 5 leaves the limit to us. A call that came further was in a loop."""
HIGHEST_COUNTER = 99

_CAUSES = {
    404: "unknown", 302: "unconditional", 486: "user-busy", 408: "no-answer", 480: "deflection", 487: "deflection",
    503: "unavailable",
}  # fmt: skip
"""RFC 7544 section 6: cause of RFC 4458 to reason of RFC 5806."""
_REASONS = {"unconditional": 302, "user-busy": 486, "no-answer": 408, "deflection": 480, "unavailable": 503}
"""RFC 7544 section 5, as its errata have it; every other reason is 404."""

UNKNOWN_HOST = "unknown.invalid"
_UNKNOWN_URI = f"sip:unknown@{UNKNOWN_HOST}"
"""Stands for somebody who sent the call on and was not named (RFC 7544 section 5)."""

_INDEX = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,4}){0,29}")
_REASON_CAUSE = re.compile(r"SIP[ \t]*;[^,]*?cause[ \t]*=[ \t]*([0-9]{3})(?![0-9])", re.IGNORECASE)
_TEL_CAUSE = re.compile(r";cause=([0-9]{3})(?![0-9])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Diversion:
    """One party that sent the call on (RFC 5806 section 9)."""

    address: NameAddress
    """With the parameters of the header."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """One element of the header. Raises RemoteSipError(400)."""
        return cls(NameAddress.parse(text))

    def __str__(self) -> str:
        return str(self.address)

    @property
    def reason(self) -> str:
        """Why it was sent on, in lower case; `unknown` where nothing is said."""
        return unquoted(self.address.parameters.get("reason") or "unknown").lower()

    @property
    def cause(self) -> int:
        """The same in the words of RFC 4458."""
        return _REASONS.get(self.reason, 404)

    @property
    def counter(self) -> int:
        """How many times the call was sent on, this one and those before it that are not named; at least 1."""
        try:
            value = number(
                self.address.parameters.get("counter") or "1", high=HIGHEST_COUNTER, what="Counter"
            )
        except RemoteSipError:
            return 1
        return max(value, 1)

    @property
    def is_private(self) -> bool:
        """Whether this party wants not to be named."""
        return unquoted(self.address.parameters.get("privacy") or "off").lower() not in ("off", "none")


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One target of the call (RFC 7044 section 5)."""

    address: NameAddress
    """With the parameters of the header, `index` among them."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """One element of the header, which must have an index. Raises RemoteSipError(400)."""
        entry = cls(NameAddress.parse(text))
        if _INDEX.fullmatch(entry.index) is None:
            raise RemoteSipError(400, "Bad Index In History-Info")
        return entry

    def __str__(self) -> str:
        return str(self.address)

    @property
    def index(self) -> str:
        """Its place in the tree of targets: `1.2` is the second that 1 led to."""
        return self.address.parameters.get("index") or ""

    @property
    def cause(self) -> int | None:
        """What made a target of it (RFC 4458 section 2)."""
        uri = self.address.uri
        if isinstance(uri, SipUri):
            value = uri.parameters.get("cause") or ""
        else:
            match = _TEL_CAUSE.search(uri.rest)
            value = "" if match is None else match[1]
        return int(value) if value.isascii() and value.isdigit() and len(value) == 3 else None

    @property
    def left_for(self) -> int | None:
        """Why the call left this target, by its escaped Reason (RFC 4244 section 4.1)."""
        match = _REASON_CAUSE.search(self._escaped("reason"))
        return None if match is None else int(match[1])

    @property
    def is_private(self) -> bool:
        """Whether this target wants not to be named (RFC 7044 section 10.1.1)."""
        return self._escaped("privacy").lower() not in ("", "none")

    def _escaped(self, name: str) -> str:
        """The header of that name in the URI, decoded; empty without one."""
        uri = self.address.uri
        headers = uri.headers if isinstance(uri, SipUri) else uri.rest.partition("?")[2]
        pairs = (pair.partition("=") for pair in headers.split("&"))
        return next((unescaped(value) for key, _, value in pairs if key.lower() == name), "")


def diversions_of(entries: tuple[HistoryEntry, ...]) -> tuple[Diversion, ...]:
    """Who sent the call on, the last one first (RFC 7544 section 6)."""
    found: list[Diversion] = []
    unnamed = 0
    places = {entry.index: entry for entry in entries}
    for before, entry in pairwise(entries):
        cause = entry.cause if entry.cause is not None else before.left_for
        if cause not in _CAUSES:
            continue  # the target was looked up or tried in turn: nobody has sent the call on
        diverting = places.get(entry.address.parameters.get("mp") or "", before)
        if _is_unknown(diverting):
            unnamed = min(unnamed + 1, HIGHEST_COUNTER - 1)
            continue
        privacy = "full" if diverting.is_private else "off"
        parameters = Parameters((
            ("reason", _CAUSES[cause]), ("counter", str(unnamed + 1)), ("privacy", privacy),
        ))  # fmt: skip
        unnamed = 0
        found.append(
            Diversion(NameAddress(diverting.address.display_name, _bare(diverting.address.uri), parameters))
        )
    return tuple(reversed(found))


def entries_of(diversions: tuple[Diversion, ...], target: str) -> tuple[HistoryEntry, ...]:
    """Every target in order, `target` last, a URI without parameters (RFC 7544 section 5)."""
    entries: list[HistoryEntry] = []
    index, cause = "1", 0
    for diversion in reversed(diversions[:MOST_ENTRIES]):
        missing = min(diversion.counter - 1, MOST_ENTRIES - len(diversions) - len(entries))
        steps: list[tuple[str | None, str, str]] = [(None, _UNKNOWN_URI, "")] * missing
        privacy = "?Privacy=history" if diversion.is_private else ""
        steps.append((diversion.address.display_name, str(_bare(diversion.address.uri)), privacy))
        for name, uri, headers in steps:
            entries.append(_entry(name, uri, headers, index, cause))
            index, cause = f"{index}.1", 404
        cause = diversion.cause
    if entries:
        entries.append(_entry(None, target, "", index, cause))
    return tuple(entries)


def _entry(name: str | None, uri: str, headers: str, index: str, cause: int) -> HistoryEntry:
    """`cause` 0: the first target of all."""
    parameters = [("index", index)]
    if cause:
        uri = f"{uri};cause={cause}"
        parameters.append(("mp", index.rpartition(".")[0]))
    return HistoryEntry(NameAddress(name, parse_uri(f"{uri}{headers}"), Parameters(tuple(parameters))))


def _is_unknown(entry: HistoryEntry) -> bool:
    uri = entry.address.uri
    return isinstance(uri, SipUri) and uri.host.lower() == UNKNOWN_HOST


def _bare(uri: SipUri | OpaqueUri) -> SipUri | OpaqueUri:
    """The URI without what only History-Info puts into it."""
    if isinstance(uri, SipUri):
        return replace(uri, parameters=uri.parameters.without("cause"), headers="")
    return replace(uri, rest=_TEL_CAUSE.sub("", uri.rest.partition("?")[0]))
