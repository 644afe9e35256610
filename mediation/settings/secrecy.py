"""SRTP and the way that its keys take: what cannot stand, and what is hardly meant (RFC 4568 section 7)."""

from collections.abc import Iterator
from itertools import chain
from typing import Final

from mediation.sdp.crypto import SrtpMode
from mediation.settings.draft import Draft
from mediation.settings.positions import Path
from mediation.settings.problems import Fault, Severity
from mediation.sip.flow import Transport

_BY_TLS: Final = 'write ";transport=tls" behind it, or allow srtp_without_tls'


def keys_have_a_way(draft: Draft) -> Iterator[Fault]:
    """Where SRTP is required every call needs keys, and they go by TLS unless it is allowed otherwise."""
    for holder, _ in _holders(draft):
        table = (*holder, "media")
        if _mode(draft, holder) is SrtpMode.REQUIRED and _needs_tls(draft, holder):
            for path, host in _in_the_clear(draft, holder):
                message = (
                    f"SRTP is required, and its keys could be read on the way to {host}: it is not by TLS"
                )
                yield Fault(path, message, _BY_TLS, related=(*table, "srtp"))


def keys_in_the_open(draft: Draft) -> Iterator[Fault]:
    """What is allowed, and leaves audio less hidden than it looks."""
    for holder, side in _holders(draft):
        table, mode = (*holder, "media"), _mode(draft, holder)
        if mode is None or mode is SrtpMode.OFF:
            continue
        clear = list(_in_the_clear(draft, holder))
        if not _needs_tls(draft, holder) and clear:
            message = (
                f"keys for SRTP are said in the clear to {clear[0][1]}: who can hear audio can read them"
            )
            yield _doubt((*table, "srtp_without_tls"), message, "reach its targets by TLS")
        elif mode is SrtpMode.OPTIONAL and clear and len(clear) == _count(draft, holder):
            message = "no target is reached by TLS: no key is ever said, and audio stays as it is"
            yield _doubt((*table, "srtp"), message, 'write ";transport=tls" behind the targets that speak it')
        if mode is SrtpMode.REQUIRED:
            yield from _closed_doors(draft, holder, side)
            if draft.value((*holder, "mid_call", "fax"), bool):
                message = "a fax goes as T.38, which nothing encrypts, and SRTP is required"
                yield _doubt((*holder, "mid_call", "fax"), message, "remove it, unless faxes may be read")


def _closed_doors(draft: Draft, holder: Path, side: str) -> Iterator[Fault]:
    """Front-end servers have an interface of their own; trunks share theirs with others."""
    if holder != ("internal",) or not _needs_tls(draft, holder):
        return
    for path, listener in draft.listeners(side):
        if listener.transport is not Transport.TLS:
            message = f"calls that come by {listener.transport} are refused (488): SRTP is required, and keys need TLS"
            yield _doubt(path, message, "remove it, or allow srtp_without_tls", (*holder, "media", "srtp"))


def _holders(draft: Draft) -> Iterator[tuple[Path, str]]:
    return chain([(("internal",), "internal")], ((trunk, "gateway") for trunk in draft.trunks()))


def _mode(draft: Draft, holder: Path) -> SrtpMode | None:
    return draft.value((*holder, "media", "srtp"), SrtpMode)


def _needs_tls(draft: Draft, holder: Path) -> bool:
    return draft.value((*holder, "media", "srtp_without_tls"), bool) is False


def _in_the_clear(draft: Draft, holder: Path) -> Iterator[tuple[Path, str]]:
    """Those that are not by TLS, or need not be: the DNS may choose another transport for a name without one."""
    for path, target in draft.targets(holder):
        if target.transport is not Transport.TLS:
            yield path, target.host
    for path, named in draft.named(holder):
        if named.spoken is not Transport.TLS:
            yield path, named.sought.name


def _count(draft: Draft, holder: Path) -> int:
    return len(list(draft.targets(holder))) + len(list(draft.named(holder)))


def _doubt(path: Path, message: str, remedy: str, related: Path | None = None) -> Fault:
    return Fault(path, message, remedy, related=related, severity=Severity.WARNING)
