"""Who the parties are, once the call is up: Session-ID with all that is said, and who has come after a transfer.

RFC 7989 section 5; RFC 3325 section 5 in an UPDATE, as products tell of a connected line.
"""

import pytest

from mediation.settings.identity import (
    HeaderAction,
    HeaderDirection,
    HeaderRule,
    Identity,
    InternalIdentity,
    SendIdentity,
    TrunkIdentity,
)
from mediation.settings.peers import Side
from mediation.sip.message import Message
from tests.flows.pair import Make, Pair
from tests.flows.peers import Peer
from tests.flows.scenery import FRONT_END, OTHER_FRONT_END, SBC, settings, trunk
from tests.flows.test_flow_15_transfer import TO, Trio

A, B, C, NOBODY = "a" * 32, "b" * 32, "c" * 32, "0" * 32


def line(own: str, remote: str = NOBODY) -> str:
    return f"Session-ID: {own};remote={remote}\r\n"


def named(call: Pair, *, callee: str = line(B, A)) -> None:
    call.caller.invites(headers=line(A))
    call.callee.says(200, sdp=call.callee.sdp(), headers=callee)
    call.caller.acks()
    call.caller.heard(), call.callee.heard()


def session_ids(message: Message) -> tuple[str, ...]:
    return message.headers.get_all("Session-ID")


# Session-ID


def test_all_that_is_said_within_a_call_names_its_parties__rfc7989_5(call: Pair) -> None:
    named(call)
    caller, callee = call.caller, call.callee
    caller.asks("INFO", within=True, headers="Content-Type: text/plain\r\n", body=b"x")
    callee.says(200, to="INFO")
    assert session_ids(callee.request("INFO")) == (f"{A};remote={B}",)
    assert session_ids(caller.response(200)) == (f"{B};remote={A}",)
    callee.reinvites(callee.sdp(direction="sendonly", version=2))
    caller.says(200, sdp=caller.sdp(direction="recvonly", version=2))
    callee.acks()
    assert session_ids(caller.request("INVITE")) == (f"{B};remote={A}",)
    assert session_ids(callee.response(200)) == (f"{A};remote={B}",)
    callee.hangs_up()
    assert session_ids(caller.request("BYE")) == (f"{B};remote={A}",)


def test_a_party_without_a_name_is_nobody_and_says_nothing__rfc7989_5(call: Pair) -> None:
    named(call, callee="")
    call.caller.asks("INFO", within=True)
    assert session_ids(call.callee.request("INFO")) == (f"{A};remote={NOBODY}",)
    call.callee.says(200, to="INFO")
    assert session_ids(call.caller.response(200)) == ()
    call.callee.hangs_up()
    assert session_ids(call.caller.request("BYE")) == ()


@pytest.mark.parametrize(
    "spelled", [f"Session-ID: {A};remote={NOBODY};x=y\r\n", f"Session-ID: {A[1:]}\r\n", line(NOBODY)]
)
def test_what_does_not_look_like_one_is_none__rfc7989_5(call: Pair, spelled: str) -> None:
    call.caller.invites(headers=spelled)
    call.callee.says(200, sdp=call.callee.sdp(), headers=line(B))
    call.caller.acks()
    call.caller.hangs_up()
    assert session_ids(call.callee.request("BYE")) == ()


@pytest.mark.parametrize(
    ("action", "value", "told"), [(HeaderAction.DROP, "", ()), (HeaderAction.SET, "x", ("x",))]
)
def test_a_rule_for_it_counts_within_the_call_too(
    make: Make, action: HeaderAction, value: str, told: tuple[str, ...]
) -> None:
    rule = HeaderRule(name="Session-ID", direction=HeaderDirection.TO_PEER, action=action, value=value)
    world = make(settings(trunk(headers=(rule,))))
    call = Pair(world, Peer(world, Side.FRONT_END, FRONT_END), Peer(world, Side.GATEWAY, SBC))
    named(call)
    call.caller.hangs_up()
    assert session_ids(call.callee.request("BYE")) == told


# after a transfer

SEND = TrunkIdentity(send=SendIdentity.PAI)
ALLOW = "Allow: INVITE, ACK, BYE, CANCEL, UPDATE\r\n"
NEW = 'P-Asserted-Identity: "New" <sip:+493099@fe-new.corp.example>\r\n'


