"""Hears keys as tones in a party's audio (ITU-T Q.23, Q.24), and keeps the tones from going on: no key is heard twice.

A tone is known for a key when most of its shortest length has sounded. So audio goes through a delay line, as long as
it takes to know: 40 ms, in whole packets; what turns out to be a tone becomes silence before it leaves. Only calls have
this whose plan turns tones into something else.
"""

from collections.abc import Callable, Iterable
from typing import Final, Protocol

from mediation.b2bua.plan import Stream
from mediation.media.agreed_law import AgreedLaw
from mediation.media.clock import NEVER, UNITS_PER_MS
from mediation.media.keypad import Press
from mediation.media.outlet import Heard
from mediation_codecs.dtmf_detector import Tone, ToneDetector
from mediation_codecs.g711 import decode
from mediation_codecs.law import SILENCE, Law

DELAY: Final = 40 * UNITS_PER_MS
"""A key is known before the packet leaves in which it begins."""

STOPPED: Final = 100 * UNITS_PER_MS
"""A source that says nothing for so long has stopped: what is held goes on."""

BRIDGED: Final = 80 * UNITS_PER_MS
"""Audio that is missing so long does not end a tone: packets get lost."""

MARGIN: Final = 5 * UNITS_PER_MS
"""Around a tone: its edges are known to so much."""

MOST_HELD: Final = 32
"""Packets; tiny ones would gather else."""

_HALF: Final = 1 << 31


SendOn = Callable[[Heard, int], None]
"""Takes a packet on, at a time."""


class Mouth(Protocol):
    """Says on the other side what is heard here."""

    def pressed(self, press: Press, now: int) -> None:
        """A key is down."""

    def released(self, press: Press, now: int) -> None:
        """It is up, and its duration known."""


class ToneEar:
    """Of one direction. All times are of the media clock."""

    __slots__ = (
        "_detector", "_held", "_law", "_mouth", "_next", "_now", "_payload_types", "_press", "_remind", "_send_on",
        "_spans", "deadline",
    )  # fmt: skip

    def __init__(self, mouth: Mouth, send_on: SendOn, remind: Callable[[], None]) -> None:
        """`send_on` takes what was held when the source stops; `remind` is called when `deadline` has come nearer."""
        self._mouth = mouth
        self._send_on = send_on
        self._remind = remind
        self._law = Law.PCMU
        self._payload_types: tuple[int, ...] = ()
        self._detector = ToneDetector()
        self._next: int | None = None
        """The timestamp that follows what the detector has heard."""
        self._held: list[tuple[Heard, int]] = []
        """Packets with the place of their first sample, in order of their sequence numbers."""
        self._spans: list[Tone] = []
        """Tones that what is held may have a part of, in order."""
        self._press: Press | None = None
        self._now = 0
        """When it has heard last."""
        self.deadline = NEVER
        """When the source has stopped, if nothing more comes."""

    def follow(self, source: Stream) -> None:
        """Audio comes in this law from now on, and what is held of it is in that, too."""
        self._law = source.law
        agreed = AgreedLaw(source)
        for packet, _ in self._held:
            agreed.restate(packet)
        self._payload_types = source.taken_payload_types

    def hear(self, packet: Heard, now: int) -> Iterable[Heard]:
        """Take a packet; what is to go on now, tones muted."""
        if packet.payload_type not in self._payload_types:
            return [*self._let_go(0), packet]
        was_idle, self.deadline, self._now = self.deadline == NEVER, now + STOPPED, now
        if was_idle:
            self._remind()
        place = self._place_of(packet)
        if place is None:
            self._insert(packet)
        else:
            self._held.append((packet, place))
            for tone in self._detector.feed(decode(self._law, packet.payload)):
                self._note(tone, now)
        return self._let_go(DELAY)

    def source_changed(self) -> None:
        """Another stream begins: what follows is no part of a tone before."""
        self._next = None

    def handle_timeout(self, now: int) -> None:
        """The source has stopped."""
        if self.deadline <= now:
            self._stop(now)

    def stop(self) -> None:
        """Nothing more is to be heard: what sounds is over, and what is held goes on."""
        self._stop(self._now)

    def _stop(self, now: int) -> None:
        self.deadline = NEVER
        if self._detector.tone is not None:
            self._note(self._detector.give_up(), now)
        for packet in self._let_go(0):
            self._send_on(packet, now)

    def _place_of(self, packet: Heard) -> int | None:
        """Where its samples stand among those that were heard; None: it is late, and another one has its place."""
        missing = 0 if self._next is None else (packet.timestamp - self._next) & 0xFFFFFFFF
        if missing >= _HALF:
            if _HALF * 2 - missing <= BRIDGED:
                return None
            missing = 0  # its clock was set back
        if missing:
            self._detector.skip(min(missing, BRIDGED))
        self._next = (packet.timestamp + len(packet.payload)) & 0xFFFFFFFF
        return self._detector.samples

    def _insert(self, late: Heard) -> None:
        """A packet that others have overtaken goes before them; nobody can tell any more what it says."""
        at = next(
            (
                index
                for index, (held, _) in enumerate(self._held)
                if 0 < (held.sequence - late.sequence) & 0xFFFF < 0x8000
            ),
            len(self._held),
        )
        place = self._held[at][1] - len(late.payload) if at < len(self._held) else self._detector.samples
        self._held.insert(at, (late, place))

    def _note(self, tone: Tone, now: int) -> None:
        """A key has begun, or ended."""
        if tone.end is None:
            self._spans.append(tone)
            self._press = Press(tone.key)
            self._mouth.pressed(self._press, now)
        elif self._press is not None:
            self._spans[-1] = tone
            press, self._press = self._press, None
            press.duration = tone.end - tone.begin
            self._mouth.released(press, now)

    def _let_go(self, keep: int) -> list[Heard]:
        """What has been held long enough; `keep` samples stay."""
        held, gone = self._held, []
        waiting = sum(len(packet.payload) for packet, _ in held)
        while held and (waiting - len(held[0][0].payload) >= keep or len(held) > MOST_HELD):
            packet, place = held.pop(0)
            waiting -= len(packet.payload)
            gone.append(self._muted(packet, place))
        begin = held[0][1] if held else self._detector.samples
        self._spans = [tone for tone in self._spans if tone.end is None or tone.end + MARGIN > begin]
        return gone

    def _muted(self, packet: Heard, place: int) -> Heard:
        """The packet with silence where a tone is."""
        size = len(packet.payload)
        for tone in self._spans:
            begin = max(0, tone.begin - MARGIN - place)
            end = size if tone.end is None else min(size, tone.end + MARGIN - place)
            if begin < end:
                silence = bytes((SILENCE[self._law],)) * (end - begin)
                packet.payload = packet.payload[:begin] + silence + packet.payload[end:]
        return packet
