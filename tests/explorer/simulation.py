"""One ordering: two parties, the server, and a network between them that does what it is told."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from mediation.sip.flow import Endpoint, Flow, Transmit, Transport
from mediation.sip.message import Message
from tests.explorer.alarms import T4_S
from tests.explorer.explored import Explored
from tests.explorer.intents import Intent
from tests.explorer.judge import Judge
from tests.explorer.monitor import Monitor
from tests.explorer.scenarios import Scenario, Wish
from tests.explorer.user_agent import UserAgent
from tests.explorer.wire import label, read
from tests.flows.scenery import FRONT_END, INSIDE, OUTSIDE, SBC, endpoint

SETTLED_AFTER_S = 45.0
"""So long after the last wish every handshake is through, those that had to be given up among them."""
FORGOTTEN_AFTER_S = 900.0
WAYS = ("outbound", "inbound")
PARTIES = ("caller", "callee", "target")
"""The third one is there where somebody is transferred to it."""
_INSIDE = {"outbound": (True, False, True), "inbound": (False, True, True)}
"""Which of them stands on the side of the front ends; those two share an address there."""
_NEAR = endpoint(INSIDE), endpoint(FRONT_END)
_FAR = endpoint(OUTSIDE), endpoint(SBC)


class Limits(NamedTuple):
    """What the network may do at worst."""

    drops: int = 1
    copies: int = 1


class Datagram(NamedTuple):
    """Octets on their way."""

    source: str
    destination: str
    octets: bytes
    sent_at: float


class Option(NamedTuple):
    """Something that may happen next."""

    name: str
    act: Callable[[], None]


class Done(Exception):  # noqa: N818 -- not an error: this ordering need not be followed any further
    """The rest is known."""


@dataclass(slots=True)
class Trace:
    """What happened, for people."""

    lines: list[tuple[float, str, str, str]] = field(default_factory=list)
    """When, who, what became of it, what."""

    def __str__(self) -> str:
        return "\n".join(f"{at:9.3f}  {who:18} {fate:10} {what}" for at, who, fate, what in self.lines)


class Simulation:
    """One ordering of one scenario. `choose` is asked wherever several things may happen next."""

    def __init__(
        self,
        scenario: Scenario,
        way: str,
        limits: Limits,
        choose: Callable[["Simulation", int, list[Option]], int],
    ) -> None:
        """`choose` is told how many choices there were before."""
        self.scenario = scenario
        self._choose = choose
        self._limits = limits
        self.monitor = Monitor()
        self.trace = Trace()
        self.world = Explored(scenario, self._server_sends)
        self._parties: dict[str, UserAgent] = {}
        self._flows: dict[str, Flow] = {}
        for name, inside in zip(PARTIES[: 2 + scenario.transfers], _INSIDE[way], strict=False):
            server, address = _NEAR if inside else _FAR
            self._parties[name] = UserAgent(
                f"{name}-{'fe' if inside else 'sbc'}",
                address,
                server,
                0 if inside and not scenario.past_us else 8,
                self._sender(name),
                audio_port=4000 + 10 * len(self._parties),
                may_be_busy=name == "target",
                performs=scenario.passes_on,
            )
            self._flows[name] = Flow(Transport.UDP, server, address)
        self.judge = Judge(self.world, self._parties, self.monitor)
        self._call_ids: dict[str, str] = {}
        """Which call was meant for whom, though it may not have come yet."""
        self._in_flight: list[Datagram] = []
        self._held: list[Datagram] = []
        self._drops = self._copies = 0
        self._wishes: list[Wish] = list(scenario.setup)
        self.fulfilled: set[Wish] = set()
        self._choices = 0
        self._open = False
        """Whether there is anything to choose."""
        self._wished_at = self.world.now
        self._history = dict.fromkeys(("server", *self._parties), 0)
        """What each has been given, so far: its state follows from this and from nothing else."""

    def run(self) -> list[str]:
        """Play to the end; what was wrong."""
        self._play()
        self._wishes, self._open = list(self.scenario.race), True
        self._play()
        self._settle()
        views = self.judge.views()
        faults = self.judge.disagreements(views)
        talking = [name for name, view in views.items() if view == "confirmed"]
        closes = self.scenario.closes if self.scenario.closes in talking else "".join(talking[:1])
        if not faults and closes:
            self._open = False
            self._wishes = [Wish(closes, Intent.BYE)]
            self._play()
            self._settle()
        ends = self.judge.views()
        faults += [f"{name}: {end} at the end" for name, end in ends.items() if end not in ("ended", "none")]
        self._pass_time_until(self.world.now + FORGOTTEN_AFTER_S)
        for name, party in self._parties.items():
            if len(party.transactions) and name not in self.judge.forgiven:
                faults.append(f"{name} has transactions left")
        return self.judge.sum_up(faults, self.judge.seat(closes, talking) if closes else "")

    # what may happen

    def _play(self) -> None:
        """Until all wishes are fulfilled, or can not be any more, and nothing is on its way."""
        while options := self._options():
            options[self._chosen(options)].act()

    def _chosen(self, options: list[Option]) -> int:
        if not self._open or len(options) == 1:
            return 0
        self._choices += 1
        return self._choose(self, self._choices - 1, options)

    def _settle(self) -> None:
        """Let everything come to its end that was begun."""
        until = self.world.now + SETTLED_AFTER_S
        while True:
            if self._in_flight or self._held:
                self._play()
            deadline = self._next_deadline()
            if deadline is None or deadline > until:
                self.world.now = max(until, self.world.now)
                return
            self._pass_time()

    def _options(self) -> list[Option]:
        """What may happen next: first what happens if nobody interferes."""
        if self._in_flight and not self._open:
            return [Option("deliver", lambda: self._deliver(0))]
        wishes = [self._wish(wish) for wish in self._wishes if self._parties[wish.party].may(wish.intent)]
        releases = [
            Option(f"release {each.source}'s {label(read(each.octets))}", self._releaser(each))
            for each in self._held
        ]
        if self._in_flight:
            options = [Option("deliver", lambda: self._deliver(0))]
            options += [
                Option(f"overtake {i}", self._overtaker(i)) for i in range(1, min(4, len(self._in_flight)))
            ]
            options.append(Option("hold", self._hold))
            if self._drops < self._limits.drops:
                options.append(Option("drop", self._drop))
            if self._copies < self._limits.copies:
                options.append(Option("copy", self._copy))
            options += [*wishes, *releases]
        else:
            options = [*wishes, *releases]
        if (options or self._may_still_wish()) and self._may_wait():
            options.append(Option("wait", self._pass_time))
        return options

    def _may_still_wish(self) -> bool:
        return bool(self._wishes) and self.world.now < self._wished_at + SETTLED_AFTER_S

    def _may_wait(self) -> bool:
        """Whether time may pass before anything else happens: no datagram stays in the network for long."""
        deadline = self._next_deadline()
        oldest = min((each.sent_at for each in (*self._in_flight, *self._held)), default=None)
        return deadline is not None and (oldest is None or deadline < oldest + T4_S)

    def _wish(self, wish: Wish) -> Option:
        def act() -> None:
            self._wishes.remove(wish)
            self.fulfilled.add(wish)
            self._wished_at = self.world.now
            self._note(wish.party, "", f"wants to {wish.intent}")
            self._grow(wish.party, wish.intent)
            self._parties[wish.party].at(self.world.now).do(wish.intent)

        return Option(str(wish), act)

    def _releaser(self, datagram: Datagram) -> Callable[[], None]:
        def act() -> None:
            self._held.remove(datagram)
            self._hand_over(datagram, "at last")

        return act

    def _overtaker(self, index: int) -> Callable[[], None]:
        return lambda: self._deliver(index)

    def _deliver(self, index: int) -> None:
        self._hand_over(self._in_flight.pop(index), "overtakes" if index else "")

    def _hold(self) -> None:
        self._held.append(self._in_flight.pop(0))
        self._note_datagram(self._held[-1], "held up")

    def _drop(self) -> None:
        self._drops += 1
        self._note_datagram(self._in_flight.pop(0), "lost")

    def _copy(self) -> None:
        self._copies += 1
        datagram = self._in_flight.pop(0)
        self._held.append(datagram)
        self._hand_over(datagram, "copied")

    # what happens

    def _server_sends(self, message: Message, sent: Transmit) -> None:
        """The server has something for a party."""
        party = self._party_at(sent.flow.remote, message.call_id)
        self.monitor.sent(message, sent.octets, party, self.world.now)
        self._in_flight.append(Datagram("server", party, sent.octets, self.world.now))

    def _party_at(self, address: Endpoint, call_id: str) -> str:
        """Who of those behind an address has this call; else the first one who has none, and so will get it."""
        there = [name for name, party in self._parties.items() if party.address == address]
        calls = [self._call_ids.get(name, self._parties[name].dialog.call_id) for name in there]
        wanted = call_id if call_id in calls else ""
        name = there[calls.index(wanted)] if wanted in calls else there[-1]
        self._call_ids.setdefault(name, call_id)
        return name

    def _sender(self, name: str) -> Callable[[bytes], None]:
        return lambda octets: self._in_flight.append(Datagram(name, "server", octets, self.world.now))

    def _hand_over(self, datagram: Datagram, fate: str) -> None:
        self._note_datagram(datagram, fate)
        self._grow(datagram.destination, datagram.octets)
        if datagram.destination == "server":
            self.monitor.took(read(datagram.octets), datagram.octets, datagram.source)
            self.world.give(datagram.octets, self._flows[datagram.source])
        else:
            self._parties[datagram.destination].at(self.world.now).hear(datagram.octets)

    def _next_deadline(self) -> float | None:
        deadlines = [
            self.world.engine.next_deadline(),
            *(party.deadline() for party in self._parties.values()),
        ]
        return min((each for each in deadlines if each is not None), default=None)

    def _pass_time(self) -> None:
        deadline = self._next_deadline()
        assert deadline is not None
        self.world.now = max(deadline, self.world.now)
        now = self.world.now
        due = self.world.engine.next_deadline()
        if due is not None and due <= now:
            self._grow("server", "")
            self.world.advance(0.0)
        for name, party in self._parties.items():
            due = party.deadline()
            if due is not None and due <= now:
                self._grow(name, "")
                party.at(now).wake()

    def _pass_time_until(self, until: float) -> None:
        while (deadline := self._next_deadline()) is not None and deadline <= until:
            self._pass_time()
            while self._in_flight:
                self._deliver(0)

    # what is known

    def _grow(self, who: str, what: bytes | str) -> None:
        self._history[who] = hash((self._history[who], what, self.world.now))

    @property
    def state(self) -> object:
        """Equal where everything that may follow is equal."""
        return (
            tuple(self._history.values()),
            tuple(self._in_flight),
            tuple(sorted(self._held)),
            tuple(self._wishes),
            self._drops,
            self._copies,
            self._wished_at,
            self.world.now,
        )

    def note_choice(self, name: str) -> None:
        """Let the ladder show what was chosen."""
        self._note("", "", f"-- {name}")

    def _note_datagram(self, datagram: Datagram, fate: str) -> None:
        self._note(f"{datagram.source} > {datagram.destination}", fate, datagram.octets)

    def _note(self, who: str, fate: str, what: bytes | str) -> None:
        text = label(read(what)) if isinstance(what, bytes) else what
        self.trace.lines.append((self.world.now - 1000.0, who, fate, text))
