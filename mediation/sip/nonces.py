"""The nonces of a Digest server: stamped and signed, each count taken once (RFC 7616 section 3.3 and 5.4).

Nothing is remembered of a nonce until a right password was proved with it, so strangers can not fill the memory. When
it is full, the older half is forgotten, and nothing that was issued up to then is taken any more.
"""

import hashlib
import hmac
from dataclasses import dataclass

from mediation.sip.errors import LocalSipError
from mediation.sip.grammar import is_token

MOST_NONCES = 4096
"""Nonces in use whose counts are remembered."""
WINDOW = 64
"""How far a count may lag behind the highest one: requests overtake each other over UDP."""
_SHORTEST_SECRET = 16
_EXHAUSTED = 2**32


class Nonces:
    """Issues nonces for one realm and says which of them are good. Times are seconds on the driver's clock."""

    def __init__(self, realm: str, secret: bytes, lifetime_s: float) -> None:
        """`secret` are 16 octets of chance or more, drawn when the server starts."""
        if len(secret) < _SHORTEST_SECRET:
            raise LocalSipError("the secret of a digest server is too short")
        self._realm = realm
        self._secret = secret
        self._lifetime_ms = round(lifetime_s * 1000)
        self._uses: dict[str, _Uses] = {}
        self._forgotten_ms = -1
        """Nonces issued up to here are good no more."""

    def __len__(self) -> int:
        return len(self._uses)

    def issue(self, now: float, token: str) -> str:
        """A nonce; `token` keeps it apart from others of the same millisecond."""
        if not is_token(token):
            raise LocalSipError("the token of a nonce is no token")
        stamped = f"{_milliseconds(now):x}.{token}"
        return f"{stamped}.{self._signature(stamped)}"

    def take(self, nonce: str, count: int | None, now: float) -> bool:
        """Whether this use of the nonce is good: ours, young enough, the count not used before.

        None is the count of a client that does not count: its nonce serves once.
        """
        stamped, _, signature = nonce.rpartition(".")
        if not hmac.compare_digest(_octets(self._signature(stamped)), _octets(signature)):
            return False
        issued_ms = int(stamped.partition(".")[0], 16)  # ours, so these are digits
        if not 0 <= _milliseconds(now) - issued_ms <= self._lifetime_ms or issued_ms <= self._forgotten_ms:
            return False
        uses = self._uses.get(nonce)
        if uses is None:
            self._make_room(now)
            uses = self._uses[nonce] = _Uses(issued_ms)
        return uses.take(count)

    def _signature(self, stamped: str) -> str:
        return hmac.digest(self._secret, _octets(f"{self._realm}\0{stamped}"), hashlib.sha256).hex()[:32]

    def _make_room(self, now: float) -> None:
        if len(self._uses) < MOST_NONCES:
            return
        oldest_ms = _milliseconds(now) - self._lifetime_ms
        self._uses = {nonce: uses for nonce, uses in self._uses.items() if uses.issued_ms >= oldest_ms}
        if len(self._uses) < MOST_NONCES:
            return
        by_age = sorted(self._uses.items(), key=lambda item: item[1].issued_ms)
        self._forgotten_ms = by_age[MOST_NONCES // 2 - 1][1].issued_ms
        self._uses = dict(by_age[MOST_NONCES // 2 :])


@dataclass(slots=True)
class _Uses:
    """Which counts of one nonce were used: the highest, and those in a window below it as bits."""

    issued_ms: int
    highest: int = -1
    seen: int = 0

    def take(self, count: int | None) -> bool:
        if count is None:
            fresh = self.highest < 0
            self.highest = _EXHAUSTED
            return fresh
        ahead = count - self.highest
        if ahead > 0:
            self.seen = (self.seen << min(ahead, WINDOW) | 1) & (1 << WINDOW) - 1
            self.highest = count
            return True
        if -ahead >= WINDOW or self.seen >> -ahead & 1:
            return False
        self.seen |= 1 << -ahead
        return True


def _milliseconds(now: float) -> int:
    return round(now * 1000)


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
