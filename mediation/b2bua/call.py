"""One call: two legs, `call_table`, one cause of ending, one record."""

from collections.abc import Callable
from dataclasses import dataclass

from mediation.b2bua import causes
from mediation.b2bua.bridge import Bridge
from mediation.b2bua.bridge import Cue as BridgeCue
from mediation.b2bua.call_media import CallMedia
from mediation.b2bua.call_table import ABSORBED, CALL, Act, Cue, Phase
from mediation.b2bua.causes import Cause
from mediation.b2bua.events import (
    Answered,
    AnsweredTooLate,
    Asked,
    Closed,
    HungUp,
    LegEvent,
    Progress,
    Refused,
    ReofferCancelled,
    ReofferDue,
    Reoffered,
    ReofferRefused,
    ReofferTaken,
    Replied,
    Updated,
)
from mediation.b2bua.ledger import Ledger
from mediation.b2bua.leg import Leg
from mediation.b2bua.outputs import Fact, Level, Output
from mediation.b2bua.passage import Passage
from mediation.b2bua.plan import (
    MediaClosed,
    MediaFact,
    MediaLost,
    MediaOpened,
    MediaRefused,
    MediaSilent,
    StreamReport,
)
from mediation.b2bua.policy import called_uri, invited
from mediation.b2bua.record import CallRecord, Party
from mediation.routing.admission import Source
from mediation.routing.numbers import number_of
from mediation.routing.routes import Candidate
from mediation.routing.terms import Terms
from mediation.routing.trunk import TrunkState
from mediation.settings.model import Settings, Side
from mediation.sip.agent import Agent, hostport
from mediation.sip.dialog import MAX_FORWARDS
from mediation.sip.errors import LocalSipError
from mediation.sip.flow import Flow
from mediation.sip.matching import Transaction

NO_PROGRESS, RING_LIMIT, SETUP_LIMIT, BROKEN = "NO_PROGRESS", "RING_LIMIT", "SETUP_LIMIT", "BROKEN"
_OUT_OF_TARGETS = (Cue.REFUSED, Cue.NO_PROGRESS_LAST)


@dataclass(frozen=True, slots=True)
class Exchange:
    """What all calls of one engine share."""

    agent: Agent
    settings: Settings
    trunks: dict[str, TrunkState]
    emit: Callable[[Output], None]
    forget: Callable[["Call"], None]
    """To be called once, when a call has nothing left to do."""


