"""Watches the targets: asks them by OPTIONS (RFC 3261 section 11), and hears what calls and transports make known.

Flow 10. Each target of each trunk is asked in its own time, so that none is hammered and not all are asked at once.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Final

from mediation.b2bua.outputs import Fact, Level
from mediation.routing.directory import Holder
from mediation.routing.health import TargetHealth
from mediation.routing.health_table import Act, Cue, State
from mediation.routing.routes import listener_for
from mediation.routing.trunk import TrunkState
from mediation.settings.places import Target
from mediation.settings.trunks import Trunk
from mediation.sip.agent import Agent
from mediation.sip.flow import Flow
from mediation.sip.message import Response
from mediation.sip.transaction_row import Failure, Transaction

DUE, TIMED_OUT = "DUE", "TIMED_OUT"

OUT_OF_USE: Final = "out of use"
"""The reason why the targets of a trunk drain that the settings have turned off."""
_FACTS: Final = {
    State.UP: ("target.recovered", Level.INFO),
    State.SUSPECT: ("target.doubted", Level.INFO),
    State.DOWN: ("target.lost", Level.WARNING),
    State.DRAINING: ("target.drained", Level.INFO),
}


@dataclass(frozen=True, slots=True)
class TargetReport:
    """How one target does, for people and figures."""

    trunk: str
    """Its name, or FRONT_END_POOL."""
    target: str
    """As the settings have it."""
    address: str
    """Where it is reached: `udp:192.0.2.1:5060`."""
    state: State
    reason: str
    since: float
    """Seconds on the driver's clock."""


class Watched:
    """One target of one trunk."""

    def __init__(self, watch: "Watch", holder: Holder, target: Target, flow: Flow, now: float) -> None:
        self._watch = watch
        self._agent = watch.agent
        self._sent: Transaction | None = None
        self._asked_at = -inf
        self.holder = holder
        self.target = target
        self.flow = flow
        self.health = TargetHealth(holder.peer.health, now)

    @property
    def report(self) -> TargetReport:
        """How it does."""
        health = self.health
        return TargetReport(
            self.holder.name, self.target.uri, self.target.socket, health.state, health.reason, health.since
        )

    def begin(self, now: float) -> None:
        """Ask for the first time, soon; not all at once where there are many."""
        if self.holder.peer.health.options:
            within_ms = 1000 * self.holder.peer.health.suspect_interval_s
            self._agent.deadlines.start((self, DUE), now + self._agent.ids.between(0, within_ms) / 1000)

    def end(self) -> None:
        """It is no target any more."""
        self._forget()
        self._agent.deadlines.stop((self, DUE))

    # signs

    def call_answered(self, now: float) -> None:
        """See `routing.trunk.Watched`."""
        self._learn(self.health.call_answered, now)

    def call_failed(self, reason: str, now: float) -> None:
        """See `routing.trunk.Watched`."""
        self._learn(lambda at: self.health.call_failed(reason, at), now)

    def cue(self, cue: Cue, reason: str, now: float) -> None:
        """Something else was learned of it."""
        self._learn(lambda at: self.health.cue(cue, reason, at), now)

    # what the layer and the timers tell

    def response_received(self, transaction: Transaction, response: Response, now: float) -> None:
        """Whatever it answers, it is there, unless it says that it takes no calls. A challenge is an answer too."""
        if response.status < 200 or transaction is not self._sent:
            return
        self._forget()
        if response.status in self.holder.peer.health.bad_codes:
            self._learn(lambda at: self.health.unanswered(str(response.status), at), now)
        else:
            self._learn(self.health.answered, now)
        self._ask_later(now)

    def request_failed(self, transaction: Transaction, failure: Failure, now: float) -> None:
        """It is not reached."""
        if transaction is self._sent:
            self._failed("no answer" if failure is Failure.TIMEOUT else "not reached", now)

    def timer_fired(self, name: str, now: float) -> None:
        """It is time to ask, or it was for an answer."""
        if name == TIMED_OUT:
            self._failed("no answer", now)
        elif self.holder.peer.health.options:
            self._ask(now)
        else:
            self.cue(Cue.RESTED, "it gets another chance", now)

    # the machinery

    def _failed(self, reason: str, now: float) -> None:
        self._forget()
        self._learn(lambda at: self.health.unanswered(reason, at), now)
        self._ask_later(now)

    def _learn(self, sign: Callable[[float], tuple[Act, ...]], now: float) -> None:
        before = self.health.state
        acts = sign(now)
        if self.health.state is not before:
            self._watch.changed(self, before)
            self._rest(now)
        if Act.ASK in acts:
            self._ask_at_once(now)

    def _rest(self, now: float) -> None:
        """The state is a new one, and what is waited for is another moment."""
        if self.health.state is State.DRAINING:
            self.end()
        elif self.holder.peer.health.options:
            if self._sent is None:
                self._ask_later(now)
        elif self.health.state is State.UP:
            self._agent.deadlines.stop((self, DUE))
        else:
            self._agent.deadlines.start((self, DUE), now + self.health.interval_s)

    def _ask_at_once(self, now: float) -> None:
        """Unless it was asked a moment ago: what makes us curious may happen many times a second."""
        rules = self.holder.peer.health
        if rules.options and self._sent is None and now - self._asked_at >= min(1, rules.suspect_interval_s):
            self._ask(now)

    def _ask_later(self, now: float) -> None:
        """In an interval, give or take a tenth, so that peers and we do not fall into step."""
        wait_s = self.health.interval_s * self._agent.ids.between(900, 1100) / 1000
        self._agent.deadlines.start((self, DUE), now + wait_s)

    def _ask(self, now: float) -> None:
        agent, target = self._agent, self.target
        agent.deadlines.stop((self, DUE))
        uri = f"sip:{target.place}{target.parameter}"
        product = self._watch.product
        request = agent.request(
            "OPTIONS",
            uri,
            self.flow,
            identity=f"<sip:{agent.names.host_and_port(self.flow)}>",
            destination=f"<{uri}>",
            headers=(("Accept", "application/sdp"), *((("User-Agent", product),) if product else ())),
        )
        self._asked_at = now
        agent.deadlines.start((self, TIMED_OUT), now + self.holder.peer.health.timeout_s)
        self._sent = agent.layer.send_request(request, self.flow, self, now)

    def _forget(self) -> None:
        """Wait for no answer any more."""
        self._agent.deadlines.stop((self, TIMED_OUT))
        if self._sent is not None and self._sent.awaits_final:
            self._agent.layer.abandon(self._sent)
        self._sent = None


