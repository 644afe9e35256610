"""Which certificate makes a peer the one that is meant (RFC 5922)."""

import pytest

from mediation.routing.certificates import Expectations, Expected, Identity
from mediation.routing.directory import Directory
from mediation.settings.peers import Side
from mediation.settings.read import read
from mediation.sip.flow import Endpoint, Flow, Transport
from mediation.sip.locating import Service

INSIDE, OUTSIDE = ("127.0.0.10", 5061), ("127.0.0.11", 5061)


def expectations(internal: str = "", gateway: str = "") -> Expectations:
    return Expectations(
        read(
            f"""
[internal]
listen = ["tls:127.0.0.10"]
targets = ["sip:127.0.0.20;transport=tls"]
[internal.tls]
certificate = "c"
private_key = "k"
{internal}
[gateway]
listen = ["tls:127.0.0.11"]
[gateway.tls]
certificate = "c"
private_key = "k"
{gateway}
[[trunk]]
name = "named"
targets = ["sip:127.0.0.30;transport=tls", "sip:127.0.0.31;transport=tls"]
trusted = ["127.0.30.0/24"]
tls_name = "SBC.itsp.example"
[[trunk]]
name = "nameless"
targets = ["sip:127.0.0.40;transport=tls"]
""",
            "m",
        )
    )


def flow(remote: str, local: Endpoint = OUTSIDE, port: int = 5061) -> Flow:
    return Flow(Transport.TLS, local, (remote, port))


def test_sip_uris_decide_and_domains_count_only_without_them__rfc5922_7_1() -> None:
    assert Identity.of([("DNS", "A.example"), ("DNS", "b.example")]).domains == {"a.example", "b.example"}
    assert Identity.of([("DNS", "a.example"), ("URI", "SIP:B.example")]).domains == {"b.example"}
    assert Identity.of([("URI", "sip:b.example;transport=tls")]).domains == {"b.example"}
    for other in ("sips:b.example", "sip:u@b.example", "https://b.example", "sip:", "sip:b.example:5061"):
        assert Identity.of([("DNS", "a.example"), ("URI", other)]).domains == {"a.example"}
    assert Identity.of([("email", "a@b.example"), ("DirName", "x")]) == Identity(frozenset(), frozenset())


def test_addresses_are_compared_as_addresses() -> None:
    identity = Identity.of(
        [("IP Address", "2001:DB8:0:0:0:0:0:1"), ("IP Address", "192.0.2.1"), ("IP Address", "x")]
    )
    assert identity.addresses == {"2001:db8::1", "192.0.2.1"}
    assert Expected(address="2001:db8::1").met_by(identity)
    assert not Expected(frozenset({"192.0.2.1"})).met_by(identity), "a name is a domain, not an address"


def test_a_wildcard_stands_for_itself_alone__rfc5922_7_2() -> None:
    assert not Expected(frozenset({"fe.example"})).met_by(Identity.of([("DNS", "*.example")]))


def test_nobody_is_expected_where_nothing_can_be_met() -> None:
    assert not Expected().met_by(Identity.of([]))
    assert not Expected().met_by(Identity.of([("DNS", "")]))


@pytest.mark.parametrize("calling", [True, False])
def test_a_front_end_bears_a_name_of_the_list_or_any(calling: bool) -> None:
    inside = flow("127.0.0.20", INSIDE)
    assert expectations().of(inside, Side.FRONT_END, calling=calling).anybody
    named = expectations('peers = ["FE.example"]').of(inside, Side.FRONT_END, calling=calling)
    assert named == Expected(frozenset({"fe.example"}), "127.0.0.20" if calling else "")


@pytest.mark.parametrize("calling", [True, False])
@pytest.mark.parametrize("host", ["127.0.0.30", "127.0.0.31", "127.0.30.9"])
@pytest.mark.parametrize("port", [5061, 40000])
def test_a_trunk_with_a_name_bears_it_whatever_else_is_good(calling: bool, host: str, port: int) -> None:
    for gateway in ("", 'peers = ["other.example"]'):
        expected = expectations(gateway=gateway).of(flow(host, port=port), Side.GATEWAY, calling=calling)
        assert expected == Expected(frozenset({"sbc.itsp.example"}))


def test_a_trunk_without_a_name_bears_its_address_or_a_name_of_the_list() -> None:
    nameless = flow("127.0.0.40")
    assert expectations().of(nameless, Side.GATEWAY, calling=True) == Expected(address="127.0.0.40")
    assert expectations().of(nameless, Side.GATEWAY, calling=False).anybody
    for calling in (True, False):
        listed = expectations(gateway='peers = ["a.example"]').of(nameless, Side.GATEWAY, calling=calling)
        assert listed == Expected(frozenset({"a.example"}), "127.0.0.40")


def test_only_a_trunk_with_a_name_is_asked_for_by_name() -> None:
    found = expectations()
    assert found.server_name(flow("127.0.0.30"), Side.GATEWAY) == "SBC.itsp.example"
    assert found.server_name(flow("127.0.0.40"), Side.GATEWAY) == ""
    assert found.server_name(flow("127.0.0.20", INSIDE), Side.FRONT_END) == ""


