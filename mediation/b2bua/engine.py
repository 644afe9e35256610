"""All calls of one server: told what arrived and what time it is, it answers with what to do.

engine.receive(message, flow, now)          # or any other input below
while (output := engine.next_output()) is not None:
    perform(output)
wake_at = engine.next_deadline()
"""

from collections import deque
from collections.abc import Collection

from mediation.b2bua import causes
from mediation.b2bua.announcing import Announcer
from mediation.b2bua.exchange import Exchange
from mediation.b2bua.finding import DnsAnswer, Finder
from mediation.b2bua.media_commands import MediaCommand
from mediation.b2bua.media_facts import MediaClosed, MediaFact, MediaLost, MediaRefused
from mediation.b2bua.mending import Mending
from mediation.b2bua.outputs import Fact, Level, Output, TargetsChanged
from mediation.b2bua.reception import Reception
from mediation.b2bua.recording import Recorder
from mediation.b2bua.registrations import Registrations
from mediation.b2bua.reverse import Reverse
from mediation.b2bua.rulings import PolicyNews
from mediation.b2bua.watch import Watch
from mediation.b2bua.wide_room import WideRoom
from mediation.routing.admission import Admission
from mediation.routing.bypass import BypassPolicy
from mediation.routing.directory import Directory, holders
from mediation.routing.health import Fitness
from mediation.routing.room import Limits, Room
from mediation.routing.routes import Routing
from mediation.routing.trunk import TrunkState
from mediation.routing.wires import Wires
from mediation.settings.model import Settings
from mediation.settings.places import Target
from mediation.settings.trunks import Trunk
from mediation.sip.agent import Agent
from mediation.sip.carriage import Carriage, StaysOnUdp
from mediation.sip.derived import reply
from mediation.sip.errors import RemoteSipError
from mediation.sip.flow import Flow
from mediation.sip.framing import MalformedMessage
from mediation.sip.handing_on import hand_on_ack, hand_on_cancel
from mediation.sip.ids import IdSource
from mediation.sip.matching import TransactionLayer
from mediation.sip.message import Message, Request, Response
from mediation.sip.timers import TimerValues
from mediation.sip.transaction_row import Transaction

MOST_TOLD = 1024
"""Peers of which it was told that they get large requests by UDP."""


