"""The engine of a probe: one script, stepped by what arrives and by time, with the three verbs of the server's engine.

A script is a generator. It sends, then yields what it waits for and how long at most; it goes on as soon as that is
there, or its time is over. Everything that is said on the way is written down in the trial that is under way.
"""

from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Final

from mediation.probing.evidence import Heard, Spoken, Trial
from mediation.probing.plan import MOST_CALLS, ProbePlan
from mediation.probing.probe_call import ProbeCall, Rtp
from mediation.probing.question import Question, padded
from mediation.probing.registering import Registering
from mediation.rtp.packet import RtpError, read_header
from mediation.sdp.capabilities import Capabilities, LocalAudio
from mediation.sdp.crypto import KeyRing, SrtpMode
from mediation.sdp.description import Origin, SessionDescription
from mediation.sdp.negotiation import make_offer
from mediation.sip.agent import Agent
from mediation.sip.derived import reply
from mediation.sip.digest_client import DigestClient
from mediation.sip.errors import RemoteSipError
from mediation.sip.flow import Endpoint, Flow, Transmit
from mediation.sip.framing import MalformedMessage, parse_datagram
from mediation.sip.handing_on import hand_on_ack, hand_on_cancel
from mediation.sip.ids import IdSource
from mediation.sip.invite import NO_TIMER
from mediation.sip.matching import TransactionLayer
from mediation.sip.message import Message, Request, Response
from mediation.sip.names import Name, Names
from mediation.sip.registration_events import Intent, Registrar
from mediation.sip.session_timer import TimerPolicy
from mediation.sip.timers import TimerValues
from mediation.sip.transaction_row import Transaction

ALLOW: Final = "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, NOTIFY, MESSAGE"
STEP, TOTAL = "step", "total"
REGISTER: Final = "register"
"""The trial of the registration."""
GOODBYE_S: Final = 5.0
"""How long calls may take to end when the run is broken off."""


@dataclass(frozen=True, slots=True)
class Wait:
    """What a script waits for, and how long at most."""

    until: Callable[[], bool]
    most_s: float


Script = Generator[Wait, None, None]


@dataclass(frozen=True, slots=True)
class Began:
    """A trial has begun: for people who wait."""

    trial: Trial


@dataclass(frozen=True, slots=True)
class Done:
    """The script is over, and every call."""


Output = Transmit | Rtp | Began | Done


