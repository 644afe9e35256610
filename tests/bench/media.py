"""What audio costs: our workers and rtpengine side by side in one run, with each goal beside its figure.

Runs that the machine has disturbed are taken again: the load generator knows when it was late itself.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import partial
from itertools import count, pairwise
from statistics import median
from typing import Final

from mediation_codecs.law import Law
from tests.bench.accounting import Cores
from tests.bench.carriers import Carrier, Place, Whole, peer, whole, workers
from tests.bench.rtpengine import is_installed
from tests.bench.runs import CALLEES, CALLERS, RELAYED, TRANSCODED, Run, run

LATE_MS: Final = 5.0
"""A generator that was ever later than this says little about delays."""
TRIES: Final = 3
STEPS: Final = (250, 300, 350, 400, 450, 500, 600, 750, 1000, 1250, 1400, 1500, 1600, 1750, 2000)
"""Calls that are tried one after the other, to find how many a core carries."""
DELAY_CALLS: Final = 500
OPEN_CALLS: Final = 2000
"""So many are there at a time, most of them silent: more packets than of a quarter no generator on one core sends."""
CHURN_S: Final = 0.05
SRTP_CALLS: Final = 100


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is to be measured."""

    calls: tuple[int, ...] = (10, 50, 100, 250, 500, 1000)
    steps: tuple[int, ...] = STEPS
    seconds: float = 4.0
    repeats: int = 3
    delay_calls: int = DELAY_CALLS
    open_calls: int = OPEN_CALLS
    tries: int = TRIES
    with_peer: bool = True
    srtp_calls: int = SRTP_CALLS
    """So many with SRTP on both sides."""


@dataclass(slots=True)
class Media:
    """All runs of one measurement."""

    ladder: dict[tuple[str, str, int], list[Run]] = field(default_factory=dict)
    """By what was done, who did it, and how many calls."""
    capacity: dict[tuple[str, str], int] = field(default_factory=dict)
    """Calls on one core with nothing lost and nothing 20 ms late."""
    churn: Run | None = None
    """While other calls come and go, logs are written and the configuration is read again."""
    churned: int = 0
    crowded: tuple[Run, Run] | None = None
    """Some calls that talk, alone and among all that may be open."""
    sealed: list[Run] = field(default_factory=list)
    """With SRTP on both sides. Ours only: a session of rtpengine's own keys is set up by another road."""

    def cost(
        self, kind: str, who: str, calls: int, of: Callable[[Run], float] = lambda one: one.cpu_us
    ) -> float:
        """The median of a figure; nan: not measured."""
        runs = self.ladder.get((kind, who, calls), [])
        return median(map(of, runs)) if runs else float("nan")

    @property
    def ours(self) -> list[Run]:
        """Those of the ladder in which our workers carried plain audio."""
        return [one for (_, who, _), runs in self.ladder.items() if who == "ours" for one in runs]


KINDS: Final[dict[str, tuple[Law, Law]]] = {"transcoding": TRANSCODED, "relay": RELAYED}
Start = Callable[[Cores], AbstractAsyncContextManager[Carrier]]


async def measure_media(cores: Cores, plan: Plan, say: Callable[[str], None]) -> Media:
    """Everything, with a word to `say` before each part."""
    media = Media()
    starts: list[Start] = [workers, peer] if plan.with_peer and is_installed() else [workers]
    for repeat in range(plan.repeats):
        for start in starts:
            for kind, laws in KINDS.items():
                say(f"{kind}, {start.__name__}, {repeat + 1} of {plan.repeats}")
                async with start(cores) as carrier:  # anew for each, so that memory is what these calls take
                    for calls in plan.calls:
                        take = partial(run, cores, carrier, calls, laws, plan.seconds)
                        taken = await undisturbed(take, plan.tries)
                        media.ladder.setdefault((kind, taken.carrier, calls), []).append(taken)
    for start in starts:
        for kind, laws in KINDS.items():
            say(f"calls on one core, {kind}, {start.__name__}")
            async with start(cores) as carrier:
                media.capacity[kind, carrier.name] = await _capacity(cores, carrier, laws, plan)
    for repeat in range(plan.repeats):
        say(f"SRTP on both sides, {repeat + 1} of {plan.repeats}")
        async with workers(cores) as carrier:
            take = partial(run, cores, carrier, plan.srtp_calls, TRANSCODED, plan.seconds, sealed=True)
            media.sealed.append(await undisturbed(take, plan.tries))
    say(f"{plan.open_calls} calls open, a quarter of them talks")
    async with workers(cores) as carrier:
        await _crowd(cores, carrier, plan, media)
    say(f"{plan.delay_calls} calls by SIP while others come and go")
    async with whole(cores) as daemon:
        await _churn(cores, daemon, plan, media)
    return media


async def undisturbed(take: Callable[[], Awaitable[Run]], tries: int) -> Run:
    """A run in which the generator was in time, or the best of some."""
    taken: list[Run] = []
    for _ in range(tries):
        taken.append(await take())
        if taken[-1].late_max_ms < LATE_MS:
            return taken[-1]
    return min(taken, key=lambda one: one.late_max_ms)


async def _capacity(cores: Cores, carrier: Carrier, laws: tuple[Law, Law], plan: Plan) -> int:
    """The last step that went well, when the next one has not, however often it was tried."""
    most = 0
    for calls in plan.steps:
        for _ in range(plan.tries):
            if (await run(cores, carrier, calls, laws, plan.seconds)).whole:
                break
        else:
            return most
        most = calls
    return most


