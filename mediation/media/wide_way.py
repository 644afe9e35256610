"""One direction of a call in which a party speaks a wide codec: what hears the source, and what speaks to the sink.

Between the two everything is G.711, as a relay knows it. Nothing of this is made for a call that has no such party.
"""

from collections.abc import Callable
from dataclasses import replace

from mediation.b2bua.plan import MediaPlan, Stream
from mediation.media.course import Line
from mediation.media.wide_ear import WideEar
from mediation.media.wide_mouth import WideMouth
from mediation.media.wide_sound import Beside, Codecs


def inside(plan: MediaPlan) -> MediaPlan:
    """The plan as it is carried out behind the doors of wide parties: in one law, and in packets that fit."""
    caller, callee = plan.caller, plan.callee
    if caller.wide is None and callee.wide is None:
        return plan
    return replace(plan, caller=_beside(caller, callee), callee=_beside(callee, caller))


def _beside(stream: Stream, other: Stream) -> Stream:
    if stream.wide is None:
        return replace(stream, repacketize=True)
    law = other.law if other.wide is None else stream.law
    return replace(stream, law=law, repacketize=False)


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


def is_wanted(source: Stream, sink: Stream) -> bool:
    """Whether a direction needs it."""
    return source.wide is not None or sink.wide is not None


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
