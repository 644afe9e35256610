"""Rules between settings, each with both places, and the warnings that stop nothing."""

import pytest

from mediation.settings.problems import Severity
from mediation.settings.read import SettingsError, inspect

INTERNAL = """\
[internal]
listen = ["udp:127.0.0.10", "tcp:127.0.0.10"]
targets = ["sip:127.0.0.20"]
"""
GATEWAY = """\
[gateway]
listen = ["udp:127.0.0.11", "tcp:127.0.0.11"]
"""
TRUNK = """\
[[trunk]]
name = "north"
targets = ["sip:127.0.0.30"]
"""
SOUTH = """\
[[trunk]]
name = "south"
targets = ["sip:127.0.0.31"]
"""


def told(*parts: str) -> list[str]:
    """Return all problems, errors and warnings alike."""
    try:
        reading = inspect("".join(parts), "m")
    except SettingsError as error:
        return [str(problem) for problem in error.problems]
    assert all(problem.severity is Severity.WARNING for problem in reading.warnings)
    return [str(problem) for problem in reading.warnings]


def only(*parts: str) -> str:
    (problem,) = told(*parts)
    return problem


def test_a_sound_configuration_has_nothing_to_be_told() -> None:
    assert told(INTERNAL, GATEWAY, TRUNK, SOUTH) == []


def test_rtp_ports_begin_even_and_end_odd__rfc3550_11() -> None:
    assert told(INTERNAL, "rtp_ports = [20001, 29998]\n", GATEWAY, TRUNK) == [
        "m:4:14: internal.rtp_ports.0: 20001 is odd, and RTP begins on an even port; write 20002",
        "m:4:21: internal.rtp_ports.1: 29998 is even, and the last RTCP port is odd; write 29997",
    ]
    assert only(INTERNAL, GATEWAY, "rtp_ports = [40000, 30001]\n", TRUNK) == (
        "m:6:13: gateway.rtp_ports: 40000 is not below 30001; write the first and the last port"
    )


def test_rtp_ports_of_both_interfaces_are_apart_where_they_share_an_address() -> None:
    shared = GATEWAY.replace("127.0.0.11", "127.0.0.10").replace('"]', ':5070"]').replace('",', ':5070",')
    overlap = "rtp_ports = [29998, 39999]\n"
    assert told(INTERNAL, shared, TRUNK) == []
    assert told(INTERNAL, GATEWAY, overlap, TRUNK) == []
    assert only(INTERNAL, shared, overlap, TRUNK) == (
        "m:6:13: gateway.rtp_ports: the RTP ports of both interfaces overlap, and both use 127.0.0.10; "
        "keep the two ranges apart, or use another address for one interface"
    )
    assert "(see internal.rtp_ports at 4:13)" in only(
        INTERNAL, "rtp_ports = [20000, 30001]\n", shared, "rtp_ports = [30000, 39999]\n", TRUNK
    )


def test_a_listener_stands_once_in_the_whole_file() -> None:
    double = GATEWAY.replace("tcp:127.0.0.11", "udp:127.0.0.10:5060")
    assert only(INTERNAL, double, TRUNK) == (
        "m:5:29: gateway.listen.1: udp:127.0.0.10:5060 is listened on already (see internal.listen.0 at 2:11); "
        "remove one of them"
    )


def test_a_udp_listener_keeps_out_of_the_rtp_ports_of_its_address() -> None:
    inside = INTERNAL.replace('"udp:127.0.0.10"', '"udp:127.0.0.10:20004"')
    assert only(inside, GATEWAY, TRUNK).startswith(
        "m:2:11: internal.listen.0: port 20004 is one of the RTP ports of [internal] on the same address"
    )
    assert told(INTERNAL.replace('"tcp:127.0.0.10"', '"tcp:127.0.0.10:20004"'), GATEWAY, TRUNK) == []


