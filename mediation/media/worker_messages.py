"""The messages between signalling and a worker that are about the worker itself, and how each goes over a `channel`.

A worker says `Hello` to whoever opens its door (`door`); whoever shall command it from now on says `Adopt`, hears of
every call that the worker carries (`Held`), and then that it is `Ready`.
"""

from dataclasses import dataclass, field

from mediation.settings.peers import Side

NumberedPair = tuple[int, Side, str, int]
"""A pair of ports of a call: its number, its side, and where RTP is bound."""


@dataclass(frozen=True, slots=True)
class Configure:
    """The first message to a worker: what it needs for its whole life."""

    front_end_ports: tuple[int, int]
    """First and last port of the internal interface."""
    gateway_ports: tuple[int, int]
    share: tuple[int, int]
    """(i, n): this worker has every n-th pair of ports, from the i-th on."""
    port_quarantine_s: float
    rtcp_interval_s: float
    """Mean time between reports (RFC 3550 section 6.2)."""
    tick_s: float
    """How long packets may gather, to be served together."""
    statistics_interval_s: float
    core: int = -1
    """The only one to run on; -1: any."""
    real_time_priority: int = 0
    """Of SCHED_FIFO; 0: an ordinary process."""
    socket_buffer_octets: int = 0
    """For each RTP socket; 0: the system's own size."""
    outlive_s: int = 0
    """So long calls go on after the signalling that commands them is gone; 0: they end with it."""
    door: str = ""
    """The beginning of the path where signalling can come back; the process id is the rest. Empty: nowhere."""
    devices: tuple[tuple[str, str], ...] = ()
    """Addresses whose ports are bound to a network interface, and which."""
    wide: bool = False
    """Whether parties may speak wide codecs: what can transcode them is loaded then, before the first call."""
    master: str = field(default="", compare=False)
    """Which signalling process it is that commands."""


@dataclass(frozen=True, slots=True)
class Reopen:
    """Go on with a call whose worker has died: bind its ports again, just these. Answered by MediaLost, or not at all.

    What other commands had been carried out follows as they were given.
    """

    call: str
    seats: tuple[int, int]
    """The pairs of the caller's and of the callee's seat."""
    pairs: tuple[NumberedPair, ...]
    """All that were open."""
    next_pair: int
    """The number of the next further pair."""


@dataclass(frozen=True, slots=True)
class EndWorker:
    """End, and all calls with you. Without this word a closed channel is an accident."""


@dataclass(frozen=True, slots=True)
class Ready:
    """From a worker: it can take calls."""

    pid: int
    denied: str = ""
    """What of its configuration the system has not granted."""


@dataclass(frozen=True, slots=True)
class WorkerStatistics:
    """What a worker has done since its start, told from time to time."""

    calls: int
    """Open now."""
    ports_free: int
    """Pairs of ports that could be handed out now, on the side that has fewer of them."""
    wakes: int
    """Times that it has served its sockets."""
    datagrams: int
    """Readable sockets it has served: packets, of all kinds."""
    latest_s: float
    """The longest that serving the sockets once has taken since the last statistics: so long may a packet
    have waited beyond its tick."""
    failures: int
    """Calls ended by an error of ours."""


@dataclass(frozen=True, slots=True)
class Hello:
    """The first word of a worker to whoever opens its door."""

    release: str
    """Of our program. Another one may speak otherwise: that is all to be understood of it."""
    pid: int
    configure: Configure
    calls: int


@dataclass(frozen=True, slots=True)
class Adopt:
    """I command you from now on. With it come the descriptors of standard error, and of the two if they are there."""

    master: str
    """Who that is."""
    shelf: bool = False
    tape: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """One call that a worker carries when it is adopted."""

    call: str
    orphan: bool
    """It was another signalling process that has opened it."""
    pairs: tuple[NumberedPair, ...]
    next_pair: int


@dataclass(frozen=True, slots=True)
class OrphanEnded:
    """A call that nobody commands is over."""

    call: str
    reason: str


