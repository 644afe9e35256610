"""Which security a peer and we agree upon before anything else is said (RFC 3329).

TLS is all that we have to offer. A peer that wants an agreement is told so by 494; it comes back over TLS and repeats
our words, so that nobody on the way can have taken the offer out of the first answer.
"""

from mediation.sip.headers import split_list
from mediation.sip.message import Request
from mediation.sip.parameters import Parameters

SEC_AGREE = "sec-agree"
"""The option tag (section 2.3)."""
SECURITY_SERVER = "tls;q=1"
"""Our list of mechanisms, the same for everybody: section 2.3.1 wants it static, so that it can be compared."""

Mechanism = tuple[str, frozenset[tuple[str, str | None]]]


def is_demanded(request: Request) -> bool:
    """Whether the peer goes on only with an agreement: it names the tag for whoever it speaks to (section 2.3.1)."""
    return any(tag.lower() == SEC_AGREE for tag in (*request.require, *proxy_require(request)))


def is_agreed(request: Request, *, secure: bool) -> bool:
    """Whether the request came over what we offer, and its Security-Verify is our list (section 2.3.1).

    Raises RemoteSipError(400) where that cannot be read.
    """
    return secure and _mechanisms(request.headers.get_all("Security-Verify")) == _OURS


def proxy_require(request: Request) -> tuple[str, ...]:
    """Option tags that whoever stands between two user agents must know (RFC 3261 section 20.29), as they are."""
    words = ",".join(request.headers.get_all("Proxy-Require")).split(",")
    return tuple(word.strip(" \t") for word in words if word.strip(" \t"))


def _mechanisms(values: tuple[str, ...]) -> tuple[Mechanism, ...]:
    """Mechanisms in order; of names and values case does not matter, nor does the order of parameters."""
    found: list[Mechanism] = []
    for value in values:
        for element in split_list(value):
            name, semicolon, rest = element.partition(";")
            pairs = Parameters.parse(semicolon + rest).pairs
            parameters = frozenset(
                (key.lower(), None if text is None else text.lower()) for key, text in pairs
            )
            found.append((name.strip(" \t").lower(), parameters))
    return tuple(found)


_OURS = _mechanisms((SECURITY_SERVER,))
