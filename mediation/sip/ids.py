"""Branches, tags and Call-IDs from an injected source, so that the core holds no chance of its own."""

from collections.abc import Callable

MAGIC_COOKIE = "z9hG4bK"
"""Begins every branch that is unique across space and time (RFC 3261 section 8.1.1.7)."""


class IdSource:
    """Hands out identifiers; `token(octets)` returns so many octets of chance as hexadecimal digits."""

    __slots__ = ("_token",)

    def __init__(self, token: Callable[[int], str]) -> None:
        self._token = token

    def branch(self) -> str:
        """A transaction's name (RFC 3261 section 8.1.1.7)."""
        return MAGIC_COOKIE + self._token(10)

    def tag(self) -> str:
        """A dialog's half; 32 bits of chance at least (RFC 3261 section 19.3)."""
        return self._token(6)

    def call_id(self) -> str:
        """Without a host part, which would tell the other side where we live (RFC 3261 section 20.8)."""
        return self._token(16)

    def call(self) -> str:
        """Our own name of a call, in logs, call records and media."""
        return self._token(8)

    def secret(self) -> bytes:
        """What nonces of ours are signed with: 256 bits."""
        return bytes.fromhex(self._token(32))

    def master_key(self, octets: int) -> bytes:
        """A master key for SRTP with its salt: chance throughout (RFC 4568 section 6.1)."""
        return bytes.fromhex(self._token(octets))

    def nonce(self) -> str:
        """What makes a nonce of ours differ from all others: 64 bits."""
        return self._token(8)

    def cnonce(self) -> str:
        """A client nonce for a digest (RFC 7616 section 3.4): 64 bits."""
        return self._token(8)

    def boundary(self) -> str:
        """What stands between the parts of a body (RFC 2046 section 5.1.1): 128 bits, so that no part holds it."""
        return self._token(16)

    def content_id(self) -> str:
        """A part's name (RFC 2045 section 7), at a host that tells nobody where we live."""
        return f"{self._token(8)}@part.invalid"

    def session_id(self) -> int:
        """The numeric session id of an `o=` line (RFC 8866 section 5.2): 62 bits at most."""
        return int(self._token(7), 16)

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self._token(4), 16) % (high - low + 1)

    def sequence_number(self) -> int:
        """A first CSeq well below 2**31 (RFC 3261 section 8.1.1.5)."""
        return int(self._token(2), 16) + 1
