"""One side of a call: an INVITE session spoken as events, its descriptions included.

The same class serves both interfaces and both directions. What differs is who began: a leg that received an INVITE
answers an offer, a leg that sends one makes it. This room goes from the INVITE to the answer, and to the end; what is
changed meanwhile is in `changes`, what the parties say to each other in `questions`.
"""

from dataclasses import replace
from typing import Protocol

from mediation.b2bua import causes
from mediation.b2bua.causes import Cause
from mediation.b2bua.changes import Changes
from mediation.b2bua.content import session_of
from mediation.b2bua.descriptions import Descriptions, Told
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
from mediation.b2bua.plan import Endpoint, Fax, Stream
from mediation.b2bua.questions import Questions
from mediation.b2bua.voice import Fields, Voice
from mediation.b2bua.wide import wide_of
from mediation.b2bua.wide_room import NoPlace, WidePlace, WideRoom
from mediation.routing.caller_id import OWN_CALLER_ID
from mediation.routing.numbers import is_number, number_of
from mediation.routing.terms import Terms
from mediation.routing.translation import translated
from mediation.sdp.crypto import KeyRing
from mediation.sdp.errors import NotAcceptable, SdpError
from mediation.sdp.negotiation import AgreedAudio, Direction
from mediation.settings.peer_media import Dtmf
from mediation.settings.peer_terms import Follow, Reliability
from mediation.settings.peers import Side
from mediation.sip import session_events as session
from mediation.sip.agent import Agent, TimerUser
from mediation.sip.digest_client import DigestClient
from mediation.sip.early import wants_reliability
from mediation.sip.errors import LocalSipError, RemoteSipError
from mediation.sip.flow import Flow
from mediation.sip.headers import Headers, NameAddress
from mediation.sip.invite import InviteSession
from mediation.sip.message import Request, Response
from mediation.sip.multipart import Part
from mediation.sip.reliable import rseq_of
from mediation.sip.replaces import Replaces
from mediation.sip.session_events import SessionEvent
from mediation.sip.session_table import Stage
from mediation.sip.session_timer import TimerRefusal
from mediation.sip.timers import Deadlines
from mediation.sip.transaction_row import Failure, Transaction
from mediation.sip.uri import escaped, parse_uri
from mediation_codecs.law import Law

RETRY_AFTER_S = 10
"""How long a 503 of ours asks to be left alone (RFC 3261 section 21.5.4)."""


class LegUser(Protocol):
    """Who the leg works for."""

    def leg_event(self, leg: "Leg", event: LegEvent, now: float) -> None:
        """Something happened that the call must know."""


