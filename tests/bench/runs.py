"""One run of the load generator through a carrier: calls are set up, speak for a while, and the books are read."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Final

from mediation.sdp.crypto import SrtpKeys
from mediation_codecs.law import Law
from tests.bench.accounting import Cores, placed, resident_octets
from tests.bench.carriers import CALLEE, CALLER, Address, Carrier, Place
from tests.bench.patterns import PAIRS
from tests.bench.sealing import keys_of, seal
from tests.bench.traffic import Job, Stream

SOCKETS: Final = 4
"""Of the generator, for each side of the calls."""
CALLERS: Final[list[Address]] = [(CALLER, 40000 + 2 * number) for number in range(SOCKETS)]
CALLEES: Final[list[Address]] = [(CALLEE, 40000 + 2 * number) for number in range(SOCKETS)]

TRANSCODED: Final = (Law.PCMU, Law.PCMA)
RELAYED: Final = (Law.PCMA, Law.PCMA)


@dataclass(frozen=True, slots=True)
class Run:
    """What one run has shown."""

    carrier: str
    calls: int
    packets: int
    """Measured ones."""
    lost: int
    wrong: int
    double: int
    out_of_step: int
    cpu_us: float
    """Of the carrier, for each packet that was sent."""
    share: float
    """Of its core."""
    least_ms: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    late_p99_ms: float
    """The generator's own lateness: much of it, and the run says little."""
    late_max_ms: float
    generator_us: float
    memory_kb: float
    """Resident memory for each call."""

    @property
    def whole(self) -> bool:
        """Nothing was lost, and nothing was late.

        rtpengine holds what it transcodes for a packet's length, so lateness is counted from the least delay.
        """
        return self.lost == 0 and self.wrong == 0 and self.p99_ms - self.least_ms < 20


async def run(
    cores: Cores,
    carrier: Carrier,
    calls: int,
    laws: tuple[Law, Law],
    seconds: float,
    *,
    meanwhile: Callable[[], Awaitable[None]] | None = None,
    silent: int = 0,
    sealed: bool = False,
) -> Run:
    """Let so many calls speak, with `silent` others open. `meanwhile` goes on, again and again, as long as they do.

    `sealed`: with SRTP on both sides.
    """
    empty = sum(map(resident_octets, carrier.pids))
    streams: list[Stream] = []
    names = [f"call {number}" for number in range(calls + silent)]
    for number, name in enumerate(names):
        keys = (keys_of(2 * number), keys_of(2 * number + 1)) if sealed else None
        both = await _open(carrier, name, number % SOCKETS, laws, keys)
        streams += both if number < calls else []
    job = Job(
        [*CALLERS, *CALLEES], streams, seconds, [table.hex() for table in carrier.tables], list(carrier.pids)
    )
    with placed(cores.load):
        generator = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.bench.traffic",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
    other = asyncio.create_task(_again_and_again(meanwhile)) if meanwhile else None
    told, _ = await generator.communicate(json.dumps(asdict(job)).encode())
    if generator.returncode:
        raise RuntimeError("the load generator failed")
    memory = sum(map(resident_octets, carrier.pids))
    if other:
        other.cancel()
        await asyncio.gather(other, return_exceptions=True)
    for name in names:
        await carrier.close(name)
    outcome = json.loads(told)
    return Run(
        carrier=carrier.name,
        calls=calls,
        packets=outcome["measured"],
        lost=outcome["lost"],
        wrong=outcome["wrong"],
        double=outcome["double"],
        out_of_step=outcome["out_of_step"],
        cpu_us=outcome["used_us"] / outcome["measured"],
        share=outcome["used_us"] / 1e6 / outcome["measured_s"],
        least_ms=outcome["delay_ms"]["min"],
        p50_ms=outcome["delay_ms"]["p50"],
        p99_ms=outcome["delay_ms"]["p99"],
        max_ms=outcome["delay_ms"]["max"],
        late_p99_ms=outcome["late_ms"]["p99"],
        late_max_ms=outcome["late_ms"]["max"],
        generator_us=outcome["cpu_us"],
        memory_kb=(memory - empty) / 1024 / len(names),
    )


async def _again_and_again(meanwhile: Callable[[], Awaitable[None]]) -> None:
    while True:
        await meanwhile()


async def _open(
    carrier: Carrier, name: str, which: int, laws: tuple[Law, Law], keys: tuple[SrtpKeys, SrtpKeys] | None
) -> list[Stream]:
    """Both directions of one call."""
    near, far = keys or (None, None)
    caller, callee = Place(CALLERS[which], laws[0], near), Place(CALLEES[which], laws[1], far)
    for_caller, for_callee = await carrier.open(name, caller, callee)
    ours, theirs = which, SOCKETS + which
    types = [{Law.PCMU: 0, Law.PCMA: 8}[law] for law in laws]
    there, back = (seal(*keys), seal(*reversed(keys))) if keys else (None, None)
    return [
        Stream(ours, for_caller, theirs, for_callee[1], types[0], PAIRS.index((laws[0], laws[1])), there),
        Stream(theirs, for_callee, ours, for_caller[1], types[1], PAIRS.index((laws[1], laws[0])), back),
    ]
