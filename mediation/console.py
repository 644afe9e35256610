"""What every command says alike: problems on standard error, counted; results for a machine."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mediation.settings.problems import Problem

JsonOption = Annotated[bool, typer.Option("--json", help="Print the result for a machine to read.")]


def show(problems: "Iterable[Problem]") -> None:
    """Tell each problem with its line."""
    for problem in problems:
        typer.echo(str(problem), err=True)
        if excerpt := problem.excerpt():
            typer.echo(excerpt, err=True)


def show_json(told: Mapping[str, object]) -> None:
    """Print a result as one line."""
    typer.echo(json.dumps(told, ensure_ascii=False))


def counted(problems: "Iterable[Problem]") -> str:
    """Say how many there are of each severity: `2 errors, 1 warning`."""
    counts = Counter(str(problem.severity) for problem in problems)
    return ", ".join(plural(count, severity) for severity, count in sorted(counts.items()))


def plural(count: int, what: str) -> str:
    """`1 trunk`, `2 trunks`."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
