"""A probe over real sockets: ports, clock and the look at TLS round one `Prober`. The only room here that does I/O."""

import asyncio
import secrets
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from mediation.b2bua.engine import Engine
from mediation.b2bua.finding import DnsAnswer
from mediation.b2bua.outputs import Resolve
from mediation.net.driver import Driver
from mediation.net.resolver import Resolver
from mediation.net.security import Security
from mediation.net.udp import UdpSocket
from mediation.probing.evidence import Evidence, TlsSeen
from mediation.probing.plan import MOST_CALLS, MOST_TARGETS, ProbePlan, place_of
from mediation.probing.probe_call import Rtp
from mediation.probing.prober import Began, Done, Prober
from mediation.probing.scripts import everything
from mediation.probing.tls_look import look_at_tls, takes_connections
from mediation.routing.directory import Directory
from mediation.routing.routes import listener_for
from mediation.routing.wires import Wires
from mediation.settings.model import Settings
from mediation.settings.places import Listener, Target
from mediation.sip.flow import Transport
from mediation.sip.grammar import print_host
from mediation.sip.ids import IdSource

_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What breaks a run off; its calls are hung up all the same."""


class ProbeError(Exception):
    """The probe cannot begin; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a run has brought."""

    evidence: Evidence
    broken_off: str
    password_is_wrong: bool = False
    """Another attempt would be one too many for some ITSPs."""


async def find_targets(settings: Settings, trunk: str) -> tuple[Directory, tuple[Target, ...]]:
    """The targets of a trunk in their order, looked up where they have names. Raises ProbeError."""
    engine = Engine(settings, IdSource(secrets.token_hex))
    directory = engine.directory
    if directory.names(trunk):
        settled = asyncio.Event()
        loop = asyncio.get_running_loop()

        def drain() -> None:
            while (output := engine.next_output()) is not None:
                if isinstance(output, Resolve):
                    resolver.ask(output.question)
            if engine.finder.settled:
                settled.set()

        def answered(answer: DnsAnswer) -> None:
            engine.dns_answered(answer, loop.time())
            drain()

        resolver = Resolver(settings.dns, answered)
        engine.look_up(loop.time())
        drain()
        with suppress(TimeoutError):
            async with asyncio.timeout(2 * settings.dns.timeout_s):
                await settled.wait()
        await resolver.aclose()
    targets = directory.sought(trunk)
    if not targets and not directory.names(trunk):
        raise ProbeError(f"trunk {trunk} has no targets: only who can be connected to can be probed")
    if not targets:
        raise ProbeError(f"the DNS knows no address of trunk {trunk}")
    return directory, targets


def chosen(targets: Sequence[Target], wanted: Sequence[str]) -> tuple[Target, ...]:
    """Those that are wanted, by the URI of the file, by name, address, or socket; without a wish the first few.

    Raises ProbeError where a wish fits none.
    """
    if not wanted:
        return tuple(targets[:MOST_TARGETS])
    found: dict[str, Target] = {}
    for wish in wanted:
        fitting = [each for each in targets if wish in _names(each)]
        if not fitting:
            raise ProbeError(
                f"{wish} is no target of the trunk; there are {', '.join(map(place_of, targets))}"
            )
        found.update((each.socket, each) for each in fitting)
    return tuple(each for each in targets if each.socket in found)


def _names(target: Target) -> tuple[str, ...]:
    return target.uri, target.socket, target.name, target.host, print_host(target.host, target.port)


async def probe(
    settings: Settings, directory: Directory, plan: ProbePlan, say: Callable[[str], None]
) -> Found:
    """Run to the end, or until a signal or the deadline. Raises ProbeError, ListenError and CredentialsError."""
    loop = asyncio.get_running_loop()
    sockets: dict[int, UdpSocket] = {}
    prober: Prober
    done = asyncio.Event()

    def heard(port: int) -> Callable[[bytes, tuple[str, int]], None]:
        return lambda octets, source: prober.packet_heard(port, source, octets, loop.time())

    def perform(output: Rtp | Began | Done) -> None:
        match output:
            case Rtp(local, remote, octets):
                sockets[local[1]].send(octets, remote)
            case Began(trial):
                say(f"{trial.title}: {trial.asked}")
            case Done():
                done.set()

    mine = replace(settings, gateway=replace(settings.gateway, listen=(plan.listener,)))
    security = Security(mine, lambda notice: None, directory=directory)
    security.load()
    try:
        _bind_audio(settings, plan, sockets, heard)
        prober = Prober(plan, IdSource(secrets.token_hex), everything, tuple(sockets))
        driver: Driver[Rtp | Began | Done] = Driver(
            prober, perform, security=security, wires=Wires(mine, directory)
        )
        await driver.start((plan.listener,))
        for number in _STOPS:
            loop.add_signal_handler(
                number, lambda: driver.apply(lambda now: prober.stop(now, "it was interrupted"))
            )
        try:
            for socket in sockets.values():
                socket.start(loop)
            driver.apply(prober.start)
            await done.wait()
        finally:
            for number in _STOPS:
                loop.remove_signal_handler(number)
            await driver.aclose()
    finally:
        for socket in sockets.values():
            socket.close()
    target, source = plan.target, plan.listener.host
    name = settings.trunk(plan.trunk).tls_name or target.name
    tls_port = target.port if target.transport is Transport.TLS else Transport.TLS.default_port
    tls: TlsSeen = await look_at_tls(settings.gateway.tls, source, (target.host, tls_port), name)
    tcp = target.transport is not Transport.UDP or await takes_connections(source, target.endpoint)
    registering = prober.registering
    refused = registering is not None and registering.password_is_wrong
    return Found(Evidence(prober.trials, target.transport, tls, tcp), prober.broken_off, refused)


def probe_listener(settings: Settings, target: Target, port: int) -> Listener:
    """Where the probe speaks from: the listener that the trunk is used to, at another port. Raises ProbeError.

    `port` 0: the first port above the listener's own that no listener has.
    """
    own = listener_for(target, settings.gateway.listen)
    if own is None:
        raise ProbeError(
            f"no listener of [gateway] speaks {target.transport} to an address like {target.host}"
        )
    taken = {each.port for each in settings.gateway.listen}
    if not port:
        port = next(each for each in range(own.port + 1, 65_536) if each not in taken)
    if port == own.port:
        return own
    return replace(own, port=port, advertised_port=port if own.advertised_host else 0)


def _bind_audio(
    settings: Settings,
    plan: ProbePlan,
    sockets: dict[int, UdpSocket],
    heard: Callable[[int], Callable[[bytes, tuple[str, int]], None]],
) -> None:
    """An even port for each call, from the top of the gateway's range: the server begins at its bottom."""
    low, high = settings.gateway.rtp_ports
    for port in range(high - high % 2, low - 1, -2):
        with suppress(OSError):
            sockets[port] = UdpSocket((plan.listener.host, port), heard(port))
        if len(sockets) == MOST_CALLS:
            return
    if not sockets:
        raise ProbeError("no port of gateway.rtp_ports is free for audio")
