"""The driver pumps an engine: what goes in, in which order it comes out, and one timer for everything."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest

from mediation.net.driver import Driver
from mediation.settings.places import Listener
from mediation.sip.flow import Flow, Transmit, Transport
from mediation.sip.framing import MalformedMessage
from mediation.sip.message import Message
from tests.interop.scene import Scene
from tests.wire.peers import PATIENCE_S, UdpPeer, request


class Scripted:
    """An engine that does what the test says, and notes what it was asked."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.outputs: deque[Transmit | str] = deque()
        self.deadlines: list[float] = []
        self.fired: list[float] = []
        self.on_timeout: Callable[[float], None] = lambda now: None
        self.news = asyncio.Event()

    def knows(self, flow: Flow) -> bool:
        return True

    def receive(self, message: Message, flow: Flow, now: float) -> None:
        self.note("message")

    def receive_malformed(self, error: MalformedMessage, flow: Flow, now: float) -> None:
        self.note("malformed")

    def transport_failed(self, flow: Flow, now: float) -> None:
        self.note("failed")

    def connection_lost(self, flow: Flow, now: float) -> None:
        self.note("lost")

    def handle_timeout(self, now: float) -> None:
        self.fired.append(now)
        self.deadlines = [at for at in self.deadlines if at > now]
        self.on_timeout(now)
        self.note("timeout")

    def next_output(self) -> Transmit | str | None:
        return self.outputs.popleft() if self.outputs else None

    def next_deadline(self) -> float | None:
        return min(self.deadlines, default=None)

    def note(self, what: str) -> None:
        self.heard.append(what)
        self.news.set()

    async def until(self, what: str, times: int = 1) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while self.heard.count(what) < times:
                self.news.clear()
                await self.news.wait()


@asynccontextmanager
async def driving(
    scene: Scene, engine: Scripted, perform: Callable[[str], None] = lambda output: None
) -> AsyncIterator[Driver[str]]:
    driver: Driver[str] = Driver(engine, perform)
    await driver.start([Listener(Transport.UDP, *scene.internal)])
    try:
        yield driver
    finally:
        await driver.aclose()


@contextmanager
def timers_counted() -> Iterator[list[asyncio.TimerHandle]]:
    """The timers set on the loop while the block runs."""
    loop = asyncio.get_running_loop()
    made: list[asyncio.TimerHandle] = []
    call_at = loop.call_at

    def counted(when: float, *arguments: object, **more: object) -> asyncio.TimerHandle:
        handle = call_at(when, *arguments, **more)  # type: ignore[arg-type]  # passed on as it came
        made.append(handle)
        return handle

    loop.call_at = counted  # type: ignore[method-assign]
    try:
        yield made
    finally:
        del loop.call_at


async def test_messages_nonsense_and_failures_reach_the_engine(scene: Scene) -> None:
    engine = Scripted()
    async with driving(scene, engine) as driver:
        with UdpPeer(scene.host(2)) as peer:
            peer.send(request("OPTIONS", peer.at, scene.internal), scene.internal)
            peer.send(b"nonsense", scene.internal)
            await engine.until("malformed")
        driver.flows.send(Flow(Transport.UDP, scene.internal, ("nowhere", 1)), b"x")
        await engine.until("failed")
    assert engine.heard == ["message", "malformed", "failed"]


async def test_outputs_are_carried_out_in_their_order_to_the_last(scene: Scene) -> None:
    engine = Scripted()
    done: list[str] = []
    with UdpPeer(scene.host(2)) as peer:

        def perform(output: str) -> None:
            done.append(output)
            if output == "b":
                engine.outputs.append("made by b")  # asked for while the outputs are being carried out

        async with driving(scene, engine, perform) as driver:
            flow = Flow(Transport.UDP, scene.internal, peer.at)
            driver.apply(
                lambda now: engine.outputs.extend([Transmit(flow, b"1"), "a", Transmit(flow, b"2"), "b"])
            )
            assert done == ["a", "b", "made by b"]
            assert [await peer.datagram(), await peer.datagram()] == [b"1", b"2"]


async def test_an_output_that_breaks_costs_itself_and_nothing_else(scene: Scene) -> None:
    engine = Scripted()
    done: list[str] = []
    complaints: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: complaints.append(context))

    def perform(output: str) -> None:
        if output == "bad":
            raise ValueError("a bug")
        done.append(output)

    async with driving(scene, engine, perform) as driver:
        driver.apply(lambda now: engine.outputs.extend(["a", "bad", "b"]))
        assert done == ["a", "b"]
        assert [repr(each["exception"]) for each in complaints] == ["ValueError('a bug')"]
        engine.deadlines = [driver.now()]
        driver.apply(lambda now: engine.outputs.append("bad"))
        await engine.until("timeout")


async def test_a_deadline_is_kept_and_never_anticipated(scene: Scene) -> None:
    engine = Scripted()
    async with driving(scene, engine) as driver:
        at = driver.now() + 0.05
        driver.apply(lambda now: engine.deadlines.append(at))
        await engine.until("timeout")
        assert at <= engine.fired[0] < at + 1.0


async def test_a_timer_set_by_a_timer_fires_too(scene: Scene) -> None:
    engine = Scripted()
    async with driving(scene, engine) as driver:
        engine.on_timeout = lambda now: (
            engine.deadlines.append(now + 0.001) if len(engine.fired) < 5 else None
        )
        driver.apply(lambda now: engine.deadlines.append(now))
        await engine.until("timeout", 5)
        assert engine.fired == sorted(engine.fired)


async def test_a_deadline_that_is_past_already_fires_at_once(scene: Scene) -> None:
    engine = Scripted()
    async with driving(scene, engine) as driver:
        driver.apply(lambda now: engine.deadlines.append(now - 100))
        await engine.until("timeout")


async def test_there_is_one_timer_however_many_deadlines_come(scene: Scene) -> None:
    engine = Scripted()
    async with driving(scene, engine) as driver:
        with timers_counted() as made:
            for step in range(100):
                driver.apply(lambda now, step=step: engine.deadlines.append(now + 100 + step))  # type: ignore[misc]  # a default binds it
            assert len(made) == 1
            driver.apply(lambda now: engine.deadlines.append(now + 50))  # earlier: the timer moves
            assert [handle.cancelled() for handle in made] == [True, False]


@pytest.mark.parametrize("left", [[], [200.0]])
async def test_a_timer_whose_deadline_went_away_finds_nothing_due(scene: Scene, left: list[float]) -> None:
    engine = Scripted()
    async with driving(scene, engine) as driver:
        driver.apply(lambda now: engine.deadlines.append(now + 0.02))
        engine.deadlines = [driver.now() + seconds for seconds in left]
        await engine.until("timeout")
        with timers_counted() as made:
            driver.apply(lambda now: None)
            assert len(made) == 0
        assert (driver._timer is not None) == bool(left)


async def test_after_the_end_no_timer_fires(scene: Scene) -> None:
    engine = Scripted()
    async with driving(scene, engine) as driver:
        driver.apply(lambda now: engine.deadlines.append(now + 0.01))
        await driver.aclose()
        fired = asyncio.Event()
        asyncio.get_running_loop().call_later(0.05, fired.set)
        await fired.wait()
    assert not engine.heard
