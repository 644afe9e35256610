"""Rules about the translation of numbers: groups that exist, and examples that come out."""

from collections.abc import Iterator

from mediation.settings.draft import EACH, Draft
from mediation.settings.identity import HeaderDirection
from mediation.settings.numbers import Example, NumberParty, NumberRule
from mediation.settings.patterns import compile_pattern
from mediation.settings.positions import Path
from mediation.settings.problems import Fault
from mediation.settings.replacement import Group, parse_replacement
from mediation.settings.translation import Translation


def broken_number_rules(draft: Draft) -> Iterator[Fault]:
    """Return what is wrong with the rules of each trunk."""
    for trunk in draft.trunks():
        table = (*trunk, "number")
        faults = list(_groups_exist(draft, table))
        yield from faults
        strips = draft.value((*trunk, "strip_plus"), bool)
        if not faults and strips is not None and draft.sound(table):
            yield from _examples_come_out(draft, table, strips_plus=strips)


def _groups_exist(draft: Draft, table: Path) -> Iterator[Fault]:
    for path, text in draft.each((*table, EACH, "replace"), str):
        given = draft.value((*path[:-1], "match"), str)
        if given is None or not draft.sound(path):
            continue
        pattern = compile_pattern(given)
        for group in parse_replacement(text).groups:
            if not pattern.has(group.name):
                message = f"{_spelled(group)} names a group that match has not"
                count = pattern.groups
                remedy = f"match has {count} group{'' if count == 1 else 's'}: put ( and ) around what is to be kept"
                yield Fault(path, message, remedy, related=(*path[:-1], "match"))


def _examples_come_out(draft: Draft, table: Path, *, strips_plus: bool) -> Iterator[Fault]:
    """An example is tried with all rules of its kind, as a number would be."""
    kinds: dict[tuple[NumberParty, HeaderDirection], list[tuple[Path, NumberRule]]] = {}
    for path, _ in draft.each((*table, EACH), dict):
        rule = _rule(draft, path)
        if rule is not None:
            kinds.setdefault((rule.party, rule.direction), []).append((path, rule))
    for (_, direction), rules in kinds.items():
        paths = {id(rule): path for path, rule in rules}
        strips = strips_plus and direction is HeaderDirection.TO_PEER
        translation = Translation.of((rule for _, rule in rules), strips_plus=strips)
        for path, rule in rules:
            for index, example in enumerate(rule.examples):
                outcome = translation.of_number(example.before)
                if outcome.after != example.after:
                    decided = next(
                        (paths[id(step.rule)] for step in outcome.steps if step.made is not None), None
                    )
                    yield Fault(
                        (*path, "examples", index),
                        f"{example.before} becomes {outcome.after}, and not {example.after}",
                        "no rule matches it"
                        if decided is None
                        else f"rule {decided[-1]} decides: see its match",
                        related=None if decided is None else (*decided, "match"),
                    )


def _rule(draft: Draft, path: Path) -> NumberRule | None:
    party, direction = (
        draft.value((*path, "party"), NumberParty),
        draft.value((*path, "direction"), HeaderDirection),
    )
    match, replace = draft.value((*path, "match"), str), draft.value((*path, "replace"), str)
    if party is None or direction is None or match is None or replace is None:
        return None
    examples = tuple(example for _, example in draft.each((*path, "examples", EACH), Example))
    return NumberRule(party=party, direction=direction, match=match, replace=replace, examples=examples)


def _spelled(group: Group) -> str:
    return f"${group.name}" if isinstance(group.name, int) else str(group)
