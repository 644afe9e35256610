"""Who may call: a source is known by where it speaks from and to which interface, never by what it says."""

from dataclasses import replace
from typing import Any

import pytest

from mediation.routing.admission import Admission
from mediation.settings.peers import Side
from mediation.sip.flow import Flow, Transport
from tests.flows.scenery import FRONT_END, INSIDE, OTHER_SBC, OUTSIDE, SBC, settings, target, trunk

ADMISSION = Admission(settings(trunk("itsp-a", SBC), trunk("itsp-b", OTHER_SBC, trusted=("203.0.113.0/24",))))


def flow(remote: str, local: str = OUTSIDE, transport: Transport = Transport.UDP, port: int = 5060) -> Flow:
    return Flow(transport, (local, port), (remote, 40000))


def test_a_front_end_server_is_known_inside_by_its_network() -> None:
    source = ADMISSION.identify(flow("10.1.1.77", INSIDE))
    assert source is not None
    assert (source.side, source.trunk, source.calls) == (Side.FRONT_END, None, True)


@pytest.mark.parametrize(
    "stranger",
    [
        flow("10.1.2.1", INSIDE),
        flow(FRONT_END, OUTSIDE),
        flow(SBC, INSIDE),
        flow("192.0.2.66"),
        flow(SBC, OUTSIDE, port=5999),
        flow(SBC, "192.0.2.1"),
        flow("2001:db8::1"),
    ],
    ids=str,
)
def test_everybody_else_is_a_stranger(stranger: Flow) -> None:
    assert ADMISSION.identify(stranger) is None


def test_a_trunk_is_known_by_its_targets_unless_it_says_otherwise() -> None:
    own, said = ADMISSION.identify(flow(SBC)), ADMISSION.identify(flow("203.0.113.9"))
    assert own is not None
    assert said is not None
    assert own.trunk is not None
    assert said.trunk is not None
    assert (own.trunk.name, own.calls) == ("itsp-a", True)
    assert (said.trunk.name, said.calls) == ("itsp-b", True)


def test_a_target_that_is_not_trusted_may_answer_but_not_call() -> None:
    source = ADMISSION.identify(flow(OTHER_SBC))
    assert source is not None
    assert not source.calls


def test_the_transport_is_part_of_the_door() -> None:
    assert ADMISSION.identify(flow(SBC, transport=Transport.TCP)) is not None
    assert ADMISSION.side_of(flow(SBC, transport=Transport.TCP)) is Side.GATEWAY


def test_the_same_address_is_recognised_again_and_strangers_are_not_remembered() -> None:
    admission = Admission(settings(trunk("itsp-a", SBC)))
    assert admission.identify(flow(SBC)) is admission.identify(flow(SBC))
    for number in range(100):
        admission.identify(flow(f"192.0.2.{number}"))
    assert len(admission._known) == 1


def test_memory_of_known_sources_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Admission, "_MOST_REMEMBERED", 10)
    admission = Admission(settings())
    for number in range(1, 50):
        assert admission.identify(flow(f"10.1.1.{number}", INSIDE)) is not None
    assert len(admission._known) == 10


def test_nobody_is_trusted_where_the_list_is_empty() -> None:
    admission = Admission(settings(trunk(trusted=()), trusted=()))
    sources = (admission.identify(flow(SBC)), admission.identify(flow(FRONT_END, INSIDE)))
    assert [source is not None and source.calls for source in sources] == [False, False]


# by port


PORTS = Admission(
    settings(
        trunk("itsp-a", targets=(target(SBC),)),
        trunk("itsp-b", targets=(target(SBC, port=5070), target(OTHER_SBC))),
    )
)


def from_port(port: int, transport: Transport = Transport.UDP, host: str = SBC) -> tuple[str, bool]:
    source = PORTS.identify(Flow(transport, (OUTSIDE, 5060), (host, port)))
    assert source is not None
    assert source.trunk is not None
    return source.trunk.name, source.calls


def test_two_trunks_at_one_address_are_told_apart_by_the_ports_of_their_targets() -> None:
    for _ in range(2):
        assert (from_port(5060), from_port(5070)) == (("itsp-a", True), ("itsp-b", True))


