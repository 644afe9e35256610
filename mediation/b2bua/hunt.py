"""The search for somebody who answers: targets in order, one at a time, and never another once a phone has rung.

RFC 3261 section 16.7 by analogy, RFC 3263 section 4.3. A redirection that is followed (RFC 3261 section 8.1.3.4) gives
new targets.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from mediation.b2bua import causes
from mediation.b2bua.callers import refusal_out
from mediation.b2bua.causes import Cause
from mediation.b2bua.events import Answered, HungUp, LegEvent, Progress, Refused
from mediation.b2bua.hunt_table import TABLE, Act, Cue, State
from mediation.b2bua.invitation import Invitation
from mediation.b2bua.leg import Leg
from mediation.b2bua.outputs import Level
from mediation.b2bua.parts import carries, luggage_of
from mediation.b2bua.passage import Passage
from mediation.b2bua.plan import Endpoint
from mediation.b2bua.policy import called_uri, invited
from mediation.b2bua.principal import Principal
from mediation.b2bua.scribe import Told
from mediation.routing.health import Fitness
from mediation.routing.numbers import number_of
from mediation.routing.preference import preferred
from mediation.routing.ready import registered_first
from mediation.routing.room import Lack, Way
from mediation.routing.routes import Candidate
from mediation.routing.terms import Terms
from mediation.routing.translation import translated
from mediation.sdp.audio import Direction
from mediation.settings.peer_terms import RedirectMode
from mediation.sip.dialog import MAX_FORWARDS
from mediation.sip.errors import LocalSipError, RemoteSipError
from mediation.sip.flow import Flow
from mediation.sip.headers import NameAddress
from mediation.sip.multipart import Part
from mediation.sip.uri import SipUri, Uri, parse_uri


@dataclass(frozen=True, slots=True)
class Failed:
    """Nobody answers: the last word of the list."""

    cause: Cause
    by: str
    redirected_to: tuple[str, ...] = ()
    """Whom the called side names instead, where its terms let the caller hear that."""
    parts: tuple[Part, ...] = ()
    """What the last word of the called side held beside; see `events.Progress`."""
    terms: Terms | None = None
    """Of whoever has said so."""


class HuntUser(Protocol):
    """Who searches."""

    def hunt_event(self, event: Progress | Answered | Failed, now: float) -> None:
        """Something has come of it."""


class Hunt:
    """One search, from its first attempt to an answer or the end of the list."""

    def __init__(
        self, user: HuntUser, call: Principal, invitation: Invitation, candidates: tuple[Candidate, ...]
    ) -> None:
        """`call` has the legs, and the record and the room of every attempt."""
        self._call = call
        self._agent = call.exchange.agent
        self._trunks = call.exchange.trunks
        self._invitation = invitation
        self._left = list(candidates)
        """Those that were not tried yet."""
        self._ledger = call.ledger
        self._first = len(call.ledger.attempts)
        self._redirections = 0
        self._local: Endpoint = ("", 0)
        self._told: Callable[[Leg], Told] = lambda leg: Direction.SENDRECV
        self.user = user
        self.state = State.SEEKING
        self.leg: Leg | None = None
        """The attempt that counts."""
        self.candidate = candidates[0]
        """Its target; before the first attempt, the one that comes first."""
        self.party = ""
        """Who of the called side spoke last, where the call has forked."""

    def begin(self, local: Endpoint, told: Callable[[Leg], Told], now: float) -> None:
        """Try the first target. `local` is our audio's place; `told`, what each is told of the party that waits."""
        self._local, self._told = local, told
        self._left = self._preferred(self._left, now)
        self._cue(Cue.NEXT, now)

    def stop(self, cause: Cause, now: float) -> None:
        """Nobody waits any more."""
        self._leave(cause, now)
        self._cue(Cue.STOP, now, Failed(cause, "server"))

    def forget(self) -> None:
        """Wait for nothing any more."""
        for cue in (Cue.NO_PROGRESS, Cue.RING_LIMIT):
            self._agent.deadlines.stop((self, cue.name))

    def leg_event(self, event: LegEvent, now: float) -> None:
        """The attempt that counts has something to say."""
        match event:
            case Progress():
                self._serves(now)
                self.party = event.party
                self._ledger.progress(event.status, now)
                self._cue(Cue.PROGRESS, now, event)
            case Answered():
                self._serves(now)
                self.party = event.party
                self._ledger.answer(now)
                self._cue(Cue.ANSWERED, now, event)
            case Refused():
                self._refused(event, now)
            case HungUp(cause, parts):
                self._leave(cause, now)
                self._cue(Cue.ENDED, now, Failed(cause, "callee", parts=parts, terms=self.candidate.terms))
            case _:
                raise LocalSipError(f"no attempt can say {type(event).__name__}")

    def timer_fired(self, name: str, now: float) -> None:
        """One of our timers is due."""
        if name == Cue.RING_LIMIT.name:
            self._leave(causes.NO_ANSWER, now)
            self._cue(Cue.RING_LIMIT, now, Failed(causes.NO_ANSWER, "server"))
            return
        if self.leg is not None:  # its phone must not ring when the line is back and the call elsewhere
            self.leg.cease(now)
        self._leave(causes.NO_PROGRESS, now)
        self._fails(causes.NO_PROGRESS, now)
        if self._next(now) is not None:
            self._cue(Cue.NO_PROGRESS, now, Failed(causes.NO_PROGRESS, "server"))
        else:
            self._cue(Cue.NO_PROGRESS_LAST, now, Failed(self._last_word(causes.NO_PROGRESS), "server"))

    # decisions

    def _refused(self, refused: Refused, now: float) -> None:
        candidate, failover = self.candidate, self.candidate.failover
        heard = cause = refused.cause
        if not (refused.answered or causes.is_unheard(heard)):
            cause = causes.counted_as(heard, failover.counted(heard.status, heard.said))
        if cause is not heard:
            self._call.fact(
                "leg.response_translated", trunk=candidate.trunk, status=heard.status, becomes=cause.status
            )
        self._leave(cause, now)
        if causes.is_unheard(heard) or heard.status == 503:
            self._fails(heard, now)
        else:
            self._serves(now)
        if cause.status == 503 and refused.retry_after_s:
            self._trunks[candidate.trunk].rest(candidate.target, now + refused.retry_after_s)
        mode = candidate.terms.redirect.mode
        followed = mode is RedirectMode.FOLLOW and self._follow(refused.redirected_to, candidate, now)
        listed = causes.is_unheard(cause) or failover.sends_on(cause.status, cause.said)
        leaves = self.state is State.SEEKING and not refused.answered and (followed or listed)
        if leaves and self._next(now) is not None:
            self._cue(Cue.LEFT, now)
        else:
            uris = refused.redirected_to if mode is RedirectMode.PASS else ()
            told = tuple(str(uri) for text in uris if (uri := _readable(text, candidate.terms)) is not None)
            last = self._last_word(cause)
            parts = refused.parts if last is cause else ()
            self._cue(Cue.REFUSED, now, Failed(last, "callee", told, parts, candidate.terms))

    def _follow(self, uris: tuple[str, ...], candidate: Candidate, now: float) -> bool:
        """Go on with the first URI that may be called, by our own routes; False: there is none."""
        redirect = candidate.terms.redirect
        if self.state is not State.SEEKING or self._redirections >= redirect.most:
            return False
        target = candidate.target
        known = (*redirect.hosts, target.host, *((target.name,) if target.name else ()))
        for text in uris:
            uri = _readable(text, candidate.terms)
            if uri is None or not (number := number_of(uri)):
                continue
            if isinstance(uri, SipUri) and uri.host not in known:
                continue
            invitation = self._invitation.redirected(uri)
            found = [
                c
                for c in self._call.exchange.candidates(self._call.source, number, now)
                if carries(invitation.request, invitation.source, c.terms)
                and refusal_out(invitation, c) is None
            ]
            found = self._preferred(found, now)
            if found:
                self._redirections += 1
                self._left = found
                self._invitation = invitation
                return True
        return False

    def _last_word(self, cause: Cause) -> Cause:
        """What whoever waits hears when the list is exhausted."""
        return self._ledger.summed_up(cause, since=self._first)

    def _next(self, now: float) -> Candidate | None:
        """The next target with room; those that asked for rest, or went down since, only when nobody else is left."""
        trunks = self._trunks
        left = [c for c in registered_first(self._left, trunks) if self._lack(c, now) is None]
        awake = (
            c
            for c in left
            if not trunks[c.trunk].is_resting(c.target, now)
            and trunks[c.trunk].fitness(c.target) < Fitness.DOWN
        )
        return next(awake, left[0] if left else None)

    def _lack(self, candidate: Candidate, now: float) -> Lack | None:
        room, passes = self._trunks[candidate.trunk].room, self._call.may_pass(candidate)
        return room.lack(Way.OUT, now, urgent=candidate.urgent, passes=passes)

    def _preferred(self, candidates: list[Candidate], now: float) -> list[Candidate]:
        """The list that is worked off from now on."""
        return preferred(candidates, self._trunks, self._agent.ids.between, now)

    def _serves(self, now: float) -> None:
        """The target of the attempt has said something that only one that serves says."""
        self._trunks[self.candidate.trunk].call_answered(self.candidate.target, now)

    def _fails(self, cause: Cause, now: float) -> None:
        """It was not reached, has said nothing, or does not serve now."""
        self._trunks[self.candidate.trunk].call_failed(self.candidate.target, cause.reason, now)

    # the machinery

    def _cue(self, cue: Cue, now: float, given: Progress | Answered | Failed | None = None) -> None:
        row = TABLE.step(self.state, cue)
        if row is None:
            return
        self.state, acts = row
        for act in acts:
            self._perform(act, given, now)

    def _perform(self, act: Act, given: Progress | Answered | Failed | None, now: float) -> None:
        deadlines = self._agent.deadlines
        match act:
            case Act.TRY_NEXT:
                self._try_next(now)
            case Act.DROP:
                if self.leg is not None:
                    self.leg.hang_up(given.cause if isinstance(given, Failed) else causes.CANCELLED, now)
            case Act.START_RING_LIMIT:
                deadlines.start(
                    (self, Cue.RING_LIMIT.name), now + self._call.exchange.settings.sip.ring_limit_s
                )
            case Act.STOP_NO_PROGRESS:
                deadlines.stop((self, Cue.NO_PROGRESS.name))
            case Act.STOP_TIMERS:
                self.forget()
            case _ if given is not None:
                self.user.hunt_event(given, now)

    def _try_next(self, now: float) -> None:
        candidate = self._next(now)
        if candidate is None:  # the last room went while the ports were opened, or all of them drain
            lack = next((lack for each in self._left if (lack := self._lack(each, now))), None)
            last = causes.no_room(lack) if lack is not None else causes.ALL_TARGETS_DOWN
            self._cue(Cue.REFUSED, now, Failed(self._last_word(last), "callee"))
            return
        self._left.remove(candidate)
        self._call.occupancy.take(self._trunks[candidate.trunk].room, Way.OUT, now)
        agent, invitation = self._agent, self._invitation
        target, listener = candidate.target, candidate.listener
        flow = Flow(target.transport, listener.endpoint, target.endpoint)
        exchange = self._call.exchange
        leg = Leg(agent, self._call, flow, candidate.terms, exchange.settings.sip.user_agent, exchange.wide)
        leg.trunk, leg.caller_id = candidate.trunk, candidate.caller_id
        leg.certificate = "" if target.door is None else target.name
        agent.deadlines.start((self, Cue.NO_PROGRESS.name), now + candidate.no_progress_s)
        request, host = invitation.request, target.place
        passage = Passage(
            invitation.source, candidate.terms, agent.names.host_and_port(flow), candidate.caller_id
        )
        identity, headers = invited(request, passage, invitation.secrets)
        numbers = candidate.terms.numbers
        called = called_uri(request, host, target.parameter, numbers)
        luggage = luggage_of(request, passage, headers, agent.ids.content_id)
        route = self._trunks[candidate.trunk].service_route(target)
        leg.place(
            called,
            local=self._local,
            identity=identity,
            destination=f"<{called_uri(request, host, numbers=numbers)}>",
            max_forwards=MAX_FORWARDS if request.max_forwards is None else request.max_forwards - 1,
            headers=(*route, *headers, *luggage.headers, *invitation.extra),
            now=now,
            willing=self._told(leg),
            parts=luggage.parts,
        )
        self.leg, self.candidate = leg, candidate
        self._call.open.add(leg)
        self._ledger.attempt(
            candidate.trunk,
            target.uri,
            leg.call_id,
            now,
            transfer=self._first > 0,
            numbers=(
                number_of(NameAddress.parse(identity).uri),
                number_of(translated(request.uri, numbers.called_out)),
            ),
            address=target.socket,
        )
        self._call.fact("leg.placed", trunk=candidate.trunk, target=target.uri, address=target.socket)

    def _leave(self, cause: Cause, now: float) -> None:
        """Write down how the attempt under way failed, if one is."""
        attempt = self._ledger.leave(cause, now)
        if attempt is None:
            return
        self._call.occupancy.give_back(self._trunks[attempt.trunk].room)
        if cause.reason == causes.WRONG_CREDENTIALS:
            self._call.fact("trunk.credentials_refused", Level.WARNING, trunk=attempt.trunk)
        self._call.fact(
            "leg.refused",
            trunk=attempt.trunk,
            target=attempt.target,
            status=cause.status,
            reason=cause.reason,
        )


def _readable(text: str, terms: Terms) -> Uri | None:
    """The URI with its number as we write it; None where it cannot be read."""
    try:
        return translated(parse_uri(text), terms.numbers.called_in)
    except RemoteSipError:
        return None
