"""What a judgement says of one capability, and which setting follows from it."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """Whether the trunk does it."""

    YES = "yes"
    NO = "no"
    PARTLY = "partly"
    """In some way, or not in every one: the words say which."""
    UNKNOWN = "unknown"
    """Not tried, or nothing can be concluded."""


@dataclass(frozen=True, slots=True)
class Advice:
    """A setting of the trunk that fits better than its default."""

    key: str
    """As `[[trunk]]` spells it, dotted."""
    value: object
    """A plain value: text, number, truth, or a list of them."""
    why: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    name: str
    """For machines: `prack`."""
    title: str
    verdict: Verdict
    told: str
    """What was answered, in words."""
    trials: tuple[str, ...] = ()
    """The trials that show it."""
    advice: tuple[Advice, ...] = ()
