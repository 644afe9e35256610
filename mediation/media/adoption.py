"""How signalling comes by a worker that runs already: its own, to which the channel is lost, or one of a signalling
process before it that has died."""

import asyncio
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mediation import __version__
from mediation.b2bua.media_facts import MediaFact
from mediation.media.channel import LARGEST, Channel, ChannelError, Message, decode, encode
from mediation.media.door import is_stranger, peer
from mediation.media.lives import Foundling, Life
from mediation.media.notices import WorkerLeft
from mediation.media.worker_messages import Adopt, Held, Hello, Ready, WorkerMessage
from mediation.media.worker_settings import WorkerSettings

VISIT_LIMIT_S: Final = 3.0
"""A worker answers within a tick. One that does not by then hangs."""

RECLAIM_LIMIT_S: Final = 5.0
"""So long a worker that lives, as it seems, is tried again."""

PAUSE_S: Final = 0.02
"""Between two tries: a process that dies has closed its channel a little sooner than it is gone."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """A worker that is ours from now on."""

    life: Foundling
    channel: Channel
    denied: str
    held: tuple[Held, ...]
    facts: tuple[MediaFact, ...]
    """What it could not tell before."""


class Visit:
    """At the door of one worker."""

    def __init__(self, sock: socket.socket, life: Foundling, hello: Hello) -> None:
        """For `knock`."""
        self._socket = sock
        self.life = life
        self.hello = hello

    def leave(self) -> None:
        """It is not to be ours."""
        self._socket.close()
        self.life.forget()

    async def adopt(self, master: str, settings: WorkerSettings) -> Adopted:
        """Make it ours. Raises ChannelError: another signalling commands it, or it says nothing."""
        try:
            return await self._adopt(master, settings)
        except BaseException:
            self.leave()
            raise

    async def _adopt(self, master: str, settings: WorkerSettings) -> Adopted:
        shelf, tape = settings.shelf, settings.tape
        descriptors = [2, *(descriptor for descriptor in (shelf, tape) if descriptor >= 0)]
        held: list[Held] = []
        facts: list[MediaFact] = []
        try:
            socket.send_fds(self._socket, [encode(Adopt(master, shelf >= 0, tape >= 0))], descriptors)
            async with asyncio.timeout(VISIT_LIMIT_S):
                while not isinstance(message := await _heard(self._socket), Ready):
                    if isinstance(message, Held):
                        held.append(message)
                    elif isinstance(message, MediaFact):
                        facts.append(message)
                    elif isinstance(message, WorkerMessage):
                        raise ChannelError(f"not from a worker that is adopted: {type(message).__name__}")
        except (OSError, TimeoutError) as error:
            raise ChannelError(f"it does not answer: {error}") from error
        return Adopted(self.life, Channel(self._socket), message.denied, tuple(held), tuple(facts))


class NobodyAtHomeError(Exception):
    """Behind this door there is no process any more."""


async def knock(path: Path) -> Visit:
    """Raises NobodyAtHomeError, and ChannelError when it says nothing of use, or is not our user's."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    life: Foundling | None = None
    try:
        sock.setblocking(False)
        async with asyncio.timeout(VISIT_LIMIT_S):
            await asyncio.get_running_loop().sock_connect(sock, str(path))
            if is_stranger(sock):
                raise ChannelError("it is another user's")
            life = Foundling(peer(sock)[0])  # before it speaks: so the number is its own
            hello = await _heard(sock)
        if not isinstance(hello, Hello):
            raise ChannelError("it does not say hello")
    except BaseException as error:
        sock.close()
        if life is not None:
            life.forget()
        if isinstance(error, ConnectionRefusedError | FileNotFoundError | ProcessLookupError):
            raise NobodyAtHomeError from error
        if isinstance(error, OSError):  # TimeoutError is one
            raise ChannelError(f"it does not answer: {error}") from error
        raise
    return Visit(sock, life, hello)


async def adopt_all(settings: WorkerSettings, master: str) -> tuple[dict[int, Adopted], list[WorkerLeft]]:
    """All workers that a signalling process of this configuration has left behind, by number; and those that cannot
    be ours."""
    if not (settings.door and settings.outlive_s):
        return {}, []
    beginning = Path(settings.door)
    paths = [path for path in beginning.parent.glob(f"{beginning.name}*") if path.suffix[1:].isdecimal()]
    visits: dict[int, Visit] = {}
    left: list[WorkerLeft] = []
    knocks = await asyncio.gather(*map(knock, paths), return_exceptions=True)
    for path, visit in zip(paths, knocks, strict=True):
        match visit:
            case Visit(hello=hello):
                index = hello.configure.share[0]
                if why := _unfit(hello, settings, taken=index in visits):
                    visit.leave()
                    left.append(WorkerLeft(hello.pid, why, hello.calls))
                else:
                    visits[index] = visit
            case NobodyAtHomeError():
                with suppress(OSError):
                    path.unlink()
            case ChannelError():
                left.append(WorkerLeft(int(path.suffix[1:]), str(visit), 0))
            case BaseException():
                raise visit
    adopting = (visit.adopt(master, settings) for visit in visits.values())
    adopted: dict[int, Adopted] = {}
    for (index, visit), outcome in zip(
        visits.items(), await asyncio.gather(*adopting, return_exceptions=True), strict=True
    ):
        match outcome:
            case Adopted():
                adopted[index] = outcome
            case ChannelError():
                left.append(WorkerLeft(visit.hello.pid, str(outcome), visit.hello.calls))
            case BaseException():
                raise outcome
    return adopted, left


async def reclaim(life: Life, settings: WorkerSettings, master: str) -> Adopted | None:
    """Another channel to a worker of ours; None: it is gone, or as good as that."""
    if not (settings.door and settings.outlive_s):
        return None
    path = Path(f"{settings.door}{life.pid}")
    with suppress(TimeoutError):
        async with asyncio.timeout(RECLAIM_LIMIT_S):
            while life.lives:
                with suppress(NobodyAtHomeError, ChannelError):
                    adopted = await (await knock(path)).adopt(master, settings)
                    adopted.life.forget()
                    return adopted
                await asyncio.sleep(PAUSE_S)
    return None


def _unfit(hello: Hello, settings: WorkerSettings, *, taken: bool) -> str:
    """Why a worker cannot be ours; empty: it can."""
    index = hello.configure.share[0]
    if hello.release != __version__:
        return f"it is of release {hello.release}"
    if taken or hello.configure != settings.configure(index, ""):
        return "it has another configuration"
    return ""


async def _heard(sock: socket.socket) -> Message:
    """The next message. Raises ChannelError and OSError."""
    octets = await asyncio.get_running_loop().sock_recv(sock, LARGEST)
    if not octets:
        raise ChannelError("it has turned us away")
    return decode(octets)
