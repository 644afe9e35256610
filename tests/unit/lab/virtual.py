"""User agents on a network of their own: no sockets, and a clock that is pushed by hand."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from mediation.b2bua.engine import Engine
from mediation.b2bua.outputs import Output as EngineOutput
from mediation.lab.behaviour import behaviour_named
from mediation.lab.simulated_call import StartAudio, StopAudio
from mediation.lab.user_agent import Noted, Placement, Seen, UserAgent
from mediation.settings.places import Listener, Target
from mediation.sip.flow import Endpoint, Flow, Transmit, Transport
from mediation.sip.framing import MalformedMessage, parse_datagram
from mediation.sip.ids import IdSource
from mediation.sip.message import Message, Request
from mediation_codecs.law import Law

NUMBER = "+493012345678"
CALLER_AT: Endpoint = ("10.0.0.1", 5060)
CALLED_AT: Endpoint = ("10.0.0.2", 5060)


@dataclass
class Told:
    """What one agent has told, each with its time."""

    notes: list[tuple[float, str, str]] = field(default_factory=list)
    audio: list[tuple[float, StartAudio | StopAudio]] = field(default_factory=list)
    seen: list[tuple[float, bool, Message]] = field(default_factory=list)

    def words(self, call: str = NUMBER) -> list[str]:
        """The notes about one call."""
        return [what for _, name, what in self.notes if name == call]

    def received(self) -> list[str]:
        """Methods and statuses that came in."""
        return [label(message) for _, sent, message in self.seen if not sent]

    def sent(self) -> list[str]:
        return [label(message) for _, sent, message in self.seen if sent]

    def when(self, what: str) -> float:
        return next(at for at, _, noted in self.notes if noted == what)


class Network:
    """Delivers at once, unless `loses` says that a message is lost; sending to nobody fails."""

    def __init__(self, transport: Transport = Transport.UDP) -> None:
        self.now = 100.0
        self.transport = transport
        self.agents: dict[Endpoint, UserAgent | Engine] = {}
        self.told: dict[Endpoint, Told] = {}
        self.mute: set[Endpoint] = set()
        """Who takes octets and does nothing with them."""
        self.loses: Callable[[Message], bool] = lambda message: False
        self._numbers = count(1)

    def join(
        self, at: Endpoint, behaviour: str = "answer", law: Law = Law.PCMU, **by_number: str
    ) -> UserAgent:
        agent = UserAgent(
            str(at),
            law,
            self.ids(),
            {f"+{number[1:]}": behaviour_named(name) for number, name in by_number.items()},
            behaviour_named(behaviour),
            40000,
        )
        self.agents[at] = agent
        self.told[at] = Told()
        return agent

    def ids(self) -> IdSource:
        """Identifiers that no two parties share."""
        return IdSource(lambda octets: f"{next(self._numbers) * 0x9E3779B1 % 256**octets:0{2 * octets}x}")

    def call(self, talk_s: float = 3.0, cancel_after_s: float | None = None, number: str = NUMBER) -> None:
        """The caller calls the called."""
        target = Target(f"sip:{CALLED_AT[0]}", *CALLED_AT, self.transport)
        listener = Listener(self.transport, *CALLER_AT)
        self.place(CALLER_AT, Placement(number, talk_s, cancel_after_s), target, listener)

    def place(self, at: Endpoint, placement: Placement, target: Target, listener: Listener) -> None:
        """Let an agent call."""
        caller = self.agents[at]
        assert isinstance(caller, UserAgent)
        caller.place(placement, target, listener, self.now)
        self.advance(0)

    def inject(self, octets: bytes, source: Endpoint, to: Endpoint) -> None:
        """Octets from somebody whose agent is none of ours."""
        flow = Flow(self.transport, to, source)
        try:
            message = parse_datagram(octets)
        except MalformedMessage as error:
            self.agents[to].receive_malformed(error, flow, self.now)
        else:
            assert message is not None
            self.agents[to].receive(message, flow, self.now)
        self.advance(0)

    def advance(self, seconds: float) -> None:
        """Let so much time go by, from deadline to deadline."""
        end = self.now + seconds
        while True:
            self.settle()
            deadlines = [d for a in self.agents.values() if (d := a.next_deadline()) is not None]
            if not deadlines or min(deadlines) > end:
                break
            self.now = max(self.now, min(deadlines))
            for agent in self.agents.values():
                agent.handle_timeout(self.now)
        self.now = end

    def settle(self) -> None:
        """Deliver until nobody has anything to say."""
        busy = True
        while busy:
            busy = False
            for at, agent in self.agents.items():
                while (output := agent.next_output()) is not None:
                    busy = True
                    if isinstance(output, Transmit):
                        self._deliver(agent, output)
                    else:
                        self.perform(at, output)

    def idle(self) -> bool:
        """Whether no agent holds anything of a call."""
        return not any(
            agent.calls or agent.agent.dialogs or len(agent.agent.deadlines) for agent in self.agents.values()
        )

    def perform(self, at: Endpoint, output: EngineOutput | Seen | Noted | StartAudio | StopAudio) -> None:
        """Note what an agent tells."""
        told = self.told[at]
        match output:
            case Noted(call, what):
                told.notes.append((self.now, call, what))
            case StartAudio() | StopAudio():
                told.audio.append((self.now, output))
            case Seen(sent, _, _, octets):
                message = parse_datagram(octets)
                assert message is not None
                told.seen.append((self.now, sent, message))

    def _deliver(self, agent: UserAgent | Engine, transmit: Transmit) -> None:
        flow = transmit.flow
        message = parse_datagram(transmit.octets)
        assert message is not None
        if flow.remote in self.mute:
            return
        if flow.remote not in self.agents:
            agent.transport_failed(flow, self.now)
        elif not self.loses(message):
            back = Flow(flow.transport, flow.remote, flow.local)
            self.agents[flow.remote].receive(message, back, self.now)


def label(message: Message) -> str:
    return message.method if isinstance(message, Request) else str(message.status)
