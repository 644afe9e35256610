"""One registration with an ITSP, kept alive as long as somebody wants it (RFC 3261 section 10.2, RFC 6140 section 5.2).

Registrars are asked one after the other, first the one that holds it. What each answer means:

    2xx with our Contact            registered
    401, 407                        the same registrar again, with credentials; refused for good where they are wrong
    423                             the same registrar again, for as long as it wants
    403, 404 and others like them   refused for good: an alarm, and a long rest
    anything else, or nothing       the next registrar; after the last one a rest that grows (RFC 5626 section 4.5)
"""

from collections.abc import Callable, Iterable
from typing import Protocol

from mediation.sip.agent import Agent
from mediation.sip.digest_client import Answer, DigestClient, Reason
from mediation.sip.errors import LocalSipError
from mediation.sip.message import Request, Response
from mediation.sip.registration_answer import FOR_GOOD, Grant, grant_of, longer_of, rest_of
from mediation.sip.registration_events import (
    Bound,
    Denied,
    Ended,
    Intent,
    Lapsed,
    Left,
    Registrar,
    Resting,
    Setback,
    Tidings,
)
from mediation.sip.registration_table import TABLE, Act, Cue, State
from mediation.sip.transaction_row import Failure, Transaction
from mediation.sip.uri import SipUri, parse_uri

LEAST_REST_S = 5.0
"""However short a grant, we do not ask more often."""
LONG_GRANT_S = 1200
"""What lasts longer is renewed so long before its end as what lasts just this: at its half."""
MOST_LENGTHENED = 2
"""How often one request is sent anew because 423 wants a longer time."""

CONTACT_MISSING = "contact-missing"
"""A 2xx does not say that we are registered."""
WRONG_CREDENTIALS = "wrong-credentials"
"""The registrar has not taken our answer to its challenge."""


_Given = Grant | Request | Setback | None


class RegistrationUser(Protocol):
    """Who wants to be registered."""

    def registration_told(self, registration: "Registration", tidings: Tidings, now: float) -> None:
        """Something has come of it."""


