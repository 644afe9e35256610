"""Who carries the audio that is measured: our media workers by their real port, the whole daemon, or rtpengine."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, Protocol

from mediation.b2bua.media_commands import ApplyMedia, CloseMedia, OpenMedia
from mediation.b2bua.media_facts import MediaClosed, MediaFact, MediaOpened
from mediation.b2bua.plan import MediaPlan, Stream
from mediation.media.engine import WorkerMediaEngine
from mediation.media.worker_settings import WorkerSettings
from mediation.sdp.crypto import SrtpKeys
from mediation.settings.peers import Side
from mediation_codecs.law import Law
from tests.bench.accounting import Cores, descendants, placed
from tests.bench.measures import daemon_on_its_core
from tests.bench.patterns import PAIRS, tables_of_the_itu
from tests.bench.rtpengine import Rtpengine
from tests.interop.daemon import Daemon
from tests.interop.phone import Dialog, Phone
from tests.interop.scene import Scene

Address = tuple[str, int]

INTERNAL: Final = "127.9.0.10"
GATEWAY: Final = "127.9.0.11"
CALLER: Final = "127.9.0.20"
CALLEE: Final = "127.9.0.30"
PAYLOAD_TYPES: Final = {Law.PCMU: 0, Law.PCMA: 8}
FACT_LIMIT_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Place:
    """A party of a call: where it hears and speaks, and its law."""

    rtp: Address
    law: Law
    keys: SrtpKeys | None = None
    """As the server has them. Those of our own that take the worker's port can have some."""


class Carrier(Protocol):
    """Something that relays calls."""

    @property
    def name(self) -> str:
        """For the table."""

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes whose time is counted."""

    @property
    def tables(self) -> list[bytes]:
        """What it makes of each code, for each of `patterns.PAIRS`."""

    async def open(self, call: str, caller: Place, callee: Place) -> tuple[Address, Address]:
        """Set a call up; returns where the caller and where the callee must send to."""

    async def close(self, call: str) -> None:
        """End it."""


@dataclass(eq=False, slots=True)
class Workers:
    """Our engine with its worker processes."""

    engine: WorkerMediaEngine = field(init=False)
    name: str = "ours"
    tables: list[bytes] = field(default_factory=tables_of_the_itu)
    _waiting: dict[str, asyncio.Future[MediaFact]] = field(default_factory=dict)

    @property
    def pids(self) -> tuple[int, ...]:
        """See Carrier."""
        return tuple(self.engine.workers.values())

    async def open(self, call: str, caller: Place, callee: Place) -> tuple[Address, Address]:
        """See Carrier."""
        opened = await self._fact(OpenMedia(call, Side.FRONT_END, Side.GATEWAY, (INTERNAL, GATEWAY)))
        assert isinstance(opened, MediaOpened), opened
        self.engine.perform(ApplyMedia(call, MediaPlan(_stream(caller), _stream(callee), 600)))
        return opened.caller, opened.callee

    async def close(self, call: str) -> None:
        """See Carrier."""
        closed = await self._fact(CloseMedia(call))
        assert isinstance(closed, MediaClosed), closed

    def hear(self, fact: MediaFact) -> None:
        """For the engine."""
        if waiting := self._waiting.pop(fact.call, None):
            waiting.set_result(fact)

    async def _fact(self, command: OpenMedia | CloseMedia) -> MediaFact:
        waiting: asyncio.Future[MediaFact] = asyncio.get_running_loop().create_future()
        self._waiting[command.call] = waiting
        self.engine.perform(command)
        async with asyncio.timeout(FACT_LIMIT_S):
            return await waiting


@dataclass(eq=False, slots=True)
class Peer:
    """rtpengine."""

    daemon: Rtpengine
    tables: list[bytes]
    name: str = "rtpengine"

    @property
    def pids(self) -> tuple[int, ...]:
        """See Carrier."""
        return (self.daemon.pid,)

    async def open(self, call: str, caller: Place, callee: Place) -> tuple[Address, Address]:
        """See Carrier."""
        parties = ((place.rtp, PAYLOAD_TYPES[place.law]) for place in (caller, callee))
        return self.daemon.open(call, *parties)

    async def close(self, call: str) -> None:
        """See Carrier."""
        self.daemon.close(call)


@dataclass(eq=False, slots=True)
class Whole:
    """The daemon as its users have it: calls by SIP, a log, call records, a configuration that is read again."""

    scene: Scene
    daemon: Daemon
    caller: Phone
    callee: Phone
    name: str = "daemon"
    tables: list[bytes] = field(default_factory=tables_of_the_itu)
    _dialogs: dict[str, Dialog] = field(default_factory=dict)

    @property
    def pids(self) -> tuple[int, ...]:
        """See Carrier: the workers'."""
        return descendants(self.daemon.process.pid)

    async def open(self, call: str, caller: Place, callee: Place) -> tuple[Address, Address]:
        """See Carrier."""
        call_id = self.caller.invite(self.scene.internal, caller.rtp, PAYLOAD_TYPES[caller.law])
        theirs = self.callee.answer(callee.rtp, PAYLOAD_TYPES[callee.law])
        mine = self._dialogs[call] = self.caller.answered(call_id, self.scene.internal)
        return mine.audio, theirs.audio

    async def close(self, call: str) -> None:
        """See Carrier."""
        self._dialogs.pop(call).hang_up()
        self.callee.hung_up()

    def read_again(self) -> None:
        """What the operator's reload is."""
        self.daemon.process.send_signal(signal.SIGHUP)


@asynccontextmanager
async def whole(cores: Cores) -> AsyncIterator[Whole]:
    """The daemon, alone on its core."""
    with (
        daemon_on_its_core(cores, None) as (scene, daemon),
        Phone(scene.front_end) as caller,
        Phone(scene.sbc) as callee,
    ):
        yield Whole(scene, daemon, caller, callee)


@asynccontextmanager
async def workers(cores: Cores, count: int = 1) -> AsyncIterator[Workers]:
    """Our engine, its workers on the core that is theirs alone."""
    carrier = Workers()
    settings = WorkerSettings(
        front_end_ports=(10000, 29999), gateway_ports=(10000, 29999), workers=count, port_quarantine_s=1.0
    )
    carrier.engine = WorkerMediaEngine(settings, carrier.hear)
    with placed(cores.daemon):
        await carrier.engine.start()
    try:
        yield carrier
    finally:
        await carrier.engine.aclose()


@asynccontextmanager
async def peer(cores: Cores) -> AsyncIterator[Peer]:
    """The same of rtpengine."""
    with Rtpengine(INTERNAL, cores.daemon) as daemon:
        # Its tables are libavcodec's, not the ITU's: it is judged by what it says itself.
        tables = [
            bytes(range(256)) if source is sink
            else daemon.table(PAYLOAD_TYPES[source], PAYLOAD_TYPES[sink], CALLER, CALLEE)
            for source, sink in PAIRS
        ]  # fmt: skip
        yield Peer(daemon, tables)


def _stream(place: Place) -> Stream:
    host, port = place.rtp
    payload_type = PAYLOAD_TYPES[place.law]
    return Stream(place.rtp, (host, port + 1), place.law, payload_type, 101, 20, True, True, srtp=place.keys)