async def _crowd(cores: Cores, carrier: Carrier, plan: Plan, media: Media) -> None:
    """A quarter of the calls talks, with and without the others beside it."""
    talking = max(1, plan.open_calls // 4)
    take = partial(run, cores, carrier, talking, TRANSCODED, plan.seconds)
    alone = await undisturbed(take, plan.tries)
    crowded = await undisturbed(partial(take, silent=plan.open_calls - talking), plan.tries)
    media.crowded = alone, crowded


async def _churn(cores: Cores, daemon: Whole, plan: Plan, media: Media) -> None:
    """Twenty calls a second begin and end, and every second the daemon is told to read again."""
    numbers = count()

    async def one_more() -> None:
        number = next(numbers)
        caller, callee = Place(CALLERS[0], Law.PCMU), Place(CALLEES[0], Law.PCMA)
        await daemon.open(f"brief {number}", caller, callee)
        await daemon.close(f"brief {number}")
        if number % 20 == 0:
            daemon.read_again()
        await asyncio.sleep(CHURN_S)

    media.churn = await undisturbed(
        partial(run, cores, daemon, plan.delay_calls, TRANSCODED, 2 * plan.seconds, meanwhile=one_more),
        plan.tries,
    )
    media.churned = next(numbers)


@dataclass(frozen=True, slots=True)
class Goal:
    """One line of the table."""

    what: str
    wanted: str
    figure: str
    reached: bool | None
    """None: there is nothing to compare with."""


def goals(media: Media, plan: Plan) -> list[Goal]:
    """Each goal of design/performance.md beside what was measured."""
    busy = 500 if 500 in plan.calls else plan.calls[-1]
    found = [
        _ratio(media, "transcoding", busy, 1 / 3),
        *(_ratio(media, "relay", calls, 1.0) for calls in plan.calls),
    ]
    for kind, factor in (("transcoding", 2.5), ("relay", 1.0)):
        ours = media.capacity.get((kind, "ours"), 0)
        theirs = media.capacity.get((kind, "rtpengine"))
        wanted = f"{factor:.1f} x rtpengine's {theirs}" if theirs else "-"
        times = f"{ours} ({ours / theirs:.1f} x)" if theirs else f"{ours}"
        found.append(
            Goal(f"{kind}: calls on one core", wanted, times, ours >= factor * theirs if theirs else None)
        )
    p99 = media.cost("transcoding", "ours", busy, lambda one: one.p99_ms)
    found.append(Goal(f"delay p99, {busy} calls", "< 3 ms", f"{p99:.2f} ms", p99 < 3))
    if media.churn:
        what = f"{plan.delay_calls} calls by SIP, {media.churned} others come and go, logs, reloads"
        lost = media.churn.lost + media.churn.wrong + media.churn.out_of_step
        found.append(Goal(f"{what}: lost or wrong", "0", str(lost), lost == 0))
        found.append(
            Goal("  delay p99 meanwhile", "< 3 ms", f"{media.churn.p99_ms:.2f} ms", media.churn.p99_ms < 3)
        )
    first = plan.calls[0]
    found += [
        _memory(media.ours, "memory a call in the worker, at most"),
        _memory(media.sealed, "  with SRTP on both sides"),
    ]
    costs = [media.cost("transcoding", "ours", calls) * 100 / 1000 for calls in plan.calls]
    falls = all(later <= 1.2 * before for before, later in pairwise(costs))
    found.append(
        Goal(
            f"ms a second for a call, {first} to {plan.calls[-1]} calls",
            "flat or falling",
            " ".join(f"{cost:.2f}" for cost in costs),
            falls,
        )
    )
    if media.crowded:
        alone, crowded = media.crowded
        ratio = crowded.cpu_us / alone.cpu_us
        found.append(
            Goal(
                f"CPU a packet, {alone.calls} calls talk of {plan.open_calls}, or of {alone.calls}",
                "flat",
                f"{crowded.cpu_us:.1f} : {alone.cpu_us:.1f} µs = {ratio:.2f}",
                ratio <= 1.2 and crowded.lost == crowded.wrong == 0,
            )
        )
    found += [_intact(media.ours, "packets"), _intact(media.sealed, "packets with SRTP")]
    return found


def _memory(runs: list[Run], what: str) -> Goal:
    most = max((one.memory_kb for one in runs), default=float("nan"))
    return Goal(what, "< 20 kB", f"{most:.1f} kB", most < 20)


def _intact(runs: list[Run], of_what: str) -> Goal:
    packets, wrong, lost = (sum(getattr(one, name) for one in runs) for name in ("packets", "wrong", "lost"))
    return Goal(f"wrong or lost of {packets} {of_what}", "0", f"{wrong} + {lost}", wrong + lost == 0)


def _ratio(media: Media, kind: str, calls: int, most: float) -> Goal:
    ours, theirs = media.cost(kind, "ours", calls), media.cost(kind, "rtpengine", calls)
    ratio = ours / theirs
    figure = f"{ours:.1f} : {theirs:.1f} µs = {ratio:.2f}" if theirs == theirs else f"{ours:.1f} µs"
    reached = ratio <= most if theirs == theirs else None
    return Goal(
        f"{kind}: CPU a packet, {calls * 100} packets/s", f"{most:.2f} of rtpengine's", figure, reached
    )
