"""Whatever is planned: nothing leaves its country, nobody is forgotten, and check-config takes what comes out."""

from itertools import product

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mediation.planning.answer import Answer, answer
from mediation.planning.decision import Role
from mediation.planning.erlang import channels_for
from mediation.planning.mapping import as_mapping
from mediation.planning.model import Aims, Audio, Connection, Link, Locality, Offer, Plan, Site
from mediation.planning.network import Network
from mediation.planning.picture import picture
from mediation.planning.records import measured
from mediation.planning.sizing import Sizes
from mediation.planning.starting import configurations
from mediation.planning.text import answer_text
from mediation.rtp.bandwidth import Layer, Srtp
from mediation.rtp.tunnels import Vpn
from mediation.settings.read import inspect

COUNTRIES = st.sampled_from(["AT", "DE", "IN"])
NAMES = ("a", "b", "c", "d", "e")
MONEY = st.floats(min_value=0, max_value=50)


def offers(number: int) -> st.SearchStrategy[Offer]:
    return st.builds(
        Offer,
        name=st.just(f"trunk-{number}"),
        connection=st.sampled_from(Connection),
        country=COUNTRIES,
        sites=st.sets(st.sampled_from(NAMES), max_size=2).map(tuple),
        serves=st.sets(COUNTRIES, max_size=3).map(tuple),
        max_channels=st.sampled_from([0, 0, 5, 100]),
        capacity_kbps=st.sampled_from([0, 0, 3000]),
        price=MONEY,
        price_per_channel=MONEY,
        price_per_kbps=st.floats(min_value=0, max_value=0.1),
        vpn=st.sampled_from(Vpn),
    )


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    names = NAMES[: draw(st.integers(min_value=1, max_value=len(NAMES)))]
    sites = tuple(
        Site(
            name=name,
            country=draw(COUNTRIES),
            users=draw(st.integers(min_value=0, max_value=800)),
            erlang_per_user=0.1,
            central=draw(st.booleans()),
            survivable=draw(st.booleans()),
        )
        for name in names
    )
    pairs = [pair for pair in product(names, names) if pair[0] < pair[1]]
    links = tuple(
        Link(
            sites=pair,
            connection=draw(st.sampled_from(Connection)),
            capacity_kbps=draw(st.sampled_from([0, 0, 2000, 50_000])),
            price=draw(MONEY),
            price_per_kbps=draw(st.floats(min_value=0, max_value=0.1)),
            vpn=draw(st.sampled_from(Vpn)),
        )
        for pair in pairs
        if draw(st.booleans())
    )
    audio = draw(
        st.builds(
            Audio,
            ptime_ms=st.sampled_from([10, 20, 60]),
            ipv6=st.booleans(),
            srtp=st.sampled_from(Srtp),
            layer=st.sampled_from(Layer),
        )
    )
    return Plan(
        sites=sites,
        offers=tuple(draw(offers(number)) for number in range(draw(st.integers(min_value=1, max_value=6)))),
        links=links,
        localities=tuple(
            Locality(country=country) for country in sorted(draw(st.sets(COUNTRIES, max_size=2)))
        ),
        aims=Aims(calls_per_server=draw(st.sampled_from([7, 1000, 16_000]))),
        audio=audio,
    )


def solved(plan: Plan) -> Answer:
    return answer(plan, measured({site.name: () for site in plan.sites}))


ANY_PLAN = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])


@ANY_PLAN
@given(plans())
def test_nothing_leaves_a_country_whose_calls_must_stay(plan: Plan) -> None:
    where = {site.name: site.country for site in plan.sites}
    found = solved(plan)
    for each in found.sites:
        country = each.site.country
        if plan.is_local(country):
            homes = [home for home in (each.decision.home, each.decision.backup) if home]
            assert {where[home] for home in homes} <= {country}
    for use in found.trunks:
        for country in use.countries:
            assert use.offer.brings(country)
            if plan.is_local(country):
                assert use.offer.country == where[use.site] == country


@ANY_PLAN
@given(plans())
def test_everybody_is_served_or_named(plan: Plan) -> None:
    found = solved(plan)
    for each in found.sites:
        if each.decision.role is Role.UNSERVED:
            assert any(each.site.name in lack for lack in found.lacking)
    if not found.lacking:
        for home in {each.decision.home for each in found.sites}:
            usual = sum(each.traffic.erlang for each in found.sites if each.decision.home == home)
            here = [use for use in found.trunks if use.site == home]
            assert sum(use.channels for use in here) >= channels_for(round(usual, 9), 0.01)
        assert all(use.fits for use in found.links)


@ANY_PLAN
@given(plans())
def test_no_trunk_is_larger_than_it_is_and_none_stands_twice_at_a_site(plan: Plan) -> None:
    uses = solved(plan).trunks
    assert len({(use.site, use.offer.name) for use in uses}) == len(uses)
    for use in uses:
        assert not use.offer.max_channels or use.channels <= use.offer.max_channels
        assert not use.offer.capacity_kbps or use.wire_kbps <= use.offer.capacity_kbps + 1e-6
        assert use.formula_kbps <= use.wire_kbps


@ANY_PLAN
@given(plans())
def test_no_single_site_could_be_better_off_elsewhere(plan: Plan) -> None:
    found = solved(plan)
    sizes = Sizes(plan)
    network = Network(plan, sizes, {each.site.name: each.traffic.erlang for each in found.sites})
    homes = {each.site.name: each.decision.home for each in found.sites if each.decision.home}
    lacking, unfit, price = network.outcome(homes).rank
    for each in found.sites:
        name, country = each.site.name, each.site.country
        if each.site.central or each.site.survivable:
            continue
        others = [
            home
            for home in network.central
            if network.may_serve(home, country) and network.way(name, home) is not None
        ]
        if sizes.trunks(each.site, {country: each.traffic.erlang or 1.0}) is not None:
            others.append(name)
        for home in others:
            other = network.outcome({**homes, name: home}).rank
            assert (lacking, unfit, price - 1e-6) <= other


@ANY_PLAN
@given(plans())
def test_check_config_takes_every_configuration_without_a_word(plan: Plan) -> None:
    found = solved(plan)
    texts = configurations(found)
    assert set(texts) == {use.site for use in found.trunks}
    for name, text in texts.items():
        reading = inspect(text, name)
        assert reading.warnings == ()
        site = next(each for each in found.sites if each.site.name == name)
        assert sum(trunk.max_calls for trunk in reading.settings.trunks) * site.servers >= site.trunk_channels


@ANY_PLAN
@given(plans())
def test_every_answer_can_be_told_and_drawn_and_is_the_same_twice(plan: Plan) -> None:
    found = solved(plan)
    assert as_mapping(found) == as_mapping(solved(plan))
    text = answer_text(found)
    assert all(site.name in text for site in plan.sites)
    assert "nan" not in picture(found)
