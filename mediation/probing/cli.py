"""`mediation trunk probe`: asks for consent, runs, and writes what was found."""

import asyncio
from pathlib import Path
from typing import Final

import typer

from mediation.console import plural, show_json
from mediation.exit_codes import ExitCode
from mediation.net.listening import ListenError
from mediation.net.tls import CredentialsError
from mediation.probing.page import write_page
from mediation.probing.plan import MOST_CALLS, ProbePlan
from mediation.probing.report import mapping, text
from mediation.probing.session import ProbeError
from mediation.probing.survey import Wish, surveyed
from mediation.settings.read import Reading
from mediation.settings.trunks import Trunk
from mediation.settings.words import UnfitError, check_user

_OPTIONS: Final = ("--number", "--from", "--unallocated", "--busy", "--refer-to")


def probe_trunk(
    reading: Reading,
    trunk: Trunk,
    wish: Wish,
    *,
    file: str,
    consented: bool,
    html: Path | None,
    as_json: bool,
) -> ExitCode:
    """Run the command."""
    users = (wish.number, wish.caller, wish.unallocated, wish.busy, wish.refer_to)
    for name, user in zip(_OPTIONS, users, strict=True):
        try:
            check_user(user)
        except UnfitError as error:
            raise typer.BadParameter(f"{error.message}; {error.remedy}", param_hint=name) from None

    def consent(plans: tuple[ProbePlan, ...], left_out: tuple[str, ...]) -> None:
        typer.echo(_announcement(plans, left_out, wish.total_s), err=True)
        if not consented:
            typer.confirm("Place these calls?", abort=True, err=True)

    def say(line: str) -> None:
        typer.echo(f"  {line}", err=True)

    try:
        survey = asyncio.run(surveyed(reading, trunk, file, wish, consent, say))
    except ListenError as error:
        typer.echo(f"{error.strerror}; {error.remedy}", err=True)
        return ExitCode.TRY_AGAIN if error.passes else ExitCode.CONFIGURATION
    except (ProbeError, CredentialsError) as error:
        typer.echo(str(error), err=True)
        return ExitCode.CONFIGURATION
    if html is not None:
        try:
            write_page(html, survey)
        except OSError as error:
            typer.echo(f"cannot write {html}: {error.strerror}", err=True)
            return ExitCode.NOT_GOOD
        typer.echo(f"page: {html}", err=True)
    if as_json:
        show_json(mapping(survey))
    else:
        typer.echo(text(survey))
    return ExitCode.GOOD if all(each.is_good for each in survey.reports) else ExitCode.NOT_GOOD


def _announcement(plans: tuple[ProbePlan, ...], left_out: tuple[str, ...], total_s: float) -> str:
    """What is about to be done, in full: consent is worth what it was given for."""
    plan = plans[0]
    numbers = [plan.number, *(each for each in (plan.unallocated, plan.busy, plan.refer_to) if each)]
    places = ", ".join(each.target.socket for each in plans)
    each_of = " each" if len(plans) > 1 else ""
    calls = f"at most {plural(MOST_CALLS, 'call')}{each_of}, one after the other"
    lines = [
        f"Trunk {plan.trunk}: {calls}, to {', '.join(numbers)} at {places}, within {total_s:g} s; each is hung up."
    ]
    if left_out:
        lines.append(f"Not tried, unless --target names them: {', '.join(left_out)}.")
    if plan.registration is not None:
        lines.append(
            f"Before the calls it registers as {plan.registration.address_of_record}, and gives that back after "
            "them: a server that is registered may not be called by the trunk until it registers again."
        )
    ports = ", ".join(dict.fromkeys(str(each.listener) for each in plans))
    lines.append(
        f"The probe speaks from {ports}: the trunk must take calls from that port. Some calls cost money."
    )
    return "\n".join(lines)
