"""The lock on a source, without sockets."""

import pytest

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
