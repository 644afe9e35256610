"""One side of a call: an INVITE session spoken as events, its descriptions included.

The same class serves both interfaces and both directions. What differs is who began: a leg that received an INVITE
answers an offer, a leg that sends one makes it; either may find the roles reversed later (RFC 3264).
"""

from dataclasses import replace
from typing import Protocol

from mediation.b2bua import causes
from mediation.b2bua.causes import Cause
from mediation.b2bua.content import NOTHING, Content
from mediation.b2bua.descriptions import Descriptions, Turn
from mediation.b2bua.events import (
    Answered,
    AnsweredTooLate,
    Asked,
    Closed,
    HungUp,
    LegEvent,
    Progress,
    Referred,
    Refused,
    ReofferCancelled,
    ReofferDue,
    Reoffered,
    ReofferRefused,
    ReofferTaken,
    Replied,
    Reported,
    Updated,
)
from mediation.b2bua.plan import Endpoint, Stream
from mediation.routing.numbers import is_number, number_of
from mediation.routing.terms import Terms
from mediation.sdp.errors import NotAcceptable, SdpError
from mediation.sdp.negotiation import AgreedAudio, Direction
from mediation.settings.model import Side
from mediation.settings.peer_terms import Follow, Reliability
from mediation.sip import session_events as session
from mediation.sip.agent import Agent
from mediation.sip.digest_client import DigestClient
from mediation.sip.early import wants_reliability
from mediation.sip.errors import RemoteSipError
from mediation.sip.flow import Flow
from mediation.sip.headers import Headers
from mediation.sip.inside import RETRY_AFTER_S as CROSSED_RETRY_AFTER_S
from mediation.sip.invite import InviteSession
from mediation.sip.matching import Failure, Transaction
from mediation.sip.message import Request, Response
from mediation.sip.refer_reports import REFER, EventType, StatusFragment, SubscriptionState
from mediation.sip.reliable import rseq_of
from mediation.sip.replaces import Replaces
from mediation.sip.session_events import SessionEvent
from mediation.sip.session_table import Stage
from mediation.sip.session_timer import TimerRefusal
from mediation.sip.transfer import refer_to_of, referred_by_of, wants_reports
from mediation.sip.uri import escaped, parse_uri
from mediation_codecs.g711 import Law

RETRY_AFTER_S = 10
"""How long a 503 of ours asks to be left alone (RFC 3261 section 21.5.4)."""

Fields = tuple[tuple[str, str], ...]
"""Header fields: names and values."""


class LegUser(Protocol):
    """Who the leg works for."""

    def leg_event(self, leg: "Leg", event: LegEvent, now: float) -> None:
        """Something happened that the call must know."""