def test_a_target_needs_a_listener_of_its_transport_and_address_family() -> None:
    udp_only = GATEWAY.replace(', "tcp:127.0.0.11"', "")
    tcp = TRUNK.replace('127.0.0.30"', '127.0.0.30;transport=tcp"')
    assert only(INTERNAL, udp_only, tcp) == (
        "m:8:12: trunk.north.targets.0: [gateway] has no listener for tcp over IPv4 (see gateway.listen at 5:10); "
        'add "tcp:127.0.0.11:5060" to gateway.listen'
    )
    six = INTERNAL.replace("sip:127.0.0.20", "sip:[::1]")
    assert 'add "udp:[ADDRESS]:5060" to internal.listen' in only(six, GATEWAY, TRUNK)


def test_a_listener_that_is_wrong_is_told_once_and_not_missed_by_every_target() -> None:
    broken = GATEWAY.replace("tcp:", "wss:")
    tcp = TRUNK.replace('127.0.0.30"', '127.0.0.30;transport=tcp"')
    assert only(INTERNAL, broken, tcp).startswith("m:5:29: gateway.listen.1: ")


def test_a_name_needs_a_listener_of_the_transport_that_it_asks_for() -> None:
    def of(uri: str) -> str:
        return TRUNK.replace("sip:127.0.0.30", uri)

    assert told(INTERNAL, GATEWAY, of("sip:itsp.example")) == []
    for uri in ("sips:itsp.example", "sip:itsp.example;transport=tls"):
        told_of = only(INTERNAL, GATEWAY, of(uri))
        assert "[gateway] has no listener for tls" in told_of
        assert 'add "tls:ADDRESS:5061"' in told_of


def test_a_name_stands_once_in_a_list_however_it_is_spelled() -> None:
    twice = TRUNK.replace('"sip:127.0.0.30"', '"sip:itsp.example", "sip:ITSP.example."')
    assert "stands in this list twice" in only(INTERNAL, GATEWAY, twice)


def test_the_least_ttl_is_not_above_the_most() -> None:
    assert "min_ttl_s is 60 and max_ttl_s is 30" in only(
        INTERNAL, GATEWAY, TRUNK, "[dns]\nmin_ttl_s = 60\nmax_ttl_s = 30\n"
    )


@pytest.mark.parametrize("server", ["192.0.2.53", "192.0.2.53:5353", "2001:db8::53", "[2001:db8::53]:53"])
def test_a_name_server_is_an_address_with_or_without_a_port(server: str) -> None:
    assert told(INTERNAL, GATEWAY, TRUNK, f'[dns]\nservers = ["{server}"]\n') == []


@pytest.mark.parametrize("server", ["ns.example", "", "192.0.2.53:0", "192.0.2.53:", "[2001:db8::53]:x"])
def test_a_name_server_is_nothing_else(server: str) -> None:
    assert "dns.servers.0" in only(INTERNAL, GATEWAY, TRUNK, f'[dns]\nservers = ["{server}"]\n')


def test_a_target_is_not_our_own_listener() -> None:
    loop = TRUNK.replace("127.0.0.30", "127.0.0.11:5060")
    assert only(INTERNAL, GATEWAY, loop) == (
        "m:8:12: trunk.north.targets.0: this target is our own listener: a call would come back to us "
        "(see gateway.listen.0 at 5:11); give the other server's address"
    )


def test_no_two_trunks_have_one_name() -> None:
    assert only(INTERNAL, GATEWAY, TRUNK, SOUTH.replace("south", "north")) == (
        'm:10:8: trunk.north.name: another trunk is called "north" already (see trunk.north.name at 7:8); '
        "give each trunk a name of its own"
    )


