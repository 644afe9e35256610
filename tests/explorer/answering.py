"""How a peer answers the INVITEs that it gets: ringing, reliably or not, and a 2xx that is repeated until its ACK.

RFC 3261 section 13.3 and RFC 3262 section 3.
"""

from collections.abc import Callable
from enum import Enum, auto

from mediation.sip.message import Request
from tests.explorer.alarms import LONGEST_S, T1_S, T2_S, Alarms
from tests.explorer.audio import Audio
from tests.explorer.dialog import Dialog
from tests.explorer.transactions import Served, Transactions
from tests.explorer.wire import write_response

_TRYING, _REPEAT_2XX, _NO_ACK, _REPEAT_1XX, _NO_PRACK = (
    ("answering", word) for word in ("trying", "2xx", "no ack", "1xx", "no prack")
)
ALLOW = "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, NOTIFY"
TRYING_AFTER_S = 0.2
"""RFC 3261 section 17.2.1."""


class Missing(Enum):
    """What has not come for so long that it never will."""

    ACK = auto()
    PRACK = auto()


class Answering:
    """Of one party: one INVITE at a time."""

    def __init__(
        self,
        alarms: Alarms,
        transactions: Transactions,
        dialog: Dialog,
        audio: Audio,
        send: Callable[[bytes], None],
    ) -> None:
        self.serving: Served | None = None
        """The latest INVITE that came in."""
        self.reliable = 0
        """RSeq of our reliable response that waits for its PRACK."""
        self._alarms = alarms
        self._transactions = transactions
        self._dialog = dialog
        self._audio = audio
        self._send = send
        self._rseq = 0
        self._repeat_s = T1_S

    # what it is

    @property
    def invite(self) -> Served:
        """The latest INVITE, which there is."""
        assert self.serving is not None
        return self.serving

    @property
    def is_busy(self) -> bool:
        """Whether an INVITE of theirs is not through (section 14.1)."""
        serving = self.serving
        if serving is None or serving.state in ("confirmed", "over"):
            return False
        return serving.state != "accepted" or bool(serving.unacknowledged)

    @property
    def offers(self) -> bool:
        """Whether a 2xx of ours has made an offer that the ACK must answer."""
        serving = self.serving
        return serving is not None and bool(serving.unacknowledged) and not serving.request.body

    def awaits(self, ack: Request) -> bool:
        """Whether this is the ACK to a 2xx that was not acknowledged yet."""
        serving = self.serving
        return (
            serving is not None
            and ack.cseq.number == serving.request.cseq.number
            and bool(serving.unacknowledged)
        )

    # what it does

    def begin(self, served: Served) -> None:
        """The INVITE that begins the call."""
        self.serving = served
        self._alarms.set(_TRYING, self._transactions.now + TRYING_AFTER_S)

    def ring(self) -> None:
        """180, which may be lost."""
        self._provisional(180)

    def ring_reliably(self) -> None:
        """183 with an answer, until its PRACK comes."""
        self._rseq += 1
        self.reliable = self._rseq
        headers = ("Require: 100rel", f"RSeq: {self._rseq}", ALLOW)
        self._provisional(183, *headers, body=self.answer_to(self.invite.request))
        self._repeat(_REPEAT_1XX, _NO_PRACK)

    def pracked(self, rack: str) -> bool:
        """Whether a PRACK with this RAck is for what waits, which waits no longer then."""
        if not self.reliable or rack.split(" ")[0] != str(self.reliable):
            return False
        self._alarms.stop(_REPEAT_1XX)
        self._alarms.stop(_NO_PRACK)
        self.reliable, self._audio.answered_early = 0, True
        return True

    def accept(self, capable: tuple[str, ...], body: bytes) -> None:
        """200, until its ACK comes."""
        self._alarms.stop(_TRYING)
        self.respond(self.invite, 200, self._dialog.contact, *capable, body=body)
        self._repeat(_REPEAT_2XX, _NO_ACK)

    def acknowledged(self) -> None:
        """The ACK is there, or is waited for no longer."""
        self._alarms.stop(_REPEAT_2XX)
        self._alarms.stop(_NO_ACK)
        if self.serving is not None:
            self.serving.unacknowledged = b""

    def refuse(self, status: int) -> None:
        """A final failure."""
        self.give_up_ringing()
        self.respond(self.invite, status)

    def give_up_ringing(self) -> None:
        """Say nothing provisional any more."""
        for alarm in (_TRYING, _REPEAT_1XX, _NO_PRACK):
            self._alarms.stop(alarm)

    def respond(self, served: Served, status: int, *headers: str, body: bytes = b"") -> None:
        """To any request."""
        tag = self._dialog.local_tag
        octets = write_response(served.request, status, tag=tag, headers=tuple(headers), body=body)
        self._transactions.respond(served, status, octets)

    def answer_to(self, request: Request) -> bytes:
        """An answer, or an offer where the request made none and may have one."""
        if request.body:
            return self._audio.answer(request.body)
        return b"" if request.method == "UPDATE" else self._audio.offer()

    def wake(self, name: tuple[str, ...]) -> Missing | None:
        """One of our alarms: say it again; what is missing for good, if that is so."""
        serving = self.serving
        if name == _TRYING and serving is not None and serving.state == "trying":
            self.respond(serving, 100)
        elif name in (_REPEAT_2XX, _REPEAT_1XX) and serving is not None:
            self._send(serving.said[-1])
            self._repeat_s *= 2
            if name == _REPEAT_2XX:  # section 13.3.1.4; those of RFC 3262 double without a bound
                self._repeat_s = min(self._repeat_s, T2_S)
            self._alarms.set(name, self._transactions.now + self._repeat_s)
        elif name == _NO_ACK:
            self.acknowledged()
            return Missing.ACK
        elif name == _NO_PRACK:
            return Missing.PRACK
        return None

    def _provisional(self, status: int, *headers: str, body: bytes = b"") -> None:
        self._alarms.stop(_TRYING)
        self.respond(self.invite, status, self._dialog.contact, *headers, body=body)

    def _repeat(self, again: tuple[str, ...], enough: tuple[str, ...]) -> None:
        now = self._transactions.now
        self._repeat_s = T1_S
        self._alarms.set(again, now + T1_S)
        self._alarms.set(enough, now + LONGEST_S)
