"""What the engine asks of the world, beside octets to send (`Transmit`) and media commands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mediation.b2bua.media_commands import MediaCommand
from mediation.b2bua.record import CallRecord
from mediation.sip.flow import Transmit
from mediation.sip.locating import Question


class Level(StrEnum):
    """How much a fact matters: `warning` means that someone should look today, `error` is a bug of ours."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that observers may want to write down: `noun.verb`, past tense, with fields."""

    name: str
    level: Level = Level.INFO
    fields: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Resolve:
    """A question for the DNS; the answer is told to the engine."""

    question: Question


@dataclass(frozen=True, slots=True)
class TargetsChanged:
    """Names of a trunk, or of the front-end servers, stand for other addresses from now on."""

    trunk: str


@dataclass(frozen=True, slots=True)
class AskPolicy:
    """A question for the policy; the answer is told to the engine."""

    call: str
    """Our name for the call."""
    question: Mapping[str, object]
    """Plain values, as JSON has them."""


@dataclass(frozen=True, slots=True)
class DropPolicy:
    """Nobody waits for the answer about this call any more."""

    call: str


Output = Transmit | MediaCommand | Fact | CallRecord | Resolve | TargetsChanged | AskPolicy | DropPolicy