class Leg:
    """One side of a call. Make one with `received`, or with `place`."""

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
        self.said = Descriptions(names.of(flow).audio_host, place, agent.ids.session_id(), keys)
        self._invite: Request | None = None
        """The INVITE that has opened the leg, where the peer has sent it."""
        self._answer = Headers()
        """Of the 2xx that the peer has given, where it was called."""
        self._parties: list[str] = []
        """Those behind us that have an early dialog of their own with the caller."""
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
        self._remarks: Fields = ()
        """What a refusal of the INVITE says beside its status."""

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
        leg.session = InviteSession.called(agent, leg, transaction, leg._digest, terms.timer_policy)
        return leg

    def judge(self) -> Cause | None:
        """Why the INVITE that opened the leg cannot be answered, if so, before anything is spent on it."""
        invite = self._invite
        if invite is None:
            raise LocalSipError("the peer has sent no INVITE")
        try:
            self.session.judge_timer()
        except TimerRefusal as refusal:
            self._remarks = refusal.headers
            return causes.INTERVAL_TOO_BRIEF if refusal.status == 422 else causes.EXTENSION_REQUIRED
        knows, _ = wants_reliability(invite)
        if self.terms.early_media.reliable is Reliability.REQUIRE and not knows:
            self._remarks = (("Require", "100rel"),)
            return causes.EXTENSION_REQUIRED
        try:
            if self.said.is_barred:
                raise NotAcceptable("audio must be encrypted, and keys need TLS")
            if offer := session_of(invite):
                self.said.take_offer(offer)
        except SdpError:
            return causes.BAD_DESCRIPTION
        except NoPlace:
            return causes.NO_WIDE_ROOM
        except NotAcceptable as error:
            self._remarks = (self.voice.missing(error),)
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
        willing: Told = Direction.SENDRECV,
        parts: tuple[Part, ...] = (),
    ) -> None:
        """Send an INVITE with our offer. `identity` and `destination` are From and To, without tags."""
        self.said.bind(local)
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
        self.said.bind(local)

    def ring(
        self,
        status: int,
        now: float,
        *,
        party: str = "",
        prefer: str | None = None,
        willing: Told = Direction.SENDRECV,
        media: bool = False,
        headers: Fields = (),
        parts: tuple[Part, ...] = (),
    ) -> None:
        """Pass on a provisional response of `party`; with `media`, answer the offer already.

        Reliably where the peer demands it, or knows it and the terms say so (RFC 3262 section 3). Where it has made no
        offer, the first reliable response makes ours (section 5).
        """
        if status == 183 and not media and not parts and not self.terms.early_media.bare_183:
            return
        party = self._shown(party)
        knows, demands = (False, False) if self._invite is None else wants_reliability(self._invite)
        eager = self.terms.early_media.reliable in (Reliability.PREFER, Reliability.REQUIRE)
        reliable = demands or (knows and eager and (media or self.said.has_offer or self.said.awaits_answer))
        body = b""
        if self.said.has_offer:
            if media and party not in self.said.given:
                body = bytes(self.said.answer(prefer, willing))
        elif reliable and not self.said.awaits_answer:
            body = bytes(self.said.offer_back())
        if body and reliable:
            self.said.given[party] = self.said.told
        content = loaded(body, parts, self._agent.ids.boundary)
        fields = (*self.voice.abilities, *headers, *self.voice.server, *content.headers)
        self.session.progress(status, now, headers=fields, body=content.octets, reliable=reliable, fork=party)

    def answer(
        self,
        now: float,
        *,
        party: str = "",
        prefer: str | None = None,
        willing: Told = Direction.SENDRECV,
        headers: Fields = (),
        parts: tuple[Part, ...] = (),
    ) -> None:
        """Answer the call for `party`. Without an offer from the peer we make ours, and its ACK brings the answer."""
        party = self._shown(party)
        body = b""
        if party not in self.said.given:
            if self.said.has_offer:
                body = bytes(self.said.answer(prefer, willing))
            else:
                body = bytes(self.said.offer_back(willing))
        elif self.said.has_offer:
            self.said.told = self.said.given[party]
        content = loaded(body, parts, self._agent.ids.boundary)
        fields = (*self.voice.abilities, *headers, *self.voice.server, *content.headers)
        self.session.accept(now, headers=fields, body=content.octets, fork=party)

    def hang_up(self, cause: Cause, now: float, parts: tuple[Part, ...] = ()) -> None:
        """End the leg in whatever way its stage allows; before the answer the caller hears the cause's status.

        `parts` are what the other side has said with its last word.
        """
        content = loaded(b"", parts, self._agent.ids.boundary)
        if self.session.stage is Stage.RECEIVED:
            reason = (cause.header(),) if self.terms.identity.reason_in_responses else ()
            headers = (*reason, *self._remarks, *self.voice.server, *content.headers)
            if cause.reply_status == 503:  # an ITSP may use another site meanwhile
                headers = (("Retry-After", str(RETRY_AFTER_S)), *headers)
            self.session.reject(cause.reply_status, now, headers=headers, body=content.octets)
        else:
            self.session.hang_up(now, headers=(cause.header(), *self.voice.session), content=content)

    def redirect(self, cause: Cause, uris: tuple[str, ...], now: float) -> None:
        """Refuse the call and name the numbers to call instead, at our own host (RFC 3261 section 21.3)."""
        written = (translated(parse_uri(uri), self.terms.numbers.called_out) for uri in uris)
        numbers = dict.fromkeys(map(number_of, written))
        users = (number if is_number(number) else escaped(number) for number in numbers if number)
        contacts = tuple(("Contact", f"<sip:{user}@{self.voice.place}>") for user in users)
        if self.session.stage is Stage.RECEIVED and contacts:
            self.session.reject(cause.status, now, headers=(*contacts, *self.voice.server))
        else:
            self.hang_up(cause, now)

    def cease(self, now: float) -> None:
        """Call no more a party from whom nothing was heard; whatever it says yet is heard and ended."""
        self.session.cease(now)

    def abandon(self, now: float) -> None:
        """End the leg and wait for nothing: the last resort after a bug of ours."""
        self.said.place.leave()
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

    def media(self) -> Stream | Fax | None:
        """Our part of a media plan; None while nothing is agreed, or what is agreed passes us by."""
        if self.said.fax is not None:
            return Fax(self.said.fax, self.terms.latching)
        audio = self.audio
        if audio is None or audio.direct:
            return None
        if self.session.stage in (Stage.ENDING, Stage.ENDED):
            audio = replace(
                audio, direction=Direction.INACTIVE
            )  # it has gone, and the other party stays for now
        many = self.terms.early_media.follow is Follow.MEDIA and self.session.stage is Stage.PROCEEDING
        others = self.said.other_parties if many else ()
        wide = wide_of(audio)
        return Stream(
            remote=audio.remote,
            remote_rtcp=audio.remote_rtcp,
            law=Law.PCMU if wide is not None else Law(audio.codec),
            wide=wide,
            payload_type=audio.payload_type,
            event_payload_type=audio.event_payload_type,
            ptime_ms=audio.ptime_ms,
            sends=audio.direction.takes,
            takes=audio.direction.sends,
            our_payload_type=None if audio.incoming is None else audio.incoming.law,
            our_event_payload_type=None if audio.incoming is None else audio.incoming.event,
            srtp=audio.srtp,
            rtcp_mux=audio.rtcp_mux,
            rtcp_reduced=audio.rtcp_reduced,
            rtcp_xr=audio.rtcp_xr,
            dscp=self.terms.dscp,
            comfort_noise=audio.comfort_noise,
            fill_silence=self.terms.fill_silence or wide is not None,
            max_ptime_ms=audio.max_ptime_ms,
            repacketize=self.terms.repacketize,
            dtmf=self.dtmf or Dtmf.RTP,
            alternatives=tuple(each.remote for each in others),
            alternative_srtp=tuple(each.srtp for each in others),
            latching=self.terms.latching,
            jitter_buffer_ms=self.terms.jitter_buffer_ms,
        )

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
                self.said.place.leave()
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

    def _shown(self, party: str) -> str:
        """The party whose early dialog the caller sees for this one: itself, or the last where there are too many."""
        if self._invite is not None and not session_of(self._invite):
            return ""  # who has made no offer gets ours once, in one dialog
        if party not in self._parties:
            if len(self._parties) >= self.terms.early_media.max_early_dialogs:
                return self._parties[-1]
            self._parties.append(party)
        return party

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
