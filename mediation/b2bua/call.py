"""One call: two seats, `call_table`, one cause of ending, one record.

Whoever sits in a seat is a leg. The way to a callee is the `Setup`; a caller whom nobody answers is told so by
`Refusing`; another party that takes a seat while the call goes on (a transfer, a call picked up) is a `Succession`;
what media tell is heard by `Hearing`. They work for the call, which is their `Principal`: they give it cues, and its
table decides what they do next.
"""

from collections.abc import Callable

from mediation.b2bua import causes, notices
from mediation.b2bua.call_media import CallMedia
from mediation.b2bua.call_table import TABLE, Act, Cue, Phase
from mediation.b2bua.causes import Cause
from mediation.b2bua.deciding import Decision
from mediation.b2bua.events import (
    Answered,
    AnsweredTooLate,
    Closed,
    HungUp,
    LegEvent,
    Progress,
    Referred,
    Refused,
    Updated,
)
from mediation.b2bua.exchange import Exchange
from mediation.b2bua.hearing import Hearing
from mediation.b2bua.ledger import Ledger
from mediation.b2bua.leg import Leg
from mediation.b2bua.media_facts import MediaFact
from mediation.b2bua.outputs import Fact, Level
from mediation.b2bua.passing import Passing
from mediation.b2bua.principal import Given
from mediation.b2bua.recording import CallRecorder
from mediation.b2bua.refusing import Refusing
from mediation.b2bua.seats import Seats
from mediation.b2bua.setup import Setup
from mediation.b2bua.succession import Successions
from mediation.routing.admission import Source
from mediation.routing.numbers import number_of
from mediation.routing.room import Occupancy
from mediation.routing.routes import Candidate
from mediation.sip.errors import LocalSipError
from mediation.sip.transaction_row import Transaction

MAX_DURATION, BROKEN = "MAX_DURATION", "BROKEN"


