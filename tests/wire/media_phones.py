"""Two phones and the media engine between them, on real sockets and with real worker processes."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TypeVar

from mediation.b2bua.media_commands import ApplyMedia, CloseMedia, OpenMedia, OpenPair
from mediation.b2bua.media_facts import MediaClosed, MediaFact, MediaOpened, PairOpened
from mediation.b2bua.plan import FaxPlan, MediaPlan, Stream
from mediation.media.engine import WorkerMediaEngine
from mediation.media.notices import Notice
from mediation.media.worker_settings import WorkerSettings
from mediation.rtp.packet import build
from mediation.settings.peers import Side
from mediation_codecs.law import Law
from tests.unit.media.circuit import own

INTERNAL, GATEWAY, CALLER, CALLEE, STRANGER, TARGET = (own(number) for number in range(10, 16))
LIMIT_S = 10.0
"""What takes longer is not coming, even on a busy machine."""

PAYLOAD_TYPES = {Law.PCMU: 0, Law.PCMA: 8}
Kind = TypeVar("Kind", bound=MediaFact)
NoticeKind = TypeVar("NoticeKind", bound=Notice)


class Phone:
    """RTP and RTCP sockets of one party, and a stream that goes on with each packet."""

    def __init__(self, host: str, law: Law, event: int | None = 101) -> None:
        self.rtp, self.rtcp = udp(host), udp(host)
        self.law = law
        self.event = event
        self.to: tuple[str, int] = ("", 0)
        self.ssrc = 0xABCD
        self._number = 0

    def stream(self, *, sends: bool = True, takes: bool = True) -> Stream:
        """What the phone describes."""
        return Stream(
            self.rtp.getsockname(), self.rtcp.getsockname(), self.law, PAYLOAD_TYPES[self.law], self.event, 20,
            sends, takes,
        )  # fmt: skip

    def say(self, payload: bytes, *, payload_type: int | None = None, marker: bool = False) -> None:
        """The next packet; an event keeps the time of the audio before it."""
        kind = PAYLOAD_TYPES[self.law] if payload_type is None else payload_type
        octets = build(kind, self._number & 0xFFFF, 160 * self._number, self.ssrc, payload, marker=marker)
        self._number += 1
        self.rtp.sendto(octets, self.to)

    def hear(self) -> bytes:
        """The next packet that comes; TimeoutError when none does."""
        return self.rtp.recv(2048)

    def hears_nothing(self) -> bool:
        """Whether nothing is there. What a worker was told before it settled would be."""
        self.rtp.setblocking(False)
        try:
            self.rtp.recv(2048)
        except BlockingIOError:
            return True
        finally:
            self.rtp.settimeout(LIMIT_S)
        return False

    def close(self) -> None:
        """Go."""
        self.rtp.close()
        self.rtcp.close()

    def hear_report(self) -> bytes:
        """The same of RTCP."""
        return self.rtcp.recv(2048)


class Media:
    """The engine, and all that it says."""

    def __init__(self, settings: WorkerSettings) -> None:
        self.engine = WorkerMediaEngine(settings, self._hear, self._note)
        self._facts: list[MediaFact] = []
        self._notices: list[Notice] = []
        self._came = asyncio.Event()
        self._open: set[str] = set()

    async def fact(self, kind: type[Kind], call: str) -> Kind:
        """The next fact of a kind about a call. Fails when another kind comes about it, or none in time."""
        async with asyncio.timeout(LIMIT_S):
            while True:
                for fact in self._facts:
                    if fact.call == call:
                        self._facts.remove(fact)
                        assert isinstance(fact, kind)
                        return fact
                self._came.clear()
                await self._came.wait()

    async def any_fact(self) -> MediaFact:
        """The next fact, about whichever call."""
        async with asyncio.timeout(LIMIT_S):
            while not self._facts:
                self._came.clear()
                await self._came.wait()
            return self._facts.pop(0)

    async def notice(self, kind: type[NoticeKind]) -> NoticeKind:
        """The next notice of a kind."""
        async with asyncio.timeout(LIMIT_S):
            while True:
                for notice in self._notices:
                    if isinstance(notice, kind):
                        self._notices.remove(notice)
                        return notice
                self._came.clear()
                await self._came.wait()

    @property
    def unheard(self) -> list[MediaFact]:
        """Facts that nobody has waited for."""
        return list(self._facts)

    async def open(self, call: str, *phones: Phone) -> MediaOpened:
        """Ports for a call from the front end to the gateway; the phones, caller first, learn them."""
        self.engine.perform(OpenMedia(call, Side.FRONT_END, Side.GATEWAY, (INTERNAL, GATEWAY)))
        opened = await self.fact(MediaOpened, call)
        self._open.add(call)
        for phone, port in zip(phones, (opened.caller, opened.callee), strict=False):
            phone.to = port
        return opened

    async def connect(self, call: str, caller: Phone, callee: Phone, silence_s: float = 30.0) -> MediaOpened:
        """Open and apply; when it returns, the plan is in force."""
        opened = await self.open(call, caller, callee)
        self.engine.perform(ApplyMedia(call, MediaPlan(caller.stream(), callee.stream(), silence_s)))
        await self.settle()
        return opened

    async def open_pair(self, call: str, phone: Phone) -> int:
        """A further pair on the gateway side; the phone learns it. Its number comes back."""
        self.engine.perform(OpenPair(call, Side.GATEWAY, GATEWAY))
        opened = await self.fact(PairOpened, call)
        phone.to = opened.endpoint
        return opened.pair

    async def apply(self, call: str, plan: MediaPlan | FaxPlan) -> None:
        """When it returns, the plan is in force."""
        self.engine.perform(ApplyMedia(call, plan))
        await self.settle()

    async def settle(self) -> None:
        """Wait until the workers have done what they were told: each opens and closes one more call.

        That reaches all of them where none has two calls more than another.
        """
        calls = [f"settling {pid}" for pid in self.engine.workers.values()]
        for call in calls:
            await self.open(call)
        for call in calls:
            await self.close(call)

    async def read(self, datagrams: int) -> None:
        """Wait until so many have been read that were sent to one port: one is in each wake of a worker.

        And a worker that is told quickly enough opens and closes a call in one.
        """
        for _ in range(datagrams + 1):
            await self.settle()

    async def close(self, call: str) -> MediaClosed:
        """End a call and hear the last word."""
        self._open.discard(call)
        self.engine.perform(CloseMedia(call))
        return await self.fact(MediaClosed, call)

    async def clear(self) -> None:
        """End what a test has left open, and forget what was said."""
        for call in tuple(self._open):
            self._open.discard(call)
            self.engine.perform(CloseMedia(call))
        await self.settle()
        self._facts.clear()
        self._notices.clear()

    def _hear(self, fact: MediaFact) -> None:
        self._facts.append(fact)
        self._came.set()

    def _note(self, notice: Notice) -> None:
        self._notices.append(notice)
        self._came.set()


@asynccontextmanager
async def running(settings: WorkerSettings) -> AsyncIterator[Media]:
    """An engine with its workers ready."""
    media = Media(settings)
    await media.engine.start()
    try:
        yield media
    finally:
        await media.engine.aclose()


@contextmanager
def phones(
    caller: Law = Law.PCMU, callee: Law = Law.PCMA, events: tuple[int | None, int | None] = (101, 96)
) -> Iterator[tuple[Phone, Phone]]:
    """A caller on the internal side and a callee on the gateway's."""
    pair = (Phone(CALLER, caller, events[0]), Phone(CALLEE, callee, events[1]))
    try:
        yield pair
    finally:
        for phone in pair:
            phone.close()


@contextmanager
def phone(host: str, law: Law = Law.PCMA, ssrc: int = 0xBCDE) -> Iterator[Phone]:
    """One more."""
    made = Phone(host, law)
    made.ssrc = ssrc
    try:
        yield made
    finally:
        made.close()


def udp(host: str) -> socket.socket:
    """A socket that waits no longer than LIMIT_S."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(LIMIT_S)
    sock.bind((host, 0))
    return sock
