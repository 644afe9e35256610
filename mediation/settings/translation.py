"""The translation of one number by ordered rules: the first that matches decides, and every rule tried is told."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from mediation.settings.numbers import MOST_CHARACTERS, NumberRule
from mediation.settings.patterns import Pattern, compile_pattern
from mediation.settings.replacement import Replacement, parse_replacement


@dataclass(frozen=True, slots=True)
class Step:
    """One rule that was asked."""

    rule: NumberRule
    made: str | None
    """What it makes of the number; None: it does not match."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a number, and by which rules."""

    before: str
    after: str
    steps: tuple[Step, ...] = ()
    stripped: bool = False
    """Whether a plus sign was taken away behind the rules."""
    refused: bool = False
    """Whether the rules make no number of it, so that it is as it was."""


@dataclass(frozen=True, slots=True)
class Translation:
    """The rules for one kind of number, one way."""

    rules: tuple[tuple[NumberRule, Pattern, Replacement], ...] = ()
    strips_plus: bool = False

    @classmethod
    def of(cls, rules: Iterable[NumberRule], *, strips_plus: bool = False) -> Self:
        """Make it of rules that were checked. PatternError or UnfitError where they were not."""
        return cls(
            tuple((rule, compile_pattern(rule.match), parse_replacement(rule.replace)) for rule in rules),
            strips_plus,
        )

    @property
    def is_idle(self) -> bool:
        """Whether it leaves every number as it is."""
        return not self.rules and not self.strips_plus

    def of_number(self, number: str) -> Outcome:
        """Translate a number. It never raises, whatever the number is: where no number comes out, none is changed."""
        if self.is_idle or not 0 < len(number) <= MOST_CHARACTERS:
            return Outcome(number, number)
        steps: list[Step] = []
        made = number
        for rule, pattern, replacement in self.rules:
            found = pattern.found(number)
            if found is not None:
                made = found.before + replacement.of(found) + found.after
                steps.append(Step(rule, made))
                break
            steps.append(Step(rule, None))
        stripped = self.strips_plus and made.startswith("+")
        after = made.removeprefix("+") if stripped else made
        if not after.removeprefix("+") or len(after) > MOST_CHARACTERS:
            return Outcome(number, number, tuple(steps), refused=True)
        return Outcome(number, after, tuple(steps), stripped)
