"""Who may call: a source is known by where it speaks from and to which interface, never by what it says."""

import pytest

from mediation.routing.admission import Admission
from mediation.settings.peers import Side
from mediation.sip.flow import Flow, Transport
from tests.flows.scenery import FRONT_END, INSIDE, OTHER_SBC, OUTSIDE, SBC, settings, trunk

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
