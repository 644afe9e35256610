"""Bodies of several parts: what crosses beside the session description, and what must be refused (RFC 5621)."""

from dataclasses import replace
from typing import Any

import pytest

from mediation.b2bua.parts import KINDS, accept_of
from mediation.routing.terms import Terms
from mediation.settings.identity import HeaderAction, HeaderDirection, HeaderRule, TrunkIdentity
from mediation.settings.peer_terms import Bodies, Location, RedirectMode, Redirects
from mediation.settings.peers import LargeRequests, Side
from mediation.settings.routes import Route
from mediation.settings.trunks import Trunk
from mediation.sip.contents import PartPolicy, contents_of
from mediation.sip.message import Message
from mediation.sip.multipart import Part
from tests.flows.pair import WAYS, Make, Pair, outbound
from tests.flows.peers import Peer
from tests.flows.scenery import FRONT_END, OTHER_SBC, SBC, settings, trunk

KEEP = Bodies(location=Location.KEEP, isup=True)
MIXED = 'Content-Type: multipart/mixed;boundary="their own"\r\nMIME-Version: 1.0\r\n'
IAM = b"\x01\x00\x49\x00\x00\x03\x02\x00\x07\r\n--their\x00\xff"
PLACE = "<presence entity='pres:a@fe-lis.corp.example'>Hauptstraße 7</presence>".encode()
ISUP = "application/ISUP;version=itu-t92+;base=itu-t92+"
SIGNAL = "signal;handling="
GEOLOCATION = 'Geolocation: <cid:here%2B1@fe-lis.corp.example>;inserted-by="fe-lis.corp.example"\r\n'
EMERGENCY = "Priority: emergency\r\n"


def part(kind: str, octets: bytes, disposition: str = "", content_id: str = "") -> bytes:
    lines = [f"Content-Type: {kind}"]
    lines += [f"Content-Disposition: {disposition}"] if disposition else []
    lines += [f"Content-ID: <{content_id}>"] if content_id else []
    return "\r\n".join([*lines, "Content-Description: fe-words", "", ""]).encode() + octets


def mixed(*parts: bytes) -> bytes:
    return b"".join(b"--their own\r\n" + each + b"\r\n" for each in parts) + b"--their own--\r\n"


def sdp(peer: Peer) -> bytes:
    return part("application/sdp", peer.sdp())


def isup(octets: bytes = IAM, handling: str = "optional") -> bytes:
    return part(ISUP, octets, SIGNAL + handling)


def place(handling: str = "optional") -> bytes:
    return part(
        "application/pidf+xml", PLACE, f"by-reference;handling={handling}", "here+1@fe-lis.corp.example"
    )


def kept(message: Message) -> tuple[Part, ...]:
    return contents_of(message, PartPolicy(KINDS)).kept


@pytest.fixture(params=list(WAYS))
def call(request: pytest.FixtureRequest, make: Make) -> Pair:
    """Both peers keep all that may be kept; in the other tests neither does."""
    return WAYS[request.param](make(settings(trunk(bodies=KEEP), bodies=KEEP)))


def between(make: Make, ours: Bodies, theirs: Bodies, **terms: Any) -> Pair:
    return outbound(
        make(settings(trunk(bodies=theirs, large_requests=LargeRequests.UDP, **terms), bodies=ours))
    )


# ISUP and QSIG


def test_isup_crosses_octet_for_octet_behind_our_description__rfc3204_3(call: Pair) -> None:
    call.caller.invites(sdp=mixed(isup(), sdp(call.caller)), headers=MIXED)
    invite = call.callee.request("INVITE")
    found = contents_of(invite, PartPolicy(KINDS))
    (signal,) = found.kept
    assert signal.body == IAM
    assert signal.headers.items() == (
        ("Content-Type", ISUP),
        ("Content-Disposition", "signal;handling=optional"),
    )
    assert invite.content_type is not None
    assert invite.content_type.essence == "multipart/mixed"
    assert b"their own" not in bytes(invite)
    assert invite.body.index(b"application/sdp") < invite.body.index(b"application/ISUP")
    assert found.sdp.startswith(b"v=0\r\no=- ")
    call.callee.says(486)


