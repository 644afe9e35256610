"""The command line: `mediation run`, `check-config`, `number`, `route`, `trunk`, `plan`, `bandwidth`,
`import`, `profile`, `lab`.

Results go to standard output, talk goes to standard error. No command imports what only another one needs.
"""

import platform
import sys
import traceback
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer

from mediation import __version__
from mediation.console import JsonOption, counted, plural, show, show_json
from mediation.exit_codes import ExitCode
from mediation.importing.cli import app as import_app
from mediation.planning.cli import bandwidth, plan
from mediation.profiles.cli import app as profile_app

if TYPE_CHECKING:
    from mediation.settings.draft import Draft
    from mediation.settings.model import Settings
    from mediation.settings.problems import Fault, Problem
    from mediation.settings.read import Reading
    from mediation.settings.trunks import Trunk

DEFAULT_CONFIG: Final = "/etc/mediation/mediation.toml"


app: Final = typer.Typer(
    name="mediation",
    help="A Mediation Server: SIP B2BUA and G.711 transcoder between a voice system and its ITSP.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

route: Final = typer.Typer(help="Routes, without a call.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(route, name="route")
trunk: Final = typer.Typer(
    help="Trunks: what holds for them, and what they support.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(trunk, name="trunk")


class Way(StrEnum):
    """Seen from us: `in` is what a trunk sends."""

    IN = "in"
    OUT = "out"


ConfigOption = Annotated[
    str,
    typer.Option(
        "--config", "-c", metavar="FILE", envvar="MEDIATION_CONFIG", help="The configuration, in TOML."
    ),
]
VersionOption = Annotated[bool, typer.Option("--version", help="Print the version and end.")]


def main() -> NoReturn:
    """Run the command line and end the process."""
    try:
        app()
    except Exception:  # noqa: BLE001  # the last door: exit code 70 says that the bug is ours
        traceback.print_exc()
        typer.echo(f"mediation {__version__}: a bug of ours; please report the lines above", err=True)
        sys.exit(ExitCode.OUR_BUG)
    sys.exit(ExitCode.GOOD)


@app.callback(invoke_without_command=True)
def _common(context: typer.Context, version: VersionOption = False) -> None:
    if version:
        typer.echo(f"mediation {__version__} (Python {platform.python_version()})")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(ExitCode.USAGE)


@app.command()
def run(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Serve calls until SIGTERM; the log goes to standard error."""
    reading, problems = _read(config)
    show(problems)
    if reading is None:
        typer.echo(f"{config}: not good: {counted(problems)}; not started", err=True)
        raise typer.Exit(ExitCode.CONFIGURATION)
    from mediation.serving import serve

    raise typer.Exit(serve(reading.settings, Path(config)))


@app.command()
def check_config(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Read a configuration as `run` would; tell all its faults."""
    reading, problems = _read(config)
    settings = None if reading is None else reading.settings
    if as_json:
        show_json(_result(config, settings, problems))
    else:
        show(problems)
        verdict = f"not good: {counted(problems)}" if settings is None else f"good: {_inventory(settings)}"
        typer.echo(f"{config}: {verdict}")
    raise typer.Exit(ExitCode.CONFIGURATION if settings is None else ExitCode.GOOD)


@app.command()
def number(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="As it stands before the rules.")],
    trunk: Annotated[str, typer.Option(metavar="NAME", help="The trunk whose rules are asked.")],
    direction: Annotated[Way, typer.Option(help="out: to the trunk; in: from it.")] = Way.OUT,
    calling: Annotated[
        bool, typer.Option("--calling", help="The calling number, not the called one.")
    ] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Translate a number by the rules of a trunk; tell every rule tried."""
    settings = _needed(config).settings
    from mediation.explaining.caller import caller_lines, caller_mapping, explain_caller
    from mediation.explaining.number import explain_number, outcome_lines, outcome_mapping
    from mediation.settings.identity import HeaderDirection
    from mediation.settings.numbers import NumberParty
    from mediation.settings.words import is_user

    party = NumberParty.CALLING if calling else NumberParty.CALLED
    way = HeaderDirection.FROM_PEER if direction is Way.IN else HeaderDirection.TO_PEER
    given = _trunk(settings, trunk)
    outcome = explain_number(given, number, party, way)
    shown = explain_caller(settings, given, number, way) if calling and is_user(number) else None
    if as_json:
        told = {"schema": 1, "trunk": trunk, "party": party, "direction": way, **outcome_mapping(outcome)}
        show_json(told if shown is None else {**told, "caller": caller_mapping(shown)})
    else:
        typer.echo(
            "\n".join(
                (*outcome_lines(outcome), *(() if shown is None else caller_lines(shown, outcome.after)))
            )
        )
    raise typer.Exit(ExitCode.NOT_GOOD if outcome.refused else ExitCode.GOOD)


@route.callback()
def _route() -> None:
    """Give `route` commands of its own, however few."""


@route.command("explain")
def route_explain(
    number: Annotated[
        str, typer.Argument(metavar="NUMBER", help="The called number, as the caller writes it.")
    ],
    calling: Annotated[
        str, typer.Option("--from", metavar="NUMBER", help="The calling number; without it, nobody.")
    ] = "",
    trunk: Annotated[
        str, typer.Option(metavar="NAME", help="The trunk that the call comes from; without it, a front end.")
    ] = "",
    at: Annotated[
        datetime | None, typer.Option(help="When, in this machine's time; without it, now.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Tell where a call would go, by which rules and routes, and which headers would leave."""
    settings = _needed(config).settings
    from mediation.explaining.route import explain_route, explanation_mapping, explanation_text
    from mediation.settings.words import UnfitError, check_user

    for name, user in (("NUMBER", number), ("--from", calling)):
        try:
            check_user(user)
        except UnfitError as error:
            raise typer.BadParameter(f"{error.message}; {error.remedy}", param_hint=name) from None
    if not number:
        raise typer.BadParameter("an empty number calls nobody", param_hint="NUMBER")
    source = _trunk(settings, trunk) if trunk else None
    told = explain_route(settings, number, calling, source, (at or datetime.now(UTC)).timestamp())
    if as_json:
        show_json(explanation_mapping(told))
    else:
        typer.echo(explanation_text(told))
    raise typer.Exit(ExitCode.GOOD if told.departures else ExitCode.NOT_GOOD)


@trunk.callback()
def _trunk_commands() -> None:
    """Give `trunk` commands of its own, however few."""


@trunk.command("show")
def trunk_show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The trunk.")],
    effective: Annotated[
        bool, typer.Option("--effective", help="What nobody has said as well: every setting.")
    ] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Tell what holds for a trunk, and whether it was said by the trunk, by its site or for all trunks."""
    reading = _needed(config)
    from mediation.explaining.recognition import recognized_by
    from mediation.explaining.trunk import holdings, holdings_mapping, holdings_text

    told = holdings(reading, _trunk(reading.settings, name, hint="NAME").name)
    known_by = recognized_by(reading.settings, name)
    if as_json:
        show_json(holdings_mapping(name, known_by, told, effective=effective))
    else:
        typer.echo(holdings_text(known_by, told, effective=effective))
    raise typer.Exit(ExitCode.GOOD)


@trunk.command("probe")
def trunk_probe(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The trunk.")],
    number: Annotated[
        str,
        typer.Option(metavar="NUMBER", help="Whom to call, as the trunk wants it written: it should answer."),
    ],
    caller: Annotated[str, typer.Option("--from", metavar="NUMBER", help="Who calls.")] = "",
    unallocated: Annotated[str, typer.Option(metavar="NUMBER", help="A number that nobody has.")] = "",
    busy: Annotated[str, typer.Option(metavar="NUMBER", help="A number that is busy.")] = "",
    refer_to: Annotated[str, typer.Option(metavar="NUMBER", help="Whom to transfer a call to.")] = "",
    target: Annotated[
        list[str],
        typer.Option(
            metavar="TARGET",
            help="By URI, name or address, more than once for several; without it, the first four of the trunk.",
        ),
    ] = [],  # noqa: B006 -- typer reads it as the default, and nobody changes it
    port: Annotated[
        int,
        typer.Option(
            metavar="PORT",
            min=0,
            max=65535,
            help="Ours; the listener's own if no server runs. 0: the next one above.",
        ),
    ] = 0,
    within: Annotated[float, typer.Option(metavar="SECONDS", min=1, help="For the whole run.")] = 300.0,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for consent: it is given.")] = False,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the report as a page, too.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Place calls at a trunk, and tell what it supports and which settings fit."""
    reading = _needed(config)
    from mediation.probing.cli import probe_trunk
    from mediation.probing.survey import Wish

    wish = Wish(
        number=number,
        caller=caller,
        unallocated=unallocated,
        busy=busy,
        refer_to=refer_to,
        targets=tuple(target),
        port=port,
        total_s=within,
    )
    given = _trunk(reading.settings, name, hint="NAME")
    raise typer.Exit(
        probe_trunk(reading, given, wish, file=config, consented=yes, html=html, as_json=as_json)
    )


app.command()(plan)
app.command()(bandwidth)
app.add_typer(import_app, name="import")
app.add_typer(profile_app, name="profile")


@app.command(
    add_help_option=False,
    context_settings={
        "ignore_unknown_options": True,
        "allow_extra_args": True,
        "allow_interspersed_args": False,
    },
)
def lab(context: typer.Context) -> None:
    """Place real calls through a server, and judge them."""
    try:
        from mediation.lab.cli import app as lab_app
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in {"mediation", "mediation_codecs"}:
            raise
        typer.echo(
            f"the lab needs its extra: pip install 'mediation-server[lab]' (no module {error.name})", err=True
        )
        raise typer.Exit(ExitCode.USAGE) from None
    typer.main.get_command(lab_app).main(args=context.args, prog_name="mediation lab")


def _needed(config: str) -> "Reading":
    """Return the configuration; end with the exit code of a bad one where there is none."""
    reading, problems = _read(config)
    show(problems)
    if reading is None:
        typer.echo(f"{config}: not good: {counted(problems)}", err=True)
        raise typer.Exit(ExitCode.CONFIGURATION)
    return reading


def _trunk(settings: "Settings", name: str, hint: str = "--trunk") -> "Trunk":
    try:
        return settings.trunk(name)
    except KeyError:
        names = ", ".join(trunk.name for trunk in settings.trunks)
        raise typer.BadParameter(f'no trunk is called "{name}": there are {names}', param_hint=hint) from None


def _read(config: str) -> "tuple[Reading | None, Sequence[Problem]]":
    """Return the configuration, or None, and what there is to say about it."""
    from mediation.settings.read import SettingsError, inspect_file

    try:
        reading = inspect_file(config, _look_around)
    except SettingsError as error:
        return None, error.problems
    return reading, reading.warnings


def _look_around(draft: "Draft") -> "Iterable[Fault]":
    """Find what is wrong with interfaces and files that are named; without any, what looks at them is not loaded."""
    sides = ("internal", "gateway")
    if any(listener.device for side in sides for _, listener in draft.listeners(side)):
        from mediation.net.marking import missing_devices

        yield from missing_devices(draft)
    if any(True for side in sides for _ in draft.each((side, "tls"), dict)):
        from mediation.net.credentials import faulty_credentials

        yield from faulty_credentials(draft)
    if any(True for _ in draft.each(("policy",), dict)):
        from mediation.net.policy_kinds import faulty_policy

        yield from faulty_policy(draft)
    if any(True for _ in draft.sound_files()):
        from mediation.media.sound_files import faulty_sounds

        yield from faulty_sounds(draft)
    if any(codec.is_wide for _, codec in draft.codecs()):
        from mediation.media.wide_codecs import faulty_codecs

        yield from faulty_codecs(draft)
    if any(True for _ in draft.each(("recording", "directory"), str)):
        from mediation.media.recording_place import faulty_place

        yield from faulty_place(draft)


def _inventory(settings: "Settings") -> str:
    listeners = len(settings.internal.listen) + len(settings.gateway.listen)
    counts = (listeners, "listener"), (len(settings.trunks), "trunk"), (len(settings.routes), "route")
    return ", ".join(plural(count, what) for count, what in counts)


def _result(config: str, settings: "Settings | None", problems: "Sequence[Problem]") -> dict[str, object]:
    listeners = None if settings is None else [*settings.internal.listen, *settings.gateway.listen]
    return {
        "file": config,
        "good": settings is not None,
        "listeners": None if listeners is None else [str(listener) for listener in listeners],
        "trunks": None if settings is None else [trunk.name for trunk in settings.trunks],
        "routes": None if settings is None else [route.match for route in settings.routes],
        "problems": [problem.as_mapping() for problem in problems],
    }
