"""Changes of one leg's session, whoever asks for them: offers and answers after those of the first INVITE.

RFC 3261 section 14, RFC 3262 section 5, RFC 3311, RFC 3264 section 8, ITU-T T.38 annex D. What the peer asks for is
read here, and refused where it cannot be; what it means for the other leg is for the call to say (`bridge`). A refusal
leaves everything as it was.
"""

from mediation.b2bua import causes
from mediation.b2bua.content import session_of
from mediation.b2bua.descriptions import Turn
from mediation.b2bua.events import (
    HungUp,
    ReofferCancelled,
    ReofferDue,
    Reoffered,
    ReofferRefused,
    ReofferTaken,
    Updated,
)
from mediation.b2bua.scribe import Told
from mediation.b2bua.voice import Speaker
from mediation.sdp.audio import Direction
from mediation.sdp.direct import Direct
from mediation.sdp.errors import NotAcceptable, SdpError
from mediation.sip import session_events as session
from mediation.sip.contents import describes_session
from mediation.sip.inside import RETRY_AFTER_S, Inside
from mediation.sip.message import Request, Response
from mediation.sip.session_events import SessionEvent
from mediation.sip.session_table import Stage
from mediation.sip.transaction_row import Transaction

SDP = ("Content-Type", "application/sdp")