def test_an_answer_and_an_alert_bring_theirs_back__rfc3204_3(call: Pair) -> None:
    call.dials()
    caller, callee = call.caller, call.callee
    alert = f"Content-Type: {ISUP}\r\nContent-Disposition: signal;handling=required\r\n"
    callee.says(180, sdp=b"\x06ACM", headers=alert)
    ringing = caller.response(180)
    assert [each.body for each in kept(ringing)] == [b"\x06ACM"]
    assert ringing.headers.get("Content-Disposition") == "signal;handling=required"
    callee.says(183, sdp=mixed(sdp(callee), isup(b"\x2cCPG")), headers=MIXED)
    early = contents_of(caller.response(183), PartPolicy(KINDS))
    assert (bool(early.sdp), [each.body for each in early.kept]) == (True, [b"\x2cCPG"])
    callee.says(200, sdp=mixed(isup(b"\x09ANM", "required"), sdp(callee)), headers=MIXED)
    assert [each.body for each in kept(caller.response(200))] == [b"\x09ANM"]
    caller.acks()
    call.ends()


@pytest.mark.parametrize("by", ["caller", "callee"])
def test_a_release_goes_with_the_bye__rfc3204_3(call: Pair, by: str) -> None:
    call.connects()
    one, other = (call.caller, call.callee) if by == "caller" else (call.callee, call.caller)
    one.asks("BYE", within=True, headers=f"Content-Type: {ISUP}\r\n", body=b"\x0cREL")
    assert one.heard()[-1] == "200 BYE"
    assert [each.body for each in kept(other.request("BYE"))] == [b"\x0cREL"]
    assert call.over


def test_a_release_goes_with_a_refusal_and_not_with_a_cancel__rfc3204_3(call: Pair) -> None:
    call.dials()
    call.callee.says(486, sdp=b"\x0cREL", headers=f"Content-Type: {ISUP}\r\n")
    assert call.caller.heard() == ["486"]
    assert [each.body for each in kept(call.caller.response(486))] == [b"\x0cREL"]
    call.caller.invites()
    call.callee.says(180)
    call.caller.cancels()
    assert call.callee.request("CANCEL").body == b""
    call.callee.says(487)


@pytest.mark.parametrize(("ours", "theirs"), [(KEEP, Bodies()), (Bodies(), KEEP), (Bodies(), Bodies())])
def test_isup_stays_on_its_side_unless_both_peers_keep_it(make: Make, ours: Bodies, theirs: Bodies) -> None:
    call = between(make, ours, theirs)
    call.caller.invites(sdp=mixed(sdp(call.caller), isup()), headers=MIXED)
    content_type = call.callee.request("INVITE").content_type
    assert content_type is not None
    assert content_type.essence == "application/sdp"
    call.callee.says(183, sdp=mixed(isup(), sdp(call.callee)), headers=MIXED)
    assert b"ISUP" not in bytes(call.caller.response(183))
    call.callee.says(200, sdp=mixed(isup(), sdp(call.callee)), headers=MIXED)
    call.caller.acks()
    call.caller.asks("BYE", within=True, headers=f"Content-Type: {ISUP}\r\n", body=b"\x0cREL")
    assert call.callee.request("BYE").body == b""
    assert not call.callee.request("BYE").headers.has("Content-Type")


@pytest.mark.parametrize(("ours", "theirs"), [(KEEP, Bodies()), (Bodies(), KEEP)])
def test_what_must_be_understood_and_does_not_cross_is_415_before_anybody_is_called__rfc5621_8(
    make: Make, ours: Bodies, theirs: Bodies
) -> None:
    call = between(make, ours, theirs)
    call.caller.invites(sdp=mixed(sdp(call.caller), isup(handling="required")), headers=MIXED)
    assert call.caller.heard() == ["415"]
    accept = accept_of(Terms.of(call.world.settings.internal))
    assert call.caller.response(415).headers.get("Accept") == accept
    assert ("application/isup" in accept) is ours.isup
    assert call.callee.heard() == []