def test_a_target_with_a_name_bears_that_name_and_neither_its_address_nor_the_host_of_srv__rfc5922_7_3() -> (
    None
):
    settings = read(
        """
[internal]
listen = ["tls:127.0.0.10"]
targets = ["sips:Pool.corp.example"]
[internal.tls]
certificate = "c"
private_key = "k"
[gateway]
listen = ["tls:127.0.0.11"]
[gateway.tls]
certificate = "c"
private_key = "k"
[[trunk]]
name = "itsp"
targets = ["sip:itsp.example;transport=tls", "sip:127.0.0.40;transport=tls"]
""",
        "m",
    )
    directory = Directory(settings)
    for holder, host in (("front-end", "127.0.0.20"), ("itsp", "127.0.0.30")):
        [named] = directory.names(holder)
        directory.learn(holder, named, (Service(0, 0, Transport.TLS, 5061, (host,)),))
    found = Expectations(settings, directory)
    outside, inside = flow("127.0.0.30"), flow("127.0.0.20", INSIDE)
    assert found.of(outside, Side.GATEWAY, calling=True) == Expected(frozenset({"itsp.example"}))
    assert found.server_name(outside, Side.GATEWAY) == "itsp.example"
    assert found.of(inside, Side.FRONT_END, calling=True) == Expected(frozenset({"pool.corp.example"}))
    assert found.server_name(inside, Side.FRONT_END) == "pool.corp.example"
    assert found.of(inside, Side.FRONT_END, calling=False).anybody
    assert found.of(flow("127.0.0.40"), Side.GATEWAY, calling=True) == Expected(address="127.0.0.40")


def test_what_is_expected_can_be_said() -> None:
    assert str(Expected(frozenset({"b", "a"}), "192.0.2.1")) == "a or b or 192.0.2.1"
    assert str(Expected(anybody=True)) == "anybody"
    assert str(Identity.of([])) == "nobody"


@pytest.mark.parametrize(
    ("remote", "port", "bears", "sent_by", "allowed"),
    [
        ("127.0.0.30", 5061, ["sbc.itsp.example"], "SBC.itsp.example", True),
        ("127.0.0.30", 5061, ["sbc.itsp.example"], "127.0.0.30", True),
        ("127.0.30.7", 5061, ["sbc.itsp.example"], "sbc.itsp.example", True),
        # another's address, or a name that it has no certificate for
        ("127.0.0.30", 5061, ["sbc.itsp.example"], "127.0.0.31", False),
        ("127.0.0.30", 5061, ["sbc.itsp.example"], "other.itsp.example", False),
        ("127.0.0.30", 5061, ["sbc.itsp.example"], "*.itsp.example", False),
        # a certificate that we would not take of whom we connect to there
        ("127.0.0.30", 5061, ["other.example"], "other.example", False),
        ("127.0.0.30", 5061, ["other.example"], "127.0.0.30", False),
        ("127.0.0.40", 5061, ["sbc.itsp.example"], "sbc.itsp.example", False),
        ("127.0.0.40", 5061, ["127.0.0.40"], "127.0.0.40", True),
        ("127.0.0.40", 9999, ["127.0.0.40", "a.example"], "a.example", True),
        ("127.0.0.40", 5061, ["127.0.0.41"], "127.0.0.40", False),
    ],
)
def test_a_peer_can_claim_by_alias_only_what_is_its_own__rfc5923_5(
    remote: str, port: int, bears: list[str], sent_by: str, allowed: bool
) -> None:
    kinds = [("IP Address" if name[0].isdigit() else "DNS", name) for name in bears]
    identity = Identity.of(kinds)
    assert expectations().allow_reuse(flow(remote, port=port), Side.GATEWAY, identity, sent_by) is allowed


def test_inside_a_certificate_of_anybody_is_not_enough_for_an_alias__rfc5923_5() -> None:
    anybody = Identity.of([("DNS", "anybody.example")])
    towards = flow("127.0.0.20", INSIDE)
    assert expectations().of(towards, Side.FRONT_END, calling=False).met_by(anybody)
    assert not expectations().allow_reuse(towards, Side.FRONT_END, anybody, "anybody.example")
    peers = expectations(internal='peers = ["anybody.example"]')
    assert peers.allow_reuse(towards, Side.FRONT_END, anybody, "anybody.example")


# by name alone

STRANGER = "127.0.99.1"
MOBILE = """
[[trunk]]
name = "mobile"
targets = []
trusted_names = ["Branch.corp.example"]
[[trunk]]
name = "narrow"
targets = []
trusted = ["127.0.98.0/24"]
trusted_names = ["narrow.example"]
"""


def test_a_stranger_must_bear_the_name_of_somebody_who_may_be_there() -> None:
    expected = expectations(gateway=MOBILE)
    assert expected.of_stranger(flow(STRANGER)) == Expected(frozenset({"branch.corp.example"}))
    assert expected.of_stranger(flow("127.0.98.7")).names == {"branch.corp.example", "narrow.example"}
    assert not expected.of_stranger(flow(STRANGER, INSIDE)).met_by(Identity(frozenset({"x"}), frozenset()))


def test_whom_an_address_tells_may_bear_such_a_name_instead_of_its_own() -> None:
    expected = expectations(gateway=MOBILE)
    assert expected.of(flow("127.0.0.30"), Side.GATEWAY, calling=False) == Expected(
        frozenset({"sbc.itsp.example", "branch.corp.example"})
    )


def test_whom_we_connect_to_must_bear_its_own() -> None:
    expected = expectations(gateway=MOBILE)
    assert expected.of(flow("127.0.0.30"), Side.GATEWAY, calling=True) == Expected(
        frozenset({"sbc.itsp.example"})
    )


def test_an_address_that_is_good_with_a_name_alone_says_nothing_of_certificates() -> None:
    both = MOBILE.replace(
        'trusted_names = ["narrow.example"]', 'trusted_names = ["narrow.example"]\ntls_name = "x.example"'
    )
    both += (
        '[[trunk]]\nname = "wide"\ntargets = ["sip:127.0.98.7;transport=tls"]\ntls_name = "wide.example"\n'
    )
    names = expectations(gateway=both).of(flow("127.0.98.7"), Side.GATEWAY, calling=False).names
    assert names == {"wide.example", "branch.corp.example", "narrow.example"}
