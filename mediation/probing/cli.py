"""`mediation trunk probe`: asks for consent, runs, and writes what was found."""

import asyncio
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Final

import typer

from mediation import __version__
from mediation.console import plural, show_json
from mediation.exit_codes import ExitCode
from mediation.explaining.trunk import holdings
from mediation.net.flows import ListenError
from mediation.net.tls import CredentialsError
from mediation.probing.findings import findings
from mediation.probing.fitting import block, merged
from mediation.probing.page import write_page
from mediation.probing.plan import MOST_CALLS, ProbePlan
from mediation.probing.report import Report, mapping, text
from mediation.probing.session import Found, ProbeError, find_target, probe, probe_listener
from mediation.routing.terms import Terms
from mediation.settings.places import Target
from mediation.settings.read import Reading
from mediation.settings.trunks import Trunk
from mediation.settings.words import UnfitError, check_user
from mediation_codecs.law import Law

_OPTIONS: Final = ("--number", "--from", "--unallocated", "--busy", "--refer-to")


def probe_trunk(
    reading: Reading,
    trunk: Trunk,
    *,
    file: str,
    number: str,
    caller: str,
    others: tuple[str, str, str],
    port: int,
    total_s: float,
    consented: bool,
    html: Path | None,
    as_json: bool,
) -> ExitCode:
    """Run the command. `others`: an unallocated number, a busy one, and one to transfer to, each empty if not given."""
    for name, user in zip(
        ("--number", "--from", "--unallocated", "--busy", "--refer-to"),
        (number, caller, *others),
        strict=True,
    ):
        try:
            check_user(user)
        except UnfitError as error:
            raise typer.BadParameter(f"{error.message}; {error.remedy}", param_hint=name) from None
    try:
        report = asyncio.run(
            _run(reading, trunk, file, number, caller, others, port, total_s, consented=consented)
        )
    except ListenError as error:
        typer.echo(f"{error.strerror}; {error.remedy}", err=True)
        return ExitCode.TRY_AGAIN if error.passes else ExitCode.CONFIGURATION
    except (ProbeError, CredentialsError) as error:
        typer.echo(str(error), err=True)
        return ExitCode.CONFIGURATION
    if html is not None:
        try:
            write_page(html, report)
        except OSError as error:
            typer.echo(f"cannot write {html}: {error.strerror}", err=True)
            return ExitCode.NOT_GOOD
        typer.echo(f"page: {html}", err=True)
    if as_json:
        show_json(mapping(report))
    else:
        typer.echo(text(report))
    reached = report.evidence.trials.get("call")
    good = not report.broken_off and reached is not None and reached.answered is not None
    return ExitCode.GOOD if good else ExitCode.NOT_GOOD


async def _run(
    reading: Reading,
    trunk: Trunk,
    file: str,
    number: str,
    caller: str,
    others: Sequence[str],
    port: int,
    total_s: float,
    *,
    consented: bool,
) -> Report:
    settings = reading.settings
    directory, target = await find_target(settings, trunk.name)
    listener = probe_listener(settings, target, port)
    unallocated, busy, refer_to = others
    plan = ProbePlan(
        trunk=trunk.name,
        target=target,
        listener=listener,
        number=number,
        caller=caller or trunk.identity.number or "mediation-probe",
        laws=tuple(dict.fromkeys((*(Law(each) for each in trunk.codecs if not each.is_wide), *Law))),
        credentials=Terms.of(trunk).credentials,
        unallocated=unallocated,
        busy=busy,
        refer_to=refer_to,
        total_s=total_s,
    )
    typer.echo(_announcement(plan), err=True)
    if not consented:
        typer.confirm("Place these calls?", abort=True, err=True)
    began, clock = datetime.now(UTC), monotonic()
    found: Found = await probe(settings, directory, plan, lambda line: typer.echo(f"  {line}", err=True))
    judged = findings(found.evidence)
    advised = merged(judged)
    return Report(
        plan,
        found.evidence,
        judged,
        advised,
        block(holdings(reading, trunk.name), advised, file),
        found.broken_off,
        began,
        monotonic() - clock,
        {
            "Mediation Server": __version__,
            "Python": platform.python_version(),
            "system": platform.platform(terse=True),
        },
    )


def _announcement(plan: ProbePlan) -> str:
    target: Target = plan.target
    numbers = [plan.number, *(each for each in (plan.unallocated, plan.busy, plan.refer_to) if each)]
    return (
        f"Trunk {plan.trunk}: at most {plural(MOST_CALLS, 'call')}, one after the other, to {', '.join(numbers)} at "
        f"{target.socket}, within {plan.total_s:g} s; each is hung up.\n"
        f"The probe speaks from {plan.listener}: the trunk must take calls from that port. Some calls cost money."
    )
