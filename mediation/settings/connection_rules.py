"""What the way to an ITSP demands: the Internet a VPN or encryption in its place, MPLS a mark on every packet."""

from collections.abc import Iterator

from mediation.sdp.crypto import SrtpMode
from mediation.settings.addresses import family
from mediation.settings.connection import Connection
from mediation.settings.draft import Draft
from mediation.settings.places import Listener
from mediation.settings.positions import Path
from mediation.settings.problems import Fault, Severity
from mediation.sip.flow import Transport


def broken_connection_rules(draft: Draft) -> Iterator[Fault]:
    """Return what is open that must not be."""
    yield from _one_device_for_an_address(draft)
    for trunk in draft.trunks():
        way = (*trunk, "connection")
        connection = draft.value(way, Connection)
        accepted = draft.value((*trunk, "internet_without_vpn"), bool)
        if connection is Connection.INTERNET and accepted:
            yield from _encrypted(draft, trunk)
        elif connection is Connection.INTERNET and accepted is not None:
            yield from _in_a_tunnel(draft, trunk)
        elif accepted and connection is not None:
            message = f'the connection is "{connection}", which demands no VPN'
            yield Fault((*trunk, "internet_without_vpn"), message, "remove it", related=way)


def unmarked_connections(draft: Draft) -> Iterator[Fault]:
    """Return trunks by MPLS whose packets bear no class of service."""
    for trunk in draft.trunks():
        if draft.value((*trunk, "connection"), Connection) is not Connection.MPLS:
            continue
        for mark, what in ((("gateway", "dscp"), "signalling"), ((*trunk, "media", "dscp"), "audio")):
            if draft.value(mark, int) == 0:
                message = f"{what} to a trunk by MPLS bears no DSCP: the network takes it for any data"
                related = (*trunk, "connection")
                yield Fault(mark, message, "remove the 0", related=related, severity=Severity.WARNING)


def _in_a_tunnel(draft: Draft, trunk: Path) -> Iterator[Fault]:
    """Every way to its targets leaves by an interface that the listener is bound to."""
    way = (*trunk, "connection")
    for place, door in _doors(draft, trunk):
        if not door.device:
            message = f"over the Internet a VPN is demanded, and {door.socket} is bound to no interface"
            remedy = (
                f'write "{door} on wg0" or the like there, or take TLS with SRTP: internet_without_vpn = true'
            )
            yield Fault(way, message, remedy, related=place)
            return


def _doors(draft: Draft, trunk: Path) -> Iterator[tuple[Path, Listener]]:
    """The listeners that calls to a trunk leave by: of a name, each that the DNS may choose."""
    listeners = draft.doors(trunk)
    for _, target in draft.targets(trunk):
        wanted = (target.transport, family(target.host))
        yield from [each for each in listeners if (each[1].transport, family(each[1].host)) == wanted][:1]
    for _, named in draft.named(trunk):
        yield from (each for each in listeners if named.spoken in (None, each[1].transport))
    if draft.value((*trunk, "trusted_names"), tuple):  # by its own connections, over TLS
        yield from (each for each in listeners if each[1].transport is Transport.TLS)


def _encrypted(draft: Draft, trunk: Path) -> Iterator[Fault]:
    """Nothing of a call may be read on the way."""
    reason = (*trunk, "internet_without_vpn")
    for path, target in draft.targets(trunk):
        if target.transport is not Transport.TLS:
            message = f"without a VPN the way to {target.host} must be TLS, and it is {target.transport}"
            yield Fault(path, message, 'write ";transport=tls" behind it', related=reason)
    for path, named in draft.named(trunk):
        if named.spoken is not Transport.TLS:
            message = (
                f"without a VPN the way to {named.sought.name} must be TLS, and the DNS may choose another"
            )
            yield Fault(path, message, 'write ";transport=tls" behind it', related=reason)
    mode = (*trunk, "media", "srtp")
    srtp = draft.value(mode, SrtpMode)
    if srtp is not None and srtp is not SrtpMode.REQUIRED:
        message = f'without a VPN audio must be encrypted, and srtp is "{srtp}"'
        yield Fault(reason, message, 'add srtp = "required" to its media', related=mode)


def _one_device_for_an_address(draft: Draft) -> Iterator[Fault]:
    """Audio has the addresses of the listeners, whichever of them a call came by."""
    first: dict[str, tuple[Path, Listener]] = {}
    for side in ("internal", "gateway"):
        for path, listener in draft.listeners(side):
            other, known = first.setdefault(listener.host, (path, listener))
            if known.device != listener.device:
                message = f"another listener at {listener.host} is bound to {known.device or 'no interface'}"
                yield Fault(path, message, "bind all listeners at one address alike", related=other)
