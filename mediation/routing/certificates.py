"""Which names a peer's certificate must bear (RFC 5922): decided by who the peer is, never by what it says."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import ip_address

from mediation.routing.bearers import Bearers
from mediation.routing.directory import FRONT_END_POOL, Directory
from mediation.settings.model import Settings
from mediation.settings.peers import OfTargets, Side
from mediation.settings.trunks import Trunk
from mediation.sip.flow import Flow, Transport


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a certificate names, in small letters."""

    domains: frozenset[str]
    addresses: frozenset[str]

    @classmethod
    def of(cls, alternative_names: Iterable[tuple[str, str]]) -> "Identity":
        """Read the subjectAltName: pairs of kind and value, as `ssl` returns them.

        SIP URIs decide; DNS names count only where there is none (RFC 5922 section 7.1). The common name of old
        never does.
        """
        domains: dict[str, set[str]] = {"URI": set(), "DNS": set()}
        addresses = set()
        for kind, value in alternative_names:
            if kind == "URI":
                domains["URI"] |= _sip_domain(value)
            elif kind == "DNS":
                domains["DNS"].add(value.lower())
            elif kind == "IP Address":
                addresses |= _address(value)
        return cls(frozenset(domains["URI"] or domains["DNS"]), frozenset(addresses))

    def __str__(self) -> str:
        return ", ".join(sorted(self.domains | self.addresses)) or "nobody"


@dataclass(frozen=True, slots=True)
class Expected:
    """What makes a certificate that of the peer we mean."""

    names: frozenset[str] = frozenset()
    """It must bear one of these, compared whole and without wildcards (RFC 5922 section 7.2), …"""
    address: str = ""
    """… or this IP address, where there is one, …"""
    anybody: bool = False
    """… or nothing: it is enough that our authorities have signed it."""

    def met_by(self, identity: Identity) -> bool:
        """Whether a certificate with this identity is good."""
        return self.anybody or bool(self.names & identity.domains) or self.address in identity.addresses

    def __str__(self) -> str:
        return " or ".join((*sorted(self.names), *filter(None, [self.address]))) or "anybody"


class Expectations:
    """Those of one configuration."""

    def __init__(self, settings: Settings, directory: Directory | None = None) -> None:
        """`directory` tells which addresses the targets have now; without one, names have none."""
        self._settings = settings
        self._directory = Directory(settings) if directory is None else directory
        self._bearers = Bearers(settings)

    def of_stranger(self, flow: Flow) -> Expected:
        """What to expect of somebody who has connected to us from an address that is nobody's."""
        return Expected(self._bearers.names(flow))

    def of(self, flow: Flow, side: Side, *, calling: bool) -> Expected:
        """What to expect at the other end of a connection; `calling`: we have opened it.

        A target with a name in the settings must bear that name, whatever host the DNS has led to (RFC 5922 section
        7.3); its address is no proof then. Who is known by a name alone may come from the address of another one.
        """
        expected = self._of_address(flow, side, calling=calling)
        return expected if calling else replace(expected, names=expected.names | self._bearers.names(flow))

    def _of_address(self, flow: Flow, side: Side, *, calling: bool) -> Expected:
        if side is Side.FRONT_END:
            names = self._names(FRONT_END_POOL, flow)
            peers = _lowered(self._settings.internal.tls.peers)
            address = _canonical(flow.remote[0]) if calling and not names else ""
            return Expected(peers | names, address, anybody=not peers and not (calling and names))
        trunks = self._trunks(flow, calling=calling)
        names = _lowered(trunk.tls_name for trunk in trunks if trunk.tls_name)
        if trunks and all(trunk.tls_name for trunk in trunks):
            return Expected(names)
        found = frozenset[str]().union(*(self._names(t.name, flow) for t in trunks if not t.tls_name))
        peers = _lowered(self._settings.gateway.tls.peers)
        address = "" if found else _canonical(flow.remote[0])
        return Expected(names | found | peers, address, anybody=not calling and not peers)

    def allow_reuse(self, flow: Flow, side: Side, identity: Identity, sent_by: str) -> bool:
        """Whether who has connected to us and shown `identity` may stand for the peer of `flow` (RFC 5923).

        `flow` is how we would connect to it: its source address, and the port of its Via. It must be such a peer as
        we would take there, and the host of its Via must be that address or a name of its certificate: a peer can
        claim nothing that is another's.
        """
        own = {_canonical(flow.remote[0])}
        named = _address(sent_by) == own or sent_by.lower() in identity.domains
        expected = replace(self.of(flow, side, calling=True), anybody=False)  # a name must have been expected
        return named and expected.met_by(identity)

    def server_name(self, flow: Flow, side: Side) -> str:
        """Whom to ask for by server name indication (RFC 6066 section 3); empty: nobody by name."""
        if side is Side.FRONT_END:
            return min(self._names(FRONT_END_POOL, flow), default="")
        trunks = self._trunks(flow, calling=True)
        given = next((trunk.tls_name for trunk in trunks if trunk.tls_name), "")
        return given or min((name for each in trunks for name in self._names(each.name, flow)), default="")

    def _names(self, holder: str, flow: Flow) -> frozenset[str]:
        """The names in the settings that this very target was found by, or else anything at this address."""
        known = [target for target in self._directory.known(holder) if target.transport is Transport.TLS]
        exact = [target for target in known if target.endpoint == flow.remote]
        host = ip_address(flow.remote[0])
        there = exact or [target for target in known if ip_address(target.host) == host]
        return frozenset(target.name for target in there if target.name)

    def _trunks(self, flow: Flow, *, calling: bool) -> list[Trunk]:
        """The trunks that have this very target, or else those that have anything at this address."""
        trunks = self._settings.trunks
        exact = [
            trunk
            for trunk in trunks
            if any(
                target.endpoint == flow.remote and target.transport is Transport.TLS
                for target in self._directory.known(trunk.name)
            )
        ]
        if exact:
            return exact
        host = ip_address(flow.remote[0])

        def trusts(trunk: Trunk) -> bool:
            # beside a name, an address that is written says nothing of whoever calls from there
            says = calling or not trunk.trusted_names or isinstance(trunk.trusted, OfTargets)
            return says and any(host in net for net in trunk.trusted)

        return [
            trunk
            for trunk in trunks
            if trusts(trunk)
            or any(ip_address(target.host) == host for target in self._directory.known(trunk.name))
        ]


def _lowered(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name.lower() for name in names)


def _canonical(host: str) -> str:
    return str(ip_address(host))


def _sip_domain(uri: str) -> set[str]:
    """The domain of a SIP URI without a user: nothing else in a certificate names a domain (section 7.1)."""
    scheme, _, rest = uri.partition(":")
    if scheme.lower() != "sip" or not rest or "@" in rest:
        return set()
    host = rest.partition(";")[0].partition("?")[0]
    return set() if ":" in host else {host.lower()}


def _address(text: str) -> set[str]:
    try:
        return {str(ip_address(text.strip()))}
    except ValueError:
        return set()
