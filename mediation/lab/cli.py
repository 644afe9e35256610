"""`mediation lab`, `mediation lab sbc`, `mediation lab front-end`."""

import asyncio
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Final, TypeVar

import typer

from mediation.lab.behaviour import BEHAVIOURS, Behaviour, behaviour_named
from mediation.lab.simulator import SimulatorSettings, simulate
from mediation.lab.traits import USUAL, WORDS, Traits, traits_of
from mediation.lab.user_agent import Placement
from mediation.net.listening import ListenError
from mediation.settings.addresses import parse_listener, parse_target
from mediation.settings.places import AnyTarget, Listener, Target
from mediation.settings.words import UnfitError
from mediation.sip.flow import Transport
from mediation_codecs.law import Law

T = TypeVar("T")
R = TypeVar("R")
P = TypeVar("P", Listener, Target)

app: Final = typer.Typer(
    help="Place real calls through a server, and judge them.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)

_NUMBER: Final = re.compile(r"\+?[0-9*#]{1,32}", re.ASCII)
_SECONDS: Final = re.compile(r"[0-9]{1,5}(\.[0-9]{1,3})?", re.ASCII)
_WIDTH: Final = max(map(len, BEHAVIOURS)) + 2
_BEHAVIOURS: Final = "\n".join(
    (
        "\b",  # tells click to leave the lines as they are
        "Behaviours:",
        *(f"  {name:<{_WIDTH}}{behaviour.story}" for name, behaviour in BEHAVIOURS.items()),
        f"  {'reject=CODE':<{_WIDTH}}any final response, 300 to 699",
    )
)

ListenOption = Annotated[
    list[str],
    typer.Option("--listen", metavar="udp:ADDRESS:PORT", help="Where it takes calls; repeatable, tcp: too."),
]
BehaviourOption = Annotated[
    list[str],
    typer.Option(
        "--behaviour",
        metavar="[NUMBER=]NAME",
        help="What it does with calls, or with calls to one number; repeatable. "
        "Names are below; the default is ring-then-answer.",
    ),
]
CallOption = Annotated[
    list[str],
    typer.Option(
        "--call",
        metavar="NUMBER[,at=S][,talk=S][,cancel=S]",
        help="Place a call: seconds from the start, seconds of talk (3), seconds until it gives up. Repeatable.",
    ),
]
ToOption = Annotated[
    str, typer.Option("--to", metavar="sip:ADDRESS:PORT", help="The server that calls are placed at.")
]
LawOption = Annotated[Law, typer.Option("--law", help="The one law it speaks.")]
NameOption = Annotated[
    str, typer.Option("--name", metavar="NAME", help="How it calls itself in what it prints.")
]
JournalOption = Annotated[
    Path | None,
    typer.Option(
        "--journal", metavar="FILE", help="Write every message, note and recording there, as JSON lines."
    ),
]
PortOption = Annotated[
    int, typer.Option("--rtp-port", metavar="PORT", min=1024, max=65000, help="First port for audio.")
]
TraitOption = Annotated[
    list[str],
    typer.Option(
        "--trait",
        metavar="TRAIT",
        help=f"What it supports, or does not: {', '.join(WORDS)}, min-se=SECONDS, largest=OCTETS. Repeatable.",
    ),
]
WaitOption = Annotated[
    bool, typer.Option("--wait", help="Place the calls when a line comes on standard input.")
]


@app.callback(invoke_without_command=True)
def lab(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", "-c", metavar="FILE", help="The server's configuration; default: the lab's own."
        ),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIRECTORY", help="Where report, WAV files and logs go.")
    ] = Path("lab-out"),
    tui: Annotated[
        bool, typer.Option("--tui/--no-tui", help="The live table, where there is a terminal.")
    ] = True,
) -> None:
    """Start a front end, the server and two SBCs on loopback; place calls both ways; judge every octet."""
    if context.invoked_subcommand is not None:
        return
    from mediation.lab.session import run_lab

    raise typer.Exit(run_lab(config, output, tui=tui))


