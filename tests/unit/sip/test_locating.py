"""Where a domain is served (RFC 3263): what is asked, in which order, and what the answers mean."""

from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.sip.flow import Transport
from mediation.sip.locating import (
    MOST_ADDRESSES,
    MOST_SERVICES,
    Kind,
    Located,
    Missing,
    Naptr,
    Question,
    Record,
    Service,
    Sought,
    Srv,
    in_order,
    locate,
)

UDP, TCP, TLS = Transport
ALL = [(UDP, Kind.A), (TCP, Kind.A), (TLS, Kind.A)]
NAME = "itsp.example"


def zone(records: "Zone") -> dict[Question, Sequence[Record]]:
    """`{"A sbc.example": ["192.0.2.1"]}`."""
    return {
        Question(name, Kind(kind)): found
        for key, found in records.items()
        for kind, _, name in [key.partition(" ")]
    }


def asked(sought: Sought, records: "Zone", doors: list[tuple[Transport, Kind]]) -> list[str]:
    """What is asked before an answer is there, each time all that can be asked; then the services."""
    known: dict[Question, Sequence[Record]] = {}
    whole, steps = zone(records), []
    while isinstance(found := locate(sought, doors, known), Missing):
        steps.append(" + ".join(map(str, found.questions)))
        known |= {question: whole.get(question, ()) for question in found.questions}
    steps += [f"{each.transport} {', '.join(each.addresses)} :{each.port}" for each in found.services]
    assert found.asked <= known.keys()
    return steps


Zone = Mapping[str, Sequence[Record]]

SRV: Zone = {
    f"SRV _sip._udp.{NAME}": [Srv(1, 0, 5070, "a.example")],
    "A a.example": ["192.0.2.1", "192.0.2.2"],
}


def test_with_a_port_the_name_is_a_host_and_udp_is_the_transport__rfc3263_4_1_and_4_2() -> None:
    assert asked(Sought(NAME, 5080), {f"A {NAME}": ["192.0.2.9"], **SRV}, ALL) == [
        f"A {NAME}",
        "udp 192.0.2.9 :5080",
    ]


def test_with_a_transport_no_naptr_is_asked_for_and_srv_is__rfc3263_4_2() -> None:
    assert asked(Sought(NAME, transport=UDP), SRV, ALL) == [
        f"SRV _sip._udp.{NAME}",
        "A a.example",
        "udp 192.0.2.1, 192.0.2.2 :5070",
    ]


@pytest.mark.parametrize(
    ("transport", "place", "port"),
    [(UDP, "_sip._udp", 5060), (TCP, "_sip._tcp", 5060), (TLS, "_sips._tcp", 5061)],
)
def test_without_srv_records_the_name_is_a_host_at_the_usual_port__rfc3263_4_2(
    transport: Transport, place: str, port: int
) -> None:
    assert asked(Sought(NAME, transport=transport), {f"A {NAME}": ["192.0.2.9"]}, ALL) == [
        f"SRV {place}.{NAME}",
        f"A {NAME}",
        f"{transport} 192.0.2.9 :{port}",
    ]


NAPTRS = [
    Naptr(90, 50, "s", "SIPS+D2T", f"_sips._tcp.other.{NAME}"),
    Naptr(50, 50, "S", "SIP+D2T", f"_sip._tcp.{NAME}"),
    Naptr(50, 20, "s", "SIP+D2S", f"_sip._sctp.{NAME}"),
    Naptr(10, 1, "a", "SIP+D2U", f"_sip._udp.{NAME}"),
    Naptr(10, 1, "u", "E2U+sip", ""),
    Naptr(100, 50, "s", "sip+d2u", f"_sip._udp.{NAME}"),
]