def transferred(make: Make, identity: Identity, allow: str = ALLOW, answer: str = NEW + line(C)) -> Trio:
    """A front end has called through the trunk, and has put another one in its place."""
    world = make(settings(trunk(identity=identity), front_ends=(OTHER_FRONT_END,)))
    call = Trio(world, Peer(world, Side.FRONT_END, FRONT_END), Peer(world, Side.GATEWAY, SBC))
    call.target = Peer(world, Side.FRONT_END, OTHER_FRONT_END)
    call.caller.invites(headers=line(A))
    call.callee.says(200, sdp=call.callee.sdp(), headers=line(B, A) + allow)
    call.caller.acks()
    call.caller.heard(), call.callee.heard()
    call.caller.refers(TO)
    call.target.says(200, sdp=call.target.sdp(), headers=answer)
    assert call.target.heard() == ["INVITE", "ACK"]
    return call


def test_the_party_that_stays_is_told_who_has_come__rfc3325_5(make: Make) -> None:
    call = transferred(make, SEND)
    assert call.callee.heard() == ["UPDATE"]
    update = call.callee.request("UPDATE")
    us = call.callee.flow.local[0]
    assert update.headers.get_all("P-Asserted-Identity") == (f'"New" <sip:+493099@{us}:5060>',)
    assert session_ids(update) == (f"{C};remote={B}",)
    assert update.body == b""
    assert update.contact is not None
    call.callee.says(200, to="UPDATE")
    call.target.reinvites(call.target.sdp(direction="sendonly", version=2))
    later = call.callee.request("INVITE")
    assert later.headers.get_all("P-Asserted-Identity") == update.headers.get_all("P-Asserted-Identity")
    call.callee.says(200, sdp=call.callee.sdp(direction="recvonly", version=2))
    call.target.acks()
    call.target.hangs_up()
    assert session_ids(call.callee.request("BYE")) == (f"{C};remote={B}",)


@pytest.mark.parametrize(
    ("identity", "allow", "answer"),
    [
        (TrunkIdentity(), ALLOW, NEW),
        (SEND, "", NEW),
        (SEND, "Allow: INVITE, ACK, BYE, CANCEL\r\n", NEW),
        (SEND, ALLOW, ""),
        (SEND, ALLOW, f"{NEW}Privacy: id\r\n"),
    ],
    ids=["not-sent", "says-nothing", "takes-no-update", "not-asserted", "hidden"],
)
def test_nobody_is_disturbed_where_there_is_nothing_to_tell_or_no_way(
    make: Make, identity: Identity, allow: str, answer: str
) -> None:
    call = transferred(make, identity, allow, answer)
    assert call.callee.heard() == []
    call.target.hangs_up()


@pytest.mark.parametrize("status", [405, 488])
def test_a_party_that_refuses_it_goes_on_as_before(make: Make, status: int) -> None:
    call = transferred(make, SEND)
    call.callee.says(status, to="UPDATE")
    call.callee.says(200, sdp=call.callee.sdp())
    assert call.callee.heard() == ["UPDATE", "INVITE", "ACK"]
    call.target.hangs_up()


def test_a_front_end_is_told_of_a_caller_from_outside_who_takes_another_ones_place__rfc3891(
    make: Make,
) -> None:
    world = make(settings(identity=InternalIdentity()))
    sbc, front_end = Peer(world, Side.GATEWAY, SBC), Peer(world, Side.FRONT_END, FRONT_END)
    first = sbc.invites()
    front_end.says(200, sdp=front_end.sdp(), headers=ALLOW)
    sbc.acks()
    front_end.heard(), sbc.heard()
    headers = (
        f"Replaces: {sbc.ids(first)}\r\nRequire: replaces\r\nP-Asserted-Identity: <sip:+15550199@sbc-new>\r\n"
    )
    sbc.invites(headers=headers)
    sbc.acks()
    assert front_end.heard() == ["UPDATE"]
    told = front_end.request("UPDATE").headers.get_all("P-Asserted-Identity")
    assert told == (f"<sip:+15550199@{front_end.flow.local[0]}:5060>",)
    front_end.says(200, to="UPDATE")
    sbc.hangs_up()
    assert front_end.heard() == ["BYE"]
