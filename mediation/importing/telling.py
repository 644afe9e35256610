"""What an import has to tell: a row for every parameter, and what somebody must look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Weight(StrEnum):
    """How much a finding matters."""

    LOST = "lost"
    """Something of the export is not in the file: calls would go otherwise."""
    FILL_IN = "fill in"
    """The export does not say it, and the file cannot do without it."""
    NOTE = "note"
    """Worth knowing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at."""

    weight: Weight
    place: str
    """File and line of the export; empty: the export as a whole."""
    subject: str
    """Object and parameter, or a key of ours."""
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        words = ": ".join(part for part in (self.place, str(self.weight), self.subject, self.message) if part)
        return f"{words}; {self.remedy}" if self.remedy else words

    def as_mapping(self) -> Mapping[str, str]:
        """Return it for a machine to read, with stable names."""
        return {
            "weight": str(self.weight), "place": self.place, "subject": self.subject, "message": self.message,
            "remedy": self.remedy,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One parameter of one object, and what became of it."""

    subject: str
    """The object: `trunk configuration Global`."""
    parameter: str
    there: str
    """Its value in the export."""
    default_there: bool
    """Whether that is the documented default."""
    keys: tuple[str, ...]
    """Ours; empty where there is none."""
    here: str
    """Their values in the file; empty where nothing was taken over."""
    default_here: bool
    """Whether those are our defaults, so that the file need not say them."""
    defaults_differ: bool
    """Whether our default means something else than the default there."""
    note: str

    @property
    def taken(self) -> bool:
        """Whether something of ours says it now."""
        return bool(self.here)

    def as_mapping(self) -> Mapping[str, object]:
        """Return it for a machine to read, with stable names."""
        return {
            "object": self.subject, "parameter": self.parameter, "there": self.there,
            "default_there": self.default_there, "keys": list(self.keys), "here": self.here,
            "default_here": self.default_here, "defaults_differ": self.defaults_differ, "taken": self.taken,
            "note": self.note,
        }  # fmt: skip


@dataclass(slots=True)
class Told:
    """Rows and findings of one import, in the order in which they came up."""

    rows: list[Row] = field(default_factory=list)
    _findings: dict[Finding, None] = field(default_factory=dict)

    @property
    def findings(self) -> Sequence[Finding]:
        """Each once, however many trunks share what it is about."""
        return tuple(self._findings)

    def lost(self, place: str, subject: str, message: str, remedy: str = "") -> None:
        """Something of the export is not in the file."""
        self._add(Finding(Weight.LOST, place, subject, message, remedy))

    def fill_in(self, place: str, subject: str, message: str, remedy: str = "") -> None:
        """The export does not say what the file needs."""
        self._add(Finding(Weight.FILL_IN, place, subject, message, remedy))

    def note(self, place: str, subject: str, message: str, remedy: str = "") -> None:
        """Something worth knowing."""
        self._add(Finding(Weight.NOTE, place, subject, message, remedy))

    def _add(self, finding: Finding) -> None:
        self._findings.setdefault(finding)

    def count(self, weight: Weight) -> int:
        """How many findings of one weight there are."""
        return sum(finding.weight is weight for finding in self._findings)
