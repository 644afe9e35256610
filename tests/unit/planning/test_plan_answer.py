"""Centralized or distributed, how large, and why."""

from pathlib import Path
from time import process_time

import pytest

from mediation.planning.answer import answer
from mediation.planning.decision import Role, Why
from mediation.planning.erlang import channels_for
from mediation.planning.model import Connection
from mediation.planning.read import inspect_plan_file
from mediation.rtp.bandwidth import Packets, wire_kbps
from mediation.rtp.tunnels import Vpn
from tests.unit.planning.plans import EXAMPLE, answered, at, link, site, trunk

CENTRE = site("vienna", users=1000, more="central = true")
OTHER = site("munich", users=800, more="central = true")
BOTH = 'serves = ["AT", "DE"]\nprice_per_channel = 5.0'
PAIR = (
    CENTRE,
    OTHER,
    link("vienna", "munich"),
    trunk("alpha", "vienna"),
    trunk("beta", "munich"),
)


def test_the_example_works_and_shows_every_kind_of_reason() -> None:
    reading = inspect_plan_file(EXAMPLE)
    found = answer(reading.plan, reading.log)
    assert (found.lacking, found.findings) == ((), ())
    reasons = {each.site.name: each.decision.why for each in found.sites}
    assert reasons == {
        "vienna": Why.CENTRAL,
        "munich": Why.CENTRAL,
        "graz": Why.COST,
        "salzburg": Why.COST,
        "linz": Why.SURVIVABILITY,
        "hamburg": Why.CAPACITY,
        "berlin": Why.COST,
        "zurich": Why.COUNTRY,
        "mumbai": Why.LOCALITY,
    }
    roles = {each.site.name: each.decision.role for each in found.sites if each.decision.why is Why.COST}
    assert roles == {"graz": Role.CENTRALIZED, "salzburg": Role.CENTRALIZED, "berlin": Role.DISTRIBUTED}


def test_channels_are_those_of_erlang_b_and_bandwidth_is_of_all_of_them(tmp_path: Path) -> None:
    found = answered(tmp_path, "[audio]\nrtcp = false", site("vienna", users=1000), trunk("alpha", "*"))
    (use,) = found.trunks
    assert use.channels == channels_for(100.0, 0.01) == 117
    assert use.formula_kbps == pytest.approx(117 * 72.0)
    assert use.wire_kbps == pytest.approx(117 * 87.2)
    assert use.price == found.price == 117 * 5.0
    assert at(found, "vienna").decision.why is Why.ALONE


def test_growth_and_the_blocking_target_are_planned_for(tmp_path: Path) -> None:
    aims = "[plan]\nblocking_percent = 0.1\ngrowth_percent = 50\n"
    (use,) = answered(tmp_path, aims, site("vienna", users=1000), trunk("alpha", "*")).trunks
    assert use.channels == channels_for(150.0, 0.001)


def test_a_tunnel_is_counted(tmp_path: Path) -> None:
    net = 'connection = "internet"\nvpn = "esp"\nprice_per_kbps = 1.0'
    (use,) = answered(tmp_path, site("vienna", users=50), trunk("alpha", "*", more=net)).trunks
    assert use.wire_kbps == pytest.approx(wire_kbps(use.channels, Packets(vpn=Vpn.ESP, rtcp=True)))
    assert use.price == pytest.approx(use.wire_kbps)


def test_two_central_sites_are_each_sized_for_both(tmp_path: Path) -> None:
    found = answered(tmp_path, *PAIR)
    assert [use.channels for use in found.trunks] == [channels_for(180.0, 0.01)] * 2
    (between,) = found.links
    assert between.calls == channels_for(100.0, 0.01)
    vienna, munich = at(found, "vienna"), at(found, "munich")
    assert (vienna.decision.backup, munich.decision.backup) == ("munich", "vienna")
    assert vienna.decision.reasons[1].endswith("munich carries its calls, and has the room.")
    usual = channels_for(100.0, 0.01)
    assert (
        f"Of its {channels_for(180.0, 0.01)} channels a usual day takes {usual}; "
        in vienna.decision.reasons[2]
    )


