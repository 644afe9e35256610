"""From the file of a plan to a Plan and what was measured, or to every problem at once."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from os import PathLike, fspath
from pathlib import Path
from typing import Final

from mediation.planning.model import Plan
from mediation.planning.numbers import DidRange, Owners, parse_did_range
from mediation.planning.records import Log, measured, read_records
from mediation.planning.rules import broken_rules
from mediation.settings.check import Shape, assemble
from mediation.settings.document import Kind, examine_file
from mediation.settings.draft import EACH, Draft
from mediation.settings.problems import Fault, Problem, Severity

_KIND: Final = Kind(Shape(Plan, {DidRange: parse_did_range}), "the plan", "mediation plan FILE")


@dataclass(frozen=True, slots=True)
class PlanReading:
    """A plan that can be answered, and what is odd about it."""

    plan: Plan
    log: Log
    warnings: tuple[Problem, ...]


def inspect_plan_file(path: str | PathLike[str]) -> PlanReading:
    """Read a plan and the call records that it names; SettingsError with every problem."""
    logs: list[Log] = []
    folder = Path(fspath(path)).parent

    def rules(draft: Draft) -> Iterator[Fault]:
        log, faults = _records(draft, folder)
        logs.append(log)
        return chain(broken_rules(draft), faults)

    given = examine_file(path, _KIND, rules)
    return PlanReading(assemble(Plan, given.values), logs[-1], given.warnings)


def _records(draft: Draft, folder: Path) -> tuple[Log, list[Fault]]:
    """Read the records that a draft names, and say what is wrong with them."""
    names = {path[:-1]: name for path, name in draft.each(("site", EACH, "name"), str)}
    ranges = {
        name: tuple(owned for _, owned in draft.each((*site, "dids", EACH), DidRange))
        for site, name in names.items()
    }
    log, owners, faults = measured(ranges), Owners(ranges), []
    for path, name in draft.each(("plan", "records", EACH), str):
        try:
            good, first_bad = read_records(folder / name, owners, log)
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            faults.append(Fault(path, f"it cannot be read: {reason}", "name a file of call records"))
            continue
        if first_bad:
            message = f"line {first_bad} is no call record"
            fault = Fault(path, message, "name a file that [cdr] file has written")
            # the last line may be half of one, where the disk was full
            faults.append(replace(fault, severity=Severity.WARNING) if good else fault)
    if log.records and draft.sound(("site",)):
        faults += _unmeasured(draft, log, {name: site for site, name in names.items()})
    return log, faults


def _unmeasured(draft: Draft, log: Log, sites: dict[str, tuple[str | int, ...]]) -> Iterator[Fault]:
    for name, path in sites.items():
        stated = draft.value((*path, "erlang_per_user"), float)
        dids = draft.value((*path, "dids"), tuple)
        if stated == 0 and dids and not log.sites[name].calls:
            message = "no record is of a call to or from its numbers"
            remedy = "mend dids, or add erlang_per_user and users"
            yield Fault((*path, "dids"), message, remedy)
