"""Steps that the ladders of a call that is up have in common: who changes something, and what was described."""

import pytest

from mediation.b2bua.plan import Stream
from mediation.sdp.description import SessionDescription
from mediation.sip.message import Message
from tests.flows.pair import Pair
from tests.flows.peers import Peer

SIDES = pytest.mark.parametrize("by", ["caller", "callee"])

ANSWERS = {"sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive", "sendrecv": "sendrecv"}
"""Directions, and those that mirror them (RFC 3264 section 6.1)."""


def sides(call: Pair, by: str) -> tuple[Peer, Peer]:
    """Who changes something, and who does not; both have heard the call begin."""
    call.connects()
    one, other = (call.caller, call.callee) if by == "caller" else (call.callee, call.caller)
    one.heard(), other.heard()
    return one, other


def stream(call: Pair, by: str) -> Stream:
    """What is in force with one party."""
    return call.media.plan.caller if by == "caller" else call.media.plan.callee


def across(by: str) -> str:
    """The other party's name."""
    return "callee" if by == "caller" else "caller"


def described(message: Message) -> SessionDescription:
    """What a message says of the session."""
    return SessionDescription.parse(message.body)


def direction(message: Message) -> str:
    """What it says of the direction of audio."""
    return next(name for name, _ in described(message).media[0].attributes if name in ANSWERS)


def version(message: Message) -> int:
    """The number of what it says, which goes up with what it says."""
    return described(message).origin.session_version
