"""One call of a probe: an INVITE session whose every message is evidence, with a little audio of its own."""

from dataclasses import dataclass, replace
from typing import Final, Protocol

from mediation.rtp.packet import build
from mediation.rtp.telephone_event import key_packets
from mediation.sdp.agreed import AgreedAudio
from mediation.sdp.capabilities import Capabilities, LocalAudio
from mediation.sdp.description import SessionDescription
from mediation.sdp.errors import NotAcceptable, SdpError
from mediation.sdp.negotiation import make_answer, read_answer
from mediation.sip import session_events as session
from mediation.sip.agent import Agent
from mediation.sip.digest_client import DigestClient
from mediation.sip.flow import Endpoint, Flow
from mediation.sip.invite import NO_TIMER, InviteSession
from mediation.sip.message import Request
from mediation.sip.session_events import SessionEvent
from mediation.sip.session_timer import TimerPolicy
from mediation.sip.transaction_row import Transaction
from mediation_codecs.law import SILENCE, Law

UNITS_PER_MS: Final = 8
"""RTP's clock for telephony, and octets of G.711."""
KEY_MS: Final = 100
PACKET: Final = "packet"


@dataclass(frozen=True, slots=True)
class Rtp:
    """One RTP packet to be sent from a port of ours."""

    local: Endpoint
    remote: Endpoint
    octets: bytes


class Desk(Protocol):
    """Who places the call."""

    agent: Agent

    def emit(self, output: Rtp) -> None:
        """Send a packet."""

    def call_closed(self, call: "ProbeCall") -> None:
        """Nothing of the call is left."""


class ProbeCall:
    """A call that we place. It does what it is told, and answers what it is asked."""

    def __init__(self, desk: Desk, offer: SessionDescription, local: LocalAudio, bound: Endpoint) -> None:
        """`local` is what SDP says; `bound` is the socket."""
        self._desk = desk
        self.local = local
        self.bound = bound
        self.said = offer
        """What we have described last."""
        self.answered = self.over = self.closed = False
        self.agreed: AgreedAudio | None = None
        self.changes = 0
        """Re-INVITEs of ours that were taken or refused."""
        self.is_refused = False
        """Whether the last of them was."""
        self._keys: list[tuple[int, bool, bytes]] = []
        """Packets of keys that wait: after how many units, marker, payload."""
        self._sequence = self._timestamp = 1000
        self._key_began = 0

    def place(
        self,
        invite: Request,
        flow: Flow,
        now: float,
        digest: DigestClient,
        policy: TimerPolicy = NO_TIMER,
    ) -> None:
        """Send the INVITE."""
        self._session = InviteSession.calling(self._desk.agent, self, invite, flow, now, digest, policy)

    # what scripts ask for

    def hang_up(self, now: float) -> None:
        """End it in whatever way its stage allows."""
        if not self.closed:
            self.be_silent()
            self._session.hang_up(now)

    def reoffer(self, offer: SessionDescription, now: float) -> bool:
        """Ask for a change by re-INVITE; False: not now."""
        if not self._session.may_reoffer:
            return False
        before = self.said.origin
        self.said = replace(offer, origin=replace(before, session_version=before.session_version + 1))
        self._session.inside.reoffer(now, bytes(self.said), tries_again=False)
        return True

    def update(self, now: float) -> None:
        """Ask for nothing by UPDATE (RFC 3311): a refresh of the target alone."""
        self._session.inside.reoffer(now, b"", method="UPDATE", tries_again=False)

    def ask(self, method: str, now: float, headers: tuple[tuple[str, str], ...] = ()) -> None:
        """Send another request within the call."""
        self._session.inside.ask(method, now, headers)

    def talk(self, now: float) -> None:
        """Send silence from now on, so that whoever waits for our audio hears some."""
        if self.agreed is not None and self.agreed.srtp is None and not self.over:
            self._desk.agent.deadlines.start((self, PACKET), now)

    def press(self, key: str) -> bool:
        """Press a key; False where the trunk takes no telephone events."""
        agreed = self.agreed
        if agreed is None or agreed.event_payload_type is None:
            return False
        units = agreed.ptime_ms * UNITS_PER_MS
        self._key_began = self._timestamp
        packets = key_packets(key, KEY_MS * UNITS_PER_MS, packet_units=units)
        self._keys = [(each.after, each.marker, each.payload) for each in packets]
        return True

    def be_silent(self) -> None:
        """Send no more audio."""
        self._desk.agent.deadlines.stop((self, PACKET))

    # what others tell

    def timer_fired(self, name: str, now: float) -> None:
        """The next packet is due."""
        del name
        agreed = self.agreed
        if agreed is None or self.over:
            return
        units = agreed.ptime_ms * UNITS_PER_MS
        if self._keys and agreed.event_payload_type is not None:
            _, marker, payload = self._keys.pop(0)
            kind, timestamp = agreed.event_payload_type, self._key_began
        else:
            payload = bytes([SILENCE[Law(agreed.codec)]]) * units
            kind, timestamp, marker = agreed.payload_type, self._timestamp, False
        packet = build(kind, self._sequence & 0xFFFF, timestamp, self.local.port, payload, marker=marker)
        self._desk.emit(Rtp(self.bound, agreed.remote, packet))
        self._sequence += 1
        self._timestamp += units
        self._desk.agent.deadlines.start((self, PACKET), now + agreed.ptime_ms / 1000)

    def session_event(self, event: SessionEvent, now: float) -> None:
        """The session has something to say."""
        match event:
            case session.Progressed(response):
                self._heard_answer(response.body)
            case session.Accepted(response):
                self.answered = True
                self._heard_answer(response.body)
            case session.ReofferTaken(response):
                self.changes, self.is_refused = self.changes + 1, False
                self._heard_answer(response.body)
            case session.ReofferRefused() | session.ReofferMet():
                self.changes, self.is_refused = self.changes + 1, True
            case (
                session.Rejected() | session.Failed() | session.HungUp() | session.Lost() | session.Expired()
            ):
                self.over = True
                self.be_silent()
            case session.Reoffered(request):
                self._reoffered(request, now)
            case session.Asked(transaction):
                self._asked(transaction, now)
            case session.Closed():
                self.closed = self.over = True
                self.be_silent()
                self._desk.call_closed(self)

    def _heard_answer(self, body: bytes) -> None:
        if not body:
            return
        try:
            self.agreed = read_answer(self.said, SessionDescription.parse(body))
        except (SdpError, NotAcceptable):
            return  # judged by what was written, not by us

    def _reoffered(self, request: Request, now: float) -> None:
        """The trunk changes the call: it may have what it wants, as far as we have it."""
        laws = Capabilities(("PCMA", "PCMU"))
        try:
            offer = SessionDescription.parse(request.body) if request.body else None
            if offer is None:
                self._session.accept(now, body=bytes(self.said))
                return
            answer, self.agreed = make_answer(offer, self.local, laws, self.said.origin)
        except (SdpError, NotAcceptable):
            self._session.reject(488, now)
            return
        self.said = replace(
            answer,
            origin=replace(self.said.origin, session_version=self.said.origin.session_version + 1),
        )
        self._session.accept(now, body=bytes(self.said))

    def _asked(self, transaction: Transaction, now: float) -> None:
        method = transaction.request.method
        taken = method in ("NOTIFY", "INFO", "MESSAGE", "OPTIONS")
        self._session.inside.answer(transaction, 200 if taken else 488 if method == "UPDATE" else 405, now)
