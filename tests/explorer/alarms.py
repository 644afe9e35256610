"""Times at which a peer wants to be woken, in the order in which they were set where they are equal."""

T1_S, T2_S, T4_S = 0.5, 4.0, 5.0
"""RFC 3261 table 4."""
LONGEST_S = 64 * T1_S
"""Timers B, F, H, J, L, M, and the wait for an ACK."""


class Alarms:
    """Named times, in seconds."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, ...], tuple[float, int]] = {}
        self._count = 0

    def set(self, name: tuple[str, ...], at: float) -> None:
        """Wake `name` at that time, and at no other."""
        self._count += 1
        self._rows[name] = (at, self._count)

    def stop(self, name: tuple[str, ...]) -> None:
        """Do not wake it."""
        self._rows.pop(name, None)

    def stop_all(self, owner: str) -> None:
        """Wake none of one owner, which is the first word of a name."""
        for name in [name for name in self._rows if name[0] == owner]:
            del self._rows[name]

    def has(self, name: tuple[str, ...]) -> bool:
        """Whether it will be woken."""
        return name in self._rows

    def next(self) -> float | None:
        """When the first one is due."""
        return min((at for at, _ in self._rows.values()), default=None)

    def take(self, now: float) -> tuple[str, ...] | None:
        """One that is due."""
        due = min(((row, name) for name, row in self._rows.items() if row[0] <= now), default=None)
        if due is None:
            return None
        del self._rows[due[1]]
        return due[1]
