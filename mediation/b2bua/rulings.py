"""New calls that wait for what a policy says: asked once, for a while, and never without a way to go on.

What our own rules have decided stands when nobody answers, unless the settings would rather refuse.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from mediation.b2bua import causes
from mediation.b2bua.causes import Cause
from mediation.b2bua.deciding import Deciding, Decision
from mediation.b2bua.outputs import AskPolicy, DropPolicy, Level, Output
from mediation.b2bua.principal import Principal
from mediation.routing.breaker import Breaker
from mediation.routing.question import Asked, asked_about
from mediation.routing.room import Way
from mediation.routing.ruling import BadAnswer, Ruling, ruling_of
from mediation.routing.trunk import TrunkState
from mediation.settings.peers import Side
from mediation.settings.policy import OnFailure, PolicyHook
from mediation.sip.agent import Agent

SCHEMA: Final = 1
"""Grows when a key of the question changes its meaning or goes; new keys may come at any time."""
MOST_TOLD: Final = 8
"""Names that stand in the log, of those that a policy has made up."""
_DEADLINE: Final = "POLICY_DEADLINE"
_INTERFACES: Final = {Side.FRONT_END: "internal", Side.GATEWAY: "gateway"}
"""What the settings call each side."""


@dataclass(frozen=True, slots=True)
class PolicyAnswered:
    """The policy has said something, whatever it is."""

    call: str
    answer: object
    """As JSON or Python has it."""


@dataclass(frozen=True, slots=True)
class PolicyFailed:
    """It has not."""

    call: str
    reason: str


PolicyNews = PolicyAnswered | PolicyFailed


class Petitioner(Protocol):
    """Who waits."""

    def admitted(self, decision: Decision, tag: str, now: float) -> None:
        """The call goes on, as is decided now."""

    def barred(self, cause: Cause, tag: str, now: float) -> None:
        """It does not."""


class Rulings:
    """All calls of one engine that wait."""

    def __init__(
        self,
        rules: PolicyHook,
        agent: Agent,
        deciding: Deciding,
        trunks: Mapping[str, TrunkState],
        emit: Callable[[Output], None],
    ) -> None:
        self.rules = rules
        self.agent = agent
        self.deciding = deciding
        self.breaker = Breaker(rules)
        self.emit = emit
        self.waiting: dict[str, Petition] = {}
        """By our name for the call."""
        self._trunks = trunks

    def petition(self, decision: Decision) -> "Petition | None":
        """What a call that is decided on so has to wait for; None: nothing."""
        asked = asked_about(self.rules, decision.source.side, urgent=decision.is_urgent)
        return Petition(self, decision) if asked is Asked.YES else None

    def told(self, news: PolicyNews, now: float) -> None:
        """Something has come of a question; of one that nobody waits for any more, nothing does."""
        petition = self.waiting.get(news.call)
        if petition is None:
            return
        if isinstance(news, PolicyFailed):
            petition.fails(news.reason, now)
            return
        try:
            ruling = ruling_of(news.answer)
        except BadAnswer as error:
            petition.fails(str(error), now)
        else:
            petition.answered(ruling, now)

    def question(self, call: str, decision: Decision, now: float) -> dict[str, object]:
        """What the policy hears of a call: what routes know of it, no body and no header."""
        source = decision.source
        return {
            "schema": SCHEMA,
            "call": call,
            "direction": "outbound" if source.side is Side.FRONT_END else "inbound",
            "interface": _INTERFACES[source.side],
            "trunk": None if source.trunk is None else source.trunk.name,
            "calling": decision.calling,
            "called": decision.called,
            "sites": [site.name for site in source.sites],
            "emergency": decision.is_urgent,
            "trunks": [self._trunk(name, decision, now) for name in _trunks_of(decision)],
            "deadline_ms": self.rules.deadline_ms,
        }

    def _trunk(self, name: str, decision: Decision, now: float) -> dict[str, object]:
        state = self._trunks[name]
        fitness = min(state.fitness(each.target) for each in decision.candidates if each.trunk == name)
        lack = state.room.lack(Way.OUT, now)
        return {"name": name, "health": fitness.name.lower(), "lacks": None if lack is None else str(lack)}


class Petition:
    """The question of one call, from the moment that it is asked until something is decided."""

    def __init__(self, rulings: Rulings, decision: Decision) -> None:
        self._rulings = rulings
        self._decision = decision
        self._asked_at = 0.0
        self._waits = False

    def begin(self, user: Petitioner, call: Principal, now: float) -> None:
        """Ask, unless there is no use in it; `user` is told what is decided, at once or later."""
        rulings = self._rulings
        self.user, self._call, self._asked_at = user, call, now
        if len(rulings.waiting) >= rulings.rules.max_waiting:
            self._goes_without("too many calls wait", now)
        elif not rulings.breaker.lets(now):
            self._goes_without("it rests", now)
        else:
            self._waits = True
            rulings.waiting[call.id] = self
            rulings.agent.deadlines.start((self, _DEADLINE), now + rulings.rules.deadline_ms / 1000)
            rulings.emit(AskPolicy(call.id, rulings.question(call.id, self._decision, now)))

    def abandon(self) -> None:
        """The call waits for nothing any more."""
        if self._waits:
            self._close()
            self._rulings.emit(DropPolicy(self._call.id))
            self._call.fact("policy.dropped", Level.DEBUG)

    def timer_fired(self, name: str, now: float) -> None:
        """No answer has come in time."""
        del name
        self._rulings.emit(DropPolicy(self._call.id))
        self.fails("no answer in time", now)

    def fails(self, reason: str, now: float) -> None:
        """Nothing that can be used was said."""
        self._close()
        rules = self._rulings.rules
        self._call.fact(
            "policy.failed",
            Level.WARNING,
            reason=reason,
            then=str(rules.on_failure),
            took_s=round(now - self._asked_at, 3),
        )
        if self._rulings.breaker.failed(now):
            self._call.fact("policy.rests", Level.WARNING, failures=rules.failures, seconds=rules.rest_s)
        self._fall_back(now)

    def answered(self, ruling: Ruling, now: float) -> None:
        """Something was said that can be read."""
        rulings = self._rulings
        decision, unknown = rulings.deciding.ruled(self._decision, ruling, now)
        if unknown:
            self._call.fact("policy.trunks_unknown", Level.WARNING, trunks=list(unknown[:MOST_TOLD]))
        if unknown and not decision.candidates:
            self.fails("not one of its trunks is open to the call", now)
            return
        self._close()
        result = "refused" if ruling.refusal else "changed" if ruling.changes else "as-decided"
        self._call.fact("policy.answered", result=result, took_s=round(now - self._asked_at, 3))
        if rulings.breaker.answered():
            self._call.fact("policy.recovered")
        if ruling.refusal is not None:
            self.user.barred(causes.refused_by_policy(ruling.refusal), ruling.tag, now)
        else:
            self._admit(decision, ruling.tag, now)

    def _admit(self, decision: Decision, tag: str, now: float) -> None:
        """Let the call go on, where what was decided before it waited, or has come of the answer, still can be."""
        deciding = self._rulings.deciding
        obstacle = deciding.unroutable(decision, now)
        obstacle = obstacle or deciding.lack(decision, now, self._call.may_pass, entered=True)
        if obstacle is None:
            self.user.admitted(decision, tag, now)
        else:
            self.user.barred(obstacle, tag, now)

    def _goes_without(self, reason: str, now: float) -> None:
        then = str(self._rulings.rules.on_failure)
        self._call.fact("policy.skipped", Level.DEBUG, reason=reason, then=then)
        self._fall_back(now)

    def _fall_back(self, now: float) -> None:
        if self._rulings.rules.on_failure is OnFailure.REFUSE:
            self.user.barred(causes.POLICY_FAILED, "", now)
        else:
            self._admit(self._decision, "", now)

    def _close(self) -> None:
        """Wait no more."""
        self._waits = False
        self._rulings.agent.deadlines.stop((self, _DEADLINE))
        self._rulings.waiting.pop(self._call.id, None)


def _trunks_of(decision: Decision) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.trunk for each in decision.candidates))
