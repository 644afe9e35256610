"""A peer that behaves: one call of a user agent after RFC 3261, 3262, 3311 and 5407, driven by intents.

It shares no rule with `mediation.sip.invite`. What it sees the server do wrong is written into `faults`.
"""

from collections.abc import Callable
from enum import Enum, auto

from mediation.sip.flow import Endpoint
from mediation.sip.message import Request, Response
from tests.explorer.alarms import Alarms
from tests.explorer.answering import ALLOW, Answering, Missing
from tests.explorer.audio import Audio
from tests.explorer.changing import RETRY, Changing
from tests.explorer.dialog import Dialog
from tests.explorer.intents import Intent
from tests.explorer.referral import Referral, report
from tests.explorer.transactions import Asked, Served, Transactions
from tests.explorer.wire import FAX, label, read


class Phase(Enum):
    """Where the call stands, by what this peer knows."""

    IDLE = auto()
    CALLING = auto()
    """INVITE sent; or received and not answered."""
    EARLY = auto()
    """A provisional response with a tag came; or was given."""
    MORATORIUM = auto()
    """Called: 2xx given, its ACK not seen (RFC 5407 section 2.1)."""
    CONFIRMED = auto()
    ENDING = auto()
    """BYE sent."""
    ENDED = auto()


_ALIVE = (Phase.EARLY, Phase.MORATORIUM, Phase.CONFIRMED)