@pytest.mark.parametrize(
    ("south", "related"),
    [
        ('targets = ["sip:127.0.0.30"]', "trunk.north.targets.0 at 8:12"),
        ('targets = ["sip:127.0.0.30:5070;transport=tcp"]', "trunk.north.targets.0 at 8:12"),
        ('targets = ["sip:127.0.0.30:5070"]\ntrusted = ["127.0.0.30"]', "trunk.north.targets.0 at 8:12"),
        ('targets = ["sip:127.0.0.31"]\ntrusted = ["127.0.0.0/24"]', "trunk.north.targets.0 at 8:12"),
    ],
)
def test_a_call_can_belong_to_one_trunk_only(south: str, related: str) -> None:
    problem = only(INTERNAL, GATEWAY, TRUNK, f'[[trunk]]\nname = "south"\n{south}\n')
    assert 'could belong to trunk "north" as well' in problem
    assert related in problem


def test_two_trunks_at_one_address_are_told_apart_by_the_ports_of_their_targets_by_udp() -> None:
    south = '[[trunk]]\nname = "south"\ntargets = ["sip:127.0.0.30:5070"]\n'
    assert told(INTERNAL, GATEWAY, TRUNK, south) == []


def test_a_trunk_that_places_no_calls_shares_its_address_with_another() -> None:
    south = SOUTH.replace("127.0.0.31", "127.0.0.30:5070") + "trusted = []\n"
    assert told(INTERNAL, GATEWAY, TRUNK, south) == []


def test_a_route_names_trunks_that_exist() -> None:
    assert only(INTERNAL, GATEWAY, TRUNK, '[[route]]\ntrunks = ["noth"]\n') == (
        'm:10:11: route.0.trunks.0: there is no trunk "noth"; did you mean "north"?'
    )
    assert only(INTERNAL, GATEWAY, TRUNK, '[[route]]\ntrunks = ["zzz"]\n').endswith('; there are "north"')


def test_routes_are_not_blamed_while_a_trunk_has_no_readable_name() -> None:
    nameless = TRUNK.replace("north", "NORTH")
    assert only(INTERNAL, GATEWAY, nameless, '[[route]]\ntrunks = ["north"]\n').startswith(
        "m:7:8: trunk.NORTH.name"
    )


def test_a_response_rule_says_which_responses_it_means() -> None:
    rule = "[[trunk.response]]\nbecomes = 503\n"
    message = (
        "trunk.north.response.0: neither status nor cause says which responses are meant; give one of them"
    )
    assert message in only(INTERNAL, GATEWAY, TRUNK, rule)
    for given in ("status = 486\n", "cause = 34\n"):
        assert told(INTERNAL, GATEWAY, TRUNK, rule + given) == []
    assert "200 is no response that refuses a call" in only(INTERNAL, GATEWAY, TRUNK, rule + "status = 200\n")


@pytest.mark.parametrize(
    ("line", "again"),
    [
        ('codecs = ["PCMA", "PCMU", "PCMA"]', "trunk.north.codecs.2: PCMA stands in this list twice"),
        ("failover_codes = [503, 503]", "trunk.north.failover_codes.1: 503 stands in this list twice"),
        ("failover_causes = [34, 34]", "trunk.north.failover_causes.1: 34 stands in this list twice"),
        (
            'trusted = ["10.0.0.1", "10.0.0.1/32"]',
            "trunk.north.trusted.1: 10.0.0.1/32 stands in this list twice",
        ),
    ],
)
def test_a_list_holds_nothing_twice(line: str, again: str) -> None:
    assert again in only(INTERNAL, GATEWAY, TRUNK, line)


def test_two_spellings_of_one_target_are_one_target() -> None:
    twice = TRUNK.replace('0.30"', '0.30", "sip:127.0.0.30:5060;transport=udp"')
    assert "stands in this list twice (see trunk.north.targets.0 at 8:12)" in only(INTERNAL, GATEWAY, twice)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("setup_limit_s = 60\n", "m:10:17: sip.setup_limit_s: ring_limit_s is 180 and setup_limit_s is 60; "),
        ("ring_limit_s = 600\n", "m:10:16: sip.ring_limit_s: ring_limit_s is 600 and setup_limit_s is 240; "),
        ("t2_ms = 400\n", "m:10:9: sip.t2_ms: t1_ms is 500 and t2_ms is 400; "),
        (
            "t1_ms = 2000\nt2_ms = 1000\n",
            "t1_ms is 2000 and t2_ms is 1000 (see sip.t1_ms at 10:9); raise t2_ms or",
        ),
    ],
)
def test_a_longer_time_is_not_below_a_shorter_one(lines: str, expected: str) -> None:
    assert expected in only(INTERNAL, GATEWAY, TRUNK, "[sip]\n", lines)


