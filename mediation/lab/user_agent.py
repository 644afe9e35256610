"""A scripted user agent: the other end of a call, as a front end or an SBC would be it.

It speaks by the product's own SIP core and has the same three verbs as the server's engine, so that the same
driver pumps it and a test can run it in virtual time.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from mediation.lab.behaviour import Behaviour
from mediation.lab.simulated_call import SimulatedCall, StartAudio, StopAudio
from mediation.lab.traits import Traits
from mediation.routing.numbers import number_of
from mediation.settings.places import Listener, Target
from mediation.sip.agent import Agent, hostport
from mediation.sip.derived import reply
from mediation.sip.errors import RemoteSipError
from mediation.sip.flow import Endpoint, Flow, Transmit, Transport
from mediation.sip.framing import MalformedMessage
from mediation.sip.handing_on import hand_on_ack, hand_on_cancel
from mediation.sip.ids import IdSource
from mediation.sip.matching import TransactionLayer
from mediation.sip.message import Message, Request, Response
from mediation.sip.timers import TimerValues
from mediation.sip.transaction_row import Transaction
from mediation_codecs.law import Law

PORTS_END = 65_536
"""Ports for audio begin again here."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A SIP message went by: for the ladder."""

    sent: bool
    local: Endpoint
    remote: Endpoint
    octets: bytes


@dataclass(frozen=True, slots=True)
class Noted:
    """Something happened to a call: for people and for the judge."""

    call: str
    what: str


@dataclass(frozen=True, slots=True)
class Placement:
    """A call to be placed."""

    number: str
    talk_s: float = 3.0
    """Hang up so long after the answer."""
    cancel_after_s: float | None = None
    """Give up so long after the INVITE, unless it was answered."""


Output = Transmit | Seen | Noted | StartAudio | StopAudio