def test_what_must_be_understood_goes_to_the_trunk_that_takes_it__rfc5621_8(make: Make) -> None:
    other = trunk("itsp-b", OTHER_SBC, bodies=KEEP)
    world = make(settings(trunk(), other, routes=(Route(trunks=("itsp-a", "itsp-b")),), bodies=KEEP))
    front_end = Peer(world, Side.FRONT_END, FRONT_END)
    first, second = Peer(world, Side.GATEWAY, SBC), Peer(world, Side.GATEWAY, OTHER_SBC)
    front_end.invites(sdp=mixed(sdp(front_end), isup(handling="required")), headers=MIXED)
    assert (first.heard(), second.heard()) == ([], ["INVITE"])
    assert [each.body for each in kept(second.request("INVITE"))] == [IAM]
    second.says(486)


@pytest.mark.parametrize("takes", [True, False])
def test_a_redirection_is_followed_only_where_the_parts_may_go__rfc3261_8_1_3_4(
    make: Make, takes: bool
) -> None:
    follow = Redirects(mode=RedirectMode.FOLLOW)
    a = trunk(bodies=KEEP, redirect=follow)
    b = trunk("itsp-b", OTHER_SBC, bodies=KEEP if takes else Bodies())
    routes = (Route(match=r"^\+4930", trunks=("itsp-a",)), Route(trunks=("itsp-b",)))
    world = make(settings(a, b, routes=routes, bodies=KEEP))
    front_end = Peer(world, Side.FRONT_END, FRONT_END)
    first, second = Peer(world, Side.GATEWAY, SBC), Peer(world, Side.GATEWAY, OTHER_SBC)
    front_end.invites(sdp=mixed(sdp(front_end), isup(handling="required")), headers=MIXED)
    first.says(302, headers=f"Contact: <sip:+4989111@{SBC}>\r\n")
    assert second.heard() == (["INVITE"] if takes else [])
    if takes:
        assert [each.body for each in kept(second.request("INVITE"))] == [IAM]
        second.says(486)
    else:
        assert front_end.heard()[-1] == "480"


def test_what_is_not_labelled_is_dropped_and_the_call_goes_on__deviates_rfc5621_8(make: Make) -> None:
    call = between(make, Bodies(), Bodies())
    parts = (part("application/vnd.fe-product+xml", b"fe-secret"), sdp(call.caller), part(ISUP, IAM))
    call.caller.invites(sdp=mixed(*parts), headers=MIXED)
    assert call.callee.heard() == ["INVITE"]
    assert b"fe-secret" not in bytes(call.callee.request("INVITE"))
    call.callee.says(486)


def test_info_with_isup_is_415_where_isup_does_not_cross__rfc3204_3(make: Make) -> None:
    call = between(make, KEEP, Bodies())
    call.connects()
    call.caller.heard(), call.callee.heard()
    call.caller.asks("INFO", within=True, headers=f"Content-Type: {ISUP}\r\n", body=b"\x0dSUS")
    assert call.caller.heard() == ["415 INFO"]
    assert call.caller.response(415).headers.has("Accept")
    assert call.callee.heard() == []
    call.ends()


def test_info_with_isup_crosses_where_isup_does__rfc3204_3(call: Pair) -> None:
    call.connects()
    call.caller.asks("INFO", within=True, headers=f"Content-Type: {ISUP}\r\n", body=b"\x0dSUS")
    assert call.callee.request("INFO").body == b"\x0dSUS"
    call.callee.says(200, to="INFO")
    call.ends()


# where a caller is


def located(peer: Peer, headers: str = EMERGENCY, handling: str = "optional") -> None:
    peer.invites(
        sdp=mixed(sdp(peer), place(handling)),
        headers=f"{MIXED}{GEOLOCATION}Geolocation-Routing: YES\r\n{headers}",
    )


