"""One call of a simulator: placed by itself, or taken by a behaviour."""

from dataclasses import dataclass
from typing import Protocol

from mediation.lab.behaviour import Behaviour, Step
from mediation.lab.traits import Hold, Traits
from mediation.sdp.agreed import AgreedAudio
from mediation.sdp.capabilities import Capabilities, LocalAudio
from mediation.sdp.crypto import KeyRing, SrtpMode, Suite
from mediation.sdp.description import Origin, SessionDescription
from mediation.sdp.errors import NotAcceptable, SdpError
from mediation.sdp.negotiation import make_answer, make_offer, read_answer
from mediation.sip import session_events as session
from mediation.sip.agent import Agent, hostport
from mediation.sip.flow import Endpoint, Flow
from mediation.sip.invite import InviteSession
from mediation.sip.message import Request
from mediation.sip.session_events import SessionEvent
from mediation.sip.transaction_row import Transaction
from mediation_codecs.law import Law

HANG_UP, GIVE_UP = "hang-up", "give-up"
OVER = "over"
"""The last note of every call."""


@dataclass(frozen=True, slots=True)
class StartAudio:
    """Play this call's audio from one endpoint to another, and record what comes back. Said again: a new remote."""

    call: str
    caller: bool
    """Whether we placed the call: each direction has audio of its own."""
    local: Endpoint
    remote: Endpoint
    law: Law
    payload_type: int
    echoed: int | None = None
    """Packets of this payload type are sent back; None: none is."""


@dataclass(frozen=True, slots=True)
class StopAudio:
    """The call is over."""

    call: str
    local: Endpoint


class Phone(Protocol):
    """What a call needs of its user agent."""

    agent: Agent
    calls: "set[SimulatedCall]"
    traits: Traits

    def emit(self, output: StartAudio | StopAudio) -> None:
        """Audio begins or ends."""

    def note(self, call: str, what: str) -> None:
        """Something worth knowing."""


