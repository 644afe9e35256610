"""Whoever fails again and again is left alone for a while, and then tried with one question at a time."""

from mediation.settings.policy import PolicyHook


class Breaker:
    """Whether somebody is asked now. Times are seconds on the caller's clock."""

    __slots__ = ("_failed", "_most", "_rest_s", "_until")

    def __init__(self, rules: PolicyHook) -> None:
        self._most, self._rest_s = rules.failures, float(rules.rest_s)
        self._failed = 0
        """In a row."""
        self._until: float | None = None
        """When the next try is due; None: there is no rest."""

    def lets(self, now: float) -> bool:
        """Whether it may be asked. Each try begins another rest, whatever becomes of it, until one is answered."""
        if self._until is None:
            return True
        if now < self._until:
            return False
        self._until = now + self._rest_s
        return True

    def answered(self) -> bool:
        """It has answered; returns whether that ends a rest."""
        rested = self._until is not None
        self._failed, self._until = 0, None
        return rested

    def failed(self, now: float) -> bool:
        """It has not; returns whether a rest begins with that."""
        self._failed += 1
        if self._until is not None or not self._most or self._failed < self._most:
            return False
        self._until = now + self._rest_s
        return True