class Call:
    """A call from the INVITE that began it to its record."""

    def __init__(
        self,
        exchange: Exchange,
        transaction: Transaction,
        decision: Decision,
        refer: Callable[["Call", Leg, Referred, float], None],
        forget: Callable[["Call"], None],
        now: float,
    ) -> None:
        """`transaction` holds the INVITE, `decision` what is made of it. RemoteSipError: no dialog can be made.

        `refer` begins what a party wants of the other one. `forget` is called once, when the call has nothing left to
        do.
        """
        self.exchange = exchange
        self._refer = refer
        self._forget = forget
        self.id = exchange.agent.ids.call()
        self.phase = Phase.JUDGING
        self.occupancy = Occupancy(exchange.room_turned)
        self.media = CallMedia(self.id, exchange.emit, exchange.settings.media)
        product = exchange.settings.sip.user_agent
        caller = Leg.received(
            exchange.agent, self, transaction, decision.invitation.source, product, exchange.wide
        )
        source = decision.source
        caller.trunk = "" if source.trunk is None else source.trunk.name
        caller.certificate = source.name
        asked = decision.invitation.request
        self.ledger = Ledger(now, decision.calling, number_of(asked.uri))
        self._recording = CallRecorder(exchange.recorder, self.id, self.ledger, self.media)
        self._passing = Passing(self, self._recording)
        self.seats = Seats(caller, self.media, exchange.agent.names, self._passing.between)
        self.ledger.first.append(caller)
        self._refusing = Refusing(self)
        self.setup = Setup(self, decision, self._refusing)
        self.successions = Successions(self)
        self._hearing = Hearing(self, self._recording, self._refusing, self.successions)
        self._written = False
        self.broken = False
        """Whether a bug of ours was met already."""
        self.open: set[Leg] = {caller}
        """Legs that are not closed, those of earlier attempts among them."""

    @property
    def source(self) -> Source:
        """Where it comes from."""
        return self.setup.decision.source

    @property
    def is_up(self) -> bool:
        """Whether both seats are taken, and talk."""
        return self.phase is Phase.TALKING

    @property
    def call_ids(self) -> set[str]:
        """The Call-IDs of all its dialogs."""
        legs = {leg.call_id for leg in (*self.ledger.first, *self.open)}
        return {*legs, *(attempt.call_id for attempt in self.ledger.attempts)}

    # what happens to a call

    def leg_event(self, leg: Leg, event: LegEvent, now: float) -> None:
        """One of the legs has something to say; of an attempt that was given up only its end matters."""
        succession = self.successions.current
        if isinstance(event, Closed):
            self.open.discard(leg)
            self._finish_when_done(now)
        elif isinstance(event, AnsweredTooLate):
            self.fact("leg.answered_too_late", Level.WARNING, side=str(leg.side), call_id=leg.call_id)
        elif succession is not None and succession.owns(leg):
            succession.leg_event(leg, event, now)
        elif leg in self.seats:
            self._seat_event(leg, event, now)
        elif leg is self.setup.leg:
            self.setup.attempt_event(leg, event, now)

    def media_fact(self, fact: MediaFact, now: float) -> None:
        """The media engine has something to say."""
        self._hearing.told(fact, now)
        self._finish_when_done(now)

    def timer_fired(self, name: str, now: float) -> None:
        """One of our timers is due."""
        if name == BROKEN:
            self.abort(causes.INTERNAL_ERROR, now)
        else:
            self.stop(causes.CALL_TOO_LONG, now)

    def stop(self, cause: Cause, now: float) -> None:
        """End the call, whatever it is doing."""
        self.cue(Cue.STOP, now, cause)

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

    # what those say that work for it

    def cue(self, cue: Cue, now: float, given: Given = None, by: str = "server") -> None:
        """Something has happened; `given` is what it is about, `by` whom the call ends if it does."""
        row = TABLE.step(self.phase, cue)
        if row is None:
            return
        self.phase, acts = row
        if self.phase is Phase.CLEARING and isinstance(given, Cause):
            self.ledger.end(given, by, now)
        for act in acts:
            self._perform(act, given, now)
        self.note_way(now)
        if self.phase is Phase.CLEARING:
            self._finish_when_done(now)

    def hear(self, leg: Leg, event: LegEvent, now: float) -> None:
        """A party asks for a change, or answers one, or says something that is for the other one."""
        match event:
            case Updated():
                self.cue(Cue.UPDATED, now)
            case Referred():
                self.cue(Cue.REFERRED, now, (leg, event))
            case _:
                self.cue(Cue.CHANGE, now, (leg, event))

    def may_pass(self, candidate: Candidate) -> bool:
        """Whether audio to this target is to go past us, as far as that is known before it is called."""
        return self._passing.may(candidate)

    def note_way(self, now: float) -> None:
        """See whether its audio has left us, or come back."""
        self._passing.note(now)

    def fact(self, name: str, level: Level = Level.INFO, **fields: object) -> None:
        """Write something down."""
        self.exchange.emit(Fact(name, level, {"call": self.id, **fields}))

    # the machinery

    def _seat_event(self, leg: Leg, event: LegEvent, now: float) -> None:
        by = self.seats.name_of(leg)
        match event:
            case HungUp(cause, parts):
                if self.successions.left(leg, now):
                    self.cue(Cue.LEFT, now, cause)
                    return
                self.seats.note_last_word(parts, leg.terms)
                self.cue(Cue.CALLER_ENDED if by == "caller" else Cue.CALLEE_ENDED, now, cause, by=by)
            case Progress() | Answered() | Refused():
                raise LocalSipError(f"a seat cannot say {type(event).__name__}")
            case _:
                self.hear(leg, event, now)

    def _perform(self, act: Act, given: Given, now: float) -> None:
        why = given if isinstance(given, Cause) else None
        match act:
            case Act.ASK_POLICY:
                self.setup.ask_policy(now)
            case Act.STOP_ASKING:
                self.setup.stop_asking()
            case Act.OPEN_MEDIA:
                self.setup.open_media(now)
            case Act.SEEK:
                self.setup.seek(now)
            case Act.STOP_SEEKING:
                self.setup.stop_seeking(why or causes.ANSWERED_ELSEWHERE, now)
            case Act.OPEN_BOOTH:
                self._refusing.open_booth()
            case Act.START_LIMIT:
                self._refusing.start_limit(now)
            case Act.ANNOUNCE:
                self._refusing.announce(self.setup.party, now)
            case Act.DECLINE | Act.BRIDGE | Act.REFER | Act.REFUSE_REFERRAL if isinstance(given, tuple):
                self._pass_on(act, *given, now)
            case Act.RING if isinstance(given, Progress):
                self.setup.ring(given, now)
            case Act.RING_ALOUD:
                self.setup.ring_aloud(now)
            case Act.CONNECT if isinstance(given, Answered):
                self._connect(given, now)
            case Act.SETTLE if self.seats.bridge is not None:
                self.seats.bridge.settle(now)
            case Act.STOP_SUCCESSION:
                self.successions.stop(why or self.ledger.cause, now)
            case Act.APPLY_MEDIA:
                self.seats.apply()
            case Act.CLOSE_MEDIA:
                self.media.close()
            case Act.DROP_CALLER:
                self._refusing.drop_caller(now)
            case Act.DROP_CALLEE:
                if self.seats.callee is not None:
                    self.seats.dismiss(self.seats.callee, self.ledger.cause, now)
            case Act.STOP_TIMERS:
                self.setup.stop_limit()
                self._refusing.stop_limit()

    def _pass_on(self, act: Act, leg: Leg, event: LegEvent, now: float) -> None:
        """What a party has said goes to whom it concerns."""
        match act, event:
            case Act.BRIDGE, _ if self.seats.bridge is not None:
                self.seats.bridge.hear(leg, event, now)
            case Act.DECLINE, _:
                leg.questions.decline(event, now)
            case Act.REFER, Referred():
                self._refer(self, leg, event, now)
            case Act.REFUSE_REFERRAL, Referred(question):
                leg.questions.reply(question, 491, now)

    def _connect(self, answered: Answered, now: float) -> None:
        self.setup.sit(now)
        callee = self.seats.connect(answered, now)
        order = self._recording.decide(self.source, (self.seats.caller.trunk, callee.trunk), now)
        if order is not None:
            self.fact("recording.ordered", files=list(order.files))
        self.fact("call.answered", trunk=callee.trunk or None)
        if self.exchange.settings.sip.max_duration_s:
            self._start(MAX_DURATION, now + self.exchange.settings.sip.max_duration_s)

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
        for name in (MAX_DURATION, BROKEN):
            self.exchange.agent.deadlines.stop((self, name))
        self.setup.forget()
        self._refusing.forget()
        self._passing.forget()
        self.occupancy.give_all_back()
        recording = self._recording.record
        record = self.ledger.record(self.id, self.seats, self.media, recording, self.setup.leg, now)
        self._written = True
        self.exchange.emit(record)
        self._forget(self)
        self.exchange.emit(notices.ended(record, self.ledger.duration_s))