def test_one_central_site_alone_is_told(tmp_path: Path) -> None:
    found = answered(tmp_path, CENTRE, site("graz"), link("graz", "vienna"), trunk("alpha", "vienna"))
    assert at(found, "graz").decision.role is Role.CENTRALIZED
    assert any("vienna is the only central site" in each for each in found.findings)
    assert at(found, "vienna").decision.reasons[1:] == ("When it has failed, nobody carries its calls.",)
    assert [use.channels for use in found.trunks] == [channels_for(120.0, 0.01)]


def test_a_branch_goes_to_the_other_centre_past_the_one_that_failed(tmp_path: Path) -> None:
    links = link("graz", "vienna"), link("graz", "munich")
    found = answered(tmp_path, *PAIR, site("graz"), *links)
    graz = at(found, "graz").decision
    assert {graz.home, graz.backup} == {"vienna", "munich"}
    assert {use.channels for use in found.trunks} == {channels_for(200.0, 0.01)}


def test_a_branch_that_hangs_on_one_centre_only_is_told(tmp_path: Path) -> None:
    found = answered(tmp_path, *PAIR, site("graz"), link("graz", "vienna"))
    graz = at(found, "graz").decision
    # it may go through vienna to munich, yet nothing carries it when vienna is gone
    assert (
        "graz: no other central site can carry its calls when vienna has failed" in found.findings
        or graz.home == "munich"
    )
    assert graz.role is Role.CENTRALIZED


@pytest.mark.parametrize(("own", "role"), [("30.0", Role.CENTRALIZED), ("0.5", Role.DISTRIBUTED)])
def test_money_decides_where_both_ways_are_open(tmp_path: Path, own: str, role: Role) -> None:
    branch = site("graz"), link("graz", "vienna", "price_per_kbps = 0.1")
    found = answered(tmp_path, *PAIR, *branch, trunk("own", "graz", more=f"price_per_channel = {own}"))
    decision = at(found, "graz").decision
    assert (decision.role, decision.why) == (role, Why.COST)
    assert decision.local_price is not None
    assert decision.central_price is not None
    assert (decision.local_price < decision.central_price) == (role is Role.DISTRIBUTED)


def test_the_dearer_way_would_cost_the_difference(tmp_path: Path) -> None:
    parts = *PAIR, site("graz"), link("graz", "vienna", "price_per_kbps = 0.1")
    with_own = answered(tmp_path, *parts, trunk("own", "graz", more="price_per_channel = 0.5"))
    without = answered(tmp_path, *parts)
    decision = at(with_own, "graz").decision
    assert decision.local_price is not None
    assert decision.central_price is not None
    saved = decision.central_price - decision.local_price
    assert without.price - with_own.price == pytest.approx(saved)


def test_a_site_that_must_survive_has_a_trunk_of_its_own_whatever_it_costs(tmp_path: Path) -> None:
    branch = site("graz", more="survivable = true"), link("graz", "vienna")
    own = trunk("own", "graz", more="price_per_channel = 500.0")
    decision = at(answered(tmp_path, *PAIR, *branch, own), "graz").decision
    assert (decision.role, decision.why) == (Role.DISTRIBUTED, Why.SURVIVABILITY)
    without = answered(tmp_path, *PAIR, *branch)
    assert at(without, "graz").decision.role is Role.CENTRALIZED
    assert "graz: it does not survive its links, since no trunk is on offer there" in without.findings


def test_calls_of_a_country_stay_there_though_the_centre_is_cheaper(tmp_path: Path) -> None:
    rule = '[[locality]]\ncountry = "IN"\nreason = "the law says so"'
    everything = trunk("all", "vienna", more='serves = ["AT", "IN"]\nprice_per_channel = 0.1')
    branch = site("mumbai", country="IN"), link("mumbai", "vienna")
    dear = trunk("own", "mumbai", country="IN", more="price_per_channel = 90.0")
    found = answered(tmp_path, CENTRE, everything, *branch, dear, rule)
    decision = at(found, "mumbai").decision
    assert (decision.role, decision.why, decision.central_price) == (Role.DISTRIBUTED, Why.LOCALITY, None)
    assert "the law says so" in decision.reasons[0]
    assert (
        at(answered(tmp_path, CENTRE, everything, *branch, dear), "mumbai").decision.role is Role.CENTRALIZED
    )


