"""Which transaction owns a message; creates transactions and lets them expire (RFC 3261 section 17).

The layer is told what arrived and what time it is. It answers through `transmit`, which collects octets to send,
and through the transaction users, who hear of requests, responses and failures.
"""

from collections.abc import Callable

from mediation.sip.carriage import Carriage, Way
from mediation.sip.derived import ack_to_failure, reply, response_flow, stamp_source
from mediation.sip.errors import LocalSipError
from mediation.sip.flow import Flow, Transmit
from mediation.sip.message import Message, Request, Response
from mediation.sip.timers import Deadlines, TimerValues
from mediation.sip.transaction import Do, Event, State
from mediation.sip.transaction_row import (
    CLIENT_INVITE_MACHINE,
    CLIENT_MACHINE,
    SERVER_INVITE_MACHINE,
    SERVER_MACHINE,
    ClientUser,
    Failure,
    Key,
    MergeKey,
    ServerUser,
    Transaction,
    merge_key,
    server_key,
)

_STOPS = {
    Do.STOP_A: Event.TIMER_A, Do.STOP_B: Event.TIMER_B, Do.STOP_E: Event.TIMER_E, Do.STOP_F: Event.TIMER_F,
    Do.STOP_G: Event.TIMER_G, Do.STOP_H: Event.TIMER_H,
}  # fmt: skip
_RETRANSMITS = {Do.START_A: Event.TIMER_A, Do.START_E: Event.TIMER_E, Do.START_G: Event.TIMER_G}
_GIVES_UP = {
    Do.START_B: Event.TIMER_B, Do.START_F: Event.TIMER_F, Do.START_H: Event.TIMER_H, Do.START_L: Event.TIMER_L,
    Do.START_M: Event.TIMER_M,
}  # fmt: skip
_LINGERS = {
    Do.START_D: Event.TIMER_D, Do.START_I: Event.TIMER_I, Do.START_J: Event.TIMER_J, Do.START_K: Event.TIMER_K,
}  # fmt: skip
"""Timers that wait for stragglers: no wait at all over a reliable transport."""