class Prober:
    """One run. `script` is given the prober itself."""

    def __init__(
        self,
        plan: ProbePlan,
        ids: IdSource,
        script: Callable[["Prober"], Script],
        ports: tuple[int, ...],
    ) -> None:
        """`ports`: where RTP can be taken at the listener's address, one for each call."""
        self.plan = plan
        self.trials: dict[str, Trial] = {}
        self.broken_off = ""
        """Why the run did not come to its end; empty: it did."""
        listener = plan.listener
        names = {(listener.transport, listener.endpoint): Name(*listener.advertised, listener.audio_host)}
        self._outputs: deque[Output] = deque()
        self.agent = Agent(TransactionLayer(self, self._transmit, TimerValues()), ids, names=Names(names))
        self.flow = Flow(plan.target.transport, listener.endpoint, plan.target.endpoint)
        self._script = script(self)
        self._ports = deque(ports)
        self._by_port: dict[int, Trial] = {}
        self._calls: set[ProbeCall] = set()
        self._trial = Trial("", "", "")
        self.registering: Registering | None = None
        """What the run has registered, or tried to."""
        self._wait: Wait | None = None
        self._finished = False
        self._gives_back = False
        self.now = 0.0
        """The time of the input that is being worked on."""
        self.calls_left = MOST_CALLS

    # inputs

    def start(self, now: float) -> None:
        """Begin."""
        self.now = now
        self.agent.deadlines.start((self, TOTAL), now + self.plan.total_s)
        self._resume(now)

    def stop(self, now: float, why: str) -> None:
        """Break off: every call is hung up, nothing more is asked."""
        if self.broken_off or self._finished:
            return
        self.now = now
        self.broken_off = why
        self._script.close()
        for call in list(self._calls):
            call.hang_up(now)
        self._wait = Wait(lambda: not self._calls, GOODBYE_S)
        self.agent.deadlines.start((self, STEP), now + GOODBYE_S)
        self._look(now)

    def knows(self, flow: Flow) -> bool:
        """Only the trunk may speak to us."""
        return flow.remote[0] == self.plan.target.host

    def receive(self, message: Message, flow: Flow, now: float) -> None:
        """A valid message arrived."""
        self.now = now
        self._write_down(Spoken(now, False, message, len(bytes(message))))
        self.agent.layer.receive(message, flow, now)
        self._look(now)

    def receive_malformed(self, error: MalformedMessage, flow: Flow, now: float) -> None:
        """Octets that are no message."""
        del flow, now
        self._trial.left_out = self._trial.left_out or f"a message came that is none: {error.reason}"

    def transport_failed(self, flow: Flow, now: float) -> None:
        """Octets could not be sent."""
        self.now = now
        self.agent.layer.transport_failed(flow, now)
        self._look(now)

    def connection_lost(self, flow: Flow, now: float) -> None:
        """A connection is gone; requests that wait for an answer by it have failed."""
        self.now = now
        for transaction in self.agent.layer.over(flow):
            self.agent.layer.fail(transaction, now)
        self._look(now)

    def handle_timeout(self, now: float) -> None:
        """Let everything happen that is due."""
        self.now = now
        self.agent.layer.handle_timeout(now)
        self.agent.handle_timeout(now)
        self._look(now)

    def packet_heard(self, port: int, source: Endpoint, octets: bytes, now: float) -> None:
        """Something came to one of our RTP ports."""
        try:
            payload_type, _, _, _, _, begin, end = read_header(octets)
        except RtpError:
            return
        trial = self._by_port.get(port)
        if trial is not None:
            trial.heard.append(Heard(now, source, payload_type, octets[begin:end]))

    # outputs

    def next_output(self) -> Output | None:
        """What is to be done next, or None."""
        return self._outputs.popleft() if self._outputs else None

    def next_deadline(self) -> float | None:
        """When `handle_timeout` wants to be called."""
        return self.agent.next_deadline()

    def emit(self, output: Rtp) -> None:
        """For calls: a packet to be sent."""
        self._outputs.append(output)

    def call_closed(self, call: ProbeCall) -> None:
        """For calls: nothing is left."""
        self._calls.discard(call)

    def timer_fired(self, name: str, now: float) -> None:
        """A step has waited long enough, or the whole run has."""
        if name == TOTAL:
            self.stop(now, f"it had not come to its end after {self.plan.total_s:g} s")
        elif self._wait is not None:
            self._resume(now)

    def _write_down(self, spoken: Spoken) -> None:
        """Registrations are renewed while other trials are under way, and have nothing to do with those."""
        method = spoken.message.method if isinstance(spoken.message, Request) else spoken.message.cseq.method
        trial = self.trials.get(REGISTER, self._trial) if method == "REGISTER" else self._trial
        trial.spoken.append(spoken)

    # what scripts ask for

    def trial(self, name: str, title: str, asked: str) -> Trial:
        """Begin a trial: what is said and heard from now on belongs to it."""
        self._trial = self.trials[name] = Trial(name, title, asked)
        self._outputs.append(Began(self._trial))
        return self._trial

    def register(self, intent: Intent) -> Registering:
        """Ask to be registered; the run gives it back at its end, however it ends."""
        plan = self.plan
        registrar = Registrar(str(plan.target), self.flow)
        self.registering = Registering(self.agent, intent, registrar, plan.credentials)
        self.registering.begin(self.now)
        return self.registering

    def options(self, octets: int = 0) -> Question:
        """Ask by OPTIONS what the trunk takes; `octets`: padded by a header to so many."""
        uri = f"sip:{self.plan.target.place}{self.plan.target.parameter}"
        headers: tuple[tuple[str, str], ...] = (("Accept", "application/sdp"), ("Allow", ALLOW))
        request = self._request("OPTIONS", uri, headers)
        missing = octets - len(bytes(request))
        if missing > 0:
            request = request.replace(headers=padded(request, missing))
        question = Question()
        self.agent.layer.send_request(request, self.flow, question, self.now)
        return question

    def offer(
        self,
        codecs: tuple[str, ...] = (),
        *,
        ptime_ms: int = 20,
        ring: KeyRing | None = None,
    ) -> tuple[SessionDescription, LocalAudio]:
        """An offer at a fresh port; `ring`: of SRTP alone, with its keys."""
        port = self._ports.popleft()
        self._by_port[port] = self._trial
        host = self.plan.listener.audio_host
        local = LocalAudio(host, port, () if ring is None else ring.lines)
        capabilities = Capabilities(
            codecs or tuple(str(law) for law in self.plan.laws),
            ptime_ms=ptime_ms,
            srtp=SrtpMode.OFF if ring is None else SrtpMode.REQUIRED,
        )
        origin = Origin("-", self.agent.ids.session_id(), 1, host)
        return make_offer(local, capabilities, origin), local

    def call(
        self,
        offer: tuple[SessionDescription, LocalAudio],
        *,
        number: str = "",
        headers: tuple[tuple[str, str], ...] = (),
        policy: TimerPolicy = NO_TIMER,
    ) -> ProbeCall:
        """Place a call. The script has to end it."""
        described, local = offer
        self.calls_left -= 1
        call = ProbeCall(self, described, local, (self.plan.listener.host, local.port))
        uri = f"sip:{number or self.plan.number}{self.plan.uri_tail}"
        route = self._service_route()
        invite = self._request("INVITE", uri, (*route, ("Allow", ALLOW), *headers), bytes(described))
        self._calls.add(call)
        credentials = self.plan.credentials
        digest = DigestClient() if credentials is None else DigestClient(credentials)
        call.place(invite, self.flow, self.now, digest, policy)
        return call

    def _service_route(self) -> tuple[tuple[str, str], ...]:
        grant = None if self.registering is None else self.registering.grant
        if grant is None or not self.plan.takes_service_route:
            return ()
        return tuple(("Route", each) for each in grant.service_route)

    @property
    def may_call(self) -> bool:
        """Whether the bound on calls leaves another one."""
        return self.calls_left > 0 and bool(self._ports)

    @property
    def identity(self) -> str:
        """Who we say we are, as a URI in brackets."""
        return f"<sip:{self.plan.caller}@{self.agent.names.of(self.flow).host}>"

    def _request(
        self, method: str, uri: str, headers: tuple[tuple[str, str], ...], body: bytes = b""
    ) -> Request:
        return self.agent.request(
            method,
            uri,
            self.flow,
            identity=self.identity,
            destination=f"<{uri}>",
            headers=headers,
            body=body,
        )

    # what the transaction layer tells (mediation.sip.transaction_row.ServerUser)

    def request_received(self, transaction: Transaction, request: Request, now: float) -> None:
        """Give it to the call that it belongs to; nobody may call us meanwhile."""
        owner = self.agent.dialog_user(request)
        if owner is not None:
            owner.request_received(transaction, request, now)
        elif request.method == "OPTIONS":
            self._answer(transaction, 200, now)
        elif request.method == "INVITE" and request.to.tag is None:
            self._answer(transaction, 480, now)
        else:
            self._answer(transaction, 481 if request.to.tag else 405, now)

    def cancel_received(
        self, transaction: Transaction, invite: Transaction | None, request: Request, now: float
    ) -> None:
        """Answer the CANCEL, and let the call know."""
        hand_on_cancel(self.agent, transaction, invite, request, now)

    def ack_received(self, ack: Request, now: float) -> None:
        """Pass on."""
        hand_on_ack(self.agent, ack, now)

    def stray_response(self, response: Response, flow: Flow, now: float) -> None:
        """It stands in the evidence already."""

    # the machinery

    def _answer(self, transaction: Transaction, status: int, now: float) -> None:
        headers = (("Allow", ALLOW),)
        response = reply(transaction.request, status, to_tag=self.agent.ids.tag(), headers=headers)
        self.agent.layer.respond(transaction, response, now)

    def _transmit(self, transmit: Transmit) -> None:
        try:
            message = parse_datagram(transmit.octets)
        except (MalformedMessage, RemoteSipError):
            message = None
        if message is not None:
            self._write_down(Spoken(self.now, True, message, len(transmit.octets)))
        self._outputs.append(transmit)

    def _look(self, now: float) -> None:
        """Go on with the script if what it waits for is there."""
        if self._wait is not None and self._wait.until():
            self._resume(now)

    def _resume(self, now: float) -> None:
        self.agent.deadlines.stop((self, STEP))
        while not self._finished:
            self._wait = None if self.broken_off else next(self._script, None)
            if self._wait is None:
                self._wait = self._parting(now)
            if self._wait is None:
                self._finish()
                return
            if not self._wait.until():
                self.agent.deadlines.start((self, STEP), now + self._wait.most_s)
                return

    def _parting(self, now: float) -> Wait | None:
        """What the end of the run still waits for, and no longer than once: what is registered is given back."""
        registering = self.registering
        if registering is None or registering.is_over or self._gives_back:
            return None
        self._gives_back = True
        registering.give_back(now)
        return Wait(lambda: registering.is_over, GOODBYE_S)

    def _finish(self) -> None:
        self._finished = True
        if self.registering is not None:
            self.registering.abandon()
        self.agent.deadlines.stop((self, TOTAL))
        self._outputs.append(Done())
