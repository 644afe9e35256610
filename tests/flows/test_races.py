"""Races that the explorer has found, each as its smallest ladder (RFC 5407, RFC 3261 sections 13 to 15)."""

import pytest

from tests.flows.pair import Pair
from tests.flows.peers import Peer

SIDES = pytest.mark.parametrize("by", ["caller", "callee"])


def talking(call: Pair, by: str) -> tuple[Peer, Peer]:
    """Who begins the race, and who does not; both have heard the call begin."""
    call.connects()
    one, other = (call.caller, call.callee) if by == "caller" else (call.callee, call.caller)
    one.heard(), other.heard()
    return one, other


@SIDES
def test_an_ack_that_comes_twice_takes_nothing_from_the_invite_after_it__rfc3261_13_3_1_4(
    call: Pair, by: str
) -> None:
    """Our 2xx was repeated, so its ACK is; the INVITE that waits for the other side meanwhile is another one."""
    one, other = talking(call, by)
    for version, (direction, answer) in enumerate([("sendonly", "recvonly"), ("sendrecv", "sendrecv")], 2):
        one.reinvites(one.sdp(version=version, direction=direction))
        assert other.heard() == ["INVITE"]
        if version == 3:
            one.acks(sequence=one.line.sequence - 1)
        other.says(200, sdp=other.sdp(version=version, direction=answer))
        assert one.heard() == ["100", "200"]
        one.acks()
        assert other.heard() == ["ACK"]
    call.ends()


@SIDES
def test_no_invite_of_ours_goes_out_before_the_ack_to_our_refusal_of_theirs__rfc3261_14_1(
    call: Pair, by: str
) -> None:
    one, other = talking(call, by)
    other.acks_failures = False
    one.reinvites(one.sdp(version=2, direction="sendonly"))
    other.heard()
    other.reinvites(other.sdp(version=2, direction="sendonly"))
    assert other.heard() == ["491"]
    other.says(491)
    assert other.heard() == ["ACK"]
    one.heard()
    one.reinvites(one.sdp(version=3, direction="sendonly"))
    assert one.heard() == ["491"]
    assert other.heard() == []
    call.ends()
