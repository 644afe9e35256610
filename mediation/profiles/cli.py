"""`mediation profile list` and `mediation profile show`."""

from typing import Annotated, Final

import typer

app: Final = typer.Typer(
    help="Ready blocks for well-known peers.", no_args_is_help=True, rich_markup_mode=None
)


@app.command("list")
def list_profiles() -> None:
    """Tell the names of all profiles, and what each is for."""
    from mediation.profiles.catalogue import profiles, title_of

    found = profiles()
    width = max(map(len, found), default=0)
    for name, text in found.items():
        typer.echo(f"{name:<{width}}  {title_of(text)}")


@app.command("show")
def show_profiles(
    names: Annotated[list[str], typer.Argument(metavar="NAME", help="One for each side makes a whole file.")],
) -> None:
    """Print profiles: `mediation profile show skype-for-business sipconnect-static > mediation.toml`."""
    from mediation.profiles.catalogue import profiles

    found = profiles()
    for name in names:
        if name not in found:
            raise typer.BadParameter(f'no profile is called "{name}": there are {", ".join(found)}')
    typer.echo("\n".join(found[name] for name in names), nl=False)
