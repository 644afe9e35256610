"""A token bucket: so many at once, and after that so many in a second."""


class TokenBucket:
    """Full at first. Times are seconds on the caller's clock."""

    __slots__ = ("_at", "_burst", "_left", "_rate")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        """`rate` in a second, `burst` at once."""
        self._rate, self._burst, self._left, self._at = rate, burst, float(burst), now

    def has_one(self, now: float) -> bool:
        """Whether a token is left."""
        return self._grown(now) >= 1

    def take(self, now: float) -> None:
        """Take one, be it there or not: what must go on at once is paid for by what comes after it."""
        self._left, self._at = self._grown(now) - 1, now

    def _grown(self, now: float) -> float:
        return min(self._burst, self._left + (now - self._at) * self._rate)
