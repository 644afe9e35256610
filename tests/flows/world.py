"""An engine in virtual time: a wire without sockets, and what must hold after every flow."""

from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain
from random import Random
from typing import Protocol

from mediation.b2bua.engine import Engine
from mediation.b2bua.media_commands import (
    ApplyMedia,
    CloseMedia,
    ClosePair,
    OpenMedia,
    OpenPair,
    PressKey,
)
from mediation.b2bua.media_facts import (
    MediaFact,
)
from mediation.b2bua.outputs import AskPolicy, DropPolicy, Fact, Resolve
from mediation.b2bua.record import CallRecord
from mediation.b2bua.rulings import PolicyNews
from mediation.routing.room import Room
from mediation.settings.bypass import BypassMode
from mediation.settings.model import Settings
from mediation.settings.peers import Side
from mediation.sip.flow import Endpoint, Flow, Transmit, Transport
from mediation.sip.ids import IdSource
from mediation.sip.message import Message, Response
from tests.flows.fake_media import FakeMedia
from tests.flows.hiding import Hiding
from tests.flows.keys import Keys
from tests.flows.names import FakeDns
from tests.flows.reading import marks_in, read
from tests.flows.scenery import PREFIXES

LONG_ENOUGH_S = 700.0
"""Ring limit, set-up limit, every transaction and every wait for a BYE are over by then."""
DEMANDED = {
    401: ("WWW-Authenticate",), 405: ("Allow",), 407: ("Proxy-Authenticate",), 415: ("Accept", "Accept-Encoding"),
    420: ("Unsupported",), 421: ("Require",), 422: ("Min-SE",), 423: ("Min-Expires",), 489: ("Allow-Events",),
    494: ("Security-Server",),
}  # fmt: skip
"""By status: what a response must say beside it, one of these (RFC 3261 section 21, RFC 4028, RFC 6665, RFC 3329)."""


class Party(Protocol):
    """Somebody whom the engine can reach."""

    flow: Flow
    dead: bool
    """Whether sending to it fails."""

    def take(self, message: Message) -> None:
        """Hear this."""