class TransactionLayer:
    """All transactions of one engine."""

    def __init__(
        self,
        user: ServerUser,
        transmit: Callable[[Transmit], None],
        timers: TimerValues,
        carriage: Carriage | None = None,
    ) -> None:
        """Without `carriage`, what is sent goes by the flow that it is given, whatever its size."""
        self._user = user
        self._transmit = transmit
        self._carriage = carriage
        self.timers = timers
        self._clients: dict[Key, Transaction] = {}
        self._servers: dict[Key, Transaction] = {}
        self._merges: dict[MergeKey, Transaction] = {}
        self._left: dict[MergeKey, Transaction] = {}
        """INVITEs whose 2xx nobody has acknowledged when their user left: a late ACK names them by its CSeq."""
        self._deadlines: Deadlines[tuple[Transaction, Event]] = Deadlines()
        self.serving: object = None
        """Whose transaction moves: who is to blame when something breaks, until the next message or timer."""

    def __len__(self) -> int:
        return len(self._clients) + len(self._servers)

    # inputs

    def receive(self, message: Message, flow: Flow, now: float) -> None:
        """Give a valid message to the transaction that owns it, or begin one."""
        self.serving = None
        if isinstance(message, Response):
            self._receive_response(message, flow, now)
            return
        request = stamp_source(message, flow.remote)
        key = server_key(request)
        transaction = self._servers.get(key)
        if request.method == "ACK":
            transaction = transaction or self._left.pop(merge_key(request), None)
            if transaction is None:
                self._user.ack_received(request, now)
            else:
                self._fire(transaction, Event.ACK, now, request)
        elif transaction is not None:
            self._fire(
                transaction, Event.INVITE if request.method == "INVITE" else Event.REQUEST, now, request
            )
        else:
            self._begin(key, request, flow, now)

    def transport_failed(self, flow: Flow, now: float) -> None:
        """Octets for this remote endpoint could not be sent: every transaction that uses it hears of it."""
        for transaction in self.using(flow):
            self.fail(transaction, now)

    def using(self, flow: Flow) -> list[Transaction]:
        """The transactions between one of our listeners and one remote endpoint."""
        return [
            transaction
            for table in (self._clients, self._servers)
            for transaction in table.values()
            if transaction.flow.transport is flow.transport
            and transaction.flow.remote == flow.remote
            and transaction.flow.local == flow.local
        ]

    def over(self, connection: Flow) -> list[Transaction]:
        """The transactions that hang on one connection: requests that came by it, and those sent where it led."""
        return [
            transaction
            for table in (self._clients, self._servers)
            for transaction in table.values()
            if transaction.flow.transport is connection.transport
            and transaction.flow.local == connection.local
            and (
                transaction.flow.connection == connection.connection
                or (transaction.flow.connection is None and transaction.flow.remote == connection.remote)
            )
        ]

    def fail(self, transaction: Transaction, now: float) -> None:
        """What the transaction sent last could not be sent: it goes another way, or its user hears of it."""
        way = transaction.instead
        if way is not None and transaction.state in (State.CALLING, State.TRYING):
            self._send_instead(transaction, way, now)
            return
        self._fire(transaction, Event.TRANSPORT_ERROR, now)

    def handle_timeout(self, now: float) -> None:
        """Let everything happen that is due."""
        while (due := self._deadlines.pop_due(now)) is not None:
            transaction, timer = due
            self._fire(transaction, timer, now)

    def next_deadline(self) -> float | None:
        """When `handle_timeout` wants to be called, or None."""
        return self._deadlines.next_deadline()

    # what transaction users ask for

    def send_request(self, request: Request, flow: Flow, user: ClientUser, now: float) -> Transaction:
        """Begin a client transaction; the request carries our Via with a fresh branch (CANCEL: the INVITE's).

        The transaction tells what was really sent, and by which flow: not always those that are given.
        """
        if request.method == "ACK":
            raise LocalSipError("an ACK is no transaction: use `send`")
        invite = request.method == "INVITE"
        way, *others = self._ways(request, flow)
        request, flow = way.request, way.flow
        key = (request.top_via.branch or "", request.method)
        transaction = Transaction(key, request, flow, CLIENT_INVITE_MACHINE if invite else CLIENT_MACHINE)
        transaction.instead = others[0] if others else None
        transaction.user = user
        transaction.octets = way.octets
        transaction.interval_s = self.timers.t1_s
        self._clients[key] = transaction
        self._transmit(Transmit(flow, transaction.octets))
        for action in (Do.START_A, Do.START_B) if invite else (Do.START_E, Do.START_F):
            self._start(transaction, action, now)
        return transaction

    def fits(self, request: Request, flow: Flow) -> bool:
        """Whether a request can be sent without being a large datagram (RFC 3261 section 18.1.1)."""
        return self._carriage is None or self._carriage.fits(request, flow)

    def respond(self, transaction: Transaction, response: Response, now: float) -> None:
        """Answer a server transaction."""
        status = response.status
        event = Event.TU_1XX if status < 200 else Event.TU_2XX if status < 300 else Event.TU_FAILURE
        if (transaction.state, event) not in transaction.table.rows:
            raise LocalSipError(f"{status} given to a transaction in {transaction.state.name}")
        octets = bytes(response)  # what cannot be printed is found out before anything has changed
        self._fire(transaction, event, now, response, octets)

    def leave(self, transaction: Transaction, now: float) -> None:
        """Repeat the 2xx for whoever repeats its INVITE: the transaction user is about to forget it unacknowledged."""
        if transaction.state is State.ACCEPTED:
            self._fire(transaction, Event.TU_LEAVES, now)
            self._left[merge_key(transaction.request)] = transaction

    def cease(self, transaction: Transaction, now: float) -> None:
        """Repeat an INVITE no more; whatever is still answered to it is heard as before."""
        self._fire(transaction, Event.TU_LEAVES, now)

    def send(self, request: Request, flow: Flow) -> None:
        """Send what no transaction repeats: the ACK to a 2xx.

        deviates: RFC 3261 section 18.1.1 counts the octets of an ACK too. Nobody would hear of it if a stream did not
        take it, and ours has no body.
        """
        self._transmit(Transmit(flow, bytes(request)))

    def reply_statelessly(self, request: Request, flow: Flow, response: Response) -> None:
        """Answer and forget (RFC 3261 section 8.2.7): for requests that deserve no state."""
        self._transmit(Transmit(response_flow(request, flow), bytes(response)))

    def server_transaction(self, request: Request) -> Transaction | None:
        """The transaction that this request began or belongs to."""
        return self._servers.get(server_key(request))

    def returned(self, request: Request) -> Transaction | None:
        """The request of ours that has come back as this one: a Via of ours stands below its topmost.

        It may be a loop or a spiral (RFC 3261 section 16.3, step 4): what it asks for tells the two apart.
        """
        for via in request.vias[1:]:
            transaction = self._clients.get((via.branch or "", request.method))
            if transaction is not None:
                return transaction
        return None

    def fail_unanswered(self, transaction: Transaction, to_tag: str, now: float) -> None:
        """Answer 500 where a bug of ours has left a request without a final response; else do nothing."""
        if transaction.state in (State.TRYING, State.PROCEEDING):
            self.respond(transaction, reply(transaction.request, 500, to_tag=to_tag), now)

    def abandon(self, transaction: Transaction) -> None:
        """Forget a transaction whose user has given up (RFC 3261 section 9.1, last paragraph)."""
        transaction.state = State.TERMINATED
        self._remove(transaction)

    # the machinery

    def _ways(self, request: Request, flow: Flow) -> tuple[Way, ...]:
        if self._carriage is None:
            return (Way(request, flow, bytes(request)),)
        return self._carriage.ways(request, flow)

    def _send_instead(self, transaction: Transaction, way: Way, now: float) -> None:
        """Send the request once more, by UDP, because no stream takes it; the user's patience goes on running."""
        transaction.instead = None
        transaction.request, transaction.flow, transaction.octets = way.request, way.flow, way.octets
        if self._carriage is not None:
            self._carriage.stays(way, "TCP is refused")
        self._transmit(Transmit(way.flow, way.octets))
        self._start(transaction, Do.START_A if transaction.state is State.CALLING else Do.START_E, now)

    def _receive_response(self, response: Response, flow: Flow, now: float) -> None:
        transaction = self._clients.get((response.top_via.branch or "", response.cseq.method))
        if transaction is None:
            self._user.stray_response(response, flow, now)
            return
        status = response.status
        event = (
            Event.RECEIVED_1XX
            if status < 200
            else Event.RECEIVED_2XX
            if status < 300
            else Event.RECEIVED_FAILURE
        )
        self._fire(transaction, event, now, response)

    def _begin(self, key: Key, request: Request, flow: Flow, now: float) -> None:
        invite = request.method == "INVITE"
        machine = SERVER_INVITE_MACHINE if invite else SERVER_MACHINE
        transaction = Transaction(key, request, response_flow(request, flow), machine)
        transaction.source = flow
        transaction.interval_s = self.timers.t1_s
        self._servers[key] = transaction
        if request.method == "CANCEL":
            self._user.cancel_received(
                transaction, self._servers.get(server_key(request, "INVITE")), request, now
            )
            return
        if request.to.tag is None:
            key_of_all = merge_key(request)
            if key_of_all in self._merges:  # RFC 3261 section 8.2.2.2
                self.respond(transaction, reply(request, 482, reason="Loop Detected: merged request"), now)
                return
            transaction.merge_key = key_of_all
            self._merges[key_of_all] = transaction
        self._user.request_received(transaction, request, now)

    def _fire(
        self,
        transaction: Transaction,
        event: Event,
        now: float,
        message: Message | None = None,
        octets: bytes = b"",
    ) -> None:
        step = None if transaction.terminated else transaction.table.step(transaction.state, event)
        if step is None:
            return
        transaction.state, actions = step
        outer, self.serving = self.serving, transaction.user
        at_once: Event | None = None
        try:
            for action in actions:
                if action is Do.SEND:
                    transaction.octets = octets
                at_once = self._do(transaction, action, message, now) or at_once
        finally:  # also when the transaction user breaks: it is told last
            if transaction.terminated:
                self._remove(transaction)
            elif at_once is not None:
                self._fire(transaction, at_once, now)
        self.serving = outer  # where it raised, whoever is to blame stays

    def _do(self, transaction: Transaction, action: Do, message: Message | None, now: float) -> Event | None:
        """Perform one action; returns the timer that it has started with a time of zero, if it has."""
        if action in (Do.SEND, Do.RESEND):
            if transaction.octets:
                self._transmit(Transmit(transaction.flow, transaction.octets))
        elif action is Do.ACK and isinstance(message, Response):
            ack = ack_to_failure(transaction.request, message)
            self._transmit(Transmit(transaction.flow, bytes(ack)))
        elif action is Do.PASS_UP:
            self._pass_up(transaction, message, now)
        elif action is Do.TELL_TIMEOUT:
            self._tell(transaction, Failure.TIMEOUT, now)
        elif action is Do.TELL_TRANSPORT_ERROR:
            self._tell(transaction, Failure.TRANSPORT, now)
        elif action in _STOPS:
            self._deadlines.stop((transaction, _STOPS[action]))
        else:
            return self._start(transaction, action, now)
        return None

    def _start(self, transaction: Transaction, action: Do, now: float) -> Event | None:
        """Start a timer; returns it when its time is zero, so that it fires at once."""
        reliable = transaction.flow.transport.reliable
        values = self.timers
        if action in _GIVES_UP:
            self._deadlines.start((transaction, _GIVES_UP[action]), now + values.transaction_s)
        elif action in _LINGERS:
            if reliable:
                return _LINGERS[action]
            wait = {Do.START_D: values.wait_d_s, Do.START_J: values.transaction_s}.get(action, values.t4_s)
            self._deadlines.start((transaction, _LINGERS[action]), now + wait)
        elif not reliable:
            if action is Do.START_E_SLOW:
                self._deadlines.start((transaction, Event.TIMER_E), now + values.t2_s)
                return None
            self._deadlines.start((transaction, _RETRANSMITS[action]), now + transaction.interval_s)
            doubled = 2 * transaction.interval_s
            transaction.interval_s = doubled if action is Do.START_A else min(doubled, values.t2_s)
        return None

    def _pass_up(self, transaction: Transaction, message: Message | None, now: float) -> None:
        if isinstance(message, Response) and transaction.user is not None:
            transaction.user.response_received(transaction, message, now)
        elif isinstance(message, Request):
            self._user.ack_received(message, now)

    def _tell(self, transaction: Transaction, failure: Failure, now: float) -> None:
        if transaction.user is not None:
            transaction.user.request_failed(transaction, failure, now)

    def _remove(self, transaction: Transaction) -> None:
        for timer in (Event.TIMER_A, Event.TIMER_B, Event.TIMER_D, Event.TIMER_E, Event.TIMER_F, Event.TIMER_G,
                      Event.TIMER_H, Event.TIMER_I, Event.TIMER_J, Event.TIMER_K, Event.TIMER_L,
                      Event.TIMER_M):  # fmt: skip
            self._deadlines.stop((transaction, timer))
        for table in (self._clients, self._servers):
            if table.get(transaction.key) is transaction:
                del table[transaction.key]
        if self._left.get(merge_key(transaction.request)) is transaction:
            del self._left[merge_key(transaction.request)]
        if transaction.merge_key is not None:
            self._merges.pop(transaction.merge_key, None)
