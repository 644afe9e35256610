"""One side of a call: an INVITE session spoken as events, its descriptions included.

The same class serves both interfaces and both directions. What differs is who began: a leg that received an INVITE
answers an offer, a leg that sends one makes it. This room goes from the INVITE to the answer, and to the end; what is
changed meanwhile is in `changes`, what the parties say to each other in `questions`.
"""

from typing import Protocol

from mediation.b2bua import causes
from mediation.b2bua.answers import Answers
from mediation.b2bua.causes import Cause
from mediation.b2bua.changes import Changes
from mediation.b2bua.content import session_of
from mediation.b2bua.descriptions import Descriptions
from mediation.b2bua.events import (
    Answered,
    AnsweredTooLate,
    Closed,
    HungUp,
    LegEvent,
    Progress,
    Refused,
)
from mediation.b2bua.parts import loaded, signalling_of
from mediation.b2bua.plan import Endpoint
from mediation.b2bua.questions import Questions
from mediation.b2bua.scribe import Scribe, Told
from mediation.b2bua.voice import Fields, Voice
from mediation.b2bua.wide_room import WidePlace, WideRoom
from mediation.routing.caller_id import OWN_CALLER_ID
from mediation.routing.terms import Terms
from mediation.sdp.agreed import AgreedAudio
from mediation.sdp.audio import Direction
from mediation.sdp.crypto import KeyRing
from mediation.sdp.errors import NotAcceptable, SdpError
from mediation.settings.peer_media import Dtmf
from mediation.settings.peer_terms import Follow, Reliability
from mediation.settings.peers import Side
from mediation.sip import session_events as session
from mediation.sip.agent import Agent, TimerUser
from mediation.sip.digest_client import DigestClient
from mediation.sip.errors import RemoteSipError
from mediation.sip.flow import Flow
from mediation.sip.headers import Headers, NameAddress
from mediation.sip.invite import InviteSession
from mediation.sip.message import Request, Response
from mediation.sip.multipart import Part
from mediation.sip.reliable import rseq_of
from mediation.sip.replaces import Replaces
from mediation.sip.session_events import SessionEvent
from mediation.sip.session_table import Stage
from mediation.sip.timers import Deadlines
from mediation.sip.transaction_row import Failure, Transaction


class LegUser(Protocol):
    """Who the leg works for."""

    def leg_event(self, leg: "Leg", event: LegEvent, now: float) -> None:
        """Something happened that the call must know."""