def test_naptr_chooses_the_transport_by_order_and_preference_among_those_we_speak__rfc3263_4_1() -> None:
    records: Zone = {
        f"NAPTR {NAME}": NAPTRS,
        f"SRV _sip._tcp.{NAME}": [Srv(0, 0, 5062, "b.example")],
        "A b.example": ["192.0.2.7"],
    }
    assert asked(Sought(NAME), records, ALL) == [
        f"NAPTR {NAME}",
        f"SRV _sip._tcp.{NAME}",
        "A b.example",
        "tcp 192.0.2.7 :5062",
    ]


def test_naptr_for_sips_leaves_only_tls_and_leads_where_it_says__rfc3263_4_1() -> None:
    records: Zone = {
        f"NAPTR {NAME}": NAPTRS,
        f"SRV _sips._tcp.other.{NAME}": [Srv(0, 0, 5071, "t.example")],
        "A t.example": ["192.0.2.8"],
    }
    expected = [f"NAPTR {NAME}", f"SRV _sips._tcp.other.{NAME}", "A t.example", "tls 192.0.2.8 :5071"]
    assert asked(Sought(NAME, secure=True), records, ALL) == expected


def test_naptr_for_what_we_do_not_speak_is_passed_over() -> None:
    records: Zone = {
        f"NAPTR {NAME}": NAPTRS,
        f"SRV _sip._udp.{NAME}": [Srv(0, 0, 5060, "u.example")],
        "A u.example": ["192.0.2.6"],
    }
    assert asked(Sought(NAME), records, [(UDP, Kind.A)])[-1] == "udp 192.0.2.6 :5060"


def test_without_naptr_srv_is_asked_for_every_transport_and_ours_decide__rfc3263_4_1() -> None:
    records: Zone = {f"SRV _sip._tcp.{NAME}": [Srv(0, 0, 5060, "c.example")], "A c.example": ["192.0.2.5"]}
    assert asked(Sought(NAME), records, ALL) == [
        f"NAPTR {NAME}",
        f"SRV _sip._udp.{NAME} + SRV _sip._tcp.{NAME} + SRV _sips._tcp.{NAME}",
        "A c.example",
        "tcp 192.0.2.5 :5060",
    ]


def test_without_any_of_them_a_sip_name_is_a_host_by_udp_and_a_sips_name_by_tls__rfc3263_4_1() -> None:
    host: Zone = {f"A {NAME}": ["192.0.2.9"]}
    assert asked(Sought(NAME), host, ALL)[-1] == "udp 192.0.2.9 :5060"
    assert asked(Sought(NAME, secure=True), host, ALL)[-1] == "tls 192.0.2.9 :5061"
    assert asked(Sought(NAME), host, [(TCP, Kind.A)])[-1] == "tcp 192.0.2.9 :5060"


def test_addresses_are_of_the_families_that_our_listeners_of_that_transport_have() -> None:
    records: Zone = {f"A {NAME}": ["192.0.2.9"], f"AAAA {NAME}": ["2001:db8::9"]}
    sought = Sought(NAME, 5060)
    both = [(UDP, Kind.AAAA), (UDP, Kind.A), (TCP, Kind.A)]
    assert asked(sought, records, both) == [
        f"AAAA {NAME} + A {NAME}",
        "udp 2001:db8::9, 192.0.2.9 :5060",
    ]
    assert asked(sought, records, [(UDP, Kind.AAAA), (TCP, Kind.A)]) == [
        f"AAAA {NAME}",
        "udp 2001:db8::9 :5060",
    ]


def test_a_service_that_is_decidedly_not_there_is_not_looked_for_elsewhere__rfc2782() -> None:
    records: Zone = {f"SRV _sip._udp.{NAME}": [Srv(0, 0, 0, "")], f"A {NAME}": ["192.0.2.9"]}
    assert asked(Sought(NAME, transport=UDP), records, ALL) == [f"SRV _sip._udp.{NAME}"]