class Changes:
    """Both directions: what the peer wants changed, and what we do."""

    def __init__(self, user: Speaker) -> None:
        self._update: Transaction | None = None
        """An UPDATE with an offer that is being answered; None: it is an INVITE, if anything."""
        self._ticket = 0
        """Of what we have asked for last."""
        self._said = user.said
        self.user = user

    # what the call asks for

    @property
    def may_reoffer(self) -> bool:
        """Whether we may ask for a change now: nobody else is asking."""
        return self.user.session.may_reoffer and self._said.turn is Turn.FREE and self._update is None

    def reoffer(self, willing: Told, now: float, *, tries_again: bool) -> int:
        """Ask for a change: all that we can, in this direction, or a fax. `tries_again`: glare is no refusal.

        What comes of it bears the ticket that is returned.
        """
        self._ticket += 1
        body = bytes(self._said.offer(willing))
        fields = self.user.voice.changing
        self._inside.reoffer(now, body, fields, tries_again=tries_again)
        return self._ticket

    def reoffer_later(self, now: float) -> None:
        """Let `ReofferDue` come when we may ask for a change."""
        self._inside.change.postpone(now)

    def await_reoffer(self, now: float) -> None:
        """The peer's wish for a change waits for the other side: it need not repeat it (RFC 3261 section 17.2.1)."""
        if self._update is None:
            self.user.session.progress(100, now)

    def accept_reoffer(self, willing: Told, now: float) -> None:
        """Agree to the change that the peer has asked for, as far as we are willing."""
        update, self._update = self._update, None
        if self._said.turn is Turn.THEIRS:
            prefer = None if self._said.audio is None else self._said.audio.codec
            body = bytes(self._said.answer(prefer, willing))
        else:
            body = bytes(self._said.offer_back(willing))
        fields = (*self.user.voice.abilities, *self.user.voice.server)
        if update is None:
            self.user.session.accept(now, headers=fields, body=body)
        else:
            self._inside.answer(update, 200, now, (*fields, SDP), body)

    def refuse_reoffer(self, status: int, now: float, why: NotAcceptable | None = None) -> None:
        """Everything stays as it is."""
        self._said.refuse()
        update, self._update = self._update, None
        headers = (
            self.user.voice.server if why is None else (self.user.voice.missing(why), *self.user.voice.server)
        )
        if update is None:
            self.user.session.reject(status, now, headers=headers)
        else:
            self._inside.answer(update, status, now, headers)

    def refresh(self, now: float) -> None:
        """Keep the session alive (RFC 4028 section 10)."""
        self._inside.refresh(now, self._offer_again, self.user.voice.changing)

    def _offer_again(self) -> bytes:
        self._ticket += 1
        return self._said.offer_again()

    def announce(self, now: float) -> None:
        """Tell the peer who the party across is now, by a refresh: if it takes UPDATE, and nothing else is going on."""
        if self.user.voice.identity and "UPDATE" in self._inside.peer_allows and self.may_reoffer:
            self.refresh(now)

    # what the session tells

    def session_event(self, event: SessionEvent, now: float) -> None:
        """Something about a change; TypeError where it is not."""
        match event:
            case session.Acknowledged(ack):
                self._acknowledged(ack, now)
            case session.Pracked(transaction):
                self._pracked(transaction, now)
            case session.Reoffered(request):
                self._reoffered(request, now)
            case session.ReofferCancelled():
                self._said.refuse()
                self.user.tell(ReofferCancelled(), now)
            case session.ReofferTaken(response):
                self._reoffer_taken(response, now)
            case session.ReofferRefused(response):
                self._said.withdraw()
                status = causes.of_response(response).reply_status
                self.user.tell(ReofferRefused(status, self._ticket), now)
            case session.ReofferMet():
                self._said.withdraw()
            case session.ReofferDue():
                self.user.tell(ReofferDue(), now)
            case session.RefreshDue():
                self.refresh(now)
            case _:
                raise TypeError(f"{type(event).__name__} is told elsewhere")

    # answers to our offers

    def _acknowledged(self, ack: Request, now: float) -> None:
        """The ACK brings the answer where the 2xx made the offer (RFC 3261 section 13.2.1)."""
        if not self._said.awaits_answer:
            return
        try:
            self._said.take_answer(session_of(ack))
        except (SdpError, NotAcceptable):
            self.user.hang_up(causes.NO_DESCRIPTION, now)
            self.user.tell(HungUp(causes.NO_DESCRIPTION), now)
        else:
            self.user.tell(Updated(), now)

    def _pracked(self, transaction: Transaction, now: float) -> None:
        """A PRACK with a description: the answer to our offer in the 18x, or an offer (RFC 3262 section 5)."""
        inside = self._inside
        if self._said.awaits_answer:
            try:
                self._said.take_answer(session_of(transaction.request))
            except (SdpError, NotAcceptable):
                inside.answer(transaction, 488, now)
                self.user.hang_up(causes.NO_CODEC, now)
                self.user.tell(HungUp(causes.NO_CODEC), now)
                return
            inside.answer(transaction, 200, now)
            self.user.tell(Updated(), now)
        else:
            self._answer_at_once(transaction, now)

    def _reoffer_taken(self, response: Response, now: float) -> None:
        """A 2xx to a fax without a fax in it is a refusal; the bridge brings the party back to audio."""
        fax = self._said.offers_fax
        try:
            self._said.take_answer(session_of(response))
        except (SdpError, NotAcceptable):
            self._said.withdraw()
            if fax:
                self.user.tell(ReofferRefused(488, self._ticket), now)
                return
            self.user.hang_up(causes.NO_CODEC_CALLEE, now)
            self.user.tell(HungUp(causes.NO_CODEC_CALLEE), now)
        else:
            self.user.tell(ReofferTaken(self._ticket), now)

    # offers of the peer's

    def _reoffered(self, request: Request, now: float) -> None:
        """An INVITE within the session: what it asks for is for the call to decide (RFC 3261 section 14.2)."""
        offers = describes_session(request)
        if offers and not self._is_offer_good(request, now):
            return
        if not offers and self._said.turn is not Turn.FREE:
            self.user.session.reject(491, now)
            return
        self.user.tell(Reoffered(), now)

    def _is_offer_good(
        self, request: Request, now: float, update: Transaction | None = None, *, early: bool = False
    ) -> bool:
        """Keep an offer for which it is the peer's turn and that we could answer; else refuse it.

        Before the answer, `early`, no call becomes a fax.
        """
        may_fax = self.user.terms.mid_call.fax and not early
        status, reason, headers = 0, "", self.user.voice.server
        if self._said.turn is Turn.OURS:
            status = 491
        elif self._said.turn is Turn.THEIRS:
            status, headers = 500, (("Retry-After", str(RETRY_AFTER_S)), *headers)
        else:
            try:
                self._said.take_offer(session_of(request), may_fax=may_fax)
            except SdpError as error:
                status, reason = 400, error.reason
            except NotAcceptable as error:
                status, headers = 488, (self.user.voice.missing(error), *headers)
        if status and update is None:
            self.user.session.reject(status, now, reason=reason, headers=headers)
        elif status and update is not None:
            self._inside.answer(update, status, now, headers)
        return not status

    def updated(self, transaction: Transaction, now: float) -> None:
        """An UPDATE with an offer (RFC 3311 section 5.2): within an early dialog it is met here."""
        stage = self.user.session.stage
        if stage is Stage.RECEIVED and not self._said.given:
            fields = (("Retry-After", str(RETRY_AFTER_S)),)  # the INVITE's own offer comes first
            self._inside.answer(transaction, 500, now, fields)
        elif self.user.session.awaits_prack:
            self._inside.answer(transaction, 491, now)
        elif stage in (Stage.RECEIVED, Stage.PROCEEDING):
            self._answer_at_once(transaction, now)
        elif self._is_offer_good(transaction.request, now, transaction):
            self._update = transaction
            self.user.tell(Reoffered(), now)

    def _answer_at_once(self, transaction: Transaction, now: float) -> None:
        """An offer within an early dialog, by PRACK or UPDATE.

        Whose audio passes us by is told the same as before, and the other party hears what is new after the answer.
        """
        if not self._is_offer_good(transaction.request, now, transaction, early=True):
            return
        prefer = None if self._said.audio is None else self._said.audio.codec
        telling = self._said.telling
        body = bytes(
            self._said.answer(prefer, telling if isinstance(telling, Direct) else Direction.SENDRECV)
        )
        if self.user.session.stage is Stage.PROCEEDING:
            self._said.settle_early(transaction.request.from_.tag or "")
        fields = (*self.user.voice.abilities, SDP)
        self._inside.answer(transaction, 200, now, fields, body)
        self.user.tell(Updated(), now)

    @property
    def _inside(self) -> Inside:
        return self.user.session.inside