def test_a_trunk_that_no_route_names_is_a_warning() -> None:
    assert only(INTERNAL, GATEWAY, TRUNK, SOUTH, '[[route]]\ntrunks = ["north"]\n') == (
        'm:10:8: warning: trunk.south.name: no route names trunk "south": it gets no calls; '
        "name it in a [[route]], unless it only brings calls in"
    )


def test_a_route_that_no_number_reaches_is_a_warning() -> None:
    every = '[[route]]\nmatch = "^.*$"\ntrunks = ["north"]\n'
    assert only(INTERNAL, GATEWAY, TRUNK, every, '[[route]]\nmatch = "^44"\ntrunks = ["north"]\n') == (
        "m:13:9: warning: route.1.match: no number comes as far as this route: an earlier one matches the same numbers"
        " (see route.0.match at 10:9); put it above that one, or remove it"
    )
    assert told(INTERNAL, GATEWAY, TRUNK, '[[route]]\nmatch = "^44"\ntrunks = ["north"]\n', every) == []


def test_trusting_the_whole_internet_is_a_warning() -> None:
    assert "anybody places calls at your cost" in only(INTERNAL, 'trusted = ["0.0.0.0/0"]\n', GATEWAY, TRUNK)
    assert "the whole IPv6 Internet: anybody can call" in only(
        INTERNAL, GATEWAY, TRUNK, 'trusted = ["::/0"]\n'
    )


def test_more_calls_than_the_ports_can_carry_is_a_warning() -> None:
    few = "rtp_ports = [30000, 30009]\n"
    assert told(INTERNAL, GATEWAY, few, TRUNK, "max_calls = 5\n") == []
    assert only(INTERNAL, GATEWAY, few, TRUNK, "max_calls = 6\n") == (
        "m:10:13: warning: trunk.north.max_calls: 6 calls, and gateway.rtp_ports has room for 5 on an address"
        " (see gateway.rtp_ports at 6:13); two ports carry one call: widen the range"
    )
    assert len(told(INTERNAL, GATEWAY, TRUNK, "[sip]\nmax_calls = 5001\n")) == 2


def test_a_loopback_listener_for_another_machine_is_a_warning() -> None:
    assert "listens on the loopback only, and 192.0.2.30 is another machine" in only(
        INTERNAL, GATEWAY, TRUNK.replace("127.0.0.30", "192.0.2.30")
    )


def test_errors_and_warnings_come_together_and_warnings_say_so() -> None:
    problems = told(INTERNAL, 'trusted = ["0.0.0.0/0"]\n', GATEWAY, "x = 1\n", TRUNK)
    assert [": warning: " in problem for problem in problems] == [True, False]


def test_every_pair_of_trunks_that_share_a_source_is_told_once() -> None:
    wide = 'trusted = ["127.0.0.0/24", "10.0.0.0/8"]\n'
    east = '[[trunk]]\nname = "east"\ntargets = ["sip:127.0.0.32", "sip:127.0.0.33"]\n'
    problems = told(INTERNAL, GATEWAY, TRUNK, SOUTH, wide, east)
    assert [problem.split(": ")[1] for problem in problems] == [
        "trunk.south.trusted.0",
        "trunk.east.targets.0",
    ]
    assert 'calls from 127.0.0.32 could belong to trunk "south" as well' in problems[1]