WorkerMessage = (
    Configure | Reopen | EndWorker | Ready | WorkerStatistics | Hello | Adopt | Held | OrphanEnded
)  # fmt: skip


def worker_fields(message: WorkerMessage) -> list[object]:
    """A message as a list whose first item names it."""
    match message:
        case Configure():
            return ["configure", *_configure_fields(message)]
        case Reopen(call, seats, pairs, next_pair):
            return ["reopen", call, *seats, next_pair, *(item for one in pairs for item in one)]
        case EndWorker():
            return ["end"]
        case Ready(pid, denied):
            return ["ready", pid, denied]
        case WorkerStatistics(calls, ports_free, wakes, datagrams, latest_s, failures):
            return ["statistics", calls, ports_free, wakes, datagrams, latest_s, failures]
        case Hello(release, pid, configure, calls):
            return ["hello", release, pid, calls, *_configure_fields(configure)]
        case Adopt(master, shelf, tape):
            return ["adopt", master, shelf, tape]
        case Held(call, orphan, pairs, next_pair):
            return ["held", call, orphan, next_pair, *(item for one in pairs for item in one)]
        case OrphanEnded(call, reason):
            return ["orphan ended", call, reason]


def worker_message(fields: object) -> WorkerMessage | None:
    """The message in such a list; None, or ValueError: it is none of these."""
    match fields:
        case ["configure", *rest]:
            return _configure(rest)
        case ["reopen", str(call), int(m), int(n), int(next_pair), *pairs]:
            return Reopen(call, (m, n), _numbered_pairs(pairs), next_pair)
        case ["end"]:
            return EndWorker()
        case ["ready", int(pid), str(denied)]:
            return Ready(pid, denied)
        case ["statistics", int(a), int(b), int(c), int(d), int() | float() as late, int(e)]:
            return WorkerStatistics(a, b, c, d, late, e)
        case ["hello", str(release), int(pid), int(calls), *rest]:
            configure = _configure(rest)
            return None if configure is None else Hello(release, pid, configure, calls)
        case ["adopt", str(master), bool(shelf), bool(tape)]:
            return Adopt(master, shelf, tape)
        case ["held", str(call), bool(orphan), int(next_pair), *pairs]:
            return Held(call, orphan, _numbered_pairs(pairs), next_pair)
        case ["orphan ended", str(call), str(reason)]:
            return OrphanEnded(call, reason)
    return None


def _configure_fields(message: Configure) -> list[object]:
    return [
        *message.front_end_ports, *message.gateway_ports, *message.share,
        message.port_quarantine_s, message.rtcp_interval_s, message.tick_s,
        message.statistics_interval_s, message.core, message.real_time_priority,
        message.socket_buffer_octets, message.outlive_s, message.door, message.wide, message.master,
        *(item for pair in message.devices for item in pair),
    ]  # fmt: skip


def _configure(fields: list[object]) -> Configure | None:
    match fields:
        case [
            int(a), int(b), int(c), int(d), int(i), int(n),
            int() | float() as q, int() | float() as r, int() | float() as t, int() | float() as s,
            int(core), int(priority), int(buffer), int(outlive_s), str(door), bool(wide), str(master), *devices,
        ]:  # fmt: skip
            words = [device for device in devices if isinstance(device, str)]
            if len(words) < len(devices) or len(words) % 2:
                return None
            bound = tuple(zip(words[::2], words[1::2], strict=True))
            return Configure(
                (a, b),
                (c, d),
                (i, n),
                q,
                r,
                t,
                s,
                core,
                priority,
                buffer,
                outlive_s,
                door,
                bound,
                wide,
                master,
            )
    return None


def _numbered_pairs(fields: list[object]) -> tuple[NumberedPair, ...]:
    pairs: list[NumberedPair] = []
    for one in (fields[index : index + 4] for index in range(0, len(fields), 4)):
        match one:
            case [int(number), str(side), str(host), int(port)]:
                pairs.append((number, Side(side), host, port))
            case _:
                raise ValueError(f"no pair: {str(one)[:80]}")
    return tuple(pairs)
