"""Latching where it is dangerous: whoever is first is the peer, and nothing proves it (RFC 7362 section 5)."""

from collections.abc import Iterator
from ipaddress import ip_address
from itertools import chain

from mediation.sdp.crypto import SrtpMode
from mediation.settings.draft import Draft
from mediation.settings.peer_media import Latching
from mediation.settings.positions import Path
from mediation.settings.problems import Fault, Severity


def learned_from_anybody(draft: Draft) -> Iterator[Fault]:
    """Toward the Internet anybody can send to our ports. SRTP, where it is required, tells the peer from them."""
    for holder in chain([("internal",)], draft.trunks()):
        table = (*holder, "media")
        mode = draft.value((*table, "latching"), Latching)
        srtp = draft.value((*table, "srtp"), SrtpMode)
        if mode is None or not mode.learns or srtp is None or srtp is SrtpMode.REQUIRED:
            continue
        where = next(_from_outside(draft, holder), "")
        if where:
            message = f"{mode} without SRTP, and {where}: who sends first is heard and hears, whoever it is"
            remedy = 'set srtp = "required", or latching = "sdp-ip"'
            yield Fault((*table, "latching"), message, remedy, severity=Severity.WARNING)


def _from_outside(draft: Draft, holder: Path) -> Iterator[str]:
    """What says that the peer is on the Internet, or may be."""
    for _, target in draft.targets(holder):
        if ip_address(target.host).is_global:
            yield f"{target.host} is on the Internet"
    for _, network in draft.sources(holder):
        if not network.is_private:
            yield f"{network} is on the Internet"
    for _, named in draft.named(holder):
        yield f"{named.sought.name} may be on the Internet"
