"""Whoever fails again and again is left alone for a while, and then tried with one question."""

from mediation.settings.policy import PolicyHook


class Breaker:
    """Whether somebody is asked now. Times are seconds on the caller's clock."""

    __slots__ = ("_failed", "_most", "_rest_s", "_tries", "_until")

    def __init__(self, rules: PolicyHook) -> None:
        self._most, self._rest_s = rules.failures, float(rules.rest_s)
        self._failed = 0
        """In a row."""
        self._until: float | None = None
        """When the rest ends; None: there is none."""
        self._tries = False
        """Whether the one question after the rest is under way."""

    @property
    def rests(self) -> bool:
        """Whether it is left alone, but for one try."""
        return self._until is not None

    def lets(self, now: float) -> bool:
        """Whether it may be asked; whoever may must tell what comes of it."""
        if self._until is None:
            return True
        if now < self._until or self._tries:
            return False
        self._tries = True
        return True

    def answered(self) -> bool:
        """It has answered; returns whether that ends a rest."""
        rested = self.rests
        self._failed, self._until, self._tries = 0, None, False
        return rested

    def failed(self, now: float) -> bool:
        """It has not; returns whether a rest begins with that. Of those asked before it began, none prolongs it."""
        if self._until is not None:
            if self._tries and now >= self._until:
                self._until, self._tries = now + self._rest_s, False
            return False
        self._failed += 1
        if not self._most or self._failed < self._most:
            return False
        self._until = now + self._rest_s
        return True

    def dropped(self) -> None:
        """Nobody waits for the answer any more: if it was the try, another call makes one."""
        self._tries = False
