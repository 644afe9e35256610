"""One call: two seats, `call_table`, one cause of ending, one record.

Whoever sits in a seat is a leg. The search for a callee is a `Hunt`; another party that takes a seat while the call
goes on (a transfer, a call picked up) is a `Succession`. Both work for the call and know nothing of each other.
"""

from collections.abc import Callable

from mediation.b2bua import causes, notices
from mediation.b2bua.call_media import CALLEE, CALLER, CallMedia
from mediation.b2bua.call_table import TABLE, Act, Cue, Phase
from mediation.b2bua.causes import Cause
from mediation.b2bua.deciding import Decision
from mediation.b2bua.events import (
    Answered,
    AnsweredTooLate,
    Closed,
    HungUp,
    LegEvent,
    Pressed,
    Progress,
    Referred,
    Refused,
    Updated,
)
from mediation.b2bua.exchange import Exchange
from mediation.b2bua.hunt import Failed, Hunt
from mediation.b2bua.ledger import Ledger, party_of
from mediation.b2bua.leg import Leg
from mediation.b2bua.media_facts import (
    KeyHeard,
    MediaAmiss,
    MediaClosed,
    MediaFact,
    MediaLost,
    MediaOpened,
    MediaRefused,
    MediaSilent,
    PairOpened,
    PairRefused,
    RecordingEnded,
    RecordingFailed,
    SoundEnded,
)
from mediation.b2bua.outputs import Fact, Level
from mediation.b2bua.passage import Lines
from mediation.b2bua.passing import Passing
from mediation.b2bua.record import TransferRecord
from mediation.b2bua.recording import CallRecorder
from mediation.b2bua.rulings import Petition
from mediation.b2bua.seats import Seats
from mediation.b2bua.succession import Succession
from mediation.routing.admission import Source
from mediation.routing.numbers import number_of
from mediation.routing.room import Occupancy, Way
from mediation.routing.routes import Candidate
from mediation.sip.dtmf_info import DtmfInfo
from mediation.sip.errors import LocalSipError
from mediation.sip.transaction_row import Transaction

SETUP_LIMIT, MAX_DURATION, BROKEN, ANNOUNCEMENT = "SETUP_LIMIT", "MAX_DURATION", "BROKEN", "ANNOUNCEMENT"