@app.command("sbc", epilog=_BEHAVIOURS, short_help="Be an ITSP's SBC, for any server.")
def sbc(
    listen: ListenOption,
    behaviour: BehaviourOption = [],  # noqa: B006 -- typer reads it, nobody writes it
    call: CallOption = [],  # noqa: B006 -- as above
    to: ToOption = "",
    law: LawOption = Law.PCMA,
    name: NameOption = "sbc",
    journal: JournalOption = None,
    rtp_port: PortOption = 42000,
    wait: WaitOption = False,
    trait: TraitOption = [],  # noqa: B006 -- as above
) -> None:
    """Be an ITSP's session border controller, for any server: takes calls by behaviour, and places some."""
    _simulate(listen, behaviour, call, to, law, name, journal, rtp_port, wait, _read(trait, traits_of))


@app.command("front-end", epilog=_BEHAVIOURS, short_help="Be a front-end server, for any server.")
def front_end(
    listen: ListenOption,
    behaviour: BehaviourOption = [],  # noqa: B006 -- as above
    call: CallOption = [],  # noqa: B006 -- as above
    to: ToOption = "",
    law: LawOption = Law.PCMU,
    name: NameOption = "front-end",
    journal: JournalOption = None,
    rtp_port: PortOption = 41000,
    wait: WaitOption = False,
) -> None:
    """Be a front-end server, for any server: takes calls by behaviour, and places some."""
    _simulate(listen, behaviour, call, to, law, name, journal, rtp_port, wait)


def _simulate(
    listen: Sequence[str],
    behaviour: Sequence[str],
    call: Sequence[str],
    to: str,
    law: Law,
    name: str,
    journal: Path | None,
    rtp_port: int,
    wait: bool,
    traits: Traits = USUAL,
) -> None:
    if call and not to:
        raise typer.BadParameter("--call needs --to: whom shall it call?")
    default, by_number = _read(behaviour, _behaviours)
    settings = SimulatorSettings(
        name=name,
        law=law,
        listen=tuple(_read(text, lambda text: _plain(parse_listener(text))) for text in listen),
        default=default,
        behaviours=by_number,
        first_rtp_port=_read(rtp_port, _even),
        journal=journal,
        target=_read(to, lambda text: _plain(_by_address(parse_target(text)))) if to else None,
        calls=tuple(_read(text, _placement) for text in call),
        traits=traits,
        wait_for_line=wait,
    )
    try:
        asyncio.run(simulate(settings, typer.echo))
    except ListenError as error:
        typer.echo(f"{error.strerror}; {error.remedy}", err=True)
        raise typer.Exit(75) from None


def _read(text: T, parse: Callable[[T], R]) -> R:
    try:
        return parse(text)
    except UnfitError as error:
        raise typer.BadParameter(f"{error.message}; {error.remedy}") from None
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _by_address(target: AnyTarget) -> Target:
    if not isinstance(target, Target):
        raise UnfitError(f'"{target}" has a name', "the simulators ask no DNS: give the address")
    return target


def _plain(place: P) -> P:
    if place.transport is Transport.TLS:
        raise UnfitError("the simulators speak no TLS", "use udp or tcp")
    return place


def _behaviours(texts: Sequence[str]) -> tuple[Behaviour, dict[str, Behaviour]]:
    """The default, and those by number: `+4420…=busy`."""
    default = BEHAVIOURS["ring-then-answer"]
    by_number: dict[str, Behaviour] = {}
    for text in texts:
        number, equals, name = text.partition("=")
        if not equals or number == "reject":
            default = behaviour_named(text)
        elif _NUMBER.fullmatch(number):
            by_number[number] = behaviour_named(name)
        else:
            raise ValueError(f"{text}: before the = stands a number of digits, with + or without")
    return default, by_number


def _placement(text: str) -> tuple[float, Placement]:
    number, *options = text.split(",")
    if not _NUMBER.fullmatch(number):
        raise ValueError(
            f"{text}: a call begins with its number, digits with + or without; where to stands in --to"
        )
    seconds: dict[str, float] = {}
    for option in options:
        key, _, value = option.partition("=")
        if key not in ("at", "talk", "cancel") or not _SECONDS.fullmatch(value):
            raise ValueError(
                f"{text}: after the number come at=, talk= and cancel=, in seconds, as in talk=2.5"
            )
        seconds[key] = float(value)
    return seconds.get("at", 0.0), Placement(number, seconds.get("talk", 3.0), seconds.get("cancel"))


def _even(port: int) -> int:
    """RFC 3550 section 11: RTP on the even port, RTCP on the next one."""
    if port % 2:
        raise ValueError(f"{port} is odd: audio begins on an even port")
    return port