def test_a_server_without_an_address_is_left_out_and_the_others_are_not() -> None:
    records: Zone = {
        f"SRV _sip._udp.{NAME}": [Srv(0, 0, 5060, "gone.example"), Srv(1, 0, 5060, "a.example")],
        "A a.example": ["192.0.2.1"],
    }
    assert asked(Sought(NAME, transport=UDP), records, ALL)[1:] == [
        "A gone.example + A a.example",
        "udp 192.0.2.1 :5060",
    ]


def test_a_transport_that_we_do_not_speak_leads_nowhere() -> None:
    assert asked(Sought(NAME, secure=True), {}, [(UDP, Kind.A)]) == []


def test_an_answer_without_end_has_one() -> None:
    hosts = [Srv(0, 0, 5060, f"h{number}.example") for number in range(1000)]
    many = [f"192.0.2.{number % 256}" for number in range(1000)]
    found = asked(
        Sought(NAME, transport=UDP),
        {f"SRV _sip._udp.{NAME}": hosts, **{f"A {each.target}": many for each in hosts}},
        ALL,
    )
    assert len(found) == 2 + MOST_SERVICES
    assert found[-1].count(",") == MOST_ADDRESSES - 1


records = st.one_of(
    st.builds(
        Srv, st.integers(0, 3), st.integers(0, 3), st.integers(0, 9), st.sampled_from(["", "a", "b", NAME])
    ),
    st.builds(
        Naptr,
        st.integers(0, 3),
        st.integers(0, 3),
        st.sampled_from(["s", "S", "a", ""]),
        st.sampled_from(["SIP+D2U", "sips+d2t", "x"]),
        st.sampled_from(["", "_sip._udp.a", NAME]),
    ),
    st.sampled_from(["192.0.2.1", "2001:db8::1"]),
)


@given(
    st.builds(
        Sought,
        st.just(NAME),
        st.none() | st.just(5070),
        st.none() | st.sampled_from(Transport),
        st.booleans(),
    ),
    st.lists(st.tuples(st.sampled_from(Transport), st.sampled_from([Kind.A, Kind.AAAA]))),
    st.data(),
)
def test_whatever_the_dns_answers_the_search_comes_to_an_end(
    sought: Sought, doors: list[tuple[Transport, Kind]], data: st.DataObject
) -> None:
    known: dict[Question, Sequence[Record]] = {}
    for _ in range(5):
        found = locate(sought, doors, known)
        if isinstance(found, Located):
            break
        known |= {question: data.draw(st.lists(records, max_size=4)) for question in found.questions}
    assert isinstance(found, Located)
    assert {service.transport for service in found.services} <= {transport for transport, _ in doors}


# who comes first


def service(priority: int, weight: int, host: str) -> Service:
    return Service(priority, weight, UDP, 5060, (host,))


def test_the_lowest_priority_is_first_whatever_the_weights__rfc2782() -> None:
    services = [service(20, 100, "c"), service(10, 1, "a"), service(15, 50, "b")]
    assert [each.addresses[0] for each in in_order(services, lambda low, high: high)] == ["a", "b", "c"]


def test_calls_are_shared_by_weight__rfc2782() -> None:
    chance = Random(3)
    services = [service(1, 60, "a"), service(1, 30, "b"), service(1, 10, "c"), service(1, 0, "d")]
    firsts = Counter(in_order(services, chance.randint)[0].addresses[0] for _ in range(20_000))
    for host, share in (("a", 0.6), ("b", 0.3), ("c", 0.1)):
        assert abs(firsts[host] / 20_000 - share) < 0.02
    assert 0 < firsts["d"] < 600  # a very small chance: one in a hundred and one


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 65535)), max_size=12), st.randoms())
def test_everybody_is_in_the_order_once_and_priorities_rise(
    pairs: list[tuple[int, int]], chance: Random
) -> None:
    services = [service(priority, weight, str(place)) for place, (priority, weight) in enumerate(pairs)]
    order = in_order(services, chance.randint)
    assert sorted(each.addresses for each in order) == sorted(each.addresses for each in services)
    assert [each.priority for each in order] == sorted(each.priority for each in services)