class Engine:
    """The B2BUA core of one configuration."""

    def __init__(self, settings: Settings, ids: IdSource) -> None:
        self._settings = settings
        self._outputs: deque[Output] = deque()
        self._of_media: deque[MediaCommand] = deque()
        """Come before the others: who is told of an agreement may speak at once (RFC 3264 section 5.1)."""
        sip = settings.sip
        timers = TimerValues(sip.t1_ms / 1000, sip.t2_ms / 1000, sip.t4_ms / 1000)
        self.directory = Directory(settings)
        wires = Wires(settings, self.directory)
        names = wires.names()
        carriage = Carriage(names, wires.stream, self._stays_on_udp)
        layer = TransactionLayer(self, self._outputs.append, timers, carriage)
        self.agent = Agent(layer, ids, names=names)
        self._told_large: set[tuple[str, str]] = set()
        """Peers to which large requests go by UDP, and why: each told once."""
        self._admission = Admission(settings, self.directory)
        self._routing = routing = Routing(settings, ids.between, self.directory, self._fitness)
        self._holders = tuple(holders(settings))
        self._trunks = {
            holder.name: TrunkState(
                Room(
                    holder.name, Limits.of_trunk(holder.peer) if isinstance(holder.peer, Trunk) else Limits()
                )
            )
            for holder in self._holders
        }
        self._lines = {
            site.name: Room(f"site {site.name}", Limits.of_line(site.link, settings.internal))
            for site in settings.sites
        }
        self._recorder = Recorder(settings, routing.sites, ids.between)
        self.bypassed: set[str] = set()
        """The calls whose audio goes past us, by our name for them."""
        self.wide = WideRoom(settings.media.wide_parties)
        """Places of parties that speak a wide codec."""
        exchange = Exchange(
            self.agent,
            settings,
            self._trunks,
            self._lines,
            self._emit,
            routing.candidates,
            self._recorder,
            self.wide,
            Announcer(settings.media.max_announcements),
            BypassPolicy(settings, routing.sites),
            self.bypassed,
        )
        self.watch = Watch(
            self.agent, self._trunks, self._holders, settings.sip.user_agent, self._outputs.append
        )
        self.finder = Finder(
            self.agent, self.directory, self._holders, settings.dns, self._outputs.append, self._moved
        )
        self._watching = False
        self._reverse = Reverse(settings, self.directory, self._moved)
        self._reception = Reception(exchange, self._admission, routing)
        self.calls = self._reception.calls
        self._mending = Mending(self._reception, self._outputs.append)
        self.registrations = Registrations(
            self.agent, settings, self._trunks, self.directory, self._outputs.append
        )

    # inputs

    def begin(self, now: float) -> None:
        """Do what must be done before anybody asks: register with the ITSPs that want it."""
        self.registrations.begin(now)

    def set_time_of_day(self, unix_s: float, now: float) -> None:
        """Tell which time of day `now` is, in seconds of Unix time: routes may be open at certain hours."""
        self._routing.epoch_s = self._recorder.epoch_s = unix_s - now

    def look_up(self, now: float) -> None:
        """Begin to find out what names of targets stand for. Without it, they stand for nothing."""
        self.finder.begin(now)

    def start(self, now: float) -> None:
        """Begin to watch the targets. Without it, nothing bad is known of any."""
        self._watching = True
        for holder in self._holders:
            self.watch.set_targets(holder.name, self.directory.targets(holder.name), now)

    def dns_answered(self, answer: DnsAnswer, now: float) -> None:
        """What came of a `Resolve`."""
        try:
            self.finder.answered(answer, now)
        except Exception as error:  # noqa: BLE001 -- as in `receive`
            self._mending.broke(error, now)

    def policy_told(self, news: PolicyNews, now: float) -> None:
        """What came of an `AskPolicy`; of a call that is gone, or waits no more, nothing does."""
        try:
            self._reception.rulings.told(news, now)
        except Exception as error:  # noqa: BLE001 -- as in `receive`
            self._mending.broke(error, now, self.calls.get(news.call))

    def knows(self, flow: Flow) -> bool:
        """Whether a peer is anybody to us: asked before a single octet of its message is read."""
        return self._admission.identify(flow) is not None

    def may_prove(self, flow: Flow) -> bool:
        """Whether somebody whom nobody knows may show a certificate there, to be known by it."""
        return self._admission.may_prove(flow)

    def connection_proved(self, flow: Flow, names: Collection[str], now: float, *, ours: bool) -> None:
        """A connection stands whose other end has shown a certificate with these names; `ours`: we have opened it."""
        del now
        source = self._admission.proved(flow, names)
        if source is None or ours:
            return
        trunk = None if source.trunk is None else source.trunk.name
        host = flow.remote[0]
        self._fact("connection.identified", Level.INFO, trunk=trunk, certificate=source.name, remote=host)
        self._reverse.stands(flow, source)

    def receive(self, message: Message, flow: Flow, now: float) -> None:
        """A valid message arrived. One from a stranger has no effect whatever."""
        if not self.knows(flow):
            return
        try:
            if isinstance(message, Request):
                self._reverse.heard(message, flow, now)
            self.agent.layer.receive(message, flow, now)
        except Exception as error:  # noqa: BLE001 -- a bug of ours ends one call, on both its legs, and no other
            calls = self.calls.values()
            named = next((call for call in calls if message.call_id in call.call_ids), None)
            self._mending.broke(error, now, self.agent.layer.serving or named)
            if isinstance(message, Request):
                self._answer_at_last(message, now)

    def receive_malformed(self, error: MalformedMessage, flow: Flow, now: float) -> None:
        """Octets arrived that are no message; a request that can be answered is, without state."""
        del now
        request = error.request
        if request is None or not self.knows(flow) or request.method == "ACK":
            return
        try:
            response = reply(request, error.status, to_tag=self.agent.ids.tag(), reason=error.reason)
            self.agent.layer.reply_statelessly(request, flow, response)
        except RemoteSipError:
            return  # not even its Via can be read: there is nowhere to answer
        self._fact("request.malformed", Level.DEBUG, source=flow.remote[0], reason=error.reason)

    def media_fact(self, fact: MediaFact, now: float) -> None:
        """The media engine reported something; a call that is gone does not hear of it."""
        call = self.calls.get(fact.call)
        if call is None:
            return
        try:
            call.media_fact(fact, now)
        except Exception as error:  # noqa: BLE001 -- as in `receive`
            if isinstance(fact, MediaRefused | MediaLost | MediaClosed):
                call.forget_media()
            self._mending.broke(error, now, call)

    def transport_failed(self, flow: Flow, now: float) -> None:
        """Octets for this flow could not be sent."""
        self._fact("transport.failed", Level.WARNING, transport=str(flow.transport), remote=flow.remote[0])
        self._fail(self.agent.layer.using(flow), now)
        self.registrations.lost(flow, now)
        self.watch.doubted(flow, now)

    def connection_lost(self, flow: Flow, now: float) -> None:
        """The connection of this flow is gone: whoever waits for something that must come by it hears so.

        A caller whose connection is lost before the answer has gone (flow 1), and so has a target that ends the
        connection instead of answering.
        """
        waiting = self.agent.layer.over(flow)
        if waiting:
            self._fact(
                "connection.lost",
                Level.WARNING,
                transport=str(flow.transport),
                remote=flow.remote[0],
                transactions=len(waiting),
            )
        self._fail(waiting, now)
        if waiting:
            self.watch.doubted(flow, now)
        self.registrations.lost(flow, now)
        self._admission.forget(flow)
        self._reverse.gone(flow, now)

    def slept(self, now: float) -> None:
        """The machine has slept, and `now` knows nothing of it: what must not expire unnoticed is renewed."""
        self.registrations.slept(now)

    def _fail(self, transactions: list[Transaction], now: float) -> None:
        for transaction in transactions:
            try:
                self.agent.layer.fail(transaction, now)
            except Exception as error:  # noqa: BLE001 -- as in `receive`
                self._mending.broke(error, now, transaction.user)

    def handle_timeout(self, now: float) -> None:
        """Let everything happen that is due."""
        for part in (self.agent.layer, self.agent):
            while True:
                try:
                    part.handle_timeout(now)
                except Exception as error:  # noqa: BLE001 -- as in `receive`; the timers that are left come next
                    self._mending.broke(error, now, part.serving)
                else:
                    break

    def stop(self, now: float) -> None:
        """Refuse new calls, end those that live, and tell the ITSPs that we are gone."""
        self._reception.closed = True
        self.watch.close()
        self.finder.close()
        for call in list(self.calls.values()):
            try:
                call.stop(causes.SHUTDOWN, now)
            except Exception as error:  # noqa: BLE001 -- as in `receive`
                self._mending.broke(error, now, call)
        self.registrations.stop(now)

    @property
    def is_over(self) -> bool:
        """Whether all that `stop` has begun is done."""
        return not self.calls and self.registrations.is_over

    def abort(self, now: float) -> None:
        """Write the records of calls whose ends did not come in time, and forget them, and registrations too."""
        self.registrations.abandon()
        for call in list(self.calls.values()):
            self._mending.abort(call, causes.SHUTDOWN, now)

    # outputs

    def next_output(self) -> Output | None:
        """What is to be done next, or None."""
        if self._of_media:
            return self._of_media.popleft()
        return self._outputs.popleft() if self._outputs else None

    def next_deadline(self) -> float | None:
        """When `handle_timeout` wants to be called, in seconds on the driver's clock."""
        return self.agent.next_deadline()

    # what the transaction layer tells (mediation.sip.transaction_row.ServerUser)

    def request_received(self, transaction: Transaction, request: Request, now: float) -> None:
        """A new request: within a dialog it goes to its owner, outside it is judged."""
        self._reception.request_received(transaction, request, now)
        self.watch.heard(transaction.flow, now)

    def cancel_received(
        self, transaction: Transaction, invite: Transaction | None, request: Request, now: float
    ) -> None:
        """A CANCEL (RFC 3261 section 9.2)."""
        hand_on_cancel(self.agent, transaction, invite, request, now)

    def ack_received(self, ack: Request, now: float) -> None:
        """The ACK to a 2xx."""
        hand_on_ack(self.agent, ack, now)

    def stray_response(self, response: Response, flow: Flow, now: float) -> None:
        """A response that nobody waits for: dropped, never relayed (RFC 3261 section 18.1.2)."""
        del now
        self._fact("response.stray", Level.DEBUG, status=response.status, source=flow.remote[0])

    def _stays_on_udp(self, large: StaysOnUdp) -> None:
        """A request above 1300 octets is a datagram all the same (RFC 3261 section 18.1.1)."""
        told = (large.flow.remote[0], large.why)
        if told not in self._told_large and len(self._told_large) < MOST_TOLD:
            self._told_large.add(told)
            self._fact(
                "request.large_over_udp",
                Level.WARNING,
                remote=large.flow.remote[0],
                method=large.method,
                octets=large.octets,
                reason=large.why,
            )

    def _moved(self, holder: str, now: float) -> None:
        """A name stands for other addresses, or a connection leads back. Calls that are up stay where they are."""
        if self._watching:
            self.watch.set_targets(holder, self.directory.targets(holder), now)
        self.registrations.moved(holder, now)
        self._outputs.append(TargetsChanged(holder))

    def _fitness(self, trunk: str, target: Target) -> Fitness:
        return self._trunks[trunk].fitness(target)

    def _answer_at_last(self, request: Request, now: float) -> None:
        """Answer 500 to a request that a bug has left without an answer."""
        transaction = self.agent.layer.server_transaction(request)
        if transaction is not None:
            self.agent.layer.fail_unanswered(transaction, self.agent.ids.tag(), now)

    def _emit(self, output: Output) -> None:
        if isinstance(output, MediaCommand):
            self._of_media.append(output)
        else:
            self._outputs.append(output)

    def _fact(self, name: str, level: Level, **fields: object) -> None:
        self._outputs.append(Fact(name, level, fields))