class Leg:
    """One side of a call. Make one with `received`, or with `place`."""

    def __init__(self, agent: Agent, user: LegUser, flow: Flow, terms: Terms, product: str) -> None:
        self._agent = agent
        self.user = user
        self.terms = terms
        self.flow = flow
        self._digest = DigestClient(*([] if terms.credentials is None else [terms.credentials]))
        self._product = product
        self.said = Descriptions(agent.names.of(flow).audio_host, terms.capabilities, agent.ids.session_id())
        self._invite: Request | None = None
        """The INVITE that has opened the leg, where the peer has sent it."""
        self._parties: list[str] = []
        """Those behind us that have an early dialog of their own with the caller."""
        self._settled: set[str] = set()
        """Those whose early dialog has our description for good: it went reliably."""
        self._awaits_answer = False
        """Whether an offer of ours waits for its answer in an ACK or PRACK."""
        self._update: Transaction | None = None
        """An UPDATE with an offer that is being answered; None: it is an INVITE, if anything."""
        self._questions: dict[int, Transaction] = {}
        self._asked_so_far = 0
        self.call_id = ""
        self.trunk = ""
        """Its trunk's name, as routes know it."""
        self.referrals = 0
        """REFERs of the peer that were accepted."""
        self._remarks: Fields = ()
        """What a refusal of the INVITE says beside its status."""

    @classmethod
    def received(
        cls, agent: Agent, user: LegUser, transaction: Transaction, terms: Terms, product: str
    ) -> "Leg":
        """The leg that an INVITE opens. Raises RemoteSipError when no dialog can be made of it."""
        leg = cls(agent, user, transaction.flow, terms, product)
        leg.call_id = transaction.request.call_id
        leg._invite = transaction.request
        leg.session = InviteSession.called(agent, leg, transaction, leg._digest, terms.timer_policy)
        return leg

    def judge(self, invite: Request) -> Cause | None:
        """Why the INVITE that opened the leg cannot be answered, if so, before anything is spent on it."""
        try:
            self.session.judge_timer()
        except TimerRefusal as refusal:
            self._remarks = refusal.headers
            return causes.INTERVAL_TOO_BRIEF if refusal.status == 422 else causes.EXTENSION_REQUIRED
        knows, _ = wants_reliability(invite)
        if self.terms.early_media.reliable is Reliability.REQUIRE and not knows:
            self._remarks = (("Require", "100rel"),)
            return causes.EXTENSION_REQUIRED
        if not invite.body:
            return None
        try:
            self.said.take_offer(invite.body)
        except SdpError:
            return causes.BAD_DESCRIPTION
        except NotAcceptable as error:
            self._remarks = (self._missing(error),)
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
        headers: Fields,
        now: float,
        willing: Direction = Direction.SENDRECV,
    ) -> None:
        """Send an INVITE with our offer. `identity` and `destination` are From and To, without tags."""
        self.said.bind(local)
        self.call_id = self._agent.ids.call_id()
        if self.terms.early_media.reliable is Reliability.REQUIRE:
            headers = (("Require", "100rel"), *headers)
        invite = self._agent.request(
            "INVITE",
            request_uri,
            self.flow,
            identity=identity,
            destination=destination,
            call_id=self.call_id,
            max_forwards=max_forwards,
            headers=(*self._abilities, *headers, *self._courtesies("User-Agent")),
            body=bytes(self.said.offer(willing)),
        )
        policy = self.terms.timer_policy
        self.session = InviteSession.calling(self._agent, self, invite, self.flow, now, self._digest, policy)

    # what the call asks for

    def bind(self, local: Endpoint) -> None:
        """Our audio's place is known, or another one."""
        self.said.bind(local)

    def ring(
        self,
        status: int,
        now: float,
        *,
        party: str = "",
        prefer: str | None = None,
        media: bool = False,
        headers: Fields = (),
    ) -> None:
        """Pass on a provisional response of `party`; with `media`, answer the offer already.

        Reliably where the peer demands it, or knows it and the terms say so (RFC 3262 section 3). Where it has made no
        offer, the first reliable response makes ours (section 5).
        """
        if status == 183 and not media and not self.terms.early_media.bare_183:
            return
        party = self._shown(party)
        knows, demands = (False, False) if self._invite is None else wants_reliability(self._invite)
        eager = self.terms.early_media.reliable in (Reliability.PREFER, Reliability.REQUIRE)
        reliable = demands or (knows and eager and (media or self.said.has_offer or self._awaits_answer))
        body = b""
        if self.said.has_offer:
            if media and party not in self._settled:
                body = bytes(self.said.answer(prefer))
        elif reliable and not self._awaits_answer:
            body = bytes(self.said.offer())
            self._awaits_answer = True
        if body and reliable:
            self._settled.add(party)
        fields = (*self._abilities, *headers, *self._courtesies("Server"))
        self.session.progress(status, now, headers=fields, body=body, reliable=reliable, fork=party)

    def answer(
        self,
        now: float,
        *,
        party: str = "",
        prefer: str | None = None,
        willing: Direction = Direction.SENDRECV,
        headers: Fields = (),
    ) -> None:
        """Answer the call for `party`. Without an offer from the peer we make ours, and its ACK brings the answer."""
        party = self._shown(party)
        body = b""
        if party not in self._settled:
            if self.said.has_offer:
                body = bytes(self.said.answer(prefer, willing))
            else:
                body = bytes(self.said.offer(willing))
                self._awaits_answer = True
        self._accept(body, now, headers, party)

    def hang_up(self, cause: Cause, now: float) -> None:
        """End the leg in whatever way its stage allows; before the answer the caller hears the cause's status."""
        if self.session.stage is Stage.RECEIVED:
            reason = (cause.header(),) if self.terms.identity.reason_in_responses else ()
            headers = (*reason, *self._remarks, *self._courtesies("Server"))
            if cause.reply_status == 503:  # an ITSP may use another site meanwhile
                headers = (("Retry-After", str(RETRY_AFTER_S)), *headers)
            self.session.reject(cause.reply_status, now, headers=headers)
        else:
            self.session.hang_up(now, headers=(cause.header(),))

    def redirect(self, cause: Cause, uris: tuple[str, ...], now: float) -> None:
        """Refuse the call and name the numbers to call instead, at our own host (RFC 3261 section 21.3)."""
        numbers = dict.fromkeys(number_of(parse_uri(uri)) for uri in uris)
        host = self._agent.names.host_and_port(self.flow)
        contacts = tuple(
            ("Contact", f"<sip:{number if is_number(number) else escaped(number)}@{host}>")
            for number in numbers
            if number
        )
        if self.session.stage is Stage.RECEIVED and contacts:
            self.session.reject(cause.status, now, headers=(*contacts, *self._courtesies("Server")))
        else:
            self.hang_up(cause, now)

    def abandon(self, now: float) -> None:
        """End the leg and wait for nothing: the last resort after a bug of ours."""
        self.session.abandon(now)

    # changes of a call that is up

    @property
    def may_reoffer(self) -> bool:
        """Whether we may ask for a change now: nobody else is asking."""
        return self.session.may_reoffer and self.said.turn is Turn.FREE and self._update is None

    def reoffer(self, willing: Direction, now: float, *, tries_again: bool) -> None:
        """Ask for a change: all that we can, in this direction. `tries_again`: glare is no refusal."""
        body = bytes(self.said.offer(willing))
        fields = (*self._abilities, *self._courtesies("User-Agent"))
        self.session.inside.reoffer(now, body, fields, tries_again=tries_again)

    def reoffer_later(self, now: float) -> None:
        """Let `ReofferDue` come when we may ask for a change."""
        self.session.inside.change.postpone(now)

    def await_reoffer(self, now: float) -> None:
        """The peer's wish for a change waits for the other side: it need not repeat it (RFC 3261 section 17.2.1)."""
        if self._update is None:
            self.session.progress(100, now)

    def accept_reoffer(self, willing: Direction, now: float) -> None:
        """Agree to the change that the peer has asked for, as far as we are willing."""
        update, self._update = self._update, None
        if self.said.turn is Turn.THEIRS:
            prefer = None if self.audio is None else self.audio.codec
            body = bytes(self.said.answer(prefer, willing))
        else:
            body = bytes(self.said.offer(willing))
            self._awaits_answer = True
        if update is None:
            self._accept(body, now)
        else:
            content = ("Content-Type", "application/sdp")
            fields = (*self._abilities, *self._courtesies("Server"), content)
            self.session.inside.answer(update, 200, now, fields, body)

    def refuse_reoffer(self, status: int, now: float) -> None:
        """Everything stays as it is."""
        self.said.refuse()
        update, self._update = self._update, None
        if update is None:
            self.session.reject(status, now, headers=self._courtesies("Server"))
        else:
            self.session.inside.answer(update, status, now, self._courtesies("Server"))

    def refresh(self, now: float) -> None:
        """Keep the session alive (RFC 4028 section 10)."""
        fields = (*self._abilities, *self._courtesies("User-Agent"))
        self.session.inside.refresh(now, self.said.in_force, fields)

    # what crosses within a call

    def takes(self, method: str) -> bool:
        """Whether the peer has said that it takes a method; one that has said nothing takes anything."""
        allows = self.session.inside.peer_allows
        return not allows or method in allows

    def lists(self, method: str) -> bool:
        """Whether the peer has said that it takes a method: what is not usual needs its word."""
        return method in self.session.inside.peer_allows

    def ask(self, method: str, content: Content, now: float, headers: Fields = ()) -> int:
        """Pass something on to the peer; `Replied` comes back with this ticket."""
        fields = (*headers, *content.headers, *self._courtesies("User-Agent"))
        return self.session.inside.ask(method, now, fields, content.body)

    def reply(self, question: int, status: int, now: float, content: Content = NOTHING) -> None:
        """Answer what the peer has `Asked`."""
        transaction = self._questions.pop(question, None)
        if transaction is not None:
            fields = (*content.headers, *self._courtesies("Server"))
            self.session.inside.answer(transaction, status, now, fields, content.body)

    def accept_referral(self, referred: Referred, now: float) -> None:
        """202: somebody else will be called (RFC 3515 section 2.4.4, RFC 4488 section 4)."""
        transaction = self._questions.pop(referred.question, None)
        if transaction is not None:
            fields = () if referred.wants_reports else (("Refer-Sub", "false"),)
            self.session.inside.answer(transaction, 202, now, (*fields, *self._courtesies("Server")))

    # what it is

    @property
    def is_up(self) -> bool:
        """Whether something can be said to the peer within the dialog."""
        return self.session.stage in (Stage.ACCEPTED, Stage.CONFIRMED)

    @property
    def across(self) -> "Leg | None":
        """Who sits across, while the leg works for a call that is up."""
        across = getattr(self.user, "other", None)
        return across(self) if across is not None and self.is_up else None

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
    def side(self) -> Side:
        """The interface it is on."""
        return self.terms.side

    @property
    def audio(self) -> AgreedAudio | None:
        """What both sides agreed last."""
        return self.said.audio

    def stream(self) -> Stream | None:
        """Our part of a media plan; None while nothing is agreed."""
        audio = self.audio
        if audio is None:
            return None
        if self.session.stage in (Stage.ENDING, Stage.ENDED):
            audio = replace(
                audio, direction=Direction.INACTIVE
            )  # it has gone, and the other party stays for now
        many = self.terms.early_media.follow is Follow.MEDIA and self.session.stage is Stage.PROCEEDING
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
            alternatives=self.said.other_parties if many else (),
        )

    # what the session tells

    def session_event(self, event: SessionEvent, now: float) -> None:
        """Translate: SIP in, events of the bridge out."""
        match event:
            case session.Progressed(response):
                if response.status > 100:
                    audio = self._early_audio(response)
                    self._tell(Progress(response.status, audio, response.to.tag or "", response.headers), now)
            case session.Accepted(response):
                self._accepted(response, now)
            case session.AcceptedTooLate():
                self._tell(AnsweredTooLate(), now)
            case session.Rejected(response, given_up):
                self._rejected(
                    response, given_up is not None and causes.of_challenge(response, given_up), now
                )
            case session.Failed(failure):
                timeout = failure is Failure.TIMEOUT
                self._tell(Refused(causes.NO_RESPONSE if timeout else causes.UNREACHABLE), now)
            case session.Lost(_):
                early = self.session.stage is Stage.CANCELLING
                self._tell(Refused(causes.PRACK_REFUSED) if early else HungUp(causes.DIALOG_LOST), now)
            case session.Cancelled(request):
                self._tell(HungUp(causes.cancelled_by(request)), now)
            case session.HungUp(request):
                self._tell(HungUp(causes.ended_by(request)), now)
            case session.Unacknowledged():
                self._tell(HungUp(causes.NO_ACK), now)
            case session.PrackMissing():
                self._tell(HungUp(causes.NO_PRACK), now)
            case session.Expired():
                self._tell(HungUp(causes.SESSION_EXPIRED), now)
            case session.Closed():
                self._tell(Closed(), now)
            case _:
                self._session_changes(event, now)

    def _session_changes(self, event: SessionEvent, now: float) -> None:
        match event:
            case session.Acknowledged(ack):
                self._acknowledged(ack.body, now)
            case session.Pracked(transaction):
                self._pracked(transaction, now)
            case session.Reoffered(request):
                self._reoffered(request, now)
            case session.ReofferCancelled():
                self.said.refuse()
                self._tell(ReofferCancelled(), now)
            case session.ReofferTaken(response):
                self._reoffer_taken(response, now)
            case session.ReofferRefused(response):
                self.said.withdraw()
                self._tell(ReofferRefused(causes.of_response(response).reply_status), now)
            case session.ReofferDue():
                self.said.withdraw()
                self._tell(ReofferDue(), now)
            case session.RefreshDue():
                self.refresh(now)
            case session.Asked(transaction):
                self._asked(transaction, now)
            case session.Replied(ticket, outcome):
                status = outcome.status if isinstance(outcome, Response) else 408
                content = Content.of(outcome) if isinstance(outcome, Response) else NOTHING
                self._tell(Replied(ticket, status, content), now)
            case _:
                raise TypeError(f"{type(event).__name__} is told elsewhere")

    def _tell(self, event: LegEvent, now: float) -> None:
        self.user.leg_event(self, event, now)

    @property
    def _abilities(self) -> Fields:
        """What we take and know, in every INVITE and in every 18x and 2xx to one (RFC 3261 section 20.5 and 20.37)."""
        tags = self.terms.option_tags
        supported = (("Supported", ", ".join(tags)),) if tags else ()
        return (("Allow", self.terms.allow), *supported)

    def _courtesies(self, header: str) -> Fields:
        return ((header, self._product),) if self._product else ()

    def _shown(self, party: str) -> str:
        """The party whose early dialog the caller sees for this one: itself, or the last where there are too many."""
        if self._invite is not None and not self._invite.body:
            return ""  # who has made no offer gets ours once, in one dialog
        if party not in self._parties:
            if len(self._parties) >= self.terms.early_media.max_early_dialogs:
                return self._parties[-1]
            self._parties.append(party)
        return party

    def _accept(self, body: bytes, now: float, headers: Fields = (), party: str = "") -> None:
        fields = (*self._abilities, *headers, *self._courtesies("Server"))
        self.session.accept(now, headers=fields, body=body, fork=party)

    # answers to our INVITE

    def _early_audio(self, response: Response) -> AgreedAudio | None:
        if not response.body:
            return None
        try:
            reliable = rseq_of(response) is not None
            keep_first = self.terms.early_media.follow is Follow.FIRST
            return self.said.take_early(
                response.to.tag or "", response.body, reliable=reliable, keep_first=keep_first
            )
        except (SdpError, NotAcceptable, RemoteSipError):
            return None  # the 200 may do better; until then there is nothing to hear

    def _accepted(self, response: Response, now: float) -> None:
        tag = response.to.tag or ""
        try:
            # deviates: RFC 3264 wants the answer in the 2xx of an offering INVITE; one that came before will do
            audio = self.said.take_final(tag, response.body)
        except (KeyError, SdpError):
            self._unusable(causes.NO_ANSWER_BODY, now)
        except NotAcceptable:
            self._unusable(causes.NO_CODEC_CALLEE, now)
        else:
            self._tell(Answered(audio, tag, response.headers), now)

    def _rejected(self, response: Response, challenge: Cause | bool, now: float) -> None:
        cause = challenge if isinstance(challenge, Cause) else causes.of_response(response)
        contacts = response.contacts if 300 <= response.status < 400 else ()
        uris = tuple(str(contact.uri) for contact in contacts)
        self._tell(Refused(cause, response.retry_after, redirected_to=uris), now)

    def _unusable(self, cause: Cause, now: float) -> None:
        self.hang_up(cause, now)
        self._tell(Refused(cause, answered=True), now)

    # answers to our offers

    def _acknowledged(self, body: bytes, now: float) -> None:
        """The ACK brings the answer where the 2xx made the offer (RFC 3261 section 13.2.1)."""
        if not self._awaits_answer:
            return
        self._awaits_answer = False
        try:
            audio = self.said.take_answer(body)
        except (SdpError, NotAcceptable):
            self.hang_up(causes.NO_DESCRIPTION, now)
            self._tell(HungUp(causes.NO_DESCRIPTION), now)
        else:
            self._tell(Updated(audio), now)

    def _pracked(self, transaction: Transaction, now: float) -> None:
        """A PRACK with a description: the answer to our offer in the 18x, or an offer (RFC 3262 section 5)."""
        inside = self.session.inside
        if self._awaits_answer:
            self._awaits_answer = False
            try:
                audio = self.said.take_answer(transaction.request.body)
            except (SdpError, NotAcceptable):
                inside.answer(transaction, 488, now)
                self.hang_up(causes.NO_CODEC, now)
                self._tell(HungUp(causes.NO_CODEC), now)
                return
            inside.answer(transaction, 200, now)
            self._tell(Updated(audio), now)
        else:
            self._answer_at_once(transaction, now)

    def _reoffer_taken(self, response: Response, now: float) -> None:
        try:
            self.said.take_answer(response.body)
        except (SdpError, NotAcceptable):
            self.said.withdraw()
            self.hang_up(causes.NO_CODEC_CALLEE, now)
            self._tell(HungUp(causes.NO_CODEC_CALLEE), now)
        else:
            self._tell(ReofferTaken(), now)

    # offers of the peer's

    def _missing(self, error: NotAcceptable) -> tuple[str, str]:
        """A Warning header that says what is missing (RFC 3261 section 20.43)."""
        return "Warning", f'{error.warning} {self._agent.names.host_and_port(self.flow)} "{error.reason}"'

    def _reoffered(self, request: Request, now: float) -> None:
        """An INVITE within the session: what it asks for is for the call to decide (RFC 3261 section 14.2)."""
        if request.body and not self._is_offer_good(request.body, now):
            return
        if not request.body and self.said.turn is not Turn.FREE:
            self.session.reject(491, now)
            return
        self._tell(Reoffered(), now)

    def _is_offer_good(self, body: bytes, now: float, update: Transaction | None = None) -> bool:
        """Keep an offer for which it is the peer's turn and that we could answer; else refuse it."""
        status, reason, headers = 0, "", self._courtesies("Server")
        if self.said.turn is Turn.OURS:
            status = 491
        elif self.said.turn is Turn.THEIRS:
            status, headers = 500, (("Retry-After", str(CROSSED_RETRY_AFTER_S)), *headers)
        else:
            try:
                self.said.take_offer(body)
            except SdpError as error:
                status, reason = 400, error.reason
            except NotAcceptable as error:
                status, headers = 488, (self._missing(error), *headers)
        if status and update is None:
            self.session.reject(status, now, reason=reason, headers=headers)
        elif status and update is not None:
            self.session.inside.answer(update, status, now, headers)
        return not status

    def _asked(self, transaction: Transaction, now: float) -> None:
        request = transaction.request
        if request.method == "UPDATE":
            self._updated(transaction, now)
        elif request.method in ("INFO", "MESSAGE") and self.terms.mid_call.info:
            question = self._ask_user(transaction)
            self._tell(Asked(question, request.method, Content.of(request)), now)
        elif request.method == "REFER":
            self._referred(transaction, now)
        elif request.method == "NOTIFY":
            self._notified(transaction, now)
        else:
            self.session.inside.answer(transaction, 405, now, (("Allow", self.terms.allow),))

    def _ask_user(self, transaction: Transaction) -> int:
        """Keep a request that the user answers by `reply`; its number."""
        self._asked_so_far += 1
        self._questions[self._asked_so_far] = transaction
        return self._asked_so_far

    def _referred(self, transaction: Transaction, now: float) -> None:
        """A REFER, as far as it can be read (RFC 3515 section 2.4.1)."""
        request = transaction.request
        try:
            refer_to, referrer, reports = (
                refer_to_of(request),
                referred_by_of(request),
                wants_reports(request),
            )
        except RemoteSipError as error:
            self.session.inside.answer(transaction, error.status, now, self._courtesies("Server"))
            return
        question = self._ask_user(transaction)
        by = "" if referrer is None else str(referrer)
        self._tell(Referred(question, refer_to, by, reports, request.cseq.number), now)

    def _notified(self, transaction: Transaction, now: float) -> None:
        """A report on a REFER that we have passed on, if any (RFC 3515 section 2.4.4)."""
        request = transaction.request
        try:
            event = EventType.parse(request.headers.get("Event") or "")
            state = SubscriptionState.parse(request.headers.get("Subscription-State") or "")
            status = StatusFragment.parse(request.body).status
        except RemoteSipError as error:
            self.session.inside.answer(transaction, error.status, now, self._courtesies("Server"))
            return
        if event.package != REFER:
            self.session.inside.answer(transaction, 489, now, (("Allow-Events", REFER),))
            return
        self._tell(Reported(self._ask_user(transaction), status, state.is_over), now)

    def _updated(self, transaction: Transaction, now: float) -> None:
        """An UPDATE with an offer (RFC 3311 section 5.2): within an early dialog it is met here."""
        stage = self.session.stage
        if stage is Stage.RECEIVED and not self._settled:
            fields = (("Retry-After", str(CROSSED_RETRY_AFTER_S)),)  # the INVITE's own offer comes first
            self.session.inside.answer(transaction, 500, now, fields)
        elif self.session.awaits_prack:
            self.session.inside.answer(transaction, 491, now)
        elif stage in (Stage.RECEIVED, Stage.PROCEEDING):
            self._answer_at_once(transaction, now)
        elif self._is_offer_good(transaction.request.body, now, transaction):
            self._update = transaction
            self._tell(Reoffered(), now)

    def _answer_at_once(self, transaction: Transaction, now: float) -> None:
        """An offer within an early dialog, by PRACK or UPDATE."""
        if not self._is_offer_good(transaction.request.body, now, transaction):
            return
        prefer = None if self.audio is None else self.audio.codec
        body = bytes(self.said.answer(prefer))
        if self.session.stage is Stage.PROCEEDING:
            self.said.settle_early(transaction.request.from_.tag or "")
        fields = (*self._abilities, ("Content-Type", "application/sdp"))
        self.session.inside.answer(transaction, 200, now, fields, body)
        if self.audio is not None:
            self._tell(Updated(self.audio), now)
