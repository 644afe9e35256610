"""The DNS of flow tests: a zone that answers at once, or is down, or is changed meanwhile."""

from mediation.b2bua.finding import LookupFailed, Records
from mediation.sip.locating import Kind, Question, Record


class FakeDns:
    """What the engine's questions are answered from."""

    def __init__(self) -> None:
        self.zone: dict[Question, tuple[float, tuple[Record, ...]]] = {}
        self.down = False
        """Whether nobody answers."""
        self.silent = False
        """Whether questions stay open."""
        self.negative_ttl_s = 600.0
        self.asked: list[str] = []

    def holds(self, name: str, *records: Record, kind: str = "A", ttl_s: float = 300.0) -> None:
        """These are the records of a name from now on."""
        self.zone[Question(name, Kind(kind))] = (ttl_s, records)

    def answer(self, question: Question) -> Records | LookupFailed | None:
        """What comes of a question; None: nothing does."""
        self.asked.append(str(question))
        if self.silent:
            return None
        if self.down:
            return LookupFailed(question, "no answer in time")
        ttl_s, records = self.zone.get(question, (self.negative_ttl_s, ()))
        return Records(question, records, ttl_s)