def test_nor_do_they_leave_it_when_a_central_site_has_failed(tmp_path: Path) -> None:
    rule = '[[locality]]\ncountry = "DE"'
    munich = site("munich", country="DE", users=800, more="central = true")
    trunks = trunk("alpha", "vienna", more=BOTH), trunk("beta", "munich", country="DE", more=BOTH)
    found = answered(tmp_path, CENTRE, munich, link("vienna", "munich"), *trunks, rule)
    assert at(found, "munich").decision.backup == ""
    assert at(found, "vienna").decision.backup == "munich"
    assert {use.site: use.countries for use in found.trunks} == {"vienna": ("AT",), "munich": ("AT", "DE")}


def test_a_site_that_nothing_reaches_is_told_and_the_plan_does_not_work(tmp_path: Path) -> None:
    found = answered(tmp_path, *PAIR, site("zurich", country="CH"), link("zurich", "vienna"))
    decision = at(found, "zurich").decision
    assert (decision.role, decision.why, decision.home) == (Role.UNSERVED, Why.NOTHING, "")
    (lack,) = found.lacking
    assert lack.startswith(
        "nobody carries the calls of zurich: No trunk is on offer here for numbers of CH; "
    )
    assert lack.endswith("no central site has a trunk for numbers of CH.")


def test_no_link_is_a_reason(tmp_path: Path) -> None:
    decision = at(answered(tmp_path, *PAIR, site("graz"), trunk("own", "graz")), "graz").decision
    assert (decision.why, decision.reasons[0]) == (Why.NO_WAY, "No link leads to vienna or munich.")


def test_a_link_that_is_too_small_is_not_used(tmp_path: Path) -> None:
    narrow = link("graz", "vienna", "capacity_kbps = 2000\nvoice_percent = 50")
    own = trunk("own", "graz", more="price_per_channel = 90.0")
    found = answered(tmp_path, *PAIR, site("graz"), narrow, own)
    decision = at(found, "graz").decision
    assert (decision.role, decision.why, decision.central_price) == (Role.DISTRIBUTED, Why.CAPACITY, None)
    without = answered(tmp_path, *PAIR, site("graz"), narrow)
    assert without.lacking == ("the link graz to vienna needs 2,747 kbps and has 1,000 kbps for voice",)


def test_several_trunks_overflow_into_each_other_where_one_is_too_small(tmp_path: Path) -> None:
    small = "max_channels = 50\nprice_per_channel = "
    trunks = trunk("dear", "*", more=f"{small}9.0"), trunk("cheap", "*", more=f"{small}5.0")
    more = trunk("line", "*", more="capacity_kbps = 4000\nprice_per_channel = 7.0")
    found = answered(tmp_path, site("vienna", users=1000), *trunks, more)
    assert {use.offer.name: use.channels for use in found.trunks} == {"cheap": 50, "line": 43, "dear": 24}
    lacking = answered(tmp_path, site("vienna", users=1000), *trunks)
    assert at(lacking, "vienna").decision.role is Role.UNSERVED


def test_no_trunk_is_taken_twice_for_two_countries(tmp_path: Path) -> None:
    munich = site("munich", country="DE", users=800), link("munich", "vienna")
    small = trunk("small", "vienna", more=f"{BOTH}\nmax_channels = 120")
    large = trunk("large", "vienna", more=f"{BOTH}\nprice = 100000.0".replace("5.0", "9.0"))
    found = answered(tmp_path, CENTRE, *munich, small, large)
    names = [use.offer.name for use in found.trunks]
    assert len(names) == len(set(names))
    assert all(use.channels <= (use.offer.max_channels or 10**6) for use in found.trunks)