class Registration:
    """The registration of one address of record, by one Call-ID with a rising CSeq (RFC 3261 section 10.2)."""

    def __init__(
        self,
        agent: Agent,
        owner: RegistrationUser,
        intent: Intent,
        registrars: Callable[[], tuple[Registrar, ...]],
        digest: DigestClient,
    ) -> None:
        """`registrars` tells who may be asked now, in this order; there may be nobody until a name is found."""
        self._agent = agent
        self._owner = owner
        self._intent = intent
        self._registrars = registrars
        self._digest = digest
        self._call_id = agent.ids.call_id()
        self._sequence = agent.ids.sequence_number()
        self._expires_s = intent.expires_s
        """What is asked for; 423 makes it longer."""
        self._must_clear = intent.remove_others
        self._left: list[Registrar] = []
        """Those that this round of attempts has not asked yet."""
        self._asked: Registrar
        """Who was asked last; unset before anybody was."""
        self._sent: Transaction | None = None
        self._lengthened = 0
        self._failures = 0
        """Rounds without success, one after the other."""
        self._rests: dict[Registrar, float] = {}
        """Until when a registrar wants to be left alone (Retry-After)."""
        self._taken_at = self._renews_at = self._ends_at = 0.0
        """Of what is held."""
        self.state = State.UNREGISTERED
        self.holder: Registrar | None = None
        """Who holds it."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state is State.OVER

    def begin(self, now: float, after_s: float) -> None:
        """Ask for it in so many seconds."""
        self._start(Cue.DUE, now + after_s)

    def suspect(self, now: float) -> None:
        """The ITSP may not find us any more: renew it, though not more often than it rests after a failure."""
        self._cue(Cue.SUSPECTED, now)

    def stop(self, now: float) -> None:
        """Give it back."""
        self._cue(Cue.STOP, now)

    def break_off(self, now: float) -> None:
        """A bug of ours was met: try again after a rest."""
        self._cue(Cue.BROKE, now, Setback("internal-error"))

    def abandon(self) -> None:
        """Forget it, without a word to anybody."""
        self._perform(Act.DROP, None, 0.0)
        self._perform(Act.STOP_TIMERS, None, 0.0)
        self.state = State.OVER

    # what the layer and the timers tell

    def response_received(self, transaction: Transaction, response: Response, now: float) -> None:
        """The final answer to the latest request counts."""
        if response.status < 200 or transaction is not self._sent:
            return
        self._sent = None
        if response.status < 300:
            self._agreed(response, transaction.request, now)
        elif response.status in (401, 407):
            self._challenged(response, transaction, now)
        elif response.status == 423 and (longer := self._longer(response)):
            self._expires_s = longer
            self._lengthened += 1
            self._cue(Cue.AGAIN, now)
        elif response.status in FOR_GOOD:
            self._deny(_setback(response), now)
        else:
            self._fail(_setback(response), now)

    def request_failed(self, transaction: Transaction, failure: Failure, now: float) -> None:
        """The registrar is not reached, or says nothing."""
        if transaction is self._sent:
            self._sent = None
            self._fail(Setback("no-response" if failure is Failure.TIMEOUT else "unreachable"), now)

    def timer_fired(self, name: str, now: float) -> None:
        """One of our timers is due."""
        self._cue(Cue[name], now)

    # what an answer means

    def _agreed(self, response: Response, request: Request, now: float) -> None:
        if self.state is State.UNREGISTERING:
            self._cue(Cue.GRANTED, now)
        elif request.headers.get("Contact") == "*":
            self._must_clear = False
            self._cue(Cue.CLEARED, now)
        elif (grant := grant_of(response, self._contact, self._expires_s)) is not None:
            self._cue(Cue.GRANTED, now, grant)
        else:
            self._fail(Setback(CONTACT_MISSING, response.status), now)

    def _challenged(self, response: Response, transaction: Transaction, now: float) -> None:
        verdict = self._digest.challenged(
            response,
            transaction.request,
            sequence=self._sequence + 1,
            via=self._agent.via(self._asked.flow),
            cnonce=self._agent.ids.cnonce(),
        )
        if isinstance(verdict, Answer):
            self._sequence += 1
            self._cue(Cue.AGAIN, now, verdict.request)
            return
        wrong = verdict.reason is Reason.REFUSED
        self._deny(_setback(response, WRONG_CREDENTIALS if wrong else "no-credentials"), now)

    def _longer(self, response: Response) -> int | None:
        if self.state is State.UNREGISTERING or self._lengthened >= MOST_LENGTHENED:
            return None
        return longer_of(response, self._expires_s)

    def _deny(self, setback: Setback, now: float) -> None:
        self._cue(Cue.DENIED, now, setback)

    def _fail(self, setback: Setback, now: float) -> None:
        if self.state is State.UNREGISTERING:
            self._cue(Cue.FAILED, now, setback)
            return
        if setback.retry_after_s:
            self._rests[self._asked] = now + setback.retry_after_s
        self._owner.registration_told(self, Left(self._asked, setback), now)
        self._cue(Cue.NEXT if self._left else Cue.FAILED, now, setback)

    # the machinery

    def _cue(self, cue: Cue, now: float, given: _Given = None) -> None:
        row = TABLE.step(self.state, cue)
        if row is None:
            return
        self.state, acts = row
        for act in acts:
            self._perform(act, given, now)

    def _perform(self, act: Act, given: _Given, now: float) -> None:
        match act:
            case Act.TRY_FIRST:
                self._lengthened = 0
                self._left = list(self._awake(now))
                if self._left:
                    self._try_next(now)
                else:
                    self._cue(Cue.FAILED, now, Setback("no-address"))
            case Act.TRY_NEXT:
                self._try_next(now)
            case Act.TRY_AGAIN:
                self._transmit(given if isinstance(given, Request) else self._request(), now)
            case Act.TAKE:
                self._take(given, now)
            case Act.LOSE:
                self._lose(now)
            case Act.REST:
                self._rest(given, now)
            case Act.REST_LONG:
                self._rest_long(given, now)
            case Act.RENEW_SOON:
                soon = self._taken_at + max(LEAST_REST_S, self._intent.retry_s)
                self._start(Cue.DUE, min(self._renews_at, max(now, soon)))
            case Act.REMOVE:
                self._asked = self.holder or self._asked
                self._transmit(self._request(), now)
            case Act.DROP:
                if self._sent is not None and self._sent.awaits_final:
                    self._agent.layer.abandon(self._sent)
                self._sent = None
            case Act.STOP_TIMERS:
                for cue in (Cue.DUE, Cue.EXPIRED):
                    self._agent.deadlines.stop((self, cue.name))
            case Act.END:
                self.holder = None
                setback = given if isinstance(given, Setback) else None
                self._owner.registration_told(self, Ended(setback), now)

    def _awake(self, now: float) -> Iterable[Registrar]:
        """The registrars to ask, who holds it first; those that asked for rest only where all have."""
        self._rests = {registrar: until for registrar, until in self._rests.items() if until > now}
        order = sorted(self._registrars(), key=lambda registrar: registrar != self.holder)
        return [registrar for registrar in order if registrar not in self._rests] or order

    def _try_next(self, now: float) -> None:
        self._asked = self._left.pop(0)
        self._transmit(self._request(), now)

    def _take(self, given: _Given, now: float) -> None:
        if not isinstance(given, Grant):
            return
        renewed, self.holder = self.holder is not None, self._asked
        self._failures = 0
        self._taken_at, self._ends_at = now, now + given.expires_s
        latest = given.expires_s - LONG_GRANT_S / 2 if given.expires_s > LONG_GRANT_S else given.expires_s / 2
        self._renews_at = now + max(LEAST_REST_S, latest * self._chance(900))
        self._start(Cue.DUE, self._renews_at)
        self._start(Cue.EXPIRED, self._ends_at)
        self._owner.registration_told(self, Bound(self.holder, given, renewed), now)

    def _lose(self, now: float) -> None:
        self._agent.deadlines.stop((self, Cue.EXPIRED.name))
        if self.holder is not None:
            self.holder = None
            self._owner.registration_told(self, Lapsed(), now)

    def _rest(self, given: _Given, now: float) -> None:
        """RFC 5626 section 4.5: twice as long after each failure, and up to half of it less by chance."""
        self._failures = min(self._failures + 1, 30)  # beyond that no clock of ours can tell the difference
        intent = self._intent
        rest_s = min(intent.max_retry_s, intent.retry_s * 2**self._failures) * self._chance(500)
        if self.holder is not None:
            rest_s = min(rest_s, max(LEAST_REST_S, (self._ends_at - now) / 2))
        known = self._registrars()
        if known and all(registrar in self._rests for registrar in known):
            rest_s = max(rest_s, min(self._rests.values()) - now)
        self._start(Cue.DUE, now + rest_s)
        if isinstance(given, Setback):
            self._owner.registration_told(self, Resting(given, rest_s), now)

    def _rest_long(self, given: _Given, now: float) -> None:
        setback = given if isinstance(given, Setback) else Setback("unknown")
        rest_s = self._intent.refused_retry_s
        if rest_s:
            rest_s = max(rest_s * (2 - self._chance(900)), setback.retry_after_s)
            self._start(Cue.DUE, now + rest_s)
        self._owner.registration_told(self, Denied(self._asked, setback, rest_s), now)

    def _chance(self, low: int) -> float:
        """A fraction from `low` thousandths to 1."""
        return self._agent.ids.between(low, 1000) / 1000

    def _start(self, cue: Cue, at: float) -> None:
        self._agent.deadlines.start((self, cue.name), at)

    # what is sent

    @property
    def _contact(self) -> SipUri:
        """Where the registrar that is asked is to reach us; the user is left out of a bulk one's (RFC 6140)."""
        flow, intent = self._asked.flow, self._intent
        user = f"{intent.contact_user}@" if intent.contact_user and not intent.bulk else ""
        place = self._agent.names.host_and_port(flow)
        uri = parse_uri(f"sip:{user}{place}{flow.transport.parameter}{';bnc' if intent.bulk else ''}")
        if not isinstance(uri, SipUri):
            raise LocalSipError(f"{uri} cannot be a Contact")
        return uri

    def _request(self) -> Request:
        intent = self._intent
        clears = self._must_clear and self.state is not State.UNREGISTERING
        ends = clears or self.state is State.UNREGISTERING
        self._sequence += 1
        headers = [
            ("Contact", "*" if clears else f"<{self._contact}>"),
            ("Expires", "0" if ends else str(self._expires_s)),
            ("Supported", "path"),
        ]
        if intent.bulk:
            headers += [("Require", "gin"), ("Proxy-Require", "gin")]
        if intent.product:
            headers.append(("User-Agent", intent.product))
        request = self._agent.request(
            "REGISTER",
            intent.registrar,
            self._asked.flow,
            identity=f"<{intent.address_of_record}>",
            destination=f"<{intent.address_of_record}>",
            call_id=self._call_id,
            sequence=self._sequence,
            headers=tuple(headers),
            contact=False,
        )
        return self._digest.authorize(request)

    def _transmit(self, request: Request, now: float) -> None:
        self._sent = self._agent.layer.send_request(request, self._asked.flow, self, now)


def _setback(response: Response, reason: str = "") -> Setback:
    return Setback(reason or "refused", response.status, rest_of(response))
