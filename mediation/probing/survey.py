"""A whole survey of a trunk: each of its targets in turn, by one run of a probe."""

import platform
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import monotonic
from typing import Final

from mediation import __version__
from mediation.b2bua.registrations import intent_of
from mediation.explaining.trunk import holdings
from mediation.probing.findings import findings
from mediation.probing.fitting import block, merged
from mediation.probing.plan import ProbePlan, place_of
from mediation.probing.report import Report, Survey
from mediation.probing.session import chosen, find_targets, probe, probe_listener
from mediation.routing.terms import Terms
from mediation.settings.places import Target
from mediation.settings.read import Reading
from mediation.settings.trunks import Trunk
from mediation_codecs.law import Law

_NOBODY: Final = "mediation-probe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the operator has asked for."""

    number: str
    caller: str = ""
    """Empty: the number of the trunk's identity, or that of its registration."""
    unallocated: str = ""
    busy: str = ""
    refer_to: str = ""
    targets: tuple[str, ...] = ()
    """Empty: the first few."""
    port: int = 0
    total_s: float = 300.0
    """For all targets together."""


async def surveyed(
    reading: Reading,
    trunk: Trunk,
    file: str,
    wish: Wish,
    consent: Callable[[tuple[ProbePlan, ...], tuple[str, ...]], None],
    say: Callable[[str], None],
) -> Survey:
    """Probe the targets one after the other; before any call `consent` hears all plans, and what is left out.

    Raises ProbeError, ListenError and CredentialsError, and whatever `consent` does.
    """
    directory, targets = await find_targets(reading.settings, trunk.name)
    wanted = chosen(targets, wish.targets)
    plans = [_plan(reading, trunk, target, wish) for target in wanted]
    left_out = [place_of(each) for each in targets if each not in wanted]
    consent(tuple(plans), tuple(left_out))
    reports: list[Report] = []
    ends_at = monotonic() + wish.total_s
    while plans:
        plan = replace(plans.pop(0), total_s=max(1.0, ends_at - monotonic()))
        if len(wanted) > 1:
            say(place_of(plan.target))
        began, clock = datetime.now(UTC), monotonic()
        found = await probe(reading.settings, directory, plan, say)
        judged = findings(found.evidence)
        reports.append(Report(plan, found.evidence, judged, found.broken_off, began, monotonic() - clock))
        if found.broken_off or found.password_is_wrong:
            break
    left_out = [*(place_of(each.target) for each in plans), *left_out]
    advised = merged(finding for report in reports for finding in report.found)
    environment = {
        "Mediation Server": __version__,
        "Python": platform.python_version(),
        "system": platform.platform(terse=True),
    }
    fitting = block(holdings(reading, trunk.name), advised, file)
    return Survey(trunk.name, tuple(reports), tuple(left_out), advised, fitting, environment)


def _plan(reading: Reading, trunk: Trunk, target: Target, wish: Wish) -> ProbePlan:
    settings, registration = reading.settings, trunk.registration
    return ProbePlan(
        trunk=trunk.name,
        target=target,
        listener=probe_listener(settings, target, wish.port),
        number=wish.number,
        caller=wish.caller or trunk.identity.number or registration.contact_name or _NOBODY,
        laws=tuple(dict.fromkeys((*(Law(each) for each in trunk.codecs if not each.is_wide), *Law))),
        credentials=Terms.of(trunk).credentials,
        registration=intent_of(trunk, settings.sip.user_agent) if registration.is_on else None,
        must_register=registration.required,
        takes_service_route=registration.service_route,
        unallocated=wish.unallocated,
        busy=wish.busy,
        refer_to=wish.refer_to,
    )