@pytest.mark.parametrize(
    ("users", "connection"),
    [(100, Connection.INTERNET), (1000, Connection.MPLS), (9000, Connection.PRIVATE)],
)
def test_the_connection_fits_the_size_and_not_the_price(
    tmp_path: Path, users: int, connection: Connection
) -> None:
    offers = (
        trunk("net", "*", more='connection = "internet"\nvpn = "esp"\nprice_per_channel = 1.0'),
        trunk("labels", "*", more='connection = "mpls"\nprice_per_channel = 2.0'),
        trunk("line", "*", more='connection = "private"\nprice_per_channel = 3.0'),
    )
    found = answered(tmp_path, site("vienna", users=users), *offers)
    (use,) = found.trunks
    assert (use.offer.connection, use.suits) == (connection, True)
    assert at(found, "vienna").connection is connection


def test_a_connection_that_does_not_fit_is_taken_where_there_is_no_other_and_told(tmp_path: Path) -> None:
    net = trunk("net", "*", more='connection = "internet"\nvpn = "esp"')
    found = answered(tmp_path, site("vienna", users=1000), net)
    assert not found.trunks[0].suits
    assert found.findings == (
        "vienna: net has 117 channels, many for the Internet; MPLS would be right, and none is on offer",
    )


def test_a_cheaper_trunk_that_does_not_fit_its_size_is_left_for_the_centre(tmp_path: Path) -> None:
    branch = site("graz", users=600), link("graz", "vienna")
    net = trunk("net", "graz", more='connection = "internet"\nvpn = "esp"\nprice_per_channel = 0.1')
    decision = at(answered(tmp_path, *PAIR, *branch, net), "graz").decision
    assert (decision.role, decision.why) == (Role.CENTRALIZED, Why.SIZE)
    assert decision.reasons[0].startswith("No trunk on offer here fits its size: ")


def test_a_centre_whose_trunks_do_not_fit_is_left_for_a_trunk_that_does(tmp_path: Path) -> None:
    # thirty channels are good for the Internet: with the branch there would be more
    net = trunk("net", "vienna", more='connection = "internet"\nvpn = "esp"\nprice_per_channel = 0.1')
    centre = site("vienna", users=190, more="central = true"), net
    branch = site("graz", users=100), link("graz", "vienna"), trunk("own", "graz")
    decision = at(answered(tmp_path, *centre, *branch), "graz").decision
    assert (decision.role, decision.why) == (Role.DISTRIBUTED, Why.SIZE)
    assert decision.reasons[0].startswith("No trunk on offer at a central site fits the size: ")


def test_servers_are_counted(tmp_path: Path) -> None:
    found = answered(tmp_path, "[plan]\ncalls_per_server = 100", site("vienna", users=3000), trunk("a", "*"))
    assert at(found, "vienna").servers == 4


def test_a_hub_carries_those_behind_it(tmp_path: Path) -> None:
    hub = site("graz"), site("leoben"), link("leoben", "graz"), link("graz", "vienna")
    found = answered(tmp_path, CENTRE, trunk("alpha", "vienna"), *hub)
    calls = {use.link.sites: use.calls for use in found.links}
    assert calls == {
        ("leoben", "graz"): channels_for(20.0, 0.01),
        ("graz", "vienna"): channels_for(40.0, 0.01),
    }


def test_a_site_without_traffic_costs_nothing(tmp_path: Path) -> None:
    idle = (
        '[plan]\nrecords = []\n[[site]]\nname = "store"\ncountry = "AT"\nusers = 1\nerlang_per_user = 1e-12'
    )
    found = answered(tmp_path, idle, trunk("alpha", "*"))
    assert found.lacking == ()
    assert found.price == 0.0


def test_a_company_of_a_hundred_sites_is_planned_in_seconds(tmp_path: Path) -> None:
    branches = [
        part
        for number in range(100)
        for part in (
            site(f"branch-{number}", users=20 + 7 * number),
            link(f"branch-{number}", "vienna", f"price_per_kbps = {0.01 * (number % 17)}"),
            link(f"branch-{number}", "munich", f"price_per_kbps = {0.01 * (number % 13)}"),
            trunk(f"own-{number}", f"branch-{number}", more=f"price_per_channel = {3 + number % 5}"),
        )
    ]
    began = process_time()
    found = answered(tmp_path, *PAIR, *branches)
    assert process_time() - began < 60
    roles = {each.decision.role for each in found.sites}
    assert roles == {Role.CENTRAL, Role.CENTRALIZED, Role.DISTRIBUTED}
