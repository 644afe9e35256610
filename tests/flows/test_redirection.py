"""3xx: not followed, followed under policy, or passed back (RFC 3261 sections 8.1.3.4 and 21.3)."""

import pytest

from mediation.settings.peer_terms import RedirectMode, Redirects
from mediation.settings.peers import Side
from mediation.settings.routes import Route
from tests.flows.pair import WAYS, Make, Pair, inbound, outbound
from tests.flows.peers import Peer
from tests.flows.scenery import OTHER_SBC, SBC, settings, trunk

FOLLOW = Redirects(mode=RedirectMode.FOLLOW, hosts=("other.itsp.example",))
PASS = Redirects(mode=RedirectMode.PASS)


def contact(*uris: str) -> str:
    """Whom to call instead."""
    return "".join(f"Contact: <{uri}>\r\n" for uri in uris)


def test_a_redirection_is_a_failure_unless_the_terms_say_otherwise(call: Pair) -> None:
    call.dials()
    call.callee.says(302, headers=contact(f"sip:+4977@{call.callee.flow.remote[0]}"))
    assert call.caller.heard() == ["480"]
    assert call.callee.heard() == ["ACK"]


@pytest.mark.parametrize("way", list(WAYS))
def test_one_to_a_known_host_is_followed_by_our_own_routes(make: Make, way: str) -> None:
    call = WAYS[way](make(settings(trunk(redirect=FOLLOW), redirect=FOLLOW)))
    call.dials()
    host = call.callee.flow.remote[0]
    call.callee.says(302, headers=contact(f"sip:+4977@{host}:5060"))
    assert call.callee.heard() == ["ACK", "INVITE"]
    assert call.callee.request("INVITE").request_uri == f"sip:+4977@{host}:5060"
    assert call.caller.heard() == []
    call.callee.says(200, sdp=call.callee.sdp())
    call.caller.acks()
    call.caller.heard(), call.callee.heard()
    call.ends()
    assert [attempt.cause and attempt.cause.status for attempt in call.record.attempts] == [302, None]


@pytest.mark.parametrize("uri", ["sip:+4977@other.itsp.example", "tel:+4977"])
def test_one_to_a_host_that_the_settings_name_or_to_a_number_is_followed(make: Make, uri: str) -> None:
    call = outbound(make(settings(trunk(redirect=FOLLOW))))
    call.dials()
    call.callee.says(302, headers=contact(uri))
    assert call.callee.request("INVITE").request_uri.startswith("sip:+4977@")
    call.callee.says(486)
    assert call.caller.heard() == ["486"]


def test_one_to_a_host_of_nobodys_is_not_followed(make: Make) -> None:
    call = outbound(make(settings(trunk(redirect=FOLLOW))))
    call.dials()
    call.callee.says(302, headers=contact("sip:+4977@203.0.113.66"))
    assert call.caller.heard() == ["480"]


def test_the_first_contact_that_may_be_called_is(make: Make) -> None:
    call = outbound(make(settings(trunk(redirect=FOLLOW))))
    call.dials()
    call.callee.says(
        300, headers=contact("sip:+4911@203.0.113.66", "sip:203.0.113.66", "tel:+4922", "tel:+4933")
    )
    assert "+4922" in call.callee.request("INVITE").request_uri
    call.callee.says(486)


def test_a_number_that_no_route_carries_is_not_called(make: Make) -> None:
    routes = (Route(match="^\\+4930", trunks=("itsp-a",)),)
    call = outbound(make(settings(trunk(redirect=FOLLOW), routes=routes)))
    call.dials()
    call.callee.says(302, headers=contact("tel:+19005550100"))
    assert call.caller.heard() == ["480"]


def test_redirections_come_to_an_end(make: Make) -> None:
    call = outbound(make(settings(trunk(redirect=FOLLOW))))
    call.dials()
    for turn in range(3):
        call.callee.says(302, headers=contact(f"tel:+49770{turn}"))
        assert call.callee.heard()[-1] == "INVITE"
    call.callee.says(302, headers=contact("tel:+49779"))
    assert call.callee.heard() == ["ACK"]
    assert call.caller.heard() == ["480"]
    assert len(call.record.attempts) == 4


def test_one_behind_ringing_is_not_followed(make: Make) -> None:
    call = outbound(make(settings(trunk(redirect=FOLLOW))))
    call.rings()
    call.callee.says(302, headers=contact("tel:+4977"))
    assert call.caller.heard() == ["480"]


def test_one_that_is_followed_starts_the_failover_over_its_targets_anew(make: Make) -> None:
    world = make(settings(trunk("itsp-a", SBC, OTHER_SBC, redirect=FOLLOW)))
    call, second = outbound(world), Peer(world, Side.GATEWAY, OTHER_SBC)
    call.dials()
    call.callee.says(302, headers=contact("tel:+4977"))
    call.callee.says(503)
    assert "+4977" in second.request("INVITE").request_uri
    second.says(486)
    assert call.caller.heard() == ["486"]


@pytest.mark.parametrize("status", [300, 301, 302, 305, 380])
def test_one_is_passed_back_with_the_number_at_our_own_host(make: Make, status: int) -> None:
    call = inbound(make(settings(redirect=PASS)))
    call.dials()
    call.callee.says(status, headers=contact("sip:+4977@10.1.1.20;x=y", "tel:+4988"))
    assert call.caller.heard() == [str(status)]
    contacts = [str(each) for each in call.caller.response(status).contacts]
    assert contacts == ["<sip:+4977@198.51.100.10:5060>", "<sip:+4988@198.51.100.10:5060>"]


def test_one_without_a_number_cannot_be_passed_back(make: Make) -> None:
    call = inbound(make(settings(redirect=PASS)))
    call.dials()
    call.callee.says(302)
    assert call.caller.heard() == ["480"]
