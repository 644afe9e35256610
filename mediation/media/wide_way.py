"""One direction of a call in which a party speaks a wide codec: what hears the source, and what speaks to the sink.

Between the two everything is G.711 in our clock, as a relay and all its rooms know it:

    source ─▶ WideEar: in order, decoded, made whole ─▶ relay: tap, ear, workshop, numbers ─▶ WideMouth: encoded ─▶ sink
                   └─ Beside: the sound with 16,000 samples a second, or the octets as they came ─┘

What is beside is used where nothing has changed on the way what stands for it. A party of G.711 has no mouth, and an
ear that only orders and makes up for what is lost. Reports count what is on the wire (`Relay`), in the party's clock.
"""

from collections.abc import Callable

from mediation.b2bua.plan import Stream
from mediation.media.course import Line
from mediation.media.wide_ear import WideEar
from mediation.media.wide_mouth import WideMouth
from mediation.media.wide_sound import Beside, Codecs


class WideWay:
    """From when one of the two speaks a wide codec until neither does, or a seat is taken by another party."""

    __slots__ = ("_key", "ear", "mouth")

    def __init__(
        self, source: Stream, sink: Stream, codecs: Codecs, line: Line, remind: Callable[[], None]
    ) -> None:
        """`line` leads to the sink; `remind` is called when `ear` may want to be asked sooner."""
        beside = Beside()
        self._key = _key(source, sink)
        self.ear = WideEar(source, sink, codecs, beside, remind)
        """What the source sends comes by it."""
        self.mouth = None if sink.wide is None else WideMouth(source, sink, codecs, beside, line)
        """What the sink gets leaves by it, where it is not G.711."""

    def fits(self, source: Stream, sink: Stream) -> bool:
        """Whether it can go on as the plan has it now."""
        return self._key == _key(source, sink)


def _key(source: Stream, sink: Stream) -> tuple[object, ...]:
    """All that it was made for."""
    return (
        *(
            (each.wide, each.law, each.taken_payload_types, each.taken_event_payload_types)
            for each in (source, sink)
        ),
        sink.ptime_ms,
        sink.max_ptime_ms,
    )
