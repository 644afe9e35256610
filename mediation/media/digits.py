"""Keys from one party to the other where the two say them in unlike ways (flow 19): heard here, said there.

For one direction of a call, while its plan asks for it: events that come are no audio and go no further as they are;
what is heard becomes tones, or a word to signalling, which says it on the other side.
"""

from collections.abc import Callable, Iterable
from typing import Final

from mediation.b2bua.plan import Stream
from mediation.media.clock import NEVER, UNITS_PER_MS
from mediation.media.keypad import SHORTEST, Keypad, Press
from mediation.media.outlet import Heard, Outlet
from mediation.media.tone_ear import SendOn, ToneEar
from mediation.rtp.packet import RtpError
from mediation.rtp.telephone_event import EventReceiver
from mediation.settings.peer_media import Dtmf

LOST: Final = 200 * UNITS_PER_MS
"""Without a packet of it for so long, an event is over: its end was lost (RFC 4733 section 2.5.2)."""

Tell = Callable[[str, int], None]
"""Called with a key and for how many milliseconds it was pressed, once it has been let go."""


def way_of(stream: Stream) -> Dtmf | None:
    """How a party says and hears keys; None: there is no way."""
    if stream.event_payload_type is not None:
        return Dtmf.RTP
    return None if stream.dtmf is Dtmf.RTP else stream.dtmf


def are_unlike(source: Stream, sink: Stream) -> bool:
    """Whether keys of one party must be said in another way to the other, and can be now."""
    said, heard = way_of(source), way_of(sink)
    if said is None or heard is None or said is heard:
        return False
    return (said is Dtmf.INFO or source.sends) and (heard is Dtmf.INFO or sink.hears_across)


class Digits:
    """Of one direction. All times are of the media clock."""

    __slots__ = ("_ear", "_keypad", "_teller", "_tone_ear", "ways")

    def __init__(
        self,
        source: Stream,
        sink: Stream,
        outlet: Outlet,
        send_on: SendOn,
        tell: Tell,
        remind: Callable[[], None],
    ) -> None:
        """`send_on` takes packets that were held back; `remind` is called when `deadline` may have come nearer."""
        self.ways = way_of(source), way_of(sink)
        """How keys come, and how they go."""
        self._keypad = None if self.ways[1] is Dtmf.INFO else Keypad(sink, outlet, remind)
        self._teller = Teller(tell)
        mouth = self._keypad or self._teller
        self._ear = EventEar(mouth, remind)
        self._tone_ear = ToneEar(mouth, send_on, remind) if self.ways[0] is Dtmf.INBAND else None
        self.follow(source, sink)

    def follow(self, source: Stream, sink: Stream) -> None:
        """A plan with the same ways, and other numbers perhaps."""
        self._ear.follow(source)
        if self._tone_ear is not None:
            self._tone_ear.follow(source)
        if self._keypad is not None:
            self._keypad.follow(sink)

    def press(self, key: str, duration_ms: int, now: int) -> None:
        """A key that was said by signalling."""
        if self._keypad is not None and self.ways[0] is Dtmf.INFO:
            self._keypad.pressed(Press(key, duration_ms * UNITS_PER_MS), now)

    @property
    def is_busy(self) -> bool:
        """Whether each packet of the source must be looked at."""
        return self._tone_ear is not None or (self._keypad is not None and self._keypad.is_busy)

    @property
    def is_sounding(self) -> bool:
        """Whether a key sounds in the place of what the source sends."""
        return self._keypad is not None and self._keypad.is_sounding

    def listen(self, packet: Heard, now: int) -> Iterable[Heard]:
        """Hear a packet of the source, if keys come as tones; what goes on now, in its place."""
        return (packet,) if self._tone_ear is None else self._tone_ear.hear(packet, now)

    def keeps(self, packet: Heard, leaving: int | None, now: int) -> bool:
        """Whether a packet of the source goes no further: it says a key, or a key sounds in its place."""
        if self.ways[0] is Dtmf.RTP and packet.payload_type in self._ear.payload_types:
            self._ear.hear(packet.timestamp, packet.payload, now)
            return True
        return self._keypad is not None and self._keypad.withholds(leaving)

    def stop(self) -> None:
        """Nobody needs this any more: keys that are down are up, and what was held goes on."""
        self._ear.stop()
        if self._tone_ear is not None:
            self._tone_ear.stop()

    def source_changed(self) -> None:
        """Another stream comes in: its timestamps say nothing of those before."""
        self._ear.source_changed()
        if self._tone_ear is not None:
            self._tone_ear.source_changed()

    @property
    def deadline(self) -> int:
        """When `handle_timeout` has something to do."""
        rooms = (self._ear, self._tone_ear, self._keypad)
        return min(room.deadline for room in rooms if room is not None)

    def handle_timeout(self, now: int) -> None:
        """What is due."""
        for room in (self._ear, self._tone_ear, self._keypad):
            if room is not None:
                room.handle_timeout(now)


class Teller:
    """Tells signalling of keys."""

    __slots__ = ("_tell",)

    def __init__(self, tell: Tell) -> None:
        self._tell = tell

    def pressed(self, press: Press, now: int) -> None:
        """Not told before its duration is."""

    def released(self, press: Press, now: int) -> None:
        """Tell."""
        self._tell(press.key, round(max(press.duration or 0, SHORTEST) / UNITS_PER_MS))


class EventEar:
    """Hears keys in telephone-events (RFC 4733)."""

    __slots__ = ("_duration", "_mouth", "_now", "_press", "_receiver", "_remind", "deadline", "payload_types")

    def __init__(self, mouth: Keypad | Teller, remind: Callable[[], None]) -> None:
        self._mouth = mouth
        self._remind = remind
        self._receiver = EventReceiver()
        self._press: Press | None = None
        self._duration = self._now = 0
        self.payload_types: tuple[int, ...] = ()
        self.deadline = NEVER
        """When an event of which nothing more comes is over."""

    def follow(self, source: Stream) -> None:
        """Events come under these numbers from now on; one that is under way goes on."""
        self.payload_types = source.taken_event_payload_types

    def hear(self, timestamp: int, payload: bytes, now: int) -> None:
        """A packet of an event; what is none says nothing."""
        try:
            begun = self._receiver.packet_arrived(timestamp, payload)
        except RtpError:
            return
        if begun is not None:
            self._end(now)
            if begun.key is not None:
                self._press = Press(begun.key, volume=begun.volume)
                self._mouth.pressed(self._press, now)
        if self._press is not None:
            self._duration = self._receiver.duration
            if self._receiver.ended:
                self._end(now)
            else:
                self.deadline, self._now = now + LOST, now
                self._remind()

    def source_changed(self) -> None:
        """See Digits. What is pressed ends when nothing more comes."""
        self._receiver.source_changed()

    def stop(self) -> None:
        """Nothing more is to be heard: a key that is down is up."""
        self._end(self._now)

    def handle_timeout(self, now: int) -> None:
        """End what is over."""
        if self.deadline <= now:
            self._end(now)

    def _end(self, now: int) -> None:
        """The key has been let go: what its packets have told last is how long it was pressed."""
        press, self._press, self.deadline = self._press, None, NEVER
        if press is not None:
            press.duration = self._duration
            self._mouth.released(press, now)
