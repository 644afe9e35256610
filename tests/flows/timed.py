"""Calls with session timers, and who does the refreshes (RFC 4028)."""

from typing import Any

import pytest

from mediation.settings.peer_terms import SessionTimers
from tests.flows.pair import WAYS, Make, Pair
from tests.flows.peers import Peer
from tests.flows.scenery import settings, trunk

ways = pytest.mark.parametrize("way", list(WAYS))
methods = pytest.mark.parametrize("method", ["UPDATE", "INVITE"])
KNOWS = "Supported: timer\r\n"
TAKES_UPDATE = "Allow: INVITE, ACK, BYE, CANCEL, UPDATE\r\n"
NO_UPDATE = "Allow: INVITE, ACK, BYE, CANCEL\r\n"


def timed(make: Make, way: str, **terms: Any) -> Pair:
    """Both sides under the same terms."""
    timers = SessionTimers(**terms)
    return WAYS[way](make(settings(trunk(session_timer=timers), session_timer=timers)))


def talks(call: Pair, *, caller: str = "", callee: str = "") -> None:
    """The call comes up; what the caller's INVITE and the callee's 200 say of timers."""
    call.caller.invites(headers=caller)
    call.callee.says(200, sdp=call.callee.sdp(), headers=callee)
    call.caller.acks()
    call.caller.heard(), call.callee.heard()


def we_refresh(call: Pair, by: str, seconds: int = 600, method: str = "UPDATE") -> tuple[Peer, Peer]:
    """One party has a timer, and leaves its refreshes to us; the other has none."""
    allow = TAKES_UPDATE if method == "UPDATE" else NO_UPDATE
    if by == "caller":
        talks(call, caller=f"{KNOWS}{allow}Session-Expires: {seconds};refresher=uas\r\n")
        return call.caller, call.callee
    talks(call, callee=f"{allow}Require: timer\r\nSession-Expires: {seconds};refresher=uac\r\n")
    return call.callee, call.caller


def they_refresh(call: Pair, by: str, seconds: int = 600) -> tuple[Peer, Peer]:
    """One party has a timer, and does the refreshes."""
    if by == "caller":
        talks(call, caller=f"{KNOWS}Session-Expires: {seconds};refresher=uac\r\n")
        return call.caller, call.callee
    talks(call, callee=f"Require: timer\r\nSession-Expires: {seconds};refresher=uas\r\n")
    return call.callee, call.caller
