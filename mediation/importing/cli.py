"""`mediation import lync`."""

from pathlib import Path
from typing import Annotated, Final

import typer

from mediation.console import JsonOption, counted, show, show_json
from mediation.exit_codes import ExitCode

app: Final = typer.Typer(
    help="Make a configuration of another product's.", no_args_is_help=True, rich_markup_mode=None
)


@app.callback()
def _import() -> None:
    """Give `import` commands of its own, however few."""


@app.command()
def lync(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE",
            help="Exports of Get-CsTrunkConfiguration, Get-CsService -PstnGateway and -MediationServer, "
            "Get-CsVoiceRoute, Get-CsVoicePolicy, Get-CsPstnUsage, Get-CsMediaConfiguration "
            "and of rules: by Export-Clixml, ConvertTo-Json "
            "-Depth 5 or Format-List.",
        ),
    ],
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="Write the configuration there.")
    ] = "",
    inside: Annotated[str, typer.Option(metavar="ADDRESS", help="Of this machine, for front ends.")] = "",
    outside: Annotated[str, typer.Option(metavar="ADDRESS", help="Of this machine, for gateways.")] = "",
    front_end: Annotated[
        list[str] | None, typer.Option(metavar="ADDRESS", help="Of a front-end server; repeatable.")
    ] = None,
    certificate: Annotated[str, typer.Option(metavar="FILE", help="Of this machine, for both sides.")] = "",
    private_key: Annotated[str, typer.Option(metavar="FILE", help="The key of the certificate.")] = "",
    authorities: Annotated[str, typer.Option(metavar="FILE", help="Whose certificates peers have.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Import trunks of Lync or Skype for Business; tell what became of every parameter.

    The configuration goes to standard output and the table to standard error; with --output, the table to standard
    output. Ends with 1 where something was not taken over.
    """
    from mediation.importing.lync import import_lync
    from mediation.importing.servers import Known
    from mediation.importing.table import import_mapping, import_text
    from mediation.settings.problems import SettingsError
    from mediation.settings.words import UnfitError

    try:
        known = Known.of(inside, outside, front_end or (), certificate, private_key, authorities)
    except UnfitError as error:
        raise typer.BadParameter(f"{error.message}; {error.remedy}") from None
    try:
        found = import_lync(files, known)
    except SettingsError as error:
        show(error.problems)
        typer.echo(f"not good: {counted(error.problems)}; not imported", err=True)
        raise typer.Exit(ExitCode.CONFIGURATION) from None
    if output:
        try:
            Path(output).write_text(found.configuration, encoding="utf-8")
        except OSError as error:
            typer.echo(f"{output}: it cannot be written: {error.strerror}", err=True)
            raise typer.Exit(ExitCode.USAGE) from None
        typer.echo(f"written: {output}", err=True)
    if as_json:
        show_json(import_mapping(found))
    else:
        if not output:
            typer.echo(found.configuration, nl=False)
        typer.echo(import_text(found), err=not output)
    raise typer.Exit(ExitCode.GOOD if found.is_whole else ExitCode.NOT_GOOD)