class SimulatedCall:
    """An INVITE session with one law and a script."""

    def __init__(self, phone: Phone, number: str, rtp: Endpoint, law: Law) -> None:
        self._phone = phone
        self.number = number
        traits = self._traits = phone.traits
        suites = tuple(Suite) if traits.srtp else ()
        ring = KeyRing(suites, phone.agent.ids.master_key)
        self._local = LocalAudio(*rtp, ring.lines)
        laws = (law, *(other for other in Law if other is not law)) if traits.both_laws else (law,)
        self._capabilities = Capabilities(
            tuple(map(str, laws)),
            traits.events,
            srtp=SrtpMode.OPTIONAL if traits.srtp else SrtpMode.OFF,
            suites=suites,
        )
        self._origin = Origin("-", phone.agent.ids.session_id(), 1, rtp[0])
        self._caller = False
        self._reliable = False
        """Whether our provisional responses want a PRACK."""
        self._offer: SessionDescription | None = None
        """The offer that stands: ours when we called, theirs when we were called."""
        self._answer: SessionDescription | None = None
        self._agreed: AgreedAudio | None = None
        self._playing: Endpoint | None = None
        self._steps: tuple[Step, ...] = ()
        self._hang_up_after_s: float | None = None
        self._over = False

    def place(self, uri: str, flow: Flow, *, talk_s: float, cancel_after_s: float | None, now: float) -> None:
        """Call."""
        agent = self._phone.agent
        self._caller = True
        self._hang_up_after_s = talk_s
        self._offer = make_offer(self._local, self._capabilities, self._origin)
        invite = agent.request(
            "INVITE",
            uri,
            flow,
            identity=f'"Lab" <sip:lab@{hostport(flow.local)}>',
            destination=f"<{uri}>",
            body=bytes(self._offer),
        )
        self._session = InviteSession.calling(agent, self, invite, flow, now)
        if cancel_after_s is not None:
            agent.deadlines.start((self, GIVE_UP), now + cancel_after_s)

    def take(self, transaction: Transaction, behaviour: Behaviour, now: float) -> None:
        """Be called. Raises RemoteSipError when no dialog can be made of the INVITE."""
        self._session = InviteSession.called(
            self._phone.agent, self, transaction, policy=self._traits.timer_policy
        )
        words = (*transaction.request.supported, *transaction.request.require)
        self._reliable = self._traits.prack and "100rel" in words
        self._steps = behaviour.steps
        self._hang_up_after_s = behaviour.hang_up_after_s
        self._phone.note(self.number, f"takes the call: {behaviour.name}")
        if transaction.request.body:
            try:
                self._offer = SessionDescription.parse(transaction.request.body)
                self._answer, self._agreed = make_answer(
                    self._offer, self._local, self._capabilities, self._origin
                )
            except (SdpError, NotAcceptable) as error:
                self._phone.note(self.number, f"offer refused: {error.reason}")
                self._session.reject(488, now)
                return
        self._schedule(now)

    def hang_up(self, now: float) -> None:
        """End the call in whatever way its stage allows."""
        self._silence()
        self._session.hang_up(now)

    def timer_fired(self, name: str, now: float) -> None:
        """A step of the script is due, or the talk is over."""
        if name in (HANG_UP, GIVE_UP):
            self._phone.note(self.number, "hangs up" if name == HANG_UP else "gives up")
            self.hang_up(now)
            return
        step, *rest = self._steps
        self._steps = tuple(rest)
        self._play(step, now)
        if step.status < 200:
            self._schedule(now - step.after_s)

    def session_event(self, event: SessionEvent, now: float) -> None:
        """The session has something to say."""
        match event:
            case session.Progressed(response):
                if response.status > 100:
                    self._phone.note(self.number, f"hears {response.status}")
                    self._heard_answer(response.body)
            case session.Accepted(response):
                self._phone.note(self.number, "hears 200")
                self._phone.agent.deadlines.stop((self, GIVE_UP))
                self._heard_answer(response.body)
                self._talk(now)
            case session.Rejected(response):
                self._phone.note(self.number, f"hears {response.status}")
            case session.Failed(failure):
                self._phone.note(self.number, f"fails: {failure.value}")
            case session.Cancelled():
                self._phone.note(self.number, "is cancelled")
            case session.Acknowledged(ack):
                if self._agreed is None:
                    self._heard_answer(ack.body)
                self._talk(now)
            case session.Unacknowledged():
                self._phone.note(self.number, "hears no ACK")
            case session.HungUp():
                self._phone.note(self.number, "is hung up on")
                self._silence()
            case session.Reoffered(request):
                self._reoffered(request, now)
            case session.Asked(transaction):
                self._asked(transaction, now)
            case session.Closed():
                self._closed()

    def _schedule(self, begin: float) -> None:
        if self._steps:
            self._phone.agent.deadlines.start((self, "step"), begin + self._steps[0].after_s)

    def _play(self, step: Step, now: float) -> None:
        if self._over:
            return
        body = bytes(self._answer) if self._answer is not None else b""
        if step.status < 200:
            self._session.progress(
                step.status,
                now,
                headers=self._traits.headers,
                body=body if step.audio else b"",
                reliable=self._reliable and step.status > 100,
            )
            if step.audio:
                self._start_audio()
        elif step.status >= 300:
            self._session.reject(step.status, now)
        else:
            if self._answer is None:  # called without an offer: ours goes out in the 200
                self._offer = make_offer(self._local, self._capabilities, self._origin)
                body = bytes(self._offer)
            self._session.accept(now, headers=self._traits.headers, body=body)

    def _talk(self, now: float) -> None:
        self._start_audio()
        if self._hang_up_after_s is not None:
            self._phone.agent.deadlines.start((self, HANG_UP), now + self._hang_up_after_s)

    def _heard_answer(self, body: bytes) -> None:
        if not body or self._offer is None:
            return
        try:
            self._agreed = read_answer(self._offer, SessionDescription.parse(body))
        except (SdpError, NotAcceptable) as error:
            self._phone.note(self.number, f"cannot use the answer: {error.reason}")
        else:
            self._start_audio()

    def _reoffered(self, request: Request, now: float) -> None:
        try:
            offer = SessionDescription.parse(request.body)
            if self._is_refused(offer):
                self._session.reject(488, now)
                return
            answer, self._agreed = make_answer(offer, self._local, self._capabilities, self._origin)
        except (SdpError, NotAcceptable):
            self._session.reject(488, now)
        else:
            self._session.accept(now, body=bytes(answer))
            self._start_audio()

    def _is_refused(self, offer: SessionDescription) -> bool:
        """Whether this SBC does not take such a change."""
        if self._traits.hold is not Hold.ZERO:
            return self._traits.hold is Hold.NONE
        said = {name for media in offer.media for name, _ in media.attributes}
        return bool(said & {"sendonly", "inactive"})

    def _asked(self, transaction: Transaction, now: float) -> None:
        """UPDATE with an offer, REFER: what is in Allow."""
        method = transaction.request.method
        inside = self._session.inside
        if method == "REFER":
            inside.answer(transaction, 202, now)
            self._phone.note(self.number, "is transferred")
            about = (
                ("Event", "refer"),
                ("Subscription-State", "terminated;reason=noresource"),
                ("Content-Type", "message/sipfrag"),
            )
            inside.ask("NOTIFY", now, about, b"SIP/2.0 200 OK\r\n")
        else:
            inside.answer(transaction, 488, now)

    def _start_audio(self) -> None:
        agreed = self._agreed
        if agreed is not None and agreed.srtp is None and agreed.remote != self._playing:
            self._playing = agreed.remote
            local = (self._local.host, self._local.port)
            self._phone.emit(
                StartAudio(
                    self.number,
                    self._caller,
                    local,
                    agreed.remote,
                    Law(agreed.codec),
                    agreed.payload_type,
                    agreed.event_payload_type if self._traits.echo else None,
                )
            )

    def _silence(self) -> None:
        if self._playing is not None:
            self._playing = None
            self._phone.emit(StopAudio(self.number, (self._local.host, self._local.port)))

    def _closed(self) -> None:
        self._over = True
        for name in (HANG_UP, GIVE_UP, "step"):
            self._phone.agent.deadlines.stop((self, name))
        self._silence()
        self._phone.calls.discard(self)
        self._phone.note(self.number, OVER)
