"""The lock on a source, without sockets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.b2bua.plan import Endpoint
from mediation.media.source import SourceLock, reachable

DESCRIBED = ("192.0.2.1", 4000)
BEHIND_NAT = ("192.0.2.1", 61_000)
STRANGER = ("203.0.113.9", 4000)


@pytest.fixture
def lock() -> SourceLock:
    made = SourceLock()
    made.expect(DESCRIBED)
    return made


def test_nobody_is_admitted_before_signalling_has_spoken() -> None:
    assert not SourceLock().admits(DESCRIBED)


def test_the_described_address_is_admitted_from_any_port_until_one_is_accepted(lock: SourceLock) -> None:
    assert lock.admits(DESCRIBED)
    assert lock.admits(BEHIND_NAT)
    assert not lock.admits(STRANGER)
    assert lock.accept(BEHIND_NAT) is True
    assert lock.admits(BEHIND_NAT)
    assert not lock.admits(DESCRIBED)
    assert lock.to == BEHIND_NAT


def test_accepting_the_described_source_moves_nothing(lock: SourceLock) -> None:
    assert lock.accept(DESCRIBED) is False
    assert not lock.admits(BEHIND_NAT)


def test_a_new_endpoint_opens_the_lock_but_not_for_the_source_before(lock: SourceLock) -> None:
    lock.accept(BEHIND_NAT)
    lock.expect(("192.0.2.1", 5000))
    assert not lock.locked
    assert not lock.admits(BEHIND_NAT)
    assert lock.admits(("192.0.2.1", 5000))
    assert lock.admits(("192.0.2.1", 62_000))


def test_the_source_before_may_be_named_again(lock: SourceLock) -> None:
    lock.accept(DESCRIBED)
    lock.expect(("192.0.2.1", 5000))
    lock.expect(DESCRIBED)
    assert lock.admits(DESCRIBED)
    assert not lock.admits(("192.0.2.1", 5000))


def test_after_a_hold_without_an_address_the_source_may_come_back(lock: SourceLock) -> None:
    lock.accept(BEHIND_NAT)
    lock.expect(("0.0.0.0", 4000))
    assert not lock.admits(BEHIND_NAT)
    lock.expect(DESCRIBED)
    assert lock.admits(BEHIND_NAT)


FORK, OTHER_FORK = ("198.51.100.7", 5000), ("198.51.100.8", 6000)


def test_of_forks_the_first_that_speaks_is_the_party(lock: SourceLock) -> None:
    lock.expect(DESCRIBED, (FORK, OTHER_FORK))
    assert lock.to == DESCRIBED
    assert all(map(lock.admits, (DESCRIBED, BEHIND_NAT, FORK, (FORK[0], 1), OTHER_FORK)))
    assert not lock.admits(STRANGER)
    assert lock.accept(FORK) is True
    assert lock.to == FORK
    assert not any(map(lock.admits, (DESCRIBED, BEHIND_NAT, (FORK[0], 1), OTHER_FORK, STRANGER)))


def test_the_fork_that_has_spoken_is_barred_once_signalling_names_others_alone(lock: SourceLock) -> None:
    lock.expect(DESCRIBED, (FORK,))
    lock.accept(FORK)
    lock.expect(("198.51.100.7", 7000))
    assert not lock.admits(FORK)
    assert lock.admits(("198.51.100.7", 7000))
    assert lock.admits(("198.51.100.7", 7001))


def test_a_fork_behind_a_nat_that_is_named_still_may_go_on(lock: SourceLock) -> None:
    lock.expect(FORK)
    lock.accept((FORK[0], 61_000))
    lock.expect(OTHER_FORK, (FORK,))
    assert lock.admits((FORK[0], 61_000))
    lock.accept((FORK[0], 61_000))
    lock.expect(FORK)  # it is the one that answers
    assert lock.admits((FORK[0], 61_000))
    lock.accept((FORK[0], 61_000))
    lock.expect(OTHER_FORK)  # or the other one is
    assert not lock.admits((FORK[0], 61_000))


def test_forks_that_cannot_be_reached_name_nobody(lock: SourceLock) -> None:
    lock.expect(DESCRIBED, (("0.0.0.0", 1), ("fork.example.com", 1), ("224.0.0.1", 1)))
    assert not any(map(lock.admits, (("0.0.0.0", 1), ("224.0.0.1", 1), ("fork.example.com", 1))))


def test_a_fork_may_speak_while_the_endpoint_named_first_cannot_be_reached(lock: SourceLock) -> None:
    lock.expect(("0.0.0.0", 4000), (FORK,))
    assert lock.to is None
    assert not lock.admits(("0.0.0.0", 4000))
    assert lock.admits(FORK)
    assert lock.accept(FORK) is True


def test_a_source_speaks_for_its_own_endpoint_or_else_for_the_first_at_its_address(lock: SourceLock) -> None:
    second = (FORK[0], 5002)
    lock.expect(DESCRIBED, (FORK, second))
    assert lock.name_of(second) == second
    assert lock.name_of((FORK[0], 61_000)) == FORK
    assert lock.name_of(BEHIND_NAT) == DESCRIBED
    assert lock.name_of(STRANGER) is None


hosts = st.sampled_from(["192.0.2.1", "192.0.2.2", "192.0.2.3", "0.0.0.0", "nowhere.example.com"])
endpoints = st.tuples(hosts, st.sampled_from([4000, 5000, 61_000, 0]))


@given(st.lists(st.tuples(endpoints, st.lists(endpoints, max_size=3), st.lists(endpoints, max_size=6))))
def test_whatever_signalling_names_only_its_addresses_speak_and_one_source_at_a_time(
    steps: list[tuple[Endpoint, list[Endpoint], list[Endpoint]]],
) -> None:
    lock = SourceLock()
    for described, alternatives, sources in steps:
        lock.expect(described, alternatives)
        named = {place for place in map(reachable, (described, *alternatives)) if place is not None}
        speaker: Endpoint | None = None
        for source in sources:
            if lock.admits(source):
                assert source[0] in {host for host, _ in named}
                assert speaker in (None, source)
                assert lock.accept(source) is (speaker is None and source != reachable(described))
                speaker = source
        assert lock.to == (speaker or reachable(described))
        assert lock.locked is (speaker is not None)


@given(endpoints, st.lists(endpoints, max_size=3))
def test_what_is_named_is_admitted_whatever_was_before(
    described: Endpoint, alternatives: list[Endpoint]
) -> None:
    lock = SourceLock()
    for before in (described, *alternatives, ("192.0.2.3", 61_000)):
        lock.expect(before)
        lock.accept((before[0], 61_000))
    lock.expect(described, alternatives)
    for named in (described, *alternatives):
        if reachable(named) is not None:
            assert lock.admits(named)


@pytest.mark.parametrize(
    "endpoint",
    [("0.0.0.0", 1), ("::", 1), ("224.0.0.1", 1), ("255.255.255.255", 1), ("ff02::1", 1), ("192.0.2.1", 0),
     ("192.0.2.1", 65_536), ("192.0.2.1", -1), ("example.com", 1), ("", 1), ("\0", 1), ("192.0.2", 1),
     ("192.0.2.01", 1), ("[2001:db8::1]", 1), ("٤.1.1.1", 1), ("1:2", 1)],
)  # fmt: skip
def test_what_is_no_address_of_one_host_is_nowhere(endpoint: tuple[str, int]) -> None:
    assert reachable(endpoint) is None


def test_addresses_are_spelled_as_the_kernel_does() -> None:
    assert reachable(("2001:DB8:0::01", 4000)) == ("2001:db8::1", 4000)
    assert reachable(("192.0.2.1", 65_535)) == ("192.0.2.1", 65_535)
