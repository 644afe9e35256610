"""The lab's calls through the real engine in virtual time: evidence as a run leaves it, in a second instead of ten."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from mediation.b2bua.engine import Engine
from mediation.b2bua.media_commands import CloseMedia, OpenMedia
from mediation.b2bua.media_facts import MediaClosed, MediaOpened, StreamReport
from mediation.b2bua.outputs import Output as EngineOutput
from mediation.b2bua.record import CallRecord
from mediation.lab.behaviour import behaviour_named
from mediation.lab.cases import CASES, FRONT_END, SBC_A, SBC_B, Case
from mediation.lab.identify import ReceivedPacket, SentPacket
from mediation.lab.journal import Entry, Note, SeenMessage
from mediation.lab.judgement import Evidence
from mediation.lab.simulated_call import StartAudio, StopAudio
from mediation.lab.stream import CALLEE, CALLER, Recording, voice
from mediation.lab.user_agent import Noted, Placement, Seen, UserAgent
from mediation.routing.routes import listener_for
from mediation.settings.model import Settings
from mediation.settings.places import Listener, Target
from mediation.settings.read import load
from mediation.sip.agent import hostport
from mediation.sip.flow import Endpoint, Transport
from mediation_codecs.g711 import DIRECT
from mediation_codecs.law import Law
from tests.unit.lab.virtual import Network

CONFIG = Path(__file__).parents[3] / "config" / "lab.toml"
LAW = {FRONT_END: Law.PCMU, SBC_A: Law.PCMA, SBC_B: Law.PCMA}
PAYLOAD_TYPE = {Law.PCMU: 0, Law.PCMA: 8}
ADDED_S = 0.001
"""The delay that the server would add."""


@cache
def evidence() -> Evidence:
    """What all cases leave behind. Shared: doctor a copy."""
    return Stage(load(CONFIG), CASES).play()


@dataclass
class Talk:
    """One party's part of one call, from the first packet to the last."""

    start: StartAudio
    begins_s: float
    ends_s: float = 0.0
    recording: Recording = field(default_factory=lambda: Recording("", "", "", 0))


class Stage(Network):
    """Front end, engine and two SBCs, with a media engine that says yes to everything."""

    def __init__(self, settings: Settings, cases: Sequence[Case]) -> None:
        super().__init__()
        self._cases = cases
        self._engine = Engine(settings, self.ids())
        for listener in (*settings.internal.listen, *settings.gateway.listen):
            self.agents[listener.endpoint] = self._engine
        first, second = settings.trunks[0].addressed[:2]
        self._targets = {FRONT_END: settings.internal.addressed[0], SBC_A: first, SBC_B: second}
        self._journals: dict[str, list[Entry]] = {actor: [] for actor in self._targets}
        self._names = {target.endpoint: actor for actor, target in self._targets.items()}
        self._records: list[dict[str, object]] = []
        self._talks: dict[str, dict[str, Talk]] = {}
        for actor, target in self._targets.items():
            by_number = {
                case.number: behaviour_named(name)
                for case in cases
                for who, name in case.behaviours
                if who == actor
            }
            self.agents[target.endpoint] = UserAgent(
                actor, LAW[actor], self.ids(), by_number, behaviour_named("ring-then-answer"), 41000
            )
        self._settings = settings

    def play(self) -> Evidence:
        """Every case, each at its time."""
        for case in sorted(self._cases, key=lambda each: each.begins_s):
            self.advance(100.0 + case.begins_s - self.now)
            self._place(case)
        self.advance(60.0)
        for call, talks in self._talks.items():
            self._record(call, talks)
        hosts = {actor: target.host for actor, target in self._targets.items()}
        return Evidence(self._journals, self._records, hosts)

    def perform(self, at: Endpoint, output: EngineOutput | Seen | Noted | StartAudio | StopAudio) -> None:
        """Write down what simulators tell; do for the engine what it asks for."""
        match output:
            case OpenMedia(call, _, _, (caller, callee)):
                self._engine.media_fact(MediaOpened(call, (caller, 20000), (callee, 30000)), self.now)
            case CloseMedia(call):
                silence = StreamReport(0, 0, 0, 0, None, 0)
                self._engine.media_fact(MediaClosed(call, silence, silence), self.now)
            case CallRecord():
                self._records.append(output.as_json(1e9))
            case Seen(sent, local, remote, octets):
                seen = SeenMessage(self.now, sent, hostport(local), hostport(remote), octets.decode())
                self._journals[self._names[at]].append(seen)
            case Noted(call, what):
                self._journals[self._names[at]].append(Note(self.now, call, what))
            case StartAudio():
                talks = self._talks.setdefault(output.call, {})
                talks.setdefault(self._names[at], Talk(output, self.now))
            case StopAudio(call, _):
                self._talks[call][self._names[at]].ends_s = self.now

    def _place(self, case: Case) -> None:
        own = self._targets[case.caller]
        interface = self._settings.internal if case.caller == FRONT_END else self._settings.gateway
        listener = next(each for each in interface.listen if each.transport is own.transport)
        target = Target("sip:server", *listener.endpoint, own.transport)
        ours = [Listener(transport, *own.endpoint) for transport in Transport]
        own_listener = listener_for(target, tuple(ours))
        assert own_listener is not None
        self.place(
            own.endpoint, Placement(case.number, case.talk_s, case.cancel_after_s), target, own_listener
        )

    def _record(self, call: str, talks: dict[str, Talk]) -> None:
        """Everybody's packets, and what a flawless server would have made of the other party's."""
        for talk in talks.values():
            speaks_as = CALLER if talk.start.caller else CALLEE
            law = talk.start.law
            talk.recording = Recording(
                call, speaks_as, str(law), PAYLOAD_TYPE[law], list(_said(talk, speaks_as))
            )
        for actor, talk in talks.items():
            others = [other for name, other in talks.items() if name != actor]
            for other in others:
                talk.recording.received.extend(_heard(talk, other))
            self._journals[actor].append(talk.recording)


def _said(talk: Talk, speaks_as: str) -> Iterator[SentPacket]:
    octets = voice(talk.start.call, speaks_as, talk.start.law)
    for number in range(int((talk.ends_s - talk.begins_s) / 0.02)):
        begin = number * 160 % len(octets)
        yield SentPacket(talk.begins_s + number * 0.02, number + 1, 160 * number, octets[begin : begin + 160])


def _heard(talk: Talk, other: Talk) -> Iterator[ReceivedPacket]:
    table = DIRECT[other.start.law, talk.start.law]
    for packet in other.recording.sent:
        if talk.begins_s <= packet.sent_s <= talk.ends_s:
            yield ReceivedPacket(
                packet.sent_s + ADDED_S,
                packet.sequence,
                packet.timestamp,
                PAYLOAD_TYPE[talk.start.law],
                packet.sequence == 1,
                packet.payload.translate(table),
                7,
            )
