"""A simulator as a process: sockets, audio and a journal round one `UserAgent`."""

import asyncio
import os
import secrets
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from mediation.lab.behaviour import Behaviour
from mediation.lab.journal import Journal
from mediation.lab.simulated_call import OVER, StartAudio, StopAudio
from mediation.lab.stream import CALLEE, CALLER, AudioStream, Recording, voice
from mediation.lab.traits import USUAL, Traits
from mediation.lab.user_agent import Noted, Placement, Seen, UserAgent
from mediation.net.driver import Driver
from mediation.routing.routes import listener_for
from mediation.settings.places import Listener, Target
from mediation.sip.flow import Endpoint
from mediation.sip.ids import IdSource
from mediation_codecs.law import Law

STOP_LIMIT_S = 2.0
"""How long calls may take to be hung up when the simulator is told to stop."""
_ANYBODY = ""
"""Whose voice is heard in calls that nobody foresaw."""


@dataclass(frozen=True, slots=True)
class SimulatorSettings:
    """What a simulator is told on its command line."""

    name: str
    law: Law
    listen: tuple[Listener, ...]
    default: Behaviour
    behaviours: Mapping[str, Behaviour] = field(default_factory=dict)
    """By called number."""
    first_rtp_port: int = 40000
    journal: Path | None = None
    target: Target | None = None
    """Whom calls of its own are placed at."""
    calls: tuple[tuple[float, Placement], ...] = ()
    """Seconds from the start, and the call."""
    traits: Traits = USUAL
    """What it supports."""
    wait_for_line: bool = False
    """Whether the start of those calls is a line on standard input; its end is the end of the simulator."""


async def simulate(settings: SimulatorSettings, say: Callable[[str], None]) -> None:
    """Run until SIGTERM or SIGINT. Raises ListenError. `say` gets lines for people."""
    simulator = Simulator(settings, say)
    await simulator.start()
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopping.set)
    say(f"{settings.name}: listening on {', '.join(map(str, settings.listen))} ({settings.default.name})")

    def line_read() -> None:
        if os.read(0, 4096):
            simulator.place_calls()
        else:  # whoever was to say when it begins is gone
            loop.remove_reader(0)
            stopping.set()

    if settings.wait_for_line:
        loop.add_reader(0, line_read)
    else:
        simulator.place_calls()
    await stopping.wait()
    await simulator.stop()


class Simulator:
    """One simulated user agent over real sockets."""

    def __init__(self, settings: SimulatorSettings, say: Callable[[str], None]) -> None:
        self._settings = settings
        self._say = say
        self._agent = UserAgent(
            settings.name,
            settings.law,
            IdSource(secrets.token_hex),
            settings.behaviours,
            settings.default,
            settings.first_rtp_port,
            settings.traits,
        )
        self._driver: Driver[Seen | Noted | StartAudio | StopAudio] = Driver(self._agent, self._perform)
        self._streams: dict[Endpoint, AudioStream] = {}
        self._voices: dict[tuple[str, str], bytes] = {}
        self._file = settings.journal.open("w", encoding="utf-8") if settings.journal else None
        self._journal = Journal(self._file) if self._file else None
        self._timers: list[asyncio.TimerHandle] = []
        self._quiet = asyncio.Event()

    async def start(self) -> None:
        """Bind, and make the voices of the calls that are foreseen. Raises ListenError."""
        settings = self._settings
        foreseen = [(placement.number, CALLER) for _, placement in settings.calls]
        foreseen += [(number, CALLEE) for number in settings.behaviours]
        for key in foreseen or [(_ANYBODY, CALLEE)]:
            self._voices[key] = voice(*key, settings.law)
        await self._driver.start(self._settings.listen)

    def place_calls(self) -> None:
        """Let the calls begin that the settings ask for."""
        target = self._settings.target
        if target is None:
            return
        listener = listener_for(target, self._settings.listen)
        if listener is None:
            self._say(f"{self._settings.name}: no --listen speaks the transport and family of {target.uri}")
            return
        loop = asyncio.get_running_loop()
        for after_s, placement in self._settings.calls:

            def place(placement: Placement = placement) -> None:
                self._driver.apply(lambda now: self._agent.place(placement, target, listener, now))

            self._timers.append(loop.call_later(after_s, place))

    async def stop(self) -> None:
        """Hang up, wait a little, close."""
        for timer in self._timers:
            timer.cancel()
        self._driver.apply(self._agent.hang_up_all)
        if self._agent.calls:
            self._quiet.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(STOP_LIMIT_S):
                    await self._quiet.wait()
        for local in list(self._streams):
            self._close_stream(local)
        await self._driver.aclose()
        if self._file is not None:
            self._file.close()

    def _perform(self, output: Seen | Noted | StartAudio | StopAudio) -> None:
        match output:
            case Seen():
                self._write(output)
            case Noted(call, what):
                self._write(output)
                if what == OVER and not self._agent.calls:
                    self._quiet.set()
                self._say(
                    f"{self._settings.name}: {call} {what}" if call else f"{self._settings.name}: {what}"
                )
            case StartAudio():
                self._start_audio(output)
            case StopAudio(_, local):
                self._close_stream(local)

    def _start_audio(self, start: StartAudio) -> None:
        stream = self._streams.get(start.local)
        if stream is not None:
            stream.redirect(start)
            return
        speaks_as = CALLER if start.caller else CALLEE
        try:
            self._streams[start.local] = AudioStream(
                start, self._voice(start.call, speaks_as), keeps=self._journal is not None
            )
        except OSError as error:
            self._say(
                f"{self._settings.name}: {start.call} no audio: port {start.local[1]}: {error.strerror}"
            )

    def _voice(self, call: str, speaks_as: str) -> bytes:
        """Of its own for a call that was foreseen; what nobody foresaw shares one, for making it takes time."""
        key = (call, speaks_as)
        if key not in self._voices:
            key = (_ANYBODY, speaks_as)
        if key not in self._voices:
            self._voices[key] = voice(*key, self._settings.law)
        return self._voices[key]

    def _close_stream(self, local: Endpoint) -> None:
        stream = self._streams.pop(local, None)
        if stream is not None:
            self._write(stream.close())

    def _write(self, entry: Seen | Noted | Recording) -> None:
        if self._journal is not None:
            self._journal.write(entry, self._driver.now())
