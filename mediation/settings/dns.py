"""How names of targets are looked up: [dns]."""

from dataclasses import dataclass

from mediation.settings.story import setting
from mediation.settings.words import check_dns_server


@dataclass(frozen=True, slots=True, kw_only=True)
class Dns:
    """Names of targets (RFC 3263): NAPTR, SRV, A and AAAA records."""

    servers: tuple[str, ...] = setting(
        (),
        check=check_dns_server,
        doc='Name servers to ask: "ADDRESS" or "ADDRESS:PORT", IPv6 in brackets where there is a port; the next one '
        "where one does not answer. []: those of /etc/resolv.conf. /etc/hosts is never read.",
        example='["192.0.2.53", "[2001:db8::53]:53"]',
    )
    timeout_s: int = setting(
        3, low=1, high=30, doc="A look-up without an answer from any server has failed after so many seconds."
    )
    min_ttl_s: int = setting(
        30, low=1, high=86_400, doc="An answer is good for so many seconds at least, whatever its TTL says."
    )
    max_ttl_s: int = setting(3600, low=1, high=604_800, doc="The same, at most. Not below min_ttl_s.")
    negative_ttl_s: int = setting(
        60,
        low=1,
        high=86_400,
        doc="That a name has no records is believed for so many seconds at most (RFC 2308).",
    )
    retry_s: int = setting(
        15,
        low=1,
        high=3600,
        doc="After a look-up that has failed, seconds until the next one; the last good answer is used meanwhile.",
    )
