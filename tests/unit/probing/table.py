"""A probe and the lab's SBC at one table, in virtual time: what one sends the other one hears at once."""

from collections.abc import Callable
from itertools import count

from mediation.lab.behaviour import behaviour_named
from mediation.lab.traits import traits_of
from mediation.lab.user_agent import UserAgent
from mediation.probing.evidence import Evidence, TlsSeen
from mediation.probing.plan import ProbePlan
from mediation.probing.prober import Done, Prober, Script
from mediation.probing.scripts import everything
from mediation.settings.addresses import parse_listener, parse_target
from mediation.settings.places import Target
from mediation.sip.flow import Flow, Transmit, Transport
from mediation.sip.framing import parse_datagram
from mediation.sip.ids import IdSource
from mediation.sip.message import Message, Request, Response
from mediation_codecs.law import Law

NUMBER, NOBODY, BUSY = "+4930123", "+4910", "+4911"
BEHAVIOURS = {NOBODY: behaviour_named("reject=404"), BUSY: behaviour_named("busy")}
TARGET = parse_target("sip:192.0.2.30:5060")
assert isinstance(TARGET, Target)


def tokens() -> Callable[[int], str]:
    """Chance that is the same in every run."""
    numbers = count(1)
    return lambda octets: f"{next(numbers):0{2 * octets}x}"[-2 * octets :]


def plan(**changes: object) -> ProbePlan:
    settings: dict[str, object] = {
        "trunk": "itsp-a",
        "target": TARGET,
        "listener": parse_listener("udp:192.0.2.11:5061"),
        "number": NUMBER,
        "caller": "+4930999",
        "unallocated": NOBODY,
        "busy": BUSY,
        "refer_to": "+4912",
    }
    return ProbePlan(**{**settings, **changes})  # type: ignore[arg-type]  # values of several types


class Table:
    """One run; `elapse` lets time pass until it is done."""

    def __init__(
        self,
        *traits: str,
        behaviour: str = "answer",
        script: Callable[[Prober], Script] = everything,
        registrar: Callable[[Request], Response | None] | None = None,
        **changes: object,
    ) -> None:
        """`registrar` answers REGISTER in the SBC's place; None of it: nothing."""
        self.now = 100.0
        self._registrar = registrar
        self.done = False
        self.prober = Prober(plan(**changes), IdSource(tokens()), script, tuple(range(30000, 30040, 2)))
        self.sbc = UserAgent(
            "sbc",
            Law.PCMA,
            IdSource(tokens()),
            {**BEHAVIOURS, NUMBER: behaviour_named(behaviour)},
            behaviour_named("answer"),
            42000,
            traits_of(traits),
        )

    def run(self, most_s: float = 1000.0) -> Evidence:
        self.prober.start(self.now)
        self.deliver()
        end = self.now + most_s
        while not self.done and self.now < end:
            self.step()
        return self.evidence

    def step(self) -> None:
        due = [each.next_deadline() for each in (self.prober, self.sbc)]
        waits = [each for each in due if each is not None]
        assert waits, "nothing moves any more, and the run is not done"
        self.now = max(self.now, min(waits))
        self.prober.handle_timeout(self.now)
        self.sbc.handle_timeout(self.now)
        self.deliver()

    @property
    def evidence(self) -> Evidence:
        return Evidence(self.prober.trials, "udp", TlsSeen(5061, problem="not looked at"), tcp=True)

    def deliver(self) -> None:
        """Let everybody hear what was said."""
        moved = True
        while moved:
            moved = False
            while (output := self.prober.next_output()) is not None:
                moved = True
                if isinstance(output, Transmit):
                    message = _parsed(output.octets)
                    if (
                        self._registrar is not None
                        and isinstance(message, Request)
                        and message.method == "REGISTER"
                    ):
                        answer = self._registrar(message)
                        if answer is not None:
                            self.prober.receive(answer, output.flow, self.now)
                    else:
                        self.sbc.receive(message, _turned(output.flow), self.now)
                elif isinstance(output, Done):
                    self.done = True
            while (spoken := self.sbc.next_output()) is not None:
                moved = True
                if isinstance(spoken, Transmit):
                    self.prober.receive(_parsed(spoken.octets), _turned(spoken.flow), self.now)


def _parsed(octets: bytes) -> Message:
    message = parse_datagram(octets)
    assert message is not None
    return message


def _turned(flow: Flow) -> Flow:
    return Flow(Transport.UDP, flow.remote, flow.local)
