"""The command line: `mediation run`, `mediation check-config`, `mediation lab`.

Results go to standard output, talk goes to standard error. No command imports what only another one needs.
"""

import json
import platform
import sys
import traceback
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer

from mediation import __version__
from mediation.exit_codes import ExitCode

if TYPE_CHECKING:
    from mediation.settings.draft import Draft
    from mediation.settings.model import Settings
    from mediation.settings.problems import Fault, Problem

DEFAULT_CONFIG: Final = "/etc/mediation/mediation.toml"


app: Final = typer.Typer(
    name="mediation",
    help="A Mediation Server: SIP B2BUA and G.711 transcoder between a voice system and its ITSP.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

ConfigOption = Annotated[
    str,
    typer.Option(
        "--config", "-c", metavar="FILE", envvar="MEDIATION_CONFIG", help="The configuration, in TOML."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result for a machine to read.")]
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
    settings, problems = _read(config)
    _show(problems)
    if settings is None:
        typer.echo(f"{config}: not good: {_counted(problems)}; not started", err=True)
        raise typer.Exit(ExitCode.CONFIGURATION)
    from mediation.server import serve

    raise typer.Exit(serve(settings))


@app.command()
def check_config(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Read a configuration as `run` would; tell all its faults."""
    settings, problems = _read(config)
    if as_json:
        typer.echo(json.dumps(_result(config, settings, problems), ensure_ascii=False))
    else:
        _show(problems)
        verdict = f"not good: {_counted(problems)}" if settings is None else f"good: {_inventory(settings)}"
        typer.echo(f"{config}: {verdict}")
    raise typer.Exit(ExitCode.CONFIGURATION if settings is None else ExitCode.GOOD)


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


def _read(config: str) -> "tuple[Settings | None, Sequence[Problem]]":
    """Return the settings, or None, and what there is to say about them."""
    from mediation.settings.read import SettingsError, inspect_file

    try:
        reading = inspect_file(config, _look_at_files)
    except SettingsError as error:
        return None, error.problems
    return reading.settings, reading.warnings


def _look_at_files(draft: "Draft") -> "Iterable[Fault]":
    """Find what is wrong with certificates; without any, what reads them is not even loaded."""
    if not any(True for side in ("internal", "gateway") for _ in draft.each((side, "tls"), dict)):
        return ()
    from mediation.net.credentials import faulty_credentials

    return faulty_credentials(draft)


def _show(problems: "Sequence[Problem]") -> None:
    for problem in problems:
        typer.echo(str(problem), err=True)
        if excerpt := problem.excerpt():
            typer.echo(excerpt, err=True)


def _counted(problems: "Sequence[Problem]") -> str:
    """Say how many there are of each severity: `2 errors, 1 warning`."""
    counts = Counter(str(problem.severity) for problem in problems)
    return ", ".join(_plural(count, severity) for severity, count in sorted(counts.items()))


def _inventory(settings: "Settings") -> str:
    listeners = len(settings.internal.listen) + len(settings.gateway.listen)
    counts = (listeners, "listener"), (len(settings.trunks), "trunk"), (len(settings.routes), "route")
    return ", ".join(_plural(count, what) for count, what in counts)


def _plural(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


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
