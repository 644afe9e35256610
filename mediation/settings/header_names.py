"""Which headers an operator's rule may name, and what it may put into them."""

import re
from typing import Final

from mediation.settings.words import UnfitError
from mediation.sip.grammar import is_token
from mediation.sip.headers import header_key

MAX_HEADER_NAME_LENGTH: Final = 60
MAX_HEADER_VALUE_LENGTH: Final = 400

_ROUTING: Final = "it leads messages through the network, and each side has its own"
_DIALOG: Final = "it belongs to one dialog, and the two of a call have nothing in common"
_BODY: Final = "it describes a body that we write ourselves"
_ABILITY: Final = "it promises what we can do, and nobody else can promise that"
_TIMER: Final = "it binds the two ends of one dialog, and we are one of them"
_DIGEST: Final = "it proves who speaks, and that proof holds on one side only"
_PRODUCT: Final = "it names the product, which sip.user_agent does"
_IDENTITY: Final = "it says who calls, which the table identity decides"

OWNED: Final[dict[str, str]] = {
    "via": _ROUTING, "route": _ROUTING, "record-route": _ROUTING, "path": _ROUTING, "service-route": _ROUTING,
    "max-forwards": _ROUTING, "timestamp": _ROUTING, "max-breadth": _ROUTING,
    "from": _DIALOG, "to": _DIALOG, "call-id": _DIALOG, "cseq": _DIALOG, "contact": _DIALOG,
    "replaces": _DIALOG, "join": _DIALOG, "target-dialog": _DIALOG, "refer-to": _DIALOG, "refer-sub": _DIALOG,
    "event": _DIALOG, "subscription-state": _DIALOG, "in-reply-to": _DIALOG,
    "mime-version": _BODY,
    "require": _ABILITY, "proxy-require": _ABILITY, "supported": _ABILITY, "unsupported": _ABILITY,
    "allow": _ABILITY, "allow-events": _ABILITY, "accept": _ABILITY, "accept-encoding": _ABILITY,
    "recv-info": _ABILITY, "info-package": _ABILITY,
    "rseq": _TIMER, "rack": _TIMER, "session-expires": _TIMER, "min-se": _TIMER, "expires": _TIMER,
    "min-expires": _TIMER, "retry-after": _TIMER, "flow-timer": _TIMER,
    "authorization": _DIGEST, "proxy-authorization": _DIGEST, "www-authenticate": _DIGEST,
    "proxy-authenticate": _DIGEST, "authentication-info": _DIGEST, "proxy-authentication-info": _DIGEST,
    "security-client": _DIGEST, "security-server": _DIGEST, "security-verify": _DIGEST,
    "user-agent": _PRODUCT, "server": _PRODUCT, "warning": _PRODUCT,
    "p-asserted-identity": _IDENTITY, "p-preferred-identity": _IDENTITY, "remote-party-id": _IDENTITY,
    "privacy": _IDENTITY, "diversion": _IDENTITY, "history-info": _IDENTITY, "referred-by": _IDENTITY,
    "reason": _IDENTITY,
}  # fmt: skip
"""Headers that this server writes itself, by key, and why no rule may touch them."""

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\x80-\x9f\u2028\u2029\ud800-\udfff]")


def why_owned(name: str) -> str | None:
    """Why no rule may name this header, in any spelling of it; None: one may."""
    key = header_key(name)
    return _BODY if key.startswith("content-") else OWNED.get(key)


def check_header_name(text: str) -> None:
    """A header name that a rule may have; UnfitError otherwise."""
    if not is_token(text) or len(text) > MAX_HEADER_NAME_LENGTH:
        raise UnfitError(
            "this is no header name", 'write it as messages have it, without the colon: "X-Customer"'
        )
    reason = why_owned(text)
    if reason is not None:
        raise UnfitError(f"no rule can touch {text}: {reason}", "remove the rule")


def check_header_value(text: str) -> None:
    """One line of text, so that nothing that is written here can become a second header; UnfitError otherwise."""
    if _CONTROL.search(text) is not None:
        raise UnfitError("a header has no control characters and no line breaks", "leave them out")
    if text != text.strip():
        raise UnfitError("blanks at the ends mean nothing", "leave them out")
    if len(text) > MAX_HEADER_VALUE_LENGTH:
        raise UnfitError(
            f"the header would have {len(text)} characters",
            f"shorten it to {MAX_HEADER_VALUE_LENGTH} or fewer",
        )
