"""A trunk configuration, parameter by parameter: the values that it makes here, and a row about each."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from mediation.importing.conversion import CONVERSIONS, as_keys, convert, is_default
from mediation.importing.exported import as_text, shown
from mediation.importing.parameters import TRUNK_CONFIGURATION, Fate, Parameter
from mediation.importing.reading import Item
from mediation.importing.rule_text import rules_of
from mediation.importing.telling import Row, Told
from mediation.settings.words import UnfitError

_OF_THE_PRODUCT = frozenset(
    {"scopeclass", "anchor", "element", "xsanyelements", "xsanyattributes", "pscomputername"}
)
"""Properties that say nothing about trunks."""

_OF_OTHERS = ("NetworkSiteID", "PstnUsages")
"""Parameters that name objects of other exports; see `sites` and `usages`."""


def assess(item: Item, trunk: str, made: dict[str, object], told: Told) -> Iterator[Row]:
    """Put what a configuration says into `made`, by our dotted keys, and return a row for each parameter."""
    subject = f"trunk configuration {item.identity or 'Global'} for {trunk}"
    for parameter in TRUNK_CONFIGURATION.parameters:
        if item.found.has(parameter.name):
            yield _row(parameter, item, subject, trunk, made, told)
    known = {parameter.name.lower() for parameter in TRUNK_CONFIGURATION.parameters} | _OF_THE_PRODUCT
    strange = ", ".join(name[:60] for name in item.found if name.lower() not in known)
    if strange:
        told.note(item.place, subject, f"not known here, and passed over: {strange[:300]}")
    absent = ", ".join(name for name in CONVERSIONS if not item.found.has(name))
    if absent:
        message = f"not in the export, so that our defaults hold: {absent}"
        told.note(item.place, subject, message, "versions of the product differ in what they have")


def settled(row: Row, made: Mapping[str, object]) -> Row:
    """Return a row with the values that were left when everything was agreed."""
    ours = {key: made[key] for key in row.keys if key in made}
    if not ours or row.parameter not in (*CONVERSIONS, *_OF_OTHERS):
        return row
    return replace(row, here=as_keys(ours), default_here=is_default(ours))


def _row(
    parameter: Parameter, item: Item, subject: str, trunk: str, made: dict[str, object], told: Told
) -> Row:
    name, value = parameter.name, item.found.get(parameter.name)
    there = shown(value)
    row = Row(
        subject,
        name,
        there,
        default_there=there == parameter.default or (not parameter.default and there in ("", "{}")),
        keys=parameter.keys,
        here="",
        default_here=False,
        defaults_differ=defaults_differ(parameter),
        note=parameter.note,
    )
    if name in CONVERSIONS:
        try:
            ours = convert(name, value)
        except UnfitError as error:
            told.lost(item.place, f"{subject}: {name}", error.message, error.remedy)
            return replace(row, note=error.message)
        made.update(ours)
        return replace(row, here=as_keys(ours), default_here=is_default(ours))
    if name == "Identity":
        return replace(row, here=trunk)
    if name.endswith("RulesList"):
        return replace(
            row, here=f"{len(rules_of(value).items)} in the export", default_here=row.default_there
        )
    if name == "EnableLocationRestriction":
        bound = as_text(value).strip().lower() == "true"
        return replace(
            row, here="bound, to be filled in" if bound else "bound = false", default_here=not bound
        )
    if name == "RTCPActiveCalls":
        return replace(row, here="silence_s = 30", default_here=True)
    does_the_same = parameter.like and as_text(value).lower() == parameter.like.lower()
    if name not in ("Description", *_OF_OTHERS) and not row.default_there and not does_the_same:
        _not_taken(parameter, item, f"{subject}: {name} = {there[:60]}", told)
    return row


def defaults_differ(parameter: Parameter) -> bool:
    """Whether whoever leaves both sides alone gets something else here."""
    if parameter.name in CONVERSIONS:
        return not is_default(convert(parameter.name, parameter.default))
    return bool(parameter.like) and parameter.like != parameter.default


def _not_taken(parameter: Parameter, item: Item, subject: str, told: Told) -> None:
    """Another value than the default, and nothing here that would do it."""
    if parameter.fate is Fate.NOT_YET:
        told.lost(item.place, subject, f"not yet: {parameter.note}")
    else:
        told.note(item.place, subject, parameter.note)