class Call:
    """A call from the INVITE that began it to its record."""

    def __init__(
        self,
        exchange: Exchange,
        transaction: Transaction,
        decision: Decision,
        refer: Callable[["Call", Leg, Referred, float], Succession | None],
        forget: Callable[["Call"], None],
        now: float,
    ) -> None:
        """`transaction` holds the INVITE, `decision` what is made of it. RemoteSipError: no dialog can be made.

        `refer` begins what a party wants of the other one; None: it was refused, and told so. `forget` is called once,
        when the call has nothing left to do.
        """
        self.exchange = exchange
        self._refer = refer
        self._forget = forget
        self._request = transaction.request
        self._flow = transaction.flow
        self._decision = decision
        self._petition: Petition | None = None
        self.id = exchange.agent.ids.call()
        self.phase = Phase.JUDGING
        self.occupancy = Occupancy(exchange.room_turned)
        self.media = CallMedia(self.id, exchange.emit, exchange.settings.media)
        product = exchange.settings.sip.user_agent
        caller = Leg.received(
            exchange.agent, self, transaction, decision.invitation.source, product, exchange.wide
        )
        caller.trunk = "" if self.source.trunk is None else self.source.trunk.name
        caller.certificate = self.source.name
        asked = decision.invitation.request
        self.ledger = Ledger(now, decision.calling, number_of(asked.uri))
        self._recording = CallRecorder(exchange.recorder, self.id, self.ledger, self.media)
        self._passing = Passing(
            self.id,
            exchange.bypass,
            exchange.bypassed,
            self.ledger,
            self.occupancy,
            lambda trunk: self._recording.concerns(self.source, (self.seats.caller.trunk, trunk)),
        )
        self.seats = Seats(caller, self.media, exchange.agent.names, self._passing.between)
        self.ledger.first.append(caller)
        self._hunt: Hunt | None = None
        self._succession: Succession | None = None
        self._redirection: Failed | None = None
        self._written = False
        self.broken = False
        """Whether a bug of ours was met already."""
        self.open: set[Leg] = {caller}
        """Legs that are not closed, those of earlier attempts among them."""

    def begin(
        self, obstacle: Callable[["Call"], Cause | None], petition: Petition | None, now: float
    ) -> None:
        """Wait for what the `petition` brings, then ask for media; unless the offer stands in the way, or what
        `obstacle` finds.
        """
        self.seats.caller.said.place.is_urgent = self._decision.is_urgent
        unfit = self.seats.caller.judge(self._request)
        self.fact("call.started", source=self._source_name, transport=str(self._flow.transport))
        if unfit is not None:
            self._cue(Cue.BARRED, now, unfit)
            return
        if (found := obstacle(self)) is not None:
            self._refuse(found, now)
            return
        if self.source.trunk is not None:
            self.occupancy.take(self.exchange.trunks[self.source.trunk.name].room, Way.IN, now)
        self._start(SETUP_LIMIT, now + self.exchange.settings.sip.setup_limit_s)
        self._petition = petition
        self._cue(Cue.ADMITTED if petition is None else Cue.ASK, now)

    @property
    def source(self) -> Source:
        """Where it comes from."""
        return self._decision.source

    @property
    def call_ids(self) -> set[str]:
        """The Call-IDs of all its dialogs."""
        legs = {leg.call_id for leg in (*self.ledger.first, *self.open)}
        return {*legs, *(attempt.call_id for attempt in self.ledger.attempts)}

    # what happens to a call

    def leg_event(self, leg: Leg, event: LegEvent, now: float) -> None:
        """One of the legs has something to say; of an attempt that was given up only its end matters."""
        succession = self._succession
        if isinstance(event, Closed):
            self.open.discard(leg)
            self._finish_when_done(now)
        elif isinstance(event, AnsweredTooLate):
            self.fact("leg.answered_too_late", Level.WARNING, side=str(leg.side), call_id=leg.call_id)
        elif succession is not None and succession.owns(leg):
            succession.leg_event(leg, event, now)
        elif leg in self.seats:
            self._seat_event(leg, event, now)
        elif self._hunt is not None and leg is self._hunt.leg:
            self._attempt_event(self._hunt, leg, event, now)

    def hunt_event(self, event: Progress | Answered | Failed, now: float) -> None:
        """The search has come to something."""
        match event:
            case Progress():
                self._cue(Cue.PROGRESS, now, event)
            case Answered():
                self._cue(Cue.ANSWERED, now, event)
            case Failed(cause, by, parts=parts, terms=terms):
                self._redirection = event if event.redirected_to else None
                self.seats.note_last_word(parts, terms)
                self._refuse(cause, now, by=by)

    def media_fact(self, fact: MediaFact, now: float) -> None:
        """The media engine has something to say."""
        match fact:
            case MediaOpened():
                self.media.opened(fact)
                self.seats.caller.bind(fact.caller)
                if self.seats.callee is None:
                    self._cue(Cue.MEDIA_OPENED, now)
                else:
                    self._opened_again(self.seats.callee, fact, now)
            case MediaRefused(_, reason):
                self.media.ended()
                self.fact("call.media_refused", Level.WARNING, reason=reason)
                if self.seats.callee is None:
                    self._cue(Cue.MEDIA_REFUSED, now, causes.NO_PORTS)
            case PairOpened():
                self._pair_opened(fact, now)
            case PairRefused(_, reason):
                self.fact("call.media_refused", Level.WARNING, reason=reason)
                if self._succession is not None:
                    self._succession.pair_refused(now)
            case MediaSilent(_, caller) if self.phase is Phase.SEEKING:
                if not caller:
                    self._cue(Cue.EARLY_SILENCE, now)
            case MediaSilent() if self.media.is_fax or self.seats.is_direct or self.phase is Phase.ANNOUNCING:
                pass  # said of the audio before it
            case MediaSilent(_, caller):
                self.fact("call.media_silent", party="caller" if caller else "callee")
                self._cue(Cue.MEDIA_DEAD, now, causes.MEDIA_SILENT)
            case KeyHeard(_, caller, key, duration_ms):
                self._pressed(caller, DtmfInfo(key, duration_ms), now)
            case SoundEnded():
                self._said(now, cut=False)
            case MediaAmiss():
                leg = self.seats.caller if fact.caller else self.seats.callee
                if leg is not None and self.phase is Phase.TALKING:
                    self.exchange.emit(notices.amiss(fact, leg))
            case RecordingFailed() | RecordingEnded():
                self._recording.told(fact)
                if isinstance(fact, RecordingFailed):
                    self.fact("recording.failed", Level.WARNING, reason=fact.reason)
            case MediaLost(_, reason):
                self.media.ended()
                self.fact("call.media_lost", Level.ERROR, reason=reason)
                if self.is_up and self.seats.is_direct:
                    self.media.open_again()
                else:
                    self._cue(Cue.MEDIA_DEAD, now, causes.MEDIA_LOST)
            case MediaClosed():
                self.media.ended(fact)
        self._finish_when_done(now)

    def timer_fired(self, name: str, now: float) -> None:
        """One of our timers is due."""
        if name == BROKEN:
            self.abort(causes.INTERNAL_ERROR, now)
        elif name == ANNOUNCEMENT:
            self._said(now, cut=True)
        elif name == MAX_DURATION:
            self.stop(causes.CALL_TOO_LONG, now)
        else:
            self._cue(Cue.SETUP_LIMIT, now, causes.SETUP_TOO_LONG)

    def stop(self, cause: Cause, now: float) -> None:
        """End the call, whatever it is doing."""
        self._cue(Cue.STOP, now, cause)

    def break_off(self, now: float) -> None:
        """A bug of ours was met: end every leg in the ordinary way, and what does not end so, in the end, by force."""
        self.broken = True
        self._start(BROKEN, now + 2 * self.exchange.agent.layer.timers.transaction_s + 1)
        self.stop(causes.INTERNAL_ERROR, now)
        for leg in list(self.open):
            leg.hang_up(self.ledger.cause, now)
        self.media.close()
        self._finish_when_done(now)

    def abort(self, cause: Cause, now: float) -> None:
        """End every leg at once, write the record with what is known and forget the call: the last resort."""
        if self.ledger.ended is None:
            self.ledger.end(cause, "server", now)
        for leg in list(self.open):
            try:
                leg.abandon(now)
            except Exception:  # noqa: BLE001 -- whatever else is broken, the record is written
                self.fact("leg.stuck", Level.ERROR, side=str(leg.side))
        self.media.close()
        self._finish(now)

    def forget_media(self) -> None:
        """The media engine has said its last word, whatever it was."""
        self.media.forget()

    # what a policy has brought

    def admitted(self, decision: Decision, tag: str, now: float) -> None:
        """It goes on, as is decided now."""
        self._decision, self.ledger.tag = decision, tag
        self._cue(Cue.ADMITTED, now)

    def barred(self, cause: Cause, tag: str, now: float) -> None:
        """It does not."""
        self.ledger.tag = tag
        self._refuse(cause, now)

    # what a succession asks for

    @property
    def is_up(self) -> bool:
        """Whether both seats are taken, and talk."""
        return self.phase is Phase.TALKING

    @property
    def is_changing(self) -> bool:
        """Whether somebody is about to take a seat."""
        return self._succession is not None

    def pass_on_referral(self, leg: Leg, referred: Referred, lines: Lines, now: float) -> None:
        """Let the other party perform what `leg` wants of it."""
        if self.seats.bridge is not None:
            self.seats.bridge.talk.refer(leg, referred, lines, now)

    def lend_seat(self, succession: Succession) -> None:
        """Let somebody else be about to take a seat."""
        if self._succession is not None:
            raise LocalSipError("somebody is at it already")
        self._succession = succession

    def succession_over(self) -> None:
        """It is decided, one way or the other."""
        self._succession = None

    def note_transfer(self, leaving: Leg, new: Leg | None, status: int, now: float) -> None:
        """Write down what came of a transfer."""
        to = None if new is None else party_of(new)
        self.ledger.transfers.append(TransferRecord(self.seats.name_of(leaving), status, now, to))
        self.fact("transfer.done", by=self.seats.name_of(leaving), status=status)

    def take_seat(self, seat: int, leg: Leg, pair: int, now: float) -> None:
        """Let a leg sit where another one sat: for good."""
        leg.user = self
        self.open.add(leg)
        self.seats.take(seat, leg, pair, now)
        self.seats.apply()
        if self.seats.bridge is not None:
            self.seats.bridge.settle(now)
            self.seats.other(leg).changes.announce(now)
        self._note_way(now)

    def surrender(self, leg: Leg, cause: Cause, now: float) -> None:
        """One party goes on in another call; this one ends."""
        if self.seats.bridge is not None:
            self.seats.bridge.release(leg, now)
        self.open.discard(leg)
        by = "caller" if leg is self.seats.callee else "callee"
        self._cue(Cue.CALLEE_ENDED if leg is self.seats.callee else Cue.CALLER_ENDED, now, cause, by=by)

    def pick_up(self, leg: Leg, pair: int, now: float) -> None:
        """Somebody answers in the place of whoever is being alerted."""
        hunt = self._hunt
        if self.phase is not Phase.SEEKING or hunt is None or leg.audio is None:
            raise LocalSipError("nobody is being alerted")
        self.ledger.first.append(leg)
        self.seats.take(CALLEE, leg, pair, now)
        self.ledger.answer(now)
        self._cue(Cue.PICKED_UP, now, Answered(leg.audio, hunt.party))

    def end(self, seat: int, cause: Cause, now: float) -> None:
        """End the call because nobody is left in a seat."""
        self._cue(Cue.CALLER_ENDED if seat == CALLER else Cue.CALLEE_ENDED, now, cause, by="server")

    def may_pass(self, candidate: Candidate) -> bool:
        """Whether audio to this target is to go past us, as far as that is known before it is called."""
        return self._passing.may(self.seats.caller, candidate)

    # events

    def _seat_event(self, leg: Leg, event: LegEvent, now: float) -> None:
        by = self.seats.name_of(leg)
        match event:
            case HungUp(cause, parts):
                if self._succession is not None and self._succession.leaving is leg:
                    self._succession.left(now)
                    self._cue(Cue.LEFT, now, cause)
                    return
                self.seats.note_last_word(parts, leg.terms)
                self._cue(Cue.CALLER_ENDED if by == "caller" else Cue.CALLEE_ENDED, now, cause, by=by)
            case Updated():
                self._cue(Cue.UPDATED, now)
            case Referred():
                self._cue(Cue.REFERRED, now, (leg, event))
            case Progress() | Answered() | Refused():
                raise LocalSipError(f"a seat cannot say {type(event).__name__}")
            case _:
                self._cue(Cue.CHANGE, now, (leg, event))

    def _attempt_event(self, hunt: Hunt, leg: Leg, event: LegEvent, now: float) -> None:
        if self.seats.callee is None:
            self.seats.call(leg, now)
        match event:
            case Progress() | Answered() | Refused() | HungUp():
                hunt.leg_event(event, now)
            case _ if self.seats.callee is not None:
                pass  # it had the seat, or was to have it, before somebody else took it: nothing of it crosses
            case Updated():
                self._cue(Cue.UPDATED, now)
            case Referred():
                self._cue(Cue.REFERRED, now, (leg, event))
            case _:
                self._cue(Cue.CHANGE, now, (leg, event))

    def _pressed(self, caller: bool, key: DtmfInfo, now: float) -> None:
        leg = self.seats.caller if caller else self.seats.across
        if leg is not None:
            self._cue(Cue.CHANGE, now, (leg, Pressed(key)))

    def _pair_opened(self, fact: PairOpened, now: float) -> None:
        if self._succession is not None and self._succession.awaits_pair:
            self._succession.pair_opened(fact, now)
        else:
            self.media.close_pair(fact.pair)

    def _opened_again(self, callee: Leg, fact: MediaOpened, now: float) -> None:
        """There are ports for audio that may have to come back; too late where it has come already."""
        callee.bind(fact.callee)
        if not self.seats.is_direct:
            self.stop(causes.MEDIA_LOST, now)

    def _note_way(self, now: float) -> None:
        """See whether audio has left us, or come back, since this was asked last."""
        direct = self.is_up and self.seats.is_direct
        if not self._passing.note(direct=direct, now=now):
            return
        if direct:
            self.fact("media.bypassed")
        elif self.is_up:
            self.fact("media.anchored", why=self.seats.obstacle)
            if not self.media.is_open:
                self.stop(causes.MEDIA_LOST, now)

    # the machinery

    def _cue(self, cue: Cue, now: float, given: object = None, by: str = "server") -> None:
        row = TABLE.step(self.phase, cue)
        if row is None:
            return
        self.phase, acts = row
        if self.phase is Phase.CLEARING and isinstance(given, Cause):
            self.ledger.end(given, by, now)
        for act in acts:
            self._perform(act, given, now)
        self._note_way(now)
        if self.phase is Phase.CLEARING:
            self._finish_when_done(now)

    def _perform(self, act: Act, given: object, now: float) -> None:
        match act:
            case Act.ASK_POLICY if self._petition is not None:
                self._petition.begin(self, now)
            case Act.STOP_ASKING:
                if self._petition is not None:
                    self._petition.abandon()
            case Act.OPEN_MEDIA:
                self._open_media(now)
            case Act.SEEK:
                self._hunt = Hunt(self, self, self._decision.invitation, self._decision.candidates)
                self._hunt.begin(self.media.callee_local, self.seats.offer_to, now)
            case Act.STOP_SEEKING:
                if self._hunt is not None:
                    self._hunt.stop(given if isinstance(given, Cause) else causes.ANSWERED_ELSEWHERE, now)
            case Act.OPEN_BOOTH:
                host = self._flow.local[0]  # nobody is across: the other pair is bound in vain
                self.media.open(self.source.side, self.source.side, (host, host))
            case Act.START_LIMIT if self.ledger.announcement is not None:
                self._start(ANNOUNCEMENT, now + self.ledger.announcement.longest_s)
            case Act.ANNOUNCE if self.ledger.announcement is not None:
                party = "" if self._hunt is None else self._hunt.party
                self.seats.announce(self.ledger.announcement.sound, party, now)
            case Act.DECLINE if isinstance(given, tuple):
                leg, event = given
                leg.questions.decline(event, now)
            case Act.RING if isinstance(given, Progress) and self._hunt is not None:
                self.seats.ring(self._hunt.leg, given, now)
            case Act.RING_ALOUD if self._hunt is not None and self._hunt.leg is not None:
                told = self.ledger.ringing is not None
                self.seats.ring_aloud(self._hunt.leg, self._hunt.party, now, told=told)
            case Act.CONNECT if isinstance(given, Answered):
                self._connect(given, now)
            case Act.BRIDGE if self.seats.bridge is not None and isinstance(given, tuple):
                leg, event = given
                self.seats.bridge.hear(leg, event, now)
            case Act.SETTLE if self.seats.bridge is not None:
                self.seats.bridge.settle(now)
            case Act.REFER if isinstance(given, tuple):
                leg, referred = given
                self._succession = self._refer(self, leg, referred, now) or self._succession
            case Act.REFUSE_REFERRAL if isinstance(given, tuple):
                leg, referred = given
                leg.questions.reply(referred.question, 491, now)
            case Act.STOP_SUCCESSION:
                if self._succession is not None:
                    succession, self._succession = self._succession, None
                    succession.stop(given if isinstance(given, Cause) else self.ledger.cause, now)
            case Act.APPLY_MEDIA:
                self.seats.apply()
            case Act.CLOSE_MEDIA:
                self.media.close()
            case Act.DROP_CALLER:
                self._drop_caller(now)
            case Act.DROP_CALLEE:
                if self.seats.callee is not None:
                    self.seats.dismiss(self.seats.callee, self.ledger.cause, now)
            case Act.STOP_TIMERS:
                for name in (SETUP_LIMIT, ANNOUNCEMENT):
                    self.exchange.agent.deadlines.stop((self, name))

    def _refuse(self, cause: Cause, now: float, by: str = "server") -> None:
        """Nobody will answer. The caller may hear why before it is told."""
        silent, aloud = (Cue.FAILED, Cue.FAILED_ALOUD) if self._hunt else (Cue.BARRED, Cue.BARRED_ALOUD)
        spared = self._decision.seeks_help or self._redirection is not None or self.seats.hears_the_callee
        announcement = None if spared else self.exchange.announcer.fitting(self.seats.caller, cause)
        if announcement is None:
            self._cue(silent, now, cause, by)
            return
        self.exchange.announcer.began(self.id)
        self.ledger.announce(announcement, cause, by)
        self.occupancy.give_all_back()
        self.fact("call.announced", sound=announcement.sound.name, status=cause.status, reason=cause.reason)
        self._cue(aloud, now, cause)

    def _said(self, now: float, *, cut: bool) -> None:
        """The caller has heard what it was to hear, or as much of it as it may take."""
        self.ledger.said(cut=cut)
        self._cue(Cue.SAID, now, self.ledger.cause)

    def _open_media(self, now: float) -> None:
        decision = self._decision
        for line in decision.lines:
            self.occupancy.take(line, decision.line_way, now)
        first = decision.candidates[0]
        self.media.open(self.source.side, first.terms.side, (self._flow.local[0], first.listener.host))

    def _connect(self, answered: Answered, now: float) -> None:
        if self.seats.callee is None and self._hunt is not None and self._hunt.leg is not None:
            self.seats.sit(self._hunt.leg, now)
            self.ledger.first.append(self._hunt.leg)
        callee = self.seats.connect(answered, now)
        order = self._recording.decide(self.source, (self.seats.caller.trunk, callee.trunk), now)
        if order is not None:
            self.fact("recording.ordered", files=list(order.files))
        self.fact("call.answered", trunk=callee.trunk or None)
        if self.exchange.settings.sip.max_duration_s:
            self._start(MAX_DURATION, now + self.exchange.settings.sip.max_duration_s)

    def _drop_caller(self, now: float) -> None:
        redirection = self._redirection
        if redirection is not None:
            self.seats.caller.redirect(redirection.cause, redirection.redirected_to, now)
        else:
            self.seats.dismiss(self.seats.caller, self.ledger.cause, now)

    def _start(self, name: str, at: float) -> None:
        self.exchange.agent.deadlines.start((self, name), at)

    # the end

    def _finish_when_done(self, now: float) -> None:
        if self.phase is Phase.CLEARING and not self.open and not self.media.is_open:
            self._finish(now)

    def _finish(self, now: float) -> None:
        """Free what is occupied, and write the record: once, whoever finds first that all is done."""
        if self._written:
            return
        self.exchange.announcer.ended(self.id)
        for name in (SETUP_LIMIT, MAX_DURATION, BROKEN, ANNOUNCEMENT):
            self.exchange.agent.deadlines.stop((self, name))
        if self._petition is not None:
            self._petition.abandon()
        if self._hunt is not None:
            self._hunt.forget()
        self.exchange.bypassed.discard(self.id)
        self.occupancy.give_all_back()
        last = None if self._hunt is None else self._hunt.leg
        record = self.ledger.record(self.id, self.seats, self.media, self._recording.record, last, now)
        self._written = True
        self.exchange.emit(record)
        self._forget(self)
        self.exchange.emit(notices.ended(record, self.ledger.duration_s))

    @property
    def _source_name(self) -> str:
        return str(self.source.side) if self.source.trunk is None else self.source.trunk.name

    def fact(self, name: str, level: Level = Level.INFO, **fields: object) -> None:
        """Write something down."""
        self.exchange.emit(Fact(name, level, {"call": self.id, **fields}))
