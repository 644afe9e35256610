"""Finds out what names of targets stand for (RFC 3263), and keeps it: never while a call waits for it.

Each answer is asked for again before its time is over, behind what is in use. A look-up that fails changes nothing: the
last good answer is used until there is a better one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mediation.b2bua.outputs import Fact, Level, Resolve
from mediation.routing.directory import Directory, Holder
from mediation.settings.dns import Dns
from mediation.settings.places import NamedTarget
from mediation.sip.agent import Agent
from mediation.sip.locating import Kind, Missing, Question, Record, locate

EARLY: Final = 0.8
"""An answer is asked for again when so much of its time has passed."""


@dataclass(frozen=True, slots=True)
class Records:
    """What the DNS has answered; without records, it has none of that kind."""

    question: Question
    records: tuple[Record, ...]
    ttl_s: float
    """How long that is good; of no records, how long it is to be believed (RFC 2308)."""


@dataclass(frozen=True, slots=True)
class LookupFailed:
    """The DNS has not answered, or not with what was asked."""

    question: Question
    reason: str


DnsAnswer = Records | LookupFailed


@dataclass(frozen=True, slots=True)
class NameReport:
    """What one name stands for, for people and figures."""

    trunk: str
    target: str
    """As the settings have it."""
    addresses: int
    """How many targets it stands for."""
    failing: str
    """Why it is not known, or not known any better; empty: it is."""


@dataclass(frozen=True, slots=True, eq=False)
class _Again:
    """Timer: a question is due once more."""

    finder: "Finder"
    question: Question

    def timer_fired(self, name: str, now: float) -> None:
        """Ask."""
        del name, now
        self.finder.ask(self.question)


class _Entry:
    """One name of one trunk."""

    __slots__ = ("asked", "failing", "holder", "named", "settled")

    def __init__(self, holder: Holder, named: NamedTarget) -> None:
        self.holder = holder
        self.named = named
        self.asked: frozenset[Question] = frozenset()
        """What is or was needed for it."""
        self.failing = ""
        self.settled = False
        """Whether anything has come of it yet, good or bad."""


class Finder:
    """The names of one configuration."""

    def __init__(
        self,
        agent: Agent,
        directory: Directory,
        holders: tuple[Holder, ...],
        rules: Dns,
        emit: Callable[[Fact | Resolve], None],
        changed: Callable[[str, float], None],
    ) -> None:
        """`changed` hears which trunk has other targets now, and when."""
        self._agent = agent
        self._directory = directory
        self._rules = rules
        self._emit = emit
        self._changed = changed
        self._entries = [
            _Entry(holder, named) for holder in holders for named in directory.names(holder.name)
        ]
        self._records: dict[Question, tuple[Record, ...]] = {}
        self._failed: dict[Question, str] = {}
        """Those whose last look-up has failed, and why."""
        self._asking: set[Question] = set()
        self._timers: dict[Question, _Again] = {}
        self.failures = 0
        """Look-ups that have failed, since the start."""
        self.reports: tuple[NameReport, ...] = ()
        """A new value with each change, so that another thread may look."""

    @property
    def settled(self) -> bool:
        """Whether something has come of every name, good or bad."""
        return all(entry.settled for entry in self._entries)

    def begin(self, now: float) -> None:
        """Look up every name for the first time."""
        for entry in self._entries:
            self._pursue(entry, now)
        self._report()

    def close(self) -> None:
        """Ask nothing any more."""
        for again in self._timers.values():
            self._agent.deadlines.stop((again, "AGAIN"))
        self._timers.clear()
        self._entries.clear()
        self._asking.clear()

    def ask(self, question: Question) -> None:
        """Let a question be asked, unless it is under way or nobody needs it any more."""
        self._timers.pop(question, None)
        if question in self._asking:
            return
        if any(question in entry.asked for entry in self._entries):
            self._asking.add(question)
            self._emit(Resolve(question))
        else:
            self._records.pop(question, None)
            self._failed.pop(question, None)

    def answered(self, answer: DnsAnswer, now: float) -> None:
        """The DNS has answered, or has not."""
        question = answer.question
        if question not in self._asking:
            return
        self._asking.discard(question)
        if isinstance(answer, Records):
            self._failed.pop(question, None)
            self._records[question] = answer.records
            self._again(question, now + EARLY * self._lifetime_s(answer))
        else:
            self.failures += 1
            self._failed[question] = answer.reason
            self._again(question, now + self._rules.retry_s)
        for entry in self._entries:
            if question in entry.asked:
                self._pursue(entry, now)
        self._report()

    def _lifetime_s(self, answer: Records) -> float:
        rules = self._rules
        if answer.records:
            return max(rules.min_ttl_s, min(answer.ttl_s, rules.max_ttl_s))
        return min(max(rules.min_ttl_s, answer.ttl_s), rules.negative_ttl_s)

    def _again(self, question: Question, at: float) -> None:
        again = self._timers.setdefault(question, _Again(self, question))
        self._agent.deadlines.start((again, "AGAIN"), at)

    def _pursue(self, entry: _Entry, now: float) -> None:
        """Take what is known as far as it goes, and ask for what is missing."""
        found = locate(entry.named.sought, entry.holder.doors, self._known())
        if isinstance(found, Missing):
            entry.asked |= frozenset(found.questions)
            failed = [question for question in found.questions if question in self._failed]
            for question in found.questions:
                if question not in self._failed and question not in self._timers:
                    self.ask(question)
            if failed:
                self._fails(entry, f"{failed[0]}: {self._failed[failed[0]]}")
            return
        entry.asked = found.asked
        failed = [question for question in found.asked if question in self._failed]
        services = self._directory.usable(found.services)
        if services and self._directory.learn(entry.holder.name, entry.named, services):
            self._tell(entry)
            self._changed(entry.holder.name, now)
        if failed:
            self._fails(entry, f"{failed[0]}: {self._failed[failed[0]]}")
        elif not services:
            self._fails(entry, "it has no address that we can reach")
        else:
            self._succeeds(entry)

    def _known(self) -> dict[Question, tuple[Record, ...]]:
        """One family of addresses that cannot be looked up does not keep the other from being used."""
        missing = {question: () for question in self._failed if question.kind in (Kind.A, Kind.AAAA)}
        return {**missing, **self._records}

    def _tell(self, entry: _Entry) -> None:
        targets = self._directory.sought(entry.holder.name)
        found = [target.socket for target in targets if target.named == entry.named]
        fields = {"trunk": entry.holder.name, "target": entry.named.uri, "addresses": found}
        self._emit(Fact("name.found", Level.INFO, fields))

    def _fails(self, entry: _Entry, reason: str) -> None:
        entry.settled = True
        if not entry.failing:
            kept = self._count(entry)
            fields = {"trunk": entry.holder.name, "target": entry.named.uri, "reason": reason, "kept": kept}
            self._emit(Fact("name.failed", Level.WARNING, fields))
        entry.failing = reason

    def _succeeds(self, entry: _Entry) -> None:
        entry.settled = True
        if entry.failing:
            fields = {"trunk": entry.holder.name, "target": entry.named.uri}
            self._emit(Fact("name.recovered", Level.INFO, fields))
        entry.failing = ""

    def _count(self, entry: _Entry) -> int:
        targets = self._directory.sought(entry.holder.name)
        return sum(target.named == entry.named for target in targets)

    def _report(self) -> None:
        self.reports = tuple(
            NameReport(entry.holder.name, entry.named.uri, self._count(entry), entry.failing)
            for entry in self._entries
        )
