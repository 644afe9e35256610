"""A peer that behaves: one call of a user agent after RFC 3261, 3262, 3311 and 5407, driven by intents.

It shares no rule with `mediation.sip.invite`. What it sees the server do wrong is written into `faults`.
"""

from collections.abc import Callable
from enum import Enum, auto

from mediation.sip.flow import Endpoint
from mediation.sip.message import Request, Response
from tests.explorer.alarms import LONGEST_S, T1_S, T2_S, Alarms
from tests.explorer.intents import Intent
from tests.explorer.referral import Referral, report
from tests.explorer.transactions import Asked, Served, Transactions
from tests.explorer.wire import (
    FAX,
    MIRROR,
    describe,
    direction_of,
    label,
    place_of,
    read,
    write_request,
    write_response,
)

ALLOW = "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, NOTIFY"
_TRYING, _REPEAT_2XX, _NO_ACK, _REPEAT_1XX, _NO_PRACK, _RETRY = (
    ("me", word) for word in ("trying", "2xx", "no ack", "1xx", "no prack", "retry")
)
_SENDING = ("sendrecv", "sendonly")
_LISTENING = ("sendrecv", "recvonly")
DIRECTIONS = {
    (True, True): "sendrecv",
    (True, False): "sendonly",
    (False, True): "recvonly",
    (False, False): "inactive",
}
"""By whether one sends and whether one listens."""
TRYING_AFTER_S = 0.2
"""RFC 3261 section 17.2.1."""
RETRY_OWNER_S, RETRY_OTHER_S = 3.0, 1.0
"""Within the ranges of RFC 3261 section 14.1, for whoever has made the Call-ID and for the other one."""


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
        self.hears_at = (address[0], audio_port)
        """Where its audio is to be sent."""
        self.speaks_to = ("", 0)
        """Where it was told last to send its own."""
        self._server = server
        self._may_be_busy = may_be_busy
        self._performs = performs
        self._capable = (f"{ALLOW}, REFER" if performs else ALLOW, "Supported: 100rel")
        self._performance: tuple[int, Asked] | None = None
        """A REFER of theirs, by its CSeq number, and our first report on it."""
        self._payload_type = payload_type
        self._send = send
        self._alarms = Alarms()
        self.transactions = Transactions(self._alarms, send, self)
        self.phase = Phase.IDLE
        self.calls = False
        self.call_id = ""
        """Of its one call, once it has one."""
        self.referral = Referral()
        self.faults: list[str] = []
        """What the server did against the rules."""
        self.direction = "sendrecv"
        """What we want of the audio, as the server accepted it last."""
        self.audio = (True, True)
        """Whether we send and whether we listen, as both agreed last."""
        self.faxes = False
        """Whether both have agreed on a fax instead."""
        self._count = 0
        self._version = 0
        self._local = self._remote = ""
        """From and To of our requests."""
        self._local_tag = f"{name}-tag"
        self._remote_tag = ""
        self._target = ""
        self._sequence = 100
        self._remote_sequence = 0
        self._first: Asked | None = None
        """The INVITE that began the call, if we have sent it."""
        self._change: Asked | None = None
        """Our latest re-INVITE or UPDATE."""
        self._wanted = "sendrecv"
        self._serving: Served | None = None
        """The latest INVITE that came in."""
        self._leaving = False
        """Whether CANCEL was sent, or waits for a provisional response."""
        self._cancelled = False
        self._repeat_s = T1_S
        self._reliable = 0
        """RSeq of our reliable response that waits for its PRACK."""
        self._answered_early = False
        """Whether a reliable provisional response has answered the offer."""
        self._prack_refused = False
        self._rseq = 0
        self._peer_takes: set[str] = set()
        self._peer_supports: set[str] = set()

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
            if name[0] == "me":
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
        asked = (self._first, self._change, self.referral.asked)
        busy = next((each for each in asked if each and each.pending), None)
        if busy is not None:
            return f"waits for an answer to {busy.method}"
        if self.referral.lives and self.phase is Phase.CONFIRMED:
            return "waits for a report"
        if self._busy_serving:
            return "waits for an ACK"
        if self.phase is Phase.CONFIRMED or self.phase is Phase.ENDED:
            return self.phase.name.lower()
        return f"still {self.phase.name.lower()}"

    # intents

    @property
    def does(self) -> str:
        """The direction of its audio, or that it faxes."""
        return FAX if self.faxes else DIRECTIONS[self.audio]

    def may(self, intent: Intent) -> bool:
        """Whether the rules allow it now."""
        match intent:
            case Intent.INVITE | Intent.INVITE_WITHOUT_OFFER:
                return self.phase is Phase.IDLE
            case Intent.CANCEL:
                return self.calls and self.phase in (Phase.CALLING, Phase.EARLY) and not self._leaving
            case Intent.RING:
                return not self.calls and self.phase in (Phase.CALLING, Phase.EARLY) and not self._reliable
            case Intent.RING_RELIABLY:
                return self.may(Intent.RING) and "100rel" in self._peer_supports and not self._answered_early
            case Intent.ANSWER:  # section 5 of RFC 3262: not before the PRACK
                return not self.calls and self.phase in (Phase.CALLING, Phase.EARLY) and not self._reliable
            case Intent.REFUSE:
                return not self.calls and self.phase in (Phase.CALLING, Phase.EARLY)
            case Intent.BYE:
                early = self.calls and self.phase is Phase.EARLY and not self._leaving
                return early or self.phase is Phase.CONFIRMED
            case Intent.HOLD | Intent.FAX:
                return self.phase is Phase.CONFIRMED and not self._changing
            case Intent.UPDATE:
                return self.phase is Phase.CONFIRMED and not self._changing and "UPDATE" in self._peer_takes
            case Intent.EARLY_UPDATE:
                early = self.phase is Phase.EARLY and self._answered_early and not self._reliable
                return early and not self._change_pending and "UPDATE" in self._peer_takes
            case Intent.REFER:
                return self.phase is Phase.CONFIRMED and self.referral.asked is None

    def do(self, intent: Intent) -> None:
        """Do what `may` allows."""
        match intent:
            case Intent.INVITE:
                self._call(self._description("sendrecv"))
            case Intent.INVITE_WITHOUT_OFFER:
                self._call(b"")
            case Intent.CANCEL:
                self._leaving = True
                self._cancel_if_allowed()
            case Intent.RING:
                self._provisional(180, ())
            case Intent.RING_RELIABLY:
                self._ring_reliably()
            case Intent.ANSWER:
                self._accept(self._current_invite)
                self.phase = Phase.MORATORIUM
            case Intent.REFUSE:
                self._end_called(486)
            case Intent.BYE:
                self._hang_up()
            case Intent.HOLD:
                self._wanted = "sendrecv" if self.direction == "sendonly" else "sendonly"
                self._reinvite()
            case Intent.FAX:
                self._wanted = "sendrecv" if self.direction == FAX else FAX
                self._reinvite()
            case Intent.UPDATE | Intent.EARLY_UPDATE:
                self._wanted = "sendrecv" if self.direction == "sendonly" else "sendonly"
                self._update()
            case Intent.REFER:
                headers = (f"Refer-To: <sip:+4930999@{self._server[0]}>", self._contact)
                self.referral.asked = self._ask("REFER", headers)

    # asking

    def _call(self, body: bytes) -> None:
        self.calls = True
        self.phase = Phase.CALLING
        host = self._server[0]
        self.call_id = f"{self.name}-call"
        self._local = f"<sip:+15550100@{self.address[0]}>;tag={self._local_tag}"
        self._remote = f"<sip:+493012345678@{host}>"
        self._target = f"sip:+493012345678@{host}:5060"
        self._first = self._ask("INVITE", (self._contact, *self._capable), body)

    def _reinvite(self) -> None:
        self._change = self._ask("INVITE", (self._contact, *self._capable), self._description(self._wanted))

    def _update(self) -> None:
        self._change = self._ask("UPDATE", (self._contact,), self._description(self._wanted))

    def _hang_up(self) -> None:
        self.phase = Phase.ENDING
        self._alarms.stop(_RETRY)
        self._ask("BYE", ())

    def _cancel_if_allowed(self) -> None:
        """Section 9.1: not before a provisional response, with the INVITE's own branch."""
        first = self._first
        if first is None or first.state != "proceeding" or not self._leaving or self._cancelled:
            return
        self._cancelled = True
        octets = write_request(
            "CANCEL",
            first.octets.split(b" ", 2)[1].decode(),
            via=self._via(first.branch),
            local=self._local,
            remote=self._remote.partition(";tag=")[0],
            call_id=self.call_id,
            sequence=first.sequence,
        )
        self.transactions.ask("CANCEL", first.branch, first.sequence, octets)

    def _ask(self, method: str, headers: tuple[str, ...], body: bytes = b"") -> Asked:
        self._sequence += 1
        branch = self._branch()
        octets = self._request(method, branch, self._sequence, headers, body)
        return self.transactions.ask(method, branch, self._sequence, octets, body)

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
            self._know(response)
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
            self._answered_early = True
        self._ask("PRACK", (f"RAck: {rseq} {response.cseq}",))

    def _invite_accepted(self, asked: Asked, response: Response) -> None:
        self._know(response)
        if self._prack_refused and asked is self._first:
            self._fault("a PRACK was refused, and the INVITE accepted")
        if asked.ack:  # our ACK was lost
            self._send(asked.ack)
            return
        described = response.body or (asked is self._first and self._answered_early)
        if not described:
            self._fault("a 2xx without description")
        self._mark(response.body)
        answer = b"" if asked.body else self._answer(response.body)
        asked.ack = self._request("ACK", self._branch(), asked.sequence, (), answer)
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
        if response.status < 300:
            self.direction = self._wanted
            self._agree(self._wanted, MIRROR[direction_of(response.body)])
            self._mark(response.body)
        elif response.status == 491:
            self._alarms.set(_RETRY, self.now + (RETRY_OWNER_S if self.calls else RETRY_OTHER_S))
        elif response.status in (408, 481):  # section 12.2.1.2
            self._hang_up()

    def _report(self, refer: int, status: int) -> Asked:
        headers, body = report(refer, status)
        return self._ask("NOTIFY", (*headers, self._contact), body)

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
        elif not self._within_dialog(request):
            self._fault(f"{label(request)} for a dialog that never was")
            self._respond(served, 481)
        elif request.cseq.number < self._remote_sequence:  # section 12.2.2
            self._respond(served, 500, "Retry-After: 1")
        else:
            self._remote_sequence = request.cseq.number
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
            self._respond(served, 202, self._contact)
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
        self.call_id = request.call_id
        self._local = f"{request.headers.get('To')};tag={self._local_tag}"
        self._remote = request.headers.get("From") or ""
        self._remote_tag = request.from_.tag or ""
        self._remote_sequence = request.cseq.number
        self._serving = served
        self._learn(request)
        self._alarms.set(_TRYING, self.now + TRYING_AFTER_S)

    def _cancelled_by_server(self, served: Served) -> None:
        invite = self.transactions.invite_of(served.request)
        self._respond(served, 481 if invite is None else 200)
        if invite is not None and invite is self._serving and invite.pending:
            if self.phase in (Phase.CALLING, Phase.EARLY):
                self._end_called(487)
            else:
                self._respond(invite, 487)

    def _hung_up(self, served: Served) -> None:
        if self.calls and self.phase in (Phase.CALLING, Phase.EARLY):
            self._fault("BYE from the called side before its answer")  # section 15
        self._respond(served, 481 if self.phase is Phase.ENDED else 200)
        if self._serving is not None and self._serving.pending:
            self._give_up_ringing()
            self._respond(self._serving, 487)
        self._alarms.stop(_RETRY)
        if self.phase is not Phase.ENDING:
            self.phase = Phase.ENDED

    def _reinvited(self, served: Served) -> None:
        if self.phase in (Phase.CALLING, Phase.EARLY):
            self._fault("an INVITE within a dialog that is not confirmed")
        if self.phase is not Phase.CONFIRMED or self._change_pending or self._busy_serving:
            self._respond(served, 491)  # section 14.2, RFC 5407 section 3.1.4
            return
        self._serving = served
        self._learn(served.request)
        self._accept(served)

    def _updated(self, served: Served) -> None:
        offered = bool(served.request.body)
        unanswered = self.phase in (Phase.CALLING, Phase.EARLY) and not self._answered_early
        if offered and (self._change_pending or self._offer_in_answer or self._reliable):
            self._respond(served, 491)  # RFC 3311 section 5.2
        elif offered and unanswered:
            self._respond(served, 500, "Retry-After: 1")
        else:
            self._learn(served.request)
            self._respond(served, 200, self._contact, ALLOW, body=self._answer_to(served.request))

    def _prack_received(self, served: Served) -> None:
        rack = (served.request.headers.get("RAck") or "").split(" ")
        if self._reliable and rack[0] == str(self._reliable):
            self._alarms.stop(_REPEAT_1XX)
            self._alarms.stop(_NO_PRACK)
            self._reliable, self._answered_early = 0, True
            self._respond(served, 200)
        else:
            self._respond(served, 481)

    def acknowledged(self, ack: Request) -> None:
        """An ACK to a 2xx of ours, or one that comes late."""
        serving = self._serving
        if serving is None or ack.cseq.number != serving.request.cseq.number or not serving.unacknowledged:
            return
        if not serving.request.body and not ack.body:
            self._fault("no answer in the ACK to an offer of ours")
        if not serving.request.body:
            self._agree(self.direction, MIRROR[direction_of(ack.body)])
            self._mark(ack.body)
        self._stop_repeating()
        if self.phase is Phase.MORATORIUM:
            self.phase = Phase.CONFIRMED

    def unacknowledged(self, served: Served) -> None:
        """A failure of ours was not acknowledged."""
        self._fault(f"no ACK to the failure of {label(served.request)}")

    # answering

    def _provisional(self, status: int, headers: tuple[str, ...], body: bytes = b"") -> None:
        self._alarms.stop(_TRYING)
        self.phase = Phase.EARLY
        self._respond(self._current_invite, status, self._contact, *headers, body=body)

    def _ring_reliably(self) -> None:
        self._rseq += 1
        self._reliable = self._rseq
        body = self._answer_to(self._current_invite.request)
        self._provisional(183, ("Require: 100rel", f"RSeq: {self._rseq}", ALLOW), body)
        self._repeat_s = T1_S
        self._alarms.set(_REPEAT_1XX, self.now + T1_S)
        self._alarms.set(_NO_PRACK, self.now + LONGEST_S)

    def _accept(self, served: Served) -> None:
        self._alarms.stop(_TRYING)
        body = b"" if self._answered_early and self.phase is Phase.EARLY else self._answer_to(served.request)
        self._respond(served, 200, self._contact, *self._capable, body=body)
        self._repeat_s = T1_S
        self._alarms.set(_REPEAT_2XX, self.now + T1_S)
        self._alarms.set(_NO_ACK, self.now + LONGEST_S)

    def _end_called(self, status: int) -> None:
        self._give_up_ringing()
        self.phase = Phase.ENDED
        self._respond(self._current_invite, status)

    def _give_up_ringing(self) -> None:
        for alarm in (_TRYING, _REPEAT_1XX, _NO_PRACK):
            self._alarms.stop(alarm)

    def _respond(self, served: Served, status: int, *headers: str, body: bytes = b"") -> None:
        octets = write_response(
            served.request, status, tag=self._local_tag, headers=tuple(headers), body=body
        )
        self.transactions.respond(served, status, octets)

    def _woken(self, name: tuple[str, ...]) -> None:
        serving = self._serving
        if name == _TRYING and serving is not None and serving.state == "trying":
            self._respond(serving, 100)
        elif name in (_REPEAT_2XX, _REPEAT_1XX) and serving is not None:
            self._send(serving.said[-1])
            self._repeat_s *= 2
            if name == _REPEAT_2XX:  # section 13.3.1.4; those of RFC 3262 double without a bound
                self._repeat_s = min(self._repeat_s, T2_S)
            self._alarms.set(name, self.now + self._repeat_s)
        elif name == _NO_ACK:
            self._fault("no ACK to a 2xx")
            self._stop_repeating()
            if self.phase in (Phase.MORATORIUM, Phase.CONFIRMED):
                self._hang_up()
        elif name == _NO_PRACK:
            self._fault("no PRACK to a reliable provisional response")
            self._end_called(504)
        elif name == _RETRY and self._change is not None and self.phase in _ALIVE:
            if self._busy_serving:
                self._alarms.set(_RETRY, self.now + RETRY_OTHER_S)
            elif self._change.method == "INVITE":
                self._reinvite()
            else:
                self._update()

    def _stop_repeating(self) -> None:
        self._alarms.stop(_REPEAT_2XX)
        self._alarms.stop(_NO_ACK)
        if self._serving is not None:
            self._serving.unacknowledged = b""

    # what it knows

    @property
    def _current_invite(self) -> Served:
        assert self._serving is not None
        return self._serving

    @property
    def _change_pending(self) -> bool:
        return self._change is not None and self._change.pending

    @property
    def _busy_serving(self) -> bool:
        """Whether an INVITE of theirs is not through (section 14.1)."""
        serving = self._serving
        if serving is None or serving.state in ("confirmed", "over"):
            return False
        return serving.state != "accepted" or bool(serving.unacknowledged)

    @property
    def _changing(self) -> bool:
        return self._change_pending or self._busy_serving or self._alarms.has(_RETRY)

    @property
    def _offer_in_answer(self) -> bool:
        """Whether a 2xx of ours has made an offer that the ACK must answer."""
        serving = self._serving
        return serving is not None and bool(serving.unacknowledged) and not serving.request.body

    def _within_dialog(self, request: Request) -> bool:
        theirs, ours = request.from_.tag or "", request.to.tag or ""
        return (request.call_id, ours) == (self.call_id, self._local_tag) and theirs == self._remote_tag

    def _know(self, response: Response) -> None:
        """Section 12.1.2, and a server that is one party and no proxy: it never forks."""
        tag = response.to.tag or ""
        if self._remote_tag and tag != self._remote_tag:
            self._fault(f"the tag changed from {self._remote_tag} to {tag}")
        if not self._remote_tag:
            self._remote_tag = tag
            self._remote = f"{self._remote};tag={tag}"
        self._learn(response)

    def _learn(self, message: Request | Response) -> None:
        if message.contact is None:
            self._fault(f"{label(message)} without Contact")
        else:
            self._target = str(message.contact.uri)
        if message.allow:
            self._peer_takes = set(message.allow)
        self._peer_supports.update(message.supported)

    def _answer_to(self, request: Request) -> bytes:
        """An answer, or an offer where the request made none and may have one."""
        if request.body:
            return self._answer(request.body)
        return b"" if request.method == "UPDATE" else self._description(self.direction)

    def _answer(self, offer: bytes) -> bytes:
        """RFC 3264 section 6.1: what they offer, less what we do not want; nobody refuses a fax, or the end of one."""
        offered = direction_of(offer)
        if FAX in (offered, self.direction):
            self.direction = FAX if offered == FAX else "sendrecv"
        self._agree(self.direction, MIRROR[offered])
        self._mark(offer)
        return self._description(self.does)

    def _mark(self, body: bytes) -> None:
        if body:
            self.speaks_to = place_of(body)

    def _agree(self, ours: str, theirs: str) -> None:
        """Both as we see them."""
        self.faxes = FAX in (ours, theirs)
        self.audio = (
            ours in _SENDING and theirs in _SENDING,
            ours in _LISTENING and theirs in _LISTENING,
        )

    def _description(self, direction: str) -> bytes:
        self._version += 1
        session = 7_000_000 + self._payload_type
        return describe(self.hears_at, session, self._version, self._payload_type, direction)

    # printing

    @property
    def _contact(self) -> str:
        return f"Contact: <sip:line-{self.name}@{self.address[0]}:{self.address[1]}>"

    def _branch(self) -> str:
        self._count += 1
        return f"z9hG4bK-{self.name}-{self._count}"

    def _via(self, branch: str) -> str:
        return f"SIP/2.0/UDP {self.address[0]}:{self.address[1]};branch={branch}"

    def _request(
        self, method: str, branch: str, sequence: int, headers: tuple[str, ...], body: bytes
    ) -> bytes:
        return write_request(
            method,
            self._target,
            via=self._via(branch),
            local=self._local,
            remote=self._remote,
            call_id=self.call_id,
            sequence=sequence,
            headers=(f"User-Agent: {self.name}-product", *headers),
            body=body,
        )

    def _fault(self, what: str) -> None:
        self.faults.append(f"{self.name}: {what}")
