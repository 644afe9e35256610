"""A server in this process, with phones at both its doors: the lab's user agents over real sockets, without audio."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mediation.b2bua.media_commands import CloseMedia, MediaCommand, OpenMedia, OpenPair
from mediation.b2bua.media_facts import MediaClosed, MediaFact, MediaOpened, PairOpened, StreamReport
from mediation.lab.behaviour import behaviour_named
from mediation.lab.simulated_call import OVER, StartAudio, StopAudio
from mediation.lab.traits import traits_of
from mediation.lab.user_agent import Noted, Placement, Seen, UserAgent
from mediation.net.driver import Driver
from mediation.net.security import Security
from mediation.server import Server
from mediation.settings.model import Settings
from mediation.settings.places import Listener, Target
from mediation.settings.read import read
from mediation.sip.flow import Endpoint, Transport
from mediation.sip.framing import parse_datagram
from mediation.sip.ids import IdSource
from mediation.sip.message import Message
from mediation.sip.timers import TimerValues
from mediation_codecs.law import Law
from tests.wire.peers import PATIENCE_S, spell

UDP, TCP, TLS = Transport.UDP, Transport.TCP, Transport.TLS


class Phone:
    """A user agent at one address, over UDP and TCP; what it notes can be waited for."""

    def __init__(
        self,
        at: Endpoint,
        behaviour: str = "answer",
        law: Law = Law.PCMU,
        tls: tuple[Endpoint, Security] | None = None,
        traits: tuple[str, ...] = (),
    ) -> None:
        self.at = at
        self.tls = tls
        """Where it speaks TLS, and how; None: not at all."""
        self.agent = UserAgent(
            "phone",
            law,
            IdSource(secrets.token_hex),
            {},
            behaviour_named(behaviour),
            46000,
            traits_of(traits),
        )
        self._driver: Driver[Seen | Noted | StartAudio | StopAudio] = Driver(
            self.agent, self._perform, security=tls[1] if tls is not None else None
        )
        self.notes: list[tuple[str, str]] = []
        self.seen: list[Message] = []
        """What it received, in order."""
        self.streams: list[StartAudio] = []
        """The audio that it would send and take."""
        self._news = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def plugged_in(
        cls,
        at: Endpoint,
        behaviour: str = "answer",
        law: Law = Law.PCMU,
        tls: tuple[Endpoint, Security] | None = None,
        traits: tuple[str, ...] = (),
    ) -> "AsyncIterator[Phone]":
        phone = cls(at, behaviour, law, tls, traits)
        listeners = [Listener(UDP, *at), Listener(TCP, *at)]
        if tls is not None:
            listeners.append(Listener(TLS, *tls[0]))
        await phone._driver.start(listeners)
        try:
            yield phone
        finally:
            await phone._driver.aclose()

    def calls(
        self,
        number: str,
        to: Endpoint,
        *,
        transport: Transport = UDP,
        talk_s: float = 60.0,
        cancel_after_s: float | None = None,
    ) -> None:
        target = Target(f"sip:{spell(to)}", *to, transport)
        placement = Placement(number, talk_s, cancel_after_s)
        own = self.tls[0] if transport is TLS and self.tls is not None else self.at
        self._driver.apply(lambda now: self.agent.place(placement, target, Listener(transport, *own), now))

    def hangs_up(self) -> None:
        self._driver.apply(self.agent.hang_up_all)

    async def notes_that(self, what: str, times: int = 1) -> None:
        """Wait until so many calls have noted it."""
        async with asyncio.timeout(PATIENCE_S):
            while [noted for _, noted in self.notes].count(what) < times:
                self._news.clear()
                await self._news.wait()

    async def is_done(self, times: int = 1) -> None:
        """Wait until so many calls are over."""
        await self.notes_that(OVER, times)

    def _perform(self, output: Seen | Noted | StartAudio | StopAudio) -> None:
        if isinstance(output, Noted):
            self.notes.append((output.call, output.what))
            self._news.set()
        elif isinstance(output, StartAudio):
            self.streams.append(output)
        elif isinstance(output, Seen) and not output.sent:
            message = parse_datagram(output.octets)
            if message is not None:
                self.seen.append(message)


@dataclass
class InstantMedia:
    """A media engine without ports and processes: says yes to everything, one turn of the loop later."""

    on_fact: Callable[[MediaFact], None]
    open: set[str] = field(default_factory=set)
    workers: dict[int, int] = field(default_factory=dict)
    _next_pair: int = 1

    async def start(self) -> None:
        """Nothing to get ready."""

    async def aclose(self, *, spare_calls: bool = False) -> None:
        """Nothing to stop."""

    def perform(self, command: MediaCommand) -> None:
        loop = asyncio.get_running_loop()
        match command:
            case OpenMedia(call, _, _, (caller, callee)):
                self.open.add(call)
                loop.call_soon(self.on_fact, MediaOpened(call, (caller, 20000), (callee, 30000)))
            case OpenPair(call, _, host):
                pair = self._next_pair = self._next_pair + 1
                loop.call_soon(self.on_fact, PairOpened(call, pair, (host, 30000 + 2 * pair)))
            case CloseMedia(call):
                self.open.discard(call)
                silence = StreamReport(0, 0, 0, 0, None, 0)
                loop.call_soon(self.on_fact, MediaClosed(call, silence, silence))


@asynccontextmanager
async def serving(
    configuration: str | Settings, *, media: bool = False, quick: bool = False
) -> AsyncIterator[Server]:
    """A server in this process, stopped at the end.

    `media`: with real workers, which take a second to come up. `quick`: with timers so short that a test can wait
    for their ends.
    """
    settings = settings_of(configuration) if isinstance(configuration, str) else configuration
    server = Server(settings, Path("mediation.toml"))
    if quick:
        server._engine.agent.layer.timers = TimerValues(0.02, 0.04, 0.04)
    if not media:
        server._media.engine = InstantMedia(server._media_fact)
    await server.start()
    try:
        yield server
    finally:
        at_once = asyncio.Event()
        at_once.set()
        await server.stop(at_once)


def settings_of(configuration: str) -> Settings:
    return read(configuration, "mediation.toml")


def left_in(server: Server) -> dict[str, int]:
    """What a server still holds of calls."""
    agent = server._engine.agent
    return {
        "calls": len(server._engine.calls),
        "transactions": len(agent.layer),
        "dialogs": len(agent.dialogs),
        "deadlines": len(agent.deadlines),
        "connections": len(server._driver.flows._connections),
    }


async def nothing_left_in(server: Server, *kinds: str) -> None:
    """Wait until nothing is left, of these kinds or at all."""
    await until(
        lambda: not any(number for kind, number in left_in(server).items() if not kinds or kind in kinds)
    )


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what nobody tells: look again and again."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
