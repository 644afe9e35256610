"""What a call costs the whole daemon, and the daemon as it is measured: alone on its core."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.accounting import Books, Cores, placed, stay_on
from tests.interop.daemon import Daemon
from tests.interop.scenarios import Options
from tests.interop.scene import PCMA, PCMU, Scene, claimed

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


def measure_calls(cores: Cores, rate: int, seconds: int) -> CallCost:
    """Let one SIPp call another one through the daemon; AssertionError unless every call goes well."""
    calls = max(1, rate * seconds)
    patience_s = seconds + 30
    of_callee = Options(law=PCMA, calls=calls, traced=False, patience_s=patience_s)
    of_caller = Options(
        law=PCMU, calls=calls, traced=False, patience_s=patience_s, rate=rate, pause_ms=HOLD_MS
    )
    with daemon_on_its_core(cores, calls) as (scene, daemon):
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


@contextmanager
def daemon_on_its_core(cores: Cores, calls: int | None) -> Iterator[tuple[Scene, Daemon]]:
    """Start the daemon on its core; everybody else, this process too, goes to the other one."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        claimed(Path(folder)) as scene,
        ExitStack() as stack,
    ):
        with placed(cores.daemon):
            daemon = stack.enter_context(scene.daemon(calls=calls))
        stay_on(cores.load)
        yield scene, daemon