@pytest.mark.parametrize(
    "urgent", [EMERGENCY, "Priority: Emergency\r\n", "Resource-Priority: wps.3, esnet.1\r\n"]
)
def test_a_call_for_help_tells_where_the_caller_is_by_a_name_of_ours__rfc6442_4_1(
    make: Make, urgent: str
) -> None:
    call = between(make, Bodies(), Bodies())
    located(call.caller, urgent)
    invite = call.callee.request("INVITE")
    (found,) = kept(invite)
    assert found.body == PLACE
    assert found.content_id is not None
    assert found.content_id != "here+1@fe-lis.corp.example"
    assert invite.headers.get_all("Geolocation") == (f"<cid:{found.content_id}>",)
    assert invite.headers.get("Geolocation-Routing") == "yes"
    assert "fe-lis" not in bytes(invite).decode().replace(PLACE.decode(), "")
    call.callee.says(486)


@pytest.mark.parametrize(
    ("bodies", "headers"),
    [
        (Bodies(), ""),
        (Bodies(), "Priority: urgent\r\nResource-Priority: ets.0\r\n"),
        (Bodies(location=Location.DROP), EMERGENCY),
        (KEEP, "Privacy: id\r\n"),
    ],
    ids=["usual", "not-that-urgent", "dropped", "hidden"],
)
def test_elsewhere_neither_the_place_nor_what_names_it_crosses__rfc6442_4(
    make: Make, bodies: Bodies, headers: str
) -> None:
    call = between(make, KEEP, bodies)
    located(call.caller, headers)
    invite = call.callee.request("INVITE")
    assert kept(invite) == ()
    assert not invite.headers.has("Geolocation")
    assert not invite.headers.has("Geolocation-Routing")
    call.callee.says(486)
    call.caller.heard()
    located(call.caller, headers, "required")
    assert call.caller.heard() == ["415"]


def test_a_peer_may_get_the_place_of_every_caller_who_may_be_known__rfc6442_4(make: Make) -> None:
    revealed = TrunkIdentity(reveal=True)
    call = between(make, KEEP, KEEP, identity=revealed)
    for headers in ("", "Privacy: id\r\n"):
        located(call.caller, headers)
        assert [each.body for each in kept(call.callee.request("INVITE"))] == [PLACE]
        call.callee.says(486)


def test_a_call_for_help_tells_the_place_of_a_hidden_caller_too__rfc6442_4(make: Make) -> None:
    call = between(make, Bodies(), Bodies())
    located(call.caller, f"{EMERGENCY}Privacy: id\r\n")
    assert [each.body for each in kept(call.callee.request("INVITE"))] == [PLACE]
    call.callee.says(486)


def test_a_place_that_nobody_names_crosses_without_a_name(make: Make) -> None:
    call = between(make, Bodies(), Bodies())
    other = 'Geolocation: <https://fe-lis.corp.example/x>, <cid:other@fe-lis>, "broken\r\n'
    call.caller.invites(sdp=mixed(sdp(call.caller), place()), headers=f"{MIXED}{other}{EMERGENCY}")
    invite = call.callee.request("INVITE")
    (found,) = kept(invite)
    assert found.content_id is None
    assert not invite.headers.has("Geolocation")
    call.callee.says(486)


def test_a_rule_that_passes_geolocation_keeps_the_name_of_the_part(make: Make) -> None:
    rule = HeaderRule(name="Geolocation", direction=HeaderDirection.TO_PEER, action=HeaderAction.PASS)
    call = between(make, Bodies(), Bodies(), headers=(rule,))
    call.caller.invites(
        sdp=mixed(sdp(call.caller), part("application/pidf+xml", PLACE, content_id="here@known")),
        headers=f"{MIXED}Geolocation: <cid:here@known>\r\n{EMERGENCY}",
    )
    invite = call.callee.request("INVITE")
    assert invite.headers.get_all("Geolocation") == ("<cid:here@known>",)
    assert [each.content_id for each in kept(invite)] == ["here@known"]
    call.callee.says(486)


def test_the_place_goes_to_the_next_target_too(make: Make) -> None:
    both = trunk("itsp-a", SBC, OTHER_SBC, large_requests=LargeRequests.UDP)
    world = make(settings(both))
    front_end = Peer(world, Side.FRONT_END, FRONT_END)
    first, second = Peer(world, Side.GATEWAY, SBC), Peer(world, Side.GATEWAY, OTHER_SBC)
    located(front_end)
    first.says(503)
    names = [each.content_id for peer in (first, second) for each in kept(peer.request("INVITE"))]
    assert len(set(names)) == 2
    second.says(486)


