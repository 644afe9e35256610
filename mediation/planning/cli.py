"""`mediation plan` and `mediation bandwidth`."""

from typing import Annotated

import typer

from mediation.console import JsonOption, counted, show, show_json
from mediation.exit_codes import ExitCode
from mediation.rtp.bandwidth import Layer, Packets, Srtp
from mediation.rtp.tunnels import Vpn
from mediation_codecs.codec import Codec


def plan(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="The plan, in TOML: config/plan.example.toml shows one.")
    ],
    as_json: JsonOption = False,
    html: Annotated[
        str, typer.Option("--html", metavar="FILE", help="Write one page with the picture.")
    ] = "",
    configs: Annotated[
        str,
        typer.Option("--configs", metavar="DIR", help="Write a configuration to start from for each site."),
    ] = "",
) -> None:
    """Plan trunks for sites: channels, bandwidth, centralized or distributed, and a configuration to start from."""
    from mediation.planning.answer import answer
    from mediation.planning.deliver import deliver
    from mediation.planning.read import inspect_plan_file
    from mediation.settings.problems import SettingsError

    try:
        reading = inspect_plan_file(file)
    except SettingsError as error:
        show(error.problems)
        typer.echo(f"{file}: not good: {counted(error.problems)}; not planned", err=True)
        raise typer.Exit(ExitCode.CONFIGURATION) from None
    show(reading.warnings)
    found = answer(reading.plan, reading.log)
    try:
        for written in deliver(found, html=html, configs=configs):
            typer.echo(f"written: {written}", err=True)
    except OSError as error:
        typer.echo(f"{error.filename}: it cannot be written: {error.strerror}", err=True)
        raise typer.Exit(ExitCode.USAGE) from None
    if as_json:
        from mediation.planning.mapping import as_mapping

        show_json(as_mapping(found))
    else:
        from mediation.planning.text import answer_text

        typer.echo(answer_text(found))
    raise typer.Exit(ExitCode.NOT_GOOD if found.lacking else ExitCode.GOOD)


def bandwidth(
    calls: Annotated[int, typer.Option(min=0, max=1_000_000, help="Calls at a time.")],
    codec: Annotated[Codec, typer.Option(help="What audio is coded with.")] = Codec.PCMU,
    ptime: Annotated[
        int, typer.Option(min=10, max=60, help="Audio in one packet, in milliseconds, in tens.")
    ] = 20,
    ipv6: Annotated[bool, typer.Option("--ipv6", help="IPv6 instead of IPv4.")] = False,
    srtp: Annotated[bool, typer.Option("--srtp", help="The same as --srtp-suite aes-80.")] = False,
    srtp_suite: Annotated[Srtp, typer.Option(help="How audio is encrypted.")] = Srtp.OFF,
    vlan: Annotated[bool, typer.Option("--vlan", help="Frames bear the tag of IEEE 802.1Q.")] = False,
    vpn: Annotated[Vpn, typer.Option(help="The tunnel that it runs through.")] = Vpn.NONE,
    layer: Annotated[Layer, typer.Option(help="Up to where octets are counted.")] = Layer.ETHERNET,
    rtcp: Annotated[bool, typer.Option("--rtcp", help="Add what RTCP may take, 5 %.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Tell what calls take: by the published formula and by the wire, side by side."""
    if ptime % 10:
        raise typer.BadParameter("packets are of 10, 20, 30, 40, 50 or 60 ms", param_hint="--ptime")
    from mediation.planning.figures import bandwidth_mapping, bandwidth_text

    packets = Packets(
        codec=codec,
        ptime_ms=ptime,
        ipv6=ipv6,
        srtp=Srtp.AES_80 if srtp and srtp_suite is Srtp.OFF else srtp_suite,
        vpn=vpn,
        layer=layer,
        vlan=vlan,
        rtcp=rtcp,
    )
    if as_json:
        show_json(bandwidth_mapping(calls, packets))
    else:
        typer.echo(bandwidth_text(calls, packets))
    raise typer.Exit(ExitCode.GOOD)