def test_from_any_other_port_it_may_be_either_and_begins_no_calls() -> None:
    assert from_port(40000) == ("itsp-a", False)
    assert from_port(5070, Transport.TCP) == ("itsp-a", False)


def test_where_one_trunk_alone_has_an_address_its_calls_come_from_any_port() -> None:
    assert from_port(40000, host=OTHER_SBC) == ("itsp-b", True)


# by name

ELSEWHERE = "192.0.2.66"
NAME = "sbc.itsp.example"


def named(*, connection: int = 1, remote: str = ELSEWHERE, local: str = OUTSIDE) -> Flow:
    return replace(flow(remote, local, Transport.TLS), connection=connection)


def of_names(**terms: Any) -> Admission:
    named = trunk("named", SBC, trusted_names=("SBC.itsp.example",), **terms)
    other = trunk("other", OTHER_SBC, trusted_names=("sbc.other.example",))
    return Admission(settings(named, other, trusted_names=("fe.corp.example",)))


def test_a_certificate_says_who_it_is_wherever_it_comes_from__rfc5922_7_1() -> None:
    admission = of_names()
    assert admission.identify(named()) is None
    assert admission.may_prove(named())
    source = admission.proved(named(), {NAME})
    assert source is not None
    assert source.trunk is not None
    assert (source.trunk.name, source.calls, source.name) == ("named", True, NAME)
    assert admission.identify(named()) is source
    assert admission.identify(named(connection=2)) is None


def test_several_at_one_listener_are_told_apart_by_their_names() -> None:
    admission = of_names()
    other = admission.proved(named(), {"sbc.other.example", "unknown.example"})
    assert other is not None
    assert other.trunk is not None
    assert other.trunk.name == "other"
    assert admission.proved(named(connection=2), {"unknown.example"}) is None
    assert admission.identify(named(connection=2)) is None


def test_a_connection_that_is_gone_proves_nothing_any_more() -> None:
    admission = of_names()
    admission.proved(named(), {NAME})
    admission.forget(named())
    assert admission.identify(named()) is None


def test_a_name_of_one_interface_is_nobodys_at_the_other() -> None:
    admission = of_names()
    assert admission.proved(named(local=INSIDE), {NAME}) is None
    source = admission.proved(named(local=INSIDE, remote="10.1.1.77"), {"fe.corp.example"})
    assert source is not None
    assert (source.side, source.trunk) == (Side.FRONT_END, None)


@pytest.mark.parametrize(
    ("terms", "calls"), [({}, True), ({"trusted": ()}, False), ({"trusted": (f"{SBC}/32",)}, False)]
)
def test_its_own_address_alone_says_who_it_is_unless_the_settings_speak_of_addresses(
    terms: dict[str, Any], calls: bool
) -> None:
    source = of_names(**terms).identify(flow(SBC))
    assert source is not None
    assert source.calls is calls


def test_without_any_address_a_name_is_good_from_everywhere() -> None:
    assert of_names(trusted=()).proved(named(), {NAME})


def test_where_addresses_are_written_too_both_must_be_right() -> None:
    admission = of_names(trusted=("203.0.113.0/24",))
    assert not admission.proved(named(), {NAME})
    assert admission.proved(named(remote="203.0.113.9"), {NAME})
    assert admission.identify(named(connection=7, remote="203.0.113.9")) is None


def test_names_are_shown_over_tls_alone() -> None:
    assert not of_names().may_prove(replace(named(), transport=Transport.TCP))


def test_a_name_comes_before_the_address_of_another_trunk() -> None:
    admission = Admission(settings(trunk("itsp-a", OTHER_SBC), trunk("named", SBC, trusted_names=(NAME,))))
    assert admission.proved(named(remote=OTHER_SBC), {NAME})
    by_name, by_address = (admission.identify(named(connection=c, remote=OTHER_SBC)) for c in (1, 2))
    assert by_name is not None
    assert by_address is not None
    assert by_name.trunk is not None
    assert by_address.trunk is not None
    assert (by_name.trunk.name, by_address.trunk.name) == ("named", "itsp-a")