def test_a_place_without_a_description_is_a_call_without_an_offer__rfc3261_13_2_1(make: Make) -> None:
    call = between(make, Bodies(), Bodies())
    headers = f"Content-Type: application/pidf+xml\r\nContent-ID: <here@x>\r\nGeolocation: <cid:here@x>\r\n{EMERGENCY}"
    call.caller.invites(sdp=PLACE, headers=headers)
    assert [each.body for each in kept(call.callee.request("INVITE"))] == [PLACE]
    call.callee.says(200, sdp=call.callee.sdp())
    call.caller.acks(call.caller.sdp())
    assert call.media.plans
    call.ends()


# within a call


SIDES = pytest.mark.parametrize("by", ["caller", "callee"])


def sides(call: Pair, by: str) -> tuple[Peer, Peer]:
    call.connects()
    one, other = (call.caller, call.callee) if by == "caller" else (call.callee, call.caller)
    one.heard(), other.heard()
    return one, other


@SIDES
def test_an_invite_within_a_call_without_a_description_wants_our_offer__rfc3261_14_2(
    call: Pair, by: str
) -> None:
    one, _ = sides(call, by)
    optional = f"Content-Type: {ISUP}\r\nContent-Disposition: signal;handling=optional\r\n"
    for body, headers in ((b"\x0dSUS", optional), (mixed(isup(b"\x0eRES")), MIXED)):
        one.reinvites(body, headers=headers)
        assert one.heard() == ["200"]
        assert one.response(200).body.startswith(b"v=0")
        one.acks(one.sdp(version=2))
    call.ends()


@SIDES
@pytest.mark.parametrize("disposition", ["", "Content-Disposition: signal;handling=required\r\n"])
@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_what_must_be_understood_within_a_call_and_is_not_is_415__rfc5621_8(
    call: Pair, by: str, disposition: str, method: str
) -> None:
    one, other = sides(call, by)
    headers = f"Content-Type: {ISUP}\r\n{disposition}"
    if method == "INVITE":
        one.reinvites(b"\x0dSUS", headers=headers)
    else:
        one.updates(b"\x0dSUS", headers=headers)
    assert one.heard() == ["415" if method == "INVITE" else "415 UPDATE"]
    assert one.response(415).headers.has("Accept")
    assert other.heard() == []
    call.ends()


@SIDES
def test_an_update_without_a_description_changes_nothing__rfc3311_5_2(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    headers = f"Content-Type: {ISUP}\r\nContent-Disposition: signal;handling=optional\r\n"
    one.updates(b"\x0dSUS", headers=headers)
    assert one.heard() == ["200 UPDATE"]
    assert one.response(200).body == b""
    assert other.heard() == []
    assert len(call.media.plans) == 1
    call.ends()


@SIDES
def test_a_change_with_parts_is_a_change__rfc3264_8(call: Pair, by: str) -> None:
    one, _ = sides(call, by)
    moved = part("application/sdp", one.sdp(port=4990, version=2))
    one.reinvites(mixed(isup(b"\x0dSUS"), moved), headers=MIXED)
    one.acks()
    assert one.heard() == ["200"]
    stream = call.media.plan.caller if by == "caller" else call.media.plan.callee
    assert stream.remote[1] == 4990
    call.ends()


@SIDES
def test_a_body_without_order_within_a_call_is_400__rfc3261_21_4_1(call: Pair, by: str) -> None:
    one, _ = sides(call, by)
    one.updates(b"nothing", headers=MIXED)
    assert one.heard() == ["400 UPDATE"]
    call.ends()


def test_the_terms_say_what_a_peer_may_send__rfc3261_20_1() -> None:
    def said(bodies: Bodies) -> list[str]:
        usual: Trunk = replace(trunk(), bodies=bodies)
        return accept_of(Terms.of(usual)).split(", ")[4:]

    assert said(Bodies()) == ["application/pidf+xml"]
    assert said(Bodies(location=Location.DROP)) == []
    assert said(KEEP) == ["application/isup", "application/pidf+xml", "application/qsig"]
