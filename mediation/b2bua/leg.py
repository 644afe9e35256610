"""One side of a call: an INVITE session spoken as events, its descriptions included.

The same class serves both interfaces and both directions. What differs is who began: a leg that received an INVITE
answers an offer, a leg that sends one makes it; either may find the roles reversed later (RFC 3264).
"""

from typing import Protocol

from mediation.b2bua import causes
from mediation.b2bua.causes import Cause
from mediation.b2bua.events import (
    Answered,
    AnsweredTooLate,
    Closed,
    HungUp,
    LegEvent,
    Progress,
    Refused,
    Updated,
)
from mediation.b2bua.passage import Lines
from mediation.b2bua.plan import Endpoint, Stream
from mediation.b2bua.policy import ALLOW
from mediation.routing.terms import Terms
from mediation.sdp.description import Origin, SessionDescription
from mediation.sdp.errors import NotAcceptable, SdpError
from mediation.sdp.negotiation import (
    AgreedAudio,
    LocalAudio,
    make_answer,
    make_offer,
    read_answer,
    renew,
)
from mediation.sip import session_events as session
from mediation.sip.agent import Agent, hostport
from mediation.sip.digest_client import DigestClient
from mediation.sip.flow import Flow
from mediation.sip.invite import InviteSession
from mediation.sip.matching import Failure, Transaction
from mediation.sip.message import Request, Response
from mediation.sip.session_events import SessionEvent
from mediation.sip.session_table import Stage
from mediation_codecs.g711 import Law

RETRY_AFTER_S = 10
"""How long a 503 of ours asks to be left alone (RFC 3261 section 21.5.4)."""
_NOWHERE = 9
"""The discard port: stands for ours while a description is only being judged."""


class LegUser(Protocol):
    """Who the leg works for."""

    def leg_event(self, leg: "Leg", event: LegEvent, now: float) -> None:
        """Something happened that the call must know."""


