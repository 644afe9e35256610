"""What refuses a call for want of room, and what never does."""

from typing import Any

import pytest

from mediation.settings.limits import CallLimits, Link
from mediation.settings.peers import Side
from mediation.settings.routes import Route
from mediation.settings.server import Sip
from mediation.settings.trunks import Site
from tests.flows.pair import Make
from tests.flows.peers import Peer
from tests.flows.scenery import FRONT_END, OTHER_SBC, SBC, settings, trunk

HELP = (Route(match="^112$", trunks=("itsp-a",), emergency=True), Route(trunks=("itsp-a", "itsp-b")))


class Place:
    """A front end and two trunks; `terms` are those of the first."""

    def __init__(
        self, make: Make, sites: tuple[Site, ...] = (), sip: Sip | None = None, **terms: Any
    ) -> None:
        self.world = make(
            settings(
                trunk("itsp-a", SBC, **terms),
                trunk("itsp-b", OTHER_SBC),
                routes=HELP,
                sites=sites,
                sip=sip or Sip(),
            )
        )
        self.phone = Peer(self.world, Side.FRONT_END, FRONT_END)
        self.first, self.second = (
            Peer(self.world, Side.GATEWAY, SBC),
            Peer(self.world, Side.GATEWAY, OTHER_SBC),
        )

    def calls(self, number: str = "+49", calling: str = "+4930555") -> str:
        """Place a call; which trunk was asked, or what the caller heard."""
        self.phone.invites(number, calling=calling)
        for name, peer in (("first", self.first), ("second", self.second)):
            if "INVITE" in peer.heard():
                return name
        return self.phone.heard()[-1]


@pytest.mark.parametrize(
    "terms",
    [
        {"limits": CallLimits(calls_out=1)},
        {"max_calls": 2, "limits": CallLimits(reserve=1)},
        {"limits": CallLimits(calls_per_s=0.1, burst=1)},
        {"link": Link(kbps=100)},
    ],
)
def test_a_trunk_without_room_leaves_the_call_to_the_next_and_takes_one_for_help(
    make: Make, terms: dict[str, Any]
) -> None:
    place = Place(make, **terms)
    assert [place.calls(), place.calls(), place.calls("112")] == ["first", "second", "first"]
    for peer in (place.first, place.second):
        for line in tuple(peer.lines):
            peer.says(486, line=line)


def test_calls_come_at_the_rate_of_a_trunk(make: Make) -> None:
    place = Place(make, limits=CallLimits(calls_per_s=1, burst=1))
    assert place.calls() == "first"
    place.first.says(486)
    assert place.calls() == "second"
    place.second.says(486)
    place.world.advance(1)
    assert place.calls() == "first"
    place.first.says(486)


@pytest.mark.parametrize("limits", [CallLimits(calls_in=1), CallLimits(calls_per_s=0.1, burst=1)])
def test_calls_of_a_trunk_are_limited_as_well(make: Make, limits: CallLimits) -> None:
    place = Place(make, limits=limits)
    place.first.invites()
    assert place.phone.heard() == ["INVITE"]
    place.first.invites()
    assert place.first.heard()[-1] == "503"
    place.phone.says(486)
    reasons = [record.cause.reason for record in place.world.records]
    assert sorted(reasons) == ["busy", "call-limit" if limits.calls_in else "rate-limit"]


def test_the_line_of_a_site_is_shared_by_calls_from_and_to_its_users(make: Make) -> None:
    site = Site(name="berlin", numbers=("+4930",), link=Link(kbps=200))
    place = Place(make, (site,))
    assert place.calls(calling="+4930555") == "first"
    place.second.invites("+4930666")
    assert "INVITE" in place.phone.heard()
    incoming = place.phone.line
    assert place.calls(calling="+4930777") == "503"
    assert place.world.records[-1].cause.reason == "bandwidth-limit"
    assert place.calls(calling="+4989") == "first", "it is not at this site"
    assert place.calls("112", calling="+4930777") == "first"
    for line in tuple(place.first.lines):
        place.first.says(486, line=line)
    place.phone.says(486, line=incoming)


def test_the_limit_of_the_server_holds_for_all_but_calls_for_help(make: Make) -> None:
    place = Place(make, sip=Sip(max_calls=1))
    assert [place.calls(), place.calls(), place.calls("112")] == ["first", "503", "first"]
    for line in tuple(place.first.lines):
        place.first.says(486, line=line)


def test_a_trunk_that_is_nearly_full_is_told_once(make: Make) -> None:
    place = Place(make, max_calls=1)
    place.calls()
    (fact,) = (each for each in place.world.facts if each.name == "room.nearly_full")
    assert (fact.fields["of"], fact.fields["share"]) == ("itsp-a", 1.0)
    place.first.says(486)
    assert [each.fields["of"] for each in place.world.facts if each.name == "room.again"] == ["itsp-a"]