def test_a_thousand_trunks_are_checked_in_a_moment() -> None:
    many = "".join(
        f'[[trunk]]\nname = "t{n}"\ntargets = ["sip:127.1.{n // 250}.{n % 250 + 1}"]\n' for n in range(1000)
    )
    assert told(INTERNAL, GATEWAY, many) == []


def test_a_listener_is_one_socket_whatever_it_is_called() -> None:
    double = GATEWAY.replace("tcp:127.0.0.11", "udp:127.0.0.10 as sbc.example.com")
    assert "udp:127.0.0.10:5060 is listened on already" in only(INTERNAL, double, TRUNK)


@pytest.mark.parametrize(("port", "same"), [("", True), (":5061", False)])
def test_a_target_that_is_what_we_are_called_would_come_back_to_us(port: str, same: bool) -> None:
    named = GATEWAY.replace("udp:127.0.0.11", f"udp:127.0.0.11 as 127.0.0.30{port}")
    said = told(INTERNAL, named, TRUNK)
    assert ["our own listener" in each for each in said] == ([True] if same else [])


def test_a_private_address_in_sdp_is_doubtful_where_the_peer_is_on_the_internet() -> None:
    private = GATEWAY.replace("127.0.0.11", "10.0.0.5")
    far = TRUNK.replace("127.0.0.30", "8.8.8.8")
    said = told(INTERNAL, private, far)
    assert len(said) == 2
    assert said[0].startswith(
        "m:5:11: warning: gateway.listen.0: SDP will name 10.0.0.5, which 8.8.8.8 cannot reach; "
    )
    assert 'write "udp:10.0.0.5:5060 as NAME audio ADDRESS"' in said[0]
    for mended in (" as 9.9.9.9", " as sbc.example.com audio 9.9.9.9"):
        assert told(INTERNAL, private.replace('10.0.0.5"', f'10.0.0.5{mended}"'), far) == []
    assert len(told(INTERNAL, private.replace('10.0.0.5"', '10.0.0.5 as sbc.example.com"'), far)) == 2
    assert told(INTERNAL, private, TRUNK) == []


def test_figures_are_not_served_where_sip_arrives() -> None:
    def metrics(place: str) -> list[str]:
        return told(INTERNAL, GATEWAY, TRUNK, f'[metrics]\nlisten = "{place}"\n')

    assert metrics("127.0.0.10:9464") == metrics("127.0.0.12:5060") == metrics("[::1]:9464") == []
    for place in ("127.0.0.10:5060", "0.0.0.0:5060"):
        (said, *_) = metrics(place)
        assert "takes SIP at this port (see internal.listen.1 at 2:29); choose another port" in said
    (said,) = metrics("127.0.0.10")
    assert "is no address and port" in said


TWO_SOCKETS = GATEWAY.replace('"udp:127.0.0.11"', '"udp:127.0.0.11", "udp:127.0.0.11:5080"')


def test_two_trunks_may_share_a_gateway_where_each_has_a_listener_of_its_own() -> None:
    same = SOUTH.replace("127.0.0.31", "127.0.0.30")
    north, south = 'local = ["udp:127.0.0.11"]\n', 'local = ["udp:127.0.0.11:5080"]\n'
    assert told(INTERNAL, TWO_SOCKETS, TRUNK, north, same, south) == []
    for other in (north, ""):
        assert "could belong to trunk" in only(INTERNAL, TWO_SOCKETS, TRUNK, north, same, other)


def test_a_trunk_is_spoken_with_by_listeners_that_there_are() -> None:
    message = only(INTERNAL, GATEWAY, TRUNK, 'local = ["udp:127.0.0.11:5080"]\n')
    assert "trunk.north.local.0: [gateway] does not listen at udp:127.0.0.11:5080" in message
    assert "give one of tcp:127.0.0.11:5060, udp:127.0.0.11:5060" in message
    tcp = only(INTERNAL, GATEWAY, TRUNK, 'local = ["tcp:127.0.0.11"]\n')
    assert "[gateway] has no listener for udp over IPv4" in tcp