class Leg:
    """One side of a call. Make one with `received`, or with `placed`."""

    def __init__(self, agent: Agent, user: LegUser, flow: Flow, terms: Terms, product: str) -> None:
        self._agent = agent
        self.user = user
        self.side = terms.side
        self.flow = flow
        self._capabilities = terms.capabilities
        self._reason_in_responses = terms.identity.reason_in_responses
        self._digest = DigestClient(*([] if terms.credentials is None else [terms.credentials]))
        self._product = product
        self._origin = Origin("-", agent.ids.session_id(), 1, flow.local[0])
        self._local = LocalAudio(flow.local[0], _NOWHERE)
        self._described: SessionDescription | None = None
        """What we said last."""
        self._offered: SessionDescription | None = None
        """The peer's offer that we have not answered yet."""
        self._awaits_answer = False
        """Whether an offer of ours, in a 2xx, waits for its answer in the ACK."""
        self._early: dict[str, AgreedAudio] = {}
        """What provisional responses described, by To tag."""
        self.audio: AgreedAudio | None = None
        """What both sides agreed last."""
        self.call_id = ""
        self._warning: tuple[tuple[str, str], ...] = ()

    @classmethod
    def received(
        cls,
        agent: Agent,
        user: LegUser,
        transaction: Transaction,
        terms: Terms,
        product: str,
    ) -> "Leg":
        """The leg that an INVITE opens. Raises RemoteSipError when no dialog can be made of it."""
        leg = cls(agent, user, transaction.flow, terms, product)
        leg.call_id = transaction.request.call_id
        leg.session = InviteSession.called(agent, leg, transaction, leg._digest)
        return leg

    def judge(self, invite: Request) -> Cause | None:
        """Read the offer that opened the leg; why it cannot be answered, if so, before anything is spent on it."""
        if not invite.body:
            return None
        try:
            self._offered = SessionDescription.parse(invite.body)
            make_answer(self._offered, self._local, self._capabilities, self._origin)
        except SdpError:
            return causes.BAD_DESCRIPTION
        except NotAcceptable as error:
            self._warning = (warning(error, self.flow),)
            return causes.NO_CODEC
        return None

    def place(
        self,
        request_uri: str,
        *,
        local: Endpoint,
        identity: str,
        destination: str,
        max_forwards: int,
        headers: tuple[tuple[str, str], ...],
        now: float,
    ) -> None:
        """Send an INVITE with our offer. `identity` and `destination` are From and To, without tags."""
        self._local = LocalAudio(*local)
        self._described = make_offer(self._local, self._capabilities, self._origin)
        self.call_id = self._agent.ids.call_id()
        invite = self._agent.request(
            "INVITE",
            request_uri,
            self.flow,
            identity=identity,
            destination=destination,
            call_id=self.call_id,
            max_forwards=max_forwards,
            headers=(("Allow", ALLOW), *headers, *self._courtesies("User-Agent")),
            body=bytes(self._described),
        )
        self.session = InviteSession.calling(self._agent, self, invite, self.flow, now, self._digest)

    # what the call asks for

    def bind(self, local: Endpoint) -> None:
        """Our audio's place is known."""
        self._local = LocalAudio(*local)

    @property
    def can_hear_early(self) -> bool:
        """Whether early media can be described: the peer has made an offer (RFC 3960 section 3.1)."""
        return self._offered is not None or self.audio is not None

    def ring(
        self, status: int, now: float, *, prefer: str | None = None, media: bool = False, headers: Lines = ()
    ) -> None:
        """Pass on a provisional response; with `media`, answer the offer already. `headers` came across."""
        body = bytes(self._answer(prefer)) if media and self.can_hear_early else b""
        self.session.progress(status, now, headers=(*headers, *self._courtesies("Server")), body=body)

    def answer(self, now: float, *, prefer: str | None = None, headers: Lines = ()) -> None:
        """Answer the call. Without an offer from the peer we make ours, and its ACK brings the answer.

        `headers` came across.
        """
        self._accept(self._answer(prefer) if self.can_hear_early else self._offer(), now, headers)

    def hang_up(self, cause: Cause, now: float) -> None:
        """End the leg in whatever way its stage allows; before the answer the caller hears the cause's status."""
        if self.session.stage is Stage.RECEIVED:
            reason = (cause.header(),) if self._reason_in_responses else ()
            headers = (*reason, *self._warning, *self._courtesies("Server"))
            if cause.reply_status == 503:  # an ITSP may use another site meanwhile
                headers = (("Retry-After", str(RETRY_AFTER_S)), *headers)
            self.session.reject(cause.reply_status, now, headers=headers)
        else:
            self.session.hang_up(now, headers=(cause.header(),))

    def abandon(self, now: float) -> None:
        """End the leg and wait for nothing: the last resort after a bug of ours."""
        self.session.abandon(now)

    def stream(self) -> Stream | None:
        """Our part of a media plan; None while nothing is agreed."""
        audio = self.audio
        if audio is None:
            return None
        return Stream(
            remote=audio.remote,
            remote_rtcp=audio.remote_rtcp,
            law=Law(audio.codec),
            payload_type=audio.payload_type,
            event_payload_type=audio.event_payload_type,
            ptime_ms=audio.ptime_ms,
            sends=audio.direction.takes,
            takes=audio.direction.sends,
            our_payload_type=None if audio.incoming is None else audio.incoming.law,
            our_event_payload_type=None if audio.incoming is None else audio.incoming.event,
        )

    # what the session tells

    def session_event(self, event: SessionEvent, now: float) -> None:
        """Translate: SIP in, events of the bridge out."""
        match event:
            case session.Progressed(response):
                if response.status > 100:
                    self._tell(Progress(response.status, self._early_audio(response), response.headers), now)
            case session.Accepted(response):
                self._accepted(response, now)
            case session.AcceptedTooLate():
                self._tell(AnsweredTooLate(), now)
            case session.Rejected(response, given_up):
                cause = (
                    causes.of_response(response)
                    if given_up is None
                    else causes.of_challenge(response, given_up)
                )
                self._tell(Refused(cause, response.retry_after), now)
            case session.Failed(failure):
                timeout = failure is Failure.TIMEOUT
                self._tell(Refused(causes.NO_RESPONSE if timeout else causes.UNREACHABLE), now)
            case session.Cancelled(request):
                self._tell(HungUp(causes.cancelled_by(request)), now)
            case session.HungUp(request):
                self._tell(HungUp(causes.ended_by(request)), now)
            case session.Unacknowledged():
                self._tell(HungUp(causes.NO_ACK), now)
            case session.Acknowledged(ack):
                self._acknowledged(ack, now)
            case session.Reoffered(request):
                self._reoffered(request, now)
            case session.Closed():
                self._tell(Closed(), now)

    def _tell(self, event: LegEvent, now: float) -> None:
        self.user.leg_event(self, event, now)

    def _courtesies(self, header: str) -> tuple[tuple[str, str], ...]:
        return ((header, self._product),) if self._product else ()

    # descriptions

    def _answer(self, prefer: str | None) -> SessionDescription:
        """Our answer; once given, the same again, so that 183 and 200 never differ (RFC 3261 section 13.2.1)."""
        if self._offered is not None:
            answer, self.audio = make_answer(
                self._offered, self._local, self._capabilities, self._origin, prefer=prefer
            )
            self._described = renew(self._described, answer)
            self._offered = None
        if self._described is None:
            raise NotAcceptable("nothing was offered")
        return self._described

    def _offer(self) -> SessionDescription:
        offer = make_offer(self._local, self._capabilities, self._origin, previous=self._described)
        self._described = renew(self._described, offer)
        self._awaits_answer = True
        return self._described

    def _accept(self, body: SessionDescription, now: float, headers: Lines = ()) -> None:
        ours = (("Allow", ALLOW), *headers, *self._courtesies("Server"))
        self.session.accept(now, headers=ours, body=bytes(body))

    def _read_answer(self, body: bytes) -> AgreedAudio:
        if self._described is None:
            raise NotAcceptable("nothing was offered")
        return read_answer(self._described, SessionDescription.parse(body))

    def _early_audio(self, response: Response) -> AgreedAudio | None:
        if not response.body:
            return None
        try:
            audio = self._read_answer(response.body)
        except (SdpError, NotAcceptable):
            return None  # the 200 may do better; until then there is nothing to hear
        self._early[response.to.tag or ""] = audio
        self.audio = audio
        return audio

    def _accepted(self, response: Response, now: float) -> None:
        tag = response.to.tag or ""
        try:
            if response.body:
                self.audio = self._read_answer(response.body)
            else:
                self.audio = self._early[
                    tag
                ]  # deviates: RFC 3264 wants the answer in the 2xx of an offering INVITE
        except KeyError:
            self._unusable(causes.NO_ANSWER_BODY, now)
        except SdpError:
            self._unusable(causes.NO_ANSWER_BODY, now)
        except NotAcceptable:
            self._unusable(causes.NO_CODEC_CALLEE, now)
        else:
            self._tell(Answered(self.audio, response.headers), now)

    def _unusable(self, cause: Cause, now: float) -> None:
        self.hang_up(cause, now)
        self._tell(Refused(cause, answered=True), now)

    def _acknowledged(self, ack: Request, now: float) -> None:
        """The ACK brings the answer where the 2xx made the offer (RFC 3261 section 13.2.1)."""
        if not self._awaits_answer:
            return
        self._awaits_answer = False
        try:
            self.audio = self._read_answer(ack.body)
        except (SdpError, NotAcceptable):
            self.hang_up(causes.NO_DESCRIPTION, now)
            self._tell(HungUp(causes.NO_DESCRIPTION), now)
        else:
            self._tell(Updated(self.audio), now)

    def _reoffered(self, request: Request, now: float) -> None:
        """Answer a re-INVITE here: the other side is not disturbed (RFC 3261 section 14.2)."""
        if not request.body:
            self._accept(self._offer(), now)
            return
        try:
            answer, audio = make_answer(
                SessionDescription.parse(request.body),
                self._local,
                self._capabilities,
                self._origin,
                prefer=self.audio.codec if self.audio is not None else None,
            )
        except SdpError as error:
            self.session.reject(400, now, reason=error.reason)
        except NotAcceptable as error:
            self.session.reject(488, now, headers=(warning(error, self.flow),))
        else:
            self._described = renew(self._described, answer)
            self._accept(self._described, now)
            if audio != self.audio:
                self.audio = audio
                self._tell(Updated(audio), now)


def warning(error: NotAcceptable, flow: Flow) -> tuple[str, str]:
    """A Warning header that says what is missing (RFC 3261 section 20.43)."""
    return "Warning", f'{error.warning} {hostport(flow.local)} "{error.reason}"'