class UserAgent:
    """One simulator's engine."""

    def __init__(
        self,
        name: str,
        law: Law,
        ids: IdSource,
        behaviours: Mapping[str, Behaviour],
        default: Behaviour,
        first_rtp_port: int,
        traits: Traits | None = None,
    ) -> None:
        self.name = name
        self.traits = traits or Traits()
        self.law = law
        self._behaviours = behaviours
        self._default = default
        self._outputs: deque[Output] = deque()
        self.agent = Agent(TransactionLayer(self, self._transmit, TimerValues()), ids)
        self._first_port = self._next_port = first_rtp_port
        self.calls: set[SimulatedCall] = set()

    # inputs

    def knows(self, flow: Flow) -> bool:
        """A simulator talks to anybody."""
        del flow
        return True

    def receive(self, message: Message, flow: Flow, now: float) -> None:
        """A valid message arrived; one that is too long for this simulator is as if it had been lost."""
        most = self.traits.largest_octets
        if most and flow.transport is Transport.UDP and len(bytes(message)) > most:
            return
        self._outputs.append(Seen(False, flow.local, flow.remote, bytes(message)))
        self.agent.layer.receive(message, flow, now)

    def receive_malformed(self, error: MalformedMessage, flow: Flow, now: float) -> None:
        """Octets that are no message: worth knowing, for the server under test has sent them."""
        del now
        self.note("", f"malformed message from {hostport(flow.remote)}: {error.reason}")

    def transport_failed(self, flow: Flow, now: float) -> None:
        """Octets could not be sent."""
        self.note("", f"cannot reach {hostport(flow.remote)}")
        self.agent.layer.transport_failed(flow, now)

    def connection_lost(self, flow: Flow, now: float) -> None:
        """A connection is gone; requests that wait for an answer by it have failed."""
        for transaction in self.agent.layer.over(flow):
            self.agent.layer.fail(transaction, now)

    def handle_timeout(self, now: float) -> None:
        """Let everything happen that is due."""
        self.agent.layer.handle_timeout(now)
        self.agent.handle_timeout(now)

    def place(self, placement: Placement, target: Target, listener: Listener, now: float) -> None:
        """Call a number at a server."""
        flow = Flow(target.transport, listener.endpoint, target.endpoint)
        call = SimulatedCall(self, placement.number, self._rtp_endpoint(flow), self.law)
        self.calls.add(call)
        call.place(
            f"sip:{placement.number}@{hostport(target.endpoint)}{target.transport.parameter}",
            flow,
            talk_s=placement.talk_s,
            cancel_after_s=placement.cancel_after_s,
            now=now,
        )

    def hang_up_all(self, now: float) -> None:
        """End every call."""
        for call in list(self.calls):
            call.hang_up(now)

    # outputs

    def next_output(self) -> Output | None:
        """What is to be done next, or None."""
        return self._outputs.popleft() if self._outputs else None

    def next_deadline(self) -> float | None:
        """When `handle_timeout` wants to be called."""
        return self.agent.next_deadline()

    def emit(self, output: StartAudio | StopAudio) -> None:
        """For calls: audio begins or ends."""
        self._outputs.append(output)

    def note(self, call: str, what: str) -> None:
        """For calls: something worth knowing."""
        self._outputs.append(Noted(call, what))

    # what the transaction layer tells (mediation.sip.transaction_row.ServerUser)

    def request_received(self, transaction: Transaction, request: Request, now: float) -> None:
        """Begin a call, or pass on what belongs to one."""
        owner = self.agent.dialog_user(request)
        if request.method == "OPTIONS":
            headers = (
                *(self.traits.headers or (("Allow", self.traits.allow),)),
                ("Accept", "application/sdp"),
                ("Contact", self.agent.contact(transaction.flow)),
            )
            self._answer(transaction, 200, now, headers)
        elif owner is not None and request.method in self.traits.allow.split(", "):
            owner.request_received(transaction, request, now)
        elif request.method == "INVITE" and request.to.tag is None:
            self._invited(transaction, request, now)
        elif request.method in ("BYE", "INVITE"):
            self._answer(transaction, 481, now)
        else:
            self._answer(transaction, 405, now, (("Allow", self.traits.allow),))

    def cancel_received(
        self, transaction: Transaction, invite: Transaction | None, request: Request, now: float
    ) -> None:
        """Answer the CANCEL, and let the call know."""
        hand_on_cancel(self.agent, transaction, invite, request, now)

    def ack_received(self, ack: Request, now: float) -> None:
        """Pass on."""
        hand_on_ack(self.agent, ack, now)

    def stray_response(self, response: Response, flow: Flow, now: float) -> None:
        """Worth knowing: the server has answered what nobody asked."""
        del flow, now
        self.note("", f"stray {response.status}")

    # helpers

    def _transmit(self, transmit: Transmit) -> None:
        self._outputs.append(Seen(True, transmit.flow.local, transmit.flow.remote, transmit.octets))
        self._outputs.append(transmit)

    def _invited(self, transaction: Transaction, request: Request, now: float) -> None:
        unknown = [tag for tag in request.require if tag not in self.traits.option_tags]
        if unknown:  # RFC 3261 section 8.2.2.3
            self._answer(transaction, 420, now, (("Unsupported", ", ".join(unknown)),))
            return
        number = number_of(request.uri)
        behaviour = self._behaviours.get(number, self._default)
        self.agent.layer.respond(transaction, reply(request, 100), now)
        call = SimulatedCall(self, number, self._rtp_endpoint(transaction.flow), self.law)
        self.calls.add(call)  # before it is taken: it may be refused, and over, at once
        try:
            call.take(transaction, behaviour, now)
        except RemoteSipError as error:
            self.calls.discard(call)
            self._answer(transaction, error.status, now)

    def _rtp_endpoint(self, flow: Flow) -> Endpoint:
        port = self._next_port
        self._next_port = port + 2 if port + 3 < PORTS_END else self._first_port
        return flow.local[0], port

    def _answer(
        self, transaction: Transaction, status: int, now: float, headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        response = reply(transaction.request, status, to_tag=self.agent.ids.tag(), headers=headers)
        self.agent.layer.respond(transaction, response, now)
