"""The two measurements: what a call costs, and what a packet costs."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mediation_codecs.g711 import Law
from mediation_codecs.transcode import translation_table
from tests.bench.accounting import Books, Cores, stay_on
from tests.bench.generator import Direction, Outcome, exchange, variety
from tests.interop.daemon import Daemon
from tests.interop.phone import Dialog, Phone
from tests.interop.rtp import Talker
from tests.interop.scenarios import Options
from tests.interop.scene import PCMA, PCMU, Scene, claimed

FIRST_PORT: Final = 10000
HOLD_MS: Final = 100


@dataclass(frozen=True, slots=True)
class CallCost:
    """SIPp on both sides, calls at a steady rate, answered at once, held for a moment, no audio."""

    rate: int
    calls: int
    retransmissions: int
    signalling_ms: float
    """CPU of the signalling process for one call."""
    media_ms: float
    """CPU of the media workers for one call: opening and closing its ports, and their idle ticks."""


@dataclass(frozen=True, slots=True)
class PacketCost:
    """Calls that are up, 50 packets a second each way, A-law on one side and µ-law on the other."""

    calls: int
    packets: int
    media_us: float
    """CPU of the media workers for one packet."""
    signalling_us: float
    """CPU of the signalling process while one packet passes; it should have nothing to do."""
    delay_p50_ms: float
    delay_p99_ms: float
    """From one socket of the generator to the other, through the daemon."""
    bare_delay_p50_ms: float
    """The same without the daemon between: the generator's own share."""
    lost: int
    wrong: int
    memory_kb: float
    """Resident memory for each call that is up."""


def measure_calls(cores: Cores, rate: int, seconds: int) -> CallCost:
    """Let one SIPp call another one through the daemon; AssertionError unless every call goes well."""
    calls = max(1, rate * seconds)
    patience_s = seconds + 30
    of_callee = Options(law=PCMA, calls=calls, traced=False, patience_s=patience_s)
    of_caller = Options(
        law=PCMU, calls=calls, traced=False, patience_s=patience_s, rate=rate, pause_ms=HOLD_MS
    )
    with _daemon_on_its_core(cores, calls) as (scene, daemon):
        with scene.uas("uas_answer", scene.sbc, **of_callee):
            before = Books.of(daemon.process.pid)
            uac = scene.uac("uac_call", scene.front_end, scene.internal, **of_caller)
        after = Books.of(daemon.process.pid)
        retransmissions = uac.count("Retransmissions")
    return CallCost(
        rate=rate,
        calls=calls,
        retransmissions=retransmissions,
        signalling_ms=(after.signalling_cpu_ns - before.signalling_cpu_ns) / calls / 1e6,
        media_ms=(after.media_cpu_ns - before.media_cpu_ns) / calls / 1e6,
    )


def measure_packets(cores: Cores, calls: int, seconds: float) -> PacketCost:
    """Hold calls up through the daemon and let both parties of each talk."""
    with _daemon_on_its_core(cores, calls) as (scene, daemon), ExitStack() as sockets:
        caller = sockets.enter_context(Phone(scene.front_end))
        callee = sockets.enter_context(Phone(scene.sbc))
        ends = [_ends(scene, sockets, number) for number in range(calls)]
        bare = exchange(_directions(ends[:1], [(ends[0][1].address, ends[0][0].address)], bare=True), 1.0)
        empty = Books.of(daemon.process.pid)
        dialogs = [_call(scene, caller, callee, inside, outside) for inside, outside in ends]
        targets = [(mine.audio, theirs.audio) for mine, theirs in dialogs]
        before = Books.of(daemon.process.pid)
        outcome = exchange(_directions(ends, targets), seconds)
        after = Books.of(daemon.process.pid)
        for mine, _ in dialogs:
            mine.hang_up()
            callee.hung_up()
    return _packet_cost(calls, outcome, bare, empty, before, after)


def _packet_cost(
    calls: int, outcome: Outcome, bare: Outcome, empty: Books, before: Books, after: Books
) -> PacketCost:
    return PacketCost(
        calls=calls,
        packets=outcome.sent,
        media_us=(after.media_cpu_ns - before.media_cpu_ns) / outcome.sent / 1e3,
        signalling_us=(after.signalling_cpu_ns - before.signalling_cpu_ns) / outcome.sent / 1e3,
        delay_p50_ms=outcome.delay_ms(0.50),
        delay_p99_ms=outcome.delay_ms(0.99),
        bare_delay_p50_ms=bare.delay_ms(0.50),
        lost=outcome.lost,
        wrong=outcome.wrong,
        memory_kb=(after.resident_octets - empty.resident_octets) / calls / 1024,
    )


@contextmanager
def _daemon_on_its_core(cores: Cores, calls: int) -> Iterator[tuple[Scene, Daemon]]:
    """Start the daemon on its core; everybody else, this process too, goes to the other one."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, claimed(Path(folder)) as scene:
        stay_on(cores.daemon)
        with scene.daemon(calls=calls) as daemon:
            stay_on(cores.load)
            yield scene, daemon


Ends = tuple[Talker, Talker]


def _ends(scene: Scene, sockets: ExitStack, number: int) -> Ends:
    port = FIRST_PORT + 2 * number
    inside = sockets.enter_context(Talker.at((scene.front_end[0], port), PCMU))
    return inside, sockets.enter_context(Talker.at((scene.sbc[0], port), PCMA))


def _call(
    scene: Scene, caller: Phone, callee: Phone, inside: Talker, outside: Talker
) -> tuple[Dialog, Dialog]:
    call_id = caller.invite(scene.internal, inside.address, PCMU)
    theirs = callee.answer(outside.address, PCMA)
    return caller.answered(call_id, scene.internal), theirs


def _directions(
    ends: list[Ends], targets: list[tuple[tuple[str, int], tuple[str, int]]], *, bare: bool = False
) -> list[Direction]:
    """Both directions of each call: µ-law becomes A-law on its way out, and the other way round."""
    outward = variety(None if bare else translation_table(Law.PCMU, Law.PCMA))
    inward = variety(None if bare else translation_table(Law.PCMA, Law.PCMU))
    directions = []
    for (inside, outside), (to_inner, to_outer) in zip(ends, targets, strict=True):
        directions.append(Direction(inside.socket, outside.socket, to_inner, PCMU, *outward))
        directions.append(Direction(outside.socket, inside.socket, to_outer, PCMA, *inward))
    return directions
