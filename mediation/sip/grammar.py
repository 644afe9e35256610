"""The pieces of RFC 3261 section 25 that our patterns are composed of, read liberally where the trade is.

All patterns of this package keep three rules, so that hostile text costs time in proportion to its length:

1. they are matched at one place; where one is looked for along a text, `^` ties it to the begin of a line, or its
   last alternative takes all the rest, so that no two attempts fail on the same characters;
2. a run of one class of characters is possessive (`*+`, `++`): it is not given back;
3. what may follow at any point differs in its first character, so that at most one way is open.

They name ASCII characters outright: `\\d`, `\\s`, `\\w`, `$` and `str.strip()` all know too much Unicode for
a wire format. Unfolded text is expected, so blanks are space and tab. Only single classes are possessive, for
Python before 3.11.5 mistakes possessive groups.
"""

import ipaddress
import re
from functools import lru_cache

from mediation.sip.errors import RemoteSipError

BLANKS = r"[ \t]*+"
"""LWS after unfolding."""
TOKEN = r"[A-Za-z0-9\-.!%*_+`'~]++"  # noqa: S105 - the grammar's word, no password
QUOTED_STRING = r'"(?:[^"\\]++|\\.)*"'
"""With escapes; to be compiled with re.DOTALL. Any octet is borne, RFC 4475 section 3.1.1.2 escapes NUL."""
HOST = r"(?:\[[0-9A-Fa-f:.]++\]|[A-Za-z0-9_][A-Za-z0-9_.\-]*+)"
"""IPv6 reference, IPv4 address or name. Underscores and one-label names exist, whatever the grammar says."""
PORT = r"[0-9]++"

_TOKEN = re.compile(TOKEN)
_MANY_DIGITS = 11
_LONGEST_IPV6 = len("[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]")


def is_token(text: str) -> bool:
    """Whether this is one token: a method, a header name, an option tag."""
    return _TOKEN.fullmatch(text) is not None


def number(text: str, *, high: int, what: str) -> int:
    """A decimal number from 0 to `high`, ASCII digits; leading zeros are legal (RFC 4475 section 3.1.1.1).

    Raises RemoteSipError(400) in the name of `what`.
    """
    if text.isascii() and text.isdigit():
        # int() of thousands of digits is slow or raises: one digit more than any bound has is enough
        value = int(text if len(text) < _MANY_DIGITS else text.lstrip("0")[:_MANY_DIGITS] or "0")
        if value <= high:
            return value
    raise RemoteSipError(400, f"Bad {what}")


def port_number(text: str, what: str) -> int:
    """1 to 65535. Raises RemoteSipError(400)."""
    port = number(text, high=65535, what=f"Port in {what}")
    if port == 0:
        raise RemoteSipError(400, f"Bad Port in {what}")
    return port


def bare_host(text: str, what: str) -> str:
    """The host without the brackets of an IPv6 reference; what stands in brackets must be an IPv6 address."""
    if text[0] != "[":
        return text
    if len(text) > _LONGEST_IPV6 or not _is_ipv6(text[1:-1]):
        raise RemoteSipError(400, f"Bad IPv6 Address in {what}")
    return text[1:-1]


def print_host(host: str, port: int | None) -> str:
    """`hostport` and `sent-by` (RFC 3261 section 25.1): brackets round IPv6, the port if there is one."""
    if ":" in host:
        host = f"[{host}]"
    return host if port is None else f"{host}:{port}"


@lru_cache(maxsize=1024)
def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True
