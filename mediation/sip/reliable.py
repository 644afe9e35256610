"""Reliable provisional responses: numbers, and the order in which they go and come (RFC 3262).

`ReliableReceiver` is the caller's half: it says what a reliable 18x is to it. `ReliableSender` is the callee's half: it
numbers them, keeps one on its way at a time, and says when to repeat it. There is one of either for each early dialog.
Times are seconds on the driver's clock.
"""

import re
from collections import deque
from dataclasses import dataclass
from enum import Enum, auto
from typing import Generic, Self, TypeVar

from mediation.sip.errors import LocalSipError, RemoteSipError
from mediation.sip.grammar import TOKEN, number
from mediation.sip.headers import HIGHEST_SEQUENCE_NUMBER, CSeq
from mediation.sip.message import Request, Response

HIGHEST_RSEQ = 2**32 - 1
"""Section 7.1."""
HIGHEST_FIRST_RSEQ = 2**31 - 1
"""The first number of a request's responses is 1 to this, so that the counting never wraps (section 3)."""
MOST_WAITING = 16
"""Responses that wait behind an unacknowledged one. A caller that never says PRACK is given up after 64 times T1."""

_RACK = re.compile(rf"([0-9]++)[ \t]++([0-9]++)[ \t]++({TOKEN})")