class UserAgent:
    """One party. It calls, or is called, as its first intent or the first INVITE has it."""

    def __init__(
        self,
        name: str,
        address: Endpoint,
        server: Endpoint,
        payload_type: int,
        send: Callable[[bytes], None],
        *,
        audio_port: int = 4000,
        may_be_busy: bool = False,
        performs: bool = False,
    ) -> None:
        """`may_be_busy`: other calls may come while there is one; they are refused, and nobody's fault.

        `performs`: it takes REFER, and reports that it has called whoever it was told to.
        """
        self.name = name
        self.address = address
        self.dialog = Dialog(name, address, self._fault)
        self.audio = Audio((address[0], audio_port), payload_type)
        self._server = server
        self._may_be_busy = may_be_busy
        self._performs = performs
        self._capable = (f"{ALLOW}, REFER" if performs else ALLOW, "Supported: 100rel")
        self._performance: tuple[int, Asked] | None = None
        """A REFER of theirs, by its CSeq number, and our first report on it."""
        self._send = send
        self._alarms = Alarms()
        self.transactions = Transactions(self._alarms, send, self)
        self.phase = Phase.IDLE
        self.calls = False
        self.referral = Referral()
        self.faults: list[str] = []
        """What the server did against the rules."""
        self._answering = Answering(self._alarms, self.transactions, self.dialog, self.audio, send)
        self._first: Asked | None = None
        """The INVITE that began the call, if we have sent it."""
        self._changing = Changing(self._ask, self._alarms, self.dialog, self.audio, self._capable)
        self._leaving = False
        """Whether CANCEL was sent, or waits for a provisional response."""
        self._cancelled = False
        self._prack_refused = False
        self._rseq = 0
        """Of the reliable response that we have heard last."""

    # the world

    @property
    def now(self) -> float:
        """Seconds."""
        return self.transactions.now

    def at(self, now: float) -> "UserAgent":
        """The same, knowing what time it is."""
        self.transactions.now = now
        return self

    def deadline(self) -> float | None:
        """When it wants to be woken."""
        return self._alarms.next()

    def wake(self) -> None:
        """Do what is due."""
        while (name := self._alarms.take(self.now)) is not None:
            if name == RETRY:
                self._change_again()
            elif name[0] == "answering":
                self._woken(name)
            else:
                self.transactions.wake(*name)

    def hear(self, octets: bytes) -> None:
        """A datagram came."""
        message = read(octets)
        if isinstance(message, Request):
            self.transactions.hear_request(message)
        else:
            self.transactions.hear_response(message)

    @property
    def view(self) -> str:
        """What it holds of the call: `none`, `confirmed`, `ended`, or what keeps it busy."""
        if self.phase is Phase.IDLE:
            return "none"
        asked = (self._first, self._changing.asked, self.referral.asked)
        busy = next((each for each in asked if each and each.pending), None)
        if busy is not None:
            return f"waits for an answer to {busy.method}"
        if self.referral.lives and self.phase is Phase.CONFIRMED:
            return "waits for a report"
        if self._answering.is_busy:
            return "waits for an ACK"
        if self.phase is Phase.CONFIRMED or self.phase is Phase.ENDED:
            return self.phase.name.lower()
        return f"still {self.phase.name.lower()}"

    # intents

    def may(self, intent: Intent) -> bool:
        """Whether the rules allow it now."""
        match intent:
            case Intent.INVITE | Intent.INVITE_WITHOUT_OFFER:
                return self.phase is Phase.IDLE
            case Intent.CANCEL:
                return self.calls and self.phase in (Phase.CALLING, Phase.EARLY) and not self._leaving
            case Intent.RING:
                return (
                    not self.calls
                    and self.phase in (Phase.CALLING, Phase.EARLY)
                    and not self._answering.reliable
                )
            case Intent.RING_RELIABLY:
                return (
                    self.may(Intent.RING)
                    and "100rel" in self.dialog.supports
                    and not self.audio.answered_early
                )
            case Intent.ANSWER:  # section 5 of RFC 3262: not before the PRACK
                return (
                    not self.calls
                    and self.phase in (Phase.CALLING, Phase.EARLY)
                    and not self._answering.reliable
                )
            case Intent.REFUSE:
                return not self.calls and self.phase in (Phase.CALLING, Phase.EARLY)
            case Intent.BYE:
                early = self.calls and self.phase is Phase.EARLY and not self._leaving
                return early or self.phase is Phase.CONFIRMED
            case Intent.HOLD | Intent.FAX:
                return self.phase is Phase.CONFIRMED and not self._is_changing
            case Intent.UPDATE:
                return (
                    self.phase is Phase.CONFIRMED and not self._is_changing and "UPDATE" in self.dialog.takes
                )
            case Intent.EARLY_UPDATE:
                early = (
                    self.phase is Phase.EARLY and self.audio.answered_early and not self._answering.reliable
                )
                return early and not self._changing.is_pending and "UPDATE" in self.dialog.takes
            case Intent.REFER:
                return self.phase is Phase.CONFIRMED and self.referral.asked is None

    def do(self, intent: Intent) -> None:
        """Do what `may` allows."""
        match intent:
            case Intent.INVITE:
                self._call(self.audio.offer())
            case Intent.INVITE_WITHOUT_OFFER:
                self._call(b"")
            case Intent.CANCEL:
                self._leaving = True
                self._cancel_if_allowed()
            case Intent.RING:
                self.phase = Phase.EARLY
                self._answering.ring()
            case Intent.RING_RELIABLY:
                self.phase = Phase.EARLY
                self._answering.ring_reliably()
            case Intent.ANSWER:
                self._accept()
                self.phase = Phase.MORATORIUM
            case Intent.REFUSE:
                self._end_called(486)
            case Intent.BYE:
                self._hang_up()
            case Intent.HOLD:
                self.audio.toggle("sendonly")
                self._changing.reinvite()
            case Intent.FAX:
                self.audio.toggle(FAX)
                self._changing.reinvite()
            case Intent.UPDATE | Intent.EARLY_UPDATE:
                self.audio.toggle("sendonly")
                self._changing.update()
            case Intent.REFER:
                headers = (f"Refer-To: <sip:+4930999@{self._server[0]}>", self.dialog.contact)
                self.referral.asked = self._ask("REFER", headers)

    # asking

    def _call(self, body: bytes) -> None:
        self.calls = True
        self.phase = Phase.CALLING
        self.dialog.call(self._server[0])
        self._first = self._ask("INVITE", (self.dialog.contact, *self._capable), body)

    def _hang_up(self) -> None:
        self.phase = Phase.ENDING
        self._changing.forget()
        self._ask("BYE", ())

    def _cancel_if_allowed(self) -> None:
        """Section 9.1: not before a provisional response, with the INVITE's own branch."""
        first = self._first
        if first is None or first.state != "proceeding" or not self._leaving or self._cancelled:
            return
        self._cancelled = True
        octets = self.dialog.cancel(first.octets, first.branch, first.sequence)
        self.transactions.ask("CANCEL", first.branch, first.sequence, octets)

    def _ask(self, method: str, headers: tuple[str, ...], body: bytes = b"") -> Asked:
        branch, sequence = self.dialog.branch(), self.dialog.next_sequence()
        octets = self.dialog.request(method, branch, sequence, headers, body)
        return self.transactions.ask(method, branch, sequence, octets, body)

    # what becomes of it

    def answered(self, asked: Asked, response: Response) -> None:
        """A response to a request of ours."""
        if asked.method == "INVITE":
            self._invite_answered(asked, response)
        elif response.status < 200:
            return
        elif asked.method == "BYE":
            self.phase = Phase.ENDED
        elif asked.method == "UPDATE":
            self._change_answered(response)
        elif asked.method == "PRACK" and response.status >= 300:
            self._prack_refused = True  # which the end of the INVITE may explain
        elif asked.method == "REFER":
            self._refer_answered(response)
        elif asked.method == "NOTIFY":
            self._report_answered(asked, response)

    def unanswered(self, asked: Asked) -> None:
        """Losses here are few: whoever does not answer has not tried."""
        self._fault(f"no final response to {asked.method} ({asked.sequence})")
        if asked is self._first or asked.method == "BYE":
            self.phase = Phase.ENDED

    def _invite_answered(self, asked: Asked, response: Response) -> None:
        first = asked is self._first
        if response.status < 200:
            if first:
                self._progress(response)
        elif response.status < 300:
            self._invite_accepted(asked, response)
        elif not first:
            self._change_answered(response)
        elif self.phase in (Phase.CALLING, Phase.EARLY):
            self.phase = Phase.ENDED

    def _progress(self, response: Response) -> None:
        if response.status > 100 and self.phase in (Phase.CALLING, Phase.EARLY):
            self.phase = Phase.EARLY
            self.dialog.know(response)
            if "100rel" in response.require:
                self._acknowledge_reliably(response)
        self._cancel_if_allowed()

    def _acknowledge_reliably(self, response: Response) -> None:
        """RFC 3262 section 4: the next one in order, once; an answer comes with it."""
        rseq = int(response.headers.get("RSeq") or 0)
        if self._rseq and rseq != self._rseq + 1:
            return
        self._rseq = rseq
        if response.body:
            self.audio.answered_early = True
        self._ask("PRACK", (f"RAck: {rseq} {response.cseq}",))

    def _invite_accepted(self, asked: Asked, response: Response) -> None:
        self.dialog.know(response)
        if self._prack_refused and asked is self._first:
            self._fault("a PRACK was refused, and the INVITE accepted")
        if asked.ack:  # our ACK was lost
            self._send(asked.ack)
            return
        described = response.body or (asked is self._first and self.audio.answered_early)
        if not described:
            self._fault("a 2xx without description")
        self.audio.heard(response.body)
        answer = b"" if asked.body else self.audio.answer(response.body)
        asked.ack = self.dialog.request("ACK", self.dialog.branch(), asked.sequence, body=answer)
        self._send(asked.ack)
        if asked is not self._first:
            self._change_answered(response)
        elif self.phase in (Phase.CALLING, Phase.EARLY):
            self.phase = Phase.CONFIRMED
            if self._leaving:  # the 2xx has crossed our CANCEL
                self._hang_up()

    def _change_answered(self, response: Response) -> None:
        if self.phase not in _ALIVE:
            return
        self._changing.answered(response, owner=self.calls, now=self.now)
        if response.status in (408, 481):  # section 12.2.1.2
            self._hang_up()

    def _change_again(self) -> None:
        if self.phase in _ALIVE:
            self._changing.again(busy=self._answering.is_busy, now=self.now)

    def _report(self, refer: int, status: int) -> Asked:
        headers, body = report(refer, status)
        return self._ask("NOTIFY", (*headers, self.dialog.contact), body)

    def _report_answered(self, asked: Asked, response: Response) -> None:
        """The other party has taken the first report: the last one follows."""
        if self._performance is None or asked is not self._performance[1] or response.status >= 300:
            return
        if self.phase in _ALIVE:
            self._report(self._performance[0], 200)

    def _refer_answered(self, response: Response) -> None:
        self.referral.answered(response)
        if response.status in (408, 481) and self.phase in _ALIVE:  # section 12.2.1.2
            self._hang_up()

    # being asked

    def requested(self, served: Served) -> None:
        """A request, to be answered."""
        request = served.request
        if request.method == "CANCEL":
            self._cancelled_by_server(served)
        elif request.method == "INVITE" and request.to.tag is None:
            self._invited(served)
        elif not self.dialog.is_of(request):
            self._fault(f"{label(request)} for a dialog that never was")
            self._respond(served, 481)
        elif not self.dialog.is_in_order(request):
            self._respond(served, 500, "Retry-After: 1")
        else:
            self._asked_within(served)

    def _asked_within(self, served: Served) -> None:
        request = served.request
        over = self.phase in (Phase.ENDING, Phase.ENDED)
        if request.method == "BYE":
            self._hung_up(served)
        elif request.method == "NOTIFY":  # its usage may outlive that of the INVITE (RFC 5057 section 4.2)
            self._told(served)
        elif over:
            self._respond(served, 481)
        elif request.method == "INVITE":
            self._reinvited(served)
        elif request.method == "UPDATE":
            self._updated(served)
        elif request.method == "PRACK":
            self._prack_received(served)
        elif request.method == "REFER" and self._performs and self.phase is Phase.CONFIRMED:
            self._respond(served, 202, self.dialog.contact)
            self._performance = request.cseq.number, self._report(request.cseq.number, 100)
        else:
            self._respond(served, 200 if request.method in ("OPTIONS", "INFO") else 405, ALLOW)

    def _told(self, served: Served) -> None:
        fault = self.referral.hear(served.request)
        if fault:
            self._fault(f"{label(served.request)}: {fault}")
        self._respond(served, 481 if fault else 200)

    def _invited(self, served: Served) -> None:
        request = served.request
        if self.phase is not Phase.IDLE:
            if not self._may_be_busy:
                self._fault("a second call")
            self._respond(served, 486)
            return
        self.phase = Phase.CALLING
        self.dialog.called(request)
        self._answering.begin(served)

    def _cancelled_by_server(self, served: Served) -> None:
        invite = self.transactions.invite_of(served.request)
        self._respond(served, 481 if invite is None else 200)
        if invite is not None and invite is self._answering.serving and invite.pending:
            if self.phase in (Phase.CALLING, Phase.EARLY):
                self._end_called(487)
            else:
                self._respond(invite, 487)

    def _hung_up(self, served: Served) -> None:
        if self.calls and self.phase in (Phase.CALLING, Phase.EARLY):
            self._fault("BYE from the called side before its answer")  # section 15
        self._respond(served, 481 if self.phase is Phase.ENDED else 200)
        serving = self._answering.serving
        if serving is not None and serving.pending:
            self._answering.refuse(487)
        self._changing.forget()
        if self.phase is not Phase.ENDING:
            self.phase = Phase.ENDED

    def _reinvited(self, served: Served) -> None:
        if self.phase in (Phase.CALLING, Phase.EARLY):
            self._fault("an INVITE within a dialog that is not confirmed")
        if self.phase is not Phase.CONFIRMED or self._changing.is_pending or self._answering.is_busy:
            self._respond(served, 491)  # section 14.2, RFC 5407 section 3.1.4
            return
        self._answering.serving = served
        self.dialog.learn(served.request)
        self._accept()

    def _updated(self, served: Served) -> None:
        offered = bool(served.request.body)
        unanswered = self.phase in (Phase.CALLING, Phase.EARLY) and not self.audio.answered_early
        if offered and (self._changing.is_pending or self._answering.offers or self._answering.reliable):
            self._respond(served, 491)  # RFC 3311 section 5.2
        elif offered and unanswered:
            self._respond(served, 500, "Retry-After: 1")
        else:
            self.dialog.learn(served.request)
            self._respond(
                served, 200, self.dialog.contact, ALLOW, body=self._answering.answer_to(served.request)
            )

    def _prack_received(self, served: Served) -> None:
        is_ours = self._answering.pracked(served.request.headers.get("RAck") or "")
        self._respond(served, 200 if is_ours else 481)

    def acknowledged(self, ack: Request) -> None:
        """An ACK to a 2xx of ours, or one that comes late."""
        if not self._answering.awaits(ack):
            return
        if self._answering.offers:
            if not ack.body:
                self._fault("no answer in the ACK to an offer of ours")
            self.audio.answered(ack.body)
        self._answering.acknowledged()
        if self.phase is Phase.MORATORIUM:
            self.phase = Phase.CONFIRMED

    def unacknowledged(self, served: Served) -> None:
        """A failure of ours was not acknowledged."""
        self._fault(f"no ACK to the failure of {label(served.request)}")

    # answering

    def _accept(self) -> None:
        early = self.audio.answered_early and self.phase is Phase.EARLY
        body = b"" if early else self._answering.answer_to(self._answering.invite.request)
        self._answering.accept(self._capable, body)

    def _end_called(self, status: int) -> None:
        self.phase = Phase.ENDED
        self._answering.refuse(status)

    def _respond(self, served: Served, status: int, *headers: str, body: bytes = b"") -> None:
        self._answering.respond(served, status, *headers, body=body)

    def _woken(self, name: tuple[str, ...]) -> None:
        missing = self._answering.wake(name)
        if missing is Missing.ACK:
            self._fault("no ACK to a 2xx")
            if self.phase in (Phase.MORATORIUM, Phase.CONFIRMED):
                self._hang_up()
        elif missing is Missing.PRACK:
            self._fault("no PRACK to a reliable provisional response")
            self._end_called(504)

    # what it knows

    @property
    def _is_changing(self) -> bool:
        return self._changing.is_wanted or self._answering.is_busy

    def _fault(self, what: str) -> None:
        self.faults.append(f"{self.name}: {what}")