class Call:
    """A call from the INVITE that began it to its record."""

    def __init__(
        self,
        exchange: Exchange,
        source: Source,
        transaction: Transaction,
        terms: Terms,
        candidates: tuple[Candidate, ...],
        now: float,
    ) -> None:
        """`transaction` holds the INVITE. Raises RemoteSipError when no dialog can be made of it."""
        self._exchange = exchange
        self._source = source
        self._request = transaction.request
        self._flow = transaction.flow
        self._candidates = list(candidates)
        """Those that were not tried yet."""
        self.id = exchange.agent.ids.call()
        self.phase = Phase.OPENING
        self._ledger = Ledger(now)
        self._media = CallMedia(self.id, exchange.emit, exchange.settings.media)
        self._callee: tuple[Leg, Candidate] | None = None
        """The attempt that counts."""
        self._bridge: Bridge | None = None
        """What crosses between both legs of it; None before there are two."""
        self._party = ""
        """Who of the called side spoke last, where the call has forked."""
        self._written = False
        self._occupied: list[TrunkState] = []
        self.broken = False
        """Whether a bug of ours was met already."""
        product = exchange.settings.sip.user_agent
        self.caller = Leg.received(exchange.agent, self, transaction, terms, product)
        self._open: set[Leg] = {self.caller}
        """Legs that are not closed, those of earlier attempts among them."""

    def begin(self, obstacle: Cause | None, now: float) -> None:
        """Ask for media, unless the offer or `obstacle` stands in the way."""
        obstacle = self.caller.judge(self._request) or obstacle
        self._fact("call.started", source=self._source_name, transport=str(self._flow.transport))
        if obstacle is not None:
            self._cue(Cue.BARRED, now, obstacle)
            return
        if self._source.trunk is not None:
            self._occupy(self._source.trunk.name)
        first = self._candidates[0]
        self._start(SETUP_LIMIT, now + self._exchange.settings.sip.setup_limit_s)
        self._media.open(self._source.side, first.terms.side, (self._flow.local[0], first.listener.host))

    @property
    def call_ids(self) -> set[str]:
        """The Call-IDs of all its dialogs."""
        return {self.caller.call_id, *(attempt.call_id for attempt in self._ledger.attempts)}

    # what happens to a call

    def leg_event(self, leg: Leg, event: LegEvent, now: float) -> None:
        """One of the legs has something to say; of an earlier attempt only its end matters."""
        if isinstance(event, Closed):
            self._open.discard(leg)
            self._finish_when_done(now)
        elif isinstance(event, AnsweredTooLate):
            self._fact("leg.answered_too_late", Level.WARNING, side=str(leg.side), call_id=leg.call_id)
        elif leg is self.caller:
            self._caller_event(event, now)
        elif self._callee is not None and leg is self._callee[0]:
            self._callee_event(event, now)

    def media_fact(self, fact: MediaFact, now: float) -> None:
        """The media engine has something to say."""
        match fact:
            case MediaOpened():
                self._media.opened(fact)
                self.caller.bind(fact.caller)
                self._cue(Cue.MEDIA_OPENED, now)
            case MediaRefused(_, reason):
                self._media.ended()
                self._fact("call.media_refused", Level.WARNING, reason=reason)
                self._cue(Cue.MEDIA_REFUSED, now, causes.NO_PORTS)
            case MediaSilent(_, caller) if self.phase is Phase.ALERTING:
                if not caller:
                    self._cue(Cue.EARLY_SILENCE, now)
            case MediaSilent(_, caller):
                self._fact("call.media_silent", party="caller" if caller else "callee")
                self._cue(Cue.MEDIA_DEAD, now, causes.MEDIA_SILENT)
            case MediaLost(_, reason):
                self._media.ended()
                self._fact("call.media_lost", Level.ERROR, reason=reason)
                self._cue(Cue.MEDIA_DEAD, now, causes.MEDIA_LOST)
            case MediaClosed():
                self._media.ended(fact)
        self._finish_when_done(now)

    def timer_fired(self, name: str, now: float) -> None:
        """One of our timers is due."""
        match name:
            case "NO_PROGRESS":
                self._leave_attempt(causes.NO_PROGRESS, now)
                has_next = self._next_candidate(now) is not None
                self._cue(Cue.NO_PROGRESS if has_next else Cue.NO_PROGRESS_LAST, now, causes.NO_PROGRESS)
            case "RING_LIMIT":
                self._leave_attempt(causes.NO_ANSWER, now)
                self._cue(Cue.RING_LIMIT, now, causes.NO_ANSWER)
            case "BROKEN":
                self.abort(causes.INTERNAL_ERROR, now)
            case _:
                self._leave_attempt(causes.SETUP_TOO_LONG, now)
                self._cue(Cue.SETUP_LIMIT, now, causes.SETUP_TOO_LONG)

    def stop(self, cause: Cause, now: float) -> None:
        """End the call, whatever it is doing."""
        self._leave_attempt(cause, now)
        self._cue(Cue.STOP, now, cause)

    def break_off(self, now: float) -> None:
        """A bug of ours was met: end every leg in the ordinary way, and what does not end so, in the end, by force."""
        self.broken = True
        self._start(BROKEN, now + 2 * self._exchange.agent.layer.timers.transaction_s + 1)
        self.stop(causes.INTERNAL_ERROR, now)
        for leg in list(self._open):
            leg.hang_up(self._ledger.cause, now)
        self._media.close()
        self._finish_when_done(now)

    def abort(self, cause: Cause, now: float) -> None:
        """End every leg at once, write the record with what is known and forget the call: the last resort."""
        if self._ledger.ended is None:
            self._ledger.end(cause, "server", now)
        for leg in list(self._open):
            try:
                leg.abandon(now)
            except Exception:  # noqa: BLE001 -- whatever else is broken, the record is written
                self._fact("leg.stuck", Level.ERROR, side=str(leg.side))
        self._media.close()
        self._finish(now)

    def forget_media(self) -> None:
        """The media engine has said its last word, whatever it was."""
        self._media.ended()

    # events of the legs

    def _caller_event(self, event: LegEvent, now: float) -> None:
        match event:
            case HungUp(cause):
                self._leave_attempt(cause, now)
                self._cue(Cue.CALLER_ENDED, now, cause, by="caller")
            case Updated():
                self._cue(Cue.CALLER_UPDATED, now)
            case Progress() | Answered() | Refused():
                raise LocalSipError(f"a caller's leg cannot say {type(event).__name__}")
            case _:
                self._cue(Cue.CHANGE, now, (self.caller, event))

    def _callee_event(self, event: LegEvent, now: float) -> None:
        match event:
            case Progress():
                self._ledger.progress(event.status, now)
                self._cue(Cue.PROGRESS, now, event)
            case Answered():
                self._ledger.answer(now)
                self._cue(Cue.ANSWERED, now, event)
            case Refused():
                self._refused(event, now)
            case Updated():
                self._cue(Cue.CALLEE_UPDATED, now)
            case HungUp(cause):
                self._leave_attempt(cause, now)
                self._cue(Cue.CALLEE_ENDED, now, cause, by="callee")
            case Closed() | AnsweredTooLate():
                pass  # taken by leg_event
            case _ if self._callee is not None:
                self._cue(Cue.CHANGE, now, (self._callee[0], event))

    def _refused(self, refused: Refused, now: float) -> None:
        cause = refused.cause
        self._leave_attempt(cause, now)
        if self._callee is None:
            return
        candidate = self._callee[1]
        if cause.status == 503 and refused.retry_after_s:
            self._exchange.trunks[candidate.trunk].rest(candidate.target, now + refused.retry_after_s)
        leaves = (
            self.phase is Phase.TRYING
            and not refused.answered
            and (causes.is_unheard(cause) or candidate.may_leave(cause.status))
            and self._next_candidate(now) is not None
        )
        self._cue(Cue.LEFT if leaves else Cue.REFUSED, now, cause, by="callee")

    # the machinery

    def _cue(self, cue: Cue, now: float, given: object = None, by: str = "server") -> None:
        row = CALL.get((self.phase, cue))
        if row is None:
            if (self.phase, cue) not in ABSORBED:
                raise LocalSipError(f"{cue.name} in {self.phase.name} cannot happen")
            return
        self.phase, acts = row
        if self.phase is Phase.CLEARING and isinstance(given, Cause):
            self._ledger.end(self._ledger.summed_up(given) if cue in _OUT_OF_TARGETS else given, by, now)
        for act in acts:
            self._perform(act, given, now)
        if self.phase is Phase.CLEARING:
            self._finish_when_done(now)

    def _perform(self, act: Act, given: object, now: float) -> None:
        match act:
            case Act.TRY_NEXT:
                self._try_next(now)
            case Act.RING if isinstance(given, Progress):
                self._ring(given, now)
            case Act.RING_ALOUD:
                if self._ledger.ringing is None:
                    self.caller.ring(180, now, party=self._party)
            case Act.START_RING_LIMIT:
                self._start(RING_LIMIT, now + self._exchange.settings.sip.ring_limit_s)
            case Act.CONNECT if isinstance(given, Answered) and self._bridge is not None:
                self._fact("call.answered", trunk=self._ledger.attempts[-1].trunk)
                willing = self._bridge.willing(self.caller)
                self.caller.answer(now, party=given.party, prefer=self._callee_codec, willing=willing)
            case Act.BRIDGE if self._bridge is not None and isinstance(given, tuple):
                leg, event = given
                self._bridge_event(self._bridge, leg, event, now)
            case Act.SETTLE if self._bridge is not None:
                self._bridge.settle(now)
            case Act.APPLY_MEDIA:
                self._apply_media()
            case Act.CLOSE_MEDIA:
                self._media.close()
            case Act.DROP_CALLER:
                self.caller.hang_up(self._ledger.cause, now)
            case Act.DROP_CALLEE:
                if self._callee is not None:
                    self._callee[0].hang_up(given if isinstance(given, Cause) else causes.CANCELLED, now)
            case Act.STOP_NO_PROGRESS:
                self._exchange.agent.deadlines.stop((self, NO_PROGRESS))
            case Act.STOP_TIMERS:
                for name in (NO_PROGRESS, RING_LIMIT, SETUP_LIMIT):
                    self._exchange.agent.deadlines.stop((self, name))

    def _try_next(self, now: float) -> None:
        candidate = self._next_candidate(now)
        if (
            candidate is None or self._media.callee_local is None
        ):  # the last room went while the ports were opened
            self._cue(Cue.REFUSED, now, causes.NO_ROOM)
            return
        self._candidates.remove(candidate)
        self._occupy(candidate.trunk)
        agent, settings = self._exchange.agent, self._exchange.settings
        target, listener = candidate.target, candidate.listener
        flow = Flow(target.transport, listener.endpoint, target.endpoint)
        leg = Leg(agent, self, flow, candidate.terms, settings.sip.user_agent)
        bridge = Bridge(self.caller, leg, self._apply_media)
        self._start(NO_PROGRESS, now + candidate.no_progress_s)
        host = hostport(target.endpoint)
        max_forwards = self._request.max_forwards
        identity, headers = invited(
            self._request, Passage(self.caller.terms, candidate.terms, agent.names.host_and_port(flow))
        )
        leg.place(
            called_uri(self._request, host, target.transport.parameter),
            local=self._media.callee_local,
            identity=identity,
            destination=f"<{called_uri(self._request, host)}>",
            max_forwards=MAX_FORWARDS if max_forwards is None else max_forwards - 1,
            headers=headers,
            now=now,
            willing=bridge.willing(leg),
        )
        self._callee = (leg, candidate)
        self._bridge = bridge
        self._open.add(leg)
        self._ledger.attempt(candidate.trunk, target.uri, leg.call_id, now)
        self._fact("leg.placed", trunk=candidate.trunk, target=target.uri)

    def _next_candidate(self, now: float) -> Candidate | None:
        """The next target with room; those that asked for rest only when nobody else is left."""
        trunks = self._exchange.trunks
        left = [candidate for candidate in self._candidates if trunks[candidate.trunk].has_room]
        awake = (c for c in left if not trunks[c.trunk].is_resting(c.target, now))
        return next(awake, left[0] if left else None)

    def _ring(self, progress: Progress, now: float) -> None:
        self._party = progress.party
        early = self._callee is not None and self._callee[0].audio is not None
        self.caller.ring(progress.status, now, party=progress.party, prefer=self._callee_codec, media=early)
        if early:
            self._apply_media()

    def _apply_media(self) -> None:
        callee = None if self._callee is None else self._callee[0].stream()
        self._media.apply(self.caller.stream(), callee, early=self.phase is Phase.ALERTING)

    def _bridge_event(self, bridge: Bridge, leg: Leg, event: LegEvent, now: float) -> None:
        match event:
            case Reoffered():
                bridge.hear(BridgeCue.REOFFERED, leg, now)
            case ReofferTaken():
                bridge.hear(BridgeCue.TAKEN, leg, now)
            case ReofferRefused(status):
                bridge.hear(BridgeCue.REFUSED, leg, now, status)
            case ReofferCancelled():
                bridge.hear(BridgeCue.CANCELLED, leg, now)
            case ReofferDue():
                bridge.hear(BridgeCue.DUE, leg, now)
            case Asked():
                bridge.asked(leg, event, now)
            case Replied():
                bridge.replied(leg, event, now)

    @property
    def _callee_codec(self) -> str | None:
        audio = None if self._callee is None else self._callee[0].audio
        return None if audio is None else audio.codec

    def _leave_attempt(self, cause: Cause, now: float) -> None:
        """Write down how the attempt under way failed, if one is."""
        attempt = self._ledger.leave(cause, now)
        if attempt is not None:
            trunk = self._exchange.trunks[attempt.trunk]
            trunk.release()
            self._occupied.remove(trunk)
            if cause.reason == causes.WRONG_CREDENTIALS:
                self._fact("trunk.credentials_refused", Level.WARNING, trunk=attempt.trunk)
            self._fact(
                "leg.refused",
                trunk=attempt.trunk,
                target=attempt.target,
                status=cause.status,
                reason=cause.reason,
            )

    def _occupy(self, trunk: str) -> None:
        state = self._exchange.trunks[trunk]
        state.occupy()
        self._occupied.append(state)

    def _start(self, name: str, at: float) -> None:
        self._exchange.agent.deadlines.start((self, name), at)

    def _finish_when_done(self, now: float) -> None:
        if self.phase is Phase.CLEARING and not self._open and not self._media.is_open:
            self._finish(now)

    def _finish(self, now: float) -> None:
        """Free what is occupied, and write the record: once, whoever finds first that all is done."""
        if self._written:
            return
        for name in (NO_PROGRESS, RING_LIMIT, SETUP_LIMIT, BROKEN):
            self._exchange.agent.deadlines.stop((self, name))
        for state in self._occupied:
            state.release()
        self._occupied.clear()
        record = self._record(now)
        self._written = True
        self._exchange.emit(record)
        self._exchange.forget(self)
        self._fact(
            "call.ended",
            verdict=str(record.cause.verdict),
            reason=record.cause.reason,
            status=record.cause.status,
            hung_up_by=record.hung_up_by,
            duration_s=None if self._ledger.duration_s is None else round(self._ledger.duration_s, 3),
        )

    def _record(self, now: float) -> CallRecord:
        trunk = "" if self._source.trunk is None else self._source.trunk.name
        caller = _party(self.caller, trunk, self._flow, self._media.caller_report)
        callee = None
        if self._callee is not None:
            leg, candidate = self._callee
            trunk = "" if leg.side is Side.FRONT_END else candidate.trunk
            callee = _party(leg, trunk, leg.flow, self._media.callee_report)
        calling, called = number_of(self._request.from_.uri), number_of(self._request.uri)
        return self._ledger.record(self.id, caller, callee, calling=calling, called=called, now=now)

    @property
    def _source_name(self) -> str:
        return str(self._source.side) if self._source.trunk is None else self._source.trunk.name

    def _fact(self, name: str, level: Level = Level.INFO, **fields: object) -> None:
        self._exchange.emit(Fact(name, level, {"call": self.id, **fields}))


def _party(leg: Leg, trunk: str, flow: Flow, media: StreamReport | None) -> Party:
    audio = leg.audio
    codec = None if audio is None else audio.codec
    return Party(str(leg.side), trunk, hostport(flow.remote), leg.call_id, codec, media)