@dataclass(frozen=True, slots=True)
class RSeq:
    """The number of one reliable provisional response (section 7.1)."""

    number: int
    """1 to 2**32 - 1."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """An RSeq value. Raises RemoteSipError(400)."""
        value = number(text, high=HIGHEST_RSEQ, what="RSeq")
        if value == 0:
            raise RemoteSipError(400, "Bad RSeq")
        return cls(value)

    def __str__(self) -> str:
        return str(self.number)


@dataclass(frozen=True, slots=True)
class RAck:
    """Which response a PRACK acknowledges (section 7.2)."""

    rseq: int
    """1 to 2**32 - 1."""
    cseq: CSeq
    """Of the request that the response answers, not of the PRACK."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """A RAck value. Raises RemoteSipError(400)."""
        match = _RACK.fullmatch(text)
        if match is None:
            raise RemoteSipError(400, "Bad RAck")
        rseq = number(match[1], high=HIGHEST_RSEQ, what="RAck")
        if rseq == 0:
            raise RemoteSipError(400, "Bad RAck")
        return cls(rseq, CSeq(number(match[2], high=HIGHEST_SEQUENCE_NUMBER, what="RAck"), match[3]))

    def __str__(self) -> str:
        return f"{self.rseq} {self.cseq}"


def rseq_of(response: Response) -> RSeq | None:
    """The number of a response that wants a PRACK; None for one that does not (section 4).

    One does that is above 100, below 200, demands 100rel and can be numbered. Raises RemoteSipError(400) where the
    number cannot be read.
    """
    if not 100 < response.status < 200 or all(tag.lower() != "100rel" for tag in response.require):
        return None
    value = response.headers.get("RSeq")
    return None if value is None else RSeq.parse(value)


def rack_of(request: Request) -> RAck:
    """What a PRACK acknowledges. Raises RemoteSipError(400), also where nothing is named."""
    value = request.headers.get("RAck")
    if value is None:
        raise RemoteSipError(400, "Missing RAck")
    return RAck.parse(value)


class Arrival(Enum):
    """What a reliable provisional response is to who has received it."""

    NEW = auto()
    """The next one in order: to be acted upon and acknowledged."""
    REPEAT = auto()
    """Seen before: to be dropped, for the PRACK is repeated by its own transaction."""
    OUT_OF_ORDER = auto()
    """Not the next one: neither to be acted upon nor acknowledged; it will be repeated."""


class ReliableReceiver:
    """The order of one early dialog's reliable responses, at the caller's end (section 4)."""

    def __init__(self) -> None:
        self._cseq: CSeq | None = None
        self._latest = 0

    def receive(self, rseq: RSeq, cseq: CSeq) -> Arrival:
        """What the response with these two is. A NEW one counts as received."""
        if self._cseq is None or cseq.number > self._cseq.number:  # each request has a numbering of its own
            self._cseq, self._latest = cseq, rseq.number
            return Arrival.NEW
        if cseq != self._cseq:
            return Arrival.OUT_OF_ORDER
        if rseq.number == self._latest + 1:
            self._latest = rseq.number
            return Arrival.NEW
        return Arrival.REPEAT if rseq.number == self._latest else Arrival.OUT_OF_ORDER

    @property
    def rack(self) -> RAck:
        """What the PRACK to the latest NEW response says."""
        if self._cseq is None:
            raise LocalSipError("there is no response to acknowledge")
        return RAck(self._latest, self._cseq)


R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Numbered(Generic[R]):
    """A reliable response that is to be sent now, with its number."""

    rseq: RSeq
    response: R
    """As it was given; nothing in here looks into it."""
    has_session: bool
    """Whether it holds a session description."""


@dataclass(frozen=True, slots=True)
class Acknowledged(Generic[R]):
    """A PRACK has found its response; the PRACK earns a 2xx."""

    sent: Numbered[R]
    next: Numbered[R] | None
    """What waited behind it and is to be sent now."""


class Due(Enum):
    """What time has brought."""

    REPEAT = auto()
    """Send `outstanding` once more."""
    GIVE_UP = auto()
    """No PRACK for 64 times T1: the request should be refused with 5xx (section 3)."""


class ReliableSender(Generic[R]):
    """Numbers, order and repetition of one early dialog's reliable responses, at the callee's end (section 3)."""

    def __init__(self, cseq: CSeq, first: int, t1_s: float) -> None:
        """`cseq` is the request's; `first` is a number of chance from 1 to 2**31 - 1, as section 3 wants it."""
        if not 1 <= first <= HIGHEST_FIRST_RSEQ:
            raise LocalSipError("the first RSeq is out of bounds")
        self._cseq = cseq
        self._number = first
        self._t1_s = t1_s
        self._interval_s = t1_s
        self._repeat_at: float | None = None
        self._give_up_at: float | None = None
        self._waiting: deque[tuple[R, bool]] = deque()
        self._closed = False
        self.outstanding: Numbered[R] | None = None
        """The one whose PRACK is still to come."""

    def give(self, response: R, now: float, *, has_session: bool = False) -> Numbered[R] | None:
        """Send a response reliably: with its number at once, or None while another is on its way.

        When many wait, one without a session description gives way to this: only the latest news matter. Raises
        LocalSipError after `close`.
        """
        if self._closed:
            raise LocalSipError("a provisional response after the final one")
        if self.outstanding is None:
            return self._send(response, now, has_session=has_session)
        if len(self._waiting) >= MOST_WAITING:
            self._make_room()
        self._waiting.append((response, has_session))
        return None

    def acknowledge(self, rack: RAck, now: float) -> Acknowledged[R] | None:
        """A PRACK came; None: it matches nothing that is unacknowledged and earns 481 (section 3)."""
        sent = self.outstanding
        if sent is None or rack != RAck(sent.rseq.number, self._cseq):
            return None
        self._rest()
        self.outstanding = None
        if self._closed or not self._waiting:
            return Acknowledged(sent, None)
        response, has_session = self._waiting.popleft()
        return Acknowledged(sent, self._send(response, now, has_session=has_session))

    @property
    def holds_2xx(self) -> bool:
        """Whether a 2xx must wait: a session description was sent, or waits to be, without its PRACK (section 3)."""
        outstanding = self.outstanding is not None and self.outstanding.has_session
        return outstanding or any(has_session for _, has_session in self._waiting)

    def close(self) -> None:
        """The final response goes: nothing is repeated or sent any more, but a PRACK on its way still matches."""
        self._closed = True
        self._waiting.clear()
        self._rest()

    def next_deadline(self) -> float | None:
        """When `handle_timeout` wants to be called, or None."""
        if self._repeat_at is None or self._give_up_at is None:
            return None
        return min(self._repeat_at, self._give_up_at)

    def handle_timeout(self, now: float) -> Due | None:
        """What is due by now, if anything: repetitions after T1, twice T1 and so on, the end after 64 times T1."""
        if self._give_up_at is not None and now >= self._give_up_at:
            self.close()
            return Due.GIVE_UP
        if self._repeat_at is not None and now >= self._repeat_at:
            self._interval_s *= 2
            self._repeat_at += self._interval_s
            return Due.REPEAT
        return None

    def _send(self, response: R, now: float, *, has_session: bool) -> Numbered[R]:
        self.outstanding = Numbered(RSeq(self._number), response, has_session)
        self._number += 1
        self._interval_s = self._t1_s
        self._repeat_at = now + self._t1_s
        self._give_up_at = now + 64 * self._t1_s
        return self.outstanding

    def _rest(self) -> None:
        self._repeat_at = self._give_up_at = None

    def _make_room(self) -> None:
        """Drop the oldest that waits without a session description, or the oldest of all."""
        index = next((index for index, (_, has_session) in enumerate(self._waiting) if not has_session), 0)
        del self._waiting[index]