class Watch:
    """All targets of one engine."""

    def __init__(
        self,
        agent: Agent,
        trunks: Mapping[str, TrunkState],
        holders: Iterable[Holder],
        product: str,
        emit: Callable[[Fact], None],
    ) -> None:
        """`product`: our User-Agent."""
        self.agent = agent
        self.product = product
        self._watched: dict[str, dict[Target, Watched]] = {name: {} for name in trunks}
        for name, trunk in trunks.items():
            trunk.watched = self._watched[name]
        self._holders = {holder.name: holder for holder in holders}
        self._emit = emit
        self._by_host: dict[str, list[Watched]] = {}
        self.reports: tuple[TargetReport, ...] = ()
        """How all of them do. A new value with each change, so that another thread may look."""

    def set_targets(self, name: str, targets: Iterable[Target], now: float) -> None:
        """These are the targets of a trunk from now on; those that were so before keep their health."""
        holder, watched = self._holders[name], self._watched[name]
        wanted = {
            target: Flow(target.transport, listener.endpoint, target.endpoint)
            for target in targets
            if (listener := listener_for(target, holder.listeners)) is not None
        }
        for target in [target for target in watched if target not in wanted]:
            watched.pop(target).end()
        for target, flow in wanted.items():
            if target not in watched:
                watched[target] = new = Watched(self, holder, target, flow, now)
                if isinstance(holder.peer, Trunk) and not holder.peer.enabled:
                    new.cue(Cue.DRAIN, OUT_OF_USE, now)
                else:
                    new.begin(now)
        self._list_anew()

    def close(self) -> None:
        """Watch nobody any more."""
        for each in self._all():
            each.end()
        for watched in self._watched.values():
            watched.clear()
        self._list_anew()

    def drain(self, name: str, now: float, target: str = "") -> int:
        """Send no new calls to a target, named as in the settings, or to all of a trunk; how many there are."""
        return self._cue_named(name, target, Cue.DRAIN, "told to", now)

    def resume(self, name: str, now: float, target: str = "") -> int:
        """The same, undone."""
        return self._cue_named(name, target, Cue.RESUME, "told to", now)

    def heard(self, flow: Flow, now: float) -> None:
        """A request came from this address: who lives there may be back."""
        for each in self._by_host.get(flow.remote[0], ()):
            if each.health.state is not State.UP:
                each.cue(Cue.HEARD, "it is heard", now)

    def doubted(self, flow: Flow, now: float) -> None:
        """Something could not be sent by this flow."""
        for each in self._by_host.get(flow.remote[0], ()):
            if (each.flow.transport, each.flow.remote) == (flow.transport, flow.remote):
                each.cue(Cue.DOUBTED, "transport error", now)

    def changed(self, watched: Watched, before: State) -> None:
        """Tell of a new state."""
        report = watched.report
        name, level = _FACTS[report.state]
        fields = {
            "trunk": report.trunk,
            "target": report.target,
            "address": report.address,
            "before": str(before),
            "reason": report.reason,
        }
        self._emit(Fact(name, level, fields))
        self.reports = tuple(each.report for each in self._all())

    def _cue_named(self, name: str, target: str, cue: Cue, reason: str, now: float) -> int:
        named = [each for each in self._all() if each.holder.name == name and target in ("", each.target.uri)]
        for each in named:
            each.cue(cue, reason, now)
        return len(named)

    def _list_anew(self) -> None:
        self._by_host.clear()
        for each in self._all():
            self._by_host.setdefault(each.target.host, []).append(each)
        self.reports = tuple(each.report for each in self._all())

    def _all(self) -> list[Watched]:
        return [each for watched in self._watched.values() for each in watched.values()]
