"""Where a call belongs, and where that lets it leave: bound to a country, by the site's own trunks first."""

import pytest

from mediation.settings.peer_terms import RedirectMode, Redirects, Transfers, TransferTo
from mediation.settings.peers import Side
from mediation.settings.routes import Route
from mediation.settings.trunks import Site
from tests.flows.pair import Make
from tests.flows.peers import Peer
from tests.flows.scenery import FRONT_END, OTHER_SBC, SBC, networks, settings, trunk
from tests.flows.world import World

ROUTES = (Route(trunks=("paris-isp", "berlin-isp")),)
BERLINER, PARISIAN, ABROAD = "+4930555", "+331555", "+14255551234"


def sites(*, bound: bool = True, local_first: bool = False, by_network: bool = False) -> tuple[Site, ...]:
    numbers, net = ((), networks(f"{FRONT_END}/32")) if by_network else (("+4930",), ())
    return (
        Site(
            name="berlin", country="DE", numbers=numbers, networks=net, bound=bound, local_first=local_first
        ),
        Site(name="paris", country="FR", numbers=("+331",)),
    )


class Places:
    """A front end, an ITSP in Paris that the route names first, and one in Berlin."""

    def __init__(self, make: Make, *places: Site, **terms: object) -> None:
        self.world: World = make(
            settings(
                trunk("paris-isp", SBC, site="paris", redirect=Redirects(mode=RedirectMode.FOLLOW)),
                trunk("berlin-isp", OTHER_SBC, site="berlin", redirect=Redirects(mode=RedirectMode.FOLLOW)),
                routes=ROUTES,
                sites=places or sites(),
                **terms,  # type: ignore[arg-type]  # terms of the internal interface
            )
        )
        self.caller = Peer(self.world, Side.FRONT_END, FRONT_END)
        self.paris, self.berlin = (
            Peer(self.world, Side.GATEWAY, SBC),
            Peer(self.world, Side.GATEWAY, OTHER_SBC),
        )

    def called(self) -> list[str]:
        """Who has been asked to take the call."""
        return [name for name in ("paris", "berlin") if "INVITE" in getattr(self, name).heard()]


def test_a_call_of_a_bound_site_leaves_in_its_country_though_the_route_names_another_first(
    make: Make,
) -> None:
    places = Places(make)
    places.caller.invites(ABROAD, calling=BERLINER)
    assert places.called() == ["berlin"]
    places.berlin.says(486)


def test_a_call_of_any_other_site_goes_by_the_route(make: Make) -> None:
    places = Places(make)
    places.caller.invites(ABROAD, calling=PARISIAN)
    assert places.called() == ["paris"]
    places.paris.says(486)


@pytest.mark.parametrize("status", [503, 500])
def test_failover_does_not_leave_the_country_either(make: Make, status: int) -> None:
    places = Places(make)
    places.caller.invites(ABROAD, calling=BERLINER)
    assert places.called() == ["berlin"]
    places.berlin.says(status)
    assert places.called() == []
    assert places.caller.heard()[-1] in ("503", "500")


def test_nor_does_silence_make_it_leave(make: Make) -> None:
    places = Places(make)
    places.berlin.dead = True
    places.caller.invites(ABROAD, calling=BERLINER)
    assert places.called() == []
    assert places.caller.heard() == ["100", "503"]


def test_nor_does_a_redirection(make: Make) -> None:
    places = Places(make)
    places.caller.invites(ABROAD, calling=BERLINER)
    assert places.called() == ["berlin"]
    places.berlin.says(302, headers=f"Contact: <sip:+33144@{OTHER_SBC}>\r\n")
    assert places.called() == ["berlin"]
    places.berlin.says(486)


@pytest.mark.parametrize(
    "header",
    [
        f"Diversion: <sip:{BERLINER}@corp.example>;reason=unconditional\r\n",
        f"P-Asserted-Identity: <tel:{BERLINER}>\r\n",
        f"History-Info: <sip:{BERLINER}@corp.example>;index=1, <sip:{ABROAD}@corp.example>;index=1.1\r\n",
        f"Referred-By: <sip:{BERLINER}@corp.example>\r\n",
    ],
)
def test_a_call_belongs_to_whoever_sends_it_on_as_well(make: Make, header: str) -> None:
    places = Places(make)
    places.caller.invites(ABROAD, calling="+44200", headers=header)
    assert places.called() == ["berlin"]
    places.berlin.says(486)


def test_whoever_is_only_called_binds_nobody(make: Make) -> None:
    places = Places(make)
    history = f"History-Info: <sip:{BERLINER}@corp.example>;index=1\r\n"
    places.caller.invites(BERLINER, calling=PARISIAN, headers=history)
    assert places.called() == ["paris"]
    places.paris.says(486)


def test_the_network_of_a_front_end_says_where_its_calls_belong(make: Make) -> None:
    places = Places(make, *sites(by_network=True))
    places.caller.invites(ABROAD, calling="anonymous")
    assert places.called() == ["berlin"]
    places.berlin.says(486)


def test_a_call_that_two_countries_bind_is_refused(make: Make) -> None:
    berlin, paris = sites()
    bound = Site(name="paris", country="FR", numbers=("+331",), bound=True)
    places = Places(make, berlin, bound)
    places.caller.invites(ABROAD, calling=PARISIAN, headers=f"Diversion: <sip:{BERLINER}@corp.example>\r\n")
    assert places.caller.heard() == ["100", "403"]
    assert places.called() == []
    assert places.world.record.cause.reason == "no-trunk-in-country"
    assert paris.country == bound.country


def test_the_sites_own_trunks_come_first_and_the_others_after_them(make: Make) -> None:
    places = Places(make, *sites(bound=False, local_first=True))
    places.caller.invites(ABROAD, calling=BERLINER)
    assert places.called() == ["berlin"]
    places.berlin.says(503)
    assert places.called() == ["paris"]
    places.paris.says(486)


def test_a_transfer_performed_here_is_bound_by_whoever_asks_for_it(make: Make) -> None:
    places = Places(make, transfer=Transfers(to=TransferTo.ROUTES))
    places.caller.invites(ABROAD, calling=BERLINER)
    assert places.called() == ["berlin"]
    places.berlin.says(200, sdp=places.berlin.sdp())
    places.caller.acks()
    places.caller.heard(), places.berlin.heard()
    places.caller.refers(f"sip:+33144@{FRONT_END}")
    assert places.called() == ["berlin"]
    places.berlin.says(486)
    places.caller.hangs_up()


def test_of_two_beginnings_the_longer_one_decides(make: Make) -> None:
    village = Site(name="village", country="FR", numbers=("+49305",), bound=True)
    places = Places(make, *sites(), village)
    places.caller.invites(ABROAD, calling=BERLINER)
    assert places.called() == ["paris"]
    places.paris.says(486)