class Leg:
    """One side of a call. Make one with `received`, or with `place`."""

    session: InviteSession
    answers: Answers
    """To the INVITE of the peer's that has opened it; only there if one has."""

    def __init__(
        self, agent: Agent, user: LegUser, flow: Flow, terms: Terms, product: str, wide: WideRoom
    ) -> None:
        """`wide` has the places of those that speak a wide codec."""
        self._agent = agent
        self.user = user
        self.terms = terms
        self.flow = flow
        self._digest = DigestClient(*([] if terms.credentials is None else [terms.credentials]))
        names = agent.names
        self.voice = Voice(terms.allow, tuple(terms.option_tags), product, names.host_and_port(flow))
        capabilities = terms.capabilities_over(flow.transport)
        keys = KeyRing(capabilities.suites, agent.ids.master_key)
        place = WidePlace(wide, capabilities)
        self.scribe = Scribe(names.of(flow).audio_host, place, agent.ids.session_id(), keys)
        """How it describes us."""
        self.said = Descriptions(self.scribe)
        self._invite: Request | None = None
        """The INVITE that has opened the leg, where the peer has sent it."""
        self._answer = Headers()
        """Of the 2xx that the peer has given, where it was called."""
        self.changes = Changes(self)
        """Of its session, whoever asks for them."""
        self.questions = Questions(self)
        """What crosses within the call."""
        self.call_id = ""
        self.trunk = ""
        """Its trunk's name, as routes know it."""
        self.certificate = ""
        """The name in its peer's certificate that it is known by; empty: its address."""
        self.caller_id = OWN_CALLER_ID
        """What its peer is to be shown of whoever is on the other side."""

    @classmethod
    def received(
        cls,
        agent: Agent,
        user: LegUser,
        transaction: Transaction,
        terms: Terms,
        product: str,
        wide: WideRoom,
    ) -> "Leg":
        """The leg that an INVITE opens. Raises RemoteSipError when no dialog can be made of it."""
        leg = cls(agent, user, transaction.flow, terms, product, wide)
        leg.call_id = transaction.request.call_id
        leg._invite = transaction.request
        leg.answers = Answers(leg, transaction.request, agent.ids.boundary)
        leg.session = InviteSession.called(agent, leg, transaction, leg._digest, terms.timer_policy)
        return leg

    def place(
        self,
        request_uri: str,
        *,
        local: Endpoint,
        identity: str,
        destination: str,
        max_forwards: int,
        headers: Fields,
        now: float,
        willing: Told = Direction.SENDRECV,
        parts: tuple[Part, ...] = (),
    ) -> None:
        """Send an INVITE with our offer. `identity` and `destination` are From and To, without tags."""
        self.scribe.bind(local)
        self.call_id = self._agent.ids.call_id()
        if self.terms.early_media.reliable is Reliability.REQUIRE:
            headers = (("Require", "100rel"), *headers)
        body = loaded(bytes(self.said.offer(willing)), parts, self._agent.ids.boundary)
        invite = self._agent.request(
            "INVITE",
            request_uri,
            self.flow,
            identity=identity,
            destination=destination,
            call_id=self.call_id,
            max_forwards=max_forwards,
            headers=(*self.voice.abilities, *headers, *self.voice.user_agent, *body.headers),
            body=body.octets,
        )
        policy = self.terms.timer_policy
        self.session = InviteSession.calling(self._agent, self, invite, self.flow, now, self._digest, policy)

    # what the call asks for

    def bind(self, local: Endpoint) -> None:
        """Our audio's place is known, or another one."""
        self.scribe.bind(local)

    def hang_up(self, cause: Cause, now: float, parts: tuple[Part, ...] = ()) -> None:
        """End the leg in whatever way its stage allows; before the answer the caller hears the cause's status.

        `parts` are what the other side has said with its last word.
        """
        if self.session.stage is Stage.RECEIVED:
            self.answers.refuse(cause, now, parts)
        else:
            content = loaded(b"", parts, self._agent.ids.boundary)
            self.session.hang_up(now, headers=(cause.header(), *self.voice.session), content=content)

    def cease(self, now: float) -> None:
        """Call no more a party from whom nothing was heard; whatever it says yet is heard and ended."""
        self.session.cease(now)

    def abandon(self, now: float) -> None:
        """End the leg and wait for nothing: the last resort after a bug of ours."""
        self.scribe.place.leave()
        self.session.abandon(now)

    # what it is

    @property
    def deadlines(self) -> Deadlines[tuple[TimerUser, str]]:
        """The timers of all that belongs to it."""
        return self._agent.deadlines

    @property
    def side(self) -> Side:
        """The interface it is on."""
        return self.terms.side

    @property
    def is_up(self) -> bool:
        """Whether something can be said to the peer within the dialog."""
        return self.session.stage in (Stage.ACCEPTED, Stage.CONFIRMED)

    @property
    def is_away(self) -> bool:
        """Whether the party across waits for it: it holds, or has gone.

        Who has only ever spoken, and never listened, holds nobody: it has something to say.
        """
        wish = self.said.wish_of_audio
        holds = not wish.takes and (self.said.has_listened or not wish.sends)
        return holds or self.session.stage in (Stage.ENDING, Stage.ENDED)

    @property
    def as_seen_by_its_peer(self) -> Replaces:
        """The ids of the leg's dialog, for somebody who is to take our place in it (RFC 3891 section 3)."""
        dialog = self.session.dialog.id
        return Replaces(dialog.call_id, to_tag=dialog.remote_tag, from_tag=dialog.local_tag)

    @property
    def person(self) -> tuple[str, Headers]:
        """Who the peer is: its From or To value, and what it has said about itself in its INVITE, if it sent one."""
        headers = Headers() if self._invite is None else self._invite.headers
        return self.session.dialog.remote, headers

    @property
    def introduction(self) -> Headers:
        """What the peer has said of itself, by calling or by answering."""
        return self._answer if self._invite is None else self._invite.headers

    @property
    def caller(self) -> NameAddress | None:
        """The From of the peer, where it has called."""
        return None if self._invite is None else self._invite.from_

    @property
    def dtmf(self) -> Dtmf | None:
        """How digits come from the peer and go to it; None: there is no way."""
        if self.audio is not None and self.audio.event_payload_type is not None:
            return Dtmf.RTP
        return None if self.terms.dtmf is Dtmf.RTP else self.terms.dtmf

    @property
    def audio(self) -> AgreedAudio | None:
        """The audio that both sides agreed on last."""
        return self.said.audio

    # what the session tells

    def session_event(self, event: SessionEvent, now: float) -> None:
        """Translate: SIP in, events of the bridge out."""
        match event:
            case session.Progressed(response):
                if response.status > 100:
                    audio = self._early_audio(response)
                    tag, parts = response.to.tag or "", signalling_of(response)
                    self.tell(Progress(response.status, audio, tag, response.headers, parts), now)
            case session.Accepted(response):
                self._accepted(response, now)
            case session.AcceptedTooLate():
                self.tell(AnsweredTooLate(), now)
            case session.Rejected(response, given_up):
                self._rejected(
                    response, given_up is not None and causes.of_challenge(response, given_up), now
                )
            case session.Failed(failure):
                timeout = failure is Failure.TIMEOUT
                self.tell(Refused(causes.NO_RESPONSE if timeout else causes.UNREACHABLE), now)
            case session.Lost(_):
                early = self.session.stage is Stage.CANCELLING
                self.tell(Refused(causes.PRACK_REFUSED) if early else HungUp(causes.DIALOG_LOST), now)
            case session.Cancelled(request):
                self.tell(HungUp(causes.cancelled_by(request)), now)
            case session.HungUp(request):
                self.tell(HungUp(causes.ended_by(request), signalling_of(request)), now)
            case session.Unacknowledged():
                self.tell(HungUp(causes.NO_ACK), now)
            case session.PrackMissing():
                self.tell(HungUp(causes.NO_PRACK), now)
            case session.Expired():
                self.tell(HungUp(causes.SESSION_EXPIRED), now)
            case session.Closed():
                self.questions.end()
                self.scribe.place.leave()
                self.tell(Closed(), now)
            case session.Asked(transaction) if transaction.request.method == "UPDATE":
                self.changes.updated(transaction, now)
            case session.Asked(transaction):
                self.questions.asked(transaction, now)
            case session.Replied(ticket, outcome):
                self.questions.replied(ticket, outcome, now)
            case _:
                self.changes.session_event(event, now)

    def tell(self, event: LegEvent, now: float) -> None:
        """Tell the call."""
        self.user.leg_event(self, event, now)

    # answers to our INVITE

    def _early_audio(self, response: Response) -> AgreedAudio | None:
        try:
            body = session_of(response)
            reliable = rseq_of(response) is not None
            keep_first = self.terms.early_media.follow is Follow.FIRST
            if not body:
                return None
            return self.said.take_early(response.to.tag or "", body, reliable=reliable, keep_first=keep_first)
        except (SdpError, NotAcceptable, RemoteSipError):
            return None  # the 200 may do better; until then there is nothing to hear

    def _accepted(self, response: Response, now: float) -> None:
        tag = response.to.tag or ""
        self._answer = response.headers
        try:
            # deviates: RFC 3264 wants the answer in the 2xx of an offering INVITE; one that came before will do
            audio = self.said.take_final(tag, session_of(response))
        except (KeyError, SdpError):
            self._unusable(causes.NO_ANSWER_BODY, now)
        except NotAcceptable:
            self._unusable(causes.NO_CODEC_CALLEE, now)
        else:
            self.tell(Answered(audio, tag, response.headers, signalling_of(response)), now)

    def _rejected(self, response: Response, challenge: Cause | bool, now: float) -> None:
        cause = challenge if isinstance(challenge, Cause) else causes.of_response(response)
        contacts = response.contacts if 300 <= response.status < 400 else ()
        uris = tuple(str(contact.uri) for contact in contacts)
        parts = signalling_of(response)
        self.tell(Refused(cause, response.retry_after, redirected_to=uris, parts=parts), now)

    def _unusable(self, cause: Cause, now: float) -> None:
        self.hang_up(cause, now)
        self.tell(Refused(cause, answered=True), now)
