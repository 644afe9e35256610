"""Pumps an engine: input, drain, arm one timer. The only place where the core meets a clock."""

import asyncio
from collections.abc import Callable, Collection, Iterable
from typing import Generic, Protocol, TypeVar

from mediation.net.flows import Flows
from mediation.net.security import Security
from mediation.routing.wires import UNMARKED, Marking, Wire, Wires
from mediation.settings.places import Listener
from mediation.sip.flow import Endpoint, Flow, Transmit, Transport
from mediation.sip.framing import MalformedMessage
from mediation.sip.message import Message

Output = TypeVar("Output", covariant=True)
Other = TypeVar("Other")


class Engine(Protocol[Output]):
    """Anything with the three verbs: take an input, give outputs, say the next deadline."""

    def knows(self, flow: Flow) -> bool:
        """Whether a peer may speak to us at all."""

    def receive(self, message: Message, flow: Flow, now: float) -> None:
        """A valid message arrived."""

    def receive_malformed(self, error: MalformedMessage, flow: Flow, now: float) -> None:
        """Octets arrived that are no message."""

    def transport_failed(self, flow: Flow, now: float) -> None:
        """Octets for this flow could not be sent."""

    def connection_lost(self, flow: Flow, now: float) -> None:
        """The connection of this flow is gone."""

    def handle_timeout(self, now: float) -> None:
        """Let everything happen that is due."""

    def next_output(self) -> Output | None:
        """What is to be done next, or None."""

    def next_deadline(self) -> float | None:
        """When `handle_timeout` wants to be called."""


class Recognizer(Protocol):
    """An engine that knows peers by their certificates as well."""

    def may_prove(self, flow: Flow) -> bool:
        """Whether somebody whom nobody knows may show a certificate there, to be known by it."""

    def connection_proved(self, flow: Flow, names: Collection[str], now: float, *, ours: bool) -> None:
        """A connection stands whose other end has shown a certificate with these names; `ours`: we have opened it."""


class Driver(Generic[Other]):
    """Drives one engine over real sockets; outputs that are not octets to send go to `perform`."""

    def __init__(
        self,
        engine: Engine[Transmit | Other],
        perform: Callable[[Other], None],
        *,
        security: Security | None = None,
        wires: Wires | None = None,
        recognizer: Recognizer | None = None,
        on_silent: Callable[[Flow], None] = lambda flow: None,
    ) -> None:
        """Without `security` there is no TLS; without `wires` all peers are alike, and none is kept alive; without
        `recognizer`, who is the engine then, nobody is known by a certificate alone.

        `on_silent` hears of connections that are ended because nobody answers our keep-alives.
        """
        self._engine = engine
        self._wires = wires
        self._recognizer = recognizer
        self._perform = perform
        self._timer: asyncio.TimerHandle | None = None
        self.flows = Flows(
            knows=engine.knows,
            may_prove=(lambda flow: False) if recognizer is None else recognizer.may_prove,
            on_proof=self._connection_proved,
            on_message=self._message_received,
            on_malformed=self._malformed_received,
            on_failure=self._send_failed,
            on_lost=self._connection_lost,
            on_silent=on_silent,
            security=security,
            wire=self._wire,
            marking=self._marking,
        )

    def begin(self) -> None:
        """Let time pass for the engine, before there is any socket."""
        self._loop = asyncio.get_running_loop()

    async def start(self, listeners: Iterable[Listener]) -> None:
        """Bind and begin. Raises ListenError."""
        self.begin()
        await self.flows.listen(listeners)
        self.targets_changed()

    def targets_changed(self) -> None:
        """Names of targets stand for other addresses: those are kept alive from now on."""
        if self._wires is not None:
            self.flows.keep_alive(self._wires.kept_alive())

    def now(self) -> float:
        """Seconds on the driver's clock, which never jumps."""
        return self._loop.time()

    def apply(self, act: Callable[[float], None]) -> None:
        """Let something happen to the engine at this moment, and carry out what follows."""
        act(self.now())
        self._drain()

    async def aclose(self) -> None:
        """Stop; the engine is not asked anything any more."""
        if self._timer is not None:
            self._timer.cancel()
        await self.flows.aclose()

    def _wire(self, flow: Flow) -> Wire:
        return Wire() if self._wires is None else self._wires.of(flow)

    def _marking(self, transport: Transport, local: Endpoint) -> Marking:
        return UNMARKED if self._wires is None else self._wires.marking(transport, local)

    def _message_received(self, message: Message, flow: Flow) -> None:
        self._engine.receive(message, flow, self.now())
        self._drain()

    def _connection_proved(self, flow: Flow, names: Collection[str], ours: bool) -> None:  # a callback
        if self._recognizer is not None:
            self._recognizer.connection_proved(flow, names, self.now(), ours=ours)
            self._drain()

    def _malformed_received(self, error: MalformedMessage, flow: Flow) -> None:
        self._engine.receive_malformed(error, flow, self.now())
        self._drain()

    def _send_failed(self, flow: Flow) -> None:
        self._engine.transport_failed(flow, self.now())
        self._drain()

    def _connection_lost(self, flow: Flow) -> None:
        self._engine.connection_lost(flow, self.now())
        self._drain()

    def _timed_out(self) -> None:
        self._timer = None
        self._engine.handle_timeout(self.now())
        self._drain()

    def _drain(self) -> None:
        while (output := self._engine.next_output()) is not None:
            try:
                if isinstance(output, Transmit):
                    self.flows.send(output.flow, output.octets)
                else:
                    self._perform(output)
            except Exception as error:  # noqa: BLE001 -- a bug costs one output, not those behind it nor the timer
                self._loop.call_exception_handler(
                    {"message": f"cannot perform {type(output).__name__}", "exception": error}
                )
        self._arm()

    def _arm(self) -> None:
        """One timer for everything; one that would fire too early is left to find nothing due."""
        deadline = self._engine.next_deadline()
        if deadline is None or (self._timer is not None and self._timer.when() <= deadline):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(deadline, self._timed_out)
