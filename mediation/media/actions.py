"""What becomes of a packet by its payload type alone: decided when a plan is applied, and looked up for each packet."""

from enum import Enum, auto
from functools import lru_cache
from typing import Final

from mediation.media.ear import COMFORT_NOISE
from mediation_codecs.law import Law
from mediation_codecs.transcode import translation_table

Action = tuple[int, bytes | None]
"""(payload type to leave with, table to translate the payload by; None: the octets stay as they are)."""


class Drop(Enum):
    """Why a packet of the right source did not go on."""

    CLOSED = auto()
    """Its party may not send now, or the other one takes nothing."""
    EVENT = auto()
    """A telephone-event for a party that has none."""
    COMFORT_NOISE = auto()
    """RFC 3389, for a party that takes none."""
    UNKNOWN = auto()
    """A payload type that was not agreed on."""
    OUT_OF_RUN = auto()
    """`Rewrite` refused it: a stray, or older than the last switch."""
    NOT_SENT = auto()
    """The socket refused it."""
    LATE = auto()
    """It came when packets after it had left the jitter buffer."""
    DUPLICATE = auto()
    """It came twice, and the jitter buffer lets each leave once."""
    DIGIT = auto()
    """It said a key that is said in another way, or a key of ours sounded in its place."""


NO_ACTIONS: Final[tuple[Action | None, ...]] = (None,) * 128
ALL_CLOSED: Final[tuple[Drop, ...]] = (Drop.CLOSED,) * 128


@lru_cache(maxsize=1024)
def actions_by(
    source_laws: tuple[tuple[int, Law], ...],
    sink_law: Law,
    sink_type: int,
    source_events: tuple[int, ...],
    sink_event: int | None,
    sink_noise: bool,
) -> tuple[Action | None, ...]:
    """By payload type. One table serves all the calls that have the same; a law's number wins over an event's."""
    actions: list[Action | None] = [None] * 128
    if sink_noise:
        actions[COMFORT_NOISE] = (COMFORT_NOISE, None)
    if sink_event is not None:
        for source_event in source_events:
            actions[source_event] = (sink_event, None)
    for source_type, source_law in source_laws:
        actions[source_type] = (sink_type, translation_table(source_law, sink_law))
    return tuple(actions)


@lru_cache(maxsize=128)
def reasons_by(source_events: tuple[int, ...]) -> tuple[Drop, ...]:
    """Why a payload type without an action is dropped."""
    reasons = [Drop.UNKNOWN] * 128
    reasons[COMFORT_NOISE] = Drop.COMFORT_NOISE
    for source_event in source_events:
        reasons[source_event] = Drop.EVENT
    return tuple(reasons)
