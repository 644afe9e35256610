"""Rules about callers: what is to stand in for their numbers, and who is a stranger among them."""

from collections.abc import Iterator
from itertools import chain
from typing import Final

from mediation.settings.draft import EACH, Draft
from mediation.settings.identity import FromPolicy
from mediation.settings.patterns import compile_pattern
from mediation.settings.positions import Path
from mediation.settings.problems import Fault, Severity
from mediation.settings.screening import Screen

_FOREIGN: Final = ("screening", "foreign_out")


def broken_screening_rules(draft: Draft) -> Iterator[Fault]:
    """Return what cannot be done with callers."""
    for holder in chain([("internal",)], draft.trunks()):
        yield from _numbers_stand_in(draft, holder)
    yield from _routes_show_what_trunks_take(draft)


def screening_doubts(draft: Draft) -> Iterator[Fault]:
    """Return what refuses nobody, and looks as if it did."""
    for trunk in draft.trunks():
        own = draft.value((*trunk, "identity", "own_numbers"), str)
        if own == "" and _foreign(draft, trunk) is Screen.REFUSE:
            message = "identity.own_numbers is empty, so that no number is foreign"
            yield Fault((*trunk, *_FOREIGN), message, "say which numbers are ours", severity=Severity.WARNING)


def _foreign(draft: Draft, holder: Path) -> Screen | None:
    """What becomes of foreign numbers; front ends have no choice in it."""
    return Screen.REPLACE if holder == ("internal",) else draft.value((*holder, *_FOREIGN), Screen)


def _numbers_stand_in(draft: Draft, holder: Path) -> Iterator[Fault]:
    """A number is there where one is to stand in, and nowhere else."""
    table = (*holder, "identity")
    wants = draft.value((*table, "from"), FromPolicy) is FromPolicy.NUMBER
    screens = bool(draft.value((*table, "own_numbers"), str))
    number, foreign = draft.value((*table, "number"), str), _foreign(draft, holder)
    if number == "" and (wants or (screens and foreign is Screen.REPLACE)):
        place = (*table, "from" if wants else "own_numbers")
        yield Fault(place, "there is no number to stand in From", "add number")
    sound = draft.sound((*table, "from")) and draft.sound((*table, "own_numbers"))
    if number and sound and foreign is not None and not (wants or (screens and foreign is not Screen.PASS)):
        yield Fault((*table, "number"), "nobody looks at number", 'add from = "number", or remove it')


def _routes_show_what_trunks_take(draft: Draft) -> Iterator[Fault]:
    """A number that a route shows is one of ours at each of its trunks; who calls for help is not hidden."""
    trunks = {name: path[:-1] for path, name in draft.names()}
    for path, _ in draft.each(("route", EACH), dict):
        number, hides = (
            draft.value((*path, "caller_number"), str),
            draft.value((*path, "hide_caller"), bool),
        )
        if hides and number:
            message = "a caller who is hidden has no number to show"
            remedy = "remove one of them"
            yield Fault((*path, "hide_caller"), message, remedy, related=(*path, "caller_number"))
        if hides and draft.value((*path, "emergency"), bool):
            message = "who calls for help is not hidden"
            remedy = "remove it"
            yield Fault((*path, "hide_caller"), message, remedy, related=(*path, "emergency"))
        for place, name in draft.each((*path, "trunks", EACH), str) if number else ():
            trunk = trunks.get(name)
            own = None if trunk is None else draft.value((*trunk, "identity", "own_numbers"), str)
            passes = trunk is not None and _foreign(draft, trunk) is Screen.PASS
            if number and own and not passes and not compile_pattern(own).matches(number):
                message = f'"{number}" is none of the numbers that may be shown to trunk "{name}"'
                yield Fault(
                    (*path, "caller_number"),
                    message,
                    "write one of own_numbers, or another trunk",
                    related=place,
                )
