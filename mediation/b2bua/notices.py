"""Facts about a call that take more than a name to tell."""

from mediation.b2bua.leg import Leg
from mediation.b2bua.media_facts import Amiss, MediaAmiss
from mediation.b2bua.outputs import Fact, Level
from mediation.b2bua.record import CallRecord
from mediation.routing.room import Room
from mediation.settings.peers import Side


def room_turned(room: Room, is_nearly_full: bool) -> Fact:
    """A trunk or a line has become nearly full, or has room again."""
    fields: dict[str, object] = {"of": room.name, "calls": room.calls, "share": round(room.share, 2)}
    if is_nearly_full:
        return Fact("room.nearly_full", Level.WARNING, fields)
    return Fact("room.again", Level.INFO, fields)


def amiss(fact: MediaAmiss, leg: Leg) -> Fact:
    """Who is not heard. Silence may be a key that somebody has pressed; that nothing comes is a fault."""
    name, level = f"media.{fact.what}", Level.INFO
    if fact.over:
        name = f"media.{fact.what}_ended"
    elif fact.what is Amiss.ONE_WAY:
        level = Level.WARNING
    trunk = leg.trunk if leg.side is Side.GATEWAY else None
    party = "caller" if fact.caller else "callee"
    return Fact(name, level, {"call": fact.call, "party": party, "side": str(leg.side), "trunk": trunk})


def ended(record: CallRecord, duration_s: float | None) -> Fact:
    """A call is over."""
    fields: dict[str, object] = {
        "call": record.call,
        "verdict": str(record.cause.verdict),
        "reason": record.cause.reason,
        "status": record.cause.status,
        "hung_up_by": record.hung_up_by,
        "duration_s": None if duration_s is None else round(duration_s, 3),
    }
    return Fact("call.ended", fields=fields)