class World:
    """One engine, its peers, its media, its clock."""

    def __init__(self, settings: Settings, chance: int = 20) -> None:
        """Two worlds with the same `chance` draw the same ids; each run of a test draws the same."""
        drawn = Random(chance)
        self.settings = settings
        self.engine = Engine(settings, IdSource(lambda octets: drawn.randbytes(octets).hex()))
        self.media = FakeMedia()
        self.dns = FakeDns()
        self.now = 1000.0
        self.records: list[CallRecord] = []
        self.facts: list[Fact] = []
        self.questions: dict[str, AskPolicy] = {}
        """To the policy, by call: those that it has not answered and that were not dropped."""
        self.astray: list[Transmit] = []
        """What was sent to nobody here."""
        self.may_break = False
        """Whether bugs are put in on purpose."""
        self._peers: dict[tuple[Transport, Endpoint], Party] = {}
        self._connections: dict[int, Party] = {}
        self._queue: deque[Callable[[], None]] = deque()
        self._running = False
        self._accepted = 0
        """INVITEs that were taken: those that heard a 100."""
        self._trying: set[str] = set()
        self._marks: dict[Side, set[bytes]] = {side: set() for side in Side}
        self._told: dict[Side, list[bytes]] = {side: [] for side in Side}
        rules = chain(settings.internal.headers, *(trunk.headers for trunk in settings.trunks))
        bypass = settings.bypass.mode is not BypassMode.OFF
        self.keys = Keys({side: _says_keys_anywhere(settings, side) for side in Side}, bypass)
        self.hiding = Hiding(settings.sip.user_agent, frozenset(rule.name for rule in rules), bypass)

    def join(self, peer: Party) -> None:
        """Let a peer be reached at its address, or by its connection."""
        self._peers[peer.flow.transport, peer.flow.remote] = peer
        if peer.flow.connection is not None:
            self._connections[peer.flow.connection] = peer

    def start(self) -> None:
        """Let the engine begin what goes on by itself; until the end of the test, or until it is told to stop."""
        self.soon(lambda: self.engine.look_up(self.now))
        self.soon(lambda: self.engine.start(self.now))

    # time

    def advance(self, seconds: float) -> None:
        """Let time pass, and everything happen that is due meanwhile, each at its moment."""
        end = self.now + seconds
        while (due := self.engine.next_deadline()) is not None and due <= end:
            self.now = max(self.now, due)
            self.engine.handle_timeout(self.now)
            self.run()
        self.now = end

    def run(self) -> None:
        """Drain the engine and let the peers react until all is quiet."""
        if self._running:
            return
        self._running = True
        try:
            while True:
                while (output := self.engine.next_output()) is not None:
                    self._perform(output)
                if not self._queue:
                    return
                self._queue.popleft()()
        finally:
            self._running = False

    def soon(self, act: Callable[[], None]) -> None:
        """Let something happen once the engine has said all that it has to say now."""
        self._queue.append(act)
        self.run()

    # inputs

    def proves(self, flow: Flow, *names: str, ours: bool = False) -> None:
        """A connection stands whose other end has shown a certificate with these names."""
        self.soon(lambda: self.engine.connection_proved(flow, names, self.now, ours=ours))

    def loses(self, flow: Flow) -> None:
        """A connection is gone."""
        self.soon(lambda: self.engine.connection_lost(flow, self.now))

    def receive(self, octets: bytes, flow: Flow) -> None:
        """A message that is well formed."""
        message = read(octets)
        self._remember(octets, flow)
        if self.engine.knows(flow):
            self.hiding.heard(self._side(flow), octets)
            self.keys.heard(self._side(flow), octets)
        self.soon(lambda: self.engine.receive(message, flow, self.now))

    def media_says(self, fact: MediaFact) -> None:
        """A fact that media has come to by itself."""
        self.soon(lambda: self.engine.media_fact(fact, self.now))

    def policy_says(self, news: PolicyNews) -> None:
        """Something comes of a question to the policy."""
        self.questions.pop(news.call, None)
        self.soon(lambda: self.engine.policy_told(news, self.now))

    def begin(self) -> None:
        """The process stands."""
        self.soon(lambda: self.engine.begin(self.now))
        self.advance(0)

    def stop(self) -> None:
        """The process was told to stop."""
        self.soon(lambda: self.engine.stop(self.now))

    # what holds after every flow

    @property
    def call_id(self) -> str:
        """Our name of the one call that lives."""
        (call,) = self.engine.calls
        return call

    @property
    def record(self) -> CallRecord:
        """The one call record."""
        (record,) = self.records
        return record

    @property
    def idle(self) -> bool:
        """Whether nothing whatever is left of any call, transaction, dialog or timer."""
        agent = self.engine.agent
        return not (self.engine.calls or len(agent.layer) or agent.dialogs or self.engine.next_deadline())

    def _rooms(self) -> Iterator[Room]:
        yield from (state.room for state in self.engine._trunks.values())
        yield from self.engine._lines.values()

    def check(self) -> None:
        """After time enough everything is freed, every call is written down once, and no side knows the other."""
        self.engine.watch.close()
        self.engine.finder.close()
        self.advance(LONG_ENOUGH_S)
        if not self.engine.registrations.is_over:  # they live as long as the process
            self.stop()
            self.advance(LONG_ENOUGH_S)
        agent = self.engine.agent
        assert not self.engine.calls, "a call is left"
        assert not len(agent.layer), "transactions are left"
        assert not agent.layer._merges, "merge keys are left"
        assert not agent.layer._left, "answers that nobody acknowledged are left"
        assert not agent.dialogs, "dialogs are left"
        assert not len(agent.deadlines), "timers of calls are left"
        assert not len(agent.layer._deadlines), "timers of transactions are left"
        assert self.engine.next_deadline() is None
        assert not self.media.open, "media is left open"
        assert not self.engine.wide.taken, "places of wide parties are left"
        assert not self.engine._reception.rulings.waiting, "calls are left that wait for a policy"
        assert not self.engine._reception._circles._calls, "calls are left that could come back"
        assert not self.questions, "questions are left that nobody waits for, and nobody was told"
        assert {room.name: room.calls for room in self._rooms() if room.calls} == {}
        assert len(self.records) == self._accepted, "one record for each INVITE that was taken"
        assert len({record.call for record in self.records}) == len(self.records)
        if not self.may_break:
            told = [fact.name for fact in self.facts]
            assert told.count("call.started") == told.count("call.ended") == len(self.records)
            broken = [
                fact.fields.get("traceback")
                for fact in self.facts
                if fact.name in ("call.broke", "engine.broke")
            ]
            assert not broken, "\n".join(map(str, broken))
        self._check_hiding()
        self.keys.check([*self.facts, *self.records, *(record.as_json(0) for record in self.records)])

    # private

    def _perform(self, output: object) -> None:
        match output:
            case Transmit():
                self._transmit(output)
            case OpenMedia() | ApplyMedia() | OpenPair() | ClosePair() | PressKey() | CloseMedia():
                fact = self.media.perform(output)
                if fact is not None:
                    self._queue.append(lambda: self.engine.media_fact(fact, self.now))
            case CallRecord():
                self.records.append(output)
            case AskPolicy(call):
                assert call not in self.questions, "a call is asked about once"
                self.questions[call] = output
            case DropPolicy(call):
                self.questions.pop(call, None)  # it may have answered, with a bug of ours after that
            case Fact():
                self.facts.append(output)
            case Resolve(question):
                answer = self.dns.answer(question)
                if answer is not None:
                    self._queue.append(lambda: self.engine.dns_answered(answer, self.now))

    def _transmit(self, sent: Transmit) -> None:
        message = read(sent.octets)
        assert bytes(message) == sent.octets, "we send nothing that we would not read"
        if isinstance(message, Response) and message.status in DEMANDED:
            assert any(map(message.headers.has, DEMANDED[message.status])), (
                f"{message.status} says not enough"
            )
        self._remember(sent.octets, sent.flow)
        self._told[self._side(sent.flow)].append(sent.octets)
        self.hiding.told(self._side(sent.flow), sent.octets)
        self.keys.told(self._side(sent.flow), sent.octets, secure=sent.flow.transport is Transport.TLS)
        if isinstance(message, Response) and message.cseq.method == "INVITE":
            first = message.status >= 200 or message.to.tag is None  # a 100 within a call begins none
            if first:
                self._count(message.status, message.top_via.branch or message.call_id)
        peer = self._connections.get(sent.flow.connection or 0) or self._peers.get(
            (sent.flow.transport, sent.flow.remote)
        )
        if peer is None:
            self.astray.append(sent)
        elif peer.dead:
            self._queue.append(lambda: self.engine.transport_failed(sent.flow, self.now))
        else:
            peer.take(message)

    def _count(self, status: int, branch: str) -> None:
        if status == 100 and branch not in self._trying:
            self._trying.add(branch)
            self._accepted += 1
        elif status >= 200:
            self._trying.discard(branch)

    def _side(self, flow: Flow) -> Side:
        for side in Side:
            if any(listener.endpoint == flow.local for listener in self.settings.interface(side).listen):
                return side
        raise AssertionError(f"{flow.local} is no listener of ours")

    def _remember(self, octets: bytes, flow: Flow) -> None:
        """A flow that is unknown to us has no side, and no marks to keep."""
        if self.engine.knows(flow):
            self._marks[self._side(flow)] |= marks_in(octets)

    def _check_hiding(self) -> None:
        self.hiding.check()
        for side, other in ((Side.FRONT_END, Side.GATEWAY), (Side.GATEWAY, Side.FRONT_END)):
            product = self.settings.sip.user_agent.encode()
            marks = (self._marks[other] - {product}) | {PREFIXES[other].encode()}
            for octets in self._told[side]:
                said = self.hiding.without_handed(octets, other)
                leaked = [mark for mark in marks if mark in said]
                assert not leaked, f"{side} was told {leaked} in {octets!r}"


def _says_keys_anywhere(settings: Settings, side: Side) -> bool:
    """Whether some peer on this side may hear keys without TLS."""
    peers = (settings.internal,) if side is Side.FRONT_END else settings.trunks
    return any(peer.media.srtp_without_tls for peer in peers)
