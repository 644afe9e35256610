"""What a plan with a wide codec means for a relay: all that is loaded of wide codecs where no peer speaks one."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from mediation.b2bua.plan import MediaPlan, Stream
from mediation.media.course import Line

if TYPE_CHECKING:
    from mediation.media.wide_way import WideWay


class Ways(Protocol):
    """Makes what transcodes."""

    def way(self, source: Stream, sink: Stream, line: Line, remind: Callable[[], None]) -> "WideWay":
        """For one direction. `line` leads to the sink; `remind` is called when it may want to be asked sooner."""


def needs_way(source: Stream, sink: Stream) -> bool:
    """Whether a direction is transcoded."""
    return source.wide is not None or sink.wide is not None


def inside(plan: MediaPlan) -> MediaPlan:
    """The plan as it is carried out behind the doors of wide parties: in one law, and in packets that fit."""
    caller, callee = plan.caller, plan.callee
    if not needs_way(caller, callee):
        return plan
    return replace(plan, caller=_beside(caller, callee), callee=_beside(callee, caller))


def _beside(stream: Stream, other: Stream) -> Stream:
    if stream.wide is None:
        return replace(stream, repacketize=True)
    law = other.law if other.wide is None else stream.law
    return replace(stream, law=law, repacketize=False)
