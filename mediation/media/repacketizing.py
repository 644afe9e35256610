"""Packets of another length than they come: cut, or joined, with the time of their samples (RFC 3551 section 4.2).

Only where the party that hears them must have it so: it takes no longer ones (`maxptime`), or wants its `ptime` to the
letter. A source that changes its packets without a word is followed at once. What is missing between two packets is
concealed where it was lost, for 60 ms at most, for in packets that are joined nobody else could tell; where nothing was
said it is silence, and what stays over when the source stops is filled up with that. A hole that is longer stays open,
as a pause: the next packet has the time of its samples.
"""

from collections.abc import Callable, Iterator
from typing import Final

from mediation.b2bua.plan import Stream
from mediation.media.clock import NEVER, UNITS_PER_MS
from mediation_codecs.concealment import HISTORY, LONGEST, concealed
from mediation_codecs.law import SILENCE
from mediation_codecs.transcode import transcoder

STOPPED: Final = 120 * UNITS_PER_MS
"""A source that sends nothing for so long has stopped: twice the longest packet that there is."""

_HALF: Final = 1 << 31

Piece = tuple[bytes, int, bool]
"""Payload, timestamp and marker of a packet that may leave."""


def lengths_for(sink: Stream) -> tuple[int, int]:
    """The shortest and the longest packet that a party takes, in samples; 0 and a great number: any."""
    most = sink.max_ptime_ms * UNITS_PER_MS or _HALF
    if sink.repacketize:
        wanted = min(sink.ptime_ms * UNITS_PER_MS, most)
        return wanted, wanted
    return 0, most


class Repacketizer:
    """Of one direction. `payload`s are in the law of the party that hears them; an octet is a sample."""

    __slots__ = (
        "_heard", "_law", "_marker", "_pending", "_remind", "_silence", "_timestamp", "_wanted", "deadline",
    )  # fmt: skip

    def __init__(self, sink: Stream, remind: Callable[[], None]) -> None:
        """`remind` is called when `deadline` may have come nearer."""
        self._remind = remind
        self._pending = b""
        self._heard = b""
        """What came last, to go on from."""
        self._timestamp: int | None = None
        """Of the first sample that waits, or of the next one that should come."""
        self._marker = False
        self.deadline = NEVER
        """When what waits leaves as it is, if nothing more comes."""
        self._law = sink.law
        self.follow(sink)

    def follow(self, sink: Stream) -> None:
        """The party wants packets of another length, or another law: what waits goes on in that."""
        _, self._wanted = lengths_for(sink)
        self._silence = bytes((SILENCE[sink.law],))
        translate = transcoder(self._law, sink.law)
        self._law = sink.law
        self._pending, self._heard = translate(self._pending), translate(self._heard)

    def bypassed(self) -> None:
        """A packet has left as it came: what was heard before it is not what comes before the next one."""
        self._timestamp, self._heard = None, b""

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self._pending

    def take(
        self, payload: bytes, timestamp: int, marker: bool, now: int, *, conceals: bool
    ) -> Iterator[Piece]:
        """More of the stream; what may leave with it. `conceals`: packets before it were lost, and may be made up."""
        expected = timestamp if self._timestamp is None else self._timestamp + len(self._pending)
        past = (expected - timestamp) & 0xFFFFFFFF
        if 0 < past < 2 * STOPPED:  # what stands there has left, or waits
            payload, timestamp = payload[past:], timestamp + past
            if not payload:
                return
        missing = (timestamp - expected) & 0xFFFFFFFF
        if conceals and self._heard and 0 < missing <= STOPPED:
            made = concealed(self._law, self._heard, min(missing, LONGEST))
            yield from self._join(made, expected, marker=False)
            expected += len(made)
        if self._pending:
            step = (timestamp - expected) & 0xFFFFFFFF
            if step < self._wanted - len(self._pending):
                self._pending += self._silence * step
            else:
                yield from self.flush()
        yield from self._join(payload, timestamp, marker=marker)
        self._heard = (self._heard + payload)[-HISTORY:]
        was_idle, self.deadline = self.deadline == NEVER, now + STOPPED if self._pending else NEVER
        if was_idle and self._pending:
            self._remind()

    def _join(self, payload: bytes, timestamp: int, *, marker: bool) -> Iterator[Piece]:
        """What follows on all that waits."""
        if not self._pending:
            self._timestamp, self._marker = timestamp & 0xFFFFFFFF, marker
        self._pending += payload
        while len(self._pending) >= self._wanted:
            yield self._cut(self._pending[: self._wanted])

    def flush(self) -> Iterator[Piece]:
        """What waits, filled up with silence."""
        if self._pending:
            yield self._cut(self._pending.ljust(self._wanted, self._silence))
        self._pending = b""
        self.deadline = NEVER

    def _cut(self, payload: bytes) -> Piece:
        timestamp = self._timestamp or 0
        piece = payload, timestamp, self._marker
        self._pending = self._pending[len(payload) :]
        self._timestamp = (timestamp + len(payload)) & 0xFFFFFFFF
        self._marker = False
        return piece
